//! URLs in settings: https, or http to the local machine for development.

use http::Uri;

/// Parses a URL that may be called or published.
///
/// # Errors
///
/// Returns what is wrong with the URL, to be written after the setting's name.
pub fn endpoint(text: &str) -> Result<Uri, &'static str> {
    // The parser accepts some of these characters, although no URI may contain them (RFC 3986 §2). A brace is most
    // often a placeholder that was not replaced.
    if text.contains(['{', '}', '<', '>', '"', '\\', '^', '`', '|']) {
        return Err("contains a character that no URL contains, such as a brace");
    }
    let uri: Uri = text.parse().map_err(|_| "is not a URL")?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or("is not an absolute URL")?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("contains a user or a password");
    }
    match uri.scheme_str() {
        // RFC 7662 §2: the endpoint is reached over TLS only.
        Some("https") => Ok(uri),
        Some("http") if is_loopback(host) => Ok(uri),
        _ => Err("must start with https:// (http:// is accepted only for a loopback address)"),
    }
}

/// Parses an issuer identifier or base URL, which has neither query nor fragment (RFC 8414 §2).
///
/// # Errors
///
/// Returns what is wrong, as [`endpoint`] does.
pub fn identifier(text: &str) -> Result<Uri, &'static str> {
    if text.contains(['?', '#']) { Err("must contain neither a query nor a fragment") } else { endpoint(text) }
}

/// Whether an error may quote an issuer identifier. It must be a plain URL of usual length, so that the operator finds
/// the entry, but a secret in it is not repeated.
pub fn is_quotable(issuer: &str) -> bool {
    is_plain(issuer) && identifier(issuer).is_ok()
}

/// Whether a name is short and has only characters of plain names, which an encoded key or a password rarely has.
pub fn is_plain(name: &str) -> bool {
    name.len() <= 200 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.-_~".contains(&byte))
}

/// Parses the location of Redis: with TLS unless it is the local machine, and with no path except the number of a
/// database.
///
/// # Errors
///
/// Returns what is wrong, as [`endpoint`] does.
pub fn redis(text: &str) -> Result<Uri, &'static str> {
    // A fragment could disable the check of the server's certificate.
    if text.contains(['?', '#']) {
        return Err("must contain neither a query nor a fragment (in a password, write %3F and %23)");
    }
    let uri: Uri =
        text.parse().map_err(|_| "is not a URL (in a password, percent-encode all but letters and digits)")?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or("is not an absolute URL")?;
    let user = uri.authority().and_then(|authority| authority.as_str().rsplit_once('@')).map(|(user, _)| user);
    // Without a password, the client sends no user at all, and the connection gets the rights of the server's default
    // user.
    if user.is_some_and(|user| user.split_once(':').is_none_or(|(_, password)| password.is_empty())) {
        return Err("names a user without a password");
    }
    if !uri.path().trim_start_matches('/').chars().all(|digit| digit.is_ascii_digit()) {
        return Err("has a path that is not the number of a database");
    }
    match uri.scheme_str() {
        Some("rediss") => Ok(uri),
        Some("redis") if is_loopback(host) => Ok(uri),
        _ => Err("must start with rediss:// (redis:// is accepted only for a loopback address)"),
    }
}

/// The path of an identifier, without a trailing slash. Empty if it has no path.
pub fn path(identifier: &str) -> &str {
    let after_scheme = identifier.split_once("://").map_or(identifier, |(_, rest)| rest);
    after_scheme.find('/').and_then(|slash| after_scheme.get(slash..)).unwrap_or_default().trim_end_matches('/')
}

/// Whether a host is the local machine.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a16_plain_http_is_only_for_loopback() {
        for (text, accepted) in [
            ("https://issuer.example/path", true),
            ("https://issuer.example:8443", true),
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000", true),
            ("http://localhost:9000/jwks.json", true),
            ("http://issuer.example", false),
            ("http://127.0.0.1.example", false),
            ("http://localhost@issuer.example", false),
            ("https://user:password@issuer.example", false),
            ("ftp://issuer.example", false),
            ("https://issuer.example/{tenantid}/keys", false),
            ("https://issuer.example/<tenant>", false),
            ("https://issuer.example/a|b", false),
            ("issuer.example", false),
            ("/path", false),
            ("https://", false),
            ("", false),
        ] {
            assert_eq!(endpoint(text).is_ok(), accepted, "{text}");
        }
    }

    #[test]
    fn a16_redis_without_tls_is_only_for_loopback() {
        for (text, accepted) in [
            ("rediss://tokens.example.com", true),
            ("rediss://user:p%40ss@tokens.example.com:6380/3", true),
            ("rediss://:password@tokens.example.com/", true),
            ("redis://127.0.0.1:6379", true),
            ("redis://user:password@[::1]:6379/0", true),
            ("redis://localhost", true),
            ("rediss://user@tokens.example.com", false),
            ("rediss://user:@tokens.example.com", false),
            ("redis://tokens.example.com", false),
            ("redis://localhost@tokens.example.com", false),
            ("redis://127.0.0.1.example", false),
            ("rediss://tokens.example.com#insecure", false),
            ("rediss://tokens.example.com?protocol=resp3", false),
            ("rediss://tokens.example.com/first", false),
            ("rediss://tokens.example.com/1/2", false),
            ("rediss://:pass word@tokens.example.com", false),
            ("https://tokens.example.com", false),
            ("redis+unix:///run/redis.sock", false),
            ("tokens.example.com:6379", false),
            ("rediss://", false),
            ("", false),
        ] {
            assert_eq!(redis(text).is_ok(), accepted, "{text}");
        }
    }

    #[test]
    fn only_plain_urls_are_quoted() {
        for (text, quoted) in [
            ("https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", true),
            ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf", true),
            ("http://127.0.0.1:9000", true),
            ("https://user:hunter2@a.example", false),
            ("https://a.example?key=hunter2", false),
            ("https://a.example/-----BEGIN PRIVATE KEY-----", false),
            ("https://a.example/hunter2+/==", false),
            ("hunter2", false),
            ("", false),
        ] {
            assert_eq!(is_quotable(text), quoted, "{text}");
        }
        assert!(!is_quotable(&format!("https://a.example/{}", "a".repeat(200))));
    }

    #[test]
    fn an_identifier_has_neither_query_nor_fragment() {
        for (text, accepted) in
            [("https://a.example/x", true), ("https://a.example?x", false), ("https://a.example#x", false)]
        {
            assert_eq!(identifier(text).is_ok(), accepted, "{text}");
        }
    }
}
