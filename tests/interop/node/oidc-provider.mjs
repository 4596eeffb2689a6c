// node-oidc-provider as the issuer: a user logs in and out there, and the back-channel log-outs that it sends end the
// tokens that it issued. So do security events, which jose signs with the provider's key.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'
import { env } from './world.mjs'

const API = 'https://orders.example'
const issuer = `http://127.0.0.1:${env.PROVIDER_PORT}`
const receiver = env.LOGOUT_SERVER
const redirect = 'https://app.example/callback'

/** A client at which the user logs in, and whose log-outs the service receives. */
function client(id, session) {
  return {
    client_id: id,
    client_secret: `secret of ${id}`,
    redirect_uris: [redirect],
    backchannel_logout_uri: `${receiver}/logout/backchannel`,
    backchannel_logout_session_required: session,
  }
}

const { privateKey } = await generateKeyPair('RS256', { extractable: true })
const kid = 'provider-key'

const provider = new Provider(issuer, {
  jwks: { keys: [{ ...await exportJWK(privateKey), kid, alg: 'RS256', use: 'sig' }] },
  clients: [client('introspection', true), client('introspection-sub', false)],
  features: {
    backchannelLogout: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => API,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'orders:read', audience: API, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
    },
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  // Access tokens have no `sid` by default.
  extraTokenClaims: async (ctx, token) => {
    const session = await provider.Session.findByUid(token.sessionUid)
    return { sid: session.sidFor(token.clientId) }
  },
  scopes: ['openid', 'orders:read'],
  // By default, it sends nothing to loopback addresses.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
})

const sent = []
provider.on('backchannel.success', (_, to) => sent.push(['success', to.clientId]))
provider.on('backchannel.error', (_, error, to) => sent.push([error.message, to.clientId]))

const server = createServer(provider.callback())
before(() => new Promise((listening) => server.listen(env.PROVIDER_PORT, '127.0.0.1', listening)))
after(() => { server.closeAllConnections(); server.close() })

/** A browser: it keeps cookies, and follows redirects within the provider. */
class Browser {
  #cookies = new Map()

  async send(url, form) {
    const response = await fetch(new URL(url, issuer), {
      method: form ? 'POST' : 'GET',
      body: form && new URLSearchParams(form),
      headers: { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      redirect: 'manual',
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [name, value] = cookie.split(';')[0].split(/=(.*)/s)
      value ? this.#cookies.set(name, value) : this.#cookies.delete(name)
    }
    const location = response.headers.get('location')
    if (location?.startsWith(redirect)) return { callback: new URL(location) }
    if (location) return this.send(location)
    return { url: response.url, page: await response.text(), status: response.status }
  }

  /** Logs in as this user, and returns the tokens for the client. */
  async logIn(user, clientId) {
    const query = new URLSearchParams({
      client_id: clientId, response_type: 'code', redirect_uri: redirect, scope: 'openid orders:read', resource: API,
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256',
    })
    let answer = await this.send(`/auth?${query}`)
    for (let steps = 0; !answer.callback && steps < 4; steps++) {
      const prompt = answer.page.match(/name="prompt" value="(\w+)"/)?.[1]
      assert.ok(prompt, answer.page)
      answer = await this.send(answer.url, prompt === 'login' ? { prompt, login: user, password: 'any' } : { prompt })
    }
    const token = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${clientId}:${encodeURIComponent(`secret of ${clientId}`)}`)}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code', code: answer.callback.searchParams.get('code'), redirect_uri: redirect,
        code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', resource: API,
      }),
    })
    const tokens = await token.json()
    assert.ok(tokens.access_token, JSON.stringify(tokens))
    return tokens
  }

  async logOut(tokens) {
    const { page } = await this.send(`/session/end?id_token_hint=${tokens.id_token}`)
    const xsrf = page.match(/name="xsrf" value="([^"]+)"/)?.[1]
    assert.ok(xsrf, page)
    await this.send('/session/end/confirm', { xsrf, logout: 'yes' })
  }
}

async function introspect(token) {
  const response = await fetch(`${receiver}/token/introspect`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('orders-api:dF2kQ9sLm4Xv7RbT1yHc8NwZ3pJg6EaU5oKi0VxB2nM')}` },
    body: new URLSearchParams({ token }),
  })
  assert.equal(response.status, 200, await response.clone().text())
  return response.json()
}

