//! A time limit for opening connections, including TLS.

use std::{
    io,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use tokio::time::timeout;
use tower_service::Service;

use super::{
    Connector,
    proxy::{BoxError, Pending},
};

/// A connector that gives up after some time.
#[derive(Clone)]
pub struct Limited {
    connector: Connector,
    limit: Duration,
}

impl Limited {
    pub fn new(connector: Connector, limit: Duration) -> Self {
        Self { connector, limit }
    }
}

impl Service<Uri> for Limited {
    type Response = <Connector as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = Pending<Self::Response, BoxError>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = timeout(self.limit, self.connector.call(uri));
        Box::pin(
            async move { connecting.await.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into())) },
        )
    }
}
