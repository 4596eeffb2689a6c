//! An item of the tables, as DynamoDB's wire format has it (`{"id": {"S": "…"}}`): whatever its attributes are, it never
//! helps the bearer of a token.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_dynamo::AttributeValue::{self, B, Bool, Bs, L, M, N, Ns, Null, S, Ss};
use serde_json::{Value, value::RawValue};
use token_introspection::{
    digest::Digest,
    judge,
    jwt::{parse_members, parse_object},
    records::{
        ClientRecord, Corrupt, FetchedItems, ItemKey, MarkKind, RevocationFacts, Snapshot, UnixTime, item_size,
        revokes, to_json,
    },
};

use crate::world::{NOW, SETTINGS};

type Attributes = HashMap<String, AttributeValue>;

/// What an item means for a token.
pub struct Subject {
    /// Whether the token is active whose record it is.
    pub is_active: fn(Attributes) -> bool,
    /// Whether it revokes a token, as a mark of this kind.
    pub revokes: fn(MarkKind, Attributes) -> bool,
}

/// Writes an attribute as JSON.
pub type Write = fn(&AttributeValue) -> Result<Box<RawValue>, Corrupt>;

/// The code of the function.
pub const FUNCTION: Subject = Subject { is_active, revokes: is_revoked };

pub fn check(data: &[u8]) {
    holds(&FUNCTION, data);
    has_one_text(to_json, data);
    let Some(attributes) = item(data) else { return };
    other_records_are_read_whole(&attributes);
}

fn is_active(record: Attributes) -> bool {
    let digest = Digest::of("token");
    let items = FetchedItems::single(&ItemKey::token(&digest), record.into());
    let judged = judge::record(&digest, false, &items, &SETTINGS, NOW);
    judged.is_ok_and(|token| judge::active(token, &items, &items).is_ok())
}

fn is_revoked(kind: MarkKind, mark: Attributes) -> bool {
    let (issued_at, authenticated_at) = (Some(UnixTime(NOW - 60)), Some(UnixTime(NOW - 90)));
    let token = RevocationFacts { issued_at, authenticated_at, session: Some("session") };
    !matches!(revokes(kind, Ok(&mark.into()), &token), Ok(None))
}

/// The properties of a reader.
pub fn holds(subject: &Subject, data: &[u8]) {
    let Some(item) = item(data) else { return };
    let is_active = (subject.is_active)(item.clone());
    if is_active {
        has_what_an_active_record_needs(&item);
    }
    // Unknown attributes are ignored, and NULL counts as absent.
    let mut more = item.clone();
    more.insert("an_unknown_attribute".to_owned(), B(vec![1]));
    for optional in ["sub", "scope", "nbf", "iat", "jti", "cnf", "claims", "not_before", "except_sid"] {
        more.entry(optional.to_owned()).or_insert(Null(true));
    }
    assert!((subject.is_active)(more.clone()) == is_active, "an attribute without a meaning has an effect");
    for kind in MarkKind::ALL {
        let revokes = (subject.revokes)(kind, item.clone());
        assert!((subject.revokes)(kind, more.clone()) == revokes, "an attribute without a meaning has an effect");
        let time = match item.get("not_before") {
            Some(N(text)) => text.parse().ok().filter(|time: &f64| *time != 0.0),
            _ => None,
        };
        #[expect(clippy::cast_precision_loss, reason = "the time is exact")]
        let is_older = time.is_some_and(|time| time < (NOW - 60) as f64);
        let is_excepted =
            kind == MarkKind::Subject && matches!(item.get("except_sid"), Some(S(sid)) if sid == "session");
        let may_spare = !kind.presence_is_enough() && (is_older || is_excepted);
        assert!(revokes || may_spare, "a mark does not revoke");
    }
}

