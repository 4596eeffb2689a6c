//! Tables are for looking something up: text that needs more than two lines in a cell gets a heading instead.

use super::{
    links::without_links,
    page::{Page, page, pages},
};

/// The number of characters that fit into two lines of a cell on GitHub.
const LONGEST_CELL: usize = 160;
/// Generated from the tests, and read by statement.
const EXEMPT: [&str; 1] = ["docs/conformance.md"];

fn long_cells(page: &Page) -> Vec<String> {
    let mut long = Vec::new();
    for (number, cells) in page.rows() {
        for cell in cells {
            let length = without_links(&cell).chars().count();
            if length > LONGEST_CELL {
                long.push(format!("{}:{number}: a cell has {length} characters: {cell}", page.path));
            }
        }
    }
    long
}

#[test]
fn no_cell_of_a_table_takes_more_than_two_lines() {
    let pages = pages().into_iter().chain(["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"].map(page));
    let long: Vec<_> =
        pages.filter(|page| !EXEMPT.contains(&page.path.as_str())).flat_map(|p| long_cells(&p)).collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn a_long_cell_is_found() {
    let text = format!("| a | {} |\n\n{}\n", "b".repeat(LONGEST_CELL + 1), "| c ".repeat(60));
    let planted = Page { path: "planted.md".to_owned(), text };
    assert_eq!(long_cells(&planted).len(), 1);
}
