//! Explains an opaque token, stage by stage: its record, then the marks that the record names.

use token_introspection::{
    digest::Digest,
    judge,
    records::{ItemKey, MarkKey},
    token::Inactive,
};

use super::{
    Context, Explanation, Name,
    jwt::{claims_summary, times},
    marks,
};
use crate::problem::Problem;

pub(super) async fn explain(digest: &Digest, too_long: bool, context: &Context<'_>) -> Result<Explanation, Problem> {
    let mut explanation = Explanation::default();
    let own_mark = MarkKey::opaque(digest);
    let record = ItemKey::token(digest);
    let items = context.admin.items(&[record.clone(), own_mark.key.clone()]).await?;
    marks::explain_own(&mut explanation, &own_mark, &items);
    let token = match judge::record(digest, too_long, &items, context.settings, context.now) {
        Ok(token) => token,
        Err(why) => {
            refused(&mut explanation, why, record.id());
            return Ok(explanation);
        }
    };
    explanation.passed(Name::Form, "opaque");
    explanation.passed(Name::Record, record.id());
    let claims = token.claims();
    explanation.passed(Name::Issuer, &claims.issuer);
    explanation.passed(Name::Claims, claims_summary(claims));
    explanation.passed(Name::Times, times(claims, context.now));
    let keys: Vec<ItemKey> = token.marks().iter().map(|mark| mark.key.clone()).collect();
    let items = context.admin.items(&keys).await?;
    marks::explain(&mut explanation, claims, token.marks(), &items);
    explanation.claims = Some(claims.clone());
    explanation.active = judge::active(token, &items, &items).ok();
    Ok(explanation)
}

/// Explains a token that is inactive because of its form or its record.
fn refused(explanation: &mut Explanation, why: Inactive, record: &str) {
    let stage = Name::for_rule(&why);
    if stage > Name::Form {
        explanation.passed(Name::Form, "opaque, because it does not have the three parts of a JWT");
    }
    // The library reads the record's issuer and times. All that is known here is that it reached them.
    if stage > Name::Record {
        explanation.passed(Name::Record, record);
    }
    explanation.failed(why, if stage == Name::Record { record } else { "" });
}
