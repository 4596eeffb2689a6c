//! The tokens of a measurement, signed before it starts.

use std::{fs, path::PathBuf, process::Command};

use crate::target;

/// The variable with which the in-process part finds them.
pub const VARIABLE: &str = "BENCH_TOKENS";

/// Their file, with a token in each line, after what it is.
pub fn file() -> PathBuf {
    target().join("bench/tokens.tsv")
}

/// Signs them.
pub fn sign() {
    println!("signing the tokens");
    let output = Command::new(target().join("release/in-process")).arg("tokens").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::create_dir_all(target().join("bench")).unwrap();
    fs::write(file(), output.stdout).unwrap();
}

/// All RS256 tokens that are active. They differ only in their `jti`.
pub fn rs256() -> Vec<String> {
    let text = fs::read_to_string(file()).unwrap();
    text.lines().filter_map(|line| line.strip_prefix("RS256\t")).map(str::to_owned).collect()
}
