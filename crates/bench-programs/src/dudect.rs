//! Whether two classes of inputs take the same time: the method of dudect (Reparaz, Balasch and Verbauwhede, 2017). Both
//! classes are timed in a random order, so that what else the machine does affects both alike, and Welch's t-test compares
//! them, of all times and of the fastest ones only, because interruptions make a few times very long.

use std::time::Instant;

use fastrand::Rng;

/// The shares of the fastest times, in percent, that are compared.
const FASTEST: [usize; 6] = [100, 99, 95, 90, 75, 50];

/// The times of one class, in nanoseconds.
type Times = Vec<f64>;

/// How much two classes differ.
pub struct Difference {
    /// Welch's t, of that share of the fastest times for which it is the largest.
    pub t: f64,
    /// By how many nanoseconds the median of the second class is larger.
    pub nanoseconds: f64,
}

/// Times `run` that often, each time with inputs of a class that is chosen at random: `false` is the first one. `prepare`
/// makes the inputs, and is not timed.
pub fn compare<I>(measurements: usize, mut prepare: impl FnMut(bool) -> I, mut run: impl FnMut(I)) -> Difference {
    let mut rng = Rng::new();
    let mut times = [Times::new(), Times::new()];
    (0..measurements / 100).for_each(|_| run(prepare(rng.bool())));
    for _ in 0..measurements {
        let class = rng.bool();
        let inputs = prepare(class);
        let started = Instant::now();
        run(inputs);
        times[usize::from(class)].push(started.elapsed().as_secs_f64() * 1e9);
    }
    difference(times)
}

fn difference(mut times: [Times; 2]) -> Difference {
    let mut all: Times = times.iter().flatten().copied().collect();
    for times in [&mut all].into_iter().chain(&mut times) {
        times.sort_unstable_by(f64::total_cmp);
    }
    let limits = FASTEST.map(|percent| all[(all.len() * percent / 100).max(1) - 1]);
    // The same limit for both: a class that is slower has fewer times below it, and these do not look fast.
    let t = limits
        .map(|limit| welch(&times.each_ref().map(|times| &times[..times.partition_point(|time| *time <= limit)])));
    let median = |times: &Times| times.get(times.len() / 2).copied().unwrap_or_default();
    Difference {
        t: t.into_iter().max_by(|one, other| one.abs().total_cmp(&other.abs())).unwrap_or_default(),
        nanoseconds: median(&times[1]) - median(&times[0]),
    }
}

/// Welch's t. 0 if a class has too few times to compare.
#[allow(clippy::cast_precision_loss, reason = "counts of measurements")]
fn welch(classes: &[&[f64]; 2]) -> f64 {
    let [one, other] = classes.map(|times| {
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    });
    let t = (other.0 - one.0) / (one.1 + other.1).sqrt();
    if t.is_finite() { t } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statistic_is_that_of_welch() {
        // Means 2 and 4, variances 1 and 4, three times each: 2 / sqrt(1/3 + 4/3).
        assert!((welch(&[&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]]) - 1.549_193).abs() < 1e-6);
        assert!(welch(&[&[1.0], &[]]).abs() < f64::EPSILON);
    }

    #[test]
    fn a_few_long_times_do_not_hide_a_difference() {
        let class = |offset: f64| -> Times {
            let times = (0..5000).map(|number| f64::from(number % 7) + offset);
            times.chain((0..40).map(|number| 1e6 * f64::from(number))).collect()
        };
        let found = difference([class(100.0), class(101.0)]);
        assert!(found.t > 10.0 && (found.nanoseconds - 1.0).abs() < f64::EPSILON, "{} {}", found.t, found.nanoseconds);
        assert!(difference([class(100.0), class(100.0)]).t.abs() < 1.0);
    }
}
