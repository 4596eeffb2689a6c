//! Where Redis or Valkey is: `REDIS_URL`.

use super::{SettingError, url};

/// A URL of which only the form has been checked. It holds a password, so it has no `Debug`.
#[derive(Clone)]
pub struct RedisUrl(String);

const VARIABLE: &str = "REDIS_URL";

impl RedisUrl {
    /// Reads the variable alone, for whoever needs no other setting.
    ///
    /// # Errors
    ///
    /// [`SettingError`] for anything but a URL to which secrets may be sent. It quotes nothing of it.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, SettingError> {
        let Some(text) = variable(VARIABLE).filter(|value| !value.trim().is_empty()) else { return Ok(None) };
        match url::redis(&text) {
            Ok(_) => Ok(Some(Self(text))),
            Err(problem) => Err(Self::error(problem)),
        }
    }

    /// What is wrong with the server behind the URL, or with the URL in a way that only its user can see.
    pub fn error(problem: impl Into<String>) -> SettingError {
        SettingError::new(VARIABLE, problem, "rediss://user:password@tokens.example.com:6379")
    }

    /// The URL, for the one who connects.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_url_is_told_without_the_password_in_it() {
        let read = |url: &str| RedisUrl::read(|_| Some(url.to_owned())).err().map(|error| error.to_string());
        for url in ["redis://:hunter2@tokens.example.com", "rediss://:hunter2@host?a=b", "rediss://:hunt er2@host"] {
            let message = read(url).unwrap_or_else(|| panic!("{url} was taken"));
            assert!(message.starts_with("REDIS_URL ") && !message.contains("hunt"), "{message}");
        }
        assert_eq!(read("rediss://:hunter2@tokens.example.com:6380/2"), None);
        assert!(RedisUrl::read(|_| Some(" ".to_owned())).is_ok_and(|url| url.is_none()));
    }
}
