//! `cargo xtask deploy-web`: the web UI's files, which `sam deploy` does not upload.

use std::path::Path;

use anyhow::Result;

use super::Account;
use crate::setup::{self, Need};
use crate::{command, web, workspace};

/// Builds the web UI and uploads it to a stack.
pub(crate) fn run(account: &Account, stack: &str) -> Result<()> {
    setup::ensure(&[Need::Python, Need::Node])?;
    web::build_when_stale()?;
    upload(account, stack, &workspace::web().join("dist"))
}

fn upload(account: &Account, stack: &str, folder: &Path) -> Result<()> {
    command::run(account.client("python").args(["xtask/python/upload.py", stack]).arg(folder))
}
