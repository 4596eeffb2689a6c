//! The media types of requests and answers, and how they are compared.

/// Of answers, and of the body of a batch.
pub const JSON: &str = "application/json";
/// Of the body of a request (RFC 7662 §2.1).
pub const FORM: &str = "application/x-www-form-urlencoded";
/// Of a signed answer. RFC 9701 §5: its `typ` is the same without `application/` (J-03).
pub const SIGNED_ANSWER: &str = "application/token-introspection+jwt";
/// Of a security event token (RFC 8417 §7.2).
pub const SECURITY_EVENT: &str = "application/secevent+jwt";
/// The prefix that a `typ` may omit.
const APPLICATION: &str = "application/";

/// The `typ` of a JWT of this media type.
pub fn typ(media_type: &str) -> &str {
    media_type.strip_prefix(APPLICATION).unwrap_or(media_type)
}

/// Whether the `typ` of a JWT is this one, in any case, with or without `application/`.
pub fn is_typ(found: &str, expected: &str) -> bool {
    let rest = found.split_at_checked(APPLICATION.len());
    let name = rest.filter(|(prefix, _)| prefix.eq_ignore_ascii_case(APPLICATION)).map_or(found, |(_, name)| name);
    name.eq_ignore_ascii_case(expected)
}

/// Whether a `Content-Type` names this media type. Its parameters, such as a charset, do not matter.
pub fn is_content_type(found: &str, expected: &str) -> bool {
    found.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h01_a_typ_has_no_case_and_may_leave_application_out() {
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
            assert!(is_typ(typ, "at+jwt"), "{typ}");
        }
        for typ in ["", "jwt", "at+jwt ", "text/at+jwt", "application/", "application/application/at+jwt", "at+jwté"] {
            assert!(!is_typ(typ, "at+jwt"), "{typ}");
        }
        assert_eq!(typ(SIGNED_ANSWER), "token-introspection+jwt");
    }

    #[test]
    fn parameters_of_a_content_type_do_not_matter() {
        for found in [JSON, "Application/JSON", " application/json ; charset=utf-8"] {
            assert!(is_content_type(found, JSON), "{found}");
        }
        assert!(!is_content_type("application/json-patch+json", JSON) && !is_content_type("", JSON));
    }
}
