// Shared by the two npm clients: the server, its tokens, and the expected answers.

import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { importPKCS8 } from 'jose'

export const env = process.env
export const metadata = JSON.parse(env.METADATA)

/** Every way in which a secret has to work: whose it is, and the method. */
export const secrets = [
  { id: 'orders-api', secret: 'dF2kQ9sLm4Xv7RbT1yHc8NwZ3pJg6EaU5oKi0VxB2nM', what: 'of the demo', methods: ['basic', 'post'] },
  { id: 'either-api', secret: env.EITHER_SECRET, what: 'made by the tool', methods: ['basic', 'post'] },
  { id: 'basic-api', secret: env.BASIC_SECRET, what: 'for basic alone', methods: ['basic'] },
  { id: 'post-api', secret: env.POST_SECRET, what: 'for post alone', methods: ['post'] },
  { id: env.ODD_ID, secret: env.ODD_SECRET, what: 'with + % : and non-ASCII', methods: ['basic', 'post'] },
  { id: 'raw-api', secret: env.RAW_SECRET, what: 'with + % :', methods: ['basic', 'post'] },
].flatMap(({ methods, ...client }) => methods.map((method) => ({ ...client, method })))

/** Options of a test that needs a capability: it is skipped, visibly, where the metadata lack it. */
export function needs(member, value) {
  const advertised = metadata[member] ?? []
  const has = value === undefined ? advertised.length > 0 : advertised.includes(value)
  return { skip: has ? false : `not advertised: ${value ?? member}` }
}

export const privateKeyJwt = needs('introspection_endpoint_auth_methods_supported', 'private_key_jwt')

/** The key of the clients that authenticate by an assertion. */
export function clientKey() {
  const pem = createPrivateKey(readFileSync(env.PRIVATE_KEY)).export({ type: 'pkcs8', format: 'pem' })
  return importPKCS8(pem, 'RS256')
}

export function assertIsAlices(answer) {
  assert.equal(answer.active, true)
  assert.equal(answer.sub, 'alice')
  assert.equal(answer.iss, 'https://issuer.demo.example')
  assert.equal(answer.scope, 'orders:read orders:write')
}

/** Exactly this, not merely an `active` that is false. */
export function assertInactive(answer) {
  assert.deepEqual(answer, { active: false })
}
