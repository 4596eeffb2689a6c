//! `prices.tsv`: the one place with prices.

use std::fmt::Write;

const FILE: &str = include_str!("prices.tsv");

/// The price of that name, in US dollars.
pub fn price(name: &str) -> f64 {
    let row = rows().find(|row| row[0] == name).unwrap_or_else(|| panic!("prices.tsv has no price {name}"));
    row[1].parse().unwrap()
}

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    FILE.lines().skip(1).map(|line| line.split('\t').collect())
}

/// The prices as a table in Markdown.
pub fn table() -> String {
    let mut text =
        "| price | USD | for | Region | stated by | source |\n| --- | --- | --- | --- | --- | --- |\n".to_owned();
    for row in rows() {
        let [name, price, per, region, stated, source] = row[..] else { panic!("prices.tsv has six columns") };
        writeln!(text, "| `{name}` | {price} | {per} | {region} | {stated} | <{source}> |").unwrap();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_has_a_region_a_date_and_a_source() {
        for row in rows() {
            assert_eq!(row.len(), 6, "{row:?}");
            assert!(row[1].parse::<f64>().is_ok_and(|price| price > 0.0) && row[5].starts_with("https://"), "{row:?}");
        }
    }
}
