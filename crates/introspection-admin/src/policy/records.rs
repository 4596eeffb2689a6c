//! Finds audit records in what `CloudWatch` Logs exports: lines with a record, with or without a time before it; a JSON
//! document with messages; or a CSV file of Logs Insights.

use serde::Deserialize;
use serde_json::Value;

/// The members of an audit record that a draft needs. Others are ignored, among them those of later versions.
#[derive(Deserialize)]
pub(super) struct AuditRecord {
    #[serde(default)]
    target: String,
    #[serde(default)]
    pub timestamp: String,
    pub caller: Option<String>,
    pub issuer: Option<String>,
    #[serde(default)]
    pub policy: String,
    /// What the token has, separated by spaces. They are present only if the policy is in report mode.
    pub audiences: Option<String>,
    pub scopes: Option<String>,
    pub claims: Option<String>,
}

impl AuditRecord {
    /// Whether the record is of an active token whose caller has a policy in report mode.
    pub fn is_report(&self) -> bool {
        self.target == "audit" && self.audiences.is_some()
    }
}

/// Passes each audit record in the text to `use_record`. Other log lines are skipped.
pub(super) fn each(text: &str, use_record: &mut impl FnMut(AuditRecord)) {
    match serde_json::from_str::<Value>(text) {
        Ok(document) => in_document(document, use_record),
        Err(_) => text.lines().filter_map(in_line).for_each(use_record),
    }
}

/// A record may be the document itself, in one of its strings, or deeper in it.
fn in_document(document: Value, use_record: &mut impl FnMut(AuditRecord)) {
    match document {
        Value::String(line) => in_line(&line).into_iter().for_each(use_record),
        Value::Array(values) => values.into_iter().for_each(|value| in_document(value, use_record)),
        Value::Object(members) if members.get("target").is_some_and(|target| target == "audit") => {
            serde_json::from_value(members.into()).into_iter().for_each(use_record);
        }
        Value::Object(members) => members.into_iter().for_each(|(_, value)| in_document(value, use_record)),
        _ => {}
    }
}

fn in_line(line: &str) -> Option<AuditRecord> {
    let record = line.get(line.find('{')?..=line.rfind('}')?)?;
    // A CSV file doubles the quotes of a cell.
    let is_doubled = record.starts_with("{\"\"");
    let parsed =
        if is_doubled { serde_json::from_str(&record.replace("\"\"", "\"")) } else { serde_json::from_str(record) };
    parsed.ok().filter(|record: &AuditRecord| record.target == "audit")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RECORD: &str = r#"{"timestamp":"2026-11-22T18:23:50.375Z","outcome":"active","caller":"orders-api","issuer":"https://a","policy":"would_deny","audiences":"x","scopes":"","claims":"y z","target":"audit"}"#;

    fn callers(text: &str) -> Vec<String> {
        let mut callers = Vec::new();
        each(text, &mut |record: AuditRecord| {
            if record.is_report() {
                callers.extend(record.caller);
            }
        });
        callers
    }

    #[test]
    fn records_are_found_in_every_form_of_export() {
        let events = json!({ "events": [{ "timestamp": 1, "message": RECORD }, { "message": "START RequestId: 1" }] });
        let insights = json!({ "results": [[{ "field": "@message", "value": format!("{RECORD}\n") }]] });
        let csv = format!("@timestamp,@message\n2026-11-22,\"{}\"\n", RECORD.replace('"', "\"\""));
        for text in [
            RECORD.to_owned(),
            format!("\n{RECORD}\nSTART RequestId: 1\n{{\"level\":\"ERROR\"}}\nnot json {{\n"),
            format!("2026-11-22T18:23:50.375Z {RECORD}\r\n"),
            events.to_string(),
            format!("{events:#}"),
            format!("{insights:#}"),
            csv,
            json!([serde_json::from_str::<Value>(RECORD).unwrap()]).to_string(),
        ] {
            assert_eq!(callers(&text), ["orders-api"], "{text}");
        }
        assert_eq!(callers(&format!("{RECORD}\n{RECORD}\n")).len(), 2);
    }

    #[test]
    fn other_lines_are_no_records_of_report_mode() {
        for text in ["", "{", "}{", "[]", "null", r#"{"caller":"a","audiences":"x"}"#] {
            assert_eq!(callers(text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(callers(&RECORD.replace(r#""audiences":"x","#, "")), Vec::<String>::new(), "an enforced policy");
    }
}
