//! The three tables over the network. Beside `signer` the one place that names the AWS SDK.

mod dynamodb;
mod operator;

pub use self::{
    dynamodb::{Store, cause_of, configuration},
    operator::{Change, Connection, Creation, Failure, Operator, TimeToLive},
};

/// The store did not say all that was asked of it, so nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;
