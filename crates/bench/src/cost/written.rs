//! The bytes that an introspection writes to logs.

use std::fs;

use crate::{
    event::Traffic,
    root,
    scale::{
        environment::{Setup, event_with},
        measured::Figure,
        tables::Tables,
        traffic::Settings,
    },
    target,
};

const INVOCATIONS: usize = 100;
/// What Lambda writes for an invocation with `LogFormat: JSON` and `SystemLogLevel: INFO`, by the schema of its telemetry
/// events (<https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>).
const PLATFORM: [&str; 2] = [
    r#"{"time":"2026-11-01T12:00:00.000Z","type":"platform.start","record":{"requestId":"6f747de8-5ebd-4a4d-b4a0-7ac0e1d0f7a4","version":"$LATEST","tracing":{"spanId":"54565fb41ac79632","type":"X-Amzn-Trace-Id","value":"Root=1-62e900b2-710d76f009d6e7785905449a;Parent=0efbd19962d95b05;Sampled=0"}}}"#,
    r#"{"time":"2026-11-01T12:00:00.007Z","type":"platform.report","record":{"requestId":"6f747de8-5ebd-4a4d-b4a0-7ac0e1d0f7a4","metrics":{"durationMs":7.31,"billedDurationMs":8,"memorySizeMB":256,"maxMemoryUsedMB":21},"tracing":{"spanId":"54565fb41ac79632","type":"X-Amzn-Trace-Id","value":"Root=1-62e900b2-710d76f009d6e7785905449a;Parent=0efbd19962d95b05;Sampled=0"},"status":"success"}}"#,
];
/// A value of each variable of the access log that is as long as a real one.
const CONTEXT: [(&str, &str); 10] = [
    ("$context.requestId", "LV7fzho-PHcEJPw="),
    ("$context.integration.requestId", "6f747de8-5ebd-4a4d-b4a0-7ac0e1d0f7a4"),
    ("$context.requestTime", "01/Nov/2026:12:00:00 +0000"),
    ("$context.identity.sourceIp", "198.51.100.7"),
    ("$context.httpMethod", "POST"),
    ("$context.status", "200"),
    ("$context.error.responseType", "-"),
    ("$context.integration.integrationStatus", "200"),
    ("$context.responseLatency", "12"),
    ("$context.integrationLatency", "11"),
];

/// Measures the line of the function, and counts the lines of Lambda and of the gateway.
pub fn measure() -> Vec<Figure> {
    let log = target().join("bench-scale.log");
    let tables = Tables::start(std::time::Duration::ZERO);
    let setup = Setup {
        dynamodb: &tables.url,
        jwks_uri: None,
        settings: Settings::ALL[0],
        event: event_with(None, None),
        log: Some(&log),
    };
    let environment = setup.start();
    let answer = environment.api.invoke(Traffic::Again, INVOCATIONS, 1).answer;
    assert!(answer.contains(r#"\"active\":true"#), "{answer}");
    // Ends it, so that all of its output is in the file.
    environment.process.terminate();
    let text = fs::read_to_string(&log).unwrap();
    let total: usize = text.lines().filter(|line| line.contains("audit")).map(real_length).sum();
    let lines = text.lines().filter(|line| line.contains("audit")).count();
    assert_eq!(lines, INVOCATIONS, "one audit record for each call");
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let platform = PLATFORM.iter().map(|line| line.len()).sum::<usize>();
    vec![
        ("audit_line_bytes".to_owned(), (total as f64 / lines as f64).round(), "the log of the release binary"),
        (
            "platform_lines_bytes".to_owned(),
            platform as f64,
            "two lines by the schema in crates/bench/src/cost/written.rs",
        ),
        ("access_line_bytes".to_owned(), access_line(&template).len() as f64, "the format in template.yaml"),
    ]
}

/// The length of a line with request ids as Lambda has them: the emulator's are short numbers.
fn real_length(line: &str) -> usize {
    let ids = line.split("request_id\":\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default().len());
    let missing: usize = ids.map(|length| 36 - length).sum();
    assert!(missing > 0, "the line has no request id: {line}");
    line.len() + missing
}

/// The access log's line, with the values of [`CONTEXT`].
fn access_line(template: &str) -> String {
    let lines = template.lines().skip_while(|line| line.trim() != "Format: >-").skip(1);
    let format: Vec<&str> = lines.map(str::trim).take_while(|line| line.starts_with(['{', '"'])).collect();
    let mut line = format.join(" ");
    assert!(line.ends_with('}'), "the format ends with a brace: {line}");
    let mut names = CONTEXT;
    // A name may begin with another one.
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, value) in names {
        line = line.replace(name, value);
    }
    assert!(!line.contains('$'), "a variable without an example: {line}");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_access_log_has_an_example_for_each_variable() {
        let template = fs::read_to_string(root().join("template.yaml")).unwrap();
        let line = access_line(&template);
        assert!(line.contains(r#""lambdaRequestId":"6f747de8"#), "{line}");
    }

    #[test]
    fn request_ids_count_with_their_real_length() {
        assert_eq!(real_length(r#"{"request_id":"12"}"#), r#"{"request_id":"12"}"#.len() + 34);
    }
}
