//! The findings of one run, and how they are shown.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::finding::{Kind, Severity};
use crate::{
    output::{Cell, Report, Tone, table},
    problem::{NEGATIVE, UNKNOWN},
};

/// How many things of one kind the table shows, and how many the JSON contains. All are counted.
const SHOWN: usize = 5;
const KEPT: usize = 1000;

/// What was found, by kind.
#[derive(Default)]
pub(super) struct Findings(BTreeMap<Kind, Subjects>);

/// The things that one kind of finding is about, with what is known about each.
#[derive(Default)]
struct Subjects {
    count: u64,
    kept: Vec<(String, String)>,
}

impl Findings {
    /// Adds what a finding is about. `detail` may be empty.
    pub fn add(&mut self, kind: Kind, subject: impl Into<String>, detail: impl Into<String>) {
        let subjects = self.0.entry(kind).or_default();
        subjects.count += 1;
        if subjects.kept.len() < KEPT {
            subjects.kept.push((subject.into(), detail.into()));
        }
    }

    /// Adds what a finding is about, unless it was added before.
    pub fn add_once(&mut self, kind: Kind, subject: String) {
        if self.0.get(&kind).is_none_or(|known| known.kept.iter().all(|(name, _)| *name != subject)) {
            self.add(kind, subject, "");
        }
    }

    /// The report. `counts` is what was looked at, as names and values.
    pub fn report(mut self, counts: &[(&'static str, u64)], tables: &Value, redis: &Value, issuers: &Value) -> Report {
        for subjects in self.0.values_mut() {
            subjects.kept.sort();
        }
        let has = |severity| self.0.keys().any(|kind| kind.severity() == severity);
        let exit_code = match () {
            () if has(Severity::Error) => NEGATIVE,
            () if has(Severity::Unknown) => UNKNOWN,
            () => 0,
        };
        let looked_at: Vec<_> = counts.iter().map(|(name, count)| plural(*count, name)).collect();
        let mut text = format!("looked at {}\n{}\n\n{}", looked_at.join(", "), self.verdict(), overview(issuers));
        for (kind, subjects) in &self.0 {
            text.push('\n');
            text.push_str(&subjects.text(*kind));
        }
        let counts: Map<_, _> =
            counts.iter().map(|(name, count)| (format!("{}s", name.replace(' ', "_")), json!(count))).collect();
        let findings: Vec<_> = self.0.iter().map(|(kind, subjects)| subjects.json(*kind)).collect();
        let json =
            json!({ "counts": counts, "tables": tables, "redis": redis, "issuers": issuers, "findings": findings });
        Report { text, json, exit_code }
    }

    /// How many findings of each severity there are.
    fn verdict(&self) -> String {
        let count =
            |severity| self.0.iter().filter(|(kind, _)| kind.severity() == severity).map(|(_, s)| s.count).sum();
        let counted = [
            (Severity::Error, "error"),
            (Severity::Unknown, "unchecked thing"),
            (Severity::Warning, "warning"),
            (Severity::Note, "note"),
        ];
        let counted: Vec<_> = counted
            .into_iter()
            .map(|(severity, name)| (count(severity), name))
            .filter(|(count, _): &(u64, _)| *count > 0)
            .map(|(count, name)| plural(count, name))
            .collect();
        if counted.is_empty() { "found nothing".to_owned() } else { format!("found {}", counted.join(", ")) }
    }
}

fn plural(count: u64, name: &str) -> String {
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// The issuers with their keys, and how long ago the set was fetched that the environments share.
fn overview(issuers: &Value) -> String {
    let row = |issuer: &Value| {
        let text = |name: &str| match issuer.get(name) {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => "-".to_owned(),
            Some(other) => other.to_string(),
        };
        let dropped = issuer.get("dropped_keys").and_then(Value::as_array).map_or(0, Vec::len);
        let age = issuer.get("shared_seconds_ago").and_then(Value::as_i64);
        let age = age.map_or("-".to_owned(), |seconds| format!("{} min ago", seconds / 60));
        vec![text("issuer"), text("profile"), text("loaded_keys"), dropped.to_string(), age]
    };
    let rows: Vec<_> = issuers.as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() { String::new() } else { table(&["issuer", "profile", "keys", "dropped", "shared set"], rows) }
}

impl Subjects {
    fn text(&self, kind: Kind) -> String {
        let tone = match kind.severity() {
            Severity::Error => Tone::Bad,
            Severity::Unknown | Severity::Warning => Tone::Unknown,
            Severity::Note => Tone::Good,
        };
        let mut lines =
            vec![format!("{} {}: {}", Cell::verdict(kind.severity().name(), tone), kind.name(), kind.meaning())];
        for (subject, detail) in self.kept.iter().take(SHOWN) {
            let separator = if detail.is_empty() { "" } else { ": " };
            lines.push(format!("  {}", Cell::from(format!("{subject}{separator}{detail}"))));
        }
        if self.count > SHOWN as u64 {
            lines.push(format!("  and {} more", self.count - SHOWN as u64));
        }
        lines.push(format!("  hint: {}", kind.hint()));
        lines.join("\n") + "\n"
    }

    fn json(&self, kind: Kind) -> Value {
        let subjects = self.kept.iter().map(|(subject, detail)| json!({ "subject": subject, "detail": detail }));
        json!({
            "name": kind.name(),
            "severity": kind.severity().name(),
            "meaning": kind.meaning(),
            "hint": kind.hint(),
            "count": self.count,
            "subjects": subjects.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_is_that_of_the_worst_finding() {
        for (kinds, code) in [
            (&[][..], 0),
            (&[Kind::ReportMode, Kind::TimeToLiveOff][..], 0),
            (&[Kind::ReportMode, Kind::NotChecked][..], UNKNOWN),
            (&[Kind::NotChecked, Kind::CorruptMark][..], NEGATIVE),
        ] {
            let mut findings = Findings::default();
            for kind in kinds {
                findings.add(*kind, "a", "");
            }
            assert_eq!(findings.report(&[], &Value::Null, &Value::Null, &Value::Null).exit_code, code, "{kinds:?}");
        }
    }

    #[test]
    fn many_things_are_counted_and_a_few_are_shown() {
        let mut findings = Findings::default();
        for number in 0..1500 {
            findings.add(Kind::ReliesOnDefault, format!("client-{number:04}"), "a\nb");
        }
        let report = findings.report(&[("client", 1500)], &Value::Null, &Value::Null, &Value::Null);
        assert!(report.text.starts_with("looked at 1500 clients\nfound 1500 notes\n\n"), "{}", report.text);
        assert!(report.text.contains("  client-0004: a b\n  and 1495 more\n  hint: "), "{}", report.text);
        assert_eq!(report.json["findings"][0]["count"], 1500);
        assert_eq!(report.json["findings"][0]["subjects"].as_array().unwrap().len(), KEPT);
    }
}
