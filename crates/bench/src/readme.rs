//! The figures of README.md that a run measures.

use std::fs;

use crate::{
    root,
    whole::{FUNCTION, Figures},
};

/// Writes the figures of a run into the rows that `cargo bench` shows.
pub fn update(whole: &[Figures]) {
    let Some(function) = whole.iter().find(|one| one.name == FUNCTION) else { return };
    let rows = [
        (
            "CPU of one introspection of an RS256 JWT, new or presented again",
            format!("{:.2} or {:.2} ms", function.new.cpu, function.again.cpu),
        ),
        ("start of an execution environment, until its first invocation", format!("{:.0} ms", function.init)),
        ("resident memory after 2,100 introspections", format!("{:.1} MB", function.resident)),
        ("the zipped function", function.compressed.map(|size| format!("{size:.1} MB")).unwrap_or_default()),
    ];
    let path = root().join("README.md");
    let text = replaced(&fs::read_to_string(&path).unwrap(), &rows);
    fs::write(path, text).unwrap();
}

/// The text with these values in the rows with these first cells.
fn replaced(text: &str, rows: &[(&str, String)]) -> String {
    let mut text = text.to_owned();
    for (what, value) in rows {
        let start = format!("| {what} | ");
        let at = text.find(&start).unwrap_or_else(|| panic!("README.md has no row {what:?}")) + start.len();
        let end = at + text[at..].find(" |").expect("the cell ends");
        text.replace_range(at..end, value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_the_value_of_a_row_is_replaced() {
        let text = "| a | 1 ms | x |\n| b | 2 ms | x |\n";
        assert_eq!(replaced(text, &[("b", "3 ms".to_owned())]), "| a | 1 ms | x |\n| b | 3 ms | x |\n");
    }
}
