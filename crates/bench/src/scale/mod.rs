//! `cargo bench --bench scale`: what 1, 1,000 and 100,000 introspections a second need, by a simulation that uses the
//! measured costs; a load test of the same on this machine; and what a million introspections cost.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "counts and times are small, and figures are rounded anyway"
)]

mod breaks;
mod capacity;
mod cores;
pub mod environment;
mod environments;
mod keys;
mod lines;
mod load;
pub mod measured;
pub mod model;
mod outcome;
mod page;
mod queue;
mod random;
mod reads;
mod rush;
mod rushes;
pub mod tables;
pub mod traffic;

use std::process::ExitCode;

use self::measured::Measured;
use crate::{cargo, cost, tokens};

const USAGE: &str = "usage: cargo bench --bench scale -- [simulate | load | cost] [--update]";

/// Runs with these arguments.
pub fn run(arguments: impl Iterator<Item = String>) -> ExitCode {
    let (mut parts, mut update) = (Vec::new(), false);
    for argument in arguments {
        match argument.as_str() {
            "simulate" | "load" | "cost" => parts.push(argument),
            "--update" => update = true,
            // Cargo's own.
            "--bench" => {}
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::FAILURE;
            }
        }
    }
    let wants = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    if wants("load") || wants("cost") {
        println!("building the release binary, which takes several minutes the first time");
        cargo(&["--bin", "token-introspection"]);
        cargo(&["--package", "bench-programs", "--bin", "in-process"]);
        tokens::sign();
    }
    if wants("cost") {
        measure_costs(update);
    }
    let measured = Measured::read();
    let simulated = wants("simulate").then(|| {
        println!("simulating, which takes about a minute");
        page::simulate_all(&measured)
    });
    if let Some(simulated) = &simulated {
        println!("{}\n{}", breaks::table(&measured), simulated.tables(&measured).join("\n"));
    }
    let loads = wants("load").then(|| {
        let (rows, throughputs) = load::measure();
        page::load_tables(&rows, &throughputs)
    });
    if let Some(loads) = &loads {
        println!("{}", loads.join("\n"));
    }
    match (update, simulated, loads) {
        (true, Some(simulated), Some(loads)) => page::write(&measured, &simulated, &loads, &machine()),
        (true, ..) => println!("docs/scale.md has all parts, so it is only written if all are run"),
        (false, ..) => {}
    }
    ExitCode::SUCCESS
}

/// Counts read units and bytes, and compares them with the files or writes the files anew.
fn measure_costs(update: bool) {
    let figures: Vec<measured::Figure> = [cost::reads::measure(), cost::written::measure()].concat();
    if update {
        cost::page::write(&measured::write(&figures));
    }
    let committed = Measured::read();
    for (name, value, _) in figures {
        println!("{name}: {value}, in measured.tsv {}", committed.value(&name));
    }
    println!("{}", cost::page::render(&committed));
}

/// The date and the number of processors.
fn machine() -> String {
    let date = std::process::Command::new("date").arg("+%Y-%m-%d").output().unwrap().stdout;
    format!("{}, {} cores", String::from_utf8_lossy(&date).trim(), load::cores())
}
