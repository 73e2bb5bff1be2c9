//! `cargo xtask deploy-web`: the web UI's files, which `sam deploy` does not upload.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::setup::{self, Need};
use crate::{command, web, workspace};

/// Builds the web UI and uploads it to a stack of the AWS account that the environment names.
pub(crate) fn run(stack: &str) -> Result<()> {
    setup::ensure(&[Need::Python, Need::Node])?;
    web::build_when_stale()?;
    upload(command::venv("python"), stack, &workspace::web().join("dist"))
}

/// Uploads a folder; `python` is the Python environment's own, as the AWS user that may do it.
pub(crate) fn upload(mut python: Command, stack: &str, folder: &Path) -> Result<()> {
    command::run(python.args(["xtask/python/upload.py", stack]).arg(folder))
}
