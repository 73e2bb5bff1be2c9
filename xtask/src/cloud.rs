//! `cargo xtask cloud-test`: the SAM template with the real binaries on an emulator of AWS that enforces
//! IAM, used as a browser would use it.

mod account;
mod client;
mod deploy;
mod emulator;
mod scenario;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::background::{Background, tail, url_in};
use crate::{command, workspace};

/// The steps so far, each with the time at which it began.
pub(crate) struct Progress(Instant);

impl Progress {
    pub(crate) fn step(&self, what: &str) {
        let seconds = self.0.elapsed().as_secs();
        println!("cloud-test {:>2}:{:02}  {what}", seconds / 60, seconds % 60);
    }
}

/// Runs the whole test. Whatever happens, nothing that it started stays.
pub(crate) async fn run() -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("the emulator runs the functions as programs of this machine, and they are Linux programs: use Linux");
    }
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
        result = test(&progress, &folder) => result,
    };
    match &result {
        Ok(()) => progress.step("passed"),
        Err(_) => print_logs(&folder)?,
    }
    result
}

async fn test(progress: &Progress, folder: &Path) -> Result<()> {
    deploy::build(progress, folder)?;

    progress.step("start the market server, which stands in for Yahoo");
    let (_market, market_url) = start_market(folder)?;

    progress.step("start the emulator, with IAM enforced");
    let emulator = emulator::Emulator::start(folder).await?;

    let result = scenario::run(progress, folder, &emulator, &market_url).await;
    // Fetched while the emulator still runs; a failure of theirs must not hide the test's.
    if let Err(error) = emulator.save_function_logs(folder) {
        eprintln!("the functions' logs cannot be read: {error:#}");
    }
    result
}

fn start_market(folder: &Path) -> Result<(Background, String)> {
    command::run(command::cargo().args(["build", "--quiet", "--package", "quickstocks-market"]))?;
    let mut program = std::process::Command::new(workspace::debug_binary("quickstocks-market"));
    program.args(["--listen", "127.0.0.1:0"]);
    let mut market = Background::start("quickstocks-market", &mut program, Stdio::null(), &folder.join("market.log"))?;
    let url = market.wait_for_line(Duration::from_secs(30), url_in)?;
    Ok((market, url))
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
