//! The tests that need nothing but cargo: a call goes in, a response comes out, and the store behind it is a
//! DynamoDB-compatible engine on a loopback port. The name of a test or of its case carries the ids of the
//! conformance statements that it shows.

#![allow(clippy::indexing_slicing, reason = "an index that misses fails the test, as it should")]

#[path = "../../examples/dev/engine.rs"]
mod engine;
#[path = "../../examples/dev/signer.rs"]
mod signer;

mod key_host;
mod keys;
mod proxy;
mod world;

mod smoke;
