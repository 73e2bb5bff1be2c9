//! Whoever an alarm wakes finds what to do: each alarm names its entry in the runbook, and the entry is there.

use std::collections::BTreeSet;

use super::TextFile;
use crate::template::Template;

const RUNBOOK: &str = "docs/OPERATIONS.md";

pub(super) fn check(template: &Template, files: &[TextFile]) -> Vec<String> {
    let text = files.iter().find(|file| file.path == RUNBOOK).map_or("", |file| file.text.as_str());
    let entries: BTreeSet<String> = text.lines().filter_map(|line| line.strip_prefix("### ")).map(anchor).collect();
    violations(&template.alarms(), &entries)
}

/// What GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn violations(alarms: &[(String, String)], entries: &BTreeSet<String>) -> Vec<String> {
    let mut violations = Vec::new();
    if alarms.is_empty() {
        violations.push("infra/template.yaml has no alarm".to_owned());
    }
    for (id, description) in alarms {
        let named = description.split_whitespace().find_map(|word| word.strip_prefix(RUNBOOK)?.strip_prefix('#'));
        match named {
            None => violations.push(format!("infra/template.yaml: {id}'s description names no entry of {RUNBOOK}")),
            Some(entry) if !entries.contains(entry) => {
                violations.push(format!("infra/template.yaml: {id} names {RUNBOOK}#{entry}, which is no heading there"));
            }
            Some(_) => {}
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(description: &str) -> Vec<String> {
        let entries = BTreeSet::from([anchor("No tick")]);
        violations(&[("NoTickAlarm".to_owned(), description.to_owned())], &entries)
    }

    #[test]
    fn an_alarm_with_its_entry_is_tidy() {
        assert_eq!(found("Nothing was made. docs/OPERATIONS.md#no-tick"), [""; 0]);
    }

    #[test]
    fn an_alarm_without_an_entry_is_found() {
        assert_eq!(
            found("Nothing was made."),
            ["infra/template.yaml: NoTickAlarm's description names no entry of docs/OPERATIONS.md"]
        );
        assert_eq!(
            found("Nothing. docs/OPERATIONS.md#no-tock"),
            ["infra/template.yaml: NoTickAlarm names docs/OPERATIONS.md#no-tock, which is no heading there"]
        );
    }

    #[test]
    fn a_template_without_alarms_is_found() {
        assert_eq!(violations(&[], &BTreeSet::new()).len(), 1);
    }
}
