//! Instructions, counted by valgrind: they do not depend on what else the machine does.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{process::exists, target};

/// Whether instructions can be counted. Says so if not.
pub fn available() -> bool {
    let available = exists("valgrind");
    if !available {
        println!("SKIPPED: instruction counts, because valgrind is not installed");
    }
    available
}

/// The command line of valgrind before a program's own, and the file with what it says.
pub fn valgrind(name: &str) -> (Command, PathBuf) {
    let log = target().join(format!("bench-{name}.valgrind"));
    let mut command = Command::new("valgrind");
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    command.arg(format!("--log-file={}", log.display()));
    (command, log)
}

/// The instructions in what valgrind says.
pub fn read(log: &Path) -> i64 {
    let text = fs::read_to_string(log).unwrap();
    let line = text.lines().find(|line| line.contains(" refs:")).expect("valgrind counted");
    let digits: String = line.split(" refs:").nth(1).unwrap().chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}
