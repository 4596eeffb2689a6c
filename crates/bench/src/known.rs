//! The instructions of the last committed run, in `crates/bench/instructions.tsv`, so that a change shows.

use std::{fmt::Write, fs, path::PathBuf};

use crate::{root, statistics::grouped};

/// Hash maps are seeded anew in each process, so a count varies by less than this.
const NOTICEABLE_PERCENT: f64 = 1.0;

/// Names, each with its instructions.
pub type Counts = Vec<(String, i64)>;

fn file() -> PathBuf {
    root().join("crates/bench/instructions.tsv")
}

fn read() -> Counts {
    let text = fs::read_to_string(file()).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    lines.filter_map(|(name, count)| Some((name.to_owned(), count.parse().ok()?))).collect()
}

/// A table of these counts beside the known ones.
pub fn compare(counts: &Counts) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let known = read();
    let mut text = format!("\n{:48}{:>14}{:>14}  change\n", "instructions", "now", "committed");
    for (name, now) in counts {
        let before = known.iter().find(|(known, _)| known == name).map(|(_, count)| *count);
        let before_text = before.map(grouped).unwrap_or_default();
        let change = before.map_or_else(|| "new".to_owned(), |before| change(before, *now));
        writeln!(text, "{name:48}{:>14}{before_text:>14}  {change}", grouped(*now)).unwrap();
    }
    text
}

#[allow(clippy::cast_precision_loss, reason = "percents")]
fn change(before: i64, now: i64) -> String {
    let percent = (now - before) as f64 / before as f64 * 100.0;
    if percent.abs() < NOTICEABLE_PERCENT { "none".to_owned() } else { format!("{percent:+.1} %") }
}

/// Writes these counts. Others stay only if not everything was counted.
pub fn write(counts: Counts, is_everything: bool) {
    let mut all = if is_everything { Vec::new() } else { read() };
    for (name, count) in counts {
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = count,
            None => all.push((name, count)),
        }
    }
    let lines: Vec<String> = all.into_iter().map(|(name, count)| format!("{name}\t{count}\n")).collect();
    fs::write(file(), lines.concat()).unwrap();
}

#[cfg(test)]
mod tests {
    use super::change;

    #[test]
    fn a_change_of_less_than_one_percent_is_not_shown() {
        assert_eq!([change(1000, 1009), change(1000, 1010), change(1000, 900)], ["none", "+1.0 %", "-10.0 %"]);
    }
}
