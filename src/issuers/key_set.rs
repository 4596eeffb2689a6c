//! One issuer's keys: which of them a token is checked against, and what the result means.

use serde_json::Value;

use crate::{
    jwt::{
        self, Algorithm, CheckedSignatures, DroppedKey, Header, LoadedKeys, UnreadableKeySet, VerificationKey,
        key_set_entries, kid,
    },
    records::{Snapshot, StrictString},
    token::{UnverifiedToken, VerifiedToken},
};

/// How many entries of a set are loaded.
const MAX_KEYS: usize = 100;
/// How many keys are tried for one token, because each try costs a signature check.
const MAX_TRIES: usize = 16;

/// A loaded key set with at least one usable key.
pub struct IssuerKeySet {
    keys: Vec<VerificationKey>,
    dropped: Vec<DroppedKey>,
    gaps: Gaps,
    /// When the fetch started, in seconds since the epoch.
    pub fetched_at: i64,
}

/// What is not known about a published set (H-31).
#[derive(Default)]
pub struct Gaps {
    /// The `kid`s of keys that were published but could not be read. `None` means a key without `kid`.
    unreadable: Vec<Option<String>>,
    /// Whether the set has more than [`MAX_KEYS`] entries.
    truncated: bool,
}

/// Why a text or snapshot is not a usable key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnusableKeySet {
    Unreadable(UnreadableKeySet),
    /// No key may verify anything. Contains the number of entries.
    NoUsableKey(usize),
}

/// What a key set says about a token's signature.
pub enum SignatureCheck<'a, S> {
    /// One of the keys made the signature.
    Signed(Box<VerifiedToken<S>>),
    /// The set has no key that the token could be signed with.
    UnknownKey(Box<UnverifiedToken<'a, S>>),
    BadSignature(Box<UnverifiedToken<'a, S>>),
    /// No key that was tried made the signature, but the right key may not have been tried.
    Undecided(Gap, Box<UnverifiedToken<'a, S>>),
}

/// Why a key set cannot decide about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// A key that the token could be signed with was published but could not be read.
    UnreadableKey,
    /// The issuer publishes more keys than are loaded.
    TruncatedSet,
    /// More keys fit the token than are tried.
    TooManyTries,
}

/// The keys that a token is checked against (H-15).
struct Selection<'k> {
    keys: Vec<&'k VerificationKey>,
    /// Whether the token's `kid` selected them. Otherwise, any key that was not loaded could be the right one.
    by_kid: bool,
    /// The `kid` under which an unreadable key could be the token's. `None` means a key without `kid`.
    other: Option<String>,
    /// Whether the token has no `kid` and no readable key fits it, so that an unreadable one could be the only one.
    lacks_only_key: bool,
}

impl IssuerKeySet {
    /// Loads a fetched set.
    ///
    /// # Errors
    ///
    /// Returns [`UnusableKeySet`] if the text is not a key set or has no usable key. The fetch has then failed.
    pub fn parse(text: &[u8], algorithms: &[Algorithm], fetched_at: i64) -> Result<Self, UnusableKeySet> {
        let entries = key_set_entries(text).map_err(UnusableKeySet::Unreadable)?;
        let (LoadedKeys { keys, dropped }, rest) = load(&entries, algorithms);
        if keys.is_empty() {
            return Err(UnusableKeySet::NoUsableKey(entries.len()));
        }
        let mut unreadable: Vec<_> =
            dropped.iter().filter(|key| key.cause.is_unreadable()).map(|key| key.kid.clone()).collect();
        // Otherwise, a key beyond the limit with the same `kid` as a loaded key would never be missed.
        let names_loaded = |kid: &String| keys.iter().any(|key| key.kid() == Some(kid));
        unreadable.extend(rest.iter().filter_map(kid).filter(names_loaded).map(Some));
        let gaps = Gaps { unreadable, truncated: !rest.is_empty() };
        Ok(Self { keys, dropped, gaps, fetched_at })
    }

    /// Loads a set that another environment fetched.
    ///
    /// # Errors
    ///
    /// Returns [`UnusableKeySet`], as [`IssuerKeySet::parse`] does.
    pub fn from_snapshot(snapshot: &Snapshot, algorithms: &[Algorithm]) -> Result<Self, UnusableKeySet> {
        let mut set = Self::parse(snapshot.jwks.as_bytes(), algorithms, snapshot.fetched_at)?;
        let unreadable =
            snapshot.unreadable.iter().map(|StrictString(kid)| Some(kid.clone()).filter(|kid| !kid.is_empty()));
        set.gaps.unreadable.extend(unreadable);
        set.gaps.truncated |= snapshot.truncated;
        Ok(set)
    }

    /// The set as other environments get it: only the public members of the loaded keys.
    pub fn to_snapshot(&self, jwks_uri: String) -> Snapshot {
        let mut unreadable: Vec<_> = self.gaps.unreadable.iter().map(|kid| kid.clone().unwrap_or_default()).collect();
        unreadable.sort();
        unreadable.dedup();
        Snapshot {
            jwks: jwt::key_set(self.keys.iter().map(VerificationKey::public_jwk)),
            jwks_uri,
            fetched_at: self.fetched_at,
            unreadable: unreadable.into_iter().map(StrictString).collect(),
            truncated: self.gaps.truncated,
        }
    }

