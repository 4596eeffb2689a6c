//! Steps 1 to 10 of the order of the checks (docs/errors.md), for introspection of one token and of many.

use super::{
    End, Wire, base64,
    form::{decoded, form, percent_decoded},
    json::Json,
    rules::{Fault, Rules},
};

const RECOGNIZED: [&str; 11] = [
    "token",
    "token_type_hint",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "dpop",
    "htm",
    "htu",
    "client_certificate",
    "client_certificate_thumbprint",
];
const SIGNED: &str = "application/token-introspection+jwt";

/// A request that can be answered once its client is known.
pub struct Query {
    pub tokens: Vec<String>,
    pub is_batch: bool,
    pub credentials: Credentials,
}

/// How the client authenticates.
pub enum Credentials {
    /// `client_secret_basic`, with every reading of the secret.
    Basic { id: String, readings: Vec<String> },
    /// `client_secret_post`.
    Post { id: String, secret: String },
    /// A bearer token that is not a JWT.
    Bearer,
    /// Another scheme than Basic and Bearer.
    OtherScheme,
}

/// What the body says.
struct Parameters {
    pairs: Vec<(String, String)>,
    /// The tokens of a batch; nothing if they are not a list of 1 to 50 texts.
    tokens: Option<Vec<String>>,
}

fn end(status: u16, reason: &'static str, description: &'static str) -> End {
    let error = if status == 404 { "not_found" } else { "invalid_request" };
    End { status, error, description, reason }
}

pub fn read(wire: &Wire, rules: Rules) -> Result<Query, End> {
    let is_batch = wire.path.ends_with("/token/introspect/batch");
    if !is_batch && !wire.path.ends_with("/token/introspect") {
        return Err(end(404, "not_found", ""));
    }
    if wire.method != "POST" {
        return Err(end(405, "method_not_allowed", "the method is not allowed here"));
    }
    let in_query = form(wire.query.as_bytes(), rules).unwrap_or_default();
    let secret = ["token", "client_secret", "client_assertion", "access_token"];
    if in_query.iter().any(|(name, _)| secret.contains(&name.as_str())) {
        return Err(end(400, "secret_in_query", "tokens and credentials must not be sent in the URL"));
    }
    let media_type = header(wire, "content-type").first().copied().unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if is_batch && media_type != "application/json" {
        return Err(end(415, "wrong_media_type", "the body must be application/json"));
    }
    if !is_batch && media_type != "application/x-www-form-urlencoded" {
        return Err(end(415, "wrong_media_type", "the body must be application/x-www-form-urlencoded"));
    }
    if wire.body.len() > if is_batch { 1024 * 1024 } else { 64 * 1024 } {
        return Err(end(413, "body_too_large", "the body is too large"));
    }
    let body = if is_batch { json(&wire.body, rules) } else { parameters(&wire.body, rules) }?;
    let credentials = credentials(wire, &body, rules)?;
    let parameter = |name| parameter(&body, name, rules);
    let tokens = if is_batch {
        body.tokens.clone().ok_or(end(400, "wrong_tokens", "tokens must be a list of 1 to 50 strings"))?
    } else {
        vec![parameter("token").ok_or(end(400, "missing_token", "the parameter token is missing"))?]
    };
    if accepts_only_signed(wire) {
        return Err(end(400, "nothing_is_signed", "responses are not signed here; accept application/json"));
    }
    if parameter("dpop").is_some() {
        return Err(end(400, "incomplete_proof", "dpop, htm and htu are sent together or not at all"));
    }
    Ok(Query { tokens, is_batch, credentials })
}

fn parameters(body: &[u8], rules: Rules) -> Result<Parameters, End> {
    let pairs = form(body, rules).ok_or(end(400, "malformed_body", "the body cannot be decoded"))?;
    let sent = |name: &str| pairs.iter().filter(|(sent, _)| sent == name).count();
    if RECOGNIZED.iter().any(|name| sent(name) > 1) {
        return Err(end(400, "duplicate_parameter", "a parameter was sent more than once"));
    }
    Ok(Parameters { pairs, tokens: None })
}

