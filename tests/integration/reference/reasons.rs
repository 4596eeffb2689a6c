//! That the random cases reach every reason of docs/reasons.md and docs/callers.md that an introspection can have and
//! the model knows.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

/// The fewest times that each reason is reached in ten thousand cases.
const FEWEST: usize = 3;

/// Reasons of these sections that no case has, and why.
const NOT_COMPARED: [(&str, &str); 33] = [
    ("response_too_large", "only a batch of very long tokens has it"),
    ("foreign_token", "only a revocation has it"),
    ("token_not_bound", "tests/integration/proofs has a model of proofs"),
    ("malformed_proof", "as above"),
    ("proof_type", "as above"),
    ("proof_algorithm", "as above"),
    ("proof_key", "as above"),
    ("other_key", "as above"),
    ("proof_signature", "as above"),
    ("proof_method", "as above"),
    ("proof_url", "as above"),
    ("proof_time", "as above"),
    ("proof_token", "as above"),
    ("proof_without_jti", "as above"),
    ("proof_replayed", "as above"),
    ("other_certificate", "as above"),
    ("wrong_proof_target", "as above"),
    ("wrong_client_certificate", "as above"),
    ("two_client_certificates", "as above"),
    ("proof_in_batch", "as above"),
    ("missing_logout_token", "only a log-out has it"),
    ("wrong_subject", "only a global revocation or an event has it"),
    ("malformed_assertion", "the model knows clients with secrets only"),
    ("assertion_signature", "as above"),
    ("assertion_header", "as above"),
    ("assertion_time", "as above"),
    ("assertion_audience", "as above"),
    ("assertion_without_jti", "as above"),
    ("assertion_replayed", "as above"),
    ("wrong_identity", "as above"),
    ("bearer_", "as above, except for a credential that is not a JWT"),
    ("insufficient_scope", "as above"),
    ("may_not_revoke_subjects", "only a global revocation has it"),
];

/// The names in the first column of the tables below a heading.
fn names(page: &str, heading: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let text = fs::read_to_string(path).unwrap();
    let section = text.split_once(&format!("\n## {heading}\n")).unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    rows.filter(|name| *name != "reason").map(str::to_owned).collect()
}

pub fn assert_all_reached(reached: &BTreeMap<&'static str, usize>) {
    let sections = [("reasons.md", "Inactive tokens"), ("reasons.md", "Refused requests"), ("callers.md", "Reasons")];
    let mut documented: BTreeSet<_> = sections.iter().flat_map(|(page, heading)| names(page, heading)).collect();
    documented.extend(
        ["active", "not_allowed", "signed_response_required", "keys_unavailable", "bearer_malformed"]
            .map(str::to_owned),
    );
    assert!(documented.len() > 80, "{documented:?}");
    let is_compared =
        |name: &String| *name == "bearer_malformed" || !NOT_COMPARED.iter().any(|(other, _)| name.starts_with(other));
    let rare = |name: &&String| reached.get(name.as_str()).copied().unwrap_or_default() < FEWEST;
    let rare: Vec<_> = documented.iter().filter(|name| is_compared(name)).filter(rare).collect();
    assert!(rare.is_empty(), "reached less than {FEWEST} times: {rare:?}");
    let unknown: Vec<_> = reached.keys().filter(|name| **name != "batch" && !documented.contains(**name)).collect();
    assert!(unknown.is_empty(), "not documented: {unknown:?}");
}
