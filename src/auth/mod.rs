//! Authentication of the caller. The caller is judged before the token. Without a [`Caller`], nothing about a token is
//! revealed.

mod assertion;
mod bearer;
mod client;
mod configured;
mod error;
mod gateway;
mod iam;
mod provider;
mod registration;
mod revoking;
mod secret;

use std::ops::Deref;

pub use self::{
    assertion::{ALGORITHMS as ASSERTION_ALGORITHMS, client_key as load_client_key},
    bearer::{Bearer, UnverifiedBearer},
    client::Client,
    error::AuthError,
    provider::ProviderCall,
    registration::{CannotAuthenticate, RegisteredMethod, Registration},
    revoking::RevokingClient,
};
use crate::{
    auth_method::AuthMethod,
    records::{ClientRecord, Corrupt, FetchedItems, ItemKey, NamedMethod, UnixTime},
    request::{Credentials, GatewayCredentials, PresentedAssertion, PresentedBearer, PresentedSecret},
    settings::Settings,
    store::FirstUse,
};

/// A client that answers may be released to. [`Caller::authenticate`] makes one of a confidential client that has proved
/// its identity (I-03). [`Caller::configured`] makes one of the client that the operator configured for the authorizer,
/// and takes no text from a request.
pub struct Caller(Client);

impl Deref for Caller {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

/// The result of checking valid credentials, and what is still to be proved.
pub enum Authentication<'a> {
    Complete(Caller),
    /// The assertion must not have been used before.
    NeedsFirstUse(UnspentAssertion),
    /// The signature of the caller's own token has not been verified.
    NeedsSignature(UnverifiedBearer<'a>),
}

/// The result of checking credentials against a record that was read for an earlier request.
pub enum Reuse<'a> {
    /// The record accepts these credentials. An error is about the credentials themselves, whatever the record.
    Accepted(Result<Authentication<'a>, AuthError>),
    /// The record does not accept them, or it is missing. Nothing follows from that before it has been read again.
    NeedsRecord(Credentials<'a>),
}

/// The caller of a valid assertion. Only proof that this is its first use makes it a [`Caller`].
pub struct UnspentAssertion {
    caller: Caller,
    use_key: ItemKey,
    use_expires_at: UnixTime,
    /// Whether its audience is the one that the client registered, instead of our issuer identifier.
    pub by_registered_audience: bool,
}

impl UnspentAssertion {
    /// The item that the first use writes, and until when it must be kept.
    pub fn guard(&self) -> (&ItemKey, UnixTime) {
        (&self.use_key, self.use_expires_at)
    }

    /// Returns the caller, if `first` is the first use of this assertion.
    ///
    /// # Errors
    ///
    /// Returns [`AuthError::AssertionReplayed`] if it is not.
    pub fn used(self, first: Option<&FirstUse>) -> Result<Caller, AuthError> {
        // RFC 7523 §3: an assertion whose `jti` was used before is refused (E-08).
        let is_first = first.is_some_and(|first| first.is_of(&self.use_key));
        if is_first { Ok(self.caller) } else { Err(AuthError::AssertionReplayed) }
    }
}

/// The client record that the first read found.
type Found = Result<Option<ClientRecord>, Corrupt>;

impl Caller {
    /// Checks credentials against the client's record. RFC 7662 §4: the caller must be authenticated before anything
    /// about a token is revealed (B-11).
    ///
    /// # Errors
    ///
    /// Returns [`AuthError`] if the credentials are not valid. The response never says why.
    pub fn authenticate<'a>(
        credentials: Credentials<'a>,
        items: &FetchedItems,
        settings: &Settings,
        now: i64,
    ) -> Result<Authentication<'a>, AuthError> {
        let found = found(&credentials, items);
        match credentials {
            Credentials::Secret(presented) => Self::by_secret(&presented, found, settings, now),
            Credentials::Assertion(presented) => Self::by_assertion(&presented, found, settings, now),
            Credentials::Gateway(presented) => Self::by_gateway(&presented, found, settings),
            Credentials::Bearer(presented) => Self::by_bearer(*presented, found, settings, now),
            Credentials::Unsupported => Err(AuthError::UnsupportedMechanism),
        }
    }

