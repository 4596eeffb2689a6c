//! The simulation of traffic: arrivals, environments and reads, with the limits of AWS. Times are in seconds.

use super::{
    environments::{Environments, Given},
    measured::Measured,
    model,
    outcome::{Outcome, Tally},
    queue::Queue,
    random::{Random, Zipf},
    reads::{Reads, Request},
};

/// What is decided by the two settings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    pub hot_seconds: u8,
    pub eventual: bool,
}

impl Settings {
    pub const ALL: [Self; 4] = [
        Self { hot_seconds: 0, eventual: false },
        Self { hot_seconds: 5, eventual: false },
        Self { hot_seconds: 0, eventual: true },
        Self { hot_seconds: 5, eventual: true },
    ];

    pub fn name(self) -> &'static str {
        match (self.hot_seconds > 0, self.eventual) {
            (false, false) => "default",
            (true, false) => "`HOT_RECORD_SECONDS=5`",
            (false, true) => "`READ_CONSISTENCY=eventual`",
            (true, true) => "both",
        }
    }

    /// The read units of one key with an item of up to 4 KB, or without an item.
    pub fn unit(self) -> f64 {
        if self.eventual { 0.5 } else { 1.0 }
    }
}

/// What AWS allows.
#[derive(Clone, Copy)]
pub struct Quotas {
    pub gateway_rate: f64,
    pub concurrency: f64,
    pub table_reads: f64,
}

impl Quotas {
    pub const DEFAULT: Self = Self {
        gateway_rate: model::GATEWAY_RATE.value,
        concurrency: model::CONCURRENCY.value,
        table_reads: model::TABLE_READS.value,
    };

    /// Quotas that were raised until only what cannot be raised is left: the partitions.
    pub fn raised(rate: f64) -> Self {
        Self {
            gateway_rate: (2.0 * rate).max(model::GATEWAY_RATE.value),
            concurrency: (1.5 * rate / model::REQUESTS_PER_CONCURRENCY.value).max(model::CONCURRENCY.value),
            table_reads: (12.0 * rate).max(model::TABLE_READS.value),
        }
    }
}

/// One run.
pub struct Scenario {
    pub rate: f64,
    pub settings: Settings,
    pub quotas: Quotas,
    /// Whether the environments exist at the start. If not, all of the traffic begins at once.
    pub warm: bool,
    pub seconds: f64,
    /// The time before which nothing is counted.
    pub counted_from: f64,
}

/// What happens.
#[derive(Clone, Copy)]
enum What {
    Arrives,
    /// The request asks the store, again or for the first time.
    Asks(usize),
    Ends(usize),
}

struct Run<'a> {
    scenario: &'a Scenario,
    cpu: f64,
    random: Random,
    events: Queue<What>,
    environments: Environments,
    reads: Reads,
    requests: Vec<Request>,
    unused: Vec<usize>,
    tally: Tally,
}

/// Simulates a scenario.
pub fn simulate(scenario: &Scenario, measured: &Measured) -> Outcome {
    // An environment gets CPU in proportion to its memory. This is pessimistic: a short burst may get more.
    let share = model::MEMORY_MB / model::VCPU_MEMORY.value;
    let cpu = measured.cpu_ms / 1e3 / share;
    let busy = scenario.rate * (cpu + 1.2 * model::READ_MEDIAN.value / 1e3);
    let warm = if scenario.warm { (busy + 4.0 * busy.sqrt()).ceil() } else { 0.0 };
    let mut run = Run {
        scenario,
        cpu,
        random: Random::new(42),
        events: Queue::default(),
        environments: Environments::new(scenario.quotas, warm, measured.init_ms / 1e3),
        reads: Reads::new(scenario.settings, scenario.quotas.table_reads),
        requests: Vec::new(),
        unused: Vec::new(),
        tally: Tally::default(),
    };
    let popularity = [
        Zipf::new(model::CALLERS.value as usize, 1.0),
        Zipf::new(model::CLIENTS.value as usize, 1.0),
        Zipf::new(model::TOKENS.value as usize, model::TOKEN_EXPONENT),
    ];
    run.after(0.0, 0.0, What::Arrives);
    while let Some((now, what)) = run.events.next() {
        match what {
            What::Arrives => run.arrives(now, &popularity),
            What::Asks(request) => run.asks(request, now),
            What::Ends(request) => run.ends(request, now),
        }
    }
    let counted = scenario.seconds - scenario.counted_from;
    Outcome::new(run.tally, run.reads.counts, run.environments.most(), counted, scenario.settings)
}

