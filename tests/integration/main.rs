//! The tests that need nothing but cargo: a call goes in, a response comes out, and the store behind it is a
//! DynamoDB-compatible engine on a loopback port. The name of a test or of its case carries the ids of the
//! conformance statements that it shows.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what misses or fails in a test fails the test, as it should"
)]

#[path = "../../examples/dev/demo.rs"]
mod demo;
#[path = "../../examples/dev/engine.rs"]
mod engine;
#[path = "../../examples/dev/signer.rs"]
mod signer;

mod events;
mod key_host;
mod keys;
mod log;
mod proxy;
mod world;

mod advertised;
mod assertions;
mod audit;
mod bearers;
mod callers;
mod certificates;
mod confidentiality;
mod conformance;
mod corpora_form;
mod cors;
mod dev_server;
mod form;
mod iam_callers;
mod logs;
mod metadata;
mod operator;
mod profiles;
mod refusals;
mod revocation;
mod secrets;
mod smoke;
mod strangers;
mod tidy;
mod transport;
