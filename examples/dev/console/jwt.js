// Reads JWTs to show them. Nothing is verified here: the service does that.

/** The header and the claims, or null if the text is not a JWT. */
export function decode(token) {
  const parts = token.trim().split(".");
  if (parts.length !== 3) return null;
  try {
    const [header, claims] = parts.slice(0, 2).map(object);
    return "alg" in header ? { header, claims } : null;
  } catch {
    return null;
  }
}

function object(part) {
  const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new TypeError("not an object");
  return value;
}

/** What kind of token the text is, in words. */
export function kind(token) {
  const text = token.trim();
  if (text === "") return "";
  if (decode(text)) return `A JWT with ${text.length} characters.`;
  if (text.split(".").length === 5) return "Five parts: an encrypted token, which is always inactive.";
  return `Not a JWT, so an opaque token, with ${text.length} characters.`;
}
