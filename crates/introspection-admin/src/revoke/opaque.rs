//! The mark of one opaque token, which must be stored: a mark of any other text would revoke nothing.

use token_introspection::{
    call::now,
    digest::Digest,
    records::{Corrupt, ItemKey, MarkKey, UnixTime},
};

use super::Target;
use crate::{
    environment::Environment,
    output::warn,
    problem::Problem,
    store::AdminStore,
    trust::{Force, untrusted},
};

/// The mark of an opaque token.
///
/// # Errors
///
/// Returns [`Problem::Negative`] if the token is unknown or inactive anyway, unless the operator forces it.
pub(super) async fn target(
    token: &str,
    force: Force,
    environment: &Environment,
    admin: &AdminStore,
) -> Result<Target, Problem> {
    let digest = Digest::of(token);
    let key = ItemKey::token(&digest);
    let mark = MarkKey::opaque(&digest);
    let own_issuer = || environment.partial_settings().map(|settings| settings.issuer.clone()).unwrap_or_default();
    let items = admin.items(std::slice::from_ref(&key)).await?;
    let record = match items.token_record(&key) {
        Ok(Some(record)) => record,
        Ok(None) => {
            force.over(&unknown(token))?;
            return Ok(Target { mark, issuer: own_issuer(), last_exp: None });
        }
        Err(Corrupt) => {
            // The record may be repaired later, so the mark may matter.
            warn("the record of the token cannot be read, so it is inactive anyway");
            return Ok(Target { mark, issuer: own_issuer(), last_exp: None });
        }
    };
    if record.exp.is_some_and(|exp| exp <= UnixTime(now())) {
        force.over("the token has expired, so it is inactive anyway")?;
    } else if record.lacks_exp() {
        warn("the record of the token has no exp, so it is inactive anyway");
    }
    if let Some(issuer) = &record.iss {
        let settings = environment.partial_settings()?;
        if *issuer != settings.issuer && settings.trusted_issuer(issuer).is_none() {
            force.over(&untrusted(issuer, environment.settings()?))?;
        }
    }
    if record.revoked {
        warn("the record of the token already says that it is revoked");
    }
    if let Some(grant) = &record.grant_id {
        warn(&format!("this revokes the one token; --grant {grant:?} revokes all tokens of its grant"));
    }
    // The issuer may extend the record's exp later, so the last exp is unknown.
    Ok(Target { mark, issuer: record.issuer(&own_issuer()).to_owned(), last_exp: None })
}

/// What was probably given, if the text is neither a JWT nor a stored token.
fn unknown(token: &str) -> String {
    let hint = if token.starts_with("eyJ") {
        match token.split('.').count() {
            5 => "it has the five parts of an encrypted token, which is always inactive",
            3 => "it has three parts like a JWT, but no header of one",
            _ => "it begins like a JWT, so a part of it is probably missing",
        }
    } else if token.starts_with('{') {
        "it is a JSON document; give the value of access_token only"
    } else {
        "check that it was copied completely, and that TOKENS_TABLE is the function's"
    };
    format!("no such opaque token is stored, so it is inactive anyway; {hint}")
}
