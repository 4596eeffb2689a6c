//! Key sets, and which key made a signature (docs/settings.md#keys).

use std::collections::BTreeMap;

use super::{Stop, World, base64, deployment::Entry, json::Json, jwt::Jwt, rules::Fault};

/// Every signature that was made, by the text that was signed.
#[derive(Default)]
pub struct Signatures(pub BTreeMap<String, Vec<Made>>);

pub struct Made {
    pub signature: String,
    pub algorithm: String,
    /// The public half of the key that made it.
    pub key: Material,
}

/// The numbers of a public key, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material(pub &'static str, pub Vec<Vec<u8>>);

/// An entry of a key set.
enum Published {
    Key { kid: Option<String>, algorithms: Vec<String>, material: Material },
    Unreadable { kid: Option<String> },
    Refused,
}

fn fits(algorithm: &str, kty: &str) -> bool {
    match kty {
        "RSA" => algorithm.starts_with("RS") || algorithm.starts_with("PS"),
        "P-256" => algorithm == "ES256",
        _ => algorithm == "EdDSA",
    }
}

fn name(algorithm: &str) -> String {
    algorithm.replace("Ed25519", "EdDSA")
}

/// The public key of an entry: its numbers, nothing if they cannot be read, or a refusal by a rule.
pub fn material(jwk: &Json) -> Result<Option<Material>, ()> {
    let present = |name: &str| jwk.get(name).filter(|value| **value != Json::Null && value.text() != Some(""));
    let number = |name: &str| {
        let bytes = base64::lenient(present(name)?.text()?)?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Some(bytes[zeros..].to_vec())
    };
    if present("kty").is_none() {
        return Ok(None);
    }
    let (kind, names): (_, &[&str]) = match (present("kty").and_then(Json::text), present("crv").and_then(Json::text)) {
        (Some("RSA"), _) => ("RSA", &["n", "e"]),
        (Some("EC"), Some("P-256")) => ("P-256", &["x", "y"]),
        (Some("OKP"), Some("Ed25519")) => ("Ed25519", &["x"]),
        _ => return Err(()),
    };
    let numbers: Option<Vec<_>> = names.iter().map(|name| number(name)).collect();
    let Some(numbers) = numbers else { return Ok(None) };
    match kind {
        "RSA" if !(256..=1024).contains(&numbers[0].len()) => Err(()),
        "Ed25519" if present("x").and_then(Json::text).and_then(base64::lenient).is_some_and(|x| x.len() != 32) => {
            Ok(None)
        }
        "P-256" if numbers.iter().any(|number| number.len() > 32) => Ok(None),
        _ => Ok(Some(Material(kind, numbers))),
    }
}

fn published(jwk: &Json, entry: &Entry) -> Published {
    let present = |name: &str| jwk.get(name).filter(|value| **value != Json::Null && value.text() != Some(""));
    let kid = present("kid").and_then(Json::text).map(str::to_owned);
    if !matches!(jwk, Json::Object(_)) {
        return Published::Unreadable { kid: None };
    }
    let verifies = |ops: &[Json]| ops.is_empty() || ops.iter().any(|op| op.text() == Some("verify"));
    if present("use").is_some_and(|usage| usage.text() != Some("sig"))
        || present("key_ops").and_then(Json::list).is_some_and(|ops| !verifies(ops))
    {
        return Published::Refused;
    }
    let Ok(material) = material(jwk) else { return Published::Refused };
    let own = present("alg").map(|alg| name(alg.text().unwrap_or_default()));
    let family = match present("kty").and_then(Json::text) {
        Some("RSA") => "RSA",
        Some("EC") => "P-256",
        _ => "Ed25519",
    };
    let algorithms = entry.algorithms.iter().map(|allowed| name(allowed)).filter(|allowed| fits(allowed, family));
    let algorithms: Vec<_> = algorithms.filter(|allowed| own.as_ref().is_none_or(|own| own == allowed)).collect();
    if algorithms.is_empty() {
        return Published::Refused;
    }
    match material {
        Some(material) => Published::Key { kid, algorithms, material },
        None => Published::Unreadable { kid },
    }
}

/// The name of the key that made the token's signature: that of the header, or else its own.
pub fn verify(world: &World<'_>, entry: &Entry, jwt: &Jwt<'_>) -> Result<Option<String>, Stop> {
    let unavailable = Stop::Unavailable("keys_unavailable");
    let document =
        Json::read(&entry.key_document).filter(|document| !document.repeats_a_member()).ok_or(unavailable)?;
    let entries = document.get("keys").and_then(Json::list).ok_or(unavailable)?;
    let is_truncated = entries.len() > 100;
    let set: Vec<_> = entries.iter().take(100).map(|jwk| published(jwk, entry)).collect();
    let algorithm = name(jwt.header_text("alg").unwrap_or_default());
    let wanted = jwt.header_text("kid").filter(|kid| !kid.is_empty());
    let (mut keys, mut unreadable) = (Vec::new(), Vec::new());
    for member in set {
        match member {
            Published::Key { kid, algorithms, material } => keys.push((kid, algorithms, material)),
            Published::Unreadable { kid } => unreadable.push(kid),
            Published::Refused => {}
        }
    }
    if keys.is_empty() {
        return Err(unavailable);
    }
    let is_named = |kid: &Option<String>| kid.as_deref() == wanted;
    let fitting: Vec<_> = keys.iter().filter(|(_, algorithms, _)| algorithms.contains(&algorithm)).collect();
    let nameless = keys.iter().all(|(kid, ..)| kid.is_none()) && unreadable.iter().all(Option::is_none);
    let (is_only, no_key_fits) = (fitting.len() == 1, fitting.is_empty());
    let all = (nameless && wanted.is_some())
        || (wanted.is_none() && (is_only || world.rules.breaks(Fault::TokensWithoutKidTryAllKeys)));
    let mut tried: Vec<_> = fitting.into_iter().filter(|(kid, ..)| all || is_named(kid)).collect();
    let is_cut_short = tried.len() > 16;
    tried.truncate(16);
    let made = world.signatures.0.get(jwt.input).into_iter().flatten();
    let mut made = made.filter(|made| made.signature == jwt.signature && made.algorithm == algorithm);
    if let Some(made) = made.next()
        && let Some((kid, ..)) = tried.iter().find(|(_, _, material)| *material == made.key)
    {
        return Ok(wanted.map(str::to_owned).or_else(|| kid.clone()));
    }
    // A key that cannot be read may be the one that fits.
    let may_be_only = wanted.is_none() && no_key_fits;
    if is_truncated
        || is_cut_short
        || unreadable.iter().any(|kid| is_named(kid) || (nameless && kid.is_none()) || may_be_only)
    {
        return Err(unavailable);
    }
    let is_known = if wanted.is_some() {
        nameless && !tried.is_empty() || keys.iter().any(|(kid, ..)| is_named(kid))
    } else {
        !tried.is_empty()
    };
    Err(Stop::Inactive(if is_known { "bad_signature" } else { "unknown_key" }))
}
