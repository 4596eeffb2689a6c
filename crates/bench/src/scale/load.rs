//! The load test: processes of the release binary, all cold at once, with one key host and one state table; and what the
//! simulation says about the same processes.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use super::{
    environment::{Environment, ISSUER, KeyHost, Setup, event_with, key_set, now},
    rush::{Rush, Times, fetches},
    tables::Tables,
    traffic::Settings,
};
use crate::{event::Traffic, statistics::quantile};

const ENVIRONMENTS: [usize; 3] = [1, 8, 32];
const READ: Duration = Duration::from_millis(4);
/// A slow key host and a fast one: the longer a fetch takes, the more environments have begun one before the first
/// snapshot is written.
const FETCHES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(10)];
const UNKNOWN_KEY: &str = r#"{"alg":"RS256","kid":"unknown","typ":"at+jwt"}"#;
const INVOCATIONS: usize = 200;

/// The requests that the key host saw, and how many the simulation expects.
pub struct Row {
    pub situation: &'static str,
    pub environments: usize,
    pub fetch: Duration,
    pub measured: usize,
    pub expected: usize,
}

/// Invocations a second of so many environments, and how many the model expects.
pub struct Throughput {
    pub environments: usize,
    pub measured: f64,
    pub expected: f64,
}

/// A situation at the start: the age of the snapshot, whether the environments run, and whether the key is unknown.
struct Situation {
    name: &'static str,
    snapshot: Option<i64>,
    warm: bool,
    unknown: bool,
    /// By how much each request is later than the one before it.
    apart: Duration,
}

const AT_ONCE: Duration = Duration::ZERO;

const SITUATIONS: [Situation; 5] = [
    Situation { name: "cold, no snapshot", snapshot: None, warm: false, unknown: false, apart: AT_ONCE },
    Situation {
        name: "cold, no snapshot, requests 25 ms apart",
        snapshot: None,
        warm: false,
        unknown: false,
        apart: Duration::from_millis(25),
    },
    Situation { name: "cold, snapshot of 10 s", snapshot: Some(10), warm: false, unknown: false, apart: AT_ONCE },
    Situation { name: "cold, snapshot of 1,000 s", snapshot: Some(1000), warm: false, unknown: false, apart: AT_ONCE },
    Situation { name: "warm, unknown `kid`", snapshot: Some(10), warm: true, unknown: true, apart: AT_ONCE },
];

pub fn measure() -> (Vec<Row>, Vec<Throughput>) {
    let request_cpu = calibrate();
    let mut rows = Vec::new();
    for situation in SITUATIONS {
        for environments in ENVIRONMENTS {
            for fetch in FETCHES {
                let measured = run(&situation, environments, fetch);
                let times = Times {
                    creation: (0.0, 0.0),
                    // It is over before the requests come.
                    init_cpu: 0.0,
                    request_cpu,
                    read: READ.as_secs_f64(),
                    write: READ.as_secs_f64(),
                    fetch: fetch.as_secs_f64(),
                    sigma: 0.0,
                };
                let rush = Rush {
                    environments,
                    cores: Some(cores()),
                    times,
                    snapshot: situation.snapshot,
                    warm: situation.warm,
                    rate: None,
                    seconds: 1.0,
                    apart: situation.apart.as_secs_f64(),
                    unknown: situation.unknown,
                    leases: true,
                };
                let expected = fetches(&rush, 1).total;
                println!("{}, {environments}, {fetch:?}: {measured} fetches, expected {expected}", situation.name);
                rows.push(Row { situation: situation.name, environments, fetch, measured, expected });
            }
        }
    }
    (rows, throughputs())
}

/// The requests that the key host sees until each environment has answered one request. The requests come once all
/// environments have started.
fn run(situation: &Situation, environments: usize, fetch: Duration) -> usize {
    let (tables, host) = (Tables::start(READ), KeyHost::start(fetch));
    let fetched_at = situation.snapshot.map(|age| now() - age);
    tables.set_snapshot(ISSUER, &host.uri, &key_set(), fetched_at);
    let header = situation.unknown.then_some(UNKNOWN_KEY);
    let setup = setup(&tables, Some(&host.uri), event_with(header, None));
    let mut started: Vec<Environment> = (0..environments).map(|_| setup.start()).collect();
    for environment in &mut started {
        environment.api.first_asked(&mut environment.process);
    }
    let expected = if situation.unknown { r#"\"active\":false"# } else { r#"\"active\":true"# };
    thread::scope(|scope| {
        for (position, environment) in started.iter().enumerate() {
            let wait = situation.apart * u32::try_from(position).unwrap();
            scope.spawn(move || {
                thread::sleep(wait);
                let answer = environment.api.invoke(Traffic::Again, 1, 1).answer;
                assert!(answer.contains(expected), "{answer}");
            });
        }
    });
    host.take_requests()
}

fn setup<'a>(tables: &'a Tables, jwks_uri: Option<&'a str>, event: String) -> Setup<'a> {
    Setup { dynamodb: &tables.url, jwks_uri, settings: Settings::ALL[0], event, log: None }
}

/// The CPU time in seconds of a first request, the emulators' included, because they share the processors.
fn calibrate() -> f64 {
    let (tables, host) = (Tables::start(READ), KeyHost::start(Duration::ZERO));
    let setup = setup(&tables, Some(&host.uri), event_with(None, None));
    let mut requests = Vec::new();
    for _ in 0..5 {
        tables.set_snapshot("", "", "", None);
        let mut environment = setup.start();
        environment.api.first_asked(&mut environment.process);
        let cpu = || environment.process.cpu() + own_cpu();
        let before = cpu();
        environment.api.invoke(Traffic::Again, 1, 1);
        requests.push(cpu().saturating_sub(before).as_secs_f64());
    }
    quantile(requests, 50)
}

/// Invocations a second, each environment with one request after the other. With one environment the model is given its
/// two parameters: how long an invocation takes, and how much CPU it uses, the emulators' included.
fn throughputs() -> Vec<Throughput> {
    let mut one = (0.0, 0.0);
    ENVIRONMENTS
        .into_iter()
        .map(|environments| {
            let tables = Tables::start(READ);
            let setup = setup(&tables, None, event_with(None, None));
            let started: Vec<Environment> = (0..environments).map(|_| setup.start()).collect();
            let all = |times: usize| {
                thread::scope(|scope| {
                    for environment in &started {
                        scope.spawn(move || environment.api.invoke(Traffic::Again, times, 1));
                    }
                });
            };
            all(10);
            let cpu = || started.iter().map(|one| one.process.cpu()).sum::<Duration>() + own_cpu();
            let (before, began) = (cpu(), Instant::now());
            all(INVOCATIONS);
            let elapsed = began.elapsed().as_secs_f64();
            let count = (environments * INVOCATIONS) as f64;
            if environments == 1 {
                one = (elapsed / count, cpu().saturating_sub(before).as_secs_f64() / count);
            }
            let expected = (environments as f64 / one.0).min(cores() as f64 / one.1);
            println!("{environments} environments: {:.0} a second, expected {expected:.0}", count / elapsed);
            Throughput { environments, measured: count / elapsed, expected }
        })
        .collect()
}

/// The CPU time of this process.
fn own_cpu() -> Duration {
    let threads = fs::read_dir("/proc/self/task").unwrap().flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(threads.sum())
}

pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
