//! A proxy in front of Redis. It counts round trips, and fails when a test wants it to.

use std::{
    future::pending,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
};

use crate::plan::Plan;

/// How a request fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Break {
    #[default]
    Nothing,
    /// The request is lost, without any error.
    Swallow,
    Close,
    Reset,
    /// Half of the answer arrives, and no more.
    Stall,
    /// The answer arrives byte by byte, with a pause before each.
    Drip,
    /// Half of the answer arrives, and then the connection is closed.
    Truncate,
    /// Every command gets this reply, and the server gets none of them.
    Reply(&'static str),
}

/// The pause before each byte of an answer that drips.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// How long a server gets for the first part of a pipeline.
const PART: std::time::Duration = std::time::Duration::from_millis(50);

/// What another client does in the meantime.
struct Interference {
    /// Occurs before a request with this word, after `spared` of them have passed.
    word: &'static str,
    spared: usize,
    /// Whether it occurs within the request, before the last command with this word.
    within: bool,
    act: Box<dyn FnOnce() + Send>,
}

/// The words of one command.
pub type Command = Vec<String>;

/// The proxy, and the requests that it has seen.
#[derive(Clone, Default)]
pub struct Tap {
    pub port: u16,
    state: Arc<Mutex<State>>,
    /// Notified when idle connections must be closed.
    ended: Arc<Notify>,
}

#[derive(Default)]
struct State {
    /// Where new connections lead.
    upstream: u16,
    /// Which pipelines fail. If all do, so do the first commands of a new connection.
    plan: Plan<Break>,
    /// The fault of the next answer.
    of_answer: Break,
    interference: Option<Interference>,
    /// What was sent before each answer.
    trips: Vec<Vec<u8>>,
    /// Whether the last one has not been answered yet.
    open: bool,
}

