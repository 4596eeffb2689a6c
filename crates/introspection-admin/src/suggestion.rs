//! Finds the configured issuer that the operator probably meant.

use unicode_normalization::UnicodeNormalization;

/// The minimum length of an id. Shorter parts of a path are not ids.
const MIN_ID: usize = 16;

/// A configured issuer that resembles the given one.
#[derive(Debug, PartialEq, Eq)]
pub struct Suggestion<'a> {
    pub issuer: &'a str,
    /// How the two differ, if they mean the same issuer.
    pub difference: Option<String>,
}

/// Finds the configured issuer that is most similar to the given one, if any is similar.
pub fn nearest<'a>(given: &str, configured: impl IntoIterator<Item = &'a str>) -> Option<Suggestion<'a>> {
    let comparable = comparable(given);
    let (distance, issuer) = configured
        .into_iter()
        .map(|issuer| (strsim::levenshtein(&comparable, &self::comparable(issuer)), issuer))
        .min_by_key(|(distance, issuer)| (*distance > 0 && !shares_id(given, issuer), *distance))?;
    // More than a third of the characters is not a typing error, unless both contain the same tenant or pool id.
    let near = distance.saturating_mul(3) <= comparable.chars().count() || shares_id(given, issuer);
    let near = near && !comparable.is_empty();
    near.then(|| Suggestion { issuer, difference: (distance == 0).then(|| difference(given, issuer)) })
}

/// Whether both contain the same long path segment.
fn shares_id(one: &str, other: &str) -> bool {
    one.split('/').any(|part| part.len() >= MIN_ID && other.split('/').any(|own| own.eq_ignore_ascii_case(part)))
}

/// An issuer without what people overlook: white space, scheme, case, trailing slashes and Unicode forms.
fn comparable(issuer: &str) -> String {
    let text: String = without_space(issuer).nfkc().collect::<String>().to_lowercase();
    without_scheme(&text).trim_end_matches('/').to_owned()
}

/// Names each difference between two issuers whose comparable forms are equal.
fn difference(given: &str, configured: &str) -> String {
    let nfc = |text: &str| text.nfc().collect::<String>();
    let slashes = |text: &str| text.len() - text.trim_end_matches('/').len();
    let scheme = |text: &str| text.len() - without_scheme(text).len();
    let (one, other) = (without_space(given), without_space(configured));
    let body = |text: &str| nfc(without_scheme(text).trim_end_matches('/'));
    let differences = [
        (one.len() != given.len() || other.len() != configured.len(), "white space"),
        (scheme(&one) != scheme(&other), "http or https"),
        (slashes(&one) != slashes(&other), "the slash at the end"),
        (body(&one) != body(&other), "upper and lower case"),
        (nfc(&one).len() != one.len() || nfc(&other).len() != other.len(), "the Unicode form of its letters"),
    ];
    let names: Vec<_> = differences.iter().filter(|(differs, _)| *differs).map(|(_, name)| *name).collect();
    names.join(", ")
}

fn without_space(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}')).collect()
}

fn without_scheme(text: &str) -> &str {
    ["https://", "http://"]
        .iter()
        .find_map(|scheme| {
            let (start, rest) = text.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        })
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGURED: [&str; 5] = [
        "https://tenant.eu.auth0.com/",
        "https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf",
        "https://keycloak.example/realms/caf\u{e9}",
        "accounts.google.com",
    ];

    #[test]
    fn g17_a_slip_leads_to_the_issuer_that_was_meant() {
        for (given, index, difference) in [
            ("https://tenant.eu.auth0.com", 0, Some("the slash at the end")),
            ("https://tenant.eu.auth0.com//", 0, Some("the slash at the end")),
            ("http://tenant.eu.auth0.com/", 0, Some("http or https")),
            ("tenant.eu.auth0.com", 0, Some("http or https, the slash at the end")),
            ("https://Tenant.EU.auth0.com/", 0, Some("upper and lower case")),
            ("HTTPS://TENANT.EU.AUTH0.COM/", 0, Some("upper and lower case")),
            (" https://tenant.eu.auth0.com/", 0, Some("white space")),
            ("https://tenant.eu.auth0.com/\u{200b}", 0, Some("white space")),
            ("https://tennant.eu.auth0.com/", 0, None),
            ("https://tenant.us.auth0.com/", 0, None),
            ("https://login.microsoftonline.com/9122040d-6c67-4c5b-b112-36a304b66dad/", 1, None),
            ("https://sts.windows.net/9122040d-6c67-4c5b-b112-36a304b66dad/", 1, None),
            ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abcdef", 2, Some("upper and lower case")),
            ("https://keycloak.example/realms/cafe\u{301}", 3, Some("the Unicode form of its letters")),
            ("https://accounts.google.com", 4, Some("http or https")),
        ] {
            let suggestion = nearest(given, CONFIGURED);
            let expected = Suggestion { issuer: CONFIGURED[index], difference: difference.map(str::to_owned) };
            // If both differ in the case of the scheme, only the found issuer matters.
            assert_eq!(suggestion.as_ref().map(|found| found.issuer), Some(expected.issuer), "{given}");
            if !given.starts_with("HTTPS") {
                assert_eq!(suggestion, Some(expected), "{given}");
            }
        }
    }

    #[test]
    fn g17_an_unrelated_issuer_suggests_nothing() {
        for given in ["https://other.example", "alice", ""] {
            assert_eq!(nearest(given, CONFIGURED), None, "{given}");
        }
        assert_eq!(nearest("https://tenant.eu.auth0.com", []), None);
    }
}
