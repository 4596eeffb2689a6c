//! Which rushes docs/scale.md shows, on Lambda: each environment has its own share of a processor.

use super::{
    measured::Measured,
    model,
    rush::{Fetches, Rush, Times, fetches},
};

const SEEDS: u64 = 5;

/// One situation, and what the issuer's host sees of it.
pub struct Situation {
    pub name: &'static str,
    pub environments: usize,
    /// As the function is, and if each environment fetched for itself.
    pub fetches: [Fetches; 2],
}

/// So many requests a second to each environment for so many seconds, or one request to each at once.
type Traffic = Option<(f64, f64)>;

/// How the environments begin.
#[derive(Clone, Copy, PartialEq)]
enum Start {
    /// Requested at the same time, and ready when Lambda has created them.
    Created,
    /// Not yet asked for anything, and ready at the same moment: the worst case.
    Ready,
    Warm,
}

/// The name, the age of the snapshot, the start, whether the key is unknown, and the traffic.
const SITUATIONS: [(&str, Option<i64>, Start, bool, Traffic); 9] = [
    ("cold, all created at once, no snapshot", None, Start::Created, false, None),
    ("cold, all ready in the same moment, no snapshot", None, Start::Ready, false, None),
    ("cold, all created at once, snapshot of 10 s", Some(10), Start::Created, false, None),
    ("cold, all created at once, snapshot of 1,000 s", Some(1000), Start::Created, false, None),
    (
        "warm, the refresh after 300 s, 100 requests a second to each",
        Some(230),
        Start::Warm,
        false,
        Some((100.0, 75.0)),
    ),
    ("warm, the refresh after 300 s, 1 request a second to each", Some(230), Start::Warm, false, Some((1.0, 75.0))),
    ("warm, an unknown `kid` to each at once", Some(10), Start::Warm, true, None),
    ("warm, unknown `kid`s for 60 s, 1 a second to each", Some(10), Start::Warm, true, Some((1.0, 60.0))),
    ("warm, unknown `kid`s for 20 s, 20 a second to each", Some(10), Start::Warm, true, Some((20.0, 20.0))),
];

fn times(measured: &Measured, start: Start) -> Times {
    let creation_sigma = if start == Start::Ready { 0.0 } else { model::CREATION_SIGMA };
    let share = model::MEMORY_MB / model::VCPU_MEMORY.value;
    Times {
        creation: (model::CREATION_MEDIAN.value / 1e3, creation_sigma),
        // Lambda gives an init more CPU than its share.
        init_cpu: measured.init_cpu_ms / 1e3,
        request_cpu: measured.cpu_ms / 1e3 / share,
        read: model::READ_MEDIAN.value / 1e3,
        write: model::WRITE_MEDIAN.value / 1e3,
        fetch: model::FETCH_MEDIAN.value / 1e3,
        sigma: model::LATENCY_SIGMA,
    }
}

/// Simulates each situation with these numbers of environments.
pub fn all(measured: &Measured, environments: &[usize]) -> Vec<Situation> {
    let one = |name, snapshot, start: Start, unknown, traffic: Traffic, environments: usize| {
        let guarded = [true, false].map(|leases| {
            let rush = Rush {
                environments,
                cores: None,
                times: times(measured, start),
                snapshot,
                warm: start == Start::Warm,
                rate: traffic.map(|(rate, _)| rate * environments as f64),
                seconds: traffic.map_or(1.0, |(_, seconds)| seconds),
                apart: 0.0,
                unknown,
                leases,
            };
            median((0..SEEDS).map(|seed| fetches(&rush, seed)).collect())
        });
        Situation { name, environments, fetches: guarded }
    };
    let situations = SITUATIONS.into_iter();
    situations
        .flat_map(|(name, snapshot, start, unknown, traffic)| {
            environments.iter().map(move |count| one(name, snapshot, start, unknown, traffic, *count))
        })
        .collect()
}

fn median(mut runs: Vec<Fetches>) -> Fetches {
    runs.sort_by_key(|run| run.total);
    runs.swap_remove(runs.len() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'s>(situations: &'s [Situation], name: &str) -> &'s Situation {
        situations.iter().find(|situation| situation.name.contains(name)).unwrap()
    }

    #[test]
    fn a_rush_makes_one_fetch_and_none_if_there_is_a_snapshot() {
        let situations = all(&Measured::read(), &[20]);
        assert_eq!(of(&situations, "snapshot of 10 s").fetches[0].total, 0);
        for rush in ["created at once, no snapshot", "same moment", "300 s, 100", "each at once"] {
            let [with, without] = &of(&situations, rush).fetches;
            assert!(with.total == 1 && without.total > 1, "{rush}: {with:?} {without:?}");
        }
        let [with, without] = &of(&situations, "for 60 s").fetches;
        assert!(with.total <= 61 && with.busiest_second <= 2, "the minimum age: {with:?}");
        assert!(without.total <= 20 * (10 + 60 / 5), "the budget of each environment: {without:?}");
    }
}
