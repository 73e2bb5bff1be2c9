//! Requests made from the API's own document, sent to the running system: none may be answered with 5xx, with what the document does not
//! say, or with a success where the document forbids what was sent.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::background::{Background, url_in};
use crate::{command, workspace};

/// A debug build on a busy machine, with an empty data directory.
const START: Duration = Duration::from_mins(1);

/// How many requests are made of each operation in the phases that make them by chance. The seed is the same in each run: a change is
/// not held up by what another one would have met.
const EXAMPLES: &str = "40";
const SEED: &str = "1";

/// Starts quickstocks-local on the simulated market, without limits, and fuzzes its API.
pub(crate) fn run() -> Result<()> {
    command::run(command::cargo().args(["build", "--package", "quickstocks-local"]))?;
    let folder = tempfile::tempdir().context("cannot make a data directory")?;
    let mut program = Command::new(workspace::debug_binary("quickstocks-local"));
    program
        .args(["--source", "demo", "--tick-seconds", "2", "--listen", "127.0.0.1:0", "--no-web", "--no-rate-limits"])
        .arg("--data-dir")
        .arg(folder.path());
    let log = folder.path().join("quickstocks-local.log");
    let mut local = Background::start("quickstocks-local", &mut program, Stdio::null(), &log)?;
    let url = local.wait_for_line(START, |line| line.starts_with("QuickStocks is at").then(|| url_in(line)).flatten())?;
    let origin = url.trim_end_matches('/').to_owned();

    let python = workspace::root().join("xtask/python");
    let fuzzed = command::run(
        Command::new(workspace::programs_of(&workspace::fuzz_venv()).join("schemathesis"))
            .current_dir(folder.path())
            .arg("--config-file")
            .arg(python.join("schemathesis.toml"))
            .args(["run", &format!("{origin}/api/v1/openapi.json"), "--checks", "all", "--no-color"])
            .args(["--seed", SEED, "--max-examples", EXAMPLES])
            .env("SCHEMATHESIS_HOOKS", "fuzz_hooks")
            .env("PYTHONPATH", &python)
            .env("QUICKSTOCKS_ORIGIN", &origin),
    );
    local.check_alive()?;
    if fuzzed.is_err() {
        println!("---- the end of quickstocks-local's output ----\n{}", local.tail());
    }
    fuzzed
}
