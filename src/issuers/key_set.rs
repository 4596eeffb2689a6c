//! One issuer's keys: which of them a token is tried against, and what they say about its signature.

use serde_json::Value;

use crate::{
    jwt::{self, Algorithm, DroppedKey, Header, LoadedKeys, UnreadableKeySet, VerificationKey, key_set_entries, kid},
    records::Snapshot,
    token::{UnverifiedToken, VerifiedToken},
};

/// More entries of a set are not loaded.
const MAX_KEYS: usize = 100;
/// More keys are not tried for one token: each try costs a signature check.
const MAX_TRIES: usize = 16;

/// A key set that loaded, with at least one key in it.
pub struct IssuerKeySet {
    keys: Vec<VerificationKey>,
    dropped: Vec<DroppedKey>,
    gaps: Gaps,
    /// When the fetch began, in seconds since the epoch.
    pub fetched_at: i64,
}

/// What of a published set is not known (H-31).
#[derive(Default)]
pub struct Gaps {
    /// The `kid`s of keys that were published but not loaded, although no rule refuses them. `None` means a key
    /// without `kid`.
    unreadable: Vec<Option<String>>,
    /// Whether the set has more than [`MAX_KEYS`] entries.
    truncated: bool,
}

/// Why a text or snapshot is not a usable key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnusableKeySet {
    Unreadable(UnreadableKeySet),
    /// None of its keys may verify anything. Carries the number of its entries.
    NoUsableKey(usize),
}

/// What a set of keys says about a token.
pub enum SignatureCheck<'a, S> {
    /// One of the keys made the signature.
    Signed(Box<VerifiedToken<S>>),
    /// The set has no key that the token could be signed with.
    UnknownKey(Box<UnverifiedToken<'a, S>>),
    BadSignature(Box<UnverifiedToken<'a, S>>),
    /// No key that was tried made the signature, but the right one may not have been tried.
    Undecided(Gap, Box<UnverifiedToken<'a, S>>),
}

/// Why a key set cannot decide about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// A key that the token could be signed with was published and could not be read.
    UnreadableKey,
    /// The issuer publishes more keys than are loaded.
    TruncatedSet,
    /// More keys fit the token than are tried.
    TooManyTries,
}

/// The keys that a token is tried against (H-15).
struct Selection<'k> {
    keys: Vec<&'k VerificationKey>,
    /// Whether the token's `kid` named them. Otherwise, any key that was not loaded could be the right one.
    by_kid: bool,
    /// The `kid` under which an unreadable key could be the token's; `None` means one without.
    other: Option<String>,
}

impl IssuerKeySet {
    /// Loads a fetched set.
    ///
    /// # Errors
    ///
    /// Returns [`UnusableKeySet`] if the text is not a key set or has no usable key: such a fetch has failed.
    pub fn parse(text: &[u8], algorithms: &[Algorithm], fetched_at: i64) -> Result<Self, UnusableKeySet> {
        let entries = key_set_entries(text).map_err(UnusableKeySet::Unreadable)?;
        let (LoadedKeys { keys, dropped }, rest) = load(&entries, algorithms);
        if keys.is_empty() {
            return Err(UnusableKeySet::NoUsableKey(entries.len()));
        }
        let mut unreadable: Vec<_> =
            dropped.iter().filter(|key| key.cause.is_unreadable()).map(|key| key.kid.clone()).collect();
        // A loaded key's namesake beyond the limit would otherwise never be missed.
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
        let unreadable = snapshot.unreadable.iter().map(|kid| Some(kid.clone()).filter(|kid| !kid.is_empty()));
        set.gaps.unreadable.extend(unreadable);
        set.gaps.truncated |= snapshot.truncated;
        Ok(set)
    }

    /// The set for other environments, with nothing but the public members of the keys that loaded.
    pub fn to_snapshot(&self, jwks_uri: String) -> Snapshot {
        let mut unreadable: Vec<_> = self.gaps.unreadable.iter().map(|kid| kid.clone().unwrap_or_default()).collect();
        unreadable.sort();
        unreadable.dedup();
        Snapshot {
            jwks: jwt::key_set(self.keys.iter().map(VerificationKey::public_jwk)),
            jwks_uri,
            fetched_at: self.fetched_at,
            unreadable,
            truncated: self.gaps.truncated,
        }
    }

    /// The keys as they loaded.
    pub fn keys(&self) -> &[VerificationKey] {
        &self.keys
    }

    /// The entries that were fetched and did not load. A set from a snapshot has none.
    pub fn dropped(&self) -> &[DroppedKey] {
        &self.dropped
    }

    /// Whether the set can decide about the token as far as its header tells: it has a key for it, and knows of
    /// none that it could not read.
    pub fn serves<S>(&self, unverified: &UnverifiedToken<'_, S>) -> bool {
        let selection = Selection::new(&self.keys, &self.gaps, unverified.header());
        selection.is_known() && !selection.misses(&self.gaps)
    }

    pub fn is_truncated(&self) -> bool {
        self.gaps.truncated
    }

    /// Tries the token against its keys.
    pub fn check<'a, S>(&self, unverified: Box<UnverifiedToken<'a, S>>) -> SignatureCheck<'a, S> {
        check(&self.keys, &self.gaps, unverified)
    }
}

/// Loads the first entries of a set; the rest is more than a set may have.
pub fn load<'e>(entries: &'e [Value], algorithms: &[Algorithm]) -> (LoadedKeys, &'e [Value]) {
    let (first, rest) = entries.split_at(entries.len().min(MAX_KEYS));
    (LoadedKeys::load(first, algorithms), rest)
}

/// [`IssuerKeySet::check`] for any keys; those in the settings have no gaps.
pub fn check<'a, S>(
    keys: &[VerificationKey],
    gaps: &Gaps,
    unverified: Box<UnverifiedToken<'a, S>>,
) -> SignatureCheck<'a, S> {
    let selection = Selection::new(keys, gaps, unverified.header());
    match unverified.verify(selection.keys.iter().copied().take(MAX_TRIES)) {
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
            // Other keys with a `kid` are not tried: leaving it out must not escape their `kid#` marks.
            let only = only_fitting(keys, header).filter(|key| key.kid().is_some());
            let keys = keys.iter().filter(|key| key.kid().is_none()).filter(fits).chain(only).collect();
            return Self { keys, by_kid: false, other: None };
        };
        let other = Some(kid.to_owned());
        let by_kid = keys.iter().any(|key| key.kid() == Some(kid));
        if by_kid {
            let keys = keys.iter().filter(|key| key.kid() == Some(kid)).filter(fits).collect();
            return Self { keys, by_kid, other };
        }
        let has_kids = keys.iter().any(|key| key.kid().is_some()) || gaps.unreadable.iter().any(Option::is_some);
        if has_kids {
            return Self { keys: Vec::new(), by_kid, other };
        }
        // No key of the set has a name, so any of them may be the one that the token means.
        Self { keys: keys.iter().filter(fits).collect(), by_kid, other: None }
    }

    fn is_known(&self) -> bool {
        self.by_kid || !self.keys.is_empty()
    }

    /// Whether a key that could not be read may be the token's.
    fn misses(&self, gaps: &Gaps) -> bool {
        // Without `kid`, it could also be the one key that fits, whatever it is called.
        let may_be_the_only_one = self.other.is_none() && self.keys.is_empty() && !gaps.unreadable.is_empty();
        may_be_the_only_one || gaps.unreadable.contains(&self.other)
    }

    /// What kept the set from deciding, after no key was found to have made the signature.
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
