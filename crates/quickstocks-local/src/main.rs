//! `quickstocks-local`: QuickStocks on one machine.

use std::process::ExitCode;

use clap::Parser;
use quickstocks_boot::{LogFormat, init_tracing};
use quickstocks_core::model::SourceKind;
use quickstocks_local::{Command, DATABASE, Options, make_data_folder, start};
use quickstocks_sqlite::{back_up, restore};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let format = match options.log_format {
        quickstocks_local::LogFormat::Text => LogFormat::Text,
        quickstocks_local::LogFormat::Json => LogFormat::Json,
    };
    init_tracing(format, &options.log_level);
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the address is this program's answer; logs go to standard error")]
async fn run(options: &Options) -> anyhow::Result<()> {
    match &options.command {
        Some(Command::Backup { file, data_dir }) => {
            let bytes = back_up(&data_dir.join(DATABASE), file)?;
            println!("{} has {} KB", file.display(), bytes.div_ceil(1024));
            return Ok(());
        }
        Some(Command::Restore { file, data_dir }) => {
            make_data_folder(data_dir)?;
            if let Some(replaced) = restore(file, &data_dir.join(DATABASE))? {
                println!("The data that was there is now {}; remove it when you no longer need it.", replaced.display());
            }
            println!("{} is in place: start QuickStocks again.", file.display());
            return Ok(());
        }
        None => {}
    }
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let running = start(options).await?;
    println!("QuickStocks is at {}", running.url());
    match options.source()?.kind() {
        SourceKind::Simulated => {
            println!("The market is simulated: these prices are made up. --source yahoo polls Yahoo Finance, for personal use.");
        }
        SourceKind::Replay => println!("Prices are recorded answers of Yahoo Finance."),
        SourceKind::Yahoo => println!("Prices come from Yahoo Finance, for personal use only; do not pass them on."),
    }
    if let Some(market) = &running.market_url {
        println!("The market server is at {market}");
    }
    if let Some(code) = &running.invitation {
        println!("An invitation for one guest, good for two weeks: {code}");
    }
    println!("Press Ctrl-C to stop.");
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    println!("Stopping.");
    tokio::select! {
        stopped = running.stop() => stopped,
        _ = interrupt.recv() => anyhow::bail!("stopped at once, at the second Ctrl-C"),
    }
}
