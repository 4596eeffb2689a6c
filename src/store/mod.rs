//! The three tables over the network. Beside `signer` the one place that names the AWS SDK.

mod dynamodb;
mod operator;
mod replay;

pub use self::{
    dynamodb::{Store, cause_of, configuration},
    operator::{Change, Connection, Creation, Failure, Operator, TimeToLive},
    replay::FirstUse,
};

/// The store did not say all that was asked of it, so nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;
