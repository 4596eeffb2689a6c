//! docs/cost.md, computed from `measured.tsv` and `prices.tsv`.

use std::{fmt::Write, fs};

use super::{ARCHITECTURES, Cost, billed_ms, prices, reads::Token, units};
use crate::{
    root,
    scale::{measured::Measured, model, traffic::Settings},
};

const PAGE: &str = "docs/cost.md";
const FRAME: &str = include_str!("page.md");
/// The targets for the read units of a JWT: by default, and with the shared items held.
const TARGETS: [f64; 2] = [7.0, 3.0];

/// Writes the page.
pub fn write(measured: &Measured) {
    fs::write(root().join(PAGE), render(measured)).unwrap();
}

pub fn render(measured: &Measured) -> String {
    let cost = |settings, architecture| {
        Cost::new(units(settings, Token::Plain, measured), billed_ms(measured), architecture, measured)
    };
    let lowest = cost(Settings::ALL[3], ARCHITECTURES[0]).total();
    let default = cost(Settings::ALL[0], ARCHITECTURES[0]);
    let logs = default.audit + default.platform + default.access;
    FRAME
        .replace("{costs}", costs(measured, ARCHITECTURES[0]).trim_end())
        .replace("{x86}", costs(measured, ARCHITECTURES[1]).trim_end())
        .replace("{units}", read_units(measured).trim_end())
        .replace("{prices}", prices::table().trim_end())
        .replace("{measured}", figures(measured).trim_end())
        .replace("{billed}", &format!("{:.1}", billed_ms(measured)))
        .replace("{read}", &format!("{:.1}", billed_ms(measured) - 0.5 - cpu(measured)))
        .replace("{cpu}", &format!("{:.1}", cpu(measured)))
        .replace("{memory}", &format!("{}", model::MEMORY_MB))
        .replace("{default}", &dollars(default.total()))
        .replace("{lowest}", &dollars(lowest))
        .replace("{logs}", &dollars(logs))
        .replace("{mark}", &dollars(prices::price("dynamodb_reads")))
}

fn cpu(measured: &Measured) -> f64 {
    measured.cpu_ms / (model::MEMORY_MB / model::VCPU_MEMORY.value)
}

fn costs(measured: &Measured, architecture: &str) -> String {
    let mut text =
        "| settings | API Gateway | Lambda, requests | Lambda, duration | DynamoDB | audit record | Lambda's lines | \
                    access log | X-Ray | **total** |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for settings in Settings::ALL {
        let units = units(settings, Token::Plain, measured);
        let cost = Cost::new(units, billed_ms(measured), architecture, measured);
        let parts = cost.parts().map(dollars).join(" | ");
        writeln!(text, "| {} | {parts} | **{}** |", settings.name(), dollars(cost.total())).unwrap();
    }
    text
}

fn read_units(measured: &Measured) -> String {
    let mut text = "| settings | plain | with a session | with a session and a grant | target |\n\
                    | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for settings in Settings::ALL {
        let target = TARGETS[usize::from(settings.hot_seconds > 0)];
        let cell = |token| {
            let units = units(settings, token, measured);
            if units > target { format!("{units} (**above**)") } else { units.to_string() }
        };
        let cells = Token::ALL.map(cell).join(" | ");
        writeln!(text, "| {} | {cells} | ≤ {target} |", settings.name()).unwrap();
    }
    text
}

fn figures(measured: &Measured) -> String {
    let mut text = "| figure | value | measured by |\n| --- | --- | --- |\n".to_owned();
    for (name, value, source) in measured.rows().filter(|(name, ..)| !name.starts_with("read units")) {
        writeln!(text, "| `{name}` | {value} | {source} |").unwrap();
    }
    text
}

pub fn dollars(amount: f64) -> String {
    format!("{amount:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_follows_from_the_data() {
        let page = fs::read_to_string(root().join(PAGE)).unwrap();
        let expected = render(&Measured::read());
        let differs = page.lines().zip(expected.lines()).find(|(line, expected)| line != expected);
        assert_eq!(differs, None, "`cargo bench --bench scale -- --update` writes {PAGE}");
        assert_eq!(page, expected);
    }

    #[test]
    fn the_total_of_each_row_is_the_sum_of_its_cells() {
        let page = fs::read_to_string(root().join(PAGE)).unwrap();
        let mut rows = 0;
        for line in page.lines().filter(|line| line.ends_with("** |")) {
            let numbers: Vec<f64> =
                line.split('|').filter_map(|cell| cell.trim().trim_matches('*').parse().ok()).collect();
            let [parts @ .., total] = &numbers[..] else { continue };
            // Each of eight cells is rounded.
            assert!((total - parts.iter().sum::<f64>()).abs() < 0.0045, "{line}");
            rows += 1;
        }
        assert_eq!(rows, 8);
    }
}
