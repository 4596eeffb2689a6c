//! The in-process part of the benchmark: a case is a request, the items that its one read finds, and how it must end.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what fails here fails the measurement, as it should"
)]

mod case;
mod line;
mod world;

pub use self::{
    case::{Case, cases},
    line::answer,
    world::World,
};
