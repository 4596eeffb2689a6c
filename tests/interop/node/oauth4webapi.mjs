// npm's oauth4webapi: discovery, every secret with every method, assertions.

import assert from 'node:assert/strict'
import test from 'node:test'
import * as oauth from 'oauth4webapi'
import { assertInactive, assertIsAlices, clientKey, env, privateKeyJwt, secrets } from './world.mjs'

// The server is on loopback without TLS, which the library accepts only with this option.
const insecure = { [oauth.allowInsecureRequests]: true }

async function discover(algorithm) {
  const issuer = new URL(env.ISSUER)
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...insecure }))
}

const authorizationServer = await discover('oauth2')

async function introspect(client, auth, token, options) {
  const response = await oauth.introspectionRequest(authorizationServer, client, auth, token, { ...insecure, ...options })
  return { response, answer: await oauth.processIntrospectionResponse(authorizationServer, client, response) }
}

const methods = { basic: oauth.ClientSecretBasic, post: oauth.ClientSecretPost }

for (const algorithm of ['oauth2', 'oidc']) {
  test(`discovery by ${algorithm} finds the endpoint`, async () => {
    const found = await discover(algorithm)
    assert.equal(found.introspection_endpoint, env.ENDPOINT)
    assert.equal(found.issuer, env.ISSUER)
  })
}

for (const { id, secret, what, method } of secrets) {
  test(`client_secret_${method}: a secret ${what}`, async () => {
    const { answer } = await introspect({ client_id: id }, methods[method](secret), env.ACTIVE)
    assertIsAlices(answer)
  })
}

for (const [what, token] of [['expired', env.EXPIRED], ['revoked', env.REVOKED], ['unknown', 'unknown']]) {
  test(`a token that is ${what} is inactive`, async () => {
    const { answer } = await introspect({ client_id: 'either-api' }, oauth.ClientSecretBasic(env.EITHER_SECRET), token)
    assertInactive(answer)
  })
}

test('a hint and an opaque token', async () => {
  const additionalParameters = { token_type_hint: 'refresh_token' }
  const auth = oauth.ClientSecretPost(env.EITHER_SECRET)
  const { answer } = await introspect({ client_id: 'either-api' }, auth, env.OPAQUE, { additionalParameters })
  assert.equal(answer.active, true)
})

for (const [what, client_id, auth] of [
  ['a wrong secret by basic', 'either-api', oauth.ClientSecretBasic('wrong')],
  ['the method that the record does not name', 'post-api', oauth.ClientSecretBasic(env.POST_SECRET)],
]) {
  test(`${what} is a challenge`, async () => {
    const refused = introspect({ client_id }, auth, env.ACTIVE)
    await assert.rejects(refused, (error) => {
      assert.equal(error.status, 401)
      assert.equal(error.cause[0].scheme, 'basic')
      return true
    })
  })
}

test('a wrong secret by post is an error, never inactive', async () => {
  const refused = introspect({ client_id: 'either-api' }, oauth.ClientSecretPost('wrong'), env.ACTIVE)
  await assert.rejects(refused, (error) => error.status === 401)
})

test('private_key_jwt: the issuer is the audience', privateKeyJwt, async () => {
  const { answer } = await introspect({ client_id: 'issuer-key-api' }, oauth.PrivateKeyJwt(await clientKey()), env.ACTIVE)
  assertIsAlices(answer)
})

test('private_key_jwt: the key of nobody is refused', privateKeyJwt, async () => {
  const { privateKey } = await crypto.subtle.generateKey(
    { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
    false,
    ['sign', 'verify'],
  )
  const refused = introspect({ client_id: 'issuer-key-api' }, oauth.PrivateKeyJwt(privateKey), env.ACTIVE)
  await assert.rejects(refused, (error) => error.status === 401)
})
