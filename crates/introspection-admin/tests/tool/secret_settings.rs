//! Any setting or option may hold a secret by mistake. The tool prints none.

use test_support::wrong_settings::{assert_prints_no_setting, assert_quotes_nothing, few_values, printed};

const TOOL: &str = env!("CARGO_BIN_EXE_introspection-admin");

#[test]
fn o04_the_tool_prints_no_setting() {
    assert_prints_no_setting(TOOL, &["revoke", "--sub", "alice"]);
}

#[test]
fn o04_the_tool_prints_no_option() {
    let values = few_values();
    std::thread::scope(|scope| {
        for option in ["--endpoint-url", "--region"] {
            let values = &values;
            scope.spawn(move || {
                for value in values {
                    let text = printed(TOOL, &["tables", "create", option, value], "LOG_LEVEL", "info");
                    assert_quotes_nothing(&text, option, value);
                }
            });
        }
    });
}
