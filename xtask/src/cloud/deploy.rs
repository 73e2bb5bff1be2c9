//! Building and deploying, with the commands that a user would type.

use std::path::Path;
use std::process::Stdio;
use std::{fs, fs::File};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Progress;
use super::emulator::Emulator;
use crate::background::tail;
use crate::{command, workspace};

pub(crate) const STACK: &str = "quickstocks-test";

pub(crate) const FUNCTIONS: [&str; 4] = ["fetch-quotes", "dispatch", "api", "ws-connect"];

/// This machine's processor, as the template's parameter names it.
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };

/// The emulator runs the functions here, so the machine's own compiler will do; Zig is for building elsewhere.
const COMPILER: (&str, &str) = ("CARGO_LAMBDA_COMPILER", "cargo");

/// Builds the release binaries and packages them.
pub(crate) fn build(progress: &Progress, folder: &Path) -> Result<()> {
    progress.step("build the functions for release");
    let mut lambda = command::venv("cargo-lambda");
    lambda.args(["lambda", "build", "--release"]).env(COMPILER.0, COMPILER.1);
    if ARCHITECTURE == "arm64" {
        lambda.arg("--arm64");
    }
    for function in FUNCTIONS {
        lambda.args(["--bin", function]);
    }
    command::run(&mut lambda)?;

    progress.step("package them with `sam build`");
    let mut sam = command::venv("sam");
    sam.arg("build").arg("--build-dir").arg(folder.join("build"));
    sam.args(["--parameter-overrides", &format!("Architecture={ARCHITECTURE}")]).env(COMPILER.0, COMPILER.1);
    // It asks AWS nothing, yet wants to know where it would.
    logged(sam.env("AWS_DEFAULT_REGION", "us-east-1"), &folder.join("sam-build.log"))?;
    for function in FUNCTIONS {
        let size = fs::metadata(workspace::target().join("lambda").join(function).join("bootstrap"))
            .with_context(|| format!("cargo-lambda built no {function}"))?
            .len();
        progress.step(&format!("  {function}: {} KB", size / 1000));
    }
    Ok(())
}

/// Runs `sam deploy` and answers the stack's outputs.
pub(crate) fn deploy(emulator: &Emulator, folder: &Path, parameters: &[(&str, &str)]) -> Result<Value> {
    let mut sam = emulator.client("sam");
    sam.args(["deploy", "--stack-name", STACK, "--resolve-s3"]);
    sam.args(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]);
    sam.args(["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--template-file"]);
    sam.arg(folder.join("build/template.yaml")).arg("--parameter-overrides");
    sam.arg(format!("Architecture={ARCHITECTURE}")).arg("DataPolicy=Delete");
    sam.args(parameters.iter().map(|(name, value)| format!("{name}={value}")));
    logged(&mut sam, &folder.join("sam-deploy.log"))?;
    emulator.ask(&["outputs", STACK])
}

/// Runs a program whose output only matters when it fails.
fn logged(command: &mut std::process::Command, log: &Path) -> Result<()> {
    let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let status = command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).status();
    let name = command.get_program().to_string_lossy().into_owned();
    if !status.with_context(|| format!("cannot start {name}"))?.success() {
        bail!("{name} failed:\n{}", tail(log));
    }
    Ok(())
}