impl Run<'_> {
    fn after(&mut self, now: f64, pause: f64, what: What) {
        self.events.add(now + pause, what);
    }

    fn arrives(&mut self, now: f64, popularity: &[Zipf; 3]) {
        let pause = self.random.exponential(1.0 / self.scenario.rate);
        if now + pause < self.scenario.seconds {
            self.after(now, pause, What::Arrives);
        }
        let counted = now >= self.scenario.counted_from;
        self.reads.counting = counted;
        let given = self.environments.give(now, &mut self.random);
        let (environment, ready, cold) = match given {
            Given::Environment { number, ready, cold } => (number, ready, cold),
            refused => return self.tally.refused(&refused, counted),
        };
        self.reads.prepare(environment);
        let [caller, client, token] = [0, 1, 2].map(|kind: usize| popularity[kind].sample(&mut self.random));
        let request = Request::new(environment, now, ready, counted, [caller, client, token]);
        let number = self.unused.pop().unwrap_or(self.requests.len());
        if number == self.requests.len() {
            self.requests.push(request);
        } else {
            self.requests[number] = request;
        }
        self.tally.began(counted, cold);
        // Parsing, signing the read and the read's own work are a little over half of an invocation.
        self.after(ready, self.cpu * 0.6, What::Asks(number));
    }

    fn asks(&mut self, number: usize, now: f64) {
        let request = &mut self.requests[number];
        self.reads.counting = request.counted;
        self.reads.ask(request, now);
        let latency = self.random.log_normal(model::READ_MEDIAN.value / 1e3, model::LATENCY_SIGMA);
        let answered = now + latency;
        let request = &mut self.requests[number];
        if request.is_read() {
            self.reads.hold(request);
            self.after(answered, self.cpu * 0.4, What::Ends(number));
            return;
        }
        let pause = request.next_pause();
        let due = request.ready + model::DEADLINE;
        if request.gave_up() || answered + pause >= due {
            request.failed = true;
            let ends = answered.min(due);
            self.after(ends, 0.0, What::Ends(number));
        } else {
            self.after(answered, pause, What::Asks(number));
        }
    }

    fn ends(&mut self, number: usize, now: f64) {
        let request = &self.requests[number];
        self.environments.free(request.environment);
        let (latency, busy) = (now - request.arrived, now - request.ready);
        self.tally.ended(request.counted, request.failed, latency, busy);
        self.unused.push(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rate: f64, settings: Settings) -> Outcome {
        let quotas = Quotas::raised(rate);
        let scenario = Scenario { rate, settings, quotas, warm: true, seconds: 2.0, counted_from: 1.0 };
        simulate(&scenario, &Measured::read())
    }

    #[test]
    fn two_runs_give_the_same_figures() {
        let [first, second] = [(); 2].map(|()| run(500.0, Settings::ALL[1]));
        assert_eq!(first.row(), second.row());
    }

    #[test]
    fn one_item_limits_what_every_request_reads_and_holding_it_does_not() {
        let all = run(1000.0, Settings::ALL[0]);
        assert!((all.units_per_request - 6.0).abs() < 0.01 && all.answered() > 0.999, "{}", all.row());
        let limited = run(8000.0, Settings::ALL[0]);
        assert!(limited.answered() < 0.6, "{}", limited.row());
        let held = run(8000.0, Settings::ALL[1]);
        assert!(held.answered() > 0.999 && held.units_per_request < 3.0, "{}", held.row());
    }
}
