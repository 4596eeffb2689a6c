//! The client of the authorizer (`AUTHORIZER_CLIENT_ID`). API Gateway invokes the function by IAM and presents no
//! credentials, so no client authenticates: the operator has decided whose policy applies (RFC 7662 §4, T-04).

use super::{AuthError, Caller, enabled};
use crate::{
    records::FetchedItems,
    settings::{AuthorizerSettings, Settings},
};

impl Caller {
    /// The client that the operator configured for the authorizer. [`AuthorizerSettings`] is the proof: only the
    /// function's own settings make one, and it names the client. How the client could authenticate elsewhere does not
    /// matter.
    ///
    /// A client id from a request is no substitute:
    ///
    /// ```compile_fail
    /// # use token_introspection::{auth::Caller, records::FetchedItems, settings::Settings};
    /// fn claim(client_id: &str, items: &FetchedItems, settings: &Settings) {
    ///     let _ = Caller::configured(client_id, items, settings);
    /// }
    /// ```
    ///
    /// Nor can the settings be made of one:
    ///
    /// ```compile_fail
    /// # use token_introspection::settings::{AuthorizerResponse, AuthorizerSettings};
    /// fn make(client_id: String) -> AuthorizerSettings {
    ///     AuthorizerSettings { client_id, scopes: None, response: AuthorizerResponse::Simple }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`AuthError`] if the record does not exist, cannot be read or is disabled. That says nothing about the
    /// token: the deployment is misconfigured, and the authorizer must fail.
    pub fn configured(
        authorizer: &AuthorizerSettings,
        items: &FetchedItems,
        settings: &Settings,
    ) -> Result<Self, AuthError> {
        let record = enabled(items.record(authorizer.client_key()))?;
        Ok(Self::new(authorizer.client_id(), record, settings))
    }
}
