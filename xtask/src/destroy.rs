//! `cargo xtask destroy`: takes a stack away, and says what stays.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Result, bail};

use crate::deploy::{Place, Stack};
use crate::setup::{self, Need};

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Place,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// Deletes the stack after a question.
pub(crate) fn run(options: &Options) -> Result<()> {
    setup::ensure(&[Need::Python])?;
    let name = options.place.stack_name.as_str();
    let account = options.place.account();
    let identity = account.identity()?;
    let stack = account.existing_stack(name)?;
    println!("The stack {name} in account {}, Region {}:", identity.account, identity.region);
    for sentence in outcome(&stack) {
        println!("  {sentence}");
    }
    if !options.yes && !confirmed(name)? {
        bail!("nothing was deleted");
    }
    println!("deleting; CloudFront takes some minutes");
    account.destroy(name)?;
    println!("the stack {name} is deleted");
    Ok(())
}

/// What goes and what stays.
fn outcome(stack: &Stack) -> Vec<String> {
    let [table, bucket] = ["TableName", "WebBucketName"].map(|name| stack.output(name).ok());
    let mut sentences = vec!["goes: functions, APIs, topics, queues, logs, alarms and the dashboard".to_owned()];
    let data: Vec<String> = [("the table", table), ("the web bucket", bucket)]
        .into_iter()
        .filter_map(|(what, name)| Some(format!("{what} {}", name?)))
        .collect();
    if data.is_empty() {
        // A deployment that failed has no outputs.
        return sentences;
    }
    if stack.parameter("DataPolicy") == Some("Delete") {
        sentences.push(format!("goes with everything in it (DataPolicy=Delete): {}", data.join(" and ")));
        return sentences;
    }
    sentences.push(format!("stays (DataPolicy=Retain): {}", data.join(" and ")));
    if let Some(table) = table {
        sentences.push(format!(
            "to remove the table later: `aws dynamodb update-table --no-deletion-protection-enabled --table-name {table}`, \
             then `aws dynamodb delete-table --table-name {table}`"
        ));
    }
    if let Some(bucket) = bucket {
        sentences.push(format!("to remove the web bucket later: `aws s3 rb --force s3://{bucket}`"));
    }
    sentences.push("to let both go with the stack, first `cargo xtask deploy --parameter DataPolicy=Delete`".to_owned());
    sentences
}

fn confirmed(name: &str) -> Result<bool> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        bail!("nobody is there to ask: give --yes");
    }
    print!("Type the stack's name to delete it: ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer)?;
    Ok(answer.trim() == name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(policy: &str, outputs: &serde_json::Value) -> String {
        let stack = json!({"status": "CREATE_COMPLETE", "parameters": {"DataPolicy": policy}, "outputs": outputs});
        outcome(&serde_json::from_value(stack).unwrap()).join("\n")
    }

    #[test]
    fn what_stays_is_named_with_the_way_to_remove_it() {
        let outputs = json!({"TableName": "demo-Table", "WebBucketName": "demo-web"});
        let kept = told("Retain", &outputs);
        assert!(kept.contains("stays (DataPolicy=Retain): the table demo-Table and the web bucket demo-web"), "{kept}");
        assert!(kept.contains("delete-table --table-name demo-Table") && kept.contains("s3://demo-web"), "{kept}");
        let gone = told("Delete", &outputs);
        assert!(gone.contains("goes with everything in it (DataPolicy=Delete): the table demo-Table"), "{gone}");
        assert!(!gone.contains("stays"), "{gone}");
    }

    #[test]
    fn a_stack_that_never_came_to_be_has_no_data_to_speak_of() {
        assert_eq!(told("Retain", &json!({})).lines().count(), 1);
    }
}
