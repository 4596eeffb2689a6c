//! The tests that need only cargo: a call goes in, a response comes out, and the store behind it is a
//! DynamoDB-compatible engine on a loopback port. The name of a test or of its case carries the ids of the
//! conformance statements that it shows.
//!
//! With the feature `redis`, the same tests run over the second token store and need a Redis server, except the few
//! tests of DynamoDB's own behaviour. `redis_store`, `redis_canary` and `redis_fitness` test the behaviour of Redis.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a missing item or an error fails the test, as it should"
)]
#![cfg_attr(
    feature = "redis",
    allow(unused_imports, dead_code, reason = "some of it is only for tests of DynamoDB's requests")
)]

use test_support::{
    demo, engine, key_host, key_site, keys, log, providers, proxy, server, signer, time, tokens, world,
};
#[cfg(feature = "redis")]
use test_support::{redis_server, redis_tap};

mod aws;
mod english;
mod events;
mod faults;
mod kms;
mod line;

mod advertised;
mod assertions;
mod audit;
mod authorizer;
mod batch;
mod bearers;
mod callers;
mod certificates;
mod checklists;
mod confidentiality;
mod conformance;
mod corpora;
mod cors;
#[cfg(not(feature = "redis"))]
mod cost;
mod data_model;
mod deadlines;
mod decision_records;
mod dependencies_page;
mod dev_server;
mod docs;
mod event_members;
mod forged;
mod form;
mod front_door;
mod head;
mod hostile;
mod hot_records;
mod iam_callers;
mod issuers;
mod jwt_access_tokens;
mod jwt_encoding;
mod jwt_signatures;
mod key_fetches;
mod key_leases;
mod key_sets;
mod key_shapes;
mod key_snapshots;
mod key_tls;
mod logs;
mod mark_writes;
mod marks;
mod metadata;
mod minimization;
mod notices;
mod outages;
mod pauses;
mod policy;
mod profiles;
mod proofs;
mod public_clients;
mod read_consistency;
mod reasons;
#[cfg(feature = "redis")]
mod redis_canary;
#[cfg(feature = "redis")]
mod redis_canary_starts;
#[cfg(feature = "redis")]
mod redis_fitness;
#[cfg(feature = "redis")]
mod redis_store;
// Its items are in one engine.
#[cfg(not(feature = "redis"))]
mod reference;
mod refusals;
mod response_members;
mod revocation;
mod revocation_keys;
mod secret_settings;
mod secrets;
mod settings_page;
mod signed_responses;
mod signing_cool_down;
mod signing_keys;
mod tidy;
mod transport;
mod unauthenticated;
mod verdicts;
