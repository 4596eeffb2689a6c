//! `REDIS_URL`: the location of Redis or Valkey.

use super::{SettingError, url};

/// A URL of which only the form has been checked. It contains a password, so it has no `Debug`.
#[derive(Clone)]
pub struct RedisUrl(String);

const VARIABLE: &str = "REDIS_URL";

impl RedisUrl {
    /// Reads only this variable.
    ///
    /// # Errors
    ///
    /// Returns [`SettingError`] if the value is not a URL to which secrets may be sent. It never quotes the value.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, SettingError> {
        let Some(text) = variable(VARIABLE).filter(|value| !value.trim().is_empty()) else { return Ok(None) };
        match url::redis(&text) {
            Ok(_) => Ok(Some(Self(text))),
            Err(problem) => Err(Self::error(problem)),
        }
    }

    /// An error about the server behind the URL, or about the URL itself, if only the client library can notice it.
    pub fn error(problem: impl Into<String>) -> SettingError {
        SettingError::new(VARIABLE, problem, "rediss://user:password@tokens.example.com:6379")
    }

    /// The URL, including its password, for connecting.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_url_is_reported_without_its_password() {
        let read = |url: &str| RedisUrl::read(|_| Some(url.to_owned())).err().map(|error| error.to_string());
        for url in ["redis://:hunter2@tokens.example.com", "rediss://:hunter2@host?a=b", "rediss://:hunt er2@host"] {
            let message = read(url).unwrap_or_else(|| panic!("{url} was accepted"));
            assert!(message.starts_with("REDIS_URL ") && !message.contains("hunt"), "{message}");
        }
        assert_eq!(read("rediss://:hunter2@tokens.example.com:6380/2"), None);
        assert!(RedisUrl::read(|_| Some(" ".to_owned())).is_ok_and(|url| url.is_none()));
    }
}
