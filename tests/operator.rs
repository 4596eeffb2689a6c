//! The operator's tool, run as it is installed, over an engine on a loopback port.

#![cfg(test)]
#![allow(clippy::indexing_slicing, reason = "an index that misses fails the test, as it should")]
#![allow(dead_code, reason = "what the modules below share with the other tests is not all used here")]

#[path = "../examples/dev/engine.rs"]
mod engine;
#[path = "integration/key_host.rs"]
mod key_host;
#[path = "integration/keys.rs"]
mod keys;
#[path = "integration/proxy.rs"]
mod proxy;
#[path = "../examples/dev/signer.rs"]
mod signer;
#[path = "integration/world.rs"]
mod world;

#[path = "operator/mod.rs"]
mod operator;
