//! What must hold for any input, one function for each target. libFuzzer calls them (`fuzz_targets/`), and so does an
//! ordinary test (`tests/smoke.rs`), so that a compiler without instrumentation is enough to run them.
//!
//! A property is a panic if it does not hold. Each one is written against a `Subject`, the code of the function that it
//! is about, so that the test can show that it fails with a wrong one.

pub mod credentials;
pub mod distinguished_name;
pub mod event;
pub mod form;
mod json;
pub mod key_set;
pub mod mutate;
pub mod settings;
pub mod stored_item;
pub mod token;
pub mod world;

/// Checks the properties of a target for one input.
pub type Check = fn(&[u8]);

/// Every target, by the name of its file in `fuzz_targets/` and of its folder in `seeds/`.
pub const TARGETS: [(&str, Check); 8] = [
    ("event", event::check),
    ("form", form::check),
    ("credentials", credentials::check),
    ("token", token::check),
    ("key_set", key_set::check),
    ("stored_item", stored_item::check),
    ("distinguished_name", distinguished_name::check),
    ("settings", settings::check),
];

/// An input in two parts, at its first line break. Without one, the second part is empty.
fn two_parts(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    (&data[..end], data.get(end + 1..).unwrap_or_default())
}
