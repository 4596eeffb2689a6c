//! `issuer suggest --issuer`: the entry that fits what an issuer publishes.

use serde_json::{Value, json};
use token_introspection::{
    issuers::{FetchError, Probe, PublishedKeys},
    jwt::{Algorithm, LoadedKeys, VerificationKey},
    profile::Profile,
    settings::{ProxySettings, Settings, TrustedIssuer, is_loopback, metadata_addresses},
};

use super::{
    entry::Suggestion,
    facts::{Facts, host, is_same_party},
    settings,
};
use crate::{
    explain::dropped_key,
    output::{Report, pairs},
    problem::{NEGATIVE, Problem, UNKNOWN},
};

/// Fetches the metadata and the keys of an issuer, and suggests an entry for it.
///
/// # Errors
///
/// Returns [`Problem`] if the issuer has no metadata, or if the metadata name an issuer that does not confirm them.
pub async fn suggest(typed: &str, proxies: ProxySettings) -> Result<Report, Problem> {
    let typed = typed.trim();
    let place = place(typed);
    let probe = Probe::new(proxies);
    let (mut facts, mut is_confirmed) = (facts(&probe, &place).await?, true);
    let named = facts.issuer.clone().unwrap_or_default();
    let is_literal = !facts.has_tenants() && !facts.has_token_issuer;
    if named != place {
        let confirmed = if is_literal { confirmed(&probe, &named).await } else { None };
        is_confirmed = confirmed.is_some();
        match confirmed {
            Some(own) => facts = own,
            None if is_same_party(&named, &place) => {}
            None => {
                return Err(Problem::Negative(format!(
                    "issuer_differs: the metadata of {place:?} name the issuer {named:?}, which has no metadata of its own \
                     that say so; if its tokens have this iss, give one with --token"
                )));
            }
        }
    }
    let Some(jwks_uri) = facts.jwks_uri.clone() else { return Err(failed(&place, &FetchError::NoJwksUri)) };
    if !is_secure(&jwks_uri) {
        return Err(failed(&place, &FetchError::InsecureJwksUri(jwks_uri)));
    }
    let mut suggestion = facts.suggestion();
    if !is_confirmed || !is_derived(&suggestion, &named, &jwks_uri) {
        suggestion.push("jwks_uri", jwks_uri.clone().into());
    }
    let differs = is_literal && named != place && place == typed;
    if differs {
        suggestion.note(format!(
            "issuer_differs: you gave {place:?}, but the metadata name the issuer {named:?}; tokens are compared with it \
             byte for byte, so the entry uses it"
        ));
    } else if facts.has_token_issuer {
        suggestion
            .note("the metadata name another issuer for access tokens (access_token_issuer), which the entry uses");
    }
    let keys = keys(&probe, &mut suggestion, &facts).await?;
    Ok(report(&suggestion, &jwks_uri, keys, differs))
}

/// The issuer whose metadata are fetched. If the address of a document was typed, its path is removed; for AD FS, the
/// path of its service is added.
fn place(text: &str) -> String {
    if let Some(issuer) = text.strip_suffix("/.well-known/openid-configuration") {
        return issuer.to_owned();
    }
    if let Some((origin, path)) = text.split_once("/.well-known/oauth-authorization-server") {
        return format!("{origin}{path}");
    }
    match text.strip_suffix("/services/trust") {
        Some(service) if service.ends_with("/adfs") => service.replacen("http://", "https://", 1),
        _ => text.to_owned(),
    }
}

async fn facts(probe: &Probe, place: &str) -> Result<Facts, Problem> {
    let addresses = metadata_addresses(place).map_err(|what| {
        let text = format!("--issuer {what}");
        if place.starts_with("http://") { Problem::Negative(text) } else { Problem::Usage(text) }
    })?;
    let metadata = probe.metadata(&addresses).await.map_err(|error| failed(place, &error))?;
    let facts = Facts::from_metadata(&metadata);
    if facts.issuer.is_none() {
        let error = FetchError::IssuerDiffers { expected: place.to_owned(), found: String::new() };
        return Err(failed(place, &error));
    }
    Ok(facts)
}

/// The metadata of the issuer that other metadata name, if that issuer's metadata name it as well.
async fn confirmed(probe: &Probe, named: &str) -> Option<Facts> {
    let own = facts(probe, named).await.ok()?;
    (own.issuer.as_deref() == Some(named)).then_some(own)
}

fn failed(place: &str, error: &FetchError) -> Problem {
    let hint = match error {
        FetchError::Status(status) if matches!(status.as_u16(), 401 | 403) => {
            "; it answers only with a token, as a Kubernetes cluster does: give one of its tokens with --token"
        }
        FetchError::Status(status) if status.as_u16() == 404 => {
            "; check the issuer's URL, or give one of its tokens with --token"
        }
        _ => "",
    };
    let text = format!("{error}: the metadata of the issuer {place:?} cannot be used{hint} (docs/reasons.md)");
    if error.is_answer() { Problem::Negative(text) } else { Problem::Unknown(text) }
}

/// Whether the function fetches keys from this address: over https, or from a loopback address.
fn is_secure(uri: &str) -> bool {
    uri.starts_with("https://") || (uri.starts_with("http://") && is_loopback(host(uri)))
}

/// Whether the function finds these keys without `jwks_uri` in the entry.
fn is_derived(suggestion: &Suggestion, issuer: &str, jwks_uri: &str) -> bool {
    let path = Profile::named(suggestion.profile).and_then(|profile| profile.key_set);
    path.is_none_or(|path| format!("{}{path}", issuer.trim_end_matches('/')) == jwks_uri)
}

