// Requests to this server: the service's own routes as any client calls them, and the actions of the console.

/** The browser must not ask for a password when the service answers 401. */
const CREDENTIALS = "omit";

export async function demo() {
  return (await fetch("/console/demo", { credentials: CREDENTIALS })).json();
}

/** An action of the console. Fails with the line that the tool prints. */
export async function act(name, input) {
  const response = await fetch(`/console/${name}`, {
    method: "POST",
    credentials: CREDENTIALS,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(input),
  });
  const json = await response.json();
  if (!response.ok) throw new Error(json.error);
  return json;
}

/** Asks about a token, as the client does. */
export function introspect(client, token, signed) {
  const headers = { Authorization: basic(client) };
  if (signed) headers.Accept = "application/token-introspection+jwt";
  return post("/token/introspect", headers, { token });
}

/** Revokes a token, as the client that it was issued to does (RFC 7009). */
export function revoke(client, token) {
  return post("/token/revoke", { Authorization: basic(client) }, { token });
}

async function post(path, headers, form) {
  const started = performance.now();
  const response = await fetch(path, {
    method: "POST",
    credentials: CREDENTIALS,
    headers,
    body: new URLSearchParams(form),
  });
  const text = await response.text();
  return {
    status: response.status,
    phrase: response.statusText,
    headers: [...response.headers],
    text,
    milliseconds: Math.max(1, Math.round(performance.now() - started)),
  };
}

function basic({ client_id, client_secret }) {
  return `Basic ${btoa(`${encodeURIComponent(client_id)}:${encodeURIComponent(client_secret)}`)}`;
}

/** The lines for a shell that send the same request. Those that begin with a name may be long. */
export function curl(client, token, signed) {
  const needsEncoding = /[^A-Za-z0-9._~-]/.test(token);
  const lines = [`CLIENT=${quoted(`${client.client_id}:${client.client_secret}`)}`, `TOKEN=${quoted(token)}`];
  lines.push('curl -s -u "$CLIENT" \\');
  if (signed) lines.push("  -H 'Accept: application/token-introspection+jwt' \\");
  lines.push(`  ${needsEncoding ? "--data-urlencode" : "-d"} "token=$TOKEN" \\`, `  ${location.origin}/token/introspect`);
  return lines;
}

function quoted(text) {
  return /^[A-Za-z0-9._~:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
