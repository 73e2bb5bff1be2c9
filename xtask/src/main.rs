//! Development tasks, run as `cargo xtask TASK`.
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on stdout")]

mod background;
mod cloud;
mod command;
mod deploy_web;
mod e2e;
mod fuzz;
mod run;
mod setup;
mod template;
mod test;
mod tidy;
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
    CloudTest,
    /// Ask Yahoo Finance whether what the client relies on still holds; `--help` tells the arguments.
    #[command(disable_help_flag = true)]
    YahooCheck {
        /// Arguments of the check.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Build the web UI and upload it to a stack that `sam deploy` made.
    DeployWeb {
        /// The stack's name.
        #[arg(long, default_value = "quickstocks")]
        stack_name: String,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Run { args } => run::run(&args),
        Task::Setup => setup::all(),
        Task::Test(options) => test::run(&options),
        Task::Tidy => tidy::run(),
        Task::YahooCheck { args } => run::yahoo_check(&args),
        Task::DeployWeb { stack_name } => deploy_web::run(&stack_name),
        Task::CloudTest => setup::ensure(&[setup::Need::Python]).and_then(|()| test::cloud()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
