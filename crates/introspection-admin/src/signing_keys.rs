//! The signing keys of a trusted issuer, as far as they are known without fetching them.

use token_introspection::{
    jwt,
    records::{ItemKey, Snapshot},
    settings::{KeySource, TrustedIssuer},
};

use crate::{
    output::warn,
    problem::Problem,
    store::AdminStore,
    trust::{Force, MarkIssuer},
};

/// What to do about a key without `kid`, which no `kid#` mark can name.
const KEY_WITHOUT_KID: &str =
    "a key without `kid` cannot be distrusted by itself; `revoke --issuer` revokes all tokens of its issuer";

/// Checks that a `kid#` mark of this key can revoke something.
///
/// # Errors
///
/// Returns [`Problem::Negative`] if the issuer cannot have such a key, unless the operator forces it.
pub async fn check_kid(kid: &str, issuer: &MarkIssuer<'_>, force: Force, admin: &AdminStore) -> Result<(), Problem> {
    let Some(entry) = issuer.entry else {
        return force.over(&format!(
            "the issuer {:?} is not in TRUSTED_ISSUERS, so no key of that issuer can sign an active token",
            issuer.name
        ));
    };
    let Some(kids) = kids(entry, admin).await else {
        warn(&format!("it is unknown whether the issuer publishes a key with kid {kid:?}: no key set is shared yet"));
        return Ok(());
    };
    if kids.iter().any(|known| known.as_deref() == Some(kid)) {
        return Ok(());
    }
    let known: Vec<_> = kids.iter().flatten().map(|kid| format!("{kid:?}")).collect();
    let known = if known.is_empty() { KEY_WITHOUT_KID.to_owned() } else { format!("known: {}", known.join(", ")) };
    let missing = format!("the issuer {:?} has no key with kid {kid:?}; {known}", issuer.name);
    if matches!(entry.keys, KeySource::Inline(_)) {
        return force.over(&missing);
    }
    // The issuer may have removed the key while an environment still holds it.
    warn(&format!("in the shared key set, {missing}"));
    Ok(())
}

/// The `kid` of each key of an issuer, from the settings or from the set that the environments share. `None` if there
/// is no such set.
async fn kids(issuer: &TrustedIssuer, admin: &AdminStore) -> Option<Vec<Option<String>>> {
    if let KeySource::Inline(keys) = &issuer.keys {
        return Some(keys.keys.iter().map(|key| key.kid().map(str::to_owned)).collect());
    }
    let key = ItemKey::snapshot(&issuer.issuer).ok()?;
    let items = admin.items(std::slice::from_ref(&key)).await.ok()?;
    let snapshot = items.record::<Snapshot>(&key).ok()??;
    let keys = jwt::key_set_entries(snapshot.jwks.as_bytes()).ok()?;
    Some(keys.iter().map(jwt::kid).collect())
}

/// Warns about each issuer with a key that no mark can distrust.
pub async fn warn_of_nameless_keys(issuers: &[TrustedIssuer], admin: &AdminStore) {
    for issuer in issuers {
        if kids(issuer, admin).await.is_some_and(|kids| kids.iter().any(Option::is_none)) {
            warn(&format!("the issuer {:?} has a key without `kid`: {KEY_WITHOUT_KID}", issuer.issuer));
        }
    }
}
