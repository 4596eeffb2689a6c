//! The environment of a command: the function's settings, and the connection to the tables.

use std::path::Path;

use http::Uri;
use token_introspection::{
    call::now,
    records::UnixTime,
    settings::{ProxySettings, RedisUrl, SettingError, Settings, TableNames},
};

use crate::{
    args::Global,
    output::warn,
    problem::Problem,
    store::{AdminStore, Connection, deployed_variables},
    trust::{can_be_in_keys, untrusted},
    variables::Document,
};

/// The environment variables, and the options of every command.
pub struct Environment {
    connection: Connection,
    tables: TableNames,
    settings: Result<Settings, SettingError>,
    redis_url: Result<Option<RedisUrl>, SettingError>,
    /// The proxies of this environment, regardless of the settings.
    proxies: Result<ProxySettings, SettingError>,
    /// Where the settings were read from, if not from the environment.
    origin: Option<String>,
    /// The missing variable without which the trusted issuers are unknown, if there is one.
    missing: Option<&'static str>,
}

/// How to provide the settings.
const HINT: &str = "set ISSUER and TRUSTED_ISSUERS as the function has them (TRUSTED_ISSUERS='[]' if it has none), or \
                     give --function NAME or --settings FILE";

impl Environment {
    /// Reads everything. Each command then reports only what it needs. The settings are those of a deployed function or
    /// of a file, if an option says so, or else those of the environment.
    ///
    /// # Errors
    ///
    /// Returns a [`Problem`] if the deployed function or the file cannot be read.
    pub async fn load(global: Global, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Problem> {
        let mut connection = Connection {
            endpoint_url: global.endpoint_url,
            region: global.region,
            lambda_endpoint_url: variable("AWS_ENDPOINT_URL_LAMBDA"),
            prepared: None,
        };
        let proxies = ProxySettings::read(|name| variable(name).filter(|value| !value.trim().is_empty()));
        let document = match (&global.function, &global.settings) {
            (Some(name), _) => {
                let deployed = deployed_variables(name, &connection).await?;
                // The function's tables are in its own Region.
                connection.region = connection.region.or(deployed.region);
                Some(Document { origin: format!("the function {name:?}"), variables: deployed.variables })
            }
            (None, Some(file)) => Some(Document::parse(&file.read_document("--settings", "document")?)?),
            (None, None) => None,
        };
        match document {
            None => Ok(Self::read(connection, None, proxies, variable)),
            Some(document) => {
                issuers_file_is_here(&document, &variable)?;
                let origin = Some(document.origin.clone());
                Ok(Self::read(connection, origin, proxies, |name| document.variable(name, &variable)))
            }
        }
    }

    /// The environment of a program that contains the tool: its variables, and its connection to the tables.
    pub fn embedded(connection: Connection, variable: impl Fn(&str) -> Option<String>) -> Self {
        let proxies = ProxySettings::read(|_| None);
        Self::read(connection, None, proxies, variable)
    }

    fn read(
        connection: Connection,
        origin: Option<String>,
        proxies: Result<ProxySettings, SettingError>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        // The tool neither signs nor serves metadata, and an operator's machine should not have the private key.
        let unused = |name: &str| name.starts_with("SIGNING_") || name == "METADATA_FILE";
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.trim().is_empty());
        let missing = if !is_set("ISSUER") {
            Some("ISSUER")
        } else if origin.is_none() && !is_set("TRUSTED_ISSUERS") && !is_set("TRUSTED_ISSUERS_FILE") {
            Some("TRUSTED_ISSUERS")
        } else {
            None
        };
        Self {
            connection,
            tables: TableNames::read(&variable),
            settings: Settings::read(|name| variable(name).filter(|_| !unused(name))),
            redis_url: RedisUrl::read(&variable),
            proxies,
            origin,
            missing,
        }
    }

