//! Checks whether a mark could concern an active token. A mark of an issuer that is not trusted would revoke nothing.

use token_introspection::settings::{Settings, TrustedIssuer};

use crate::{environment::Environment, output::warn, problem::Problem, suggestion::nearest};

/// The maximum number of issuers that an error lists.
const MAX_LISTED: usize = 5;

/// Whether the operator forces a mark that would revoke nothing.
#[derive(Clone, Copy)]
pub struct Force(pub bool);

impl Force {
    /// Refuses to write a mark, or warns if the operator forces it.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Negative`] unless the operator forces it.
    pub fn over(self, why: &str) -> Result<(), Problem> {
        if !self.0 {
            return Err(Problem::Negative(format!("{why}; nothing was written (--force writes the mark anyway)")));
        }
        warn(why);
        Ok(())
    }
}

/// The issuer in a mark, and its entry in `TRUSTED_ISSUERS`. `ISSUER` itself may have no entry.
pub struct MarkIssuer<'a> {
    pub name: String,
    pub entry: Option<&'a TrustedIssuer>,
}

/// The issuer of a mark: the given one, or else `ISSUER`.
///
/// # Errors
///
/// Returns [`Problem::Negative`] if no token of the issuer can be active, unless the operator forces it, and
/// [`Problem::Usage`] if the settings are missing.
pub fn mark_issuer<'a>(
    given: Option<&str>,
    force: Force,
    environment: &'a Environment,
) -> Result<MarkIssuer<'a>, Problem> {
    let Some(given) = given else {
        // If no issuer is given, ISSUER is a guess unless the other issuers are known.
        let settings = environment.settings()?;
        let entry = settings.trusted_issuer(&settings.issuer);
        let name = entry.map_or(&settings.issuer, |entry| &entry.issuer).clone();
        return Ok(MarkIssuer { name, entry });
    };
    can_be_in_keys(given)?;
    let settings = environment.partial_settings()?;
    if let Some(entry) = settings.trusted_issuer(given) {
        if entry.issuer != given {
            warn(&format!("{given:?} is an alias of the issuer {:?}, which marks name", entry.issuer));
        }
        return Ok(MarkIssuer { name: entry.issuer.clone(), entry: Some(entry) });
    }
    if settings.issuer != given {
        force.over(&untrusted(given, environment.settings()?))?;
    }
    Ok(MarkIssuer { name: given.to_owned(), entry: None })
}

/// Says that no token of this issuer can be active, and which issuer was probably meant.
pub fn untrusted(issuer: &str, settings: &Settings) -> String {
    let names = || {
        let own = std::iter::once(settings.issuer.as_str());
        own.chain(settings.trusted_issuers.iter().map(|entry| entry.issuer.as_str()))
    };
    let hint = if let Some(found) = nearest(issuer, names()) {
        let difference = found.difference.map(|difference| format!(" (the difference: {difference})"));
        format!("did you mean {:?}{}?", found.issuer, difference.unwrap_or_default())
    } else {
        let listed: Vec<_> = names().take(MAX_LISTED).map(|name| format!("{name:?}")).collect();
        let more = if names().count() > MAX_LISTED { " and others" } else { "" };
        format!("configured are {}{more}", listed.join(", "))
    };
    format!(
        "the issuer {issuer:?} is neither ISSUER nor in TRUSTED_ISSUERS, byte for byte, so its tokens are inactive; \
         {hint}"
    )
}

/// Checks that item keys can contain this issuer.
///
/// # Errors
///
/// Returns [`Problem::Usage`] if they cannot contain it.
pub fn can_be_in_keys(issuer: &str) -> Result<(), Problem> {
    if issuer.contains('#') {
        return Err(Problem::usage("--issuer contains '#', which no issuer identifier may"));
    }
    Ok(())
}
