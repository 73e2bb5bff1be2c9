//! Development tasks, run as `cargo xtask TASK`.
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on stdout")]

mod background;
mod cloud;
mod command;
mod deploy;
mod destroy;
mod e2e;
mod fuzz;
mod run;
mod setup;
mod smoke;
mod template;
mod test;
mod tidy;
mod visitor;
mod web;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Development tasks of QuickStocks")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run the whole system on this machine; everything after `run` goes to quickstocks-local.
    #[command(disable_help_flag = true)]
    Run {
        /// Arguments of quickstocks-local, as `--source replay DIR`; `--help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Install what the tests need (Python tools under .tools, npm packages, a browser).
    Setup,
    /// Install what is needed and run every check and test.
    Test(test::Options),
    /// Check the rules that hold across the repository.
    Tidy,
    /// Deploy the SAM template onto an AWS emulator and use it as a browser would.
    CloudTest {
        /// Take the functions' packages of the last run.
        #[arg(long)]
        no_build: bool,
    },
    /// Ask Yahoo Finance whether what the client relies on still holds; `--help` tells the arguments.
    #[command(disable_help_flag = true)]
    YahooCheck {
        /// Arguments of the check.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Deploy everything into the AWS account that the environment's credentials name, and use it once.
    Deploy(deploy::Options),
    /// Build the web UI and upload it to a stack that is there.
    DeployWeb(deploy::Place),
    /// Use a deployed system once, as a new visitor would.
    Smoke(smoke::Options),
    /// Delete a stack, after saying what stays.
    Destroy(destroy::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Run { args } => run::run(&args),
        Task::Setup => setup::all(),
        Task::Test(options) => test::run(&options),
        Task::Tidy => tidy::run(),
        Task::YahooCheck { args } => run::yahoo_check(&args),
        Task::Deploy(options) => deploy::run(&options),
        Task::DeployWeb(place) => deploy::web::run(&place.account(), &place.stack_name),
        Task::Smoke(options) => smoke::with(&options),
        Task::Destroy(options) => destroy::run(&options),
        Task::CloudTest { no_build } => test::cloud(no_build),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
