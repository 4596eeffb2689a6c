//! A proxy of bytes whose connections can end as connections end while an execution environment is frozen.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy, copy_bidirectional, sink},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::time;

/// How the open connections end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Death {
    #[default]
    None,
    /// The peer closes them.
    Closed,
    /// The peer resets them.
    Reset,
    /// The peer forgets them, and resets each at the next byte that arrives.
    Forgotten,
    /// Nothing arrives any more, and the peer sends no sign of it.
    Silent,
}

impl Death {
    pub const ALL: [Self; 4] = [Self::Closed, Self::Reset, Self::Forgotten, Self::Silent];
}

/// The proxy. New connections work, even if the old ones ended.
#[derive(Clone)]
pub struct Line {
    pub port: u16,
    deaths: Arc<watch::Sender<Death>>,
}

impl Line {
    /// Starts a proxy before that port of this machine.
    pub async fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line =
            Self { port: listener.local_addr().unwrap().port(), deaths: Arc::new(watch::Sender::new(Death::None)) };
        let serving = line.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, upstream, serving.deaths.subscribe()));
            }
        });
        line
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends all open connections in that way.
    pub async fn end_connections(&self, death: Death) {
        self.deaths.send_replace(death);
        // The end of the connections must arrive before the next request is sent.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn carry(mut client: TcpStream, upstream: u16, mut deaths: watch::Receiver<Death>) {
    let mut server = TcpStream::connect(("127.0.0.1", upstream)).await.unwrap();
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        changed = deaths.changed() => if changed.is_err() { return },
    }
    let death = *deaths.borrow();
    match death {
        Death::None | Death::Closed => drop(client.shutdown().await),
        Death::Reset => reset(client),
        Death::Forgotten => {
            let _ = client.read(&mut [0; 1]).await;
            reset(client);
        }
        Death::Silent => {
            // The client waits for an answer to what it has sent, until it closes the connection.
            if client.read(&mut [0; 1]).await.is_ok_and(|length| length > 0) {
                let mut ignored = sink();
                tokio::select! {
                    () = time::hang() => {}
                    _ = copy(&mut client, &mut ignored) => {}
                }
            }
        }
    }
}

/// Closes a connection by a reset.
fn reset(client: TcpStream) {
    client.set_zero_linger().unwrap();
    drop(client);
}
