//! A reader of JSON that keeps what the rules are about: each member as often as it occurs, and each number as it is
//! written.

use std::fmt::{Display, Formatter, Result as Written};

use serde_json::Value;

use super::text::unescaped;

/// A JSON value. An object may have two members of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one document (RFC 8259), and nothing after it.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut reader = Reader { rest: text };
        let value = reader.value()?;
        reader.space();
        reader.rest.is_empty().then_some(value)
    }

    pub fn of(value: &Value) -> Self {
        Self::read(value.to_string().as_bytes()).unwrap()
    }

    /// How many lists and objects are in one another.
    pub fn levels(&self) -> usize {
        let inner = match self {
            Self::List(elements) => elements.iter().map(Self::levels).max(),
            Self::Object(members) => members.iter().map(|(_, value)| value.levels()).max(),
            _ => return 0,
        };
        1 + inner.unwrap_or_default()
    }

    /// Whether an object somewhere in it has two members of one name.
    pub fn repeats_a_member(&self) -> bool {
        match self {
            Self::List(elements) => elements.iter().any(Self::repeats_a_member),
            Self::Object(members) => {
                let repeats = |at: usize| members[..at].iter().any(|(name, _)| *name == members[at].0);
                (0..members.len()).any(repeats) || members.iter().any(|(_, value)| value.repeats_a_member())
            }
            _ => false,
        }
    }

    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub fn list(&self) -> Option<&[Self]> {
        if let Self::List(elements) = self { Some(elements) } else { None }
    }

    /// The same value with the members of each object in alphabetical order.
    pub fn sorted(&self) -> Self {
        match self {
            Self::List(elements) => Self::List(elements.iter().map(Self::sorted).collect()),
            Self::Object(members) => {
                let mut members: Vec<_> = members.iter().map(|(name, value)| (name.clone(), value.sorted())).collect();
                members.sort_by(|one, other| one.0.cmp(&other.0));
                Self::Object(members)
            }
            other => other.clone(),
        }
    }
}

impl Display for Json {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Written {
        match self {
            Self::Null => write!(formatter, "null"),
            Self::Bool(bool) => write!(formatter, "{bool}"),
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Text(text) => write!(formatter, "{}", Value::from(text.as_str())),
            Self::List(elements) => {
                let elements: Vec<_> = elements.iter().map(Self::to_string).collect();
                write!(formatter, "[{}]", elements.join(","))
            }
            Self::Object(members) => {
                let members = members.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())));
                write!(formatter, "{{{}}}", members.collect::<Vec<_>>().join(","))
            }
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn eats(&mut self, start: &str) -> bool {
        let rest = self.rest.strip_prefix(start);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn value(&mut self) -> Option<Json> {
        self.space();
        for (word, value) in [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))] {
            if self.eats(word) {
                return Some(value);
            }
        }
        match self.rest.chars().next()? {
            '"' => self.string().map(Json::Text),
            '[' => self.elements(']', Self::value).map(Json::List),
            '{' => self.elements('}', Self::member).map(Json::Object),
            _ => self.number().map(Json::Number),
        }
    }

    fn member(&mut self) -> Option<(String, Json)> {
        self.space();
        let name = self.string()?;
        self.space();
        if self.eats(":") { Some((name, self.value()?)) } else { None }
    }

    /// The elements of a list or the members of an object, with their brackets.
    fn elements<T>(&mut self, end: char, one: fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut elements = Vec::new();
        self.rest = &self.rest[1..];
        self.space();
        if self.eats(&end.to_string()) {
            return Some(elements);
        }
        loop {
            elements.push(one(self)?);
            self.space();
            if self.eats(&end.to_string()) {
                return Some(elements);
            }
            if !self.eats(",") {
                return None;
            }
        }
    }

    fn number(&mut self) -> Option<String> {
        let length = self.rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
        let (number, rest) = self.rest.split_at(length.unwrap_or(self.rest.len()));
        self.rest = rest;
        let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
        let unsigned = number.strip_prefix('-').unwrap_or(number);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
        let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
        let good = digits(whole)
            && (whole == "0" || !whole.starts_with('0'))
            && fraction.is_none_or(digits)
            && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
        good.then(|| number.to_owned())
    }

    fn string(&mut self) -> Option<String> {
        // The end is the first quotation mark after an even number of backslashes.
        let inner = self.rest.strip_prefix('"')?;
        let ends = |at: usize| inner[..at].chars().rev().take_while(|c| *c == '\\').count() % 2 == 0;
        let end = inner.match_indices('"').map(|(at, _)| at).find(|at| ends(*at))?;
        self.rest = &inner[end + 1..];
        unescaped(&inner[..end])
    }
}
