// Signed responses of every algorithm, by the three npm libraries that verify them: oauth4webapi, openid-client and jose.

import assert from 'node:assert/strict'
import test from 'node:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { assertInactive, assertIsAlices, env } from './world.mjs'

// The servers are on loopback without TLS, which the libraries accept only with this option.
const insecure = { [oauth.allowInsecureRequests]: true }
const SIGNED = 'application/token-introspection+jwt'
// The demo's client, which each server has.
const CLIENT = { id: 'orders-api', secret: 'dF2kQ9sLm4Xv7RbT1yHc8NwZ3pJg6EaU5oKi0VxB2nM' }
const TOKENS = [['active', env.ACTIVE, assertIsAlices], ['inactive', env.EXPIRED, assertInactive]]

/** The servers by the algorithm that each signs with. */
const servers = env.SIGNED.trim().split(' ').map((server) => server.split('='))
assert.deepEqual(servers.map(([algorithm]) => algorithm), ['ES256', 'RS256', 'PS256', 'EdDSA'])

async function discover(issuer) {
  const url = new URL(issuer)
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...insecure }))
}

/** oauth4webapi takes the algorithm from what the metadata advertise, or from the client's settings. */
async function byOauth4webapi(issuer, token, settings) {
  const server = await discover(issuer)
  const client = { client_id: CLIENT.id, ...settings }
  const auth = oauth.ClientSecretBasic(CLIENT.secret)
  const options = { requestJwtResponse: true, ...insecure }
  const response = await oauth.introspectionRequest(server, client, auth, token, options)
  assert.equal(response.headers.get('content-type'), SIGNED)
  const answer = await oauth.processIntrospectionResponse(server, client, response)
  await oauth.validateApplicationLevelSignature(server, response, insecure)
  return answer
}

/** Asking openid-client for an algorithm makes it accept nothing else. On the way an answer may be changed. */
async function byOpenidClient(issuer, token, introspection_signed_response_alg, onTheWay = (text) => text) {
  const options = { execute: [openid.allowInsecureRequests] }
  const auth = openid.ClientSecretBasic(CLIENT.secret)
  const config = await openid.discovery(new URL(issuer), CLIENT.id, { introspection_signed_response_alg }, auth, options)
  openid.enableNonRepudiationChecks(config)
  config[openid.customFetch] = async (...request) => {
    const response = await fetch(...request)
    if (response.headers.get('content-type') !== SIGNED) return response
    return new Response(onTheWay(await response.text()), { headers: { 'content-type': SIGNED } })
  }
  return openid.tokenIntrospection(config, token)
}

/** The text of a signed response, as any HTTP client gets it. */
async function ask(issuer, token) {
  const basic = Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')
  const response = await fetch(`${issuer}/token/introspect`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}`, accept: SIGNED },
    body: new URLSearchParams({ token }),
  })
  assert.equal(response.headers.get('content-type'), SIGNED)
  return response.text()
}

/** An inactive answer that somebody made an active one. */
function change(text) {
  const [header, payload, signature] = text.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url'))
  claims.token_introspection.active = true
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
}

/** What a resource server without either library does with jose. */
async function verify(text, issuer, algorithm) {
  const { jwks_uri } = await discover(issuer)
  const options = { algorithms: [algorithm], issuer, audience: CLIENT.id, typ: 'token-introspection+jwt', maxTokenAge: 60 }
  const { payload } = await jwtVerify(text, createRemoteJWKSet(new URL(jwks_uri)), options)
  assert.deepEqual(Object.keys(payload), ['iss', 'aud', 'iat', 'token_introspection'])
  return payload.token_introspection
}

for (const [algorithm, issuer] of servers) {
  test(`${algorithm} is the one algorithm advertised`, async () => {
    assert.deepEqual((await discover(issuer)).introspection_signing_alg_values_supported, [algorithm])
  })

  for (const [what, token, check] of TOKENS) {
    test(`${algorithm}, an ${what} token: oauth4webapi`, async () => check(await byOauth4webapi(issuer, token)))
    test(`${algorithm}, an ${what} token: openid-client`, async () => check(await byOpenidClient(issuer, token, algorithm)))
    test(`${algorithm}, an ${what} token: jose`, async () => check(await verify(await ask(issuer, token), issuer, algorithm)))
  }

  const other = algorithm === 'RS256' ? 'PS256' : 'RS256'
  test(`${algorithm} is not taken where ${other} is expected`, async () => {
    const settings = { introspection_signed_response_alg: other }
    await assert.rejects(byOauth4webapi(issuer, env.ACTIVE, settings), /"alg"/)
    await assert.rejects(byOpenidClient(issuer, env.ACTIVE, other), (error) => /"alg"/.test(String(error.cause ?? error)))
    await assert.rejects(verify(await ask(issuer, env.ACTIVE), issuer, other), /"alg"/)
  })

  test(`${algorithm}: an answer that was changed does not verify`, async () => {
    const changed = change(await ask(issuer, env.EXPIRED))
    await assert.rejects(verify(changed, issuer, algorithm), /signature verification failed/)
    const server = await discover(issuer)
    const client = { client_id: CLIENT.id }
    const response = new Response(changed, { headers: { 'content-type': SIGNED } })
    assert.equal((await oauth.processIntrospectionResponse(server, client, response)).active, true)
    await assert.rejects(oauth.validateApplicationLevelSignature(server, response, insecure), /signature verification failed/)
    await assert.rejects(byOpenidClient(issuer, env.EXPIRED, algorithm, change), (error) =>
      /signature verification failed/.test(String(error.cause ?? error)))
  })
}
