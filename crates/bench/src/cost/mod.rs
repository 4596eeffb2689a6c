//! What a million introspections cost: measured figures times stated prices.

#![allow(clippy::cast_precision_loss, reason = "counts are small")]

pub mod page;
mod prices;
pub mod reads;
pub mod written;

use self::prices::price;
use crate::scale::{measured::Measured, model, traffic::Settings};

/// The share of requests that X-Ray records by default, besides the first of each second.
const TRACED: f64 = 0.05;
const MILLION: f64 = 1e6;
const GB: f64 = 1e9;

/// The processors on which Lambda runs functions, by their price.
pub const ARCHITECTURES: [&str; 2] = ["arm64", "x86_64"];

/// The cost of a million introspections in US dollars, by its parts.
pub struct Cost {
    pub gateway: f64,
    pub requests: f64,
    pub duration: f64,
    pub reads: f64,
    pub audit: f64,
    pub platform: f64,
    pub access: f64,
    pub traces: f64,
}

impl Cost {
    /// With so many read units, and so many billed milliseconds, for each.
    pub fn new(units: f64, billed_ms: f64, architecture: &str, measured: &Measured) -> Self {
        let gb_seconds = billed_ms / 1e3 * model::MEMORY_MB / 1024.0;
        let logged = |bytes: f64| bytes * MILLION / GB * price("logs");
        Self {
            gateway: price("gateway"),
            requests: price("lambda_requests"),
            duration: gb_seconds * MILLION * price(&format!("lambda_{architecture}")),
            reads: units * price("dynamodb_reads"),
            audit: logged(measured.value("audit_line_bytes")),
            platform: logged(measured.value("platform_lines_bytes")),
            access: logged(measured.value("access_line_bytes")),
            traces: TRACED * price("traces"),
        }
    }

    pub fn parts(&self) -> [f64; 8] {
        [self.gateway, self.requests, self.duration, self.reads, self.audit, self.platform, self.access, self.traces]
    }

    pub fn total(&self) -> f64 {
        self.parts().iter().sum()
    }
}

/// The mean time that Lambda bills for one introspection, in milliseconds: its CPU time at an environment's share of a
/// processor, the mean latency of its read, and half a millisecond for rounding up.
pub fn billed_ms(measured: &Measured) -> f64 {
    let share = model::MEMORY_MB / model::VCPU_MEMORY.value;
    let read = model::READ_MEDIAN.value * (model::LATENCY_SIGMA * model::LATENCY_SIGMA / 2.0).exp();
    measured.cpu_ms / share + read + 0.5
}

/// The measured read units of a JWT while the shared items are held, if they may be.
pub fn units(settings: Settings, token: reads::Token, measured: &Measured) -> f64 {
    measured.value(&reads::name(settings, token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_times_one_of_each() {
        let measured = Measured::read();
        let cost = Cost::new(6.0, 8.0, "arm64", &measured);
        let near = |left: f64, right: f64| assert!((left - right).abs() < 1e-6, "{left} {right}");
        near(cost.reads, 0.75);
        // 0.008 s of a quarter of a GB.
        near(cost.duration, 2000.0 * 0.000_013_333_4);
        near(cost.audit, measured.value("audit_line_bytes") / 1000.0 * 0.5);
        near(cost.traces, 0.25);
        near(cost.total(), cost.parts().iter().sum());
    }
}
