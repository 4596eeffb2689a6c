//! The whole function beside other handlers, in turns, so that what else the machine does meets all of them alike.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{counts, dynamodb, event, handler::Handler, process::Running, rivals, runtime_api::RuntimeApi};

const STARTS: usize = 5;
const WARM_UP: usize = 100;
const ROUNDS: usize = 25;
const INVOCATIONS_PER_ROUND: usize = 40;
/// As many at once as the environments of one busy and of one very busy function.
const AT_ONCE: [usize; 2] = [8, 64];
const CONCURRENT_INVOCATIONS: usize = 640;
/// The difference of two counts leaves out what a process does once.
const COUNTED: (usize, usize) = (30, 130);

/// One handler's figures. Times are in milliseconds.
#[derive(Clone)]
pub struct Figures {
    pub name: &'static str,
    pub instructions: Option<f64>,
    pub init_instructions: Option<f64>,
    pub cpu: f64,
    pub p50: f64,
    pub p99: f64,
    pub init: f64,
    pub init_cpu: f64,
    pub first: f64,
    pub resident: f64,
    pub compressed: Option<f64>,
    /// Invocations in flight at most, invocations a second and CPU of one, for each of [`AT_ONCE`].
    pub concurrent: Vec<(usize, usize, f64, f64)>,
}

/// A started handler, and its Runtime API.
struct Environment {
    api: RuntimeApi,
    process: Running,
    init: Duration,
    init_cpu: Duration,
}

pub fn measure() -> Vec<Figures> {
    let mut handlers = vec![
        Handler::rust("the function", "token-introspection", true),
        Handler::rust("empty handler", "empty", false),
        Handler::rust("bare handler", "bare", false),
    ];
    handlers.extend(rivals::all());
    let dynamodb = dynamodb::start();
    let mut figures: Vec<Figures> = handlers.iter().map(Figures::of).collect();
    println!("starting each handler {STARTS} times");
    starts(&handlers, &dynamodb, &mut figures);
    println!("invoking each handler {} times", ROUNDS * INVOCATIONS_PER_ROUND);
    invocations(&handlers, &dynamodb, &mut figures);
    for at_once in AT_ONCE {
        println!("invoking the Rust handlers {CONCURRENT_INVOCATIONS} times, {at_once} at once");
        for (handler, figures) in handlers.iter().zip(&mut figures).filter(|(handler, _)| handler.is_native) {
            figures.concurrent.push(concurrently(handler, &dynamodb, at_once));
        }
    }
    if counts::available() {
        println!("counting the instructions of the Rust handlers");
        for (handler, figures) in handlers.iter().zip(&mut figures).filter(|(handler, _)| handler.is_native) {
            count(handler, &dynamodb, figures);
        }
    }
    figures
}

impl Figures {
    fn of(handler: &Handler) -> Self {
        Self {
            name: handler.name,
            instructions: None,
            init_instructions: None,
            cpu: 0.0,
            p50: 0.0,
            p99: 0.0,
            init: 0.0,
            init_cpu: 0.0,
            first: 0.0,
            resident: 0.0,
            compressed: handler.compressed(),
            concurrent: Vec::new(),
        }
    }
}

fn start(handler: &Handler, dynamodb: &str, at_once: usize) -> Environment {
    start_command(Command::new(&handler.program), handler, dynamodb, at_once)
}

fn start_command(mut command: Command, handler: &Handler, dynamodb: &str, at_once: usize) -> Environment {
    let api = RuntimeApi::start(event::introspection());
    command.args(&handler.arguments).envs(event::environment(&api.address, dynamodb, at_once));
    let started = Instant::now();
    let mut process = Running(command.stdout(Stdio::null()).spawn().unwrap());
    let init = api.first_asked(&mut process).duration_since(started);
    let init_cpu = process.cpu();
    Environment { api, process, init, init_cpu }
}

