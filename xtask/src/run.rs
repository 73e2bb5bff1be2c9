//! `cargo xtask run`: the whole system on this machine.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::{command, web, workspace};

/// Builds what is stale and hands over to quickstocks-local.
pub(crate) fn run(args: &[OsString]) -> Result<()> {
    let has = |flag: &str| args.iter().filter_map(|arg| arg.to_str()).any(|arg| arg == flag);
    let asks_only = ["--help", "-h", "--version", "-V"].iter().any(|flag| has(flag));
    let own_web_dir = args.iter().filter_map(|arg| arg.to_str()).any(|arg| arg == "--web-dir" || arg.starts_with("--web-dir="));
    let serves_our_web = !asks_only && !own_web_dir;

    if serves_our_web {
        web::build_when_stale()?;
    }
    command::run(command::cargo().args(["build", "--package", "quickstocks-local"]))?;

    let mut local = Command::new(workspace::debug_binary("quickstocks-local"));
    if serves_our_web {
        local.arg("--web-dir").arg(workspace::web().join("dist"));
    }
    become_program(local.args(args))
}

/// Builds the check of Yahoo's contract and hands over to it.
pub(crate) fn yahoo_check(args: &[OsString]) -> Result<()> {
    command::run(command::cargo().args(["build", "--quiet", "--package", "quickstocks-yahoo", "--example", "yahoo-check"]))?;
    become_program(Command::new(workspace::debug_binary("examples/yahoo-check")).args(args))
}

/// Becomes the program, so that Ctrl-C, every other signal and the exit code are its own.
#[cfg(unix)]
fn become_program(program: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;

    let error = program.exec();
    Err(anyhow::Error::new(error).context("cannot start the program"))
}

#[cfg(not(unix))]
fn become_program(program: &mut Command) -> Result<()> {
    command::run(program)
}
