//! `cargo bench`: what an introspection costs, in process and as a whole function, beside others. It builds and starts
//! what it measures, and needs nothing but cargo; what else is missing is skipped with a line that says so.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails here fails the measurement, as it should"
)]

mod cost;
mod counts;
mod dynamodb;
mod event;
mod growth;
mod handler;
mod http;
mod in_process;
mod known;
mod page;
mod plot;
mod process;
mod readme;
mod rivals;
mod runtime_api;
mod scale;
mod statistics;
mod targets;
mod tokens;
mod whole;

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

const USAGE: &str = "usage: cargo bench --bench performance -- [in-process | growth | whole] [--update]";

/// What to measure.
struct Plan {
    /// The only part, if not all.
    only: Option<String>,
    /// Writes the table of instructions anew and, if everything is measured, the page, its plots and README.md.
    update: bool,
}

impl Plan {
    fn read(arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut plan = Self { only: None, update: false };
        for argument in arguments {
            match argument.as_str() {
                "in-process" | "growth" | "whole" => plan.only = Some(argument),
                "--update" => plan.update = true,
                "--bench" => {}
                _ => return None,
            }
        }
        Some(plan)
    }

    fn measures(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }
}

/// Runs the benchmark with these arguments. Without `--bench`, which only `cargo bench` adds, nothing is measured, because
/// `cargo test --all-targets` runs this program too.
pub fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    let arguments: Vec<String> = arguments.collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let Some(plan) = Plan::read(arguments.into_iter()) else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    println!("building the release binaries, which takes several minutes the first time");
    cargo(&["--bin", "token-introspection"]);
    cargo(&["--package", "bench-programs"]);
    tokens::sign();
    let cases = if plan.measures("in-process") { in_process::measure() } else { Vec::new() };
    print!("{}", page::cases(&cases));
    print!("{}", known::compare(&in_process::counts(&cases)));
    let growth = if plan.measures("growth") { growth::measure() } else { Vec::new() };
    print!("{}", growth::table(&growth));
    let figures = if plan.measures("whole") { whole::measure() } else { Vec::new() };
    print!("{}", page::figures(&figures));
    print!("{}", known::compare(&whole::counts(&figures)));
    print!("{}", targets::table(&figures, &growth));
    if plan.update {
        let counted = counts::available() && plan.only.is_none();
        known::write([in_process::counts(&cases), whole::counts(&figures)].concat(), counted);
        if plan.only.is_none() {
            page::write(&cases, &growth, &figures);
            readme::update(&figures);
        }
    }
    ExitCode::SUCCESS
}

/// Runs the simulation and the load test with these arguments.
pub fn scale(arguments: impl Iterator<Item = String>) -> ExitCode {
    scale::run(arguments)
}

/// The project's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Where cargo builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

fn cargo(what: &[&str]) {
    let mut build = Command::new(env!("CARGO"));
    build.current_dir(root()).args(["build", "--release", "--locked", "--quiet", "--target-dir"]).arg(target());
    build.args(what);
    assert!(build.status().unwrap().success(), "cargo build failed");
}
