//! The web UI's packages and its build.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::{command, workspace};

/// The oldest Node.js that Vite and its plug-ins take.
const NODE: (u32, u32) = (20, 19);

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Folders of `web` that no build reads.
const NOT_SOURCES: [&str; 4] = ["node_modules", "dist", "e2e", "tests"];

/// Fails with a sentence when Node.js or npm is missing or too old.
pub(crate) fn check_node() -> Result<()> {
    let wanted = format!(
        "the web UI needs Node.js {}.{} or newer with npm: install it from https://nodejs.org or your system's packages",
        NODE.0, NODE.1
    );
    let Some(node) = command::find("node") else {
        bail!("Node.js is missing; {wanted}");
    };
    let said = command::output(Command::new(node).arg("--version"))?;
    if version(&said).is_none_or(|found| found < NODE) {
        bail!("Node.js {} is too old; {wanted}", said.trim());
    }
    if command::find("npm").is_none() && command::find("npm.cmd").is_none() {
        bail!("npm is missing; {wanted}");
    }
    Ok(())
}

/// Installs the packages when they are missing or older than their lock file.
pub(crate) fn install() -> Result<()> {
    let web = workspace::web();
    let lock =
        modified(&web.join("package-lock.json")).context("web/package-lock.json is missing: is this a complete checkout?")?;
    // npm writes this file last, so its absence also tells of an installation that was cut short.
    let installed = modified(&web.join("node_modules/.package-lock.json"));
    if installed.is_ok_and(|installed| installed >= lock) {
        return Ok(());
    }
    npm(&["ci", "--no-audit", "--no-fund"])
}

/// Builds the web UI when a source is newer than the last build.
pub(crate) fn build_when_stale() -> Result<()> {
    let web = workspace::web();
    let built = modified(&web.join("dist/index.html")).ok();
    if built.is_some_and(|built| newest_source(&web).is_ok_and(|source| source <= built)) {
        return Ok(());
    }
    check_node()?;
    install()?;
    npm(&["run", "build"])
}

/// Runs npm in the web UI's folder.
pub(crate) fn npm(args: &[&str]) -> Result<()> {
    npm_with(args, &[])
}

/// Runs npm in the web UI's folder, with more variables in its environment.
pub(crate) fn npm_with(args: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let mut npm = Command::new(NPM);
    npm.args(args).envs(environment.iter().copied()).current_dir(workspace::web());
    command::run(&mut npm)
}

fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.trim().trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn modified(file: &Path) -> std::io::Result<SystemTime> {
    file.metadata()?.modified()
}

/// When the newest source was written. A folder below counts too: it changes when a file in it goes away.
fn newest_source(folder: &Path) -> std::io::Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in folder.read_dir()? {
        let entry = entry?;
        if NOT_SOURCES.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        newest = newest.max(entry.metadata()?.modified()?);
        if entry.file_type()?.is_dir() {
            newest = newest.max(newest_source(&entry.path())?);
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    #[test]
    fn versions_of_node_are_read() {
        assert_eq!(version("v20.19.4\n"), Some((20, 19)));
        assert_eq!(version("v24.0.0"), Some((24, 0)));
        assert_eq!(version("node"), None);
        assert!(version("v20.9.0").unwrap() < NODE, "9 is less than 19");
    }

    #[test]
    fn a_built_file_is_no_source() {
        let web = tempfile::tempdir().unwrap();
        for file in ["src/app.ts", "dist/index.html", "node_modules/x/y.js"] {
            let file = web.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let later = modified(&web.path().join("src/app.ts")).unwrap() + Duration::from_hours(1);
        let touch = |name: &str| {
            let file = fs::File::options().write(true).open(web.path().join(name));
            file.unwrap().set_modified(later).unwrap();
        };
        touch("dist/index.html");
        touch("node_modules/x/y.js");
        assert!(newest_source(web.path()).unwrap() < later);
        touch("src/app.ts");
        assert_eq!(newest_source(web.path()).unwrap(), later);
    }
}
