//! What a run counted, as figures.

use super::{environments::Given, reads::Counts, traffic::Settings};
use crate::statistics::grouped;

/// Counts of the requests that arrived in the time that is counted.
#[derive(Default)]
pub struct Tally {
    offered: f64,
    answered: f64,
    unavailable: f64,
    gateway_throttled: f64,
    lambda_throttled: f64,
    cold: f64,
    /// Of the requests that were answered, from the arrival.
    latencies: Vec<f32>,
    /// The milliseconds that Lambda bills.
    billed: f64,
}

impl Tally {
    pub fn refused(&mut self, given: &Given, counted: bool) {
        if counted {
            self.offered += 1.0;
            match given {
                Given::GatewayThrottles => self.gateway_throttled += 1.0,
                Given::LambdaThrottles => self.lambda_throttled += 1.0,
                Given::Environment { .. } => {}
            }
        }
    }

    pub fn began(&mut self, counted: bool, cold: bool) {
        if counted {
            self.offered += 1.0;
            self.cold += f64::from(u8::from(cold));
        }
    }

    pub fn ended(&mut self, counted: bool, failed: bool, latency: f64, busy: f64) {
        if !counted {
            return;
        }
        self.billed += (busy * 1e3).ceil();
        if failed {
            self.unavailable += 1.0;
        } else {
            self.answered += 1.0;
            self.latencies.push(latency as f32);
        }
    }
}

/// The figures of one run. Shares are of the requests that were offered.
pub struct Outcome {
    pub offered: f64,
    pub answered: f64,
    pub unavailable: f64,
    pub gateway_throttled: f64,
    pub lambda_throttled: f64,
    pub cold: f64,
    pub environments: usize,
    pub units_per_second: f64,
    pub units_per_request: f64,
    /// Requests a second for the most popular item of each key.
    pub busiest: [f64; 6],
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub billed_ms: f64,
    pub settings: Settings,
}

impl Outcome {
    pub fn new(mut tally: Tally, counts: Counts, environments: usize, seconds: f64, settings: Settings) -> Self {
        tally.latencies.sort_by(f32::total_cmp);
        let quantile = |percent: usize| {
            let last = tally.latencies.len().saturating_sub(1);
            let position = (tally.latencies.len() * percent / 100).min(last);
            tally.latencies.get(position).map_or(f64::NAN, |seconds| f64::from(*seconds) * 1e3)
        };
        let (p50_ms, p99_ms) = (quantile(50), quantile(99));
        Self {
            offered: tally.offered,
            answered: tally.answered,
            unavailable: tally.unavailable,
            gateway_throttled: tally.gateway_throttled,
            lambda_throttled: tally.lambda_throttled,
            cold: tally.cold,
            environments,
            units_per_second: counts.units / seconds,
            units_per_request: counts.units / (tally.answered + tally.unavailable).max(1.0),
            busiest: counts.busiest.map(|count| count / seconds),
            p50_ms,
            p99_ms,
            billed_ms: tally.billed / (tally.answered + tally.unavailable).max(1.0),
            settings,
        }
    }

    /// The share of requests that were answered.
    pub fn answered(&self) -> f64 {
        self.answered / self.offered
    }

    /// The cells of a table, from the environments on.
    pub fn row(&self) -> String {
        let share = |count: f64| percent(count / self.offered);
        let [caller, client, issuer, key, token, _] = self.busiest.map(rate);
        format!(
            "{} | {} | {:.2} | {caller} | {issuer} | {key} | {client} | {token} | {} | {} | {} | {} | {} |",
            whole(self.environments as f64),
            whole(self.units_per_second),
            self.units_per_request,
            share(self.answered),
            share(self.unavailable),
            share(self.gateway_throttled + self.lambda_throttled),
            milliseconds(self.p50_ms),
            milliseconds(self.p99_ms),
        )
    }
}

/// A rate, with a decimal if it is small.
fn rate(value: f64) -> String {
    if value < 9.95 { format!("{value:.1}") } else { whole(value) }
}

/// A whole number with a comma after each three digits.
pub fn whole(value: f64) -> String {
    grouped(value.round() as i64)
}

pub fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        percent if percent < 0.1 => "< 0.1 %".to_owned(),
        percent if percent > 99.9 && percent < 100.0 => "> 99.9 %".to_owned(),
        percent => format!("{percent:.1} %").replace(".0 %", " %"),
    }
}

fn milliseconds(value: f64) -> String {
    if value.is_nan() { "–".to_owned() } else { format!("{value:.0} ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!([1.0, 999.6].map(whole), ["1", "1,000"]);
        assert_eq!([0.0, 0.0001, 0.5, 0.9999, 1.0].map(percent), ["0 %", "< 0.1 %", "50 %", "> 99.9 %", "100 %"]);
    }
}
