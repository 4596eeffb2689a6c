//! A token is active only if our key signed it, and only if its claims allow it.
//!
//! An input that begins with `!` is a header and, after the first line break, claims, which are signed here. So what
//! follows the check of the signature is reached too. Any other input is a token as it is.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use token_introspection::{
    issuers::Issuers,
    judge,
    records::{FetchedItems, ItemKey},
    store::Store,
    token::PresentedToken,
};
use tokio::runtime::{Builder, Runtime};

use crate::{
    json, two_parts,
    world::{ISSUER, KID, NOW, SETTINGS, jwt, signature},
};

/// Whether a token is active.
pub type Subject = fn(&str) -> bool;

/// The keys of the items that are read for a token.
pub type Keys = fn(&PresentedToken<'_>) -> Vec<ItemKey>;

/// A longer token is not read (docs/endpoints.md).
const MAX_BYTES: usize = 16 * 1024;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());
static ISSUERS: LazyLock<Issuers> = LazyLock::new(|| {
    let store = Store::with_config(
        &aws_config::SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build(),
        &SETTINGS,
    )
    .unwrap();
    Issuers::new(&SETTINGS, store).unwrap()
});

pub fn check(data: &[u8]) {
    holds(is_active, data);
    can_be_revoked(keys_of, data);
}

fn keys_of(token: &PresentedToken<'_>) -> Vec<ItemKey> {
    token.keys()
}

/// The code of the function: parse, judge, verify, without marks. The issuers' keys are in the settings, so nothing is
/// fetched.
pub fn is_active(token: &str) -> bool {
    let PresentedToken::Jwt { unverified: Ok(unverified), .. } = PresentedToken::parse(token, &SETTINGS) else {
        return false;
    };
    let Ok(judged) = judge::jwt(*unverified, &SETTINGS, NOW) else { return false };
    let (items, later) = (FetchedItems::default(), FetchedItems::default());
    let deadline = token_introspection::call::deadline(std::time::Duration::from_secs(1));
    let verified = RUNTIME.block_on(ISSUERS.verify(Box::new(judged), &items, NOW, deadline));
    verified.is_ok_and(|verified| judge::active(verified, &items, &later).is_ok())
}

/// The properties of a verdict.
pub fn holds(subject: Subject, data: &[u8]) {
    let Some((header, claims)) = data.strip_prefix(b"!").map(two_parts) else {
        let Ok(token) = std::str::from_utf8(data) else { return };
        if subject(token) {
            may_be_active(token);
        }
        return;
    };
    let token = jwt(header, claims);
    if !subject(&token) {
        return;
    }
    may_be_active(&token);
    // The same text with any other signature, and the same signature with any other text, is not active.
    let (input, good) = token.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(good).unwrap();
    let at = claims.len() % bytes.len();
    bytes[at] ^= 1 << (header.len() % 8);
    let (header, claims) = input.split_once('.').unwrap();
    let spaced = |part: &str| {
        let text = URL_SAFE_NO_PAD.decode(part).unwrap();
        URL_SAFE_NO_PAD.encode([&text[..], b" "].concat())
    };
    for forged in [
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(&bytes)),
        format!("{input}."),
        format!("{input}.{good}="),
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(&bytes[..63])),
        format!("{}.{claims}.{good}", spaced(header)),
        format!("{header}.{}.{good}", spaced(claims)),
        format!("{input}.{}", signature(&format!("{input} "))),
    ] {
        assert!(!subject(&forged), "a forged token is active");
    }
    assert!(subject(&token), "a token that was active is not, after forged ones");
}

/// An active token has our key's signature, which is deterministic, and what RFC 9068 and the settings demand.
fn may_be_active(token: &str) {
    assert!(token.len() <= MAX_BYTES, "a token that is too long is active");
    let (input, presented) = token.rsplit_once('.').expect("a token without a signature is active");
    assert!(presented == signature(input), "a token that our key did not sign is active");
    let (header, claims) = input.split_once('.').expect("a token of one part is active");
    let (header, claims) = (members(header), members(claims));
    let text = |members: &Map<String, Value>, name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    assert!(matches!(text(&header, "alg").as_deref(), Some("EdDSA" | "Ed25519")), "another algorithm");
    assert!(text(&header, "kid").is_none_or(|kid| kid.is_empty() || kid == KID), "another key");
    assert!(!header.contains_key("crit"), "a critical extension");
    let issuer = text(&claims, "iss");
    let is_strict = issuer.as_deref() == Some(ISSUER);
    assert!(is_strict || issuer.as_deref() == Some("https://generic.example.com"), "another issuer");
    let is_access_token = if is_strict {
        let typ = text(&header, "typ").unwrap_or_default().to_ascii_lowercase();
        ["at+jwt", "application/at+jwt"].contains(&typ.as_str())
    } else {
        text(&claims, "token_use").as_deref() == Some("access")
    };
    assert!(is_access_token, "another kind of token");
    let exp = claims.get("exp").and_then(Value::as_f64).expect("a token without exp is active");
    #[expect(clippy::cast_precision_loss, reason = "the time is exact")]
    let now = NOW as f64;
    assert!(exp >= now + 1.0, "an expired token is active");
    let later = |name| claims.get(name).and_then(Value::as_f64).is_some_and(|time| time.floor() > now + 10.0);
    assert!(!later("nbf") && !later("iat"), "a token from the future is active");
    assert!(!claims.contains_key("events") && !claims.contains_key("token_introspection"), "another kind of JWT");
}

fn members(part: &str) -> Map<String, Value> {
    let text = URL_SAFE_NO_PAD.decode(part).expect("a part that is not canonical base64url");
    let text = String::from_utf8(text).expect("a part that is not UTF-8");
    json::members(&text).expect("a part with two readings")
}

/// Each JWT that parses has the mark that revokes it, among a bounded number of marks.
pub fn can_be_revoked(keys: Keys, data: &[u8]) {
    let token = match data.strip_prefix(b"!").map(two_parts) {
        Some((header, claims)) => jwt(header, claims),
        None => String::from_utf8_lossy(data).into_owned(),
    };
    let presented = PresentedToken::parse(&token, &SETTINGS);
    let keys = keys(&presented);
    assert!((1..=16).contains(&keys.len()), "the number of items to read is not bounded");
    assert!(keys.iter().all(|key| (1..=2048).contains(&key.id().len())), "a key that DynamoDB would refuse");
    if let PresentedToken::Jwt { unverified: Ok(unverified), .. } = presented {
        assert!(keys.contains(&unverified.own_mark().key), "a token that cannot be revoked");
    }
}
