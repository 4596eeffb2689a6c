//! The in-process part: times and instructions of each case, beside the checked-in table.

use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf, process::Command};

use crate::{counts, root, target};

/// Both numbers of repetitions include what a process does once, so their difference does not.
const REPETITIONS: (i64, i64) = (20, 120);
/// Hash maps are seeded anew in each process, so a count varies by less than this.
const NOTICEABLE_PERCENT: f64 = 1.0;

/// One case.
pub struct Measured {
    pub name: String,
    pub microseconds: f64,
    pub instructions: Option<i64>,
}

pub fn measure() -> Vec<Measured> {
    let counts_instructions = counts::available();
    let names = output(&["list"]);
    names.lines().map(|name| measure_case(name, counts_instructions)).collect()
}

#[allow(clippy::cast_precision_loss, reason = "microseconds")]
fn measure_case(name: &str, counts_instructions: bool) -> Measured {
    let nanoseconds: u64 = output(&["time", name]).trim().parse().unwrap();
    let instructions = counts_instructions
        .then(|| (count(name, REPETITIONS.1) - count(name, REPETITIONS.0)) / (REPETITIONS.1 - REPETITIONS.0));
    Measured { name: name.to_owned(), microseconds: nanoseconds as f64 / 1000.0, instructions }
}

fn program() -> PathBuf {
    target().join("release/in-process")
}

fn output(arguments: &[&str]) -> String {
    let output = Command::new(program()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn count(name: &str, times: i64) -> i64 {
    let (mut command, log) = counts::valgrind("in-process");
    let status = command.arg(program()).args(["repeat", name, &times.to_string()]).status().unwrap();
    assert!(status.success(), "{name}: valgrind failed");
    counts::read(&log)
}

fn table() -> PathBuf {
    root().join("crates/bench/instructions.tsv")
}

/// Each case with its figures, and its change against the checked-in table.
#[allow(clippy::cast_precision_loss, reason = "percents")]
pub fn compare(cases: &[Measured]) -> String {
    let known = fs::read_to_string(table()).unwrap_or_default();
    let known: BTreeMap<&str, i64> = known
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(n, v)| Some((n, v.parse().ok()?)))
        .collect();
    let mut text = format!("\n{:48}{:>10}{:>14}  change\n", "in process", "µs", "instructions");
    for Measured { name, microseconds, instructions } in cases {
        let change = match (instructions, known.get(name.as_str())) {
            (Some(now), Some(before)) => {
                let percent = (*now - before) as f64 / (*before as f64) * 100.0;
                if percent.abs() < NOTICEABLE_PERCENT { "none".to_owned() } else { format!("{percent:+.1} %") }
            }
            (Some(_), None) => "new".to_owned(),
            (None, _) => String::new(),
        };
        let instructions = instructions.map(|count| count.to_string()).unwrap_or_default();
        writeln!(text, "{name:48}{microseconds:>10.1}{instructions:>14}  {change}").unwrap();
    }
    text
}

/// Writes the table anew, if instructions were counted.
pub fn write_table(cases: &[Measured]) {
    let lines = cases.iter().filter_map(|case| Some(format!("{}\t{}\n", case.name, case.instructions?)));
    let lines: String = lines.collect();
    if !lines.is_empty() {
        fs::write(table(), lines).unwrap();
    }
}