    /// Opens the tables. No request is sent yet.
    ///
    /// # Errors
    ///
    /// Returns a [`Problem`] if it is unclear which tables or credentials to use.
    pub async fn open(&self) -> Result<AdminStore, Problem> {
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
        // A mark in a table that the function does not read would not revoke anything.
        let redis_url = self.redis_url.as_ref().map_err(|error| self.wrong(error))?;
        self.tables.check(redis_url.as_ref()).map_err(|error| self.wrong(&error))?;
        Ok(AdminStore::open(self.tables.clone(), redis_url.as_ref(), self.connection.clone()).await?)
    }

    /// The function's settings, for a command that depends on the trusted issuers.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Usage`] if the function would refuse to start with them, or if the trusted issuers are
    /// unknown.
    pub fn settings(&self) -> Result<&Settings, Problem> {
        let settings = self.partial_settings()?;
        match self.missing {
            None => Ok(settings),
            Some(missing) => Err(Problem::Usage(format!("{missing} is missing; {HINT}"))),
        }
    }

    /// The function's settings, in which the trusted issuers may be missing.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Usage`] if the function would refuse to start with them.
    pub fn partial_settings(&self) -> Result<&Settings, Problem> {
        self.settings.as_ref().map_err(|error| match self.missing {
            Some("ISSUER") if self.origin.is_none() => Problem::Usage(format!("ISSUER is missing; {HINT}")),
            _ => self.wrong(error),
        })
    }

    /// The proxies of this environment, for fetching what an issuer publishes without the function's settings.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Usage`] if an address is not that of an HTTP proxy.
    pub fn proxies(&self) -> Result<ProxySettings, Problem> {
        self.proxies.as_ref().cloned().map_err(|error| Problem::Usage(error.to_string()))
    }

    /// The last second that counts as "until now" for a revocation: the function accepts tokens that are dated this far
    /// in the future.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Usage`] if the clock skew is unknown.
    pub fn until_now(&self) -> Result<UnixTime, Problem> {
        Ok(UnixTime(now()).plus(self.partial_settings()?.clock_skew_seconds))
    }

    /// Checks the issuer of a record, and warns if its tokens are inactive.
    ///
    /// # Errors
    ///
    /// Returns [`Problem::Usage`] if no item key can contain the issuer.
    pub fn check_issuer(&self, issuer: &str) -> Result<(), Problem> {
        can_be_in_keys(issuer)?;
        self.warn_of_untrusted(issuer);
        Ok(())
    }

    /// Warns if the tokens of an issuer are inactive anyway.
    pub fn warn_of_untrusted(&self, issuer: &str) {
        match self.settings() {
            Ok(settings) if settings.issuer == issuer || settings.trusted_issuer(issuer).is_some() => {}
            Ok(settings) => warn(&untrusted(issuer, settings)),
            Err(problem) => warn(&format!("it is unknown whether the issuer {issuer:?} is trusted: {problem}")),
        }
    }

    fn wrong(&self, error: &SettingError) -> Problem {
        match &self.origin {
            Some(origin) => Problem::Usage(format!("in the settings of {origin}, {error}")),
            None => Problem::Usage(error.to_string()),
        }
    }
}

/// Checks the path of the issuers' file. A deployed function names a path in its package, which may not exist here.
fn issuers_file_is_here(document: &Document, variable: &impl Fn(&str) -> Option<String>) -> Result<(), Problem> {
    let name = "TRUSTED_ISSUERS_FILE";
    let Some(deployed) = document.issuers_file() else { return Ok(()) };
    let origin = &document.origin;
    if let Some(copy) = variable(name) {
        warn(&format!("the trusted issuers are read from {copy:?}, as a copy of {deployed:?} of {origin}"));
    } else if Path::new(deployed).is_file() {
        warn(&format!("the trusted issuers are read from {deployed:?} here; it must be the file that is deployed"));
    } else {
        return Err(Problem::Usage(format!(
            "{origin} reads its trusted issuers from {deployed:?} in its package, which is not here; name a copy of \
             that file in the environment variable {name}"
        )));
    }
    Ok(())
}
