// npm's openid-client: discovery at start, its default method, the others by name.

import assert from 'node:assert/strict'
import test from 'node:test'
import * as client from 'openid-client'
import { assertInactive, assertIsAlices, clientKey, env, privateKeyJwt, secrets } from './world.mjs'

// The server is on loopback without TLS, which the library accepts only with this option.
const insecure = { execute: [client.allowInsecureRequests] }

function configure(id, settings, auth, options) {
  return client.discovery(new URL(env.ISSUER), id, settings, auth, { ...insecure, ...options })
}

const methods = { basic: client.ClientSecretBasic, post: client.ClientSecretPost }

for (const algorithm of ['oidc', 'oauth2']) {
  test(`discovery by ${algorithm} finds the endpoint`, async () => {
    const config = await configure('either-api', undefined, undefined, { algorithm })
    assert.equal(config.serverMetadata().introspection_endpoint, env.ENDPOINT)
  })
}

for (const { id, secret, what, method } of secrets) {
  test(`client_secret_${method}: a secret ${what}`, async () => {
    const config = await configure(id, undefined, methods[method](secret))
    assertIsAlices(await client.tokenIntrospection(config, env.ACTIVE))
  })
}

test('the default method with a secret is client_secret_post', async () => {
  const config = await configure('post-api', env.POST_SECRET)
  assertIsAlices(await client.tokenIntrospection(config, env.ACTIVE))
  const other = await configure('basic-api', env.BASIC_SECRET)
  await assert.rejects(client.tokenIntrospection(other, env.ACTIVE), (error) => error.status === 401)
})

for (const [what, token] of [['expired', env.EXPIRED], ['revoked', env.REVOKED], ['unknown', 'unknown']]) {
  test(`a token that is ${what} is inactive`, async () => {
    const config = await configure('either-api', env.EITHER_SECRET)
    assertInactive(await client.tokenIntrospection(config, token, { token_type_hint: 'access_token' }))
  })
}

for (const [name, method] of Object.entries(methods)) {
  test(`a wrong secret by ${name} is an error, never inactive`, async () => {
    const config = await configure('either-api', undefined, method('wrong'))
    await assert.rejects(client.tokenIntrospection(config, env.ACTIVE), (error) => error.status === 401)
  })
}

test('private_key_jwt: the issuer is the audience', privateKeyJwt, async () => {
  const config = await configure('issuer-key-api', undefined, client.PrivateKeyJwt(await clientKey()))
  assertIsAlices(await client.tokenIntrospection(config, env.ACTIVE))
  assertInactive(await client.tokenIntrospection(config, env.EXPIRED))
})
