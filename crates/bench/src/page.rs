//! docs/performance.md with its plots, from the figures of a run.

use std::{fmt::Write, fs, process::Command};

use crate::{
    growth::{self, Growth, as_f64},
    in_process::Measured,
    plot, root,
    statistics::grouped,
    targets, tokens,
    whole::{Figures, Warm},
};

const INTRODUCTION: &str = include_str!("introduction.md");

/// The whole-function figures, as tables in Markdown.
pub fn figures(figures: &[Figures]) -> String {
    if figures.is_empty() {
        return String::new();
    }
    let mut text =
        "\n| handler | token | instructions | CPU, ms | p50, ms | p99, ms |\n| --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for one in figures {
        for (token, Warm { instructions, cpu, p50, p99, .. }) in [("again", &one.again), ("new", &one.new)] {
            let name = if token == "again" { one.name } else { "" };
            writeln!(text, "| {name} | {token} | {} | {cpu:.2} | {p50:.2} | {p99:.2} |", count(*instructions)).unwrap();
        }
    }
    text.push_str(
        "\n| handler | init, ms | CPU of init, ms | instructions of init | first request, ms | resident, MB | compressed, MB |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for Figures { name, init, init_cpu, init_instructions, first, resident, compressed, .. } in figures {
        let compressed = compressed.map(|megabytes| format!("{megabytes:.1}")).unwrap_or_default();
        writeln!(
            text,
            "| {name} | {init:.0} | {init_cpu:.1} | {} | {first:.1} | {resident:.1} | {compressed} |",
            count(*init_instructions),
        )
        .unwrap();
    }
    text.push_str(
        "\n| handler | offered at once | taken at once | invocations a second | CPU of one, ms | p99, ms |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for one in figures {
        for (number, at_once) in one.concurrent.iter().enumerate() {
            let name = if number == 0 { one.name } else { "" };
            writeln!(
                text,
                "| {name} | {} | {} | {:.0} | {:.2} | {:.2} |",
                at_once.offered, at_once.taken, at_once.per_second, at_once.cpu, at_once.p99
            )
            .unwrap();
        }
    }
    text
}

#[allow(clippy::cast_possible_truncation, reason = "a count")]
fn count(instructions: Option<f64>) -> String {
    instructions.map(|count| grouped(count.round() as i64)).unwrap_or_default()
}

/// The cases in process, as a table in Markdown.
pub fn cases(cases: &[Measured]) -> String {
    if cases.is_empty() {
        return String::new();
    }
    let mut text = "\n| case | µs | instructions |\n| --- | --- | --- |\n".to_owned();
    for Measured { name, microseconds, instructions } in cases {
        let instructions = instructions.map(grouped).unwrap_or_default();
        writeln!(text, "| {name} | {microseconds:.1} | {instructions} |").unwrap();
    }
    text
}

/// Writes the page and its plots.
pub fn write(measured: &[Measured], growth: &[Growth], whole: &[Figures]) {
    let folder = root().join("docs/performance");
    fs::create_dir_all(&folder).unwrap();
    let bars = |file: &str, title: &str, series: &[&str], values: fn(&Figures) -> Vec<f64>| {
        let values: Vec<_> = whole.iter().map(|one| (one.name, values(one))).collect();
        fs::write(folder.join(file), plot::bars(title, series, &values)).unwrap();
    };
    let traffic = ["the same token again", "a new token"];
    bars("cpu.svg", "CPU of one invocation, in ms", &traffic, |one| vec![one.again.cpu, one.new.cpu]);
    bars("latency.svg", "Latency with a new token, in ms", &["p50", "p99"], |one| vec![one.new.p50, one.new.p99]);
    bars("memory.svg", "Resident memory, in MB", &[], |one| vec![one.resident]);
    bars("init.svg", "Init, in ms", &[], |one| vec![one.init]);
    let lines = |is_linear: bool| -> Vec<plot::Line<'_>> {
        let chosen = growth.iter().filter(|growth| growth.is_linear() == is_linear);
        chosen
            .map(|one| (one.what.as_str(), one.points.iter().map(|(x, y)| (as_f64(*x), as_f64(*y))).collect()))
            .collect()
    };
    fs::write(folder.join("growth.svg"), plot::lines("Instructions by size", &lines(false), &lines(true))).unwrap();
    let page = INTRODUCTION
        .replace("{machine}", &machine())
        .replace("{bytes}", &tokens::rs256()[0].len().to_string())
        .replace("{targets}", targets::table(whole, growth).trim())
        .replace("{whole}", figures(whole).trim())
        .replace("{growth}", growth::table(growth).trim())
        .replace("{cases}", cases(measured).trim());
    fs::write(root().join("docs/performance.md"), page).unwrap();
}

/// The date, the processor, the number of its cores, and how busy they are.
fn machine() -> String {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    format!("{}, {} cores of {model}, {}", said("date", &["+%Y-%m-%d"]), said("nproc", &[]), said("uname", &["-sm"]))
}
