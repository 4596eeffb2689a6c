//! Instructions, counted by valgrind: they do not depend on what else the machine does.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Once,
    thread,
};

use crate::{process::exists, target, tokens};

/// Both numbers of repetitions include what a process does once, so their difference does not.
const REPETITIONS: (i64, i64) = (20, 120);

/// Whether instructions can be counted. Says so once if not.
pub fn available() -> bool {
    static SAID: Once = Once::new();
    let available = exists("valgrind");
    if !available {
        SAID.call_once(|| println!("SKIPPED: instruction counts, because valgrind is not installed"));
    }
    available
}

/// The command line of valgrind before a program's own, and the file with its report.
pub fn valgrind(name: &str) -> (Command, PathBuf) {
    let log = target().join(format!("bench/{name}.valgrind"));
    let mut command = Command::new("valgrind");
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    command.arg(format!("--log-file={}", log.display()));
    (command, log)
}

/// The instructions in valgrind's report.
pub fn read(log: &Path) -> i64 {
    let text = fs::read_to_string(log).unwrap();
    let line = text.lines().find(|line| line.contains(" refs:")).expect("valgrind counted");
    let digits: String = line.split(" refs:").nth(1).unwrap().chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

/// The instructions of one repetition of what these arguments of the in-process part repeat.
pub fn of_one(arguments: &[&str]) -> i64 {
    let (few, many) = thread::scope(|scope| {
        let few = scope.spawn(|| repeated(arguments, REPETITIONS.0));
        let many = repeated(arguments, REPETITIONS.1);
        (few.join().unwrap(), many)
    });
    (many - few) / (REPETITIONS.1 - REPETITIONS.0)
}

fn repeated(arguments: &[&str], times: i64) -> i64 {
    let (mut command, log) = valgrind(&format!("repeated-{times}"));
    command.arg(target().join("release/in-process")).env(tokens::VARIABLE, tokens::file());
    let status = command.args(arguments).arg(times.to_string()).status().unwrap();
    assert!(status.success(), "{arguments:?}: valgrind failed");
    read(&log)
}
