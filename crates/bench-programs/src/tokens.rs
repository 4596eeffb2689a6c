//! The tokens that the program `tokens` has signed before the measurement.

use std::{collections::HashMap, fs};

/// The variable with the path of their file.
const FILE: &str = "BENCH_TOKENS";
const OPAQUE: &str = "b3BhcXVlLXRva2VuLW9mLXRoZS1iZW5jaG1hcms";
const OPAQUE_EXPIRED: &str = "ZXhwaXJlZC1vcGFxdWUtdG9rZW4tb2YtdGhlLWI";
const GARBAGE: &str = "eyJhbGciOiJub25lIn0.bm90IGEgdG9rZW4.x";

/// Tokens by what they are.
pub struct Tokens(HashMap<String, Vec<String>>);

impl Tokens {
    /// Reads the file that the environment names.
    pub fn read() -> Self {
        let text = fs::read_to_string(std::env::var(FILE).expect(FILE)).unwrap();
        let mut tokens: HashMap<String, Vec<String>> = HashMap::new();
        let fixed = [("opaque", OPAQUE), ("opaque expired", OPAQUE_EXPIRED), ("garbage", GARBAGE)];
        for (what, token) in text.lines().filter_map(|line| line.split_once('\t')).chain(fixed) {
            tokens.entry(what.to_owned()).or_default().push(token.to_owned());
        }
        Self(tokens)
    }

    /// All that are this.
    pub fn all(&self, what: &str) -> &[String] {
        self.0.get(what).unwrap_or_else(|| panic!("there is no token for {what}"))
    }

    /// The first that is this.
    pub fn one(&self, what: &str) -> &str {
        &self.all(what)[0]
    }
}
