// The same endpoint in Node.js, as a team would write it: client look-up, secret check, JWT check, mark look-up.
// The loop at the end takes the place of Lambda's own runtime client, and does less.
import { createHash, timingSafeEqual } from "node:crypto";
import { Agent, request } from "node:http";
import { BatchGetItemCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createLocalJWKSet, jwtVerify } from "jose";

const issuer = "https://auth.example.com";
const database = new DynamoDBClient({});
const keys = createLocalJWKSet(JSON.parse(process.env.JWKS));

const answer = (statusCode, body) => ({
  statusCode,
  headers: { "content-type": "application/json", "cache-control": "no-store" },
  body: JSON.stringify(body),
});

async function handle(event) {
  const [scheme, encoded = ""] = (event.headers.authorization ?? "").split(" ");
  const credentials = Buffer.from(encoded, "base64").toString();
  const colon = credentials.indexOf(":");
  if (scheme.toLowerCase() !== "basic" || colon < 0) return answer(401, { error: "invalid_client" });
  const [id, secret] = [credentials.slice(0, colon), credentials.slice(colon + 1)];
  const token = new URLSearchParams(event.body).get("token");
  if (!token) return answer(400, { error: "invalid_request" });
  const verified = await jwtVerify(token, keys, { issuer, algorithms: ["RS256"], requiredClaims: ["exp"] }).catch(() => null);
  const tables = { "oauth-clients": { ConsistentRead: true, Keys: [{ client_id: { S: id } }] } };
  if (verified) {
    const { jti, sub, client_id } = verified.payload;
    const ids = [`jti#${issuer}#${jti}`, `sub#${issuer}#${sub}`, `client#${issuer}#${client_id}`, `iss#${issuer}`,
      `kid#${issuer}#${verified.protectedHeader.kid}`];
    tables["oauth-tokens"] = { ConsistentRead: true, Keys: ids.map((id) => ({ id: { S: id } })) };
  }
  const items = await database.send(new BatchGetItemCommand({ RequestItems: tables }));
  if (Object.keys(items.UnprocessedKeys ?? {}).length > 0) return answer(503, { error: "temporarily_unavailable" });
  const stored = Buffer.from(items.Responses["oauth-clients"][0]?.client_secret?.S ?? "0".repeat(64));
  if (!timingSafeEqual(stored, Buffer.from(createHash("sha256").update(secret).digest("hex")))) {
    return answer(401, { error: "invalid_client" });
  }
  if (!verified || items.Responses["oauth-tokens"].length > 0) return answer(200, { active: false });
  return answer(200, { active: true, ...verified.payload });
}

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const call = (method, path, body = "") => new Promise((resolve, reject) => {
  const headers = { "content-length": Buffer.byteLength(body) };
  const sent = request({ host, port, method, path: `/2018-06-01/runtime/invocation/${path}`, agent, headers }, (response) => {
    const parts = [];
    response.on("data", (part) => parts.push(part));
    response.on("end", () => resolve([response.headers, Buffer.concat(parts).toString()]));
  });
  sent.on("error", reject);
  sent.end(body);
});
for (;;) {
  const [headers, event] = await call("GET", "next");
  const body = JSON.stringify(await handle(JSON.parse(event)));
  await call("POST", `${headers["lambda-runtime-aws-request-id"]}/response`, body);
}
