//! `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, which are read as curl and most other tools do.

use http::Uri;

use super::SettingError;

const EXAMPLE: &str = "http://proxy.example.com:3128";

/// The proxy through which issuers' keys are fetched. Its URL may contain a password, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct ProxySettings {
    pub https: Option<String>,
    /// The hosts that are called directly.
    pub no_proxy: Option<String>,
}

impl ProxySettings {
    /// Reads the variables, in upper or lower case.
    ///
    /// # Errors
    ///
    /// Returns [`SettingError`] if an address is not that of an HTTP proxy. Without its proxy, the function would call
    /// hosts directly that it must not call.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let mut https = None;
        for (variable, small) in [("HTTPS_PROXY", "https_proxy"), ("ALL_PROXY", "all_proxy")] {
            let Some(address) = get(variable).or_else(|| get(small)) else { continue };
            if !is_http_proxy(&address) {
                return Err(SettingError::new(variable, "is not the http:// address of a proxy", EXAMPLE));
            }
            https = Some(address);
            break;
        }
        Ok(Self { https, no_proxy: get("NO_PROXY").or_else(|| get("no_proxy")) })
    }
}

/// The connection to the proxy is not encrypted, but what is sent through it is.
fn is_http_proxy(address: &str) -> bool {
    address.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), None | Some("http")) && uri.host().is_some_and(|host| !host.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<ProxySettings, SettingError> {
        let value = |name: &str| variables.iter().find(|(variable, _)| *variable == name).map(|(_, v)| (*v).to_owned());
        ProxySettings::read(value)
    }

    #[test]
    fn a_proxy_is_read_from_either_spelling_and_never_quoted() {
        for (variables, expected) in [
            (&[][..], None),
            (&[("HTTPS_PROXY", "http://proxy:3128"), ("https_proxy", "http://other:1")], Some("http://proxy:3128")),
            (
                &[("https_proxy", "http://user:secret@proxy:3128"), ("ALL_PROXY", "x:1")],
                Some("http://user:secret@proxy:3128"),
            ),
            (&[("ALL_PROXY", "proxy:3128")], Some("proxy:3128")),
            (&[("HTTP_PROXY", "http://proxy:3128")], None),
        ] {
            assert_eq!(read(variables).unwrap().https.as_deref(), expected, "{variables:?}");
        }
        for address in ["https://secret@proxy:3128", "socks5://secret@proxy", "secret secret", "/secret"] {
            let error = read(&[("HTTPS_PROXY", address)]).err().unwrap().to_string();
            assert!(error.contains("HTTPS_PROXY") && !error.contains("secret"), "{error}");
        }
        assert_eq!(read(&[("no_proxy", "a,b")]).unwrap().no_proxy.as_deref(), Some("a,b"));
    }
}
