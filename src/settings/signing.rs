//! `SIGNING_KEY` and `SIGNING_ALGORITHM`: where the keys of signed answers are.

use std::sync::Arc;

use super::SettingError;
use crate::{
    arn::Arn,
    jwt::{Algorithm, SigningKey},
};

/// The location of a key in `SIGNING_KEY`.
#[derive(Clone)]
pub enum SigningKeySource {
    /// A file of the function, which is read during the start.
    File(Arc<SigningKey>),
    /// A secret with the same content as such a file. It is loaded when it is first needed.
    SecretsManager(Arn),
    /// A key that never leaves KMS.
    Kms(Arn),
}

const VARIABLE: &str = "SIGNING_KEY";
const EXAMPLE: &str =
    "kms:arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab,file:previous-key.pem";

/// Reads both variables. Returns the keys in their order, and the algorithm for RSA keys that do not name one.
///
/// # Errors
///
/// Returns [`SettingError`] if a file does not contain a usable key, or if a location is not valid.
pub fn read(get: &impl Fn(&str) -> Option<String>) -> Result<(Vec<SigningKeySource>, Algorithm), SettingError> {
    let rsa = match get("SIGNING_ALGORITHM").as_deref() {
        None | Some("RS256") => Algorithm::Rs256,
        Some("PS256") => Algorithm::Ps256,
        Some(_) => {
            let problem = "is neither RS256 nor PS256, between which RSA keys can choose; other keys have one";
            return Err(SettingError::new("SIGNING_ALGORITHM", problem, "PS256"));
        }
    };
    let Some(list) = get(VARIABLE) else { return Ok((Vec::new(), rsa)) };
    let mut keys = Vec::new();
    let mut identifiers: Vec<String> = Vec::new();
    for (number, entry) in (1..).zip(list.split(',').map(str::trim)) {
        let key = key(number, entry, rsa)?;
        let identifier = match &key {
            SigningKeySource::File(key) => key.published().kid.clone(),
            SigningKeySource::SecretsManager(arn) | SigningKeySource::Kms(arn) => arn.to_string(),
        };
        if let Some(first) = identifiers.iter().position(|known| *known == identifier) {
            return Err(error(format!("names one key twice, as entries {} and {number}", first + 1)));
        }
        identifiers.push(identifier);
        keys.push(key);
    }
    Ok((keys, rsa))
}

/// Reads one entry. Errors never quote it, because it may be the key itself.
fn key(number: usize, entry: &str, rsa: Algorithm) -> Result<SigningKeySource, SettingError> {
    let problem = |what: &str| error(format!("has an entry {number} {what}"));
    let wrong = |service| problem(&format!("whose part after the first colon is not an ARN of {service}"));
    let (kind, place) = entry.split_once(':').unwrap_or((entry, ""));
    if is_key(if kind == "file" { place } else { entry }) {
        return Err(problem(
            "that is a key itself instead of its location; put the key into a file or a secret, and name that",
        ));
    }
    match kind {
        "file" if entry.contains(':') => {
            let text = std::fs::read_to_string(place)
                .map_err(|error| problem(&format!("whose file cannot be read: {error}")))?;
            let key = SigningKey::parse(&text, rsa)
                .map_err(|unusable| problem(&format!("whose file {}", unusable.problem())))?;
            Ok(SigningKeySource::File(Arc::new(key)))
        }
        "secretsmanager" => arn(place, "secretsmanager", "secret:")
            .map(SigningKeySource::SecretsManager)
            .ok_or_else(|| wrong("a secret in Secrets Manager")),
        // An alias is not accepted, because it could be pointed to another key between two answers.
        "kms" => arn(place, "kms", "key/")
            .map(SigningKeySource::Kms)
            .ok_or_else(|| wrong("a key in KMS (an alias is not accepted)")),
        _ => Err(problem("that does not begin with file:, secretsmanager: or kms:")),
    }
}

/// Parses the ARN of a resource of this service and kind, which always has a Region.
fn arn(text: &str, service: &str, kind: &str) -> Option<Arn> {
    let arn = Arn::parse(text).filter(|arn| !arn.region.is_empty())?;
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/+=.@".contains(&byte));
    arn.name_of(service, kind).is_some_and(is_name).then_some(arn)
}

/// Whether a text looks like a private key in PEM or like a JSON Web Key.
fn is_key(text: &str) -> bool {
    text.trim_start().starts_with('{') || text.contains("-----BEGIN")
}

fn error(problem: String) -> SettingError {
    SettingError::new(VARIABLE, problem, EXAMPLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_checked_for_their_form() {
        for (text, service, resource, is_arn) in [
            ("arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab", "kms", "key/", true),
            ("arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-1234", "kms", "key/", true),
            ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:a/b-c_d-AbCdEf", "secretsmanager", "secret:", true),
            ("arn:aws:kms:eu-west-1:123456789012:alias/a", "kms", "key/", false),
            ("arn:aws:kms:eu-west-1:123456789012:key/", "kms", "key/", false),
            ("arn:aws:kms:eu-west-1:123456789012:key/a b", "kms", "key/", false),
            ("arn:aws:kms:eu-west-1:12345678901:key/a", "kms", "key/", false),
            ("arn:aws:kms::123456789012:key/a", "kms", "key/", false),
            ("arn:aws:kms:eu west:123456789012:key/a", "kms", "key/", false),
            ("arn:gcp:kms:eu-west-1:123456789012:key/a", "kms", "key/", false),
            ("arn:aws:s3:eu-west-1:123456789012:key/a", "kms", "key/", false),
            ("key/a", "kms", "key/", false),
            ("", "kms", "key/", false),
        ] {
            assert_eq!(arn(text, service, resource).is_some(), is_arn, "{text}");
        }
        let arn = arn("arn:aws:kms:eu-west-1:123456789012:key/a", "kms", "key/");
        assert_eq!(arn.map(|arn| arn.region).as_deref(), Some("eu-west-1"));
    }
}
