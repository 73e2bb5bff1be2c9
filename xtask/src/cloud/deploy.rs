//! Deploying and removing, by the very commands that an operator types.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::emulator::Emulator;
use super::scenario::STACK;

/// This machine's processor, as the template's parameter names it: the emulator runs the functions here.
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };

/// Runs `cargo xtask deploy` and answers the stack's outputs. Parameters that are not given stay as they are.
pub(super) fn deploy(emulator: &Emulator, url: &str, options: &[&str], parameters: &[(&str, &str)]) -> Result<Value> {
    let mut xtask = xtask(emulator)?;
    xtask.args(["deploy", "--url", url]).args(options);
    for (name, value) in parameters {
        xtask.args(["--parameter", &format!("{name}={value}")]);
    }
    said(&mut xtask)?;
    emulator.ask(&["outputs", STACK])
}

/// The parameter for this machine's processor.
pub(super) fn for_this_machine() -> (&'static str, &'static str) {
    ("Architecture", ARCHITECTURE)
}

/// Runs `cargo xtask destroy`; answers what it said.
pub(super) fn destroy(emulator: &Emulator) -> Result<String> {
    said(xtask(emulator)?.args(["destroy", "--yes"]))
}

/// Somebody without any permission is told which one is missing; somebody without credentials, that these are.
pub(super) fn refusals(emulator: &Emulator) -> Result<()> {
    let keys = emulator.ask(&["newcomer"])?;
    let key = |name: &str| keys[name].as_str().with_context(|| format!("the newcomer has no {name}"));
    let mut newcomer = xtask(emulator)?;
    newcomer.args(["deploy", "--no-build"]);
    newcomer.env("AWS_ACCESS_KEY_ID", key("id")?).env("AWS_SECRET_ACCESS_KEY", key("secret")?);
    refused(&mut newcomer, "not authorized to perform: cloudformation:DescribeStacks")?;

    let mut nobody = xtask(emulator)?;
    nobody.args(["smoke"]).env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    // Otherwise it would look for a profile of whoever runs this test, or for a role of the machine.
    nobody
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    refused(&mut nobody, "there are no AWS credentials: set AWS_PROFILE")?;

    refused(xtask(emulator)?.args(["deploy", "--parameter", "AlarmMail=a@b"]), "the template has no parameter \"AlarmMail\"")?;
    let mut elsewhere = xtask(emulator)?;
    refused(elsewhere.args(["smoke", "--stack-name", "another"]), "there is no stack another")
}

fn refused(command: &mut Command, sentence: &str) -> Result<()> {
    let error = said(command).err().context("a command that cannot work succeeded")?.to_string();
    ensure!(error.contains(sentence), "it is not told that {sentence:?}:\n{error}");
    Ok(())
}

fn xtask(emulator: &Emulator) -> Result<Command> {
    let mut xtask = Command::new(std::env::current_exe().context("this program does not know where it is")?);
    emulator.address(&mut xtask);
    Ok(xtask)
}

/// Runs a command whose output only matters when it fails, or to be looked at.
fn said(command: &mut Command) -> Result<String> {
    let is_stack = |arg: &std::ffi::OsStr| arg == "--stack-name";
    if !command.get_args().any(is_stack) {
        command.args(["--stack-name", STACK]);
    }
    let output = command.output().context("cannot start xtask")?;
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    if !output.status.success() {
        let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        bail!("cargo xtask {} failed:\n{text}", args.join(" "));
    }
    Ok(text)
}
