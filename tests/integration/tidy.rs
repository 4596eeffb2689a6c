//! The architecture's invariants, checked in the source text: which module may import which, and what each may name.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The library's modules from the lowest to the highest. Each may import only from itself and those before it.
const LAYERS: [&str; 31] = [
    "media_type",
    "arn",
    "digest",
    "auth_method",
    "jwt",
    "certificate",
    "profile",
    "records",
    "proof",
    "settings",
    "connect",
    "spent",
    "call",
    "token",
    "request",
    "store",
    "signer",
    "issuers",
    "judge",
    "auth",
    "throttle",
    "view",
    "policy",
    "metadata",
    "outcome",
    "response",
    "access",
    "audit",
    "service",
    "lambda",
    "logging",
];
/// Stages that take the time as an argument and send nothing.
const PURE: [&str; 20] = [
    "media_type",
    "arn",
    "digest",
    "auth_method",
    "jwt",
    "certificate",
    "profile",
    "records",
    "proof",
    "token",
    "request",
    "auth",
    "judge",
    "throttle",
    "view",
    "policy",
    "metadata",
    "outcome",
    "response",
    "access",
];
/// What a pure stage does not contain.
const IMPURE: [&str; 8] =
    ["async ", ".await", "SystemTime", "Instant::now", "std::env", "std::fs", "std::net", "tokio::"];
/// The operator's tool, and its view of the tables.
const TOOL: &str = "crates/introspection-admin/src/";
const TOOL_STORE: &str = "crates/introspection-admin/src/store/";
/// Shared by the tests and the dev server, or measures, so that only its size is checked.
const SUPPORT: [&str; 3] = ["crates/test-support/src/", "crates/bench/src/", "crates/bench-programs/src/"];
/// A dependency, and the only places that name it.
const ONE_PLACE: [(&str, &[&str]); 25] = [
    ("crc32fast", &["src/store/reconnect.rs"]),
    ("der", &["src/jwt/", "src/certificate/"]),
    ("spki", &["src/jwt/"]),
    ("hex", &["src/digest.rs", "src/audit.rs"]),
    ("sha2", &["src/digest.rs", "src/audit.rs"]),
    ("x509_cert", &["src/certificate/"]),
    ("jsonwebtoken", &["src/jwt/"]),
    ("aws_lc_rs", &["src/jwt/", "src/connect/tls.rs"]),
    ("aws_sdk_dynamodb", &["src/store/", TOOL_STORE]),
    ("redis", &["src/store/"]),
    ("aws_sdk_kms", &["src/signer/"]),
    ("aws_sdk_secretsmanager", &["src/signer/"]),
    ("aws_config", &["src/store/", "src/signer/", TOOL_STORE]),
    ("aws_smithy_runtime_api", &["src/store/reconnect.rs", TOOL_STORE]),
    ("aws_smithy_types", &["src/store/reconnect.rs"]),
    ("lambda_http", &["src/lambda/"]),
    ("hyper_rustls", &["src/connect/"]),
    ("rustls_native_certs", &["src/connect/tls.rs"]),
    ("openssl_probe", &["src/connect/tls.rs"]),
    ("rustls", &["src/issuers/fetch_error.rs", "src/connect/tls.rs", "src/settings/roots.rs"]),
    ("tracing_subscriber", &["src/logging.rs"]),
    ("jiff", &["crates/introspection-admin/src/time.rs"]),
    ("tabwriter", &["crates/introspection-admin/src/output.rs"]),
    ("anstream", &["crates/introspection-admin/src/output.rs"]),
    ("anstyle", &["crates/introspection-admin/src/output.rs"]),
];
/// A text that states a rule, and the one file that states it.
const ONE_STATEMENT: [(&str, &str); 15] = [
    ("\"client_secret_basic\"", "src/auth_method.rs"),
    ("\"client_secret_post\"", "src/auth_method.rs"),
    ("\"private_key_jwt\"", "src/auth_method.rs"),
    ("\"tls_client_auth\"", "src/auth_method.rs"),
    ("\"self_signed_tls_client_auth\"", "src/auth_method.rs"),
    ("\"aws_iam\"", "src/auth_method.rs"),
    ("16 * 1024", "src/token/mod.rs"),
    ("splitn(6, ':')", "src/arn.rs"),
    ("\"arn:\"", "src/arn.rs"),
    ("\"application/json\"", "src/media_type.rs"),
    ("token-introspection+jwt", "src/media_type.rs"),
    ("(\"keys\")", "src/jwt/key_set.rs"),
    ("previous_client_secret_expires_at.", "src/records/client.rs"),
    ("253_402_300_799", "src/records/types.rs"),
    ("is_conditional_check_failed_exception", "src/store/dynamodb.rs"),
];
/// Types that hold a secret, a token or personal data, which nothing may print.
const UNPRINTABLE: [&str; 77] = [
    "PresentedProvider",
    "RevokerCredentials",
    "EventSubject",
    "IssuerSubject",
    "GlobalRevocation",
    "NewMark",
    "PresentedNotice",
    "ProvedLogOut",
    "AccessRequest",
    "AccessAnswer",
    "Access",
    "Reply",
    "PresentedAccess",
    "AccessScheme",
    "PresentedProofs",
    "PresentedDpop",
    "ValidProof",
    "Possession",
    "Thumbprint",
    "Shown",
    "UnspentProof",
    "EmbeddedKey",
    "IncomingAccess",
    "HeldItem",
    "HotItems",
    "Reuse",
    "Digest",
    "CheckedSignatures",
    "StoredSecret",
    "Call",
    "Identity",
    "Event",
    "Incoming",
    "Members",
    "Parameters",
    "Credentials",
    "PresentedSecret",
    "PresentedAssertion",
    "GatewayCredentials",
    "RevocationCredentials",
    "PresentedBearer",
    "UnverifiedBearer",
    "Bearer",
    "Query",
    "Revocation",
    "Request",
    "PresentedToken",
    "UnverifiedToken",
    "UnverifiedJws",
    "UnverifiedJwt",
    "Header",
    "Claims",
    "VerifiedToken",
    "ActiveClaims",
    "Outcome",
    "Answer",
    "Client",
    "Registration",
    "RegisteredMethod",
    "Preview",
    "Caller",
    "RevokingClient",
    "UnspentAssertion",
    "ClientRecord",
    "TokenRecord",
    "SignerKey",
    "View",
    "SigningKey",
    "PrivateKey",
    "Signer",
    "RedisUrl",
    "ProxySettings",
    "Redis",
    "StoredValue",
    "Deployed",
    "Document",
    "Pasted",
];
/// The longest file, in lines.
const LONGEST: usize = 400;
/// The shortest file, except for entry points and the lists of modules.
const SHORTEST: usize = 40;

