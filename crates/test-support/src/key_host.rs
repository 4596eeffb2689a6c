//! An issuer's key host on a loopback port, which can fail.

use std::sync::{Arc, Mutex};

use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use tokio::sync::Notify;

use crate::{server, time};

/// Its answer, and how often it was asked.
#[derive(Clone)]
pub struct KeyHost {
    pub url: String,
    state: Arc<Mutex<State>>,
    published: Arc<Notify>,
}

struct State {
    status: StatusCode,
    body: Vec<u8>,
    hangs: bool,
    requests: usize,
}

impl KeyHost {
    /// Starts a host that answers with this key set.
    pub async fn start(key_set: &serde_json::Value) -> Self {
        let (listener, url) = server::bind().await;
        let url = format!("{url}/jwks.json");
        let state = State { status: StatusCode::OK, body: key_set.to_string().into_bytes(), hangs: false, requests: 0 };
        let host = Self { url, state: Arc::new(Mutex::new(state)), published: Arc::default() };
        let serving = host.clone();
        server::serve(listener, move |_| serving.clone().answer());
        host
    }

    /// Publishes another answer from now on, also for requests that are still waiting.
    pub fn publish(&self, status: u16, body: impl Into<Vec<u8>>) {
        let mut state = self.state.lock().unwrap();
        state.status = StatusCode::from_u16(status).unwrap();
        state.body = body.into();
        state.hangs = false;
        self.published.notify_waiters();
    }

    /// Accepts requests without answering them, until another answer is published. The time that a request waits
    /// passes almost at once.
    pub fn hang(&self) {
        self.state.lock().unwrap().hangs = true;
    }

    /// The number of requests since the last call.
    pub fn take_requests(&self) -> usize {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }

    async fn answer(self) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
        self.state.lock().unwrap().requests += 1;
        let (status, body) = loop {
            // Created before the state is read, so that no publication is missed.
            let published = self.published.notified();
            {
                let state = self.state.lock().unwrap();
                if !state.hangs {
                    break (state.status, state.body.clone());
                }
            }
            tokio::select! {
                () = published => {}
                () = time::hang() => {}
            }
        };
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        // The target of a redirect, which would give an answer if a client followed it.
        response.headers_mut().insert("location", http::HeaderValue::from_static("/elsewhere.json"));
        Ok(response)
    }
}
