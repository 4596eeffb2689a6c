//! An issuer's site on a loopback port, with several documents, with or without TLS, and a proxy that opens tunnels to
//! it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    time::hang,
    world::{AUDIENCE, World},
};

/// The pause before each byte of an answer that drips.
const PAUSE: Duration = Duration::from_millis(50);

/// How an answer is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    #[default]
    Whole,
    /// Byte by byte, with a pause before each.
    Drips,
    /// The first half, and then the connection ends.
    BreaksOff,
    /// The first half, and then nothing.
    Stalls,
    /// Nothing, and the connection stays open.
    Hangs,
    /// The connection is reset instead.
    Resets,
}

/// How a connection ends.
#[derive(PartialEq, Eq)]
enum End {
    Closed,
    Reset,
}

/// The answer for each path, and the texts of the requests.
#[derive(Clone, Default)]
pub struct Site {
    /// The address without a scheme.
    pub address: String,
    answers: Arc<Mutex<HashMap<String, (String, Manner)>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// Starts a site without TLS.
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    pub async fn start_with(tls: Option<TlsAcceptor>) -> Self {
        Self::start_at("127.0.0.1:0", tls).await
    }

    /// Starts a site at this address, which must be free.
    pub async fn start_at(address: &str, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let site = Self { address: listener.local_addr().unwrap().to_string(), ..Self::default() };
        let serving = site.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (site, tls) = (serving.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => {
                            if site.answer(&mut stream).await == End::Reset {
                                stream.set_zero_linger().unwrap();
                            }
                        }
                        Some(tls) => {
                            if let Ok(mut stream) = tls.accept(stream).await
                                && site.answer(&mut stream).await == End::Reset
                            {
                                stream.get_ref().0.set_zero_linger().unwrap();
                            }
                        }
                    }
                });
            }
        });
        site
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers requests for this path with this body, as JSON.
    pub fn put(&self, path: &str, body: &Value) {
        self.put_raw(path, &response("200 OK", "", &body.to_string()));
    }

    /// Answers requests for this path with this whole response.
    pub fn put_raw(&self, path: &str, response: &str) {
        self.put_in(path, response, Manner::Whole);
    }

    /// The same, in this manner.
    pub fn put_in(&self, path: &str, response: &str, manner: Manner) {
        self.answers.lock().unwrap().insert(path.to_owned(), (response.to_owned(), manner));
    }

    /// The requests since the last call, each with its whole head.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    async fn answer(self, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> End {
        let Some(head) = head(stream).await else { return End::Closed };
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        self.requests.lock().unwrap().push(head);
        let answer = self.answers.lock().unwrap().get(&path).cloned();
        let (answer, manner) = answer.unwrap_or_else(|| (response("404 Not Found", "", ""), Manner::Whole));
        let half = &answer.as_bytes()[..answer.len() / 2];
        match manner {
            Manner::Whole => drop(stream.write_all(answer.as_bytes()).await),
            Manner::Drips => {
                for byte in answer.as_bytes() {
                    sleep(PAUSE).await;
                    if stream.write_all(&[*byte]).await.is_err() {
                        return End::Closed;
                    }
                }
            }
            Manner::BreaksOff => drop(stream.write_all(half).await),
            Manner::Stalls => {
                let _ = stream.write_all(half).await;
                hang().await;
            }
            Manner::Hangs => hang().await,
            Manner::Resets => return End::Reset,
        }
        let _ = stream.shutdown().await;
        End::Closed
    }
}

/// A whole response with these additional header lines.
pub fn response(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
}

/// Reads a request up to its empty line.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = vec![stream.read_u8().await.ok()?];
    // A client that speaks TLS gets an answer that is not valid, as from a server without TLS.
    if head == [0x16] {
        return Some("TLS".to_owned());
    }
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// Starts a proxy that opens a tunnel to this address for every CONNECT, or refuses it with a status line. Returns the
/// proxy's address and the heads of the requests.
pub async fn proxy(target: &str, status: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (heads, target) = (Arc::<Mutex<Vec<String>>>::default(), target.to_owned());
    let noted = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (heads, target) = (Arc::clone(&heads), target.clone());
            tokio::spawn(async move {
                let Some(head) = head(&mut stream).await else { return };
                heads.lock().unwrap().push(head);
                let _ = stream.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await;
                if status.starts_with("200") {
                    let mut site = TcpStream::connect(target).await.unwrap();
                    let _ = copy_bidirectional(&mut stream, &mut site).await;
                }
            });
        }
    });
    (address, noted)
}

/// A service that trusts one issuer of the profile `generic`, with these members in its entry and these settings.
pub async fn trusting(
    world: &World,
    entry: &Value,
    settings: &[(&str, &str)],
) -> token_introspection::service::Service {
    let mut whole = json!({ "profile": "generic", "audiences": [AUDIENCE] });
    for (name, value) in entry.as_object().unwrap() {
        whole[name] = value.clone();
    }
    let settings: Vec<_> = world.token_settings().into_iter().chain(settings.iter().copied()).collect();
    World::service(&world.proxy.url, &json!([whole]).to_string(), &settings).await
}
