//! A policy allows what ports need: each action in the template names its ports, each port has that action in the table of the
//! store's documentation (which a test of `quickstocks-aws` holds against the requests), and each port of a function is named.

use std::collections::{BTreeMap, BTreeSet};

use super::TextFile;

const TEMPLATE: &str = "infra/template.yaml";

/// The table of the ports of the store.
const STORE: &str = "crates/quickstocks-aws/src/dynamo/mod.rs";

/// The ports of other services.
const OTHERS: [(&str, &str); 5] = [
    ("TickPublisher", "sns:Publish"),
    ("ListAnnouncer", "sns:Publish"),
    ("PushRequester", "sns:Publish"),
    ("AlertWorkPublisher", "sns:Publish"),
    ("ConnectionSender", "execute-api:ManageConnections"),
];

/// The actions of each port.
type Ports = BTreeMap<String, BTreeSet<String>>;

/// An action of a function's policy, and the ports that are said to need it.
#[derive(Debug, PartialEq, Eq)]
struct Grant {
    function: String,
    action: String,
    ports: Vec<String>,
}

pub(super) fn check(files: &[TextFile]) -> Vec<String> {
    let text = |path: &str| files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
    let grants = grants(text(TEMPLATE));
    let used: Vec<(String, String)> = files
        .iter()
        .filter_map(|file| {
            let (function, path) = file.path.strip_prefix("functions/")?.split_once('/')?;
            path.starts_with("src/").then(|| (function.to_owned(), file.text.clone()))
        })
        .collect();
    violations(&grants, &ports(text(STORE)), &used)
}

/// Reads the rows ``| `Port` | `method`: `Action`, `Action` |`` of a documentation comment.
fn ports(text: &str) -> Ports {
    let mut ports: Ports =
        OTHERS.into_iter().map(|(port, action)| (port.to_owned(), BTreeSet::from([action.to_owned()]))).collect();
    let rows = text.lines().skip_while(|line| !line.starts_with("//! | port |")).take_while(|line| line.starts_with("//! |"));
    for row in rows {
        let mut names = row.split('`').skip(1).step_by(2);
        let Some(port) = names.next().filter(|name| is_port(name)) else { continue };
        let actions = names.filter(|name| is_port(name)).map(|action| format!("dynamodb:{action}"));
        ports.insert(port.to_owned(), actions.collect());
    }
    ports
}

fn is_port(name: &str) -> bool {
    name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphanumeric)
}

/// Reads the actions of functions' policies, with the ports of their comments: `# Port, Port: why; Port`.
fn grants(template: &str) -> Vec<Grant> {
    let mut function = String::new();
    let mut grants = Vec::new();
    for line in template.lines() {
        if let Some(binary) = line.split_once("Binary: ").map(|(_, rest)| rest) {
            function = binary.chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
        } else if line.starts_with("  ") && !line.starts_with("   ") && line.trim_end().ends_with(':') {
            function.clear(); // the next resource
        }
        let entry = line.trim_start().trim_start_matches("- ").trim_start_matches("Action: ");
        let (action, comment) = entry.split_once('#').unwrap_or((entry, ""));
        let action = action.trim();
        let is_action = ["dynamodb:", "sns:", "execute-api:"].iter().any(|service| action.starts_with(service));
        if is_action && !function.is_empty() {
            let words = comment.split([',', ';']).filter_map(|part| part.split(':').next()).map(str::trim);
            let ports = words.filter(|word| is_port(word)).map(str::to_owned).collect();
            grants.push(Grant { function: function.clone(), action: action.to_owned(), ports });
        }
    }
    grants
}

fn violations(grants: &[Grant], ports: &Ports, sources: &[(String, String)]) -> Vec<String> {
    let mut violations = Vec::new();
    for Grant { function, action, ports: named } in grants {
        if named.is_empty() {
            violations.push(format!("{TEMPLATE}: {function} may {action}, and no comment names the port that needs it"));
        }
        for port in named {
            match ports.get(port) {
                None => violations
                    .push(format!("{TEMPLATE}: {function} may {action} for {port}, which is no port with a row in {STORE}")),
                Some(actions) if !actions.contains(action) => {
                    violations
                        .push(format!("{TEMPLATE}: {function} may {action} for {port}, which needs {actions:?} by {STORE}"));
                }
                Some(_) => {}
            }
        }
    }
    for (function, source) in sources {
        let words: BTreeSet<&str> = source.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for port in ports.keys().filter(|port| words.contains(port.as_str())) {
            if !grants.iter().any(|grant| grant.function == *function && grant.ports.contains(port)) {
                violations.push(format!("{TEMPLATE}: {function} uses {port}, and no action of its policy is for that"));
            }
        }
    }
    violations.sort();
    violations.dedup();
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "
//! | port | actions |
//! |---|---|
//! | `QuoteReader` | `BatchGetItem` |
//! | `TokenWriter` | `put`: `PutItem`; `take`, `delete`: `DeleteItem` |
";

    const POLICY: &str = "
  Api:
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: api}}
              Action:
                - dynamodb:BatchGetItem # QuoteReader
                - dynamodb:DeleteItem # TokenWriter: a used ticket
            - Effect: Allow
              Action: sns:Publish # ListAnnouncer
  TopicPolicy:
            Action: sns:Publish
";

    fn found(policy: &str, source: &str) -> Vec<String> {
        violations(&grants(policy), &ports(TABLE), &[("api".to_owned(), source.to_owned())])
    }

    #[test]
    fn actions_that_ports_need_are_tidy() {
        assert_eq!(grants(POLICY).len(), 3, "the policy of a topic is no function's");
        assert_eq!(found(POLICY, "use ports::{QuoteReader, TokenWriter};"), [""; 0]);
    }

    #[test]
    fn an_action_without_its_port_is_found() {
        let policy = POLICY.replace(" # QuoteReader", "");
        assert_eq!(
            found(&policy, ""),
            ["infra/template.yaml: api may dynamodb:BatchGetItem, and no comment names the port that needs it"]
        );
    }

    #[test]
    fn an_action_that_its_port_does_not_need_is_found() {
        for (wrong, tells) in
            [("QuoteWriter", "which is no port with a row"), ("TokenWriter", "which needs {\"dynamodb:DeleteItem\"")]
        {
            let violations = found(&POLICY.replace("QuoteReader", wrong), "");
            assert_eq!(violations.len(), 1);
            assert!(violations[0].contains(tells), "{violations:?}");
        }
    }

    #[test]
    fn a_port_that_is_used_without_any_action_is_found() {
        let policy = POLICY.replace("                - dynamodb:BatchGetItem # QuoteReader\n", "");
        assert_eq!(
            found(&policy, "quotes: Arc<dyn QuoteReader>"),
            ["infra/template.yaml: api uses QuoteReader, and no action of its policy is for that"]
        );
    }
}
