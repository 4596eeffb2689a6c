//! The in-process part of the benchmark, and the tokens of both parts. A case is requests, the records that their reads find,
//! and how they must end. Also, whether comparisons take constant time.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails here fails the measurement, as it should"
)]

mod case;
mod dudect;
mod growth;
mod line;
pub mod signing;
mod table;
pub mod tokens;
mod world;

pub use self::{
    case::{Case, Requests, cases, event, secret_record},
    dudect::{Difference, compare},
    growth::{SIZES, grown},
    line::answer,
    signing::{AUDIENCE, NOW},
    table::Table,
    tokens::Tokens,
    world::{JWKS, World},
};
