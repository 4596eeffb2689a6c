//! What the server prints: the address of the console, and curl lines to paste, each with its answer. Tokens and secrets
//! are in the variables of a file, so that no line is wider than a terminal.

use std::path::{Path, PathBuf};

use test_support::demo;

/// The width of the printed lines.
const COLUMNS: usize = 100;

/// The file with the variables of the lines.
pub fn variables(url: &str) -> String {
    let lines = named_values(url).into_iter().map(|(name, value)| format!("{name}='{value}'\n"));
    format!("# The demo of {url}: clients with their secrets, and tokens.\n{}", lines.collect::<String>())
}

/// The printed text. `variables` is the path of the file.
pub fn text(url: &str, engine_url: &str, variables: &Path) -> String {
    let examples = demo::EXAMPLES.iter().map(|example| {
        let answer = wrapped(&example.answer.shown(url));
        format!("# {}\n{}\n{answer}\n", example.what, curl(example, url))
    });
    format!(
        "The console: {url}/\nThis server runs until Ctrl-C; its tables are at {engine_url}.\n\n\
         # the clients and tokens of the lines below\n. {}\n\n{}\n\
         # the keys of signed answers\ncurl -s $URL/.well-known/jwks.json\n\n\
         # the metadata of this server\ncurl -s $URL/.well-known/oauth-authorization-server\n",
        quoted(variables),
        examples.collect::<Vec<_>>().join("\n"),
    )
}

/// The names and values of the variables.
fn named_values(url: &str) -> Vec<(&'static str, String)> {
    let jwts = demo::jwts();
    let client = |(client_id, secret): (&str, &str)| format!("{client_id}:{secret}");
    vec![
        ("URL", url.to_owned()),
        ("ORDERS", client(demo::ORDERS_API)),
        ("BILLING", client(demo::BILLING_API)),
        ("WEB", client(demo::WEB_APP)),
        ("ACTIVE", jwts.active),
        ("EXPIRED", jwts.expired),
        ("REVOKED", jwts.revoked),
        ("OPAQUE", demo::OPAQUE_TOKEN.to_owned()),
        ("REFRESH", demo::REFRESH_TOKEN.to_owned()),
    ]
}

/// The line that sends the request of an example.
fn curl(example: &demo::Example, url: &str) -> String {
    let (client_id, secret) = example.client;
    let header = example.header.map(|(name, value)| format!(" -H '{name}: {value}'")).unwrap_or_default();
    let body = (example.body)(&demo::jwts());
    // In double quotes, the shell replaces the variables.
    let body = if body.contains('"') { format!("\"{}\"", body.replace('"', "\\\"")) } else { body };
    let named = |line: String| {
        named_values(url).into_iter().fold(line, |line, (name, value)| line.replace(&value, &format!("${name}")))
    };
    let options = named(format!("curl -s -u {client_id}:{secret}{header}"));
    let rest = named(format!("-d {body} {url}{}", example.path));
    let is_short = options.len() + " ".len() + rest.len() <= COLUMNS;
    format!("{options}{}{rest}", if is_short { " " } else { " \\\n  " })
}

/// An answer as a comment. It continues after a comma, without a character in between, on lines that begin with `#    `.
fn wrapped(answer: &str) -> String {
    let mut lines = vec!["# => ".to_owned()];
    for part in answer.split_inclusive(',') {
        match lines.last_mut() {
            Some(line) if line.len() + part.len() <= COLUMNS => line.push_str(part),
            _ => lines.push(format!("#    {part}")),
        }
    }
    lines.join("\n")
}

/// The path as a word of the shell, from the working directory if it is below that.
fn quoted(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(here).map_or_else(|_| path.to_owned(), |below| PathBuf::from(".").join(below));
    let path = path.display().to_string();
    let is_plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    if is_plain { path } else { format!("'{}'", path.replace('\'', "'\\''")) }
}