    /// The loaded keys.
    pub fn keys(&self) -> &[VerificationKey] {
        &self.keys
    }

    /// The entries that were fetched but not loaded. A set from a snapshot has none.
    pub fn dropped(&self) -> &[DroppedKey] {
        &self.dropped
    }

    /// Whether the set can decide about the token, judging by the token's header: it has a key for the token, and no
    /// unreadable key could be the token's.
    pub fn serves<S>(&self, unverified: &UnverifiedToken<'_, S>) -> bool {
        let selection = Selection::new(&self.keys, &self.gaps, unverified.header());
        selection.is_known() && !selection.misses(&self.gaps)
    }

    pub fn is_truncated(&self) -> bool {
        self.gaps.truncated
    }

    /// Checks the token's signature against the keys of the set.
    pub fn check<'a, S>(
        &self,
        unverified: Box<UnverifiedToken<'a, S>>,
        checked: &CheckedSignatures,
    ) -> SignatureCheck<'a, S> {
        check(&self.keys, &self.gaps, unverified, checked)
    }
}

/// Loads the first entries of a set. Returns the entries beyond the limit too.
pub fn load<'e>(entries: &'e [Value], algorithms: &[Algorithm]) -> (LoadedKeys, &'e [Value]) {
    let (first, rest) = entries.split_at(entries.len().min(MAX_KEYS));
    (LoadedKeys::load(first, algorithms), rest)
}

/// Like [`IssuerKeySet::check`], for any keys. Keys in the settings have no gaps.
pub fn check<'a, S>(
    keys: &[VerificationKey],
    gaps: &Gaps,
    unverified: Box<UnverifiedToken<'a, S>>,
    checked: &CheckedSignatures,
) -> SignatureCheck<'a, S> {
    let selection = Selection::new(keys, gaps, unverified.header());
    match unverified.verify(selection.keys.iter().copied().take(MAX_TRIES), checked) {
        Ok(token) => SignatureCheck::Signed(Box::new(token)),
        Err(unverified) => match selection.gap(gaps) {
            Some(gap) => SignatureCheck::Undecided(gap, unverified),
            None if selection.is_known() => SignatureCheck::BadSignature(unverified),
            None => SignatureCheck::UnknownKey(unverified),
        },
    }
}

/// The one key of a set that fits a token without `kid`, if exactly one does.
pub fn only_fitting<'k>(keys: &'k [VerificationKey], header: &Header) -> Option<&'k VerificationKey> {
    if named_kid(header).is_some() {
        return None;
    }
    let algorithm = Algorithm::from_name(&header.alg)?;
    let mut fitting = keys.iter().filter(|key| key.serves(algorithm));
    fitting.next().filter(|_| fitting.next().is_none())
}

/// The token's `kid`; an empty one names no key.
fn named_kid(header: &Header) -> Option<&str> {
    header.kid.as_deref().filter(|kid| !kid.is_empty())
}

impl<'k> Selection<'k> {
    fn new(keys: &'k [VerificationKey], gaps: &Gaps, header: &Header) -> Self {
        let algorithm = Algorithm::from_name(&header.alg);
        let fits = |key: &&VerificationKey| algorithm.is_some_and(|algorithm| key.serves(algorithm));
        let Some(kid) = named_kid(header) else {
            // Other keys with a `kid` are not tried: omitting the `kid` must not avoid their `kid#` marks.
            let only = only_fitting(keys, header).filter(|key| key.kid().is_some());
            let lacks_only_key = !keys.iter().any(|key| fits(&key));
            let keys = keys.iter().filter(|key| key.kid().is_none()).filter(fits).chain(only).collect();
            return Self { keys, by_kid: false, other: None, lacks_only_key };
        };
        let other = Some(kid.to_owned());
        let by_kid = keys.iter().any(|key| key.kid() == Some(kid));
        if by_kid {
            let keys = keys.iter().filter(|key| key.kid() == Some(kid)).filter(fits).collect();
            return Self { keys, by_kid, other, lacks_only_key: false };
        }
        let has_kids = keys.iter().any(|key| key.kid().is_some()) || gaps.unreadable.iter().any(Option::is_some);
        if has_kids {
            return Self { keys: Vec::new(), by_kid, other, lacks_only_key: false };
        }
        // No key of the set has a `kid`, so the token may mean any of them.
        Self { keys: keys.iter().filter(fits).collect(), by_kid, other: None, lacks_only_key: false }
    }

    fn is_known(&self) -> bool {
        self.by_kid || !self.keys.is_empty()
    }

    /// Whether a key that could not be read may be the token's.
    fn misses(&self, gaps: &Gaps) -> bool {
        // Without `kid`, the token's key could also be the only fitting one, whatever its `kid`.
        (self.lacks_only_key && !gaps.unreadable.is_empty()) || gaps.unreadable.contains(&self.other)
    }

    /// Why the set could not decide, if no tried key made the signature.
    fn gap(&self, gaps: &Gaps) -> Option<Gap> {
        if self.misses(gaps) {
            Some(Gap::UnreadableKey)
        } else if self.keys.len() > MAX_TRIES {
            Some(Gap::TooManyTries)
        } else if gaps.truncated && !self.by_kid {
            Some(Gap::TruncatedSet)
        } else {
            None
        }
    }
}
