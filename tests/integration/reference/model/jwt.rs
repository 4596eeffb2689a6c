//! The form of a JWT (H-10, H-11, RFC 7515).

use super::{
    base64,
    json::Json,
    rules::{Fault, Rules},
};

/// A token of three parts, each in its one encoding.
pub struct Jwt<'t> {
    pub header: Json,
    pub payload: Json,
    pub input: &'t str,
    pub signature: &'t str,
}

/// What a token is by its form.
pub enum Form<'t> {
    Opaque,
    Malformed,
    Jwt(Jwt<'t>),
}

impl Jwt<'_> {
    /// A member of the header that is a text.
    pub fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Json::text)
    }
}

/// A JWT has three parts, and the first is a JSON object with `alg`. Everything else is opaque.
pub fn read(token: &str, rules: Rules) -> Form<'_> {
    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { return Form::Opaque };
    let Some(header) = base64::url(header).and_then(|bytes| Json::read(&bytes)) else { return Form::Opaque };
    if header.get("alg").is_none() {
        return Form::Opaque;
    }
    let unpadded = |part| if rules.breaks(Fault::PaddingIsRead) { str::trim_end_matches(part, '=') } else { part };
    let (payload, signature) = (unpadded(payload), unpadded(signature));
    let Some(payload) = base64::url(payload).and_then(|bytes| Json::read(&bytes)) else { return Form::Malformed };
    let repeats = [&header, &payload].iter().any(|part| part.repeats_a_member());
    let is_text = |name| header.get(name).is_none_or(|value| value.text().is_some());
    let good = matches!(payload, Json::Object(_))
        && payload.levels() <= 127
        && base64::url(signature).is_some()
        && (!repeats || rules.breaks(Fault::RepeatedMembersAreRead))
        && ["alg", "kid", "typ"].into_iter().all(is_text);
    if !good {
        return Form::Malformed;
    }
    let input = token.rsplit_once('.').map(|(input, _)| input).unwrap_or_default();
    Form::Jwt(Jwt { header, payload, input, signature })
}
