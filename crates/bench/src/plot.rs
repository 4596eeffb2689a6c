//! Plots as SVG, readable in light and dark themes.

use std::fmt::Write;

const WIDTH: f64 = 680.0;
const LEFT: f64 = 130.0;
/// For the value behind the longest bar.
const RIGHT: f64 = 80.0;
const BAR: f64 = 16.0;
const GREY: [&str; 2] = ["#8b949e", "#b7bec6"];
const BLUE: [&str; 2] = ["#2f6feb", "#79a5f5"];
/// For lines, distinguishable without colour vision by their order in the legend.
const COLORS: [&str; 6] = ["#2f6feb", "#d1820f", "#1a9c6b", "#c33c8f", "#7a5cd6", "#8b949e"];
const HEIGHT: f64 = 340.0;

/// A chart with a group of horizontal bars for each row, and a bar for each series in it.
pub fn bars(title: &str, series: &[&str], values: &[(&str, Vec<f64>)]) -> String {
    let longest = values.iter().flat_map(|(_, values)| values).fold(f64::MIN_POSITIVE, |one, other| one.max(*other));
    let (mut rows, mut top) = (String::new(), 40.0);
    for (name, values) in values {
        let colors = if name.contains("function") || name.contains("hot") { BLUE } else { GREY };
        writeln!(rows, r#"<text x="{}" y="{}" text-anchor="end">{name}</text>"#, LEFT - 8.0, top + 13.0).unwrap();
        for (value, color) in values.iter().zip(colors) {
            let width = value / longest * (WIDTH - LEFT - RIGHT);
            writeln!(
                rows,
                r#"<rect x="{LEFT}" y="{top}" width="{width:.1}" height="{}" fill="{color}"/>
<text x="{:.1}" y="{}">{value:.2}</text>"#,
                BAR - 1.0,
                LEFT + width + 6.0,
                top + 13.0,
            )
            .unwrap();
            top += BAR;
        }
        top += 10.0;
    }
    let series = if series.is_empty() { String::new() } else { format!(": {} (darker), {}", series[0], series[1]) };
    svg(&format!("{title}{series}"), top, &rows)
}

/// A line of a chart: its name and its points.
pub type Line<'a> = (&'a str, Vec<(f64, f64)>);

/// Two charts side by side. The horizontal axis of the left one is logarithmic, and both vertical axes begin at 0.
pub fn lines(title: &str, left: &[Line<'_>], right: &[Line<'_>]) -> String {
    let logarithmic: Vec<Line<'_>> =
        left.iter().map(|(name, points)| (*name, points.iter().map(|(x, y)| (x.log10(), *y)).collect())).collect();
    let mut text = panel(8.0, &logarithmic, &|x| 10_f64.powf(x));
    text.push_str(&panel(WIDTH / 2.0 + 8.0, right, &|x| x));
    svg(title, HEIGHT, &text)
}

/// One chart. `size` is what a place on its horizontal axis means.
fn panel(left: f64, lines: &[Line<'_>], size: &dyn Fn(f64) -> f64) -> String {
    const TOP: f64 = 40.0;
    let (width, height) = (WIDTH / 2.0 - 90.0, HEIGHT - TOP - 30.0);
    let points = || lines.iter().flat_map(|(_, points)| points);
    let end = points().fold(f64::MIN_POSITIVE, |end, (x, _)| end.max(*x));
    let high = points().fold(f64::MIN_POSITIVE, |high, (_, y)| high.max(*y)) * 1.1;
    let (origin, bottom) = (left + 66.0, TOP + height);
    let mut text = format!(
        r##"<path d="M{origin} {TOP}V{bottom}H{}" fill="none" stroke="#8b949e"/>
<text x="{:.1}" y="{bottom}" text-anchor="end">0</text>
<text x="{:.1}" y="{:.1}" text-anchor="end">{:.2} M</text>
<text x="{:.1}" y="{:.1}" text-anchor="end">{:.0}</text>
"##,
        origin + width,
        origin - 6.0,
        origin - 6.0,
        TOP + 13.0,
        high / 1e6,
        origin + width,
        bottom + 18.0,
        size(end),
    );
    let mut legend = bottom - 12.0;
    for ((name, points), color) in lines.iter().zip(COLORS) {
        let place = |(x, y): &(f64, f64)| format!("{:.1},{:.1}", origin + x / end * width, bottom - y / high * height);
        let places: Vec<String> = points.iter().map(place).collect();
        writeln!(
            text,
            r#"<polyline points="{}" fill="none" stroke="{color}" stroke-width="2"/>
<text x="{}" y="{legend}" fill="{color}">{name}</text>"#,
            places.join(" "),
            origin + 12.0,
        )
        .unwrap();
        legend -= 16.0;
    }
    text
}

fn svg(title: &str, height: f64, content: &str) -> String {
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13" fill="#6e7781">
<text x="8" y="22" font-size="15">{title}</text>
{content}</svg>
"##
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_value_has_the_longest_bar() {
        let plot = bars("t", &[], &[("a", vec![1.0]), ("b", vec![2.0])]);
        assert!(plot.contains(r#"width="235.0""#) && plot.contains(r#"width="470.0""#));
    }

    #[test]
    fn equal_values_are_at_the_same_height() {
        let plot = lines("t", &[("a", vec![(1.0, 5.0), (100.0, 5.0)])], &[]);
        let points = plot.split("<polyline points=\"").nth(1).unwrap().split('"').next().unwrap();
        let heights: Vec<_> = points.split(' ').map(|point| point.split(',').nth(1).unwrap()).collect();
        assert_eq!(heights[0], heights[1]);
    }
}
