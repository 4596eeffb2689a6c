//! Settings are read, or refused with one line that names a variable and quotes no value. An input has one variable on
//! each line, as `NAME=VALUE`, and each `~` in a value is replaced by a secret.

use std::collections::BTreeMap;

use token_introspection::settings::{KeySource, Settings, is_loopback};

/// Reads settings. The error is the line that the function writes.
pub type Subject = fn(&BTreeMap<String, String>) -> Result<(), String>;

/// Reads settings. `None` if they are refused.
pub type Read = fn(&BTreeMap<String, String>) -> Option<Settings>;

const SECRET: &str = "hunter2canary";
/// The longest error line: an issuer's identifier of 200 bytes, and our own words.
const MAX_LINE: usize = 1000;

pub fn check(data: &[u8]) {
    holds(|variables| read(variables).map(drop), data);
    are_safe(|variables| read(variables).ok(), data);
}

pub fn read(variables: &BTreeMap<String, String>) -> Result<Settings, String> {
    Settings::read(|name| variables.get(name).cloned()).map_err(|error| error.to_string())
}

fn variables(data: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(data);
    let variable = |line: &str| {
        let (name, value) = line.split_once('=')?;
        let value = value.replace('~', SECRET);
        // Files are not the subject, and some never end.
        let is_of_a_file = name.ends_with("_FILE") || value.contains("file:");
        Some((name.to_owned(), if is_of_a_file { value.replace('/', "_") } else { value }))
    };
    text.split('\n').filter_map(variable).collect()
}

/// The properties of a reader.
pub fn holds(subject: Subject, data: &[u8]) {
    let mut variables = variables(data);
    let result = subject(&variables);
    if let Err(line) = &result {
        assert!(!line.contains(char::is_control), "an error has several lines or a control character");
        assert!(line.len() <= MAX_LINE, "an error of {} bytes", line.len());
        let (name, rest) = line.split_once(' ').expect("an error without a problem");
        assert!(name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "an error names no variable");
        assert!(rest.contains(&format!("; for example: {name}=")), "an error without an example");
        let quoted = without_names(line);
        assert!(!quoted.to_ascii_lowercase().contains(SECRET), "an error quotes a value");
    }
    variables.insert("UNKNOWN_VARIABLE".to_owned(), SECRET.to_owned());
    variables.entry("LOG_LEVEL".to_owned()).or_insert_with(|| " ".to_owned());
    assert!(subject(&variables) == result, "an unknown or an empty variable has an effect");
}

/// The line without the names by which the operator finds the entry: an issuer that is a plain URL, and a plain `kid`.
fn without_names(line: &str) -> String {
    let mut text = line.to_owned();
    for before in ["issuer \"", "kid \""] {
        while let Some(start) = text.find(before) {
            let value = start + before.len();
            let end = text[value..].find('"').map_or(text.len(), |end| value + end);
            let name = text[value..end].replace("{tenantid}", "");
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/.-_~".contains(&byte);
            assert!(name.len() <= 200 && name.bytes().all(is_plain), "an error quotes an odd name");
            text.replace_range(start..end, "");
        }
    }
    text
}

/// Settings that are accepted are those of docs/settings.md.
pub fn are_safe(subject: Read, data: &[u8]) {
    let Some(settings) = subject(&variables(data)) else { return };
    let is_secure = |url: &str| match url.split_once("://") {
        Some(("https", _)) => true,
        Some(("http", rest)) => {
            let authority = rest.split('/').next().unwrap_or_default();
            let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
            is_loopback(host) || is_loopback(authority)
        }
        _ => url.len() > 8 && url[..8].eq_ignore_ascii_case("https://"),
    };
    assert!(is_secure(&settings.issuer) && is_secure(&settings.public_url), "a URL without TLS");
    assert!((0..=60).contains(&settings.clock_skew_seconds) && settings.hot_record_lifetime.as_secs() <= 5);
    assert!((60..=86_400).contains(&settings.jwks_refresh.as_secs()) && settings.failed_authentication_limit >= 1);
    for issuer in &settings.trusted_issuers {
        assert!(!issuer.algorithms.is_empty(), "an issuer without an algorithm");
        let found = settings.trusted_issuer(&issuer.issuer).expect("an issuer that is not found");
        assert!(found.issuer == issuer.issuer, "two issuers of one name");
        match &issuer.keys {
            KeySource::Inline(loaded) => assert!(!loaded.keys.is_empty(), "an issuer without a key"),
            KeySource::Remote(uri) => assert!(is_secure(&uri.to_string()), "keys without TLS"),
            KeySource::Discovered(uris) => assert!(uris.iter().all(|uri| is_secure(&uri.to_string()))),
        }
    }
}
