//! The AWS account that the environment names.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::command;

/// An account in one Region, with the credentials of the environment.
pub(crate) struct Account {
    region: Option<String>,
}

/// Who asks, and where.
#[derive(Deserialize)]
pub(crate) struct Identity {
    pub(crate) arn: String,
    pub(crate) account: String,
    pub(crate) region: String,
    /// Functions that may run at once; absent when the user may not ask.
    pub(crate) concurrency: Option<u32>,
}

/// A deployed stack.
#[derive(Deserialize)]
pub(crate) struct Stack {
    pub(crate) status: String,
    parameters: Map<String, Value>,
    outputs: Map<String, Value>,
}

impl Stack {
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)?.as_str()
    }

    pub(crate) fn output(&self, name: &str) -> Result<&str> {
        let output = self.outputs.get(name).and_then(Value::as_str);
        output.with_context(|| format!("the stack has no output {name}: an older version made it; deploy it anew"))
    }
}

/// A step of a change that failed.
#[derive(Deserialize)]
pub(crate) struct Failure {
    pub(crate) resource: String,
    pub(crate) reason: String,
}

impl Account {
    /// `region` instead of the one that the environment or the profile names.
    pub(crate) fn new(region: Option<String>) -> Self {
        Self { region }
    }

    /// A program of the Python environment, working on this account.
    pub(crate) fn client(&self, program: &str) -> Command {
        let mut command = command::venv(program);
        if let Some(region) = &self.region {
            command.env("AWS_REGION", region).env("AWS_DEFAULT_REGION", region);
        }
        command
    }

    pub(crate) fn identity(&self) -> Result<Identity> {
        self.ask(&["identity"])
    }

    pub(crate) fn stack(&self, name: &str) -> Result<Option<Stack>> {
        self.ask(&["stack", name])
    }

    /// A stack that must be there.
    pub(crate) fn existing_stack(&self, name: &str) -> Result<Stack> {
        self.stack(name)?.with_context(|| {
            format!("there is no stack {name} in this account and Region: look at --stack-name, --region and AWS_PROFILE")
        })
    }

    pub(crate) fn failures(&self, stack: &str) -> Result<Vec<Failure>> {
        self.ask(&["failures", stack])
    }

    pub(crate) fn destroy(&self, stack: &str) -> Result<()> {
        self.ask::<Option<()>>(&["destroy", stack]).map(drop)
    }

    /// What a task of `xtask/python/account.py` answers.
    fn ask<T: DeserializeOwned>(&self, task: &[&str]) -> Result<T> {
        let answer = self.client("python").arg("xtask/python/account.py").args(task).output().context("cannot start Python")?;
        if !answer.status.success() {
            // One sentence with the fix; how it was asked is no part of it.
            bail!("{}", String::from_utf8_lossy(&answer.stderr).trim());
        }
        serde_json::from_slice(&answer.stdout).with_context(|| format!("account.py {task:?} printed something else"))
    }
}

/// The actions that AWS refused, from whatever it and the SAM CLI said.
pub(crate) fn denied_actions(said: &str) -> Vec<String> {
    const MARK: &str = "not authorized to perform:";
    let mut actions: Vec<String> = said
        .match_indices(MARK)
        .filter_map(|(at, _)| said[at + MARK.len()..].split_whitespace().next())
        .map(|word| word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned())
        .filter(|word| word.contains(':'))
        .collect();
    actions.sort();
    actions.dedup();
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_actions_are_found_once_each_wherever_they_are_said() {
        let said = "Error: User: arn:aws:iam::1:user/a is not authorized to perform: s3:CreateBucket on resource: x\n\
                    (not authorized to perform: iam:CreateRole. Service: Iam) is not authorized to perform: s3:CreateBucket";
        assert_eq!(denied_actions(said), ["iam:CreateRole", "s3:CreateBucket"]);
        assert_eq!(denied_actions("not authorized to perform: "), [""; 0]);
    }
}
