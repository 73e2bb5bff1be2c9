//! `cargo xtask tidy`: the rules that hold across the repository and that no compiler checks.
//!
//! Each rule is a function from what it looks at to the sentences that say what is wrong, so that its
//! tests can show it a broken repository.

mod arrows;
mod files;
mod functions;
mod policies;
mod purity;
mod runbooks;
mod tls;

use std::fs;

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

use crate::template::Template;
use crate::{command, workspace};

/// Checks every rule and names each violation.
pub(crate) fn run() -> Result<()> {
    let metadata = MetadataCommand::new()
        .current_dir(workspace::root())
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .context("cargo metadata failed")?;
    let files = tracked_files()?;

    let mut violations = Vec::new();
    violations.extend(arrows::check(&arrows::crates(&metadata)));
    violations.extend(purity::check_dependencies()?);
    violations.extend(purity::check_sources(&files));
    violations.extend(tls::check()?);
    violations.extend(functions::check(&functions::read(&metadata)?));
    violations.extend(policies::check(&files));
    violations.extend(runbooks::check(&Template::read()?, &files));
    violations.extend(files::check_lengths(&files));
    violations.extend(files::check_paths(&files));

    for violation in &violations {
        println!("tidy: {violation}");
    }
    if !violations.is_empty() {
        bail!("{} rule violations", violations.len());
    }
    println!("tidy: {} files and {} packages keep every rule", files.len(), metadata.workspace_packages().len());
    Ok(())
}

/// A text file of the repository, by its path from the top.
struct TextFile {
    path: String,
    text: String,
}

/// What git tracks or would track, so that a new file is checked before it is added.
fn tracked_files() -> Result<Vec<TextFile>> {
    let mut git = std::process::Command::new("git");
    git.current_dir(workspace::root());
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let names = command::output(&mut git)?;
    let mut files = Vec::new();
    for path in names.split('\0').filter(|name| !name.is_empty()) {
        // Deleted files are still listed, and a picture is no text.
        if let Ok(text) = fs::read_to_string(workspace::root().join(path)) {
            files.push(TextFile { path: path.to_owned(), text });
        }
    }
    Ok(files)
}
