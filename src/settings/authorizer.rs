//! `AUTHORIZER_CLIENT_ID` and what belongs to it: the function as a Lambda authorizer of API Gateway.

use super::{RouteScopes, SettingError};
use crate::records::ItemKey;

const CLIENT_ID: &str = "AUTHORIZER_CLIENT_ID";
const SCOPES: &str = "AUTHORIZER_SCOPES";
const RESPONSE: &str = "AUTHORIZER_RESPONSE";
const EXAMPLE_CLIENT: &str = "orders-api";

/// The authorizer of a deployment. [`AuthorizerSettings::read`] is the only way to make one, so the client that it names
/// is always the operator's choice and never text from an event.
pub struct AuthorizerSettings {
    client_id: String,
    client_key: ItemKey,
    /// The scopes that the routes require. If `None`, no route requires any.
    pub scopes: Option<RouteScopes>,
    /// The form of answers to HTTP APIs with payload format 2.0.
    pub response: AuthorizerResponse,
}

/// How an HTTP API with payload format 2.0 expects the answer. Its events do not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizerResponse {
    /// `isAuthorized`, for an authorizer with `EnableSimpleResponses`.
    Simple,
    /// An IAM policy.
    Policy,
}

impl AuthorizerSettings {
    /// Reads the settings. `None` if this deployment has no authorizer.
    ///
    /// # Errors
    ///
    /// Returns [`SettingError`] if one of them is wrong, or is set without `AUTHORIZER_CLIENT_ID`.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, SettingError> {
        let Some(client_id) = variable(CLIENT_ID) else {
            // Otherwise, an operator could believe that the scopes are required.
            let lonely = [(SCOPES, RouteScopes::EXAMPLE), (RESPONSE, "simple")];
            return match lonely.into_iter().find(|(name, _)| variable(name).is_some()) {
                Some((name, example)) => {
                    Err(SettingError::new(name, "is set without AUTHORIZER_CLIENT_ID; set both or neither", example))
                }
                None => Ok(None),
            };
        };
        let client_id = client_id.trim().to_owned();
        let key = ItemKey::client(&client_id).ok().filter(|_| !client_id.contains(char::is_control));
        let client_key = key.ok_or_else(|| {
            SettingError::new(
                CLIENT_ID,
                "is not a client id: it is too long or has a control character",
                EXAMPLE_CLIENT,
            )
        })?;
        let scopes = variable(SCOPES).map(|text| RouteScopes::parse(SCOPES, &text)).transpose()?;
        let response = match variable(RESPONSE).as_deref().map(str::trim) {
            None | Some("simple") => AuthorizerResponse::Simple,
            Some("policy") => AuthorizerResponse::Policy,
            Some(_) => return Err(SettingError::new(RESPONSE, "is neither \"simple\" nor \"policy\"", "simple")),
        };
        Ok(Some(Self { client_id, client_key, scopes, response }))
    }

    /// The client whose policy applies.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The key of that client's record.
    pub fn client_key(&self) -> &ItemKey {
        &self.client_key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<AuthorizerSettings>, String> {
        let variable = |name: &str| pairs.iter().find(|(found, _)| *found == name).map(|(_, text)| (*text).to_owned());
        AuthorizerSettings::read(variable).map_err(|error| error.to_string())
    }

    #[test]
    fn t01_without_a_client_there_is_no_authorizer_and_no_setting_of_one() {
        assert!(read(&[]).is_ok_and(|settings| settings.is_none()));
        for (name, value) in [(SCOPES, "{}"), (RESPONSE, "policy")] {
            let error = read(&[(name, value)]).err().unwrap_or_default();
            assert!(error.starts_with(&format!("{name} is set without AUTHORIZER_CLIENT_ID")), "{error}");
        }
    }

    #[test]
    fn t01_the_client_and_the_form_of_the_answer_are_read() {
        for (response, expected) in [
            (None, AuthorizerResponse::Simple),
            (Some("simple"), AuthorizerResponse::Simple),
            (Some(" policy "), AuthorizerResponse::Policy),
        ] {
            let pairs: Vec<_> =
                [(CLIENT_ID, "orders-api")].into_iter().chain(response.map(|text| (RESPONSE, text))).collect();
            let settings = read(&pairs).unwrap().unwrap();
            assert_eq!((settings.client_id(), settings.response), ("orders-api", expected));
            assert!(settings.scopes.is_none());
        }
        let long = "c".repeat(2049);
        for (name, value) in [(CLIENT_ID, &*long), (CLIENT_ID, "a\u{7}b"), (RESPONSE, "yes")] {
            let pairs = if name == CLIENT_ID { vec![(name, value)] } else { vec![(CLIENT_ID, "a"), (name, value)] };
            let error = read(&pairs).err().unwrap_or_default();
            assert!(error.starts_with(name) && !error.contains(value) && !error.contains('\n'), "{error}");
        }
    }
}