fn has_what_an_active_record_needs(item: &Attributes) {
    assert!(matches!(item.get("client_id"), Some(S(_))), "a record without a client is active");
    let Some(S(kind)) = item.get("token_type") else { panic!("a record without a type is active") };
    assert!(matches!(item.get("revoked"), None | Some(Bool(false) | Null(_))), "a revoked record is active");
    match (kind.as_str(), item.get("exp")) {
        ("refresh_token", None | Some(Null(_))) => {}
        #[expect(clippy::cast_precision_loss, reason = "the time is exact")]
        ("access_token" | "refresh_token", Some(N(exp))) => {
            let exp: f64 = exp.parse().expect("a record whose exp is not a number is active");
            assert!(exp >= (NOW + 1) as f64 && exp < 253_402_300_800.0, "an expired or immortal record is active");
        }
        _ => panic!("a record without an expiry is active"),
    }
    let issuer = match item.get("iss") {
        None | Some(Null(_)) => &SETTINGS.issuer,
        Some(S(issuer)) => issuer,
        Some(_) => panic!("a record with an issuer that is not a string is active"),
    };
    assert!(SETTINGS.canonical_issuer(issuer).is_some(), "a record of another issuer is active");
}

/// As JSON, an item has one reading, which has the same text when it is written again.
pub fn has_one_text(write: Write, data: &[u8]) {
    let Some(attributes) = item(data) else { return };
    assert!(item_size(&attributes.clone().into()) >= attributes.keys().map(String::len).sum(), "a size is too small");
    let Ok(text) = write(&M(attributes)) else { return };
    // A name that occurs twice is not possible in a map, and deeper nesting is refused.
    if let Ok(members) = parse_members(text.get().as_bytes()) {
        let again = serde_json::to_string(&members).expect("members are JSON");
        assert!(again == text.get(), "an item that is written again has another text");
    }
}

/// The other kinds of records are read without a panic, and only with what they need.
fn other_records_are_read_whole(attributes: &Attributes) {
    let key = ItemKey::client("client").unwrap_or_else(|_| panic!("a client's key"));
    let items = FetchedItems::single(&key, attributes.clone().into());
    if let Ok(Some(client)) = items.record::<ClientRecord>(&key) {
        if let Some((_, UnixTime(expires_at))) = client.previous_secret(NOW) {
            assert!(expires_at > NOW && matches!(attributes.get("previous_client_secret_expires_at"), Some(N(_))));
        }
        assert!(client.disabled == matches!(attributes.get("disabled"), Some(Bool(true))), "a client is not disabled");
        let names = attributes
            .iter()
            .filter(|(name, value)| name.starts_with("tls_client_auth_s") && !matches!(value, Null(_)));
        assert!(client.certificate_name().is_none() || names.count() >= 1, "a name from nowhere");
        if let Some(policy) = client.introspection {
            let Some(M(map)) = attributes.get("introspection") else { panic!("a policy that is not a map") };
            assert!(policy.allowed == !matches!(map.get("allowed"), Some(Bool(false))), "a client may introspect");
        }
    }
    if let Ok(Some(_)) = items.record::<Snapshot>(&key) {
        assert!(matches!(attributes.get("jwks"), Some(S(_))), "a snapshot without keys");
    }
}

/// An item in DynamoDB's wire format. `None` if the input is not one.
fn item(data: &[u8]) -> Option<Attributes> {
    parse_object(data).ok()?.into_iter().map(|(name, value)| Some((name, attribute(&value)?))).collect()
}

fn attribute(value: &Value) -> Option<AttributeValue> {
    let (kind, value) = value.as_object().filter(|object| object.len() == 1)?.iter().next()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let texts = || value.as_array()?.iter().map(text).collect::<Option<Vec<_>>>();
    let bytes = |value: &Value| STANDARD.decode(value.as_str()?).ok();
    Some(match kind.as_str() {
        "S" => S(text(value)?),
        "N" => N(text(value)?),
        "B" => B(bytes(value)?),
        "BOOL" => Bool(value.as_bool()?),
        "NULL" => Null(true),
        "M" => M(value
            .as_object()?
            .iter()
            .map(|(name, value)| Some((name.clone(), attribute(value)?)))
            .collect::<Option<_>>()?),
        "L" => L(value.as_array()?.iter().map(attribute).collect::<Option<_>>()?),
        "SS" => Ss(texts()?),
        "NS" => Ns(texts()?),
        "BS" => Bs(value.as_array()?.iter().map(bytes).collect::<Option<_>>()?),
        _ => return None,
    })
}
