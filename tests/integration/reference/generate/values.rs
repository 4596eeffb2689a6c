//! Values of claims: of wrong types, at boundaries, and of other kinds of token.

use serde_json::json;

use super::{
    dice::Dice,
    tokens::{Members, set},
};
use crate::world::AUDIENCE;

/// Changes, adds or removes one claim.
pub fn change_claim(dice: &mut Dice, claims: &mut Members, now: i64, skew: i64) {
    let present: Vec<_> = claims.iter().map(|(name, _)| name.clone()).collect();
    let further = [
        "nbf",
        "auth_time",
        "scp",
        "scopes",
        "cnf",
        "act",
        "authorization_details",
        "acr",
        "username",
        "nonce",
        "at_hash",
        "c_hash",
        "s_hash",
        "events",
        "token_introspection",
        "token_use",
        "typ",
        "tid",
        "azp",
        "uti",
        "client_id",
        "active",
        "binding",
        "token_type",
        "permissions",
        "session",
        "gid",
        "origin_jti",
        "session_state",
        "preferred_username",
        "grant_id",
        "sid",
        "number",
        "nested",
        "ver",
        "scope",
    ];
    let name = if !present.is_empty() && dice.chance(55) { dice.one(&present) } else { dice.one(&further).to_owned() };
    let value = value(dice, &name, now, skew);
    set(claims, &name, value);
}

/// A time as a number in one of its forms.
pub fn time(dice: &mut Dice, now: i64, skew: i64) -> String {
    let far = [-100_000, 100_000, 0];
    let near = [-1, 0, 1, skew - 1, skew, skew + 1, -skew, -skew - 1];
    let at = now + if dice.chance(15) { dice.one(&far) } else { dice.one(&near) };
    match dice.below(10) {
        0 => format!("{at}.0"),
        1 => format!("{at}.5"),
        2 => format!("{}e-3", at * 1000),
        3 => format!("{}E+1", at / 10),
        4 => format!("{at}.00001"),
        5 => format!("{at}.99999"),
        _ => at.to_string(),
    }
}

const ODD_TIMES: [&str; 14] = [
    "0",
    "0.0",
    "-0",
    "-1",
    "-1800000000",
    "1e300",
    "-1e300",
    "1800000000000",
    "253402300799",
    "253402300800",
    "99999999999999999999999",
    "253402300799.5",
    "\"1800000000\"",
    "1",
];
/// Texts that are no JSON values, or look like none.
const BROKEN: [&str; 14] = [
    "01",
    "1.",
    ".5",
    "+1",
    "NaN",
    "Infinity",
    "1e",
    "-",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\x\"",
    "\"\t\"",
    "\"\\ud83d\\ude00\"",
    "tr",
];
const ODD: [&str; 7] = ["null", "5", "true", "[]", "{}", "[\"x\"]", "\"\""];

fn value(dice: &mut Dice, name: &str, now: i64, skew: i64) -> Option<String> {
    if dice.chance(18) {
        return None;
    }
    if dice.chance(3) {
        return Some(dice.pick(&BROKEN).to_owned());
    }
    if dice.chance(15) {
        return Some(dice.pick(&ODD).to_owned());
    }
    let long = json!("x".repeat(2048)).to_string();
    let fitting: Vec<String> = match name {
        "exp" | "nbf" | "iat" | "auth_time" if dice.chance(75) => vec![time(dice, now, skew)],
        "exp" | "nbf" | "iat" | "auth_time" => owned(&ODD_TIMES),
        "iss" => texts(&[
            "https://rfc9068.example.com/",
            "https://unknown.example.com",
            "https://entra.example.com/t-3/v2.0",
            "https://entra.example.com/{tenantid}/v2.0",
            "https://introspection.example.com",
            "https://sts.example.com/t-1/",
        ]),
        "aud" => owned(&[
            "\"api-0\"",
            "[\"api-1\"]",
            "[]",
            "[1]",
            "[null]",
            "\"https://api.example.com/\"",
            "[\"orders\",\"orders\"]",
            "\"00000003-0000-0000-c000-000000000000\"",
        ]),
        "scope" | "scp" | "scopes" | "permissions" => owned(&[
            "\"read\"",
            "\" read  write \"",
            "[\"read\",\"write\"]",
            "[]",
            "\"\"",
            "[\"read write\",\"\"]",
            "[1]",
            "\"hidden\"",
            "[\"hidden\"]",
            "\"read\\u00a0write\"",
            "\"read\\twrite\"",
            "\"readwrite read\"",
        ]),
        "cnf" => owned(&[
            "{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}",
            "{\"x5t#S256\":\"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2\"}",
            "{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\",\"x5t#S256\":\"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2\"}",
            "{\"kid\":\"a\"}",
            "{\"n\":1.00}",
            "\"x\"",
        ]),
        "act" => owned(&["{\"sub\":\"bob\"}", "{\"sub\":\"bob\",\"act\":{\"n\":1.50}}", "\"bob\""]),
        "authorization_details" => vec![
            json!([{ "type": "a", "locations": [AUDIENCE] }, { "type": "b" }]).to_string(),
            json!([{ "type": "a", "locations": ["orders"] }]).to_string(),
            json!([{ "type": "a", "locations": AUDIENCE }, { "type": "c", "locations": [] }]).to_string(),
            json!({ "type": "a" }).to_string(),
            json!(["x", 5]).to_string(),
        ],
        "nonce" | "at_hash" | "c_hash" | "s_hash" => texts(&["n-0S6_WzA2Mj"]),
        "events" | "token_introspection" => owned(&["{}", "{\"active\":true}"]),
        "token_use" => texts(&["access", "id", "Access"]),
        "typ" => texts(&["Bearer", "DPoP", "ID", "Refresh", "JWT"]),
        "tid" => texts(&["t-1", "t-2", "t-3"]),
        "ver" => owned(&["2", "1", "\"2\"", "2.5", "[2]"]),
        "number" => owned(&[
            "12345678901234567890123456789012345678",
            "0.10",
            "1.50e-7",
            "-0.0",
            "1E400",
            "18446744073709551616",
        ]),
        "nested" => owned(&[
            "{\"b\":[1,{\"c\":null}],\"a\":\"\\u00e9\\ud83d\\ude00\"}",
            "{\"a\":1,\"a\":2}",
            "{\"a\":{\"b\":1,\"b\":1}}",
            "[[[[{}]]]]",
            &deep(126),
            &deep(127),
            "{\"\":[1.0,2e5]}",
        ]),
        "active" | "binding" | "token_type" => owned(&["true", "\"proved\"", "\"Bearer\""]),
        "azp" | "client_id" | "cid" => texts(&["app", "api-0", "api-1", "other", "ap#p", &long[1..2000]]),
        "sub" => texts(&["alice", "carol", "#", "\u{e9}\n", &long[1..1900]]),
        _ => [texts(&["s-1", "s-2", "j-1", "j-2", "g-1", "alice", "x#y"]), vec![long]].concat(),
    };
    Some(dice.one(&fitting))
}

/// A list in a list, so many times.
fn deep(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| json!(text).to_string()).collect()
}
