//! `cargo xtask test`: everything that must hold before a change is merged, in stages.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::setup::{self, Need};
use crate::{command, e2e, fuzz, template, tidy, web};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run only this stage (may be given several times).
    #[arg(long, value_name = "STAGE")]
    only: Vec<Stage>,
    /// Leave this stage out (may be given several times).
    #[arg(long, value_name = "STAGE")]
    skip: Vec<Stage>,
}

/// A stage, in the order in which they run: what fails soonest comes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Stage {
    /// Formatting.
    Fmt,
    /// Lints, as errors.
    Clippy,
    /// Rules across the repository.
    Tidy,
    /// Licences and advisories, where cargo-deny is installed.
    Deny,
    /// The SAM template, as written and as transformed.
    Template,
    /// All Rust tests.
    Rust,
    /// Documentation, with warnings as errors.
    Doc,
    /// The API, with requests made from its own document.
    Fuzz,
    /// The web UI: types, tests, build, size.
    Web,
    /// The web UI in a browser, against the running system.
    E2e,
    /// The template deployed onto an emulator, and used.
    Cloud,
}

impl Stage {
    fn needs(self) -> &'static [Need] {
        match self {
            Self::Fmt | Self::Clippy | Self::Tidy | Self::Deny | Self::Doc => &[],
            Self::Template => &[Need::Python, Need::Checkov],
            Self::Rust => &[Need::Python],
            Self::Fuzz => &[Need::Fuzz],
            Self::Web => &[Need::Node],
            Self::Cloud => &[Need::Python, Need::Node, Need::Browser],
            Self::E2e => &[Need::Node, Need::Browser],
        }
    }

    fn run(self) -> Result<Outcome> {
        match self {
            // Names of files; the difference of a large change would hide everything else.
            Self::Fmt => cargo(&["fmt", "--all", "--", "--check", "--files-with-diff"]),
            Self::Clippy => cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]),
            Self::Tidy => tidy::run(),
            Self::Deny => {
                if command::find("cargo-deny").is_none() {
                    return Ok(Outcome::Skipped("cargo-deny is not installed"));
                }
                cargo(&["deny", "--workspace", "check"])
            }
            Self::Template => template::check(),
            Self::Rust => rust(),
            Self::Doc => command::run(
                command::cargo()
                    .args(["doc", "--workspace", "--no-deps", "--document-private-items"])
                    // Documented for those who read the code, so private items may be linked.
                    .env("RUSTDOCFLAGS", "--deny warnings --allow rustdoc::private_intra_doc_links"),
            ),
            // The build also checks the size of what is loaded first.
            Self::Web => ["check", "test", "build"].iter().try_for_each(|script| web::npm(&["run", script])),
            Self::Fuzz => fuzz::run(),
            Self::E2e => e2e::run(),
            Self::Cloud => cloud(false),
        }?;
        Ok(Outcome::Passed)
    }

    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

enum Outcome {
    Passed,
    Skipped(&'static str),
}

/// Runs the stages, up to the first that fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    let chosen = |stage: &Stage| (options.only.is_empty() || options.only.contains(stage)) && !options.skip.contains(stage);
    let stages: Vec<Stage> = Stage::value_variants().iter().copied().filter(chosen).collect();
    let begin = Instant::now();
    let mut summary = Vec::new();

    let needs: Vec<Need> = stages.iter().flat_map(|stage| stage.needs()).copied().collect();
    println!("==> setup: {needs:?}");
    setup::ensure(&needs)?;
    summary.push(format!("{:<9} {:>7}  ok", "setup", shown(begin.elapsed())));

    let mut failure = None;
    for (number, stage) in stages.iter().enumerate() {
        let name = stage.name();
        println!("\n==> [{}/{}] {name} (after {})", number + 1, stages.len(), shown(begin.elapsed()));
        let stage_begin = Instant::now();
        let outcome = stage.run();
        let result = match &outcome {
            Ok(Outcome::Passed) => "ok".to_owned(),
            Ok(Outcome::Skipped(why)) => format!("skipped: {why}"),
            Err(_) => "FAILED".to_owned(),
        };
        println!("<== {name}: {result} in {}", shown(stage_begin.elapsed()));
        summary.push(format!("{name:<9} {:>7}  {result}", shown(stage_begin.elapsed())));
        if let Err(error) = outcome {
            failure = Some(error.context(format!("stage {name} failed")));
            break;
        }
    }

    println!("\nSummary");
    for line in &summary {
        println!("  {line}");
    }
    println!("  {:<9} {:>7}  {}", "in all", shown(begin.elapsed()), if failure.is_some() { "FAILED" } else { "passed" });
    failure.map_or(Ok(()), Err)
}

/// The cloud test, in a runtime of its own.
pub(crate) fn cloud(no_build: bool) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the asynchronous runtime")?;
    runtime.block_on(crate::cloud::run(no_build))
}

fn cargo(args: &[&str]) -> Result<()> {
    command::run(command::cargo().args(args))
}

fn rust() -> Result<()> {
    if setup::nextest() {
        cargo(&["nextest", "run", "--workspace"])?;
        return cargo(&["test", "--workspace", "--doc"]);
    }
    println!("cargo-nextest is not installed: plain `cargo test` runs instead");
    cargo(&["test", "--workspace"])
}

/// Minutes and seconds.
fn shown(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_minutes_and_seconds() {
        assert_eq!(shown(Duration::from_millis(9_400)), "0:09");
        assert_eq!(shown(Duration::from_secs(754)), "12:34");
    }
}
