//! Connections to everything that the function calls over HTTP: key hosts, DynamoDB and the other AWS services. They
//! share the proxy's settings and the trusted root certificates.

mod limit;
mod proxy;
mod tls;

use std::io;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};

pub use self::{
    limit::Limited,
    proxy::{NameNotFound, ProxyConnector, ProxyFailure},
};
use crate::settings::ProxySettings;

/// Opens connections for an HTTP client.
pub type Connector = HttpsConnector<ProxyConnector>;

/// Makes connectors. They speak HTTP/1.1.
///
/// # Errors
///
/// Returns an error if no root certificate can be loaded.
pub fn connector(proxies: &ProxySettings) -> io::Result<Connector> {
    // Plain http is only for loopback addresses, or for endpoints that the SDK's variables name.
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls::config()?);
    Ok(builder.https_or_http().enable_http1().wrap_connector(ProxyConnector::new(proxies)))
}
