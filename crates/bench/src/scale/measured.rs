//! `crates/bench/measured.tsv`: the figures from which the simulation and the table of costs are computed, with what
//! measured them. `cargo bench --bench scale -- --update` writes it.

use std::{collections::BTreeMap, fmt::Write, fs};

use crate::root;

const FILE: &str = "crates/bench/measured.tsv";
/// The column of docs/performance.md with each figure.
const PERFORMANCE: [(&str, &str); 5] = [
    ("cpu_ms", "CPU, ms"),
    ("init_ms", "init, ms"),
    ("init_cpu_ms", "CPU of init, ms"),
    ("first_ms", "first request, ms"),
    ("resident_mb", "resident, MB"),
];

/// A new figure: its name, its value, and what measured it.
pub type Figure = (String, f64, &'static str);

/// A figure, and what measured it.
type Rows = BTreeMap<String, (f64, String)>;

/// The figures that the simulation uses.
pub struct Measured {
    pub cpu_ms: f64,
    pub init_ms: f64,
    pub init_cpu_ms: f64,
    pub resident_mb: f64,
    rows: Rows,
}

impl Measured {
    pub fn read() -> Self {
        Self::of(parse(&fs::read_to_string(root().join(FILE)).unwrap()))
    }

    fn of(rows: Rows) -> Self {
        let value = |name: &str| rows.get(name).unwrap_or_else(|| panic!("{FILE} lacks {name}")).0;
        Self {
            cpu_ms: value("cpu_ms"),
            init_ms: value("init_ms"),
            init_cpu_ms: value("init_cpu_ms"),
            resident_mb: value("resident_mb"),
            rows,
        }
    }

    pub fn value(&self, name: &str) -> f64 {
        self.rows.get(name).unwrap_or_else(|| panic!("{FILE} lacks {name}")).0
    }

    /// All figures, for a page.
    pub fn rows(&self) -> impl Iterator<Item = (&str, f64, &str)> {
        self.rows.iter().map(|(name, (value, source))| (name.as_str(), *value, source.as_str()))
    }
}

/// Writes the figures anew: those of the last run in docs/performance.md, and these.
pub fn write(others: &[Figure]) -> Measured {
    let page = fs::read_to_string(root().join("docs/performance.md")).unwrap();
    let mut rows: Rows = PERFORMANCE
        .into_iter()
        .map(|(name, column)| (name.to_owned(), (cell(&page, column), format!("docs/performance.md, {column:?}"))))
        .collect();
    rows.extend(others.iter().map(|(name, value, source)| (name.clone(), (*value, (*source).to_owned()))));
    let mut text = "figure\tvalue\tmeasured by\n".to_owned();
    for (name, (value, source)) in &rows {
        writeln!(text, "{name}\t{value}\t{source}").unwrap();
    }
    fs::write(root().join(FILE), text).unwrap();
    Measured::of(rows)
}

fn parse(text: &str) -> Rows {
    let row = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        let (name, value, source) = (cells.next()?, cells.next()?, cells.next()?);
        Some((name, (value.parse().ok()?, source)))
    };
    text.lines()
        .skip(1)
        .map(|line| row(line).unwrap_or_else(|| panic!("{FILE} has an unreadable line: {line}")))
        .collect()
}

/// The function's cell in the column of that name. If it has a row for repeated tokens and one for new ones, the larger.
fn cell(page: &str, column: &str) -> f64 {
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let header = page.lines().position(|line| cells(line).iter().any(|cell| cell == column));
    let header = header.unwrap_or_else(|| panic!("docs/performance.md has no column {column:?}"));
    let rows: Vec<Vec<String>> = page.lines().skip(header).map(cells).collect();
    let position = rows[0].iter().position(|cell| cell == column).unwrap();
    let first = rows.iter().position(|cells| cells[0] == "the function").unwrap();
    let further = rows[first + 1..].iter().take_while(|cells| cells.len() > 1 && cells[0].is_empty());
    let figures = std::iter::once(&rows[first]).chain(further).map(|cells| cells[position].parse::<f64>());
    figures.map(|figure| figure.unwrap_or_else(|_| panic!("no figure in {column:?}"))).fold(f64::MIN, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_found_by_its_column() {
        let page = "| what | x |\n| the function | 9 |\n\n| handler | CPU, ms | init, ms |\n| - | - | - |\n\
                    | other | 1 | 2 |\n| the function | 0.40 | 59 |\n|  | 0.45 | 58 |\n| other | 9 | 9 |\n";
        assert_eq!(["CPU, ms", "init, ms"].map(|column| cell(page, column).to_string()), ["0.45", "59"]);
    }

    #[test]
    fn the_file_has_what_the_simulation_needs() {
        let measured = Measured::read();
        assert!(measured.cpu_ms > 0.0 && measured.resident_mb > 0.0);
    }
}
