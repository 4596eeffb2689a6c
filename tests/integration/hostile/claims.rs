//! Claims: each that a decision reads with each wrong type and with hostile values, and payloads that are not claims.

use serde_json::{Value, json};

use super::{Hostile, T, tokens::Target, values_except};

pub fn all(target: &Target) -> Vec<Hostile> {
    [times(target), issuers(target), identifiers(target), kinds(target), texts(target)].into_iter().flatten().collect()
}

fn cases(target: &Target, name: &str, values: impl IntoIterator<Item = Value>, reason: &'static str) -> Vec<Hostile> {
    let case = |value: Value| Hostile {
        case: format!("{name} {}", value.to_string().chars().take(60).collect::<String>()),
        token: target.with_claim(name, value),
        reason,
    };
    values.into_iter().map(case).collect()
}

fn times(target: &Target) -> Vec<Hostile> {
    // In milliseconds, as text, and beyond the year 9999 a token would never expire.
    let no_times = [json!("9999999999"), json!(1e300), json!(-1e300), json!(T * 1000), json!(253_402_300_800_i64)];
    let no_times = [values_except(&["number"]), no_times.to_vec()].concat();
    let past = [T, T - 1, T - 600, 1, 0, -1, -T].map(|time| json!(time));
    let future = [T + 11, T + 61, T + 3600, T + 100_000_000].map(|time| json!(time));
    [
        cases(target, "exp", no_times.clone(), "wrong_claim_type"),
        cases(target, "nbf", no_times.clone(), "wrong_claim_type"),
        cases(target, "iat", no_times, "wrong_claim_type"),
        cases(target, "exp", past, "expired"),
        cases(target, "nbf", future.clone(), "not_yet_valid"),
        cases(target, "iat", future, "issued_in_the_future"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn issuers(target: &Target) -> Vec<Hostile> {
    let (iss, host) = (&target.issuer, target.issuer.trim_start_matches("https://"));
    let alike = [
        String::new(),
        format!("{iss}/"),
        format!("{iss}//"),
        format!("{iss}/."),
        format!("{iss}:443"),
        format!("{iss} "),
        format!(" {iss}"),
        format!("{iss}\0"),
        format!("{iss}\n"),
        format!("{iss}#"),
        format!("{iss}#x"),
        format!("{iss}?"),
        format!("{iss}."),
        format!("{iss}.evil.example"),
        format!("{iss}@evil.example"),
        format!("http://{host}"),
        format!("HTTPS://{host}"),
        format!("https://{}", host.to_uppercase()),
        format!("https://user@{host}"),
        format!("//{host}"),
        host.to_owned(),
        iss.replacen('e', "\u{435}", 1),
        format!("{iss}\u{200b}"),
        target.lure.clone(),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ];
    let mut all = cases(target, "iss", alike.map(|iss| json!(iss)), "untrusted_issuer");
    all.extend(cases(target, "iss", values_except(&["string"]), "untrusted_issuer"));
    all.extend(cases(target, "iss", [json!([iss])], "untrusted_issuer"));
    all
}

fn identifiers(target: &Target) -> Vec<Hostile> {
    let mut all = Vec::new();
    for name in ["sub", "sid", "grant_id", target.client, target.jti] {
        all.extend(cases(target, name, values_except(&["string"]), "wrong_claim_type"));
        // The item key of a mark would be too long, so the token could not be revoked.
        all.extend(cases(target, name, [json!("i".repeat(2100))], "unrevocable"));
    }
    all.extend(cases(target, target.scope, values_except(&["string", "array"]), "wrong_claim_type"));
    all.extend(cases(target, target.scope, [json!([1]), json!(["a", null]), json!([["a"]])], "wrong_claim_type"));
    all.extend(cases(target, "cnf", values_except(&["object"]), "wrong_claim_type"));
    let no_audiences = [json!([1]), json!(["api", 1]), json!([["api"]]), json!({ "api": true })];
    all.extend(cases(target, "aud", values_except(&["string", "array"]), "wrong_claim_type"));
    all.extend(cases(target, "aud", no_audiences, "wrong_claim_type"));
    let other = ["", "API", "api ", " api", "api/", "api,other", "api other", "*", "api\0", "https://api.example.com"];
    all.extend(cases(target, "aud", other.map(|aud| json!(aud)), "wrong_audience"));
    all.extend(cases(target, "aud", [json!([]), json!(["a", "b"]), json!(["api "])], "wrong_audience"));
    all
}

/// Claims that only other kinds of JWT have.
fn kinds(target: &Target) -> Vec<Hostile> {
    let mut all = Vec::new();
    for name in ["at_hash", "c_hash", "s_hash", "events", "token_introspection"] {
        all.extend(cases(target, name, values_except(&[]), "not_an_access_token"));
    }
    all
}

/// Payloads that two parsers read differently, and texts that are not claims.
fn texts(target: &Target) -> Vec<Hostile> {
    let claims = target.claims().to_string();
    let twice = |member: &str| claims.replacen('{', &format!("{{{member},"), 1);
    let deep = |open: &str, close: &str| twice(&format!(r#""x":{}1{}"#, open.repeat(200), close.repeat(200)));
    let payloads = [
        twice(r#""iss":"https://evil.example""#),
        twice(r#""sub":"admin""#),
        twice(r#""exp":9999999999"#),
        twice(r#""\u0065xp":9999999999"#),
        twice(r#""aud":"api","aud":"other""#),
        twice(r#""scope":"admin","scope":"a""#),
        twice(r#""x":{"a":1,"a":2}"#),
        twice(r#""x":[{"a":1,"\u0061":2}]"#),
        twice(r#""x":NaN"#),
        twice(r#""x":Infinity"#),
        twice(r#""x":01"#),
        twice(r#""x":+1"#),
        twice(r#""x":.5"#),
        twice(r#""x":0x10"#),
        twice("\"x\":\"\u{1}\""),
        twice(r#""x":"\ud800""#),
        twice("/**/"),
        deep("[", "]"),
        deep(r#"{"a":"#, "}"),
        format!("\u{feff}{claims}"),
        format!("{claims}{claims}"),
        format!("{claims},"),
        format!("{claims}\0"),
        claims.replace('"', "'"),
        claims[..claims.len() - 1].to_owned(),
        format!("[{claims}]"),
        "[]".to_owned(),
        "null".to_owned(),
        "1".to_owned(),
        "\"text\"".to_owned(),
        String::new(),
    ];
    let case = |(number, payload): (usize, String)| Hostile {
        case: format!("payload {number}: {}", payload.chars().take(40).collect::<String>()),
        token: target.with_payload(&payload),
        reason: "malformed",
    };
    payloads.into_iter().enumerate().map(case).collect()
}
