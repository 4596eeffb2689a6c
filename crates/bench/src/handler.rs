//! A handler under measurement: how it is started, and what its size is.

use std::{path::PathBuf, process::Command};

/// A program that answers Lambda's events.
pub struct Handler {
    pub name: &'static str,
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// Variables of its own.
    pub settings: &'static [(&'static str, &'static str)],
    /// What is deployed: a file or a folder.
    pub deployed: PathBuf,
    /// A program of Rust, whose instructions valgrind counts.
    pub is_native: bool,
    /// Whether it answers as the function does.
    pub introspects: bool,
}

impl Handler {
    /// A release binary of this workspace.
    pub fn rust(name: &'static str, binary: &str, introspects: bool) -> Self {
        let program = crate::target().join("release").join(binary);
        let (arguments, settings) = (Vec::new(), &[][..]);
        Self { name, deployed: program.clone(), program, arguments, settings, is_native: true, introspects }
    }

    /// The size of what is deployed, compressed, in megabytes.
    pub fn compressed(&self) -> Option<f64> {
        let parent = self.deployed.parent()?;
        let name = self.deployed.file_name()?.to_str()?;
        let script = r#"tar -C "$1" -cf - "$2" | gzip -9 | wc -c"#;
        let output = Command::new("sh").args(["-c", script, "sh"]).arg(parent).arg(name).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse::<f64>().ok().map(|bytes| bytes / 1e6)
    }
}
