//! Bar charts as SVG, readable in light and dark themes.

use std::fmt::Write;

const WIDTH: f64 = 680.0;
const LEFT: f64 = 130.0;
const ROW: f64 = 28.0;
/// For the value behind the longest bar.
const RIGHT: f64 = 80.0;

/// A chart with one horizontal bar for each value.
pub fn bars(title: &str, values: &[(&str, f64)]) -> String {
    let longest = values.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let (mut rows, mut top) = (String::new(), 40.0);
    for (name, value) in values {
        let width = value / longest * (WIDTH - LEFT - RIGHT);
        let middle = top + 17.0;
        let color = if *name == "the function" { "#2f6feb" } else { "#8b949e" };
        writeln!(
            rows,
            r#"<text x="{}" y="{middle}" text-anchor="end">{name}</text>
<rect x="{LEFT}" y="{}" width="{width:.1}" height="20" fill="{color}"/>
<text x="{:.1}" y="{middle}">{value:.2}</text>"#,
            LEFT - 8.0,
            top + 2.0,
            LEFT + width + 6.0,
        )
        .unwrap();
        top += ROW;
    }
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" font-family="sans-serif" font-size="13" fill="#6e7781">
<text x="8" y="22" font-size="15">{title}</text>
{rows}</svg>
"##
    )
}

#[cfg(test)]
mod tests {
    use super::bars;

    #[test]
    fn the_longest_value_has_the_longest_bar() {
        let plot = bars("t", &[("a", 1.0), ("b", 2.0)]);
        assert!(plot.contains(r#"width="235.0""#) && plot.contains(r#"width="470.0""#));
    }
}
