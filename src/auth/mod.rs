//! Who is asking. The caller is judged before the token; nothing about a token can be learned without a [`Caller`].

mod assertion;
mod attested;
mod bearer;
mod client;
mod iam;
mod registration;
mod secret;

use std::ops::Deref;

use serde_json::Value;

pub use self::{
    assertion::ALGORITHMS as ASSERTION_ALGORITHMS,
    bearer::{Bearer, Bearing},
    client::Client,
    registration::{Barred, Registration, Way},
};
use crate::{
    records::{ClientRecord, Corrupt, Items, Key, Seconds},
    request::Credentials,
    settings::Settings,
    store::FirstUse,
    token::Inactive,
};

/// An authenticated confidential client. [`Caller::authenticate`] is the only way to make one.
pub struct Caller(Client);

/// A caller is a client, and one that has shown to be it.
impl Deref for Caller {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

/// Why the credentials authenticate nobody: for the log, never for the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    UnsupportedMechanism,
    UnknownClient,
    CorruptRecord,
    Disabled,
    /// It has no secret, so it cannot authenticate (RFC 7662 §2.1).
    PublicClient,
    /// The client is registered for another mechanism.
    WrongMethod,
    WrongSecret,
    /// No JWT, of another `client_assertion_type`, or naming two clients (RFC 7523 §3).
    MalformedAssertion,
    /// None of the client's keys made it, with the one algorithm of that key.
    AssertionSignature,
    /// Its `typ` is that of another kind of JWT, or it has a `crit` member.
    AssertionHeader,
    /// It is expired, not valid yet, from the future, or good for too long.
    AssertionTime,
    /// Its `aud` is not our issuer identifier alone.
    AssertionAudience,
    AssertionWithoutJti,
    AssertionReplayed,
    /// The gateway has authenticated another IAM principal than the client's, or seen another certificate.
    WrongIdentity,
    /// No JWT of a trusted issuer, another client's than the body names, or the very token that is asked about.
    BearerMalformed,
    /// Of another issuer than the one where the client is registered.
    BearerForeign,
    /// It would be inactive.
    Bearer(Inactive),
    /// Its `aud` does not hold our issuer identifier.
    BearerAudience,
    /// It is bound to a key (`cnf`).
    BearerBound,
    InsufficientScope,
}

/// What credentials come to where they are good.
pub enum Authenticated<'a> {
    Caller(Caller),
    /// A caller whose assertion must not have been used before.
    Asserted(Asserted),
    /// A caller whose token's signature is yet to be checked.
    Bearing(Bearing<'a>),
}

/// A caller by an assertion that is good in itself. Only the proof that this is its first use makes it a [`Caller`].
pub struct Asserted {
    caller: Caller,
    use_key: Key,
    use_expires_at: Seconds,
    /// Its audience was the one that the client registered, not our issuer identifier.
    pub by_registered_audience: bool,
}

impl Asserted {
    /// The item that its one use writes, and until when that must stay.
    pub fn guard(&self) -> (&Key, Seconds) {
        (&self.use_key, self.use_expires_at)
    }

    /// The caller, for the first use of this very assertion.
    ///
    /// # Errors
    ///
    /// [`Refusal::AssertionReplayed`] without one.
    pub fn used(self, first: Option<&FirstUse>) -> Result<Caller, Refusal> {
        let is_first = first.is_some_and(|first| first.is_of(&self.use_key));
        if is_first { Ok(self.caller) } else { Err(Refusal::AssertionReplayed) }
    }
}

/// What the one trip found under the credentials' client id.
type Found = Result<Option<ClientRecord>, Corrupt>;

impl Caller {
    /// Checks credentials against the client's record.
    ///
    /// # Errors
    ///
    /// [`Refusal`]; the caller is told no more than that there is one (RFC 6749 §5.2).
    pub fn authenticate<'a>(
        credentials: Credentials<'a>,
        items: &Items,
        settings: &Settings,
        now: i64,
    ) -> Result<Authenticated<'a>, Refusal> {
        let found = credentials.client_key().map_or(Ok(None), |key| items.record::<ClientRecord>(&key));
        match credentials {
            Credentials::Secret(presented) => {
                let record = secret::check(&presented, found, now)?;
                Ok(Authenticated::Caller(Self::of(&presented.client_id, record, settings)))
            }
            Credentials::Assertion(presented) => {
                let accepted = assertion::check(&presented, found, settings, now)?;
                Ok(Authenticated::Asserted(Asserted {
                    caller: Self::of(&presented.client_id, accepted.record, settings),
                    use_key: accepted.use_key,
                    use_expires_at: accepted.use_expires_at,
                    by_registered_audience: accepted.by_registered_audience,
                }))
            }
            Credentials::Attested(attested) => {
                let record = attested::check(attested.identity, found)?;
                Ok(Authenticated::Caller(Self::of(&attested.client_id, record, settings)))
            }
            Credentials::Bearer(presented) => {
                let client_id = presented.client_id.clone();
                let (record, candidate) = bearer::check(*presented, found, settings, now)?;
                let caller = Self::of(&client_id, record, settings);
                let bearer = Bearer::of(caller, candidate.issuer, settings);
                Ok(Authenticated::Bearing(Bearing { candidate, bearer }))
            }
            Credentials::Unsupported => Err(Refusal::UnsupportedMechanism),
        }
    }

    fn of(client_id: &str, record: ClientRecord, settings: &Settings) -> Self {
        Self(Client::of(client_id, record, settings))
    }
}

/// The entries of a client's key set (RFC 7517 §5); a set that is none has none.
fn entries(jwks: &str) -> Vec<Value> {
    let mut set: Value = serde_json::from_str(jwks).unwrap_or_default();
    match set.get_mut("keys").map(Value::take) {
        Some(Value::Array(keys)) => keys,
        _ => Vec::new(),
    }
}

/// The record of a client that is not disabled and is registered for the mechanism that it used.
fn registered(found: Found, for_mechanism: impl FnOnce(Option<&str>) -> bool) -> Result<ClientRecord, Refusal> {
    let record = found.map_err(|Corrupt| Refusal::CorruptRecord)?.ok_or(Refusal::UnknownClient)?;
    if record.disabled == Some(true) {
        return Err(Refusal::Disabled);
    }
    if for_mechanism(record.token_endpoint_auth_method.as_deref()) { Ok(record) } else { Err(Refusal::WrongMethod) }
}
