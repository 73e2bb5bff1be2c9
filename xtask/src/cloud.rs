//! `cargo xtask cloud-test`: the SAM template with the real binaries on an emulator of AWS that enforces
//! IAM, used as a browser would use it.

mod account;
mod alerts;
mod browser;
mod deploy;
mod doors;
mod emulator;
mod front;
mod market;
mod policies;
mod prices;
mod scenario;
mod troubles;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::background::tail;
use crate::setup::{self, Need};
use crate::workspace;

/// The steps so far, each with the time at which it began.
pub(crate) struct Progress(Instant);

impl Progress {
    pub(crate) fn step(&self, what: &str) {
        let seconds = self.0.elapsed().as_secs();
        println!("cloud-test {:>2}:{:02}  {what}", seconds / 60, seconds % 60);
    }
}

/// Runs the whole test. Whatever happens, nothing that it started stays.
pub(crate) async fn run(no_build: bool) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("the emulator runs the functions as programs of this machine, and they are Linux programs: use Linux");
    }
    setup::ensure(&[Need::Python, Need::Node, Need::Browser])?;
    let folder = workspace::target().join("cloud-test");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(folder.join("tmp"))?;

    let progress = Progress(Instant::now());
    // Dropping the test's future ends its servers, so an interruption leaves nothing behind either.
    let result = tokio::select! {
        biased; // the signals are listened to before the first step
        signal = interruption() => signal.and_then(|name| bail!("interrupted ({name})")),
        result = test(&progress, &folder, no_build) => result,
    };
    match &result {
        Ok(()) => progress.step("passed"),
        Err(_) => print_logs(&folder)?,
    }
    result
}

async fn test(progress: &Progress, folder: &Path, no_build: bool) -> Result<()> {
    progress.step("start the market server, which stands in for Yahoo");
    let market = market::Market::start(folder)?;

    progress.step("start the emulator, with IAM enforced");
    let emulator = emulator::Emulator::start(folder).await?;

    let result = Box::pin(scenario::run(progress, folder, &emulator, &market, no_build)).await;
    // Fetched while the emulator still runs; a failure of theirs must not hide the test's.
    if let Err(error) = emulator.save_function_logs(folder) {
        eprintln!("the functions' logs cannot be read: {error:#}");
    }
    result
}

/// Ctrl-C, or the signal by which a CI system ends a job.
async fn interruption() -> Result<&'static str> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok("SIGTERM"),
            interrupt = tokio::signal::ctrl_c() => interrupt.map(|()| "Ctrl-C").context("cannot wait for Ctrl-C"),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map(|()| "Ctrl-C").context("cannot wait for Ctrl-C")
}

fn print_logs(folder: &Path) -> Result<()> {
    let mut logs: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "log"))
        .collect();
    logs.sort();
    for log in logs {
        println!("\n---- the end of {} ----\n{}", log.display(), tail(&log));
    }
    println!();
    Ok(())
}
