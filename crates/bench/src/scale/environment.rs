//! Environments of the function as processes of this machine, with their settings, and the issuer's key host.

use std::{
    fs::File,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::traffic::Settings;
use crate::{
    event::{self, Events},
    handler::Handler,
    http::{response, serve},
    process::Running,
    runtime_api::RuntimeApi,
    tokens,
};

pub const ISSUER: &str = "https://auth.example.com";

/// A process of the release binary, and its Runtime API.
pub struct Environment {
    pub api: RuntimeApi,
    pub process: Running,
}

/// How environments are started.
pub struct Setup<'a> {
    pub dynamodb: &'a str,
    /// Where the keys are fetched; `None` if they are in the settings.
    pub jwks_uri: Option<&'a str>,
    pub settings: Settings,
    pub event: String,
    /// The file for standard output.
    pub log: Option<&'a Path>,
}

impl Setup<'_> {
    pub fn start(&self) -> Environment {
        let api = RuntimeApi::start(Arc::new(Events { again: self.event.clone(), new: Vec::new() }));
        let handler = function();
        let mut command = Command::new(&handler.program);
        event::set_environment(&mut command, &handler, &api.address, self.dynamodb, 1);
        command.env("HOT_RECORD_SECONDS", self.settings.hot_seconds.to_string());
        command.env("READ_CONSISTENCY", if self.settings.eventual { "eventual" } else { "strong" });
        if let Some(uri) = self.jwks_uri {
            let issuer =
                format!(r#"[{{"issuer":"{ISSUER}","profile":"rfc9068","jwks_uri":"{uri}","algorithms":["RS256"]}}]"#);
            command.env("TRUSTED_ISSUERS", issuer);
        }
        let output = self.log.map_or_else(Stdio::null, |path| File::create(path).unwrap().into());
        Environment { api, process: Running(command.stdout(output).spawn().unwrap()) }
    }
}

/// The host of the issuer's keys, which counts its requests.
pub struct KeyHost {
    pub uri: String,
    requests: Arc<AtomicUsize>,
}

impl KeyHost {
    pub fn start(latency: Duration) -> Self {
        let requests = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&requests);
        let address = serve(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            thread::sleep(latency);
            response("200 OK", "Content-Type: application/json\r\n", key_set().as_bytes())
        });
        Self { uri: format!("http://{address}/jwks.json"), requests }
    }

    /// The requests since the last time.
    pub fn take_requests(&self) -> usize {
        self.requests.swap(0, Ordering::SeqCst)
    }
}

fn function() -> Handler {
    Handler::rust("the function", "token-introspection", true)
}

/// The issuer's key set.
pub fn key_set() -> String {
    event::JWKS.trim().to_owned()
}

/// The time in seconds since the epoch.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

/// The event of an active token, with another header or other claims. Its signature no longer fits, which does not
/// matter to what is read: the marks are read before the signature is checked.
pub fn event_with(header: Option<&str>, claims: Option<&str>) -> String {
    let token = tokens::rs256().remove(0);
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    for (part, text) in parts.iter_mut().zip([header, claims]) {
        if let Some(text) = text {
            *part = base64url(text.as_bytes());
        }
    }
    event::introspection(&parts.join("."))
}

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = |chunk: &[u8]| {
        let bits = (0..3).fold(0, |bits, position| bits << 8 | u32::from(*chunk.get(position).unwrap_or(&0)));
        (0..=chunk.len()).map(|digit| char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize])).collect::<String>()
    };
    bytes.chunks(3).map(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_has_no_padding() {
        let texts: [&[u8]; 4] = [b"", b"a", b"ab", b"\xfb\xff\xbf"];
        assert_eq!(texts.map(base64url), ["", "YQ", "YWI", "-_-_"]);
    }
}