/// The keys that load with the entry. Adds the algorithms that they need to the entry.
async fn keys(
    probe: &Probe,
    suggestion: &mut Suggestion,
    facts: &Facts,
) -> Result<Result<(LoadedKeys, bool), FetchError>, Problem> {
    let published = match probe.keys(trusted(&usable(suggestion)?)?).await {
        Ok(published) => published,
        Err(error) => return Ok(Err(error)),
    };
    let rules = Profile::named(suggestion.profile).map_or(&[][..], |profile| profile.algorithms);
    let needed = match needed(&published, facts, rules) {
        Ok(needed) => needed,
        Err(error) => return Ok(Err(error)),
    };
    if needed.iter().any(|algorithm| !rules.contains(algorithm)) {
        suggestion.push("algorithms", needed.iter().map(|algorithm| algorithm.name()).collect());
    }
    Ok(published.load(&trusted(&usable(suggestion)?)?.algorithms))
}

fn usable(suggestion: &Suggestion) -> Result<Settings, Problem> {
    settings(suggestion)
        .map_err(|error| Problem::Negative(format!("no entry can be made of what the issuer publishes: {error}")))
}

fn trusted(settings: &Settings) -> Result<&TrustedIssuer, Problem> {
    settings.trusted_issuers.first().ok_or_else(|| Problem::negative("the entry has no issuer"))
}

/// The algorithms without which a key could not be used, after those of the profile that the keys serve.
fn needed(published: &PublishedKeys, facts: &Facts, rules: &[Algorithm]) -> Result<Vec<Algorithm>, FetchError> {
    let all: Vec<_> = Algorithm::all().collect();
    let (LoadedKeys { keys, .. }, _) = published.load(&all)?;
    let serves = |algorithm: &Algorithm| keys.iter().any(|key| key.serves(*algorithm));
    let mut needed: Vec<_> = rules.iter().copied().filter(serves).collect();
    let advertised: Vec<_> = facts.algorithms.iter().filter_map(|name| Algorithm::from_name(name)).collect();
    for key in &keys {
        // A key without `alg` serves several algorithms. The metadata say which of them the issuer uses.
        let own = served(key);
        let used: Vec<_> = own.iter().copied().filter(|algorithm| advertised.contains(algorithm)).collect();
        let own = if used.is_empty() { own } else { used };
        if !own.iter().any(|algorithm| needed.contains(algorithm)) {
            needed.extend(own.first());
        }
    }
    Ok(needed)
}

fn served(key: &VerificationKey) -> Vec<Algorithm> {
    Algorithm::all().filter(|algorithm| key.serves(*algorithm)).collect()
}

fn names(algorithms: &[Algorithm]) -> Vec<&'static str> {
    algorithms.iter().map(|algorithm| algorithm.name()).collect()
}

fn report(
    suggestion: &Suggestion,
    jwks_uri: &str,
    keys: Result<(LoadedKeys, bool), FetchError>,
    differs: bool,
) -> Report {
    let (loaded, is_truncated, failure) = match keys {
        Ok((loaded, is_truncated)) if !loaded.keys.is_empty() => (loaded, is_truncated, None),
        Ok((loaded, is_truncated)) => {
            let entries = loaded.dropped.len();
            (loaded, is_truncated, Some(FetchError::NoUsableKey(entries)))
        }
        Err(error) => (LoadedKeys::default(), false, Some(error)),
    };
    let issuer = suggestion.issuer();
    let mut seen = vec![
        ("issuer", issuer.to_owned()),
        ("profile", format!("{}, because {}", suggestion.profile, suggestion.because)),
        ("jwks_uri", jwks_uri.to_owned()),
    ];
    for key in &loaded.keys {
        let kid = key.kid().map_or("without kid".to_owned(), |kid| format!("kid {kid:?}"));
        seen.push(("key", format!("{kid}: {}", names(&served(key)).join(", "))));
    }
    let mut notes = suggestion.notes.clone();
    notes.extend(loaded.dropped.iter().map(|key| format!("key not loaded: {key}")));
    if is_truncated {
        notes.push("the issuer publishes over 100 keys, but only the first 100 are loaded".to_owned());
    }
    notes.extend(failure.as_ref().map(|error| format!("{error}: the function could not use the keys of this issuer")));
    seen.extend(notes.iter().map(|note| ("note", note.clone())));
    let json = json!({
        "entry": suggestion.entry(),
        "issuer": issuer,
        "profile": suggestion.profile,
        "because": suggestion.because,
        "jwks_uri": jwks_uri,
        "keys": loaded.keys.iter().map(key).collect::<Vec<_>>(),
        "dropped_keys": loaded.dropped.iter().map(dropped_key).collect::<Vec<_>>(),
        "reason": failure.as_ref().map(FetchError::name).or(differs.then_some("issuer_differs")),
        "notes": notes,
    });
    let exit_code = match &failure {
        Some(error) if !error.is_answer() => UNKNOWN,
        Some(_) => NEGATIVE,
        None if differs => NEGATIVE,
        None => 0,
    };
    Report { text: format!("{}\n{}\n", pairs(&seen), suggestion.text()), json, exit_code }
}

fn key(key: &VerificationKey) -> Value {
    json!({ "kid": key.kid(), "algorithms": names(&served(key)) })
}
