//! Lambda's Runtime API, as far as a handler uses it: the next event, and its answer.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{
    event::{Events, Traffic},
    http::{Request, response, serve},
    process::Running,
};

/// How long the slowest handler may take, under valgrind on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);
const NEXT: &str = "/2018-06-01/runtime/invocation/next";

#[derive(Clone)]
pub struct RuntimeApi {
    pub address: String,
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    /// The events that may be taken now.
    ready: VecDeque<Invocation>,
    /// Those that will be ready once others are answered.
    later: VecDeque<Invocation>,
    taken: HashMap<String, Instant>,
    answered: Vec<(Duration, Vec<u8>)>,
    first_asked: Option<Instant>,
    /// The error that the handler reported in place of an answer.
    failed: Option<String>,
    most_at_once: usize,
    numbered: usize,
    /// How many new tokens have been presented.
    presented: usize,
}

/// An event that waits to be taken.
struct Invocation {
    id: usize,
    /// The number of its new token. `None` for the one that is presented again and again.
    token: Option<usize>,
}

/// What a number of invocations took.
pub struct Invocations {
    /// From the event to its answer, each.
    pub latencies: Vec<Duration>,
    pub elapsed: Duration,
    pub most_at_once: usize,
    /// The last answer.
    pub answer: String,
}

impl RuntimeApi {
    pub fn start(events: Arc<Events>) -> Self {
        let shared = Arc::<(Mutex<State>, Condvar)>::default();
        let held = Arc::clone(&shared);
        let address = serve(move |request| reply(&held, &events, request));
        Self { address, shared }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, until: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let started = Instant::now();
        let mut state = self.state();
        while !until(&state) {
            if let Some(error) = &state.failed {
                panic!("a handler failed: {error}");
            }
            assert!(started.elapsed() < PATIENCE, "a handler does not answer");
            let waited = self.shared.1.wait_timeout(state, Duration::from_millis(100));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    /// Waits for the handler to ask for its first event: its init is over. `None` if it ended before.
    pub fn first_asked(&self, process: &mut Running) -> Option<Instant> {
        loop {
            let state = self.state();
            if state.first_asked.is_some() {
                return state.first_asked;
            }
            drop(self.shared.1.wait_timeout(state, Duration::from_millis(100)));
            if !process.is_running() {
                return None;
            }
        }
    }

    /// Invokes the handler that many times, with as many at once as that.
    pub fn invoke(&self, traffic: Traffic, times: usize, at_once: usize) -> Invocations {
        let started = Instant::now();
        let mut state = self.state();
        state.answered.clear();
        state.most_at_once = 0;
        for position in 0..times {
            state.numbered += 1;
            let token = (traffic == Traffic::New).then_some(state.presented);
            state.presented += usize::from(token.is_some());
            let invocation = Invocation { id: state.numbered, token };
            if position < at_once { &mut state.ready } else { &mut state.later }.push_back(invocation);
        }
        drop(state);
        self.shared.1.notify_all();
        let mut state = self.wait(|state| state.answered.len() == times);
        let answered = std::mem::take(&mut state.answered);
        Invocations {
            elapsed: started.elapsed(),
            most_at_once: state.most_at_once,
            answer: String::from_utf8_lossy(&answered.last().unwrap().1).into_owned(),
            latencies: answered.into_iter().map(|(latency, _)| latency).collect(),
        }
    }
}

fn reply(shared: &(Mutex<State>, Condvar), events: &Events, request: &Request) -> Vec<u8> {
    let mut state = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
    if request.path == NEXT {
        state.first_asked.get_or_insert_with(Instant::now);
        shared.1.notify_all();
        let Invocation { id, token } = loop {
            match state.ready.pop_front() {
                Some(invocation) => break invocation,
                None => state = shared.1.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        };
        let event = token.map_or(&events.again, |token| events.new.get(token).expect("there are enough tokens"));
        state.taken.insert(id.to_string(), Instant::now());
        state.most_at_once = state.most_at_once.max(state.taken.len());
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + Duration::from_mins(1);
        let headers = format!(
            "Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: {id}\r\n\
             Lambda-Runtime-Deadline-Ms: {}\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:f\r\n",
            deadline.as_millis()
        );
        return response("200 OK", &headers, event.as_bytes());
    }
    if request.method == "POST" {
        let id = request.path.rsplit('/').nth(1).unwrap_or_default();
        if let Some(taken) = state.taken.remove(id) {
            if !request.path.ends_with("/response") {
                state.failed = Some(String::from_utf8_lossy(&request.body).into_owned());
            }
            state.answered.push((taken.elapsed(), request.body.clone()));
            let next = state.later.pop_front();
            state.ready.extend(next);
            shared.1.notify_all();
        }
    }
    response("202 Accepted", "", b"")
}
