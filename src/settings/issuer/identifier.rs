//! The characters of issuer identifiers, and the placeholder for a tenant in them.

/// The placeholder for the tenant in `issuer`, `aliases` and `jwks_uri`.
const TENANT: &str = "{tenantid}";
/// The maximum size in bytes. A longer identifier would leave too little space for the rest of an item key.
const MAX_BYTES: usize = 1024;

/// Checks an identifier in which the tenant was already replaced.
///
/// # Errors
///
/// Returns what is wrong, to be written after the issuer's name.
pub(super) fn check(identifier: &str) -> Result<(), String> {
    // No URI may contain these characters (RFC 3986 §2), and '#' separates the parts of item keys.
    let is_foreign = |c: char| c.is_control() || c.is_whitespace() || "#{}<>\"\\^`|".contains(c);
    if identifier.is_empty() || identifier.len() > MAX_BYTES {
        Err("whose identifier is empty or over 1,024 bytes".to_owned())
    } else if let Some(character) = identifier.chars().find(|c| is_foreign(*c)) {
        let hint = if "{}".contains(character) { "; {tenantid} needs \"tenants\"" } else { "" };
        Err(format!("whose identifier contains {character:?}, which no issuer identifier does{hint}"))
    } else if authority(identifier).contains('@') {
        // Audit records and log lines contain the issuer.
        Err("whose identifier contains a user or a password".to_owned())
    } else {
        Ok(())
    }
}

/// The part of a URL between `://` and its path. Empty for other identifiers.
fn authority(identifier: &str) -> &str {
    let after_scheme = identifier.split_once("://").map_or("", |(_, rest)| rest);
    after_scheme.split(['/', '?']).next().unwrap_or_default()
}

/// Whether the text contains the placeholder.
pub(super) fn has_tenant(text: &str) -> bool {
    text.contains(TENANT)
}

/// The text with the placeholder replaced by this tenant.
pub(super) fn with_tenant(text: &str, tenant: &str) -> String {
    text.replace(TENANT, tenant)
}

/// Whether a tenant is a plain name that cannot change other parts of a URL.
pub(super) fn is_tenant(tenant: &str) -> bool {
    !tenant.is_empty() && tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h05_h32_an_identifier_contains_only_characters_of_identifiers() {
        for identifier in [
            "https://issuer.example",
            "https://issuer.example/t1/",
            "https://issuer.example:8443/a%20b?x=(1)&y=*",
            "https://issuer.example/@me",
            "http://adfs.example/adfs/services/trust",
            "accounts.google.com",
            "kubernetes/serviceaccount",
            "urn:example:issuer",
            "https://bücher.example",
            &"x".repeat(1024),
        ] {
            assert_eq!(check(identifier), Ok(()), "{identifier}");
        }
        let long = "x".repeat(1025);
        for identifier in [
            "",
            " ",
            "https://a b",
            "https://a\n",
            "https://a#b",
            "https://{tenantid}/",
            "https://<a>",
            "a\"b",
            "https://user:password@issuer.example/",
            &long,
        ] {
            assert!(check(identifier).is_err(), "{identifier}");
        }
    }

    #[test]
    fn h32_a_tenant_is_one_plain_name() {
        for (tenant, expected) in
            [("7f3c-1", true), ("contoso.onmicrosoft.com", true), ("", false), ("a/b", false), ("{tenantid}", false)]
        {
            assert_eq!(is_tenant(tenant), expected, "{tenant}");
        }
        assert_eq!(with_tenant("https://login.example/{tenantid}/v2.0", "t1"), "https://login.example/t1/v2.0");
    }
}
