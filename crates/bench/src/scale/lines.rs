//! Line charts as SVG, readable in light and dark themes. Both axes are logarithmic, or only the horizontal one.

use std::fmt::Write;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 230.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 50.0;
const COLORS: [&str; 6] = ["#2f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#57606a"];

/// A named line.
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// An axis: its label, its marks, and whether it is logarithmic.
pub struct Axis<'a> {
    pub label: &'a str,
    pub marks: &'a [f64],
    pub logarithmic: bool,
}

impl Axis<'_> {
    /// The position of a value, from 0 to 1.
    fn position(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.logarithmic { value.max(self.marks[0]).log10() } else { value };
        let (first, last) = (scale(self.marks[0]), scale(self.marks[self.marks.len() - 1]));
        (scale(value) - first) / (last - first)
    }
}

pub fn chart(title: &str, x: &Axis, y: &Axis, lines: &[Line]) -> String {
    let across = |value| LEFT + x.position(value) * (WIDTH - LEFT - RIGHT);
    let up = |value| HEIGHT - BOTTOM - y.position(value) * (HEIGHT - TOP - BOTTOM);
    let mut body = String::new();
    for mark in x.marks {
        let at = across(*mark);
        let (top, bottom) = (TOP, HEIGHT - BOTTOM);
        writeln!(
            body,
            r##"<line x1="{at:.1}" x2="{at:.1}" y1="{top}" y2="{bottom}" stroke="#8b949e" stroke-opacity="0.25"/>
<text x="{at:.1}" y="{}" text-anchor="middle">{}</text>"##,
            bottom + 18.0,
            short(*mark)
        )
        .unwrap();
    }
    for mark in y.marks {
        let at = up(*mark);
        writeln!(
            body,
            r##"<line x1="{LEFT}" x2="{}" y1="{at:.1}" y2="{at:.1}" stroke="#8b949e" stroke-opacity="0.25"/>
<text x="{}" y="{:.1}" text-anchor="end">{}</text>"##,
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.0,
            short(*mark)
        )
        .unwrap();
    }
    for (position, (line, color)) in lines.iter().zip(COLORS).enumerate() {
        let points: Vec<String> = line.points.iter().map(|(x, y)| format!("{:.1},{:.1}", across(*x), up(*y))).collect();
        let at = TOP + 16.0 + position as f64 * 22.0;
        let from = WIDTH - RIGHT + 14.0;
        writeln!(
            body,
            r#"<polyline points="{}" fill="none" stroke="{color}" stroke-width="2"/>
<line x1="{from}" x2="{}" y1="{}" y2="{}" stroke="{color}" stroke-width="2"/>
<text x="{}" y="{at}">{}</text>"#,
            points.join(" "),
            from + 18.0,
            at - 4.0,
            at - 4.0,
            from + 24.0,
            line.name
        )
        .unwrap();
    }
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" fill="#6e7781">
<text x="8" y="22" font-size="15">{title}</text>
<text x="8" y="{}">{}</text>
<text x="{}" y="{}" text-anchor="end">{}</text>
{body}</svg>
"##,
        TOP - 6.0,
        y.label,
        WIDTH - RIGHT,
        HEIGHT - 12.0,
        x.label,
    )
}

/// A number as an axis shows it.
fn short(value: f64) -> String {
    if value >= 1e6 {
        format!("{} M", value / 1e6)
    } else if value >= 1e3 {
        format!("{} k", value / 1e3)
    } else {
        format!("{value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenfold_value_is_one_step_further_on_a_logarithmic_axis() {
        let axis = Axis { label: "x", marks: &[1.0, 10.0, 100.0], logarithmic: true };
        assert!((axis.position(10.0) - 0.5).abs() < 1e-9);
        let y = Axis { label: "y", marks: &[0.0, 100.0], logarithmic: false };
        let chart = chart("t", &axis, &y, &[Line { name: "a".into(), points: vec![(1.0, 0.0), (100.0, 100.0)] }]);
        assert!(chart.contains(r#"points="70.0,330.0 530.0,44.0""#), "{chart}");
    }
}
