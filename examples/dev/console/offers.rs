//! The clients and tokens that the page offers.

use serde_json::{Value, json};
use test_support::demo;

/// All of them, and the issuer of the opaque tokens.
pub fn all(port: u16) -> Value {
    let clients = [
        (demo::ORDERS_API.0, demo::ORDERS_API.1, "sees every access token, and all of it"),
        (demo::BILLING_API.0, demo::BILLING_API.1, "sees tokens for orders, and less of each"),
        (demo::WEB_APP.0, demo::WEB_APP.1, "also sees its own refresh tokens"),
        // A public client has no secret; the answer to any is the same.
        (demo::SPA, "anything", "a public client, which cannot introspect"),
    ];
    let clients = clients
        .map(|(client_id, secret, what)| json!({ "client_id": client_id, "client_secret": secret, "what": what }));
    let jwts = demo::jwts();
    let tokens = [
        ("active", "Active", jwts.active),
        ("expired", "Expired", jwts.expired),
        ("revoked", "Revoked", jwts.revoked),
        ("elsewhere", "Other audience", jwts.elsewhere),
        ("forged", "Forged", jwts.forged),
        ("unverifiable", "Keys out of reach", jwts.unverifiable),
        ("untrusted", "Unknown issuer", jwts.untrusted),
        ("opaque", "Opaque", demo::OPAQUE_TOKEN.to_owned()),
        ("refresh", "Refresh", demo::REFRESH_TOKEN.to_owned()),
    ];
    let tokens = tokens.map(|(id, name, token)| json!({ "id": id, "name": name, "token": token }));
    json!({ "issuer": crate::issuer(port), "clients": clients, "tokens": tokens })
}
