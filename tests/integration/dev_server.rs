//! The README's first command, as a newcomer meets it: every curl line that it prints gives the answer beside it.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// Ends the server whatever becomes of the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `cargo test` builds the examples beside the binaries.
fn dev() -> Command {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_token-introspection"));
    Command::new(binary.with_file_name("examples").join("dev"))
}

/// Two neighbouring ports that are free.
fn port() -> u16 {
    (20_000..60_000)
        .step_by(7)
        .map(|port| port + u16::try_from(std::process::id() % 7).unwrap())
        .find(|port| [*port, port + 1].iter().all(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()))
        .unwrap()
}

#[test]
fn m08_every_printed_curl_line_gives_the_answer_printed_beside_it() {
    let mut child = dev().args(["--port", &port().to_string()]).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let _server = Server(child);
    let (mut commands, mut answers) = (Vec::new(), Vec::new());
    for line in output.by_ref().map_while(Result::ok) {
        if let Some(answer) = line.strip_prefix("# => ") {
            answers.push(answer.to_owned());
        }
        let is_last = line.ends_with("/.well-known/oauth-authorization-server");
        if line.starts_with("curl ") {
            commands.push(line);
        }
        if is_last {
            break;
        }
    }
    assert!(answers.len() >= 9, "{answers:?}");
    let run = |command: &str| {
        let output = Command::new("sh").args(["-c", command]).output().unwrap();
        assert!(output.status.success(), "curl is needed to try its lines: {command}");
        String::from_utf8(output.stdout).unwrap()
    };
    for (command, answer) in commands.iter().zip(&answers) {
        assert_eq!(run(command), *answer, "{command}");
    }
    let metadata = run(commands.last().unwrap());
    assert!(metadata.contains(r#""introspection_endpoint":"http://127.0.0.1:"#), "{metadata}");
}

#[test]
fn the_printed_environment_is_that_of_the_same_tables() {
    let output = dev().args(["--port", "9000", "--print-env"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for line in ["ISSUER='http://127.0.0.1:9000'", "AWS_ENDPOINT_URL_DYNAMODB='http://127.0.0.1:9001'"] {
        assert!(text.lines().any(|printed| printed == line), "{text}");
    }
    assert!(text.lines().all(|line| line.contains("='") && line.ends_with('\'')), "{text}");
}

#[test]
fn a_wrong_argument_gets_the_usage_and_an_occupied_port_the_cure() {
    for arguments in [&["--prot", "1"][..], &["--port"], &["--port", "x"], &["--port", "65535"]] {
        let output = dev().args(arguments).output().unwrap();
        assert!(
            !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("--port N"),
            "{arguments:?}"
        );
    }
    let occupied = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = occupied.local_addr().unwrap().port();
    if port < u16::MAX {
        let output = dev().args(["--port", &port.to_string()]).output().unwrap();
        assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("choose another"));
    }
}
