//! One TLS stack. Yahoo answers 429 to OpenSSL's handshake, and a second crypto provider doubles a binary.

use anyhow::Result;

use crate::command;

const BANNED: [&str; 3] = ["native-tls", "openssl-sys", "ring"];

/// Asks cargo who builds a banned crate. Cargo.lock cannot tell: it also lists what no feature of ours switches on.
pub(super) fn check() -> Result<Vec<String>> {
    let mut violations = Vec::new();
    for name in BANNED {
        let tree = tree(name);
        match tree {
            Ok(tree) => violations.extend(violation(name, &tree)),
            // Not even in Cargo.lock, which is what we want.
            Err(error) if format!("{error:#}").contains("did not match any packages") => {}
            Err(error) => return Err(error),
        }
    }
    Ok(violations)
}

fn tree(name: &str) -> Result<String> {
    command::output(command::cargo().args([
        "tree",
        "--quiet",
        "--locked",
        "--workspace",
        "--target",
        "all",
        "--edges",
        "normal,build",
        "--invert",
        name,
    ]))
}

fn violation(name: &str, tree: &str) -> Option<String> {
    let tree = tree.trim();
    (!tree.is_empty()).then(|| format!("{name} is built, by:\n{tree}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_somebody_builds_is_named_with_its_users() {
        let found = violation("ring", "ring v0.17.14\n└── rustls v0.23.35\n").unwrap();
        assert!(found.contains("rustls"), "{found}");
        assert_eq!(violation("ring", "\n"), None, "cargo prints nothing for a crate that is only in the lock file");
    }
}
