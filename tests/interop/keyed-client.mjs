// Prints the item of a client that authenticates with `private_key_jwt`, for DynamoDB's PutItem. The arguments are its id
// and the audience of its assertions; PUBLIC_KEY names the file with its public key.

import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'

const [client_id, audience] = process.argv.slice(2)
const jwk = createPublicKey(readFileSync(process.env.PUBLIC_KEY)).export({ format: 'jwk' })
const strings = {
  client_id,
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: JSON.stringify({ keys: [{ ...jwk, use: 'sig' }] }),
}
// The issuer is always accepted; only another audience has to be named.
if (audience !== process.env.ISSUER) strings.assertion_audience = audience
const item = Object.fromEntries(Object.entries(strings).map(([name, value]) => [name, { S: value }]))
console.log(JSON.stringify({ TableName: 'oauth-clients', Item: item }))
