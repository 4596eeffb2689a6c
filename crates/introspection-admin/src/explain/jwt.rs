//! Explains a JWT, stage by stage. All stages are checked, because one that fails may hide another.

use std::cmp::Ordering;

use token_introspection::{
    issuers::VerifyError,
    judge,
    jwt::UnverifiedJwt,
    records::{FetchedItems, ItemKey, UnixTime},
    settings::{KeySource, Settings, TrustedIssuer},
    token::{Claims, Inactive, UnverifiedToken, VerifiedToken},
};

use super::{Context, Explanation, Finding, Name, Stage, marks};
use crate::{problem::Problem, signature, time::dated};

pub(super) async fn explain(
    unverified: Result<Box<UnverifiedToken<'_>>, Inactive>,
    text: &str,
    context: &Context<'_>,
) -> Result<Explanation, Problem> {
    let mut explanation = Explanation::default();
    let token = match unverified {
        Ok(token) => token,
        Err(why) => {
            unreadable(&mut explanation, why, text, context.settings);
            return Ok(explanation);
        }
    };
    let (header, claims, issuer) = (token.header(), token.unverified_claims(), token.issuer());
    let (typ, named) = (header.typ.as_deref().unwrap_or("none"), key_named(&token));
    explanation.passed(Name::Form, format!("JWT, typ {typ}, alg {}, {named}", header.alg));
    explanation.passed(Name::Issuer, &issuer.issuer);
    explanation.passed(Name::Claims, claims_summary(claims));
    explanation.judged(Name::Profile, judge::follows_profile(&token), issuer.profile.name);
    let current = judge::is_current(claims, context.now, context.settings.clock_skew_seconds);
    explanation.judged(Name::Times, current, times(claims, context.now));
    match judge::jwt(*token, context.settings, context.now) {
        Ok(judged) => {
            if let (Some(token), items) = explain_signature(&mut explanation, Box::new(judged), context).await? {
                explanation.active = judge::active(token, &items, &items).ok();
            }
        }
        // The token is inactive regardless of its signature, but the operator may want to know about that too.
        Err(_) => {
            if let Ok(token) = UnverifiedToken::parse(text, context.settings) {
                explain_signature(&mut explanation, Box::new(token), context).await?;
            }
        }
    }
    Ok(explanation)
}

/// Adds the stages of the signature and of the marks. The function reads marks only for a verified token, but an
/// operator may want to see them anyway.
async fn explain_signature<S>(
    explanation: &mut Explanation,
    token: Box<UnverifiedToken<'_, S>>,
    context: &Context<'_>,
) -> Result<(Option<VerifiedToken<S>>, FetchedItems), Problem> {
    let (issuer, named) = (token.issuer(), key_named(&token));
    let (mut claims, mut marks) = (token.unverified_claims().clone(), token.marks().to_vec());
    let (verdict, dropped) = signature::check_with_keys(token, context.settings, context.admin).await?;
    explanation.dropped_keys = dropped;
    let verified = match verdict {
        Ok(token) => {
            let key = match token.signing_kid() {
                Some(kid) => format!("key {kid:?}"),
                None => "a key without kid, which no mark can distrust (revoke --issuer ends all tokens of its issuer)"
                    .to_owned(),
            };
            explanation.passed(Name::Signature, format!("{key}, {}", keys_of(issuer)));
            claims = token.claims().clone();
            marks = token.marks().iter().chain(token.unread_mark()).cloned().collect();
            Some(token)
        }
        Err(VerifyError::Inactive(why)) => {
            explanation.failed(why, format!("{named}, {}", keys_of(issuer)));
            None
        }
        Err(VerifyError::KeysUnavailable(why)) => {
            let detail = format!("{}, {}", why.cause.name(), keys_of(issuer));
            let finding = Finding::Unknown(why.cause);
            explanation.stages.push(Stage { name: Name::Signature, finding, detail });
            None
        }
    };
    let keys: Vec<ItemKey> = marks.iter().map(|mark| mark.key.clone()).collect();
    let items = context.admin.items(&keys).await?;
    marks::explain(explanation, &claims, &marks, &items);
    explanation.claims = Some(claims);
    Ok((verified, items))
}

fn key_named<S>(token: &UnverifiedToken<'_, S>) -> String {
    token.header().kid.as_deref().map_or("without kid".to_owned(), |kid| format!("kid {kid:?}"))
}

/// Explains a token for which the function reads no record.
fn unreadable(explanation: &mut Explanation, why: Inactive, token: &str, settings: &Settings) {
    let stage = Name::for_rule(&why);
    if stage > Name::Form {
        explanation.passed(Name::Form, "JWT");
    }
    let issuer = UnverifiedJwt::parse(token)
        .ok()
        .and_then(|jwt| jwt.claims.get("iss").and_then(|text| serde_json::from_str::<String>(text.get()).ok()));
    let mut detail = String::new();
    match stage.cmp(&Name::Issuer) {
        Ordering::Less => {}
        Ordering::Equal => {
            let trusted: Vec<_> =
                settings.trusted_issuers.iter().map(|trusted| format!("{:?}", trusted.issuer)).collect();
            let trusted = if trusted.is_empty() { "empty".to_owned() } else { trusted.join(", ") };
            detail = format!("TRUSTED_ISSUERS: {trusted}");
        }
        Ordering::Greater => explanation.passed(Name::Issuer, issuer.unwrap_or_default()),
    }
    explanation.failed(why, detail);
}

/// What `revoke` needs to know about the token.
pub(super) fn claims_summary(claims: &Claims) -> String {
    [
        ("sub", &claims.subject),
        ("client_id", &claims.client_id),
        ("jti", &claims.jti),
        ("sid", &claims.session),
        ("grant_id", &claims.grant),
        ("scope", &claims.scope),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} {value:?}")))
    .chain(claims.left_out.iter().map(|name| format!("{name} left out because of its type")))
    .collect::<Vec<_>>()
    .join(", ")
}

pub(super) fn times(claims: &Claims, now: i64) -> String {
    [
        ("iat", claims.issued_at),
        ("nbf", claims.not_before),
        ("exp", claims.expires_at),
        ("auth_time", claims.authenticated_at),
        ("now", Some(UnixTime(now))),
    ]
    .into_iter()
    .filter_map(|(name, time)| time.map(|time| format!("{name} {}", dated(time))))
    .collect::<Vec<_>>()
    .join(", ")
}

fn keys_of(issuer: &TrustedIssuer) -> String {
    match &issuer.keys {
        KeySource::Inline(_) => "keys from the settings".to_owned(),
        KeySource::Remote(uri) => format!("keys of {uri}"),
        KeySource::Discovered(_) => "keys of the jwks_uri in the issuer's metadata".to_owned(),
    }
}
