//! The README's first command: every curl line that the server prints returns the answer that is printed beside it.

use std::{
    io::{BufRead, BufReader, Lines},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;
use token_introspection::jwt::{Algorithm, UnverifiedJws, VerificationKey};

use crate::{
    demo::{self, Answer},
    world::{World, request},
};

/// Ends the server even if the test fails.
pub struct Server {
    child: Child,
    /// Kept open, so that the server can continue to write.
    output: Lines<BufReader<ChildStdout>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `cargo test` builds the examples beside the binaries.
pub fn dev() -> Command {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_token-introspection"));
    let mut dev = Command::new(binary.with_file_name("examples").join("dev"));
    dev.env_remove("SIGNING_KEY");
    dev
}

/// Two neighbouring ports that are free.
fn port() -> u16 {
    (20_000..60_000)
        .step_by(7)
        .map(|port| port + u16::try_from(std::process::id() % 7).unwrap())
        .find(|port| [*port, port + 1].iter().all(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()))
        .unwrap()
}

/// Runs a line as it was printed, and returns its output.
pub fn run(command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).output().unwrap();
    assert!(output.status.success(), "curl is needed to try its lines: {command}");
    String::from_utf8(output.stdout).unwrap()
}

/// Starts the server, and returns the lines that it prints before it serves.
pub fn start(dev: &mut Command) -> (Server, Vec<String>) {
    let mut child = dev.stdout(Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut server = Server { child, output };
    let mut lines = Vec::new();
    for line in server.output.by_ref().map_while(Result::ok) {
        let is_last = line.ends_with("/.well-known/oauth-authorization-server");
        lines.push(line);
        if is_last {
            break;
        }
    }
    (server, lines)
}

/// The commands of the guide, and the answers beside them. Each command is preceded by the line that reads the
/// variables.
fn commands_and_answers(lines: &[String]) -> (Vec<String>, Vec<String>) {
    let variables = lines.iter().find(|line| line.starts_with(". ")).unwrap();
    let (mut commands, mut answers) = (Vec::<String>::new(), Vec::<String>::new());
    for line in lines {
        if let Some(answer) = line.strip_prefix("# => ") {
            answers.push(answer.to_owned());
        } else if let Some(rest) = line.strip_prefix("#    ") {
            answers.last_mut().unwrap().push_str(rest);
        } else if line.starts_with("curl ") {
            commands.push(format!("{variables}\n{line}"));
        } else if commands.last().is_some_and(|command| command.ends_with('\\')) {
            let command = commands.last_mut().unwrap();
            command.push('\n');
            command.push_str(line);
        }
    }
    (commands, answers)
}

#[test]
fn m08_j04_n04_every_printed_curl_line_gives_the_answer_printed_beside_it() {
    let port = port();
    let (_server, lines) = start(dev().args(["--port", &port.to_string()]));
    let (commands, answers) = commands_and_answers(&lines);
    let issuer = format!("http://127.0.0.1:{port}");
    assert_eq!(answers, demo::EXAMPLES.map(|example| example.answer.shown(&issuer)));
    let (examples, documents) = commands.split_at(answers.len());
    let [key_set, metadata] = documents else { panic!("{documents:?}") };
    assert_eq!(examples.len(), answers.len());
    let key_set: Value = serde_json::from_str(&run(key_set)).unwrap();
    for ((command, answer), example) in examples.iter().zip(&answers).zip(demo::EXAMPLES) {
        let came = run(command);
        match example.answer {
            Answer::Body(_) => assert_eq!(came, *answer, "{command}"),
            Answer::Signed(_) => {
                let claims = signed_by(&key_set, &came);
                let begin = format!(r#"{{"iss":"{issuer}","aud":"{}","iat":"#, example.client.0);
                let (_, shown) = answer.split_once(" token_introspection ").unwrap();
                let end = format!(r#","token_introspection":{shown}}}"#);
                assert!(claims.starts_with(&begin) && claims.ends_with(&end), "{claims}");
            }
            Answer::NoBody => {
                assert_eq!(came, "", "{command}");
                let status = run(&format!("{command} -o /dev/null -w '%{{http_code}}'"));
                assert!(answer.starts_with(&status), "{command}: {status}");
            }
        }
    }
    // The server's own HTTP leaves the body out of the answer to a HEAD.
    let headers_of = |options: &str| {
        let headers = run(&format!("curl -s {options} {issuer}/.well-known/jwks.json"));
        headers.lines().filter(|line| !line.starts_with("date: ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(headers_of("-I"), headers_of("-o /dev/null -D -"));
    let metadata = run(metadata);
    assert!(metadata.contains(&format!(r#""introspection_endpoint":"{issuer}/token/introspect""#)), "{metadata}");
    assert!(metadata.contains(r#""introspection_signing_alg_values_supported":["ES256"]"#), "{metadata}");
}

#[test]
fn the_guide_begins_with_the_console_and_fits_a_terminal() {
    let port = port();
    let (_server, lines) = start(dev().args(["--port", &port.to_string()]));
    assert_eq!(lines[0], format!("The console: http://127.0.0.1:{port}/"));
    let is_path = |line: &String| line.starts_with(". ");
    let wide: Vec<_> = lines.iter().filter(|line| line.chars().count() > 100 && !is_path(line)).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    // Tokens and secrets are only in the variables.
    for secret in [demo::ORDERS_API.1, demo::OPAQUE_TOKEN, demo::REFRESH_TOKEN, "eyJ"] {
        assert!(lines.iter().all(|line| !line.contains(secret)), "{secret}");
    }
}

#[test]
fn the_console_answers_only_its_own_page_on_this_machine() {
    let port = port();
    let (_server, _lines) = start(dev().args(["--port", &port.to_string()]));
    let json = "-H 'Content-Type: application/json' -d '{}'";
    let rebound = format!("-H 'Host: rebound.example:{port}'");
    for (path, options, status) in [
        ("", String::new(), "200"),
        ("console/console.js", String::new(), "200"),
        ("console/demo", String::new(), "200"),
        ("", rebound.clone(), "403"),
        ("", "-H 'Host: 127.0.0.1'".to_owned(), "403"),
        ("console/demo", rebound.clone(), "403"),
        ("console/demo", "-H 'Origin: https://other.example'".to_owned(), "403"),
        ("console/reset", json.to_owned(), "200"),
        ("console/reset", format!("{json} {rebound}"), "403"),
        ("console/reset", format!("{json} -H 'Origin: null'"), "403"),
        ("console/reset", format!("{json} -H 'Sec-Fetch-Site: cross-site'"), "403"),
        ("console/reset", "-d {}".to_owned(), "403"),
        ("console/reset", "-X POST -H 'Content-Type: application/json' -d '[]'".to_owned(), "422"),
        ("console/unknown", json.to_owned(), "404"),
        ("console/reset", String::new(), "404"),
    ] {
        let found = run(&format!("curl -s -o /dev/null -w '%{{http_code}}' {options} http://127.0.0.1:{port}/{path}"));
        assert_eq!(found, status, "/{path} {options}");
    }
    let headers = run(&format!("curl -s -o /dev/null -D - http://127.0.0.1:{port}/"));
    let policy = headers.lines().find(|line| line.starts_with("content-security-policy: ")).unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn the_function_has_no_console() {
    let world = World::new().await;
    for path in ["/", "/console/demo", "/console/explain", "/console/reset"] {
        world.send(request().path(path).body("{}")).await.assert_error(404, "not_found", "not_found");
    }
}

/// The claims of a signed answer, as text.
fn signed_by(key_set: &Value, jwt: &str) -> String {
    let (jws, claims) = UnverifiedJws::parse(jwt).unwrap();
    let key = VerificationKey::from_jwk(&key_set["keys"][0], &[Algorithm::Es256]).unwrap();
    assert_eq!((jws.header.kid.as_deref(), jws.header.typ.as_deref()), (key.kid(), Some("token-introspection+jwt")));
    assert!(key.verifies(&jws), "{jwt}");
    String::from_utf8(claims).unwrap()
}

#[test]
fn j13_the_key_of_signed_answers_is_the_servers_own_or_the_one_that_the_environment_names() {
    let printed = |key: Option<&str>| {
        let mut dev = dev();
        key.map(|key| dev.env("SIGNING_KEY", key));
        String::from_utf8(dev.args(["--port", "9000", "--print-env"]).output().unwrap().stdout).unwrap()
    };
    let own = printed(None);
    let [line] = own.lines().filter(|line| line.starts_with("SIGNING_KEY=")).collect::<Vec<_>>()[..] else {
        panic!("{own}")
    };
    assert!(line.starts_with("SIGNING_KEY='file:") && line.ends_with("-9000.pem'"), "{line}");
    let other = printed(Some("file:other.pem"));
    assert!(other.contains("SIGNING_KEY='file:other.pem'\n") && !other.contains("-9000.pem"), "{other}");
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
fn a_wrong_argument_prints_the_usage_and_an_occupied_port_the_cure() {
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
