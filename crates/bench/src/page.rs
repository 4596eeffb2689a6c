//! docs/performance.md, with the figures of the last run.

use std::{fmt::Write, fs, process::Command};

use crate::{in_process::Measured, plot, root, targets, whole::Figures};

const INTRODUCTION: &str = include_str!("introduction.md");

/// The whole-function figures, as tables in Markdown.
pub fn figures(figures: &[Figures]) -> String {
    if figures.is_empty() {
        return String::new();
    }
    let mut text = "\n| handler | instructions | CPU, ms | p50, ms | p99, ms | init, ms | CPU of init, ms | instructions of init | \
                    first request, ms | resident, MB | compressed, MB |\n\
                    | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    let optional = |value: Option<f64>, decimals: usize| value.map(|v| format!("{v:.decimals$}")).unwrap_or_default();
    for one in figures {
        writeln!(
            text,
            "| {} | {} | {:.2} | {:.2} | {:.2} | {:.0} | {:.1} | {} | {:.1} | {:.1} | {} |",
            one.name,
            optional(one.instructions, 0),
            one.cpu,
            one.p50,
            one.p99,
            one.init,
            one.init_cpu,
            optional(one.init_instructions, 0),
            one.first,
            one.resident,
            optional(one.compressed, 1),
        )
        .unwrap();
    }
    text.push_str("\n| handler | offered at once | taken at once | invocations a second | CPU of one, ms |\n| --- | --- | --- | --- | --- |\n");
    for one in figures {
        for (offered, taken, per_second, cpu) in &one.concurrent {
            writeln!(text, "| {} | {offered} | {taken} | {per_second:.0} | {cpu:.2} |", one.name).unwrap();
        }
    }
    text
}

fn cases(cases: &[Measured]) -> String {
    let mut text = "\n| case | µs | instructions |\n| --- | --- | --- |\n".to_owned();
    for Measured { name, microseconds, instructions } in cases {
        let instructions = instructions.map(|count| count.to_string()).unwrap_or_default();
        writeln!(text, "| {name} | {microseconds:.1} | {instructions} |").unwrap();
    }
    text
}

/// Writes the page and its plots.
pub fn write(measured: &[Measured], whole: &[Figures]) {
    let folder = root().join("docs/performance");
    fs::create_dir_all(&folder).unwrap();
    let cpu: Vec<_> = whole.iter().map(|one| (one.name, one.cpu)).collect();
    fs::write(folder.join("cpu.svg"), plot::bars("CPU of one invocation, in milliseconds", &cpu)).unwrap();
    let resident: Vec<_> = whole.iter().map(|one| (one.name, one.resident)).collect();
    fs::write(folder.join("memory.svg"), plot::bars("Resident memory, in megabytes", &resident)).unwrap();
    let init: Vec<_> = whole.iter().map(|one| (one.name, one.init)).collect();
    fs::write(folder.join("init.svg"), plot::bars("Init, in milliseconds", &init)).unwrap();
    let page = INTRODUCTION
        .replace("{machine}", &machine())
        .replace("{targets}", targets::table(whole).trim())
        .replace("{whole}", figures(whole).trim())
        .replace("{cases}", cases(measured).trim());
    fs::write(root().join("docs/performance.md"), page).unwrap();
}

/// The date, the processor and the number of its cores.
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
