//! The same endpoint in Go, Node.js and Python, from their own package registries, with pinned versions.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{handler::Handler, process::exists, root, target};

/// Those whose toolchain is here. A line says which are not.
pub fn all() -> Vec<Handler> {
    let folder = target().join("bench");
    fs::create_dir_all(&folder).unwrap();
    [("Go", go(&folder)), ("Node.js", node(&folder)), ("Python", python(&folder))]
        .into_iter()
        .filter_map(|(name, built)| match built {
            Ok(handler) => Some(handler),
            Err(why) => {
                println!("SKIPPED: the handler in {name}, because {why}");
                None
            }
        })
        .collect()
}

fn source(name: &str) -> PathBuf {
    root().join("crates/bench/rivals").join(name)
}

fn step(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    let program = command.get_program().to_string_lossy();
    Err(format!("`{program}` failed: {}", last.trim()))
}

fn needs(command: &str) -> Result<(), String> {
    if exists(command) { Ok(()) } else { Err(format!("{command} is not installed")) }
}

fn handler(name: &'static str, program: PathBuf, arguments: Vec<String>, deployed: PathBuf) -> Handler {
    Handler { name, program, arguments, settings: &[], deployed, is_native: false, introspects: true }
}

fn go(folder: &Path) -> Result<Handler, String> {
    needs("go")?;
    let program = folder.join("go-handler");
    let mut build = Command::new("go");
    build.current_dir(source("go")).args(["build", "-trimpath", "-tags", "lambda.norpc", "-ldflags=-s -w", "-o"]);
    step(build.arg(&program).arg(".").env("CGO_ENABLED", "0"))?;
    Ok(handler("Go", program.clone(), Vec::new(), program))
}

fn node(folder: &Path) -> Result<Handler, String> {
    needs("node")?;
    needs("npm")?;
    let folder = folder.join("node");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    for file in ["package.json", "package-lock.json", "main.mjs"] {
        fs::copy(source("node").join(file), folder.join(file)).map_err(|error| error.to_string())?;
    }
    step(Command::new("npm").current_dir(&folder).args(["ci", "--omit=dev", "--no-audit", "--no-fund"]))?;
    let main = folder.join("main.mjs").display().to_string();
    Ok(handler("Node.js", "node".into(), vec![main], folder))
}

fn python(folder: &Path) -> Result<Handler, String> {
    needs("python3")?;
    let folder = folder.join("python");
    let program = folder.join("bin/python");
    if !program.exists() {
        step(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    let requirements = source("python").join("requirements.txt");
    step(Command::new(&program).args(["-m", "pip", "install", "--quiet", "-r"]).arg(requirements))?;
    let main = source("python").join("main.py").display().to_string();
    Ok(handler("Python", program, vec![main], folder.join("lib")))
}
