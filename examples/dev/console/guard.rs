//! Who may use the console: pages of this server, opened on this machine. Another site in the same browser may not, even
//! if its name resolves to this machine (DNS rebinding), because the console revokes without credentials.

use std::net::IpAddr;

use http::{
    HeaderMap, Method,
    header::{CONTENT_TYPE, HOST, ORIGIN},
};

/// Checks a request.
///
/// # Errors
///
/// Returns why the console does not answer it.
pub fn check(peer: IpAddr, path: &str, headers: &HeaderMap, method: &Method, port: u16) -> Result<(), &'static str> {
    let own_hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_own_host = headers.get_all(HOST).iter().count() == 1
        && text(HOST.as_str()).is_some_and(|host| own_hosts.iter().any(|own| own == host));
    // A page of the other name of this server is another origin.
    let is_own_origin = text(ORIGIN.as_str())
        .is_none_or(|origin| text(HOST.as_str()).is_some_and(|host| origin == format!("http://{host}")));
    // Browsers say that a request comes from the page itself, or from the address line. The page itself may be linked.
    let is_own_page = path == "/" || text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    // A form of another site cannot send this media type without a preflight.
    let is_json = text(CONTENT_TYPE.as_str()) == Some("application/json");
    if !peer.is_loopback() {
        Err("the console answers only to this machine")
    } else if !is_own_host {
        Err("the console answers only under 127.0.0.1 and localhost, with its own port")
    } else if !is_own_origin || !is_own_page {
        Err("the console answers only to its own page")
    } else if *method == Method::POST && !is_json {
        Err("the console takes only application/json")
    } else {
        Ok(())
    }
}
