//! The targets, each beside its figure.

use std::fmt::Write;

use crate::whole::Figures;

/// One target: what, its limit, and the figure.
struct Target {
    what: &'static str,
    limit: f64,
    figure: Option<f64>,
}

/// A table in Markdown: what, target, figure, reached or not.
pub fn table(figures: &[Figures]) -> String {
    if figures.is_empty() {
        return String::new();
    }
    let mut text = "\n| what | target | figure | |\n| --- | --- | --- | --- |\n".to_owned();
    for Target { what, limit, figure } in targets(figures) {
        let (figure, verdict) = match figure {
            Some(figure) if figure <= limit => (format!("{figure:.2}"), "reached"),
            Some(figure) => (format!("{figure:.2}"), "**not reached**"),
            None => (String::new(), "not measured"),
        };
        writeln!(text, "| {what} | ≤ {limit:.2} | {figure} | {verdict} |").unwrap();
    }
    text
}

fn targets(figures: &[Figures]) -> Vec<Target> {
    let find = |name: &str| figures.iter().find(|one| one.name == name);
    let (Some(function), Some(bare)) = (find("the function"), find("bare handler")) else { return Vec::new() };
    let over = |name: &str| find(name).map(|rival| function.cpu / rival.cpu);
    let ratio = |ours: Option<f64>, theirs: Option<f64>| Some(ours? / theirs?);
    vec![
        Target {
            what: "instructions of a warm introspection, over the bare handler's",
            limit: 0.90,
            figure: ratio(function.instructions, bare.instructions),
        },
        Target { what: "CPU, over the bare handler's", limit: 1.0, figure: over("bare handler") },
        Target { what: "CPU, over Go's", limit: 1.0 / 1.8, figure: over("Go") },
        Target { what: "CPU, over Node.js's", limit: 1.0 / 6.0, figure: over("Node.js") },
        Target { what: "CPU, over Python's", limit: 1.0 / 5.0, figure: over("Python") },
        Target {
            what: "CPU of the init, over the bare handler's",
            limit: 0.8,
            figure: Some(function.init_cpu / bare.init_cpu),
        },
        Target { what: "first request, over a warm one", limit: 2.0, figure: Some(function.first / function.p50) },
        Target { what: "resident memory in MB", limit: 10.0, figure: Some(function.resident) },
        Target { what: "compressed binary in MB", limit: 3.6, figure: function.compressed },
    ]
}
