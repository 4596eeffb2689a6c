//! Test data that nobody of this project wrote, read from the folder that `CORPORA_DIR` names.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// A file of that folder; `None` where it is not there, which is said loudly, and is a failure in CI.
pub fn read(file: &str, test: &str) -> Option<Value> {
    let folder = env::var_os("CORPORA_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"), PathBuf::from);
    let path = folder.join(file);
    let Ok(content) = fs::read_to_string(&path) else {
        let message = format!("NOT RUN: {test} needs {} (CORPORA_DIR names the folder)", path.display());
        assert!(env::var_os("CI").is_none(), "{message}");
        // Standard error itself: what a passing test prints by `eprintln!` is never shown.
        let _ = writeln!(std::io::stderr(), "\n*** {message} ***\n");
        return None;
    };
    Some(serde_json::from_str(&content).unwrap())
}
