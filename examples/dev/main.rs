//! The whole service on the local machine: `cargo run --example dev`.
//!
//! An embedded DynamoDB-compatible engine, demo clients, a demo issuer and demo tokens; the function's own handler
//! behind a plain HTTP server; a page that shows what it does; and curl lines to paste, each with its answer.

#![allow(clippy::indexing_slicing, reason = "an index into a JSON object that was made here cannot miss")]

mod console;
mod guide;
mod http;

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use test_support::{demo, engine::Engine};
use token_introspection::{call, logging, service::Service, settings::Settings, signer::Signer};
use tokio::net::TcpListener;

use self::console::Console;

const USAGE: &str = "usage: cargo run --example dev -- [--port N] [--print-env]

  --port N     listen on this port (9000), and on the next one for DynamoDB's API
  --print-env  print the environment with which `cargo lambda watch` uses the same tables, and end";

/// Settings that the dev server takes from its own environment, to try them with the demo.
const PASSED_ON: [&str; 8] = [
    "SIGNING_KEY",
    "SIGNING_ALGORITHM",
    "METADATA_FILE",
    "DEFAULT_POLICY",
    "JWKS_REFRESH_SECONDS",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
];

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dev: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> io::Result<()> {
    let (mut port, mut print_env) = (9000, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--port" => {
                let number = arguments.next().and_then(|number| number.parse().ok()).filter(|port| *port < u16::MAX);
                port = number.ok_or_else(|| io::Error::other(USAGE))?;
            }
            "--print-env" => print_env = true,
            _ => return Err(io::Error::other(USAGE)),
        }
    }
    if print_env {
        for (name, value) in environment(port)? {
            println!("{name}='{value}'");
        }
        return Ok(());
    }
    serve(port).await
}

async fn serve(port: u16) -> io::Result<()> {
    let in_use = |error: io::Error| {
        io::Error::other(format!("port {port} or the next one: {error}; choose another with --port"))
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(in_use)?;
    let engine = Engine::start(port + 1).await.map_err(in_use)?;
    demo::seed(&engine)?;
    if std::env::var("SIGNING_KEY").is_err() {
        make_signing_key(&signing_key_path(port)?)?;
    }

    let environment = environment(port)?;
    let variable = |wanted: &str| environment.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone());
    let settings = Arc::new(Settings::read(variable).map_err(io::Error::other)?);
    logging::start(settings.log_level);
    let store = Engine::store_at(&engine.url, &settings).await?;
    let signer = Signer::new(&settings, Engine::config_at(&engine.url).await);
    let service = Arc::new(Service::new(settings, store, signer).map_err(io::Error::other)?);
    service.warm_up(call::now(), call::deadline(Duration::from_secs(2))).await;
    let variables = beside_this_program(&format!("dev-{port}.sh"))?;
    fs::write(&variables, guide::variables(&issuer(port)))?;
    println!("{}", guide::text(&issuer(port), &engine.url, &variables));
    let console = Arc::new(Console::new(port, engine, variable).await);
    tokio::select! {
        served = http::serve(listener, service, console) => served,
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

/// The settings of the demo, as environment variables. Audit records go to the same terminal; `LOG_LEVEL` keeps other
/// log lines away from it.
fn environment(port: u16) -> io::Result<Vec<(&'static str, String)>> {
    let issuers: Value = demo::trusted_issuers(&issuer(port)).into_iter().chain(further_issuers()?).collect();
    let mut variables = vec![
        ("ISSUER", issuer(port)),
        ("TRUSTED_ISSUERS", issuers.to_string()),
        ("GLOBAL_REVOCATION_ISSUERS", global_revocation_issuers(port)),
        ("LOG_LEVEL", "error".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://127.0.0.1:{}", port + 1)),
        ("AWS_REGION", "eu-west-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "dev".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "dev".to_owned()),
    ];
    variables.extend(PASSED_ON.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?))));
    if variables.iter().all(|(name, _)| *name != "SIGNING_KEY") {
        variables.push(("SIGNING_KEY", format!("file:{}", signing_key_path(port)?.display())));
    }
    Ok(variables)
}

/// The entries of `TRUSTED_ISSUERS` in the dev server's own environment, which follow the demo's issuer.
fn further_issuers() -> io::Result<Vec<Value>> {
    let Ok(entries) = std::env::var("TRUSTED_ISSUERS") else { return Ok(Vec::new()) };
    serde_json::from_str(&entries).map_err(|_| io::Error::other("TRUSTED_ISSUERS is not a JSON array"))
}

/// Our own issuer, and the issuers of `GLOBAL_REVOCATION_ISSUERS` in the dev server's own environment.
fn global_revocation_issuers(port: u16) -> String {
    let further = std::env::var("GLOBAL_REVOCATION_ISSUERS").unwrap_or_default();
    [issuer(port), further].into_iter().filter(|issuers| !issuers.is_empty()).collect::<Vec<_>>().join(",")
}

/// The file with the key of signed answers, unless `SIGNING_KEY` names another. It is beside this program, so that
/// `cargo lambda watch` with the printed environment signs with the same key.
fn signing_key_path(port: u16) -> io::Result<PathBuf> {
    beside_this_program(&format!("dev-signing-key-{port}.pem"))
}

fn beside_this_program(name: &str) -> io::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

/// Writes a new P-256 key, replacing the last one.
fn make_signing_key(path: &Path) -> io::Result<()> {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    let body = STANDARD.encode(key.map_err(io::Error::other)?);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    options.open(path)?.write_all(pem.as_bytes())
}

/// Our own issuer identifier. Clients find the metadata below it.
fn issuer(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
