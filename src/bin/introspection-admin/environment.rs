//! What surrounds a command: the function's settings and the way to the tables.

use http::Uri;
use token_introspection::{
    settings::{RedisUrl, SettingError, Settings, TableNames},
    store::{Connection, Operator},
};

use crate::{args::Global, output::warn, problem::Problem};

/// The environment variables and the options that every command has.
pub struct Environment {
    connection: Connection,
    tables: TableNames,
    settings: Result<Settings, SettingError>,
    redis_url: Result<Option<RedisUrl>, SettingError>,
}

impl Environment {
    /// Reads everything, and lets each command complain of what it needs.
    pub fn new(global: Global, variable: impl Fn(&str) -> Option<String>) -> Self {
        // Nothing is signed here, and a private key has no business on an operator's machine.
        let unsigned = |name: &str| variable(name).filter(|_| !name.starts_with("SIGNING_"));
        Self {
            connection: Connection { endpoint_url: global.endpoint_url, region: global.region },
            tables: TableNames::read(&variable),
            settings: Settings::read(unsigned),
            redis_url: RedisUrl::read(&variable),
        }
    }

    /// Opens the tables.
    ///
    /// # Errors
    ///
    /// Where it is not clear which tables are meant, or whose credentials to use.
    pub async fn open(&self) -> Result<Operator, Problem> {
        if let Some(url) = &self.connection.endpoint_url {
            let uri = url.parse::<Uri>().ok();
            let usable =
                uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
            if !usable {
                return Err(Problem::usage(
                    "--endpoint-url is not a URL; for example: --endpoint-url http://127.0.0.1:8000",
                ));
            }
        }
        // A mark in a table that the function does not read would revoke nothing.
        let redis_url = self.redis_url.as_ref().map_err(|error| Problem::Usage(error.to_string()))?;
        self.tables.check(redis_url.as_ref()).map_err(|error| Problem::Usage(error.to_string()))?;
        Ok(Operator::open(self.tables.clone(), redis_url.as_ref(), self.connection.clone()).await?)
    }

    /// The function's settings.
    ///
    /// # Errors
    ///
    /// What the function would say at its start.
    pub fn settings(&self) -> Result<&Settings, Problem> {
        self.settings.as_ref().map_err(|error| Problem::Usage(error.to_string()))
    }

    /// The issuer that a mark or record belongs to: the given one, else `ISSUER`. Warns where nobody would ask for
    /// it, so that a slash too many is noticed.
    ///
    /// # Errors
    ///
    /// Where there is none, or an identifier that no key can hold.
    pub fn issuer(&self, given: Option<String>) -> Result<String, Problem> {
        match given {
            Some(issuer) => {
                if issuer.contains('#') {
                    return Err(Problem::usage("--issuer holds '#', which no issuer identifier may"));
                }
                self.warn_of_untrusted(&issuer);
                Ok(issuer)
            }
            None => Ok(self.settings()?.issuer.clone()),
        }
    }

    /// Warns of an issuer whose tokens are inactive anyway.
    pub fn warn_of_untrusted(&self, issuer: &str) {
        match &self.settings {
            Ok(settings) if settings.issuer == issuer || settings.trusted_issuer(issuer).is_some() => {}
            Ok(_) => warn(&format!(
                "the issuer {issuer:?} is neither ISSUER nor in TRUSTED_ISSUERS, byte for byte; its tokens are \
                 inactive as it is"
            )),
            Err(error) => warn(&format!("whether the issuer {issuer:?} is trusted is unknown: {error}")),
        }
    }
}
