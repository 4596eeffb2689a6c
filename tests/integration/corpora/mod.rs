//! A suite of its own: public vectors that are not part of this project, read from the folder that `CORPORA_DIR` names.
//! `cargo test` leaves it out; CONTRIBUTING.md has its command.

mod events;
mod form;
mod signatures;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// A file of that folder.
fn read(file: &str) -> Value {
    let folder = env::var_os("CORPORA_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"), PathBuf::from);
    let path = folder.join(file);
    let content = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} cannot be read (CORPORA_DIR names its folder): {error}", path.display()));
    serde_json::from_str(&content).unwrap()
}