/// Cold starts, each with its first request.
fn starts(handlers: &[Handler], dynamodb: &str, figures: &mut [Figures]) {
    let mut seen: Vec<[Vec<f64>; 3]> = handlers.iter().map(|_| Default::default()).collect();
    for _ in 0..STARTS {
        for (handler, seen) in handlers.iter().zip(&mut seen) {
            let environment = start(handler, dynamodb, 1);
            let first = environment.api.invoke(1, 1);
            if handler.introspects {
                assert!(
                    first.answer.contains(r#"\"active\":true"#) || first.answer.contains(r#"\"active\": true"#),
                    "{}: {}",
                    handler.name,
                    first.answer
                );
            }
            let figures = [environment.init, environment.init_cpu, first.latencies[0]];
            seen.iter_mut().zip(figures).for_each(|(all, one)| all.push(milliseconds(one)));
        }
    }
    for (figures, [init, init_cpu, first]) in figures.iter_mut().zip(seen) {
        (figures.init, figures.init_cpu, figures.first) =
            (quantile(init, 50), quantile(init_cpu, 50), quantile(first, 50));
    }
}

/// Warm invocations, one at a time, in turns.
fn invocations(handlers: &[Handler], dynamodb: &str, figures: &mut [Figures]) {
    let environments: Vec<_> = handlers.iter().map(|handler| start(handler, dynamodb, 1)).collect();
    let mut seen: Vec<(Vec<f64>, Vec<f64>)> = handlers.iter().map(|_| Default::default()).collect();
    for environment in &environments {
        environment.api.invoke(WARM_UP, 1);
    }
    for _ in 0..ROUNDS {
        for (environment, (latencies, cpu)) in environments.iter().zip(&mut seen) {
            let before = environment.process.cpu();
            let round = environment.api.invoke(INVOCATIONS_PER_ROUND, 1);
            latencies.extend(round.latencies.into_iter().map(milliseconds));
            let used = environment.process.cpu().saturating_sub(before);
            cpu.push(per(milliseconds(used), INVOCATIONS_PER_ROUND));
        }
    }
    for ((environment, figures), (latencies, cpu)) in environments.iter().zip(figures).zip(seen) {
        figures.resident = environment.process.resident();
        figures.cpu = quantile(cpu, 50);
        (figures.p50, figures.p99) = (quantile(latencies.clone(), 50), quantile(latencies, 99));
    }
}

fn concurrently(handler: &Handler, dynamodb: &str, at_once: usize) -> (usize, usize, f64, f64) {
    let environment = start(handler, dynamodb, at_once);
    environment.api.invoke(WARM_UP, at_once);
    let before = environment.process.cpu();
    let invoked = environment.api.invoke(CONCURRENT_INVOCATIONS, at_once);
    let cpu = milliseconds(environment.process.cpu().saturating_sub(before));
    let per_second = 1000.0 / per(milliseconds(invoked.elapsed), CONCURRENT_INVOCATIONS);
    (at_once, invoked.most_at_once, per_second, per(cpu, CONCURRENT_INVOCATIONS))
}

#[allow(clippy::cast_precision_loss, reason = "counts of a few millions")]
fn count(handler: &Handler, dynamodb: &str, figures: &mut Figures) {
    let counted = |times: usize| {
        let (mut command, log) = counts::valgrind("whole");
        let environment = start_command(
            {
                command.arg(&handler.program);
                command
            },
            handler,
            dynamodb,
            1,
        );
        if times > 0 {
            environment.api.invoke(times, 1);
        }
        environment.process.terminate();
        counts::read(&log) as f64
    };
    figures.init_instructions = Some(counted(0));
    figures.instructions = Some(per(counted(COUNTED.1) - counted(COUNTED.0), COUNTED.1 - COUNTED.0));
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[allow(clippy::cast_precision_loss, reason = "small counts")]
fn per(total: f64, times: usize) -> f64 {
    total / times as f64
}

/// The value that so many percent of the values do not exceed.
fn quantile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() * percent / 100).min(values.len() - 1)]
}
