//! What Lambda says about an invocation, for the audit record: whether it is an environment's first, and its trace.

use std::sync::atomic::{AtomicBool, Ordering};

/// How Lambda started the environment. It is Lambda's variable, not a setting.
const VARIABLE: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";

/// Whether the next call is one for which Lambda had to start this environment.
pub struct ColdStart(AtomicBool);

impl ColdStart {
    /// Reads the variable. The start of an environment that was ready before a call came (provisioned concurrency, managed
    /// instances) delayed no call.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        Self(AtomicBool::new(variable(VARIABLE).is_none_or(|how| how == "on-demand")))
    }

    /// True for the first call.
    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// The id of the trace, if X-Ray keeps this one, from Lambda's tracing header: `Root=1-…;Parent=…;Sampled=1`. A client of
/// the gateway can choose the id, so anything but X-Ray's form is left out.
pub(super) fn kept_trace(header: Option<&str>) -> Option<String> {
    let value = |name| header?.split(';').find_map(|part| part.trim().strip_prefix(name));
    value("Sampled=").filter(|sampled| *sampled == "1")?;
    let id: &str = value("Root=")?;
    let mut parts = id.strip_prefix("1-")?.split('-');
    let has_form = is_hex(parts.next()?, 8) && is_hex(parts.next()?, 24) && parts.next().is_none();
    has_form.then(|| id.to_owned())
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_call_of_an_environment_that_was_not_ready_is_a_cold_start() {
        for (how, expected) in [
            (None, true),
            (Some("on-demand"), true),
            (Some("provisioned-concurrency"), false),
            (Some("lambda-managed-instances"), false),
        ] {
            let start = ColdStart::read(|name| how.filter(|_| name == VARIABLE).map(str::to_owned));
            assert_eq!(start.take(), expected, "{how:?}");
            assert!(!start.take(), "{how:?}");
        }
    }

    #[test]
    fn a_trace_is_named_only_if_it_is_kept_and_its_id_has_the_form_of_an_id() {
        const ID: &str = "1-5759e988-bd862e3fe1be46a994272793";
        for header in [
            format!("Root={ID};Parent=53995c3f42cd8ad8;Sampled=1"),
            format!("Root={ID};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1"),
            format!("Sampled=1; Root={ID}"),
        ] {
            assert_eq!(kept_trace(Some(&header)).as_deref(), Some(ID), "{header}");
        }
        for header in [
            format!("Root={ID};Parent=53995c3f42cd8ad8;Sampled=0"),
            format!("Root={ID}"),
            "Sampled=1".to_owned(),
            format!("Root={ID}-;Sampled=1"),
            format!("Root={ID}a;Sampled=1"),
            format!("Root={};Sampled=1", ID.replace("bd86", "b\n86")),
            format!("Root={};Sampled=1", ID.replace("bd86", "secr")),
            format!("Root=2{};Sampled=1", &ID[1..]),
            String::new(),
        ] {
            assert_eq!(kept_trace(Some(&header)), None, "{header}");
        }
        assert_eq!(kept_trace(None), None);
    }
}
