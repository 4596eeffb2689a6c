//! Warm invocations: each handler in turn makes some, with each kind of traffic, and this is repeated.

use super::{Concurrent, Environment, Figures, Scene, Warm};
use crate::{
    dynamodb,
    event::Traffic,
    statistics::{milliseconds, per, quantile},
};

const WARM_UP: usize = 50;
const ROUNDS: usize = 25;
const INVOCATIONS_PER_ROUND: usize = 40;
const CONCURRENT_ROUNDS: usize = 4;
const CONCURRENT_INVOCATIONS: usize = 192;

/// What is seen of one handler and one kind of traffic.
#[derive(Default)]
struct Seen {
    latencies: Vec<f64>,
    /// Of each round, for one invocation.
    cpu: Vec<f64>,
    requests: usize,
    keys: usize,
    invocations: usize,
    elapsed: f64,
    most_at_once: usize,
}

impl Seen {
    fn round(&mut self, environment: &Environment, traffic: Traffic, times: usize, at_once: usize) {
        let (cpu, (requests, keys)) = (environment.process.cpu(), dynamodb::reads());
        let round = environment.api.invoke(traffic, times, at_once);
        let used = environment.process.cpu().saturating_sub(cpu);
        self.cpu.push(per(milliseconds(used), times));
        let (requests_now, keys_now) = dynamodb::reads();
        self.requests += requests_now - requests;
        self.keys += keys_now - keys;
        self.latencies.extend(round.latencies.into_iter().map(milliseconds));
        self.invocations += times;
        self.elapsed += milliseconds(round.elapsed);
        self.most_at_once = self.most_at_once.max(round.most_at_once);
    }

    #[allow(clippy::cast_precision_loss, reason = "counts of thousands")]
    fn warm(self) -> Warm {
        Warm {
            instructions: None,
            cpu: quantile(self.cpu, 50),
            p50: quantile(self.latencies.clone(), 50),
            p99: quantile(self.latencies, 99),
            requests: per(self.requests as f64, self.invocations),
            keys: per(self.keys as f64, self.invocations),
        }
    }
}

/// One event at a time.
pub fn measure(scene: &Scene, figures: &mut [Figures]) {
    println!("invoking each handler {} times", 2 * ROUNDS * INVOCATIONS_PER_ROUND);
    let environments: Vec<_> = scene.handlers.iter().map(|handler| scene.start(handler, 1)).collect();
    let mut seen: Vec<[Seen; 2]> = scene.handlers.iter().map(|_| Default::default()).collect();
    for environment in &environments {
        environment.api.invoke(Traffic::Again, WARM_UP, 1);
        environment.api.invoke(Traffic::New, WARM_UP, 1);
    }
    for _ in 0..ROUNDS {
        for (environment, [again, new]) in environments.iter().zip(&mut seen) {
            again.round(environment, Traffic::Again, INVOCATIONS_PER_ROUND, 1);
            new.round(environment, Traffic::New, INVOCATIONS_PER_ROUND, 1);
        }
    }
    for ((environment, figures), [again, new]) in environments.iter().zip(figures).zip(seen) {
        figures.resident = environment.process.resident();
        (figures.again, figures.new) = (again.warm(), new.warm());
    }
}

/// Several events at once, offered to every handler, also to those that take one at a time.
pub fn concurrently(scene: &Scene, at_once: usize, figures: &mut [Figures]) {
    println!(
        "invoking each handler {} times, with {at_once} events offered at once",
        CONCURRENT_ROUNDS * CONCURRENT_INVOCATIONS
    );
    let environments: Vec<_> = scene.handlers.iter().map(|handler| scene.start(handler, at_once)).collect();
    let mut seen: Vec<Seen> = scene.handlers.iter().map(|_| Seen::default()).collect();
    for environment in &environments {
        environment.api.invoke(Traffic::New, WARM_UP.max(at_once), at_once);
    }
    for _ in 0..CONCURRENT_ROUNDS {
        for (environment, seen) in environments.iter().zip(&mut seen) {
            seen.round(environment, Traffic::New, CONCURRENT_INVOCATIONS, at_once);
        }
    }
    for (figures, seen) in figures.iter_mut().zip(seen) {
        figures.concurrent.push(Concurrent {
            offered: at_once,
            taken: seen.most_at_once,
            per_second: 1000.0 / per(seen.elapsed, seen.invocations),
            cpu: quantile(seen.cpu, 50),
            p99: quantile(seen.latencies, 99),
        });
    }
}