impl Tap {
    /// Starts a proxy in front of this port.
    pub fn start(upstream: u16) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let tap = Self { port: listener.local_addr().unwrap().port(), ..Self::default() };
        tap.lead_to(upstream);
        let listener = TcpListener::from_std(listener).unwrap();
        let serving = tap.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let upstream = serving.state.lock().unwrap().upstream;
                let Ok(server) = TcpStream::connect(("127.0.0.1", upstream)).await else { continue };
                let ((client_reads, client_writes), (server_reads, server_writes)) =
                    (client.into_split(), server.into_split());
                let (there, back) = (serving.clone(), serving.clone());
                let ended = Arc::clone(&serving.ended);
                tokio::spawn(async move {
                    tokio::select! {
                        () = there.requests(client_reads, server_writes) => {}
                        () = back.answers(server_reads, client_writes) => {}
                        () = ended.notified() => {}
                    }
                });
            }
        });
        tap
    }

    pub fn fail(&self, fault: Break) {
        self.fail_after(0, fault);
    }

    /// Fails after this many more pipelines have passed.
    pub fn fail_after(&self, spared: usize, fault: Break) {
        self.state.lock().unwrap().plan = Plan::after(spared, fault);
    }

    /// Fails only one pipeline, after this many have passed.
    pub fn fail_at(&self, spared: usize, fault: Break) {
        self.state.lock().unwrap().plan = Plan::at(spared, fault);
    }

    /// Lets another client act before the next request with this word arrives, after `spared` of them have passed.
    pub fn interfere(&self, spared: usize, word: &'static str, act: impl FnOnce() + Send + 'static) {
        self.state.lock().unwrap().interference =
            Some(Interference { word, spared, within: false, act: Box::new(act) });
    }

    /// Lets another client act in the middle of the next pipeline, before its last command with this word.
    pub fn interrupt(&self, word: &'static str, act: impl FnOnce() + Send + 'static) {
        let interference = Interference { word, spared: 0, within: true, act: Box::new(act) };
        self.state.lock().unwrap().interference = Some(interference);
    }

    /// Leads new connections to the server at this port, as a name does after a failover.
    pub fn lead_to(&self, upstream: u16) {
        self.state.lock().unwrap().upstream = upstream;
    }

    /// Closes the open connections, like a server that restarts.
    pub fn end_connections(&self) {
        self.ended.notify_waiters();
    }

    /// The round trips since the last call, each with its commands, except the first commands of a new connection.
    pub fn take_trips(&self) -> Vec<Vec<Command>> {
        let trips = std::mem::take(&mut self.state.lock().unwrap().trips);
        let trips = trips.iter().map(|sent| commands(sent));
        trips.filter(|trip| trip.first().is_some_and(|command| command[0] == "ROLE")).collect()
    }

    /// Every byte that was sent to the server since the last call.
    pub fn take_text(&self) -> String {
        let trips = std::mem::take(&mut self.state.lock().unwrap().trips);
        String::from_utf8_lossy(&trips.concat()).into_owned()
    }

    async fn requests(&self, mut client: OwnedReadHalf, mut server: OwnedWriteHalf) {
        let mut buffer = vec![0; 65536];
        while let Ok(length @ 1..) = client.read(&mut buffer).await {
            let mut interruption = None;
            let fault = {
                let mut state = self.state.lock().unwrap();
                if !state.open {
                    state.trips.push(Vec::new());
                    state.open = true;
                }
                state.trips.last_mut().unwrap().extend_from_slice(&buffer[..length]);
                let sent = String::from_utf8_lossy(&buffer[..length]).into_owned();
                match state.interference.take() {
                    Some(due) if due.within && sent.contains(due.word) => {
                        let at = sent.rfind(due.word).and_then(|at| sent[..at].rfind('*')).unwrap();
                        interruption = Some((at, due.act));
                    }
                    Some(due) if sent.contains(due.word) && due.spared == 0 => (due.act)(),
                    Some(mut due) => {
                        due.spared -= usize::from(sent.contains(due.word));
                        state.interference = Some(due);
                    }
                    None => {}
                }
                let fault = if sent.contains("ROLE") { state.plan.take() } else { state.plan.lasting() };
                if fault != Break::Nothing {
                    state.open = false;
                }
                state.of_answer = fault;
                fault
            };
            if let Some((at, act)) = interruption {
                server.write_all(&buffer[..at]).await.unwrap();
                // The server has answered the first part by then.
                tokio::time::sleep(PART).await;
                act();
                server.write_all(&buffer[at..length]).await.unwrap();
                continue;
            }
            match fault {
                Break::Nothing | Break::Stall | Break::Drip | Break::Truncate => {
                    server.write_all(&buffer[..length]).await.unwrap();
                }
                Break::Swallow => {}
                Break::Close => return,
                Break::Reset => return client.as_ref().set_zero_linger().unwrap(),
                Break::Reply(reply) => {
                    let replies = reply.repeat(commands(&buffer[..length]).len());
                    let written = client.as_ref().try_write(replies.as_bytes());
                    assert_eq!(written.unwrap(), replies.len(), "a short answer is written at once");
                }
            }
        }
    }

    async fn answers(&self, mut server: OwnedReadHalf, mut client: OwnedWriteHalf) {
        let mut buffer = vec![0; 65536];
        while let Ok(length @ 1..) = server.read(&mut buffer).await {
            let fault = {
                let mut state = self.state.lock().unwrap();
                state.open = false;
                state.of_answer
            };
            let (answer, half) = (&buffer[..length], &buffer[..length / 2]);
            let written = match fault {
                Break::Stall => {
                    let _ = client.write_all(half).await;
                    pending().await
                }
                Break::Truncate => {
                    let _ = client.write_all(half).await;
                    return;
                }
                Break::Drip => drip(&mut client, answer).await,
                _ => client.write_all(answer).await,
            };
            if written.is_err() {
                return;
            }
        }
    }
}

async fn drip(client: &mut OwnedWriteHalf, answer: &[u8]) -> std::io::Result<()> {
    for byte in answer {
        tokio::time::sleep(PAUSE).await;
        client.write_all(&[*byte]).await?;
    }
    Ok(())
}

/// The commands of one trip. Each is an array of bulk strings.
fn commands(sent: &[u8]) -> Vec<Command> {
    let text = String::from_utf8_lossy(sent).into_owned();
    let mut commands = Vec::new();
    let mut rest = text.as_str();
    let line = |rest: &str| rest.split_once("\r\n").map(|(line, rest)| (line.to_owned(), rest.to_owned()));
    while let Some((head, after)) = line(rest) {
        let mut left = after;
        let count: usize = head.trim_start_matches('*').parse().unwrap();
        let mut words = Vec::new();
        for _ in 0..count {
            let (length, after) = line(&left).unwrap();
            let length: usize = length.trim_start_matches('$').parse().unwrap();
            words.push(after[..length].to_owned());
            after[length + 2..].clone_into(&mut left);
        }
        commands.push(words);
        rest = &text[text.len() - left.len()..];
    }
    commands
}
