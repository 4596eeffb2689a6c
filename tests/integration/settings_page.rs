//! docs/settings.md: each line that it shows for a wrong setting is the one that the function prints.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

use serde_json::{Value, json};

use crate::keys::pem;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md");
const PREFIX: &str = "token-introspection: ";
const EXAMPLE: &str = "; for example: ";
const KMS: &str = "kms:arn:aws:kms:eu-west-1:123456789012:key/a";

/// A line of the page up to its example, and settings that cause it.
struct Case {
    line: String,
    settings: Vec<(&'static str, String)>,
}

/// Settings that cause a line which begins with the variable at fault.
fn case(variable: &'static str, value: impl Into<String>, problem: &str) -> Case {
    Case { line: format!("{variable} {problem}"), settings: vec![(variable, value.into())] }
}

/// An entry of `TRUSTED_ISSUERS` with these members, and what is wrong with it.
fn entry(members: &Value, problem: &str) -> Case {
    let mut entry = json!({ "issuer": "https://a.example", "profile": "rfc9068" });
    entry.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    case("TRUSTED_ISSUERS", json!([entry]).to_string(), problem)
}

/// The same with a fault that is reported next to the issuer's name.
fn issuer(members: &Value, problem: &str) -> Case {
    entry(members, &format!("has an issuer \"https://a.example\" {problem}"))
}

/// A file with that content.
fn file(name: &str, content: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("settings-page-{name}"));
    fs::write(&path, content).unwrap();
    path.display().to_string()
}

fn urls() -> Vec<Case> {
    let https = "must start with https:// (http:// is accepted only for a loopback address)";
    let query = "must contain neither a query nor a fragment";
    vec![
        case("ISSUER", "", "is missing"),
        case("ISSUER", "http://introspection.example.com", https),
        case("ISSUER", "https://introspection.example.com/?a=b", query),
        case("ISSUER", "https://user:password@introspection.example.com", "contains a user or a password"),
        case("ISSUER", "/oauth", "is not an absolute URL"),
        case("ISSUER", "https://introspection.example.com/ oauth", "is not a URL"),
        case("PUBLIC_URL", "introspection.example.com", https),
        case("PUBLIC_URL", "https://introspection.example.com#top", query),
        case("MTLS_PUBLIC_URL", "http://mtls.example.com", https),
        case(
            "REDIS_URL",
            "redis://tokens.example.com",
            "must start with rediss:// (redis:// is accepted only for a loopback address)",
        ),
        case(
            "REDIS_URL",
            "rediss://tokens.example.com#insecure",
            "must contain neither a query nor a fragment (in a password, write %3F and %23)",
        ),
        case("REDIS_URL", "rediss://tokens.example.com/first", "has a path that is not the number of a database"),
        case("REDIS_URL", "rediss://user@tokens.example.com", "names a user without a password"),
        case(
            "REDIS_URL",
            "rediss://:pass word@tokens.example.com",
            "is not a URL (in a password, percent-encode all but letters and digits)",
        ),
        case("REDIS_URL", "/tokens", "is not an absolute URL"),
        case(
            "REDIS_URL",
            "rediss://tokens.example.com",
            "needs a build with the cargo feature \"redis\", which this one is without",
        ),
        case("HTTPS_PROXY", "socks5://proxy.example.com", "is not the http:// address of a proxy"),
        case("ALL_PROXY", "https://proxy.example.com:3128", "is not the http:// address of a proxy"),
    ]
}

