//! The targets, each beside its figure.

use std::fmt::Write;

use crate::{
    growth::Growth,
    statistics::grouped,
    whole::{BARE, FUNCTION, Figures, HOT, Warm},
};

/// One target: what, its limit, and the figure if it was measured.
struct Target {
    what: String,
    limit: f64,
    figure: Option<f64>,
}

/// How the figures of one kind of traffic are found.
type Choice = fn(&Figures) -> &Warm;

/// The kinds of traffic, as the page names them.
const TRAFFIC: [(&str, Choice); 2] = [("the same token again", |one| &one.again), ("a new token", |one| &one.new)];
/// The CPU of the function over that of another handler, at most.
const CPU: [(&str, f64); 4] = [(BARE, 1.0), ("Go", 1.0 / 1.8), ("Node.js", 1.0 / 6.0), ("Python", 1.0 / 5.0)];
const FLAT: f64 = 1.05;

/// A table in Markdown: what, target, figure, reached or not.
pub fn table(figures: &[Figures], growth: &[Growth]) -> String {
    if figures.is_empty() && growth.is_empty() {
        return String::new();
    }
    let mut targets = whole(figures);
    targets.extend(growth.iter().map(flat));
    if growth.is_empty() {
        let what = "instructions with more clients, tokens, marks, issuers or keys, largest over smallest".to_owned();
        targets.push(Target { what, limit: FLAT, figure: None });
    }
    let mut text = "\n| what | target | figure | |\n| --- | --- | --- | --- |\n".to_owned();
    for Target { what, limit, figure } in targets {
        let (figure, verdict) = match figure {
            Some(figure) if figure <= limit => (format!("{figure:.2}"), "reached"),
            Some(figure) => (format!("{figure:.2}"), "**not reached**"),
            None => (String::new(), "not measured"),
        };
        writeln!(text, "| {what} | ≤ {limit:.2} | {figure} | {verdict} |").unwrap();
    }
    text
}

fn whole(figures: &[Figures]) -> Vec<Target> {
    let find = |name: &str| figures.iter().find(|one| one.name == name);
    let (Some(function), Some(bare), Some(hot)) = (find(FUNCTION), find(BARE), find(HOT)) else { return Vec::new() };
    let mut targets = Vec::new();
    let mut add = |what: &str, limit: f64, figure: Option<f64>| {
        targets.push(Target { what: what.to_owned(), limit, figure });
    };
    add("DynamoDB requests of an introspection", 1.0, Some(function.new.requests.max(function.again.requests)));
    add("read units of an introspection", 7.0, Some(function.new.keys.max(function.again.keys)));
    add("read units of an introspection with `HOT_RECORD_SECONDS=5`", 3.0, Some(hot.new.keys.max(hot.again.keys)));
    for (traffic, warm) in TRAFFIC {
        let (ours, theirs) = (warm(function).instructions, warm(bare).instructions);
        let figure = ours.zip(theirs).map(|(ours, theirs)| ours / theirs);
        add(&format!("instructions for {traffic}, over the bare handler's"), 0.90, figure);
    }
    for (traffic, warm) in TRAFFIC {
        for (name, limit) in CPU {
            let figure = find(name).map(|other| warm(function).cpu / warm(other).cpu);
            add(&format!("CPU for {traffic}, over that of {}", named(name)), limit, figure);
        }
    }
    add("CPU of the init, over that of the bare handler", 0.8, Some(function.init_cpu / bare.init_cpu));
    add("first request, over a warm one for a new token", 2.0, Some(function.first / function.new.p50));
    add("resident memory in MB", 10.0, Some(function.resident));
    add("compressed binary in MB", 3.6, function.compressed);
    targets
}

fn named(handler: &str) -> String {
    if handler == BARE { format!("the {handler}") } else { handler.to_owned() }
}

fn flat(growth: &Growth) -> Target {
    let [first, .., last] = growth.points[..] else { panic!("{} has one size", growth.what) };
    let range = format!("{} to {}", grouped(first.0), grouped(last.0));
    let what = if growth.is_linear() {
        format!("instructions with a token of {range} bytes, over a straight line, largest over smallest")
    } else {
        format!("instructions with {range} {}, largest over smallest", growth.what)
    };
    Target { what, limit: FLAT, figure: Some(growth.spread()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_reached_up_to_its_limit() {
        let growth = |count: i64| Growth { what: "marks".to_owned(), points: vec![(10, 100), (1000, count)] };
        let table = table(&[], &[growth(105), growth(106)]);
        let lines: Vec<_> = table.lines().skip(3).collect();
        let what = "| instructions with 10 to 1,000 marks, largest over smallest | ≤ 1.05 |";
        assert_eq!(lines, [format!("{what} 1.05 | reached |"), format!("{what} 1.06 | **not reached** |")]);
    }
}
