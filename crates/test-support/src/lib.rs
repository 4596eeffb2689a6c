//! What the tests and the dev server need to run the service: an engine instead of DynamoDB, issuers' keys, demo data,
//! and a [`world::World`] in which a test asks about tokens.
//!
//! With the feature `redis`, each world has a Redis server for its tokens.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what misses or fails in a test fails the test, as it should"
)]
#![allow(
    clippy::missing_errors_doc,
    clippy::return_self_not_must_use,
    reason = "the callers are tests, which unwrap and chain"
)]

pub mod answer;
pub mod audit;
pub mod certificates;
pub mod demo;
pub mod engine;
pub mod key_host;
pub mod key_site;
pub mod keys;
pub mod leaks;
pub mod log;
pub mod pages;
pub mod plan;
pub mod providers;
pub mod proxy;
#[cfg(feature = "redis")]
pub mod redis_server;
#[cfg(feature = "redis")]
pub mod redis_tap;
pub mod server;
pub mod signer;
pub mod slow;
pub mod tables;
pub mod time;
#[cfg(not(feature = "redis"))]
pub mod tokens_in_dynamodb;
#[cfg(feature = "redis")]
pub mod tokens_in_redis;
pub mod world;
pub mod wrong_settings;

/// The client library of the tests' own connections, for crates that do not depend on it.
#[cfg(feature = "redis")]
pub use redis;
#[cfg(not(feature = "redis"))]
pub use tokens_in_dynamodb as tokens;
#[cfg(feature = "redis")]
pub use tokens_in_redis as tokens;
