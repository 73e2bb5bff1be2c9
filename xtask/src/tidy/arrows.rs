//! Dependencies point one way: `quickstocks-local` → functions → adapters → wire → core.

use cargo_metadata::{DependencyKind, Metadata};

/// A package of the workspace and what it uses from the workspace.
pub(super) struct Crate {
    pub(super) name: String,
    /// The folder below the top: `crates`, `functions` or none.
    pub(super) folder: Folder,
    pub(super) uses: Vec<Use>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Folder {
    Crates,
    Functions,
    Top,
}

pub(super) struct Use {
    pub(super) name: String,
    /// Only in tests.
    pub(super) dev: bool,
}

/// Low to high; a crate uses only what is lower than itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Layer {
    Core,
    Wire,
    Adapter,
    Function,
    Local,
}

const TESTKIT: &str = "quickstocks-testkit";

fn layer(name: &str, folder: Folder) -> Option<Layer> {
    match name {
        _ if folder == Folder::Functions => Some(Layer::Function),
        "quickstocks-core" => Some(Layer::Core),
        "quickstocks-wire" => Some(Layer::Wire),
        "quickstocks-aws" | "quickstocks-boot" | "quickstocks-market" | "quickstocks-push" | "quickstocks-sqlite"
        | "quickstocks-yahoo" => Some(Layer::Adapter),
        "quickstocks-local" => Some(Layer::Local),
        _ => None,
    }
}

pub(super) fn crates(metadata: &Metadata) -> Vec<Crate> {
    let folder_of = |path: &str| {
        if path.contains("/functions/") {
            Folder::Functions
        } else if path.contains("/crates/") {
            Folder::Crates
        } else {
            Folder::Top
        }
    };
    metadata
        .workspace_packages()
        .iter()
        .map(|package| {
            let path = package.manifest_path.as_str().strip_prefix(metadata.workspace_root.as_str());
            Crate {
                name: package.name.to_string(),
                folder: folder_of(&path.unwrap_or_default().replace('\\', "/")),
                uses: package
                    .dependencies
                    .iter()
                    .filter(|dependency| dependency.path.is_some())
                    .map(|dependency| Use { name: dependency.name.clone(), dev: dependency.kind == DependencyKind::Development })
                    .collect(),
            }
        })
        .collect()
}

pub(super) fn check(crates: &[Crate]) -> Vec<String> {
    let folder = |name: &str| crates.iter().find(|one| one.name == name).map_or(Folder::Top, |one| one.folder);
    let mut violations = Vec::new();
    for one in crates.iter().filter(|one| one.folder != Folder::Top && one.name != TESTKIT) {
        let Some(own) = layer(&one.name, one.folder) else {
            violations.push(format!("{} has no layer yet: place it in xtask/src/tidy/arrows.rs", one.name));
            continue;
        };
        // Tests may look sideways (the client of Yahoo is tested on the market), but nothing may look back.
        for used in one.uses.iter().filter(|used| !used.dev) {
            if used.name == TESTKIT {
                violations.push(format!("{} uses {TESTKIT} outside its tests", one.name));
            } else if layer(&used.name, folder(&used.name)).is_none_or(|used| used >= own) {
                violations.push(format!("{} uses {}, which is not below it", one.name, used.name));
            }
        }
    }
    for used in crates.iter().filter(|one| one.name == TESTKIT).flat_map(|one| &one.uses) {
        if !used.dev && layer(&used.name, folder(&used.name)).is_none_or(|layer| layer > Layer::Wire) {
            violations.push(format!(
                "{TESTKIT} uses {}: an adapter that uses the testkit in its tests would be built twice",
                used.name
            ));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, folder: Folder, uses: &[(&str, bool)]) -> Crate {
        let uses = uses.iter().map(|(name, dev)| Use { name: (*name).to_owned(), dev: *dev });
        Crate { name: name.to_owned(), folder, uses: uses.collect() }
    }

    fn violations(name: &str, folder: Folder, uses: &[(&str, bool)]) -> Vec<String> {
        check(&[
            one("quickstocks-core", Folder::Crates, &[]),
            one("quickstocks-testkit", Folder::Crates, &[("quickstocks-core", false)]),
            one("dispatch", Folder::Functions, &[("quickstocks-aws", false)]),
            one(name, folder, uses),
        ])
    }

    #[test]
    fn downwards_is_allowed() {
        let uses = [("quickstocks-core", false), ("quickstocks-aws", false), ("quickstocks-testkit", true)];
        assert_eq!(violations("api", Folder::Functions, &uses), [""; 0]);
    }

    #[test]
    fn upwards_and_sideways_are_not() {
        let upwards = violations("quickstocks-wire", Folder::Crates, &[("quickstocks-aws", false)]);
        assert_eq!(upwards, ["quickstocks-wire uses quickstocks-aws, which is not below it"]);
        let sideways = violations("api", Folder::Functions, &[("dispatch", false)]);
        assert_eq!(sideways, ["api uses dispatch, which is not below it"]);
        let tests_only = violations("quickstocks-yahoo", Folder::Crates, &[("quickstocks-market", true)]);
        assert_eq!(tests_only, [""; 0]);
    }

    #[test]
    fn the_testkit_is_for_tests() {
        let shipped = violations("quickstocks-aws", Folder::Crates, &[("quickstocks-testkit", false)]);
        assert_eq!(shipped, ["quickstocks-aws uses quickstocks-testkit outside its tests"]);
        let kit = check(&[one("quickstocks-testkit", Folder::Crates, &[("quickstocks-aws", false)])]);
        assert_eq!(kit.len(), 1, "{kit:?}");
    }

    #[test]
    fn a_new_crate_needs_a_place() {
        let new = violations("quickstocks-mail", Folder::Crates, &[]);
        assert_eq!(new, ["quickstocks-mail has no layer yet: place it in xtask/src/tidy/arrows.rs"]);
    }
}
