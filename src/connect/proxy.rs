//! TCP connections: direct, or through the proxy of the settings.

use std::{
    error::Error,
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::Uri;
use hyper_util::{
    client::{
        legacy::connect::{
            HttpConnector,
            dns::{GaiAddrs, GaiResolver, Name},
            proxy::Tunnel,
        },
        proxy::matcher::{Intercept, Matcher},
    },
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower_service::Service;

use crate::settings::{ProxySettings, is_loopback};

pub(super) type BoxError = Box<dyn Error + Send + Sync>;
pub(super) type Pending<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// A host name has no address.
#[derive(Debug)]
pub struct NameNotFound(io::Error);

/// The proxy could not be reached, or refused to open a tunnel.
#[derive(Debug)]
pub struct ProxyFailure(BoxError);

/// Connects directly to loopback addresses and to hosts of `NO_PROXY`, and to any other host through the proxy.
#[derive(Clone)]
pub struct ProxyConnector {
    tcp: HttpConnector<Resolver>,
    proxies: Arc<Matcher>,
}

impl ProxyConnector {
    pub fn new(proxies: &ProxySettings) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
        tcp.set_nodelay(true);
        // The TLS layer above this one asks for https.
        tcp.enforce_http(false);
        let proxies = Matcher::builder()
            .https(proxies.https.clone().unwrap_or_default())
            .no(proxies.no_proxy.clone().unwrap_or_default())
            .build();
        Self { tcp, proxies: Arc::new(proxies) }
    }

    fn proxy_for(&self, uri: &Uri) -> Option<Intercept> {
        if uri.host().is_some_and(is_loopback) { None } else { self.proxies.intercept(uri) }
    }
}

impl Service<Uri> for ProxyConnector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pending<Self::Response, BoxError>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Some(proxy) = self.proxy_for(&uri) else {
            let connecting = self.tcp.call(uri);
            return Box::pin(async move { connecting.await.map_err(Into::into) });
        };
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.tcp.clone());
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        let opening = tunnel.call(uri);
        Box::pin(async move { opening.await.map_err(|error| ProxyFailure(error.into()).into()) })
    }
}

/// The system's resolver, with an error of its own type, so that the log can distinguish it from others.
#[derive(Clone)]
pub struct Resolver(GaiResolver);

impl Service<Name> for Resolver {
    type Response = GaiAddrs;
    type Error = NameNotFound;
    type Future = Pending<GaiAddrs, NameNotFound>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), NameNotFound>> {
        self.0.poll_ready(context).map_err(NameNotFound)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolving = self.0.call(name);
        Box::pin(async move { resolving.await.map_err(NameNotFound) })
    }
}

impl fmt::Display for NameNotFound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the host name has no address")
    }
}

impl Error for NameNotFound {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

impl fmt::Display for ProxyFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the proxy opened no tunnel")
    }
}

impl Error for ProxyFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_no_proxy_and_loopback_addresses_are_reached_directly() {
        let proxies = |no_proxy: &str| {
            let (https, no_proxy) = (Some("http://proxy.example:3128".to_owned()), Some(no_proxy.to_owned()));
            ProxyConnector::new(&ProxySettings { https, no_proxy })
        };
        for (no_proxy, uri, proxied) in [
            ("", "https://issuer.example/keys", true),
            ("other.example, 10.0.0.0/8", "https://issuer.example/keys", true),
            ("issuer.example", "https://issuer.example/keys", false),
            (".example", "https://issuer.example/keys", false),
            ("*", "https://issuer.example/keys", false),
            ("10.0.0.0/8", "https://10.1.2.3/keys", false),
            ("", "https://10.1.2.3/keys", true),
            ("", "https://127.0.0.1/keys", false),
            ("", "https://[::1]/keys", false),
            ("", "http://localhost:9000/keys", false),
        ] {
            assert_eq!(proxies(no_proxy).proxy_for(&uri.parse().unwrap()).is_some(), proxied, "{no_proxy:?} {uri}");
        }
        let direct = ProxyConnector::new(&ProxySettings::default());
        assert!(direct.proxy_for(&"https://issuer.example".parse().unwrap()).is_none());
    }
}
