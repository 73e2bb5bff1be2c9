//! `cargo xtask deploy`: the whole system into an AWS account, with nothing but its credentials.

mod account;
mod packages;
pub(crate) mod web;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

pub(crate) use account::{Account, Stack};

use crate::setup::{self, Need};
use crate::smoke;
use crate::template::Template;
use account::denied_actions;
use packages::Architecture;

/// Fewer functions at once than this, and a busy minute is throttled. AWS gives new accounts as few as 10.
const CONCURRENCY: u32 = 100;

/// The stack, and where it is.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// The stack's name.
    #[arg(long, default_value = "quickstocks")]
    pub(crate) stack_name: String,
    /// The AWS Region, if not the one that `AWS_REGION` or the profile names.
    #[arg(long)]
    region: Option<String>,
}

impl Place {
    pub(crate) fn account(&self) -> Account {
        Account::new(self.region.clone())
    }
}

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Place,
    /// A parameter of infra/template.yaml, as AlarmEmail=ops@example.com (may be given several times). A stack that is there keeps
    /// those that are not given.
    #[arg(long = "parameter", short, value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Deploy the packages of the last run.
    #[arg(long)]
    no_build: bool,
    /// Leave the web UI as it is.
    #[arg(long)]
    no_web: bool,
    /// Do not use the system afterwards to see that it works.
    #[arg(long)]
    no_smoke: bool,
    /// Where browsers reach the system, if not at the stack's own `WebUrl` (a proxy of your own in front of it).
    #[arg(long)]
    url: Option<String>,
}

/// Builds, deploys, uploads the web UI and uses the result once.
pub(crate) fn run(options: &Options) -> Result<()> {
    let parameters = read_parameters(&options.parameters, &Template::read()?)?;
    let stack_name = options.place.stack_name.as_str();
    setup::ensure(&[Need::Python])?;

    step("who deploys, and where to");
    let account = options.place.account();
    let identity = account.identity()?;
    println!("{} deploys {stack_name} into account {}, Region {}", identity.arn, identity.account, identity.region);
    if let Some(concurrency) = identity.concurrency.filter(|concurrency| *concurrency < CONCURRENCY) {
        println!(
            "note: this account may run {concurrency} functions at once, so ticks and requests are throttled soon; \
             ask for 1,000 in the Service Quotas console (Lambda, concurrent executions)"
        );
    }
    let before = account.stack(stack_name)?;
    if let Some(stack) = &before {
        can_change(stack_name, &stack.status)?;
    }
    let architecture = architecture(&parameters, before.as_ref())?;

    if !options.no_build {
        step(&format!("build the functions for {}", architecture.name()));
        packages::build(architecture)?;
    }
    for (function, bytes) in packages::check()? {
        println!("{function}: {} KB zipped", bytes / 1000);
    }

    step("deploy the template");
    sam_deploy(&account, stack_name, &parameters)?;
    let stack = account.existing_stack(stack_name)?;

    if options.no_web {
        println!("the web UI stays as it is");
    } else {
        step("upload the web UI");
        web::run(&account, stack_name)?;
    }
    if options.no_smoke {
        println!("not tried out");
    } else {
        step("use it once");
        smoke::run(&smoke::Site::of_stack(&stack, options.url.as_deref())?)?;
    }
    println!("\nQuickStocks is at {}", options.url.as_deref().map_or_else(|| stack.output("WebUrl"), Ok)?);
    Ok(())
}

fn step(what: &str) {
    println!("\n==> {what}");
}

