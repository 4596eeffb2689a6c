//! `AUTHORIZER_SCOPES`: the scopes that each route of a protected API requires (RFC 6750 §3.1, T-06).

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

use super::{SettingError, error::json_problem};

/// The entry for every route without one of its own.
const EVERY_OTHER: &str = "*";
/// Routes of API Gateway that have no method.
const WITHOUT_METHOD: [&str; 2] = ["$default", "$connect"];
const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The required scopes by route, as API Gateway names routes: `GET /orders/{id}`.
pub struct RouteScopes(BTreeMap<String, Vec<String>>);

impl RouteScopes {
    pub(super) const EXAMPLE: &str = r#"{"GET /orders":"orders:read","*":""}"#;

    /// Reads a JSON object of routes and their scopes, which are separated by spaces.
    ///
    /// # Errors
    ///
    /// Returns [`SettingError`] for the first route that is wrong.
    pub(super) fn parse(variable: &'static str, text: &str) -> Result<Self, SettingError> {
        let wrong = |problem: String| SettingError::new(variable, problem, Self::EXAMPLE);
        let Pairs(pairs) = serde_json::from_str(text)
            .map_err(|error| wrong(format!("is not a JSON object of routes and scopes: {}", json_problem(&error))))?;
        let mut routes = BTreeMap::new();
        for (number, (route, scopes)) in (1..).zip(pairs) {
            let number: usize = number;
            if !is_route(&route) {
                return Err(wrong(format!(
                    "has a route {number} that is neither a method and a path, as in \"GET /orders\", nor \"$default\", \"$connect\" or \"*\""
                )));
            }
            let scopes: Vec<String> = match scopes.as_str() {
                "" => Vec::new(),
                scopes => scopes.split(' ').map(str::to_owned).collect(),
            };
            if !scopes.iter().all(|scope| is_scope(scope)) {
                return Err(wrong(format!("has a route {number} whose scopes are not separated by single spaces")));
            }
            if routes.insert(route, scopes).is_some() {
                return Err(wrong(format!("has a route {number} that occurs before")));
            }
        }
        Ok(Self(routes))
    }

    /// The scopes that a request to this route requires: of the entry for its method, else of the entry `ANY`, else of
    /// the entry `*`. `None` if no entry is meant, so that a route that was forgotten is closed.
    pub fn required(&self, method: &str, route_key: &str) -> Option<&[String]> {
        let entries = match route_key.split_once(' ') {
            Some((_, path)) => [format!("{method} {path}"), format!("ANY {path}"), EVERY_OTHER.to_owned()],
            None => [route_key.to_owned(), EVERY_OTHER.to_owned(), String::new()],
        };
        entries.iter().find_map(|entry| self.0.get(entry)).map(Vec::as_slice)
    }

    /// The scopes of the entry `*`, if it is the only one, so that they hold whatever the route is.
    pub fn of_every_route(&self) -> Option<&[String]> {
        self.0.get(EVERY_OTHER).filter(|_| self.0.len() == 1).map(Vec::as_slice)
    }
}

fn is_route(text: &str) -> bool {
    text == EVERY_OTHER
        || WITHOUT_METHOD.contains(&text)
        || text.split_once(' ').is_some_and(|(method, path)| {
            METHODS.contains(&method) && path.starts_with('/') && !path.contains(char::is_whitespace)
        })
}

/// Whether a text is one scope (RFC 6749 §3.3).
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// An object as a list, so that a route that occurs twice is noticed.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, String)>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut object: M) -> Result<Self::Value, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = object.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(InOrder).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLE: &str = "AUTHORIZER_SCOPES";

    fn parse(text: &str) -> Result<RouteScopes, String> {
        RouteScopes::parse(VARIABLE, text).map_err(|error| error.to_string())
    }

    #[test]
    fn t06_the_closest_entry_counts_and_a_route_without_an_entry_is_closed() {
        let scopes = parse(
            r#"{"GET /orders/{id}":"orders:read","ANY /orders/{id}":"orders:write admin","POST /open":"",
                "$default":"other","$connect":"socket"}"#,
        )
        .unwrap_or_else(|error| panic!("{error}"));
        let required = |method: &str, route: &str| scopes.required(method, route).map(|scopes| scopes.join(" "));
        for (method, route, expected) in [
            ("GET", "GET /orders/{id}", Some("orders:read")),
            // A route for any method still has an entry for each method that is listed.
            ("GET", "ANY /orders/{id}", Some("orders:read")),
            ("PUT", "ANY /orders/{id}", Some("orders:write admin")),
            ("HEAD", "ANY /orders/{id}", Some("orders:write admin")),
            ("POST", "POST /open", Some("")),
            ("POST", "$default", Some("other")),
            ("", "$connect", Some("socket")),
            ("GET", "GET /open", None),
            ("GET", "GET /orders/7", None),
            ("get", "get /open", None),
            ("GET", "$disconnect", None),
            ("GET", "", None),
        ] {
            assert_eq!(required(method, route).as_deref(), expected, "{method} {route}");
        }
        assert!(scopes.of_every_route().is_none());
        let open = parse(r#"{"*":"a","GET /b":"b"}"#).ok();
        assert_eq!(open.as_ref().and_then(|scopes| scopes.required("PUT", "PUT /x")).map(<[_]>::len), Some(1));
        assert!(open.is_some_and(|scopes| scopes.of_every_route().is_none()));
        assert!(parse(r#"{"*":""}"#).is_ok_and(|scopes| scopes.of_every_route().is_some()));
    }

    #[test]
    fn t06_a_wrong_entry_is_named_by_its_number_and_never_quoted() {
        for (text, problem) in [
            ("hunter2", "is not a JSON object of routes and scopes: expected value at line 1 column 1"),
            (r#"["hunter2"]"#, "is not a JSON object of routes and scopes: wrong type, expected an object"),
            (r#"{"GET /a":["hunter2"]}"#, "is not a JSON object of routes and scopes: wrong type, expected a string"),
            (r#"{"GET /a":"x","hunter2":"y"}"#, "has a route 2 that is neither a method and a path"),
            (r#"{"get /hunter2":"y"}"#, "has a route 1 that is neither"),
            (r#"{"GET hunter2":"y"}"#, "has a route 1 that is neither"),
            (r#"{"GET /hunter2 /b":"y"}"#, "has a route 1 that is neither"),
            (r#"{"GET /a":"hunter2  b"}"#, "has a route 1 whose scopes are not separated by single spaces"),
            (r#"{"GET /a":"hunter2\\"}"#, "has a route 1 whose scopes"),
            (r#"{"GET /a":"x","GET /a":"hunter2"}"#, "has a route 2 that occurs before"),
        ] {
            let error = parse(text).err().unwrap_or_default();
            assert!(error.starts_with(&format!("{VARIABLE} {problem}")), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
