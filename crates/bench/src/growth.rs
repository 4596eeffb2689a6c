//! Growth: the instructions of a request in larger and larger deployments, in process.

use std::fmt::Write;

use crate::{counts, in_process::output, statistics::grouped};

/// What grows with the token, and not with the deployment.
const BYTES: &str = "token bytes";

/// What grows, with the instructions at each size.
pub struct Growth {
    pub what: String,
    pub points: Vec<(i64, i64)>,
}

/// Measures it, if instructions can be counted.
pub fn measure() -> Vec<Growth> {
    let mut all: Vec<Growth> = Vec::new();
    if !counts::available() {
        return all;
    }
    println!("counting the instructions of growing deployments");
    let sizes = output(&["sizes"]);
    for (what, size) in sizes.lines().filter_map(|line| line.split_once('\t')) {
        let point = (size.parse().unwrap(), counts::of_one(&["grow", what, size]));
        match all.last_mut().filter(|growth| growth.what == what) {
            Some(growth) => growth.points.push(point),
            None => all.push(Growth { what: what.to_owned(), points: vec![point] }),
        }
    }
    all
}

impl Growth {
    /// Whether it is measured in bytes of the token.
    pub fn is_linear(&self) -> bool {
        self.what == BYTES
    }

    /// The largest of the instructions over the smallest. For the token, these are divided by what a straight line
    /// through the first and the last point has there. So 1 is exactly flat, or exactly linear.
    pub fn spread(&self) -> f64 {
        let values = self
            .points
            .iter()
            .map(|(size, count)| as_f64(*count) / if self.is_linear() { self.line(*size) } else { 1.0 });
        let (smallest, largest) =
            values.fold((f64::MAX, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        largest / smallest
    }

    /// The straight line through the first and the last point.
    fn line(&self, size: i64) -> f64 {
        let [first, .., last] = self.points[..] else { panic!("{} has one size", self.what) };
        as_f64(first.1) + as_f64(size - first.0) * as_f64(last.1 - first.1) / as_f64(last.0 - first.0)
    }

    /// The instructions that each further byte takes, from one size to the next.
    fn slopes(&self) -> Vec<f64> {
        let slope = |pair: &[(i64, i64)]| as_f64(pair[1].1 - pair[0].1) / as_f64(pair[1].0 - pair[0].0);
        self.points.windows(2).map(slope).collect()
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of a few millions")]
pub fn as_f64(number: i64) -> f64 {
    number as f64
}

/// Tables in Markdown: what does not grow, and the token.
pub fn table(all: &[Growth]) -> String {
    let mut text = String::new();
    if !all.is_empty() {
        text.push_str("\n| what grows | instructions at each size | largest over smallest |\n| --- | --- | --- |\n");
    }
    for growth in all.iter().filter(|growth| !growth.is_linear()) {
        let points = growth.points.iter().map(|(size, count)| format!("{}: {}", grouped(*size), grouped(*count)));
        let points: Vec<_> = points.collect();
        writeln!(text, "| {} | {} | {:.3} |", growth.what, points.join("; "), growth.spread()).unwrap();
    }
    for growth in all.iter().filter(|growth| growth.is_linear()) {
        text.push_str("\n| bytes of the token | instructions | for each byte more |\n| --- | --- | --- |\n");
        let slopes = growth.slopes().into_iter().map(|slope| format!("{slope:.1}"));
        for ((size, count), slope) in growth.points.iter().zip([String::new()].into_iter().chain(slopes)) {
            writeln!(text, "| {} | {} | {slope} |", grouped(*size), grouped(*count)).unwrap();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_of_a_line_is_its_distance_from_a_straight_one() {
        let growth =
            |what: &str, points: &[(i64, i64)]| Growth { what: what.to_owned(), points: points.to_vec() }.spread();
        assert!((growth(BYTES, &[(1, 15), (2, 25), (4, 45)]) - 1.0).abs() < f64::EPSILON);
        assert!((growth(BYTES, &[(1, 15), (2, 20), (4, 45)]) - 1.25).abs() < f64::EPSILON);
        assert!((growth("marks", &[(1, 10), (2, 11), (4, 10)]) - 1.1).abs() < f64::EPSILON);
    }
}
