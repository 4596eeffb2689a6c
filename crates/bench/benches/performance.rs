//! `cargo bench`: see docs/performance.md.

use std::process::ExitCode;

fn main() -> ExitCode {
    bench::run(std::env::args().skip(1))
}
