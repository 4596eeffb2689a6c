//! The reads of a request: which items it needs, what its environment holds, and what DynamoDB refuses.

use super::{
    capacity::{Bucket, Items},
    model,
    traffic::Settings,
};

/// The keys of an `rfc9068` token without session and grant: the caller's record, and the marks `client#`, `iss#`, `kid#`,
/// `jti#` and `sub#`. The first four are shared by many requests.
const KEYS: usize = 6;
const SHARED: usize = 4;

/// One request.
pub struct Request {
    pub environment: usize,
    pub arrived: f64,
    pub ready: f64,
    pub counted: bool,
    pub failed: bool,
    /// The item of each key.
    items: [usize; KEYS],
    unread: [bool; KEYS],
    asked_at: Option<f64>,
    pause: f64,
    refusals: u32,
}

impl Request {
    /// `ranks` are those of the caller, of the client that the token was issued to, and of the token.
    pub fn new(environment: usize, arrived: f64, ready: f64, counted: bool, ranks: [usize; 3]) -> Self {
        let [caller, client, token] = ranks;
        Self {
            environment,
            arrived,
            ready,
            counted,
            failed: false,
            items: [caller, client, 0, 0, token, token],
            unread: [true; KEYS],
            asked_at: None,
            pause: model::PAUSES.0,
            refusals: 0,
        }
    }

    pub fn is_read(&self) -> bool {
        self.unread == [false; KEYS]
    }

    pub fn next_pause(&mut self) -> f64 {
        let pause = self.pause;
        self.pause = model::PAUSES.1.min(pause * 2.0);
        pause
    }

    /// A request of which DynamoDB reads no key is an error, which the SDK does not try for ever.
    pub fn gave_up(&self) -> bool {
        self.refusals >= model::ATTEMPTS
    }
}

/// Reads in the time that is counted.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    pub units: f64,
    /// Requests for the most popular item of each key, refused ones included.
    pub busiest: [f64; KEYS],
}

pub struct Reads {
    pub counts: Counts,
    pub counting: bool,
    settings: Settings,
    /// The clients table, and the tokens table.
    tables: [Bucket; 2],
    items: [Items; KEYS],
    /// For each environment, until when it holds which shared item.
    held: Vec<[Vec<f32>; SHARED]>,
}

impl Reads {
    pub fn new(settings: Settings, table_reads: f64) -> Self {
        let numbers = Self::numbers();
        Self {
            counts: Counts::default(),
            counting: false,
            settings,
            tables: [Bucket::new(table_reads, table_reads); 2],
            items: numbers.map(|number| Items::new(number, model::PARTITION_READS.value)),
            held: Vec::new(),
        }
    }

    /// How many items there are for each key.
    fn numbers() -> [usize; KEYS] {
        let issuers = model::ISSUERS.value;
        [model::CALLERS.value, model::CLIENTS.value, issuers, issuers, model::TOKENS.value, model::TOKENS.value]
            .map(|number| number as usize)
    }

    /// Makes room for what the environment will hold.
    pub fn prepare(&mut self, environment: usize) {
        if self.settings.hot_seconds > 0 {
            let numbers = Self::numbers();
            let nothing = || [0, 1, 2, 3].map(|key: usize| vec![-1.0; numbers[key]]);
            while self.held.len() <= environment {
                self.held.push(nothing());
            }
        }
    }

    /// Asks for the keys that are not held, or that the last answer left unprocessed.
    pub fn ask(&mut self, request: &mut Request, now: f64) {
        if request.asked_at.is_none() {
            request.asked_at = Some(now);
            if let Some(held) = self.held.get(request.environment) {
                for (key, held) in held.iter().enumerate() {
                    request.unread[key] = f64::from(held[request.items[key]]) <= now;
                }
            }
        }
        let unit = self.settings.unit();
        let (mut asked, mut answered) = (0, 0);
        for (key, unread) in request.unread.iter_mut().enumerate().filter(|(_, unread)| **unread) {
            asked += 1;
            if self.counting && request.items[key] == 0 {
                self.counts.busiest[key] += 1.0;
            }
            let table = usize::from(key > 0);
            if self.items[key].take(request.items[key], unit, now) && self.tables[table].take(unit, now) {
                answered += 1;
                *unread = false;
                if self.counting {
                    self.counts.units += unit;
                }
            }
        }
        if asked > 0 && answered == 0 {
            request.refusals += 1;
        }
    }

    /// Holds the shared items from when they were first asked for.
    pub fn hold(&mut self, request: &Request) {
        let (Some(asked_at), Some(held)) = (request.asked_at, self.held.get_mut(request.environment)) else { return };
        for (key, held) in held.iter_mut().enumerate() {
            let until = &mut held[request.items[key]];
            if f64::from(*until) <= asked_at {
                *until = (asked_at + f64::from(self.settings.hot_seconds)) as f32;
            }
        }
    }
}
