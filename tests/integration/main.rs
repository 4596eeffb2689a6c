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

mod aws;
mod corpora;
mod events;
mod key_host;
mod keys;
mod kms;
mod log;
mod proxy;
mod world;

mod advertised;
mod assertions;
mod audit;
mod batch;
mod bearers;
mod callers;
mod certificates;
mod confidentiality;
mod conformance;
mod corpora_form;
mod corpora_signatures;
mod corrupt_items;
mod cors;
mod dev_server;
mod form;
mod iam_callers;
mod jwt_access_tokens;
mod jwt_encoding;
mod jwt_signatures;
mod key_sets;
mod key_snapshots;
mod logs;
mod marks;
mod metadata;
mod minimization;
mod operator;
mod outages;
mod policy;
mod profiles;
mod refusals;
mod response_members;
mod revocation;
mod secrets;
mod signed_responses;
mod signing_cool_down;
mod signing_keys;
mod strangers;
mod tidy;
mod transport;
mod verdicts;