test('a log-out with sid ends that session and no other', async () => {
  const [here, there] = [new Browser(), new Browser()]
  const [mine, other] = [await here.logIn('alice', 'introspection'), await there.logIn('alice', 'introspection')]
  const active = await introspect(mine.access_token)
  assert.equal(active.active, true)
  assert.equal(active.sub, 'alice')
  assert.ok(active.sid)
  await here.logOut(mine)
  assert.deepEqual(sent.splice(0), [['success', 'introspection']])
  assert.deepEqual(await introspect(mine.access_token), { active: false })
  assert.equal((await introspect(other.access_token)).active, true)
})

test('a log-out without sid ends all tokens of the subject and of no other', async () => {
  const [here, there, elsewhere] = [new Browser(), new Browser(), new Browser()]
  const mine = await here.logIn('bob', 'introspection-sub')
  const [other, carols] = [await there.logIn('bob', 'introspection'), await elsewhere.logIn('carol', 'introspection')]
  assert.equal((await introspect(mine.access_token)).active, true)
  await here.logOut(mine)
  assert.deepEqual(sent.splice(0), [['success', 'introspection-sub']])
  for (const tokens of [mine, other]) assert.deepEqual(await introspect(tokens.access_token), { active: false })
  assert.equal((await introspect(carols.access_token)).active, true)
})

/** Pushes an event about this subject, as a transmitter does (RFC 8935). */
async function push(type, subject, key = privateKey) {
  const claims = { sub_id: subject, events: { [`https://schemas.openid.net/secevent/${type}`]: { event_timestamp: Math.floor(Date.now() / 1000) } } }
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, typ: 'secevent+jwt' })
    .setIssuer(issuer).setAudience('introspection').setIssuedAt().setJti(randomUUID()).sign(key)
  const headers = { 'content-type': 'application/secevent+jwt', accept: 'application/json' }
  const response = await fetch(`${receiver}/events`, { method: 'POST', headers, body: token })
  const text = await response.text()
  return [response.status, text && JSON.parse(text).err]
}

test('a security event ends the session or the user that it names', async () => {
  const [here, there] = [new Browser(), new Browser()]
  const [mine, other] = [await here.logIn('erin', 'introspection'), await there.logIn('erin', 'introspection')]
  const { sid } = await introspect(mine.access_token)
  const user = { format: 'iss_sub', iss: issuer, sub: 'erin' }
  const complex = { format: 'complex', user, session: { format: 'opaque', id: sid } }
  assert.deepEqual(await push('ssf/event-type/verification', { format: 'opaque', id: 'stream' }), [202, ''])
  assert.equal((await introspect(mine.access_token)).active, true)
  assert.deepEqual(await push('caep/event-type/session-revoked', complex), [202, ''])
  assert.deepEqual(await introspect(mine.access_token), { active: false })
  assert.equal((await introspect(other.access_token)).active, true)
  assert.deepEqual(await push('risc/event-type/account-disabled', user), [202, ''])
  assert.deepEqual(await introspect(other.access_token), { active: false })
})

test('an event of another key, issuer or format is refused with the code of the specification', async () => {
  const user = { format: 'iss_sub', iss: issuer, sub: 'frank' }
  const forger = (await generateKeyPair('RS256')).privateKey
  assert.deepEqual(await push('caep/event-type/session-revoked', user, forger), [400, 'authentication_failed'])
  assert.deepEqual(await push('caep/event-type/session-revoked', { ...user, iss: 'https://other.example' }), [400, 'access_denied'])
  assert.deepEqual(await push('caep/event-type/session-revoked', { format: 'email', email: 'frank@example.com' }), [400, 'invalid_request'])
})

test('what the provider signs for another audience ends nothing', async () => {
  const browser = new Browser()
  const mine = await browser.logIn('dave', 'introspection')
  // An ID token of the provider, and its access token, are no logout tokens.
  for (const token of [mine.id_token, mine.access_token]) {
    const response = await fetch(`${receiver}/logout/backchannel`, { method: 'POST', body: new URLSearchParams({ logout_token: token }) })
    assert.equal(response.status, 400)
    assert.equal((await response.json()).error, 'invalid_request')
  }
  assert.equal((await introspect(mine.access_token)).active, true)
})
