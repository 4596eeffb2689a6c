//! Checks the items of the tokens table: whether the function can read them, and whether it ever does.

use serde_dynamo::AttributeValue;
use token_introspection::{
    digest::Digest,
    records::{FetchedItems, Item, ItemKey, MarkKind, RevocationFacts, revokes},
    settings::Settings,
};

use super::{clients::is_configured, finding::Kind, report::Findings};
use crate::trust::untrusted;

/// What was counted.
#[derive(Default)]
pub(super) struct ItemCounts {
    pub records: u64,
    pub marks: u64,
}

/// Checks one item.
pub(super) fn look(item: &Item, settings: &Settings, counts: &mut ItemCounts, findings: &mut Findings) {
    let Some(AttributeValue::S(id)) = item.get("id") else { return };
    if let Some(digest) = id.strip_prefix("token#").and_then(Digest::from_hex) {
        counts.records += 1;
        look_at_record(&ItemKey::token(&digest), item, settings, findings);
    } else if let Some((kind, issuer)) = MarkKind::of_id(id) {
        counts.marks += 1;
        look_at_mark(id, kind, issuer, item, settings, findings);
    } else {
        findings.add(Kind::UnknownItem, id, "");
    }
}

fn look_at_record(key: &ItemKey, item: &Item, settings: &Settings, findings: &mut Findings) {
    match FetchedItems::single(key, item.clone()).token_record(key) {
        Ok(Some(record)) => {
            // The record names the issuer of the token, and may use an alias.
            let issuer = record.issuer(&settings.issuer);
            if settings.issuer != issuer && settings.trusted_issuer(issuer).is_none() {
                findings.add(Kind::RecordOfUnknownIssuer, key.id(), untrusted(issuer, settings));
            }
            if record.lacks_exp() {
                findings.add(Kind::CorruptRecord, key.id(), "an access token needs an exp");
            }
        }
        Ok(None) => {}
        Err(_) => findings.add(Kind::CorruptRecord, key.id(), "an attribute is missing or has a wrong type"),
    }
}

fn look_at_mark(
    id: &str,
    kind: MarkKind,
    issuer: Option<&str>,
    item: &Item,
    settings: &Settings,
    findings: &mut Findings,
) {
    // Any token shows whether the mark can be read.
    let any = RevocationFacts { issued_at: None, authenticated_at: None, session: None };
    if revokes(kind, Ok(item), &any).is_err() {
        findings.add(Kind::CorruptMark, id, "");
    }
    let Some(issuer) = issuer.filter(|issuer| !is_configured(issuer, settings)) else { return };
    let why = match settings.trusted_issuer(issuer) {
        Some(entry) => format!("it is an alias of {:?}, which marks name", entry.issuer),
        None => untrusted(issuer, settings),
    };
    findings.add(Kind::MarkOfUnknownIssuer, id, why);
}
