//! A real Redis server on a loopback port, for one test.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use redis::{Client, Connection, cmd};
use token_introspection::{
    settings::{SettingError, Settings},
    store::Store,
};

use crate::{engine::Engine, world::OWN};

/// Ended when the test ends.
pub struct RedisServer {
    pub port: u16,
    process: Child,
}

impl RedisServer {
    /// Starts a server with these additional options. It keeps nothing on disk.
    pub fn start(options: &[&str]) -> Self {
        // Another process may take the port in the meantime, so several are tried.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut server = Self { port, process: process(port, options) };
            if server.answers() {
                return server;
            }
        }
        panic!("redis-server does not start");
    }

    /// Ends the server without a chance to save its data, and starts another one on its port.
    pub fn restart(&mut self, options: &[&str]) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.process = process(self.port, options);
        assert!(self.answers(), "redis-server does not start again");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn connection(&self) -> Connection {
        Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    /// Runs a command, given as words, and ignores its reply.
    pub fn run(&self, line: &str) {
        run(self.port, &line.split(' ').collect::<Vec<_>>());
    }

    fn answers(&mut self) -> bool {
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            // A server that requires a password or a certificate has started as well.
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

fn process(port: u16, options: &[&str]) -> Child {
    let process = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
        // A replica writes what it gets from its primary to this file, which no other server may load.
        .args(["--dbfilename", &file(port)])
        .args(options)
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn();
    process.unwrap_or_else(|error| {
        panic!("NOT RUN: the tests of the feature redis need redis-server ({error}); Debian has a package of that name")
    })
}

fn file(port: u16) -> String {
    format!("test-{port}.rdb")
}

/// Runs a command on the server at this port, and ignores its reply.
pub fn run(port: u16, words: &[&str]) {
    let mut connection = Client::open(format!("redis://127.0.0.1:{port}")).unwrap().get_connection().unwrap();
    cmd(words[0]).arg(&words[1..]).exec(&mut connection).unwrap_or_else(|error| panic!("{words:?}: {error}"));
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_file(std::env::temp_dir().join(file(self.port)));
    }
}

fn settings(url: &str) -> Result<Settings, SettingError> {
    Settings::read(|name| match name {
        "ISSUER" => Some(OWN.to_owned()),
        "REDIS_URL" => Some(url.to_owned()),
        _ => None,
    })
}

/// The error with which the function refuses to start with this server. Empty if it starts.
pub async fn refusal(url: &str) -> Option<String> {
    let settings = settings(url).unwrap_or_else(|error| panic!("{error}"));
    let store = Store::with_config(&Engine::config_at("http://127.0.0.1:1").await, &settings).unwrap();
    let checked = store.check(tokio::time::Instant::now() + Duration::from_secs(2)).await;
    checked.err().map(|error| error.to_string())
}
