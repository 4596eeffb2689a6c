//! Marks on an issuer, or on one subject, session, grant, client, token or key of an issuer.

use serde_json::Value;
use token_introspection::records::{InvalidItemKey, MarkKey, MarkKind};
use unicode_normalization::UnicodeNormalization;

use super::{Target, What};
use crate::{
    environment::Environment,
    output::warn,
    problem::Problem,
    signing_keys,
    store::AdminStore,
    trust::{Force, MarkIssuer, mark_issuer},
};

/// What the operator named, and its issuer.
pub(super) struct Named {
    pub kind: MarkKind,
    name: Option<String>,
    force: Force,
}

impl Named {
    pub fn new(what: What, force: Force) -> Self {
        let (kind, name) = [
            (MarkKind::Jti, what.jti),
            (MarkKind::Subject, what.sub),
            (MarkKind::Session, what.sid),
            (MarkKind::Grant, what.grant),
            (MarkKind::Client, what.client),
            (MarkKind::SigningKey, what.kid),
        ]
        .into_iter()
        .find_map(|(kind, name)| Some((kind, Some(name?))))
        .unwrap_or((MarkKind::Issuer, None));
        Self { kind, name, force }
    }

    /// The mark on what was named.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Negative`] if it cannot concern an active token, unless the operator forces it.
    pub async fn target(
        self,
        issuer: Option<&str>,
        environment: &Environment,
        admin: &AdminStore,
    ) -> Result<Target, Problem> {
        let is_default = issuer.is_none();
        let issuer = mark_issuer(issuer, self.force, environment)?;
        let mark = MarkKey::new(self.kind, &issuer.name, self.name.as_deref());
        let mark = mark.map_err(|InvalidItemKey| {
            Problem::usage("the identifier is over 2,048 bytes, so no token that contains it can be active")
        })?;
        if is_default {
            warn_of_other_issuers(environment);
        }
        self.warn_of_odd_characters();
        self.warn_of_unlisted_client(&issuer);
        match self.kind {
            MarkKind::SigningKey => {
                let kid = self.name.as_deref().unwrap_or_default();
                signing_keys::check_kid(kid, &issuer, self.force, admin).await?;
            }
            MarkKind::Grant if issuer.entry.is_some() => warn(&format!(
                "this revokes tokens of {:?} whose claim grant_id, or the one that claim_names maps to it, has this \
                 value; other tokens stay active",
                issuer.name
            )),
            _ => {}
        }
        Ok(Target { mark, issuer: issuer.name, last_exp: None })
    }

    fn warn_of_unlisted_client(&self, issuer: &MarkIssuer<'_>) {
        if let (MarkKind::Client, Some(client), Some(entry)) = (self.kind, &self.name, issuer.entry)
            && !entry.accepts_client(Some(client))
        {
            warn(&format!(
                "the client {client:?} is not among the client_ids of {:?}, so its JWTs are inactive anyway",
                issuer.name
            ));
        }
    }

    /// Warns about characters that are easily overlooked, because identifiers are compared byte for byte.
    fn warn_of_odd_characters(&self) {
        let Some(name) = &self.name else { return };
        if name.trim() != name || name.contains(['\u{200b}', '\u{feff}', '\u{a0}']) {
            warn(&format!("{name:?} begins or ends with white space, or contains characters that cannot be seen"));
        }
        if name.nfc().ne(name.chars()) {
            warn(&format!("{name:?} is not in Unicode's composed form (NFC), which most issuers use; check its bytes"));
        }
    }
}

/// Warns about other issuers: if the operator means a subject of another issuer but does not name it, the mark revokes
/// nothing.
fn warn_of_other_issuers(environment: &Environment) {
    let Ok(settings) = environment.settings() else { return };
    let others = settings.trusted_issuers.iter().filter(|trusted| trusted.issuer != settings.issuer);
    let others: Vec<Value> = others.map(|trusted| trusted.issuer.as_str().into()).collect();
    if !others.is_empty() {
        warn(&format!(
            "the mark is for tokens of ISSUER {:?}; for those of {} name the --issuer",
            settings.issuer,
            Value::from(others),
        ));
    }
}
