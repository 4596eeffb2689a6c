//! The names of the tables: `CLIENTS_TABLE`, `TOKENS_TABLE`, `STATE_TABLE`.

use super::{RedisUrl, SettingError};
use crate::{arn::Arn, records::Table};

/// The names of the three DynamoDB tables.
#[derive(Clone)]
pub struct TableNames {
    pub clients: String,
    pub tokens: String,
    pub state: String,
}

impl TableNames {
    /// The name of this table.
    pub fn name(&self, table: Table) -> &str {
        match table {
            Table::Clients => &self.clients,
            Table::Tokens => &self.tokens,
            Table::State => &self.state,
        }
    }

    /// Reads only the three names.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let name = |name, default: &str| {
            variable(name).filter(|value| !value.trim().is_empty()).unwrap_or_else(|| default.to_owned())
        };
        Self {
            clients: name("CLIENTS_TABLE", "oauth-clients"),
            tokens: name("TOKENS_TABLE", "oauth-tokens"),
            state: name("STATE_TABLE", "oauth-introspection-state"),
        }
    }

    /// Checks that the tables have different names. A shared table would fail at the first request that reads both
    /// kinds of items, and a writer of token records could write key snapshots.
    ///
    /// # Errors
    ///
    /// Returns [`SettingError`] if two tables that are in use have the same name. With Redis, the tokens table is not
    /// in use.
    pub fn check(&self, redis: Option<&RedisUrl>) -> Result<(), SettingError> {
        let clients = ("CLIENTS_TABLE", &self.clients, "oauth-clients");
        let tokens = ("TOKENS_TABLE", &self.tokens, "oauth-tokens");
        let state = ("STATE_TABLE", &self.state, "oauth-introspection-state");
        for (first, second) in [(clients, tokens), (clients, state), (tokens, state)] {
            let is_unused = redis.is_some() && [first.0, second.0].contains(&tokens.0);
            if !is_unused && is_same_table(first.1, second.1) {
                let problem = format!("is the same table as {}; give each of them a table of its own", first.0);
                return Err(SettingError::new(second.0, problem, second.2));
            }
        }
        Ok(())
    }
}

/// Whether two settings may mean the same table. Each is a name or an ARN; a name does not contain the account and the
/// Region.
fn is_same_table(one: &str, other: &str) -> bool {
    let name = |text: &str| text.rsplit('/').next().unwrap_or_default().to_owned();
    one == other || (Arn::is_meant(one) != Arn::is_meant(other) && name(one) == name(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/";

    fn check(clients: &str, tokens: &str, state: &str, redis: bool) -> Option<String> {
        let names = TableNames { clients: clients.to_owned(), tokens: tokens.to_owned(), state: state.to_owned() };
        let url = |_: &str| Some("rediss://tokens.example.com".to_owned());
        let redis = redis.then(|| RedisUrl::read(url).unwrap().unwrap());
        names.check(redis.as_ref()).err().map(|error| error.to_string())
    }

    #[test]
    fn two_equal_names_end_the_start_with_both_variables_and_the_cure() {
        for (clients, tokens, state, first, second) in [
            ("a", "b", "b", "TOKENS_TABLE", "STATE_TABLE"),
            ("a", "a", "b", "CLIENTS_TABLE", "TOKENS_TABLE"),
            ("a", "b", "a", "CLIENTS_TABLE", "STATE_TABLE"),
            ("a", "a", "a", "CLIENTS_TABLE", "TOKENS_TABLE"),
            ("a", "b", &format!("{ARN}b"), "TOKENS_TABLE", "STATE_TABLE"),
            (&format!("{ARN}b"), "b", "c", "CLIENTS_TABLE", "TOKENS_TABLE"),
            (&format!("{ARN}a"), "b", &format!("{ARN}a"), "CLIENTS_TABLE", "STATE_TABLE"),
        ] {
            let line = check(clients, tokens, state, false).unwrap_or_else(|| panic!("{clients} {tokens} {state}"));
            let expected = format!("{second} is the same table as {first}; give each of them a table of its own");
            assert!(line.starts_with(&expected) && line.contains(&format!("{second}=oauth-")), "{line}");
        }
    }

    #[test]
    fn different_names_are_fine_and_with_redis_the_tokens_table_is_not_in_use() {
        let elsewhere = "arn:aws:dynamodb:eu-west-1:210987654321:table/a";
        for (clients, tokens, state, redis) in [
            ("a", "b", "c", false),
            ("a", "A", "c", false),
            (&format!("{ARN}a"), elsewhere, "c", false),
            ("a", "b", "b", true),
            ("a", "a", "b", true),
        ] {
            assert_eq!(check(clients, tokens, state, redis), None, "{clients} {tokens} {state}");
        }
        assert!(check("a", "b", "a", true).is_some_and(|line| line.starts_with("STATE_TABLE is the same table")));
    }
}
