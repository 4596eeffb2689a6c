//! The console blocks: each command, run against the development server, prints what the page shows.

use super::page::{blocks, commands};
use crate::dev_server::{Server, dev, run, start};

/// The address in the pages. The port of the test has as many digits, so that `content-length` is the same.
const SHOWN: &str = "http://127.0.0.1:9000";

/// The command of a block, and the output that it shows.
fn parts(text: &str) -> (String, String) {
    let mut lines = text.lines();
    let mut command = String::new();
    for line in lines.by_ref() {
        command += line.trim_start_matches("$ ");
        command.push('\n');
        if !line.ends_with('\\') {
            break;
        }
    }
    (command, lines.collect::<Vec<_>>().join("\n"))
}

/// Whether an output is the shown one, in which `…` matches any text within a line.
fn fits(shown: &str, output: &str) -> bool {
    let (mut shown, mut output) = (shown.lines(), output.lines());
    loop {
        match (shown.next(), output.next()) {
            (None, None) => return true,
            (Some(shown), Some(output)) if line_fits(shown, output) => {}
            _ => return false,
        }
    }
}

fn line_fits(shown: &str, output: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = output.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (number, part) in parts.iter().enumerate() {
        let is_last = number + 1 == parts.len();
        let Some(at) = (if is_last { rest.len().checked_sub(part.len()) } else { rest.find(part) }) else {
            return false;
        };
        if rest.get(at..at + part.len()) != Some(*part) {
            return false;
        }
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

#[test]
fn a01_j04_m08_n04_each_console_block_shows_what_the_development_server_answers() {
    let port = (9000..9998)
        .step_by(2)
        .find(|port| [*port, port + 1].iter().all(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()));
    let port = port.unwrap();
    let (_server, _): (Server, _) = start(dev().args(["--port", &port.to_string()]));
    let url = format!("http://127.0.0.1:{port}");
    let variables: String =
        blocks("sh", "dev").iter().flat_map(|block| commands(&block.text)).map(|line| line + "\n").collect();
    assert!(variables.contains(SHOWN), "the address is not in the variables");
    let blocks = blocks("console", "dev");
    assert!(blocks.len() >= 10, "{} blocks", blocks.len());
    for block in blocks {
        let (command, shown) = parts(&block.text.replace(SHOWN, &url));
        let output = run(&format!("{}{command}", variables.replace(SHOWN, &url)));
        let output: Vec<_> = output.lines().filter(|line| !line.starts_with("date: ")).map(str::trim_end).collect();
        let output = output.join("\n");
        assert!(
            fits(shown.trim_end(), output.trim_end()),
            "{}\n{command}shown:\n{shown}\nanswered:\n{output}",
            block.place
        );
    }
}

#[test]
fn an_output_fits_only_if_it_is_the_shown_one_around_its_gaps() {
    for (shown, output, fit) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("a…", "abc", true),
        ("a…c", "abc", true),
        ("a…c…", "abcd", true),
        ("a…c", "ab", false),
        ("a\nb", "a", false),
        ("a", "a\nb", false),
        (r#"{"x":"…","y":"…"}"#, r#"{"x":"1","y":"2"}"#, true),
        (r#"{"x":"…","y":"…"}"#, r#"{"x":"1","z":"2"}"#, false),
    ] {
        assert_eq!(fits(shown, output), fit, "{shown:?} {output:?}");
    }
}