    /// The same with a record of an earlier request, from which acceptance follows but no refusal: a client that has just
    /// been registered, or has a new secret, is never refused because of an old record.
    pub fn authenticate_again<'a>(
        credentials: Credentials<'a>,
        held: &FetchedItems,
        settings: &Settings,
        now: i64,
    ) -> Reuse<'a> {
        let found = found(&credentials, held);
        let accepted = match &credentials {
            Credentials::Secret(presented) => Self::by_secret(presented, found, settings, now),
            Credentials::Assertion(presented) => Self::by_assertion(presented, found, settings, now),
            Credentials::Gateway(presented) => Self::by_gateway(presented, found, settings),
            Credentials::Bearer(presented) => match bearer::registration(presented, found, settings) {
                Ok(_) => return Reuse::Accepted(Self::authenticate(credentials, held, settings, now)),
                Err(error) => Err(error),
            },
            Credentials::Unsupported => Err(AuthError::UnsupportedMechanism),
        };
        match accepted {
            Ok(authentication) => Reuse::Accepted(Ok(authentication)),
            Err(_) => Reuse::NeedsRecord(credentials),
        }
    }

    fn by_secret<'a>(
        presented: &PresentedSecret,
        found: Found,
        settings: &Settings,
        now: i64,
    ) -> Result<Authentication<'a>, AuthError> {
        let record = secret::check(presented, found, now)?;
        Ok(Authentication::Complete(Self::new(&presented.client_id, record, settings)))
    }

    fn by_assertion<'a>(
        presented: &PresentedAssertion,
        found: Found,
        settings: &Settings,
        now: i64,
    ) -> Result<Authentication<'a>, AuthError> {
        let accepted = assertion::check(presented, found, settings, now)?;
        Ok(Authentication::NeedsFirstUse(UnspentAssertion {
            caller: Self::new(&presented.client_id, accepted.record, settings),
            use_key: accepted.use_key,
            use_expires_at: accepted.use_expires_at,
            by_registered_audience: accepted.by_registered_audience,
        }))
    }

    fn by_gateway<'a>(
        presented: &GatewayCredentials<'_>,
        found: Found,
        settings: &Settings,
    ) -> Result<Authentication<'a>, AuthError> {
        let record = gateway::check(presented.identity, found, settings)?;
        Ok(Authentication::Complete(Self::new(&presented.client_id, record, settings)))
    }

    fn by_bearer<'a>(
        presented: PresentedBearer<'a>,
        found: Found,
        settings: &Settings,
        now: i64,
    ) -> Result<Authentication<'a>, AuthError> {
        let client_id = presented.client_id.clone();
        let (record, unverified) = bearer::check(presented, found, settings, now)?;
        let caller = Self::new(&client_id, record, settings);
        let bearer = Bearer::of(caller, unverified.issuer(), settings);
        Ok(Authentication::NeedsSignature(UnverifiedBearer { unverified, bearer }))
    }

    fn new(client_id: &str, record: ClientRecord, settings: &Settings) -> Self {
        Self(Client::new(client_id, record, settings))
    }
}

fn found(credentials: &Credentials<'_>, items: &FetchedItems) -> Found {
    credentials.client_key().map_or(Ok(None), |key| items.record::<ClientRecord>(&key))
}

/// The record of a client that is not disabled.
fn enabled(found: Found) -> Result<ClientRecord, AuthError> {
    let record = found.map_err(|Corrupt| AuthError::CorruptClientRecord)?.ok_or(AuthError::UnknownClient)?;
    if record.disabled { Err(AuthError::Disabled) } else { Ok(record) }
}

/// The record of a client that is not disabled and is registered for one of the accepted methods (RFC 7591 §2, B-08).
fn registered(found: Found, used: AuthMethod, accepted: &[AuthMethod]) -> Result<ClientRecord, AuthError> {
    let record = enabled(found)?;
    if accepted.iter().any(|method| record.is_registered_for(*method)) {
        return Ok(record);
    }
    // RFC 7662 §2.1 and RFC 9701 §5: a caller must authenticate, which a public client cannot (B-09).
    if record.is_registered_for(AuthMethod::None) {
        return Err(AuthError::PublicClient);
    }
    let registered = match record.token_endpoint_auth_method {
        None => AuthMethod::any_of(&AuthMethod::WITH_SECRET),
        Some(NamedMethod::Known(method)) => method.name().to_owned(),
        Some(NamedMethod::Unknown(name)) => name,
    };
    Err(AuthError::WrongMethod { registered, used })
}
