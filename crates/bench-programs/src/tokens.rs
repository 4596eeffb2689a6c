//! The tokens of a measurement, which are signed before it, so that nothing is signed while it runs.

use std::{collections::HashMap, fs};

use crate::{growth::SIZES, signing::Signer};

/// How many are signed of RS256, of which the whole-function part takes new ones too, of each other algorithm, and of
/// each size.
const RS256: usize = 3600;
const OTHERS: usize = 400;
const SIZED: usize = 150;
/// The variable with the path of their file.
const FILE: &str = "BENCH_TOKENS";
const OPAQUE: &str = "b3BhcXVlLXRva2VuLW9mLXRoZS1iZW5jaG1hcms";
const OPAQUE_EXPIRED: &str = "ZXhwaXJlZC1vcGFxdWUtdG9rZW4tb2YtdGhlLWI";
const GARBAGE: &str = "eyJhbGciOiJub25lIn0.bm90IGEgdG9rZW4.x";

/// Signs the tokens, and prints them, each in a line after what it is.
pub fn print() {
    for (name, count) in [("RS256", RS256), ("PS256", OTHERS), ("ES256", OTHERS), ("EdDSA", OTHERS)] {
        let signer = Signer::new(name);
        (0..count).for_each(|number| println!("{name}\t{}", signer.active(number)));
        println!("{name} expired\t{}", signer.expired());
    }
    let signer = Signer::new("RS256");
    println!("bearer\t{}", signer.bearer());
    println!("assertion\t{}", signer.assertion());
    // Their signature is so short that half a kilobyte is enough.
    let signer = Signer::new("EdDSA");
    for bytes in SIZES.iter().filter(|(what, _)| *what == "token bytes").flat_map(|(_, sizes)| sizes.iter()) {
        (0..SIZED).for_each(|number| println!("{bytes} bytes\t{}", signer.of_size(*bytes, number)));
    }
}

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