/// The parameters, each of which the template must have.
fn read_parameters(given: &[String], template: &Template) -> Result<Vec<(String, String)>> {
    let known = template.parameters();
    given
        .iter()
        .map(|one| {
            let (name, value) = one.split_once('=').with_context(|| format!("{one:?} is not NAME=VALUE"))?;
            if !known.iter().any(|known| known == name) {
                bail!("the template has no parameter {name:?}; it has {}", known.join(", "));
            }
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// What the functions have to be built for: what is asked for, else what the stack is, else the template's default.
fn architecture(parameters: &[(String, String)], stack: Option<&Stack>) -> Result<Architecture> {
    const NAME: &str = "Architecture";
    let asked = parameters.iter().rev().find(|(name, _)| name == NAME).map(|(_, value)| value.as_str());
    let default = Template::read()?.default_of(NAME);
    let value = asked.or_else(|| stack?.parameter(NAME)).or(default.as_deref());
    Architecture::parse(value.context("the template has no default Architecture")?)
}

/// Fails, with the way out, when CloudFormation would refuse to change the stack.
fn can_change(stack: &str, status: &str) -> Result<()> {
    match status {
        "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "DELETE_FAILED" => bail!(
            "an earlier attempt left the stack {stack} in the state {status}, which cannot be deployed to: \
             remove what is left with `cargo xtask destroy --stack-name {stack}`, then deploy again"
        ),
        "UPDATE_ROLLBACK_FAILED" => bail!(
            "the stack {stack} is in the state {status}: once the cause is mended, \
             `aws cloudformation continue-update-rollback --stack-name {stack}` takes it back to its last good state"
        ),
        // A change set that was never executed leaves this one, and the next one replaces it.
        "REVIEW_IN_PROGRESS" => Ok(()),
        _ if status.ends_with("_IN_PROGRESS") => {
            bail!("the stack {stack} is being changed ({status}): wait until that is done, then deploy again")
        }
        _ => Ok(()),
    }
}

fn sam_deploy(account: &Account, stack: &str, parameters: &[(String, String)]) -> Result<()> {
    let mut sam = account.client("sam");
    sam.args(["deploy", "--stack-name", stack, "--resolve-s3", "--s3-prefix", stack]);
    sam.args(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]);
    sam.args(["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar", "--template-file"]);
    sam.arg(packages::folder().join("template.yaml"));
    if !parameters.is_empty() {
        sam.arg("--parameter-overrides").args(parameters.iter().map(|(name, value)| format!("{name}={value}")));
    }
    // The reader sees what SAM says; what it says on stderr may also be why it failed.
    let mut process = sam.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().context("cannot start sam")?;
    let mut said = String::new();
    for line in BufReader::new(process.stderr.take().context("sam has no stderr")?).lines() {
        let line = line?;
        writeln!(std::io::stderr(), "{line}")?;
        said.push_str(&line);
        said.push('\n');
    }
    if process.wait()?.success() {
        return Ok(());
    }
    // Who may not look at the events was told by SAM why.
    let failures = account.failures(stack).unwrap_or_default();
    let steps: Vec<String> = failures.iter().map(|step| format!("\n  {}: {}", step.resource, step.reason)).collect();
    let denied = denied_actions(&format!("{said}{}", steps.concat()));
    if denied.is_empty() {
        bail!("the stack {stack} was not deployed{}", steps.concat());
    }
    bail!(
        "the AWS user lacks permissions: {}. Let an administrator allow them (docs/OPERATIONS.md, Deploy, says what a deployment needs){}",
        denied.join(", "),
        steps.concat()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_the_template_does_not_have_is_named() {
        let template = Template::read().unwrap();
        let given = |one: &str| read_parameters(&[one.to_owned()], &template);
        assert_eq!(given("AlarmEmail=a=b@c").unwrap(), [("AlarmEmail".to_owned(), "a=b@c".to_owned())]);
        assert!(given("AlarmEmail").unwrap_err().to_string().contains("NAME=VALUE"));
        let error = given("AlarmMail=x").unwrap_err().to_string();
        assert!(error.contains("\"AlarmMail\"") && error.contains("AlarmEmail"), "{error}");
    }

    #[test]
    fn a_stack_keeps_its_processor_unless_another_is_asked_for() {
        let stack: Stack = serde_json::from_value(serde_json::json!({
            "status": "CREATE_COMPLETE", "parameters": {"Architecture": "x86_64"}, "outputs": {}
        }))
        .unwrap();
        let asked = [("Architecture".to_owned(), "arm64".to_owned())];
        assert_eq!(architecture(&[], None).unwrap(), Architecture::Arm64, "the template's default");
        assert_eq!(architecture(&[], Some(&stack)).unwrap(), Architecture::X86_64);
        assert_eq!(architecture(&asked, Some(&stack)).unwrap(), Architecture::Arm64);
    }

    #[test]
    fn a_stack_that_cannot_be_changed_is_told_with_the_way_out() {
        for (status, way_out) in [
            ("ROLLBACK_COMPLETE", "cargo xtask destroy --stack-name demo"),
            ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name demo"),
            ("UPDATE_IN_PROGRESS", "wait"),
        ] {
            let error = can_change("demo", status).unwrap_err().to_string();
            assert!(error.contains(way_out), "{status}: {error}");
        }
        for status in ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"] {
            can_change("demo", status).unwrap();
        }
    }
}
