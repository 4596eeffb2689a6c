//! The HTTP server on a loopback port that the proxy, the key host and the AWS services are built on.

use std::error::Error;

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinSet};

/// A free port, and the base URL for it.
pub async fn bind() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// Answers every request, until the test ends. An error resets the connection.
pub fn serve<F, B, E>(listener: TcpListener, answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static)
where
    F: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    tokio::spawn(async move { serve_in(&mut JoinSet::new(), &listener, answer).await });
}

/// Does the same as long as it is polled. The connections end with the set.
pub async fn serve_in<F, B, E>(
    connections: &mut JoinSet<()>,
    listener: &TcpListener,
    answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
) where
    F: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    while let Ok((mut stream, _)) = listener.accept().await {
        let answer = answer.clone();
        connections.spawn(async move {
            let served = http1::Builder::new().serve_connection(TokioIo::new(&mut stream), service_fn(answer)).await;
            if served.is_err_and(|error| error.is_user()) {
                // The system sends a reset instead of the end of the stream.
                stream.set_zero_linger().unwrap();
            }
        });
        while connections.try_join_next().is_some() {}
    }
}
