//! A function's folder, its configuration and its resource in the template say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use cargo_metadata::{Metadata, TargetKind};

use crate::template::Template;
use crate::workspace;

/// `main.rs` wires and runs, nothing else.
const MOST_LINES_OF_MAIN: usize = 40;

/// What is compared.
pub(super) struct Functions {
    folders: Vec<Folder>,
    /// The template's functions: the binary each is built from, and its environment variables.
    resources: BTreeMap<String, BTreeSet<String>>,
}

/// A folder below `functions`.
struct Folder {
    name: String,
    binaries: Vec<String>,
    main: String,
    /// The names in `ENV` of `config.rs`, or why they cannot be read.
    environment: Result<BTreeSet<String>, String>,
}

pub(super) fn read(metadata: &Metadata) -> Result<Functions> {
    let mut folders = Vec::new();
    let parent = workspace::root().join("functions");
    for entry in parent.read_dir().context("cannot read functions/")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let source = parent.join(&name).join("src");
        let package = metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == name);
        let binaries = package.map(|package| {
            let targets = package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Bin));
            targets.map(|target| target.name.clone()).collect()
        });
        let config =
            fs::read_to_string(source.join("config.rs")).map_err(|_| format!("functions/{name}/src/config.rs is missing"));
        folders.push(Folder {
            binaries: binaries.unwrap_or_default(),
            main: fs::read_to_string(source.join("main.rs")).unwrap_or_default(),
            environment: config
                .and_then(|config| names(&config).map_err(|error| format!("functions/{name}/src/config.rs: {error}"))),
            name,
        });
    }
    Ok(Functions { folders, resources: Template::read()?.functions()? })
}

/// The names of `pub const ENV: &[&str] = &["TABLE_NAME", …];`.
fn names(config: &str) -> Result<BTreeSet<String>> {
    let (_, rest) = config.split_once("pub const ENV: &[&str] =").context("it declares no `pub const ENV: &[&str]`")?;
    // On the next line when the list just fits there.
    let rest = rest.trim_start().strip_prefix("&[").context("ENV is no list")?;
    let (list, _) = rest.split_once("];").context("the list of ENV has no end")?;
    let code: String = list.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let mut names = BTreeSet::new();
    for name in code.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let Some(name) = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) else {
            bail!("ENV holds {name}, which is no string");
        };
        names.insert(name.to_owned());
    }
    Ok(names)
}

pub(super) fn check(functions: &Functions) -> Vec<String> {
    let mut violations = Vec::new();
    for folder in &functions.folders {
        let name = &folder.name;
        if folder.binaries != [name.as_str()] {
            violations
                .push(format!("functions/{name} builds {:?}: a function is one binary, named as its folder", folder.binaries));
        }
        let lines = folder.main.lines().count();
        if lines >= MOST_LINES_OF_MAIN {
            violations
                .push(format!("functions/{name}/src/main.rs has {lines} lines: it wires and runs in under {MOST_LINES_OF_MAIN}"));
        }
        let Some(resource) = functions.resources.get(name) else {
            violations.push(format!("functions/{name} has no function in infra/template.yaml"));
            continue;
        };
        match &folder.environment {
            Err(error) => violations.push(error.clone()),
            Ok(environment) => {
                for variable in environment.difference(resource) {
                    violations.push(format!("{name} reads {variable}, which infra/template.yaml does not set"));
                }
                for variable in resource.difference(environment) {
                    violations.push(format!("infra/template.yaml sets {variable} for {name}, which does not read it"));
                }
            }
        }
    }
    for binary in functions.resources.keys() {
        if !functions.folders.iter().any(|folder| folder.name == *binary) {
            violations.push(format!("infra/template.yaml builds {binary}, which has no folder below functions/"));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn functions() -> Functions {
        Functions {
            folders: vec![Folder {
                name: "api".to_owned(),
                binaries: vec!["api".to_owned()],
                main: "fn main() {}\n".to_owned(),
                environment: Ok(set(&["TABLE_NAME"])),
            }],
            resources: BTreeMap::from([("api".to_owned(), set(&["TABLE_NAME"]))]),
        }
    }

    #[test]
    fn what_agrees_is_tidy() {
        assert_eq!(check(&functions()), [""; 0]);
    }

    #[test]
    fn a_variable_on_one_side_only_is_found_on_either() {
        let mut broken = functions();
        broken.folders[0].environment = Ok(set(&["TABLE_NAME", "TOPIC"]));
        assert_eq!(check(&broken), ["api reads TOPIC, which infra/template.yaml does not set"]);
        broken.folders[0].environment = Ok(set(&[]));
        assert_eq!(check(&broken), ["infra/template.yaml sets TABLE_NAME for api, which does not read it"]);
    }

    #[test]
    fn a_folder_and_a_resource_need_each_other() {
        let mut broken = functions();
        broken.resources = BTreeMap::from([("other".to_owned(), set(&[]))]);
        assert_eq!(
            check(&broken),
            [
                "functions/api has no function in infra/template.yaml",
                "infra/template.yaml builds other, which has no folder below functions/"
            ]
        );
    }

    #[test]
    fn a_binary_has_its_folders_name() {
        let mut broken = functions();
        broken.folders[0].binaries = vec!["bootstrap".to_owned()];
        assert_eq!(check(&broken).len(), 1);
    }

    #[test]
    fn a_long_main_is_found() {
        let mut broken = functions();
        broken.folders[0].main = "x\n".repeat(MOST_LINES_OF_MAIN);
        assert_eq!(check(&broken).len(), 1);
    }

    #[test]
    fn the_names_of_a_config_are_read() {
        let config = "pub const ENV: &[&str] = &[\n    \"TABLE_NAME\", // the \"table\"\n    \"LOG_LEVEL\",\n];\n";
        assert_eq!(names(config).unwrap(), set(&["LOG_LEVEL", "TABLE_NAME"]));
        let below = "pub const ENV: &[&str] =\n    &[\"TABLE_NAME\", \"LOG_LEVEL\"];\n";
        assert_eq!(names(below).unwrap(), set(&["LOG_LEVEL", "TABLE_NAME"]));
        assert!(names("const OTHER: u8 = 1;").is_err());
        assert!(names("pub const ENV: &[&str] = OTHER;").is_err());
        assert!(names("pub const ENV: &[&str] = &[TABLE];").is_err());
    }
}
