//! The in-process part: times and instructions of each case.

use std::process::Command;

use crate::{counts, known::Counts, target, tokens};

/// One case.
pub struct Measured {
    pub name: String,
    pub microseconds: f64,
    pub instructions: Option<i64>,
}

pub fn measure() -> Vec<Measured> {
    let counts_instructions = counts::available();
    let names = output(&["list"]);
    println!("measuring {} cases in process", names.lines().count());
    names.lines().map(|name| measure_case(name, counts_instructions)).collect()
}

#[allow(clippy::cast_precision_loss, reason = "microseconds")]
fn measure_case(name: &str, counts_instructions: bool) -> Measured {
    let nanoseconds: u64 = output(&["time", name]).trim().parse().unwrap();
    let instructions = counts_instructions.then(|| counts::of_one(&["repeat", name]));
    Measured { name: name.to_owned(), microseconds: nanoseconds as f64 / 1000.0, instructions }
}

/// What the in-process part prints.
pub fn output(arguments: &[&str]) -> String {
    let mut program = Command::new(target().join("release/in-process"));
    let output = program.args(arguments).env(tokens::VARIABLE, tokens::file()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The instructions of each case.
pub fn counts(cases: &[Measured]) -> Counts {
    cases.iter().filter_map(|case| Some((case.name.clone(), case.instructions?))).collect()
}