fn choices_and_numbers() -> Vec<Case> {
    let whole_number = "is not a whole number from";
    vec![
        case("MTLS_METHOD", "both", "is neither \"tls_client_auth\" nor \"self_signed_tls_client_auth\""),
        case("DEFAULT_POLICY", "none", "is neither \"any\" nor \"audience\""),
        case("READ_CONSISTENCY", "weak", "is neither \"strong\" nor \"eventual\""),
        case("LOG_LEVEL", "verbose", "is not one of error, warn, info, debug, trace"),
        case("CLOCK_SKEW_SECONDS", "61", &format!("{whole_number} 0 to 60")),
        case("JWKS_REFRESH_SECONDS", "59", &format!("{whole_number} 60 to 86400")),
        case("FAILED_AUTHENTICATION_LIMIT", "0", &format!("{whole_number} 1 to 1000000")),
        case("HOT_RECORD_SECONDS", "6", &format!("{whole_number} 0 to 5")),
        case(
            "CORS_ALLOWED_ORIGINS",
            "*",
            "has an entry 1 that is not an exact https origin: no path, no last slash, no *",
        ),
        case(
            "SIGNING_ALGORITHM",
            "ES256",
            "is neither RS256 nor PS256, between which RSA keys can choose; other keys have one",
        ),
    ]
}

fn tables_and_files() -> Vec<Case> {
    let same = |variable, value: &str, other| {
        case(variable, value, &format!("is the same table as {other}; give each of them a table of its own"))
    };
    let both_state_and_tokens = Case {
        settings: vec![("TOKENS_TABLE", "tokens".to_owned()), ("STATE_TABLE", "tokens".to_owned())],
        ..same("STATE_TABLE", "", "TOKENS_TABLE")
    };
    let together = Case {
        settings: vec![("TRUSTED_ISSUERS", "[]".to_owned()), ("TRUSTED_ISSUERS_FILE", "issuers.json".to_owned())],
        ..case("TRUSTED_ISSUERS_FILE", "", "is set together with TRUSTED_ISSUERS; keep one of them")
    };
    let unreadable = "names a file that cannot be read: No such file or directory (os error 2)";
    let document = "is a JSON document instead of the path of a file that contains it";
    vec![
        same("TOKENS_TABLE", "oauth-clients", "CLIENTS_TABLE"),
        same("STATE_TABLE", "oauth-clients", "CLIENTS_TABLE"),
        both_state_and_tokens,
        together,
        case("TRUSTED_ISSUERS_FILE", "/nonexistent.json", unreadable),
        case("TRUSTED_ISSUERS_FILE", "[]", document),
        case("METADATA_FILE", "/nonexistent.json", unreadable),
        case("SSL_CERT_FILE", "/nonexistent.pem", unreadable),
        case("SSL_CERT_FILE", file("roots.pem", "roots"), "names a file that contains no certificate in PEM"),
        case("METADATA_FILE", "{}", document),
        case(
            "METADATA_FILE",
            file("metadata.json", "[]"),
            "is not a JSON object: wrong type, expected a map at line 1 column 0",
        ),
    ]
}

