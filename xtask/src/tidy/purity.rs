//! `quickstocks-core` names no AWS, HTTP, socket, clock, environment or file.

use std::collections::BTreeSet;

use anyhow::Result;

use super::TextFile;
use crate::command;

const CORE: &str = "quickstocks-core";

/// Crates of the outside world; a name that ends in `-` stands for all that begin with it.
const OUTSIDE: [&str; 19] = [
    "aws-",
    "aws_",
    "async-std",
    "axum",
    "futures-timer",
    "getrandom",
    "h2",
    "http",
    "http-",
    "hyper",
    "lambda_",
    "mio",
    "reqwest",
    "rusqlite",
    "rustls",
    "socket2",
    "tokio",
    "tokio-",
    "tower",
];

/// Modules of the standard library that reach outside, and its clocks.
const IMPURE_MODULES: [&str; 5] = ["env", "fs", "net", "os", "process"];
const IMPURE_TYPES: [&str; 2] = ["SystemTime", "Instant"];

/// What core is built from, however deep. `cargo metadata` cannot tell: it adds the features that others switch on.
pub(super) fn check_dependencies() -> Result<Vec<String>> {
    let tree = command::output(command::cargo().args([
        "tree",
        "--quiet",
        "--locked",
        "--package",
        CORE,
        "--target",
        "all",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]))?;
    Ok(outside(&tree))
}

/// The outside crates of a tree, which has one `name vVERSION` a line.
fn outside(tree: &str) -> Vec<String> {
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let is_outside = |name: &str| {
        OUTSIDE.iter().any(|outside| name == *outside || (outside.ends_with(['-', '_']) && name.starts_with(outside)))
    };
    names
        .into_iter()
        .filter(|name| is_outside(name))
        .map(|name| format!("{CORE} is built with {name}: the outside world stands behind a port"))
        .collect()
}

/// What core's sources name.
pub(super) fn check_sources(files: &[TextFile]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("crates/quickstocks-core/src/")) {
        for (number, line) in file.text.lines().enumerate() {
            for name in impure_names(line) {
                violations.push(format!("{}:{}: core names {name}", file.path, number + 1));
            }
        }
    }
    violations
}

/// The impure names of one line, comments left out: `std::fs::read`, `use std::{env, fmt}`, `SystemTime::now()`.
fn impure_names(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (at, _) in code.match_indices("std::") {
        let rest = &code[at + "std::".len()..];
        let (listed, one) = match rest.strip_prefix('{') {
            Some(list) => (list, false),
            None => (rest, true),
        };
        let parts = listed.split(',').take(if one { 1 } else { usize::MAX });
        for part in parts {
            let module: String = part.trim_start().chars().take_while(|c| is_word(*c)).collect();
            if IMPURE_MODULES.contains(&module.as_str()) {
                found.push(format!("std::{module}"));
            }
        }
    }
    for word in code.split(|c: char| !is_word(c)) {
        if IMPURE_TYPES.contains(&word) {
            found.push(word.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outside_crate_is_found_however_deep() {
        let found = outside("quickstocks-core v0.1.0\nserde v1.0.229\nhelper v1.0.0\ntokio-util v0.7.20\nserde v1.0.229 (*)\n");
        assert_eq!(found, ["quickstocks-core is built with tokio-util: the outside world stands behind a port"]);
        assert_eq!(outside("quickstocks-core v0.1.0\nfutures-util v0.3.34\nhttparse v1.10.1\n"), [""; 0]);
    }

    #[test]
    fn the_outside_world_is_found_however_it_is_written() {
        let impure = [
            ("let path = std::fs::read(x);", "std::fs"),
            ("use std::{collections::HashMap, env};", "std::env"),
            ("use std::net::TcpStream;", "std::net"),
            ("let now = SystemTime::now();", "SystemTime"),
            ("use std::time::{Duration, Instant};", "Instant"),
        ];
        for (line, name) in impure {
            assert_eq!(impure_names(line), [name], "{line}");
        }
    }

    #[test]
    fn what_is_pure_is_left_alone() {
        for line in
            ["use std::fmt;", "/// Not `std::fs`: a port.", "let environment = 1;", "std::time::Duration::ZERO", "InstantQuote"]
        {
            assert_eq!(impure_names(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn only_core_is_looked_at() {
        let file = |path: &str| TextFile { path: path.to_owned(), text: "use std::fs;".to_owned() };
        let found = check_sources(&[file("crates/quickstocks-sqlite/src/lib.rs"), file("crates/quickstocks-core/src/a.rs")]);
        assert_eq!(found, ["crates/quickstocks-core/src/a.rs:1: core names std::fs"]);
    }
}