/// The body of a batch: a JSON object in which no member occurs twice.
fn json(body: &[u8], rules: Rules) -> Result<Parameters, End> {
    let repeats = |json: &Json| json.repeats_a_member() && !rules.breaks(Fault::RepeatedMembersAreRead);
    let object = Json::read(body).filter(|json| !repeats(json));
    let Some(Json::Object(members)) = object else {
        return Err(end(400, "malformed_body", "the body cannot be decoded"));
    };
    let tokens = members.iter().find(|(name, _)| name == "tokens").and_then(|(_, tokens)| tokens.list());
    let texts = tokens.map(|tokens| tokens.iter().map(|token| token.text().filter(|text| !text.is_empty())));
    let texts = texts.and_then(|tokens| tokens.map(|token| token.map(str::to_owned)).collect::<Option<Vec<_>>>());
    let pairs = members.iter().filter_map(|(name, value)| Some((name.clone(), value.text()?.to_owned())));
    let pairs = pairs.filter(|(name, _)| name.starts_with("client_")).collect();
    Ok(Parameters { pairs, tokens: texts.filter(|tokens| (1..=50).contains(&tokens.len())) })
}

/// A parameter with a value: one without a value is as if it had not been sent.
fn parameter(body: &Parameters, name: &str, rules: Rules) -> Option<String> {
    let value = body.pairs.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.clone());
    value.filter(|value| !value.is_empty() || rules.breaks(Fault::EmptyIsAValue))
}

/// Steps 7 to 9.
fn credentials(wire: &Wire, body: &Parameters, rules: Rules) -> Result<Credentials, End> {
    let parameter = |name| parameter(body, name, rules);
    let authorization = header(wire, "authorization");
    let (id, secret) = (parameter("client_id"), parameter("client_secret"));
    let mechanisms =
        [!authorization.is_empty(), secret.is_some(), parameter("client_assertion").is_some()].map(u8::from);
    if mechanisms.iter().sum::<u8>() > 1 && !rules.breaks(Fault::TwoMechanismsAreRead) {
        return Err(end(400, "two_mechanisms", "the client authenticated in more than one way"));
    }
    let credentials = match authorization[..] {
        [] => secret.map(|secret| Credentials::Post { id: id.unwrap_or_default(), secret }),
        [value] => Some(authorization_header(value, id.as_deref(), rules)?),
        _ => return Err(unreadable()),
    };
    let status = if accepts_only_signed(wire) { 400 } else { 401 };
    credentials.ok_or(End { status, error: "invalid_client", description: "", reason: "no_credentials" })
}

fn header<'w>(wire: &'w Wire, name: &str) -> Vec<&'w str> {
    wire.headers.iter().filter(|(header, _)| *header == name).map(|(_, value)| value.as_str()).collect()
}

fn unreadable() -> End {
    end(400, "unreadable_credentials", "the Authorization header cannot be read")
}

/// The credentials of the header (C-01 to C-06), beside a `client_id` in the body (B-06).
fn authorization_header(value: &str, body_id: Option<&str>, rules: Rules) -> Result<Credentials, End> {
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    if scheme.is_empty() || value.contains(',') {
        return Err(unreadable());
    }
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Credentials::Bearer);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(Credentials::OtherScheme);
    }
    let text = base64::standard(rest.trim_start_matches(' ')).and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.filter(|text| !text.chars().any(|c| c.is_ascii_control())).ok_or_else(unreadable)?;
    let (raw_id, raw) = text.split_once(':').ok_or_else(unreadable)?;
    let id = decoded(raw_id.as_bytes(), Rules::default()).filter(|_| !rules.breaks(Fault::RawClientIds));
    let id = id.unwrap_or_else(|| raw_id.to_owned());
    if body_id.is_some_and(|body_id| body_id != id) {
        let description = "client_id differs from the client of the Authorization header";
        return Err(end(400, "client_id_mismatch", description));
    }
    let decodings = [decoded(raw.as_bytes(), Rules::default()), percent_decoded(raw.as_bytes()), Some(raw.to_owned())];
    let count = if rules.breaks(Fault::OneReadingOfSecrets) { 1 } else { 3 };
    Ok(Credentials::Basic { id, readings: decodings.into_iter().take(count).flatten().collect() })
}

/// Whether `Accept` names the signed form and no form of JSON.
fn accepts_only_signed(wire: &Wire) -> bool {
    let accept = header(wire, "accept").join(",");
    let names = |media_type: &str| {
        accept.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let named = parts.next().is_some_and(|range| range.eq_ignore_ascii_case(media_type));
            named && !parts.any(|parameter| ["q=0", "q=0.0"].contains(&parameter))
        })
    };
    names(SIGNED) && !["application/json", "application/*", "*/*"].iter().any(|json| names(json))
}