fn signing_keys() -> Vec<Case> {
    let key = |content: &str, problem: &str| {
        let name = format!("{}.pem", problem.len());
        case("SIGNING_KEY", format!("file:{}", file(&name, content)), &format!("has an entry 1 whose file {problem}"))
    };
    let weak = json!({ "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "d": "AA" });
    let encrypting = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA", "use": "enc" });
    vec![
        case(
            "SIGNING_KEY",
            "file:/nonexistent.pem",
            "has an entry 1 whose file cannot be read: No such file or directory (os error 2)",
        ),
        key("a key", "holds neither a private key in PKCS#8 PEM nor a private JSON Web Key"),
        key(
            "-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----\n",
            "holds a PEM other than unencrypted PKCS#8 (openssl pkcs8 -topk8 -nocrypt converts it)",
        ),
        key(&weak.to_string(), "holds a key that is neither P-256, Ed25519 nor RSA of 2,048 to 8,192 bits"),
        key(&encrypting.to_string(), "holds a key that is not for signing, or for another algorithm"),
        case(
            "SIGNING_KEY",
            "kms:alias/signing",
            "has an entry 1 whose part after the first colon is not an ARN of a key in KMS (an alias is not accepted)",
        ),
        case(
            "SIGNING_KEY",
            "secretsmanager:signing",
            "has an entry 1 whose part after the first colon is not an ARN of a secret in Secrets Manager",
        ),
        case(
            "SIGNING_KEY",
            pem("EC"),
            "has an entry 1 that is a key itself instead of its location; put the key into a file or a secret, and name that",
        ),
        case(
            "SIGNING_KEY",
            format!("{KMS},"),
            "has an entry 2 that does not begin with file:, secretsmanager: or kms:",
        ),
        case("SIGNING_KEY", format!("{KMS},{KMS}"), "names one key twice, as entries 1 and 2"),
    ]
}

fn issuers() -> Vec<Case> {
    let plain = json!({ "issuer": "https://a.example", "profile": "rfc9068" });
    let foreign =
        |c: char| format!("has an issuer (entry 1) whose identifier contains '{c}', which no issuer identifier does");
    vec![
        case("TRUSTED_ISSUERS", "[issuer]", "is not the expected JSON: expected value at line 1 column 2"),
        case(
            "TRUSTED_ISSUERS",
            plain.to_string(),
            "is not the expected JSON: wrong type, expected a sequence at line 1 column 0",
        ),
        entry(
            &json!({ "client_id": "web" }),
            "is not the expected JSON: unknown member, expected one of `issuer`, `profile`, `jwks_uri`, `jwks`, `algorithms`, `client_ids`, `audiences`, `required_claims`, `claim_names`, `aliases`, `tenants`, `jwks_bearer_file`, `logout_audiences`, `event_audiences` at line 1 column 13",
        ),
        entry(
            &json!({ "claim_names": { "aud": ["resource"] } }),
            "is not the expected JSON: unknown member, expected one of `client_id`, `scope`, `sid`, `jti`, `username`, `grant_id` at line 1 column 22",
        ),
        case(
            "TRUSTED_ISSUERS",
            r#"[{"issuer":"https://a.example"}]"#,
            "is not the expected JSON: missing field `profile` at line 1 column 31",
        ),
        case("TRUSTED_ISSUERS", json!([plain, plain]).to_string(), "names the issuer \"https://a.example\" twice"),
        entry(&json!({ "issuer": "" }), "has an issuer (entry 1) whose identifier is empty or over 1,024 bytes"),
        entry(&json!({ "issuer": "https://a.example#b" }), &foreign('#')),
        entry(&json!({ "issuer": "https://a.example " }), &foreign(' ')),
        entry(
            &json!({ "issuer": "https://user:password@a.example" }),
            "has an issuer (entry 1) whose identifier contains a user or a password",
        ),
        entry(
            &json!({ "issuer": "https://a.example/{tenantid}" }),
            "has an issuer \"https://a.example/{tenantid}\" whose identifier contains '{', which no issuer identifier does; {tenantid} needs \"tenants\"",
        ),
        issuer(&json!({ "tenants": ["t1"] }), "with \"tenants\" but without {tenantid} in \"issuer\""),
        entry(
            &json!({ "issuer": "https://a.example/{tenantid}", "tenants": [] }),
            "has an issuer \"https://a.example/{tenantid}\" whose \"tenants\" is not a list of tenant ids",
        ),
        issuer(&json!({ "aliases": [""] }), "with an alias whose identifier is empty or over 1,024 bytes"),
        issuer(
            &json!({ "profile": "github" }),
            "with an unknown profile; known are rfc9068, cognito, auth0, entra, okta, keycloak and generic",
        ),
        issuer(
            &json!({ "profile": "generic" }),
            "with profile \"generic\" and neither \"required_claims\" nor \"audiences\", which would take an ID token for an access token",
        ),
        issuer(
            &json!({ "profile": "cognito" }),
            "with profile \"cognito\" and no \"client_ids\", which list the accepted clients",
        ),
        issuer(
            &json!({ "algorithms": ["HS256"] }),
            "with an algorithm that is not one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA, Ed25519",
        ),
        issuer(&json!({ "algorithms": [] }), "with an empty list of \"algorithms\""),
        issuer(&json!({ "audiences": [] }), "whose \"audiences\" is not a list of audiences"),
        issuer(&json!({ "client_ids": [] }), "whose \"client_ids\" is not a list of clients"),
        issuer(&json!({ "client_ids": ["a", ""] }), "whose \"client_ids\" is not a list of clients"),
        issuer(&json!({ "event_audiences": [] }), "whose \"event_audiences\" is not a list of audiences"),
        issuer(&json!({ "logout_audiences": [] }), "whose \"logout_audiences\" is not a list of audiences"),
        issuer(&json!({ "logout_audiences": ["a", ""] }), "whose \"logout_audiences\" is not a list of audiences"),
    ]
}

fn global_revocation() -> Vec<Case> {
    vec![case(
        "GLOBAL_REVOCATION_ISSUERS",
        "https://stranger.example",
        "has an entry 1 that is neither ISSUER nor an issuer of TRUSTED_ISSUERS",
    )]
}

fn authorizer() -> Vec<Case> {
    let with = |variable: &'static str, value: &str, problem: &str| {
        let mut case = case(variable, value, problem);
        case.settings.push(("AUTHORIZER_CLIENT_ID", "orders-api".to_owned()));
        case
    };
    let scopes = |value: &str, problem: &str| with("AUTHORIZER_SCOPES", value, problem);
    let lonely = "is set without AUTHORIZER_CLIENT_ID; set both or neither";
    let not_an_object = "is not a JSON object of routes and scopes";
    vec![
        case("AUTHORIZER_CLIENT_ID", "a\u{1}", "is not a client id: it is too long or has a control character"),
        case("AUTHORIZER_SCOPES", "{}", lonely),
        case("AUTHORIZER_RESPONSE", "policy", lonely),
        with("AUTHORIZER_RESPONSE", "both", "is neither \"simple\" nor \"policy\""),
        scopes("orders:read", &format!("{not_an_object}: expected value at line 1 column 1")),
        scopes(r#"{"GET /a":["b"]}"#, &format!("{not_an_object}: wrong type, expected a string at line 1 column 10")),
        scopes(
            r#"{"/orders":"orders:read"}"#,
            "has a route 1 that is neither a method and a path, as in \"GET /orders\", nor \"$default\", \"$connect\" or \"*\"",
        ),
        scopes(r#"{"GET /a":"b  c"}"#, "has a route 1 whose scopes are not separated by single spaces"),
        scopes(r#"{"GET /a":"b","GET /a":"c"}"#, "has a route 2 that occurs before"),
    ]
}

fn keys_of_issuers() -> Vec<Case> {
    let uri = json!("https://a.example/jwks.json");
    let jwks = |members: Value| {
        let mut key =
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": "1", "x": "vg5ZADxtx9O2jlOy9ju2RizCdBHd3nveXIwZjfTZ5SE" });
        key.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        json!({ "keys": [key] })
    };
    vec![
        issuer(
            &json!({ "jwks_uri": "http://a.example/jwks.json" }),
            "whose \"jwks_uri\" must start with https:// (http:// is accepted only for a loopback address)",
        ),
        issuer(&json!({ "jwks_uri": uri, "jwks": jwks(json!({})) }), "with both \"jwks_uri\" and \"jwks\""),
        issuer(
            &json!({ "jwks_uri": "https://a.example/{x}" }),
            "whose \"jwks_uri\" contains a character that no URL contains, such as a brace",
        ),
        issuer(
            &json!({ "jwks_uri": uri, "jwks_bearer_file": "/none/token" }),
            "whose \"jwks_bearer_file\" names a file that cannot be read: No such file or directory (os error 2)",
        ),
        issuer(
            &json!({ "jwks_uri": uri, "jwks_bearer_file": file("empty-token", "") }),
            "whose \"jwks_bearer_file\" names an empty file",
        ),
        issuer(
            &json!({ "jwks": jwks(json!({})), "jwks_bearer_file": "/token" }),
            "with both \"jwks_bearer_file\" and \"jwks\", whose keys are never fetched",
        ),
        issuer(
            &json!({ "jwks": jwks(json!({})), "algorithms": ["RS256"] }),
            "whose \"jwks\" has no key for any of its \"algorithms\"",
        ),
        issuer(&json!({ "jwks": {} }), "whose \"jwks\" has no \"keys\""),
        issuer(
            &json!({ "jwks": jwks(json!({ "x": "AAAA" })) }),
            "whose \"jwks\" has a key that cannot be read: kid \"1\", wrong_length (x)",
        ),
        issuer(
            &json!({ "jwks": jwks(json!({ "x": "AAAA", "kid": "a secret" })) }),
            "whose \"jwks\" has a key that cannot be read: key 1, wrong_length (x)",
        ),
        case(
            "TRUSTED_ISSUERS",
            r#"[{"issuer":"https://a.example","profile":"rfc9068","jwks":{"keys":[],"keys":[]}}]"#,
            "has an issuer \"https://a.example\" whose \"jwks\" names a member twice",
        ),
        entry(
            &json!({ "issuer": "urn:example:issuer" }),
            "has an issuer (entry 1) with neither \"jwks_uri\" nor \"jwks\", whose identifier is not a URL to find them by",
        ),
        entry(
            &json!({ "issuer": "urn:example:issuer", "profile": "okta" }),
            "has an issuer (entry 1) without \"jwks_uri\", whose identifier is not an https URL to find the keys by",
        ),
    ]
}

/// The lines of the page: whole ones in its code blocks, and those in its tables and text, which end before the
/// example.
fn lines(page: &str) -> (Vec<&str>, Vec<&str>) {
    let whole: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix(PREFIX)).filter(|line| !line.starts_with('<')).collect();
    let variables: BTreeSet<_> = whole.iter().filter_map(|line| line.split(' ').next()).collect();
    let is_line =
        |span: &&str| span.split_once(' ').is_some_and(|(name, rest)| variables.contains(name) && !rest.is_empty());
    let spans =
        page.lines().flat_map(|line| line.split(if line.contains("``") { "``" } else { "`" }).skip(1).step_by(2));
    let shortened = spans.filter(is_line).collect();
    (whole, shortened)
}

/// The one line that the function prints before it ends.
fn printed(settings: &[(&str, String)]) -> String {
    let mut function = Command::new(env!("CARGO_BIN_EXE_token-introspection"));
    function.env_clear().env("AWS_REGION", "eu-west-1").env("AWS_EC2_METADATA_DISABLED", "true");
    function.env("ISSUER", "https://introspection.example.com").env("LOG_LEVEL", "error");
    let output = function.envs(settings.iter().map(|(name, value)| (name, value))).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{settings:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn every_line_of_the_page_is_printed_for_settings_that_cause_it() {
    let cases: Vec<Case> = [
        urls(),
        choices_and_numbers(),
        tables_and_files(),
        signing_keys(),
        issuers(),
        global_revocation(),
        authorizer(),
        keys_of_issuers(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let page = fs::read_to_string(PAGE).unwrap();
    assert!(page.contains(&format!("\n{PREFIX}<VARIABLE> <what is wrong>{EXAMPLE}<VARIABLE>=<a right value>\n")));
    let (whole, shortened) = lines(&page);
    let example = |line: &str| {
        let variable = line.split(' ').next().unwrap();
        let of_variable = |whole: &&&str| whole.split(' ').next() == Some(variable);
        let (_, example) = whole.iter().find(of_variable).and_then(|whole| whole.split_once(EXAMPLE)).unwrap();
        format!("{line}{EXAMPLE}{example}")
    };
    let documented: Vec<String> =
        whole.iter().map(|line| (*line).to_owned()).chain(shortened.iter().map(|line| example(line))).collect();
    let mut wanted: Vec<&str> = cases.iter().map(|case| case.line.as_str()).collect();
    for line in &documented {
        let (problem, _) = line.split_once(EXAMPLE).unwrap_or_else(|| panic!("{line}"));
        let case = cases.iter().find(|case| case.line == problem);
        let case = case.unwrap_or_else(|| panic!("no settings are known that cause this line: {line}"));
        wanted.retain(|line| *line != problem);
        // A build with the feature takes the URL, and looks for the server.
        if cfg!(feature = "redis") && problem.contains("the cargo feature \"redis\"") {
            continue;
        }
        assert_eq!(printed(&case.settings), format!("{PREFIX}{line}\n"));
    }
    assert_eq!(wanted, Vec::<&str>::new(), "the page does not show these lines");
}
