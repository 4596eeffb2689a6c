//! JWTs of each profile, good ones and ones with a few members changed.

use serde_json::{Value, json};

use super::{
    super::model::{deployment::Deployment, keys::Signatures},
    broken_tokens::{change_header, change_text, odd_payload},
    deployments::TENANTS,
    dice::Dice,
    keyring::{ES256, Keyring, PS256, RS256},
    values,
};
use crate::world::AUDIENCE;

/// How long ago the tokens were issued.
pub const ISSUED: [i64; 3] = [100, 80, 51];

/// The members of an object, each as the text of its JSON value. A name may occur twice.
pub type Members = Vec<(String, String)>;

/// Changes a member, or removes it.
pub fn set(members: &mut Members, name: &str, value: Option<String>) {
    members.retain(|(member, _)| member != name);
    members.extend(value.map(|value| (name.to_owned(), value)));
}

fn text(members: &Members) -> String {
    let members: Vec<_> = members.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    format!("{{{}}}", members.join(","))
}

fn members(value: &Value) -> Members {
    value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}

/// A token, which is most often good or nearly so.
pub fn token(
    dice: &mut Dice,
    keyring: &Keyring,
    deployment: &Deployment,
    entry: usize,
    now: i64,
    made: &mut Signatures,
) -> String {
    let entry = &deployment.entries[entry];
    let tenant = dice.pick(&TENANTS);
    let mut names = vec![entry.issuer.clone()];
    names.extend(entry.aliases.clone());
    let iss = dice.one(&names).replace("{tenantid}", tenant);
    let mut claims = members(&claims(dice, &entry.profile, &iss, tenant, now));
    let (number, mut header) = header(dice, keyring, &entry.key_document, &entry.profile);
    let changes = dice.one(&[0, 0, 0, 0, 1, 1, 1, 2, 2, 3]);
    for _ in 0..changes {
        if dice.chance(25) {
            change_header(dice, &mut header);
        } else {
            values::change_claim(dice, &mut claims, now, deployment.skew);
        }
    }
    if !claims.is_empty() && dice.chance(2) {
        let again = dice.one(&claims);
        claims.push(again);
    }
    if !header.is_empty() && dice.chance(1) {
        let again = dice.one(&header);
        header.push(again);
    }
    let payload = if dice.chance(2) { odd_payload(dice, &text(&claims)) } else { text(&claims) };
    let token = keyring.sign(number, &text(&header), &payload, made);
    if dice.chance(8) { change_text(dice, keyring, number, &token, made) } else { token }
}

/// The claims that each profile requires, and a few more.
fn claims(dice: &mut Dice, profile: &str, iss: &str, tenant: &str, now: i64) -> Value {
    let mut claims = json!({
        "iss": iss, "sub": dice.pick(&["alice", "bob"]), "exp": now + 600, "iat": now - dice.one(&ISSUED),
        "jti": dice.pick(&["j-1", "j-2", "j-3"]),
    });
    let client = dice.pick(&["app", "app", "api-0", "api-1"]);
    let client_name = match profile {
        "auth0" | "keycloak" | "entra" => dice.pick(&["azp", "azp", "client_id"]),
        "okta" => dice.pick(&["cid", "cid", "client_id"]),
        "generic" => dice.pick(&["client_id", "azp"]),
        _ => "client_id",
    };
    claims[client_name] = json!(client);
    let audiences = [json!(AUDIENCE), json!([AUDIENCE, "orders"]), json!("orders"), json!([AUDIENCE, "api-0"])];
    if profile != "cognito" || dice.chance(20) {
        claims["aud"] = dice.one(&audiences);
    }
    for (name, value) in [("token_use", json!("access")), ("ver", json!(2))] {
        if ["cognito", "generic"].contains(&profile) {
            claims[name] = value;
        }
    }
    if profile == "keycloak" {
        claims["typ"] = json!("Bearer");
    }
    if profile == "entra" {
        claims["tid"] = json!(tenant);
    }
    let scope_name =
        if profile == "okta" || profile == "entra" { dice.pick(&["scp", "scp", "scope"]) } else { "scope" };
    if dice.chance(80) {
        let scopes =
            [json!("read write"), json!("read"), json!(["read", "admin"]), json!(format!("openid {AUDIENCE}/read"))];
        claims[scope_name] = dice.one(&scopes);
    }
    if dice.chance(8) {
        claims["scp"] = dice.one(&[json!("read"), json!("hidden"), json!(["read", "hidden"])]);
    }
    if dice.chance(12) {
        claims["cnf"] = dice.one(&[
            json!({ "jkt": "a" }),
            json!({ "x5t#S256": "a" }),
            json!({ "jkt": "a", "x5t#S256": "a" }),
            json!({ "kid": "a" }),
        ]);
    }
    // Of these, another claim is read as `jti`.
    if (profile == "entra" || iss == "https://mapped.example.com") && dice.chance(60) {
        claims.as_object_mut().unwrap().remove("jti");
        claims["uti"] = json!(dice.pick(&["j-1", "j-2"]));
    }
    let half: Value = serde_json::from_str(&format!("{}.5", now - 101)).unwrap();
    for (name, value) in [
        ("sid", json!(dice.pick(&["s-1", "s-2"]))),
        ("grant_id", json!("g-1")),
        ("authorization_details", json!([{ "type": "a", "locations": ["orders"] }, { "type": "b" }])),
        ("department", json!("sales")),
        ("nbf", if dice.chance(50) { json!(now - 100) } else { half.clone() }),
        ("auth_time", json!(now - 200)),
        ("username", json!("alice@example.com")),
    ] {
        if dice.chance(30) {
            claims[name] = value;
        }
    }
    claims
}

/// The header of a token that one of the published keys signs, and the number of that key.
fn header(dice: &mut Dice, keyring: &Keyring, document: &[u8], profile: &str) -> (usize, Members) {
    let published: Value = serde_json::from_slice(document).unwrap_or_default();
    // Signatures of RSA are slow, so there are few.
    let number =
        if dice.chance(4) { dice.one(&[RS256, PS256]) } else { dice.one(&[0, 0, 0, 0, 1, 1, 2, ES256, ES256]) };
    let numbers = |jwk: &Value| ["x", "n"].map(|name| jwk[name].clone());
    let own = published["keys"].as_array().into_iter().flatten();
    let kid = own.filter(|jwk| numbers(jwk) == numbers(&keyring.0[number].jwk)).map(|jwk| jwk["kid"].clone()).next();
    let mut header = vec![("alg".to_owned(), json!(keyring.alg(number)).to_string())];
    if let Some(kid) = kid.filter(Value::is_string).filter(|_| dice.chance(90)) {
        header.push(("kid".to_owned(), kid.to_string()));
    }
    let typ = if profile == "rfc9068" { "at+jwt" } else { dice.pick(&["JWT", "JWT", "at+jwt", ""]) };
    if !typ.is_empty() {
        header.push(("typ".to_owned(), json!(typ).to_string()));
    }
    (number, header)
}
