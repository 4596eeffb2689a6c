//! Colours are for people at a terminal: nothing else that reads the tool's output meets an escape sequence.

use serde_json::json;
use test_support::world::{ISSUER, World};
use token_introspection::call::now;

use super::{Run, Tool};

const ESCAPE: char = '\u{1b}';

/// A command with a verdict, and with a warning on standard error.
async fn explain(tool: &Tool, world: &World, options: &str) -> Run {
    let token = world.token(&json!({ "exp": now() - 60 }));
    tool.run_with(format!("explain --token - {options}").trim(), &format!("Bearer {token}")).await.ended(1)
}

#[tokio::test]
async fn what_is_piped_has_no_colour() {
    let world = World::new().await;
    let run = explain(&Tool::beside(&world), &world, "").await;
    assert!(!run.stdout.contains(ESCAPE) && !run.stderr.contains(ESCAPE), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.starts_with("verdict  inactive\n"), "{}", run.stdout);
    run.warned("removed from the token");
}

/// `CLICOLOR_FORCE` replaces the terminal, which a test does not have.
#[tokio::test]
async fn verdicts_warnings_and_errors_have_colours_at_a_terminal() {
    let world = World::new().await;
    let tool = Tool::beside(&world).with("CLICOLOR_FORCE", "1");
    let run = explain(&tool, &world, "").await;
    assert!(run.stdout.starts_with("verdict  \u{1b}[31minactive\u{1b}[0m\n"), "{}", run.stdout);
    assert!(run.stdout.contains("\u{1b}[31mFAILED\u{1b}[0m") && run.stdout.contains("\u{1b}[32mpassed\u{1b}[0m"));
    assert!(run.stderr.contains("\u{1b}[33mwarning:\u{1b}[0m"), "{}", run.stderr);
    for line in ["explain", "client show missing"] {
        let run = tool.run(line).await;
        assert!(run.stderr.starts_with("\u{1b}[31mintrospection-admin:\u{1b}[0m"), "{}", run.stderr);
    }
    // Other output has no colours.
    for line in ["--help".to_owned(), "client list".to_owned(), format!("revoke --sub alice --issuer {ISSUER}")] {
        assert!(!tool.run(&line).await.done().stdout.contains(ESCAPE), "{line}");
    }
}

#[tokio::test]
async fn no_color_is_respected_and_json_never_has_colours() {
    let world = World::new().await;
    let tool = Tool::beside(&world).with("CLICOLOR_FORCE", "1");
    let json = explain(&tool, &world, "--output json").await;
    assert_eq!((json.json()["verdict"].as_str(), json.stdout.contains(ESCAPE)), (Some("inactive"), false));
    let tool = tool.with("NO_COLOR", "1");
    let run = explain(&tool, &world, "").await;
    assert!(!run.stdout.contains(ESCAPE) && !run.stderr.contains(ESCAPE), "{}{}", run.stdout, run.stderr);
    let run = tool.run("explain").await;
    assert!(run.stderr.starts_with("introspection-admin: "), "{}", run.stderr);
}
