//! A reference model of the decision, and tests that compare it with the service on random requests, items, tokens, key
//! sets and clocks.

mod compare;
mod differential;
mod drive;
mod generate;
mod model;
mod reasons;
mod run;
