//! The answer to a request, and by which rule it ended.
//!
//! Most answers are the same bytes whatever the reason is. Each assertion therefore takes the reason too, by the name that
//! docs/reasons.md lists, and compares it with the audit record: a test that stops at another rule than it means to
//! show fails.

use std::fmt::Display;

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::audit::AuditRecord;

pub const INACTIVE: &str = r#"{"active":false}"#;
/// The verdict of [`Answer::assert_verdict`] that has no reason.
pub const ACTIVE: &str = "active";
/// How a question about an unknown token ends if its credentials are good: for tables of good and wrong credentials.
pub const ACCEPTED: &str = "unknown_token";
pub const CHALLENGE: &str = r#"Basic realm="token-introspection", charset="UTF-8""#;
/// The one refusal of credentials.
pub const REFUSED: &str = r#"{"error":"invalid_client"}"#;

/// A response, whole, and the audit records that the service wrote about it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    /// The record of the call is the last one; a batch has one for each token before it.
    pub audit: Vec<AuditRecord>,
}

/// Answers are equal if the client cannot tell them apart.
impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        (self.status, &self.headers, &self.body) == (other.status, &other.headers, &other.body)
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Every header by name, in alphabetical order.
    pub fn all_headers(&self) -> Vec<(&str, &str)> {
        let mut headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        headers.sort_unstable();
        headers
    }

    /// Why the call did not end in an active answer, by the rule's name in docs/reasons.md.
    #[track_caller]
    pub fn reason(&self) -> Option<&str> {
        reason(self.audit.last().expect("each call writes an audit record"))
    }

    /// The verdict on each token of a batch: [`ACTIVE`], or the reason.
    pub fn verdicts(&self) -> Vec<&str> {
        let tokens = self.audit.iter().filter(|record| record.contains_key("position"));
        tokens.map(|record| reason(record).unwrap_or(ACTIVE)).collect()
    }

    /// The outcome of the call in the audit record.
    #[track_caller]
    pub fn outcome(&self) -> &str {
        let record = self.audit.last().expect("each call writes an audit record");
        record["outcome"].as_str().unwrap()
    }

    #[track_caller]
    pub fn assert_active(&self) -> Value {
        assert_eq!((self.status, &self.json()["active"]), (StatusCode::OK, &json!(true)), "{}", self.body);
        self.json()
    }

    #[track_caller]
    pub fn assert_inactive(&self, reason: &str) {
        self.assert_verdict(reason, "");
    }

    /// [`ACTIVE`], or inactive for that reason.
    #[track_caller]
    pub fn assert_verdict(&self, verdict: &str, case: impl Display) {
        let is_verdict = if verdict == ACTIVE { self.json()["active"] == true } else { self.body == INACTIVE };
        assert!(self.status == StatusCode::OK && is_verdict, "{case}: {verdict} expected, {} came", self.body);
        assert_eq!(self.reason().unwrap_or(ACTIVE), verdict, "{case}");
    }

    /// An error of that status and code, for that reason, if it has one; returns its description.
    #[track_caller]
    pub fn assert_error<'a>(&self, status: u16, code: &str, reason: impl Into<Option<&'a str>>) -> String {
        let json = self.json();
        assert_eq!((self.status.as_u16(), &json["error"]), (status, &json!(code)), "{}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.reason(), reason.into(), "{}", self.body);
        json["error_description"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub fn assert_unavailable(&self, reason: &str) {
        self.assert_error(503, "temporarily_unavailable", reason);
        assert!(self.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
        assert!(!self.body.contains("active"), "{}", self.body);
    }
}

fn reason(record: &AuditRecord) -> Option<&str> {
    record.get("reason").map(|reason| reason.as_str().unwrap())
}

/// The reason of a token that a mark of that id revokes.
pub fn revoked_by(mark: &str) -> &'static str {
    match mark.split('#').next().unwrap() {
        "jti" | "jwt" | "revoked" => "revoked_token",
        "grant" => "revoked_grant",
        "sid" => "revoked_session",
        "sub" => "revoked_subject",
        "client" => "revoked_client",
        "iss" => "revoked_issuer",
        "kid" => "revoked_signing_key",
        _ => panic!("{mark} is no mark"),
    }
}

/// The refusal of credentials by `invalid_client`, for that reason.
#[track_caller]
pub fn assert_refused(answer: &Answer, reason: &str, case: &str) {
    let headers = [
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("pragma", "no-cache"),
        ("www-authenticate", CHALLENGE),
        ("x-content-type-options", "nosniff"),
    ];
    let expected = (401, headers.to_vec(), REFUSED);
    assert_eq!((answer.status.as_u16(), answer.all_headers(), answer.body.as_str()), expected, "{case}");
    assert_eq!(answer.reason(), Some(reason), "{case}");
}
