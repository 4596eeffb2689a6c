//! The in-process part: times and instructions of each case, beside the checked-in table.

use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf, process::Command};

use crate::{counts, root, target, tokens};

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

fn table() -> PathBuf {
    root().join("crates/bench/instructions.tsv")
}

/// Each case with its figures, and its change against the checked-in table.
#[allow(clippy::cast_precision_loss, reason = "percents")]
pub fn compare(cases: &[Measured]) -> String {
    if cases.is_empty() {
        return String::new();
    }
    let known = fs::read_to_string(table()).unwrap_or_default();
    let known: BTreeMap<&str, i64> = known
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(name, count)| Some((name, count.parse().ok()?)))
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
