//! The built web UI in a browser, against the deployed system.

use std::process::Command;

use anyhow::Result;

use super::scenario::World;
use crate::{command, setup, workspace};

pub(super) fn run(world: &World<'_>) -> Result<()> {
    world.progress.step("the web UI in a browser: follows, hears of prices, comes back");
    let browser = setup::browser()?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-timeout=300000", "e2e/cloud/stack.test.mjs"])
        .current_dir(workspace::web())
        .env("QUICKSTOCKS_URL", &world.front.url)
        .env("QUICKSTOCKS_MARKET_URL", &world.market.url)
        .env("CHROMIUM_PATH", &browser);
    command::output(&mut node).map(drop)
}
