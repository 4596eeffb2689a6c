//! Which form of answer a request accepts: JSON, or signed.

use http::{HeaderMap, header::ACCEPT};

use crate::media_type;

/// The form of the answer. Errors are always JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerForm {
    Json,
    Signed,
    /// The request accepts only signed answers, but answers are not signed here.
    NotServed,
}

impl AnswerForm {
    /// Reads `Accept`. A request gets the signed form if it names that form and prefers JSON no more: a wildcard is
    /// sent by clients that do not know the signed form. Any other request gets JSON.
    pub fn wanted(headers: &HeaderMap, signs: bool) -> Self {
        let ranges: Vec<(String, u16)> = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| split(value, ','))
            .filter_map(media_range)
            .collect();
        let quality = |name: &str| ranges.iter().filter(|(range, _)| range == name).map(|(_, quality)| *quality).max();
        let signed = quality(media_type::SIGNED_ANSWER).unwrap_or(0);
        // The most specific range that contains JSON determines its weight (RFC 9110 §12.5.1).
        let json = [media_type::JSON, "application/*", "*/*"].into_iter().find_map(quality).unwrap_or(0);
        // RFC 9701 §4: a signed answer is requested by naming its media type in `Accept`.
        match (signed > 0 && signed >= json, signs) {
            (true, true) => Self::Signed,
            (true, false) if json == 0 => Self::NotServed,
            // Any other `Accept` gets JSON, never a 406.
            _ => Self::Json,
        }
    }
}

/// A media range and its weight in thousandths. Returns `None` if the text is not a media range.
fn media_range(text: &str) -> Option<(String, u16)> {
    let mut parts = split(text, ';').into_iter();
    let range = parts.next()?.trim().to_ascii_lowercase();
    let mut parameters = parts.filter_map(|parameter| parameter.split_once('='));
    let weight = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    Some((range, weight.map_or(Some(1000), |(_, weight)| thousandths(weight.trim()))?))
}

/// A weight as in RFC 9110 §12.4.2: 0 to 1 with at most three decimals.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    match (whole, format!("{decimals:0<3}").parse().ok()?) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

/// Splits at a separator, but not within a quoted string (RFC 9110 §5.6.4).
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|character| {
        quoted ^= character == '"';
        character == separator && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::{AnswerForm::*, *};

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().filter_map(|value| Some((ACCEPT, HeaderValue::from_str(value).ok()?))).collect()
    }

    #[test]
    fn j02_the_signed_form_is_for_requests_that_name_it_and_prefer_json_no_more() {
        for (accept, expected) in [
            ("application/token-introspection+jwt", Signed),
            ("Application/Token-Introspection+JWT", Signed),
            ("application/token-introspection+jwt, application/json", Signed),
            ("application/json,application/token-introspection+jwt", Signed),
            ("application/json;q=0.9, application/token-introspection+jwt", Signed),
            ("application/token-introspection+jwt;q=0.5, application/json;q=0.5", Signed),
            ("application/token-introspection+jwt ; Q=0.001", Signed),
            ("application/token-introspection+jwt;q=1.000, */*;q=0.1", Signed),
            ("application/token-introspection+jwt, */*", Signed),
            ("application/token-introspection+jwt;q=0.5, application/json;q=0.4, */*", Signed),
            ("application/token-introspection+jwt;v=\"1,2;q=0\"", Signed),
            ("text/html, application/token-introspection+jwt;q=0.2", Signed),
            ("application/token-introspection+jwt;q=0.8, application/json", Json),
            ("application/token-introspection+jwt;q=0.8, application/json;q=0.801", Json),
            ("application/token-introspection+jwt;q=0.5, */*;q=0.8", Json),
            ("application/token-introspection+jwt;q=0.5, application/*", Json),
            ("application/token-introspection+jwt;q=0", Json),
            ("application/token-introspection+jwt;q=0.000, */*", Json),
            ("application/token-introspection+jwt;q=high", Json),
            ("application/token-introspection+jwt;q=1.5", Json),
            ("application/token-introspection+jwt;q=0.1234", Json),
            ("application/token-introspection+jwt;q=0.+1", Json),
            ("*/*", Json),
            ("application/*", Json),
            ("application/jwt", Json),
            ("application/token-introspection", Json),
            ("x application/token-introspection+jwt", Json),
            ("text/html;a=\"b, application/token-introspection+jwt\"", Json),
            ("text/html;a=\"b, application/token-introspection+jwt, c\"", Json),
            ("text/html;a=\"b\", application/token-introspection+jwt", Signed),
            ("application/json", Json),
            ("text/html, image/gif, image/jpeg, */*; q=0.2", Json),
            ("text/html", Json),
            ("", Json),
            (",;=,\"", Json),
        ] {
            assert_eq!(AnswerForm::wanted(&headers(&[accept]), true), expected, "{accept}");
        }
        assert_eq!(AnswerForm::wanted(&HeaderMap::new(), true), Json);
        let several = headers(&["application/json;q=0.5", "application/token-introspection+jwt"]);
        assert_eq!(AnswerForm::wanted(&several, true), Signed);
    }

    #[test]
    fn j02_while_nothing_is_signed_a_request_that_accepts_json_at_all_gets_it() {
        for (accept, expected) in [
            ("application/token-introspection+jwt", NotServed),
            ("application/token-introspection+jwt, text/html", NotServed),
            ("application/token-introspection+jwt, application/json;q=0", NotServed),
            ("application/token-introspection+jwt, */*;q=0", NotServed),
            ("application/token-introspection+jwt, application/json;q=0, */*", NotServed),
            ("application/token-introspection+jwt, application/json;q=0.1", Json),
            ("application/token-introspection+jwt, application/*;q=0.1", Json),
            ("application/token-introspection+jwt, */*;q=0.1", Json),
            ("application/token-introspection+jwt;q=0", Json),
            ("text/html", Json),
        ] {
            assert_eq!(AnswerForm::wanted(&headers(&[accept]), false), expected, "{accept}");
        }
    }
}
