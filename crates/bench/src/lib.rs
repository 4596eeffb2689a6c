//! `cargo bench`: what an introspection costs, in process and as a whole function, beside others. It builds and starts
//! what it measures, and needs nothing but cargo; what else is missing is skipped with a line that says so.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails here fails the measurement, as it should"
)]

mod counts;
mod dynamodb;
mod event;
mod handler;
mod http;
mod in_process;
mod page;
mod plot;
mod process;
mod rivals;
mod runtime_api;
mod targets;
mod whole;

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// What to measure.
#[derive(Clone, Copy)]
struct Plan {
    in_process: bool,
    whole: bool,
    /// Writes the table of instructions, the page and the plots anew.
    update: bool,
}

/// Runs the benchmark with these arguments.
pub fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    let mut plan = Plan { in_process: true, whole: true, update: false };
    for argument in arguments {
        match argument.as_str() {
            "in-process" => plan.whole = false,
            "whole" => plan.in_process = false,
            "--update" => plan.update = true,
            // Cargo's own.
            "--bench" => {}
            _ => {
                eprintln!("usage: cargo bench --bench performance -- [in-process | whole] [--update]");
                return ExitCode::FAILURE;
            }
        }
    }
    println!("building the release binaries, which takes several minutes the first time");
    cargo(&["--bin", "token-introspection"]);
    cargo(&["--package", "bench-programs"]);
    let cases = if plan.in_process { in_process::measure() } else { Vec::new() };
    if plan.in_process {
        print!("{}", in_process::compare(&cases));
    }
    let figures = if plan.whole { whole::measure() } else { Vec::new() };
    print!("{}", page::figures(&figures));
    print!("{}", targets::table(&figures));
    if plan.update {
        if plan.in_process {
            in_process::write_table(&cases);
        }
        if plan.in_process && plan.whole {
            page::write(&cases, &figures);
        }
    }
    ExitCode::SUCCESS
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
    build.current_dir(root()).args(["build", "--release", "--locked", "--quiet"]).args(what);
    assert!(build.status().unwrap().success(), "cargo build failed");
}
