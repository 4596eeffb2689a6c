//! The simulation of key fetches, as `src/issuers` decides about them: the shared snapshot and the lease in the state table,
//! one fetch in flight for each environment, the minimum age and the budget. Times are in seconds.

use super::{
    cores::{Cores, Slice},
    keys::{Keys, SharedState},
    model,
    queue::Queue,
    random::Random,
};

/// The pause before the second look for the snapshot of another environment, in seconds.
const FIRST_PAUSE: f64 = 0.05;

/// How long each step takes.
#[derive(Clone, Copy)]
pub struct Times {
    /// The median and the sigma of creating an environment.
    pub creation: (f64, f64),
    pub init_cpu: f64,
    /// Of a request, before and after its read.
    pub request_cpu: f64,
    pub read: f64,
    pub write: f64,
    pub fetch: f64,
    /// The sigma of the last three.
    pub sigma: f64,
}

/// One run.
#[derive(Clone, Copy)]
pub struct Rush {
    pub environments: usize,
    /// Shared by all environments; `None` if each has its own.
    pub cores: Option<usize>,
    pub times: Times,
    /// The age of the snapshot in the state table, if there is one.
    pub snapshot: Option<i64>,
    /// Whether the environments run at the start, and hold the snapshot's set.
    pub warm: bool,
    /// The requests a second to all environments together; `None` if each gets one, at the start.
    pub rate: Option<f64>,
    pub seconds: f64,
    /// By how much the first request to each environment is later than that to the one before it.
    pub apart: f64,
    /// Whether the tokens name a key that does not exist.
    pub unknown: bool,
    /// Whether one environment fetches at a time, as in the function. Otherwise, each fetches for itself.
    pub leases: bool,
}

/// What the issuer's host sees.
#[derive(Debug, Default, PartialEq)]
pub struct Fetches {
    pub total: usize,
    /// In the busiest second.
    pub busiest_second: usize,
}

/// What an environment does next.
#[derive(Clone, Copy)]
enum Step {
    Created,
    Arrives,
    /// The start reads the snapshot.
    WarmsUp,
    WarmedUp,
    Asks,
    Read,
    Leases,
    /// The key host has answered.
    Replied,
    Fetched,
    Landed(i64),
    Answered,
    Ran(Slice),
}

/// A snapshot that is newer than the set that was held, and the pause before the next look for it.
#[derive(Clone, Copy)]
struct Wait {
    held: Option<i64>,
    pause: f64,
}

struct Run<'a> {
    rush: &'a Rush,
    random: Random,
    events: Queue<(usize, Step)>,
    cores: Cores,
    /// What each environment does after the CPU time that it waits for.
    next: Vec<Step>,
    busy: Vec<bool>,
    /// When each environment's request began.
    began: Vec<f64>,
    /// What an environment waits for while another one fetches.
    waits: Vec<Option<Wait>>,
    keys: Vec<Keys>,
    shared: SharedState,
    fetched_at: Vec<f64>,
}

/// Simulates a rush with this seed.
pub fn fetches(rush: &Rush, seed: u64) -> Fetches {
    let shared = SharedState::new(rush.snapshot);
    let keys = (0..rush.environments).map(|_| Keys::new(shared.snapshot.filter(|_| rush.warm)));
    let mut run = Run {
        rush,
        keys: keys.collect(),
        random: Random::new(seed),
        events: Queue::default(),
        cores: Cores::new(rush.cores),
        next: vec![Step::Answered; rush.environments],
        busy: vec![false; rush.environments],
        began: vec![0.0; rush.environments],
        waits: vec![None; rush.environments],
        shared,
        fetched_at: Vec::new(),
    };
    for environment in 0..rush.environments {
        run.begin(environment);
    }
    while let Some((now, (environment, step))) = run.events.next() {
        run.step(now, environment, step);
    }
    // Fetches were noted in the order of time.
    let until = |from: f64| run.fetched_at.partition_point(|at| *at < from + 1.0);
    let busiest = run.fetched_at.iter().enumerate().map(|(position, from)| until(*from) - position);
    Fetches { total: run.fetched_at.len(), busiest_second: busiest.max().unwrap_or_default() }
}

