//! Checks the trusted issuers: whether their keys can be fetched, which of them load, and how old the shared sets are.

use serde_json::{Value, json};
use token_introspection::{
    issuers::Probe,
    jwt::{DroppedKey, LoadedKeys},
    records::{ItemKey, Snapshot},
    settings::{KeySource, TrustedIssuer},
};

use super::{Examination, finding::Kind};
use crate::explain::dropped_key;

/// From this age on, a shared set that cannot be replaced is an error: it is used for 24 hours.
const OLD_SECONDS: i64 = Snapshot::LIFETIME_SECONDS / 2;

/// The keys that an issuer publishes, as far as they are known from here.
enum Published {
    Keys(Keys),
    /// The keys could not be fetched, with the name of the cause.
    Unreachable(String),
}

/// What is known about the keys of a set.
struct Keys {
    loaded: usize,
    /// Whether one of them has no `kid`.
    has_nameless: bool,
    dropped: Vec<DroppedKey>,
}

impl From<&LoadedKeys> for Keys {
    fn from(LoadedKeys { keys, dropped }: &LoadedKeys) -> Self {
        let has_nameless = keys.iter().any(|key| key.kid().is_none());
        Self { loaded: keys.len(), has_nameless, dropped: dropped.clone() }
    }
}

/// Checks all issuers, and returns what is known about each.
pub(super) async fn check(examination: &mut Examination<'_>) -> Value {
    let probe = Probe::new(examination.proxies.clone());
    let mut shown = Vec::new();
    for issuer in &examination.settings.trusted_issuers {
        let published = published(examination, &probe, issuer).await;
        let age = match &issuer.keys {
            KeySource::Inline(_) => None,
            KeySource::Remote(_) | KeySource::Discovered(_) => snapshot_age(examination, issuer).await,
        };
        shown.push(report(examination, issuer, &published, age));
    }
    shown.into()
}

async fn published(examination: &mut Examination<'_>, probe: &Probe, issuer: &TrustedIssuer) -> Published {
    if let KeySource::Inline(keys) = &issuer.keys {
        return Published::Keys(keys.into());
    }
    let loaded = match probe.keys(issuer).await {
        Ok(keys) => keys.load(&issuer.algorithms),
        Err(error) => Err(error),
    };
    match loaded {
        Ok((keys, is_truncated)) => {
            if is_truncated {
                examination.findings.add(Kind::KeySetTruncated, &issuer.issuer, "");
            }
            Published::Keys((&keys).into())
        }
        Err(error) => Published::Unreachable(error.to_string()),
    }
}

/// The age of the set that the environments share, if there is one that can be used.
async fn snapshot_age(examination: &mut Examination<'_>, issuer: &TrustedIssuer) -> Option<i64> {
    let key = ItemKey::snapshot(&issuer.issuer).ok()?;
    let items = match examination.admin.items(std::slice::from_ref(&key)).await {
        Ok(items) => items,
        Err(failure) => {
            examination.findings.add(
                Kind::NotChecked,
                format!("shared keys of {}", issuer.issuer),
                failure.to_string(),
            );
            return None;
        }
    };
    let unusable = match items.record::<Snapshot>(&key) {
        Ok(None) => return None,
        Ok(Some(snapshot)) => match &issuer.keys {
            KeySource::Remote(uri) if *uri != snapshot.jwks_uri.as_str() => "it is from another jwks_uri",
            _ if snapshot.fetched_at > examination.now => "it is from the future",
            _ => return Some(examination.now - snapshot.fetched_at),
        },
        Err(_) => "an attribute has a wrong type",
    };
    examination.findings.add(Kind::SnapshotUnusable, &issuer.issuer, unusable);
    None
}

fn report(examination: &mut Examination<'_>, issuer: &TrustedIssuer, published: &Published, age: Option<i64>) -> Value {
    let (findings, name) = (&mut examination.findings, &issuer.issuer);
    let (keys, dropped, problem) = match published {
        Published::Keys(keys) => {
            if keys.loaded == 0 {
                findings.add(Kind::NoUsableKey, name, dropped_texts(&keys.dropped));
            }
            // A key that a rule excludes, for example one for encryption, was never meant for us.
            for key in keys.dropped.iter().filter(|key| key.cause.is_unreadable()) {
                findings.add(Kind::KeyDropped, name, key.to_string());
            }
            if keys.has_nameless {
                findings.add(Kind::KeyWithoutKid, name, "");
            }
            (Some(keys.loaded), keys.dropped.iter().map(dropped_key).collect(), None)
        }
        Published::Unreachable(why) => {
            let is_lasting = age.is_some_and(|age| age < OLD_SECONDS);
            let kind = if is_lasting { Kind::KeysUnreachable } else { Kind::KeysUnavailable };
            let shared = match age {
                Some(age) => format!("the shared set is {} h old", age / 3600),
                None => "there is no shared set".to_owned(),
            };
            findings.add(kind, name, format!("{why}; {shared}"));
            (None, Vec::new(), Some(why))
        }
    };
    json!({
        "issuer": name,
        "profile": issuer.profile.name,
        "loaded_keys": keys,
        "dropped_keys": dropped,
        "problem": problem,
        "shared_seconds_ago": age,
    })
}

fn dropped_texts(dropped: &[DroppedKey]) -> String {
    dropped.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
