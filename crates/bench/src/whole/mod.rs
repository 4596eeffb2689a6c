//! The whole function beside other handlers, in turns, so that what else the machine does affects all of them alike.

mod count;
mod starts;
mod turns;

use std::{
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    counts, dynamodb,
    event::{self, Events},
    handler::Handler,
    known::Counts,
    process::Running,
    rivals,
    runtime_api::RuntimeApi,
};

pub const FUNCTION: &str = "the function";
pub const HOT: &str = "with hot records";
pub const BARE: &str = "bare handler";
/// The busiest that an environment is with a small and with a large concurrency.
const AT_ONCE: [usize; 2] = [8, 64];

/// One handler's figures. Times are in milliseconds.
#[derive(Default)]
pub struct Figures {
    pub name: &'static str,
    /// With the same token again.
    pub again: Warm,
    /// With a new token each time.
    pub new: Warm,
    pub init: f64,
    pub init_cpu: f64,
    pub init_instructions: Option<f64>,
    /// The first request, which is about a new token.
    pub first: f64,
    /// In megabytes, after all warm invocations.
    pub resident: f64,
    pub compressed: Option<f64>,
    /// For each number of events that are offered at once.
    pub concurrent: Vec<Concurrent>,
}

/// What one warm invocation takes.
#[derive(Default)]
pub struct Warm {
    pub instructions: Option<f64>,
    pub cpu: f64,
    pub p50: f64,
    pub p99: f64,
    /// Requests to DynamoDB, and keys in them.
    pub requests: f64,
    pub keys: f64,
}

/// What the handler does with several events at once, all with new tokens.
pub struct Concurrent {
    pub offered: usize,
    pub taken: usize,
    pub per_second: f64,
    pub cpu: f64,
    pub p99: f64,
}

/// What all handlers share.
struct Scene {
    handlers: Vec<Handler>,
    dynamodb: String,
    events: Arc<Events>,
}

/// A started handler, and its Runtime API.
struct Environment {
    api: RuntimeApi,
    process: Running,
    init: Duration,
    init_cpu: Duration,
}

pub fn measure() -> Vec<Figures> {
    let mut hot = Handler::rust(HOT, "token-introspection", true);
    hot.settings = &[("HOT_RECORD_SECONDS", "5")];
    let mut handlers = vec![
        Handler::rust(FUNCTION, "token-introspection", true),
        hot,
        Handler::rust("empty handler", "empty", false),
        Handler::rust(BARE, "bare", false),
    ];
    handlers.extend(rivals::all());
    let mut scene = Scene { handlers: Vec::new(), dynamodb: dynamodb::start(), events: Arc::new(Events::read()) };
    handlers.retain(|handler| scene.starts(handler));
    scene.handlers = handlers;
    let new =
        |handler: &Handler| Figures { name: handler.name, compressed: handler.compressed(), ..Figures::default() };
    let mut figures: Vec<Figures> = scene.handlers.iter().map(new).collect();
    starts::measure(&scene, &mut figures);
    turns::measure(&scene, &mut figures);
    for at_once in AT_ONCE {
        turns::concurrently(&scene, at_once, &mut figures);
    }
    if counts::available() {
        count::measure(&scene, &mut figures);
    }
    figures
}

/// The instructions of each handler whose instructions were counted. Those of an init vary too much from run to run.
#[allow(clippy::cast_possible_truncation, reason = "counts of a few millions")]
pub fn counts(figures: &[Figures]) -> Counts {
    let of_one = |one: &Figures| {
        let all = [("again", one.again.instructions), ("new", one.new.instructions)];
        let name = one.name;
        all.into_iter().filter_map(move |(what, count)| Some((format!("{name}, {what}"), count?.round() as i64)))
    };
    figures.iter().flat_map(of_one).collect()
}

impl Scene {
    /// Whether the handler starts. Says so if another one than ours does not.
    fn starts(&self, handler: &Handler) -> bool {
        let starts = self.try_start(Command::new(&handler.program), handler, 1).is_some();
        assert!(starts || !handler.is_native, "{} does not start", handler.name);
        if !starts {
            println!("SKIPPED: the handler in {}, because it does not start", handler.name);
        }
        starts
    }

    fn start(&self, handler: &Handler, at_once: usize) -> Environment {
        self.start_command(Command::new(&handler.program), handler, at_once)
    }

    fn start_command(&self, command: Command, handler: &Handler, at_once: usize) -> Environment {
        self.try_start(command, handler, at_once).expect("a handler ended before it took an event")
    }

    fn try_start(&self, mut command: Command, handler: &Handler, at_once: usize) -> Option<Environment> {
        let api = RuntimeApi::start(Arc::clone(&self.events));
        event::set_environment(&mut command, handler, &api.address, &self.dynamodb, at_once);
        command.args(&handler.arguments);
        let started = Instant::now();
        let mut process = Running(command.stdout(Stdio::null()).spawn().ok()?);
        let init = api.first_asked(&mut process)?.duration_since(started);
        let init_cpu = process.cpu();
        Some(Environment { api, process, init, init_cpu })
    }
}