impl Run<'_> {
    fn after(&mut self, now: f64, pause: f64, environment: usize, step: Step) {
        self.events.add(now + pause, (environment, step));
    }

    fn latency(&mut self, median: f64) -> f64 {
        self.random.log_normal(median, self.rush.times.sigma)
    }

    fn begin(&mut self, environment: usize) {
        match self.rush.rate {
            _ if !self.rush.warm => {
                let (median, sigma) = self.rush.times.creation;
                let creation = self.random.log_normal(median, sigma);
                self.after(0.0, creation, environment, Step::Created);
            }
            None => self.after(0.0, 0.0, environment, Step::Arrives),
            Some(rate) => {
                let first = self.random.exponential(self.rush.environments as f64 / rate);
                self.after(0.0, first, environment, Step::Arrives);
            }
        }
    }

    /// Uses the CPU, and then takes the step.
    fn compute(&mut self, now: f64, amount: f64, environment: usize, step: Step) {
        self.next[environment] = step;
        if let Some(slice) = self.cores.ask(environment, amount) {
            self.after(now, slice.time, slice.environment, Step::Ran(slice));
        }
    }

    fn step(&mut self, now: f64, environment: usize, step: Step) {
        let times = self.rush.times;
        match step {
            Step::Created => self.compute(now, times.init_cpu, environment, Step::WarmsUp),
            Step::WarmsUp => {
                let read = self.latency(times.read);
                self.after(now, read, environment, Step::WarmedUp);
            }
            Step::WarmedUp => {
                self.keys[environment].adopt(self.shared.snapshot_at(now - times.read / 2.0));
                self.after(now, environment as f64 * self.rush.apart, environment, Step::Arrives);
            }
            Step::Arrives => self.arrives(now, environment),
            Step::Asks => {
                let read = self.latency(times.read);
                self.after(now, read, environment, Step::Read);
            }
            Step::Read => self.decide(now, environment),
            Step::Leases => {
                if self.shared.lease(self.began[environment] as i64) {
                    self.fetch(now, environment);
                } else {
                    self.waits[environment] = Some(Wait { held: self.keys[environment].set(), pause: FIRST_PAUSE });
                    self.after(now, 0.0, environment, Step::Asks);
                }
            }
            Step::Replied => self.compute(now, times.request_cpu / 2.0, environment, Step::Fetched),
            Step::Fetched => {
                let second = self.began[environment] as i64;
                self.keys[environment].fetched(second);
                let write = self.latency(times.write);
                self.after(now, write / 2.0, environment, Step::Landed(second));
                self.after(now, write, environment, Step::Answered);
            }
            Step::Landed(second) => {
                self.shared.put(second, now);
                self.shared.end_lease(second);
            }
            Step::Answered => self.busy[environment] = false,
            Step::Ran(slice) => {
                let (done, next) = self.cores.ran(slice);
                if let Some(next) = next {
                    self.after(now, next.time, next.environment, Step::Ran(next));
                }
                if done {
                    let step = self.next[slice.environment];
                    self.after(now, 0.0, slice.environment, step);
                }
            }
        }
    }

    fn arrives(&mut self, now: f64, environment: usize) {
        if let Some(rate) = self.rush.rate {
            let pause = self.random.exponential(self.rush.environments as f64 / rate);
            if now + pause < self.rush.seconds {
                self.after(now, pause, environment, Step::Arrives);
            }
        }
        // A request for which the environment has the key does not concern the host.
        if self.busy[environment] || !self.keys[environment].needs_snapshot(self.rush.unknown, now as i64) {
            return;
        }
        self.busy[environment] = true;
        self.began[environment] = now;
        self.compute(now, self.rush.times.request_cpu / 2.0, environment, Step::Asks);
    }

    fn decide(&mut self, now: f64, environment: usize) {
        let second = self.began[environment] as i64;
        // The read was answered about half of its latency after it reached the table.
        let seen = self.shared.snapshot_at(now - self.rush.times.read / 2.0);
        let keys = &mut self.keys[environment];
        keys.adopt(seen);
        if let Some(Wait { held, pause }) = self.waits[environment] {
            let waits = keys.set() <= held && now < self.began[environment] + model::DEADLINE;
            self.waits[environment] = waits.then_some(Wait { held, pause: 2.0 * pause });
            if waits {
                self.after(now, pause, environment, Step::Asks);
            } else {
                self.compute(now, self.rush.times.request_cpu / 2.0, environment, Step::Answered);
            }
        } else if !keys.may_fetch(self.rush.unknown, second) || now > self.began[environment] + model::DEADLINE - 0.5 {
            self.compute(now, self.rush.times.request_cpu / 2.0, environment, Step::Answered);
        } else if self.rush.leases {
            let write = self.latency(self.rush.times.write);
            self.after(now, write, environment, Step::Leases);
        } else {
            self.fetch(now, environment);
        }
    }

    fn fetch(&mut self, now: f64, environment: usize) {
        let second = self.began[environment] as i64;
        self.keys[environment].take(second);
        self.fetched_at.push(now);
        let fetch = self.latency(self.rush.times.fetch);
        self.after(now, fetch, environment, Step::Replied);
    }
}
