//! `cargo bench --bench scale`: see docs/scale.md and docs/cost.md.

use std::process::ExitCode;

fn main() -> ExitCode {
    bench::scale(std::env::args().skip(1))
}