struct SourceFile {
    path: String,
    text: String,
}

impl SourceFile {
    /// The library's module that the file is in; none for binaries and the list of modules.
    fn layer(&self) -> Option<usize> {
        let name = self.path.strip_prefix("src/")?.split(['/', '.']).next()?;
        LAYERS.iter().position(|layer| *layer == name)
    }

    /// The text without its tests and comments.
    fn code(&self) -> String {
        let code = self.text.split("#[cfg(test)]").next().unwrap_or_default();
        code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    }

    /// The library's modules that the code names.
    fn imports(&self) -> BTreeSet<String> {
        let code = self.code();
        let mut names = BTreeSet::new();
        for (at, _) in code.match_indices("crate::") {
            let rest = &code[at + "crate::".len()..];
            match rest.strip_prefix('{') {
                None => names.extend(first_name(rest)),
                Some(list) => names.extend(top_level_names(list)),
            }
        }
        names
    }
}

/// Whether the code names a crate, or a module of that name. The end of a longer name, as `der` of `header`, does not
/// count.
fn names_crate(code: &str, name: &str) -> bool {
    let is_whole = |at| !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
    code.match_indices(&format!("{name}::")).any(|(at, _)| is_whole(at)) || code.contains(&format!("use {name}"))
}

fn first_name(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The names before `::` of a braced list, up to its end.
fn top_level_names(list: &str) -> Vec<String> {
    let (mut depth, mut names, mut expecting) = (1, Vec::new(), true);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => expecting = true,
            c if depth == 1 && expecting && (c.is_alphanumeric() || c == '_') => {
                names.extend(first_name(&list[at..]));
                expecting = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn sources() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path().join("src"));
    let (mut folders, mut files) = (crates.chain([root.join("src")]).collect::<Vec<_>>(), Vec::<PathBuf>::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
        .into_iter()
        .map(|path| SourceFile {
            text: fs::read_to_string(&path).unwrap(),
            path: path.strip_prefix(root).unwrap().display().to_string(),
        })
        .collect()
}

/// Every breach in a set of files, one line each.
fn breaches(sources: &[SourceFile]) -> Vec<String> {
    let mut breaches = Vec::new();
    for source in sources {
        let (path, code) = (&source.path, source.code());
        let lines = source.text.lines().count();
        if lines > LONGEST {
            breaches.push(format!("{path} has {lines} lines"));
        }
        if SUPPORT.iter().any(|support| path.starts_with(support)) {
            continue;
        }
        if let Some(layer) = source.layer() {
            for import in source.imports() {
                match LAYERS.iter().position(|name| *name == import) {
                    Some(imported) if imported <= layer => {}
                    Some(_) => breaches.push(format!("{path} imports {import}, which is above it")),
                    None => breaches.push(format!("{path} imports {import}, which has no layer")),
                }
            }
            if PURE.contains(&LAYERS[layer]) {
                for said in IMPURE.iter().filter(|said| code.contains(**said)) {
                    breaches.push(format!("{path} is pure and says {said:?}"));
                }
            }
        }
        for (name, places) in ONE_PLACE {
            let named = names_crate(&code, name);
            // The function's entry point returns the runtime's error.
            if named
                && !places.iter().any(|place| path.starts_with(place))
                && !(path == "src/main.rs" && name == "lambda_http")
            {
                breaches.push(format!("{path} names {name}, whose place is {}", places.join(" and ")));
            }
        }
        for (text, place) in ONE_STATEMENT {
            if code.contains(text) && path != place {
                breaches.push(format!("{path} says {text:?}, whose place is {place}"));
            }
        }
        let is_list = ["mod.rs", "main.rs", "lib.rs"].iter().any(|name| path.ends_with(name));
        let is_profile = path.starts_with("src/profile/");
        if lines < SHORTEST && !is_list && !is_profile {
            breaches.push(format!("{path} has only {lines} lines"));
        }
        for (at, _) in code.match_indices("#[derive(") {
            let derived = code[at..].split(")]").next().unwrap_or_default();
            let declared = code[at..].split_once(")]").map(|(_, rest)| rest).unwrap_or_default();
            let name = declared.split(['{', ';', '(']).next().unwrap_or_default().trim();
            let name = name.rsplit(' ').next().unwrap_or_default().split('<').next().unwrap_or_default();
            let printable = derived.contains("Debug") || derived.contains("Serialize");
            if printable && UNPRINTABLE.contains(&name) {
                breaches.push(format!("{path} derives a printable form for {name}"));
            }
        }
        for name in UNPRINTABLE {
            let forms = ["Debug", "Display"].map(|form| format!("{form} for {name}"));
            let names_it = |form: &String| {
                code.match_indices(form).any(|(at, _)| !code[at + form.len()..].starts_with(char::is_alphanumeric))
            };
            if forms.iter().any(names_it) {
                breaches.push(format!("{path} writes a printable form for {name}"));
            }
        }
        // Types prove what may be shown; only this point needs a rule.
        if code.contains("View::new(") && path != "src/policy.rs" {
            breaches.push(format!("{path} makes a View, whose place is src/policy.rs"));
        }
        // Only the line of the authorizer gets a caller without credentials.
        if code.contains("Caller::configured(") && path != "src/service/access.rs" {
            breaches.push(format!("{path} makes a configured caller, whose place is src/service/access.rs"));
        }
        // Only the operator may see a client's record without its credentials.
        for made in ["Registration::from_items(", "RegisteredMethod::from_record(", "policy::preview("] {
            let defines = path == "src/auth/registration.rs";
            if code.contains(made) && !path.starts_with(TOOL) && !defines {
                breaches.push(format!("{path} says {made:?}, whose place is {TOOL}"));
            }
        }
        if path != "src/response.rs"
            && source.layer().is_some()
            && code.contains("StatusCode::")
            && !path.ends_with("fetch.rs")
        {
            breaches.push(format!("{path} names a status, whose place is src/response.rs"));
        }
    }
    breaches
}

#[test]
fn the_sources_keep_the_invariants() {
    let sources = sources();
    assert!(sources.len() > 30, "the sources were not found");
    let breaches = breaches(&sources);
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn a_planted_breach_of_each_invariant_is_found() {
    let good = "//! What it is.\n".repeat(SHORTEST);
    for (path, text) in [
        ("src/jwt/planted.rs", "use crate::service::Service;"),
        ("src/records/planted.rs", "use crate::{jwt::Header, policy::{self, view}};"),
        ("src/token/planted.rs", "fn f() { crate::issuers::x(); }"),
        ("src/judge/planted.rs", "async fn f() {}"),
        ("src/auth/mod.rs", "fn now() { SystemTime::now(); }"),
        ("src/policy.rs", "fn f() { std::env::var(\"A\"); }"),
        ("src/service.rs", "use aws_sdk_dynamodb::Client;"),
        ("src/store/planted.rs", "use aws_sdk_kms::Client;"),
        ("src/settings/redis_url.rs", "fn f() { redis::Client::open(\"\"); }"),
        ("src/settings/redis_url.rs", "#[derive(Clone, Debug)]\npub struct RedisUrl(String);"),
        ("src/issuers/planted.rs", "fn f() { aws_config::load(); }"),
        ("src/signer/planted.rs", "use aws_lc_rs::digest;"),
        ("src/jwt/signing.rs", "#[derive(Debug)]\npub struct SigningKey {"),
        ("src/issuers/planted.rs", "use jsonwebtoken::decode;"),
        ("src/signer/planted.rs", "fn f() { der::Decode::from_der(a) }"),
        ("src/records/key.rs", "use hex::encode;"),
        ("crates/introspection-admin/src/mark.rs", "use jiff::Timestamp;"),
        ("crates/introspection-admin/src/usage.rs", "fn f() { anstream::stderr() }"),
        ("src/service.rs", "fn f() { lambda_http::run(); }"),
        ("src/token/claims.rs", "#[derive(Clone, Debug)]\npub struct Claims {"),
        ("src/call.rs", "#[derive(Debug)]\npub struct Call {"),
        ("src/view.rs", "#[derive(serde::Serialize)]\npub struct View {"),
        ("src/auth/mod.rs", "impl fmt::Debug for Caller {}"),
        ("src/service.rs", "fn f() { View::new(claims) }"),
        ("src/response.rs", "fn f() { View::new(claims) }"),
        ("crates/introspection-admin/src/explain/caller.rs", "use aws_sdk_dynamodb::Client;"),
        ("src/service/mod.rs", "fn f() { policy::preview(a) }"),
        ("src/service/authentication.rs", "fn f() { Registration::from_items(a) }"),
        ("src/service/mod.rs", "fn f() { Caller::configured(a, b, c) }"),
        ("src/lambda/planted.rs", "fn f() { Caller::configured(a, b, c) }"),
        ("src/auth/mod.rs", "fn f() { RegisteredMethod::from_record(a) }"),
        ("src/auth/gateway.rs", "const METHOD: &str = \"aws_iam\";"),
        ("src/request/assertion.rs", "const MAX_BYTES: usize = 16 * 1024;"),
        ("crates/introspection-admin/src/client/jwks.rs", "fn f() { set.get(\"keys\") }"),
        ("src/service.rs", "fn f() { StatusCode::OK }"),
        ("src/planted/new.rs", "fn long() {}\n".repeat(LONGEST).as_str()),
    ] {
        let planted = SourceFile { path: path.to_owned(), text: format!("{good}{text}\n") };
        assert_eq!(breaches(&[planted]).len(), 1, "{path}: {text}");
    }
    let harmless = SourceFile { path: "src/policy.rs".to_owned(), text: format!("{good}use crate::auth::Caller;\n") };
    assert_eq!(breaches(&[harmless]), Vec::<String>::new());
    let short = SourceFile { path: "src/policy.rs".to_owned(), text: "fn f() {}".to_owned() };
    assert_eq!(breaches(&[short]).len(), 1);
}
