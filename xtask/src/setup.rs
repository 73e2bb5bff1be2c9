//! `cargo xtask setup`: what the tests need beyond Rust. Quick when everything is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{command, web, workspace};

/// The oldest Python that the AWS tools take.
const PYTHON: (u32, u32) = (3, 10);

/// The Python tools, with exact versions.
const REQUIREMENTS: &str = include_str!("../python/requirements.txt");

/// What checks the template, likewise.
const CHECKOV: &str = include_str!("../python/checkov.txt");

/// What fuzzes the API, likewise.
const FUZZ_REQUIREMENTS: &str = include_str!("../python/fuzz-requirements.txt");

/// Something that a test stage cannot do without.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Need {
    /// The AWS tools and the emulator, in a Python environment of our own.
    Python,
    /// What fuzzes the API, in another one.
    Fuzz,
    /// The checker of the template, in another one.
    Checkov,
    /// Node.js and the web UI's packages.
    Node,
    /// A Chromium that can be driven.
    Browser,
}

/// Installs everything.
pub(crate) fn all() -> Result<()> {
    ensure(&[Need::Python, Need::Fuzz, Need::Checkov, Need::Node, Need::Browser])?;
    if nextest() {
        println!("cargo-nextest: found");
    } else {
        println!("cargo-nextest: not found, so the tests run with plain `cargo test` (no time limit for a test that hangs)");
    }
    Ok(())
}

/// Installs what is asked for, where it is missing.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    if needs.contains(&Need::Python) {
        python_tools("Python tools", &workspace::venv(), "requirements.txt", REQUIREMENTS)?;
    }
    if needs.contains(&Need::Fuzz) {
        python_tools("fuzzing tools", &workspace::fuzz_venv(), "fuzz-requirements.txt", FUZZ_REQUIREMENTS)?;
    }
    if needs.contains(&Need::Checkov) {
        python_tools("checkov", &workspace::checkov(), "checkov.txt", CHECKOV)?;
    }
    if needs.contains(&Need::Node) {
        web::check_node()?;
        web::install()?;
        println!("web packages: installed");
    }
    if needs.contains(&Need::Browser) {
        println!("browser: {}", browser()?.display());
    }
    Ok(())
}

/// Whether cargo-nextest is there. It is not installed: building it takes longer than all tests.
pub(crate) fn nextest() -> bool {
    command::output(command::cargo().args(["nextest", "--version"])).is_ok()
}

/// The browser that the end-to-end tests drive.
pub(crate) fn browser() -> Result<PathBuf> {
    if let Some(found) = installed_browser() {
        return Ok(found);
    }
    if !cfg!(target_os = "linux") || !is_root() || command::find("apt-get").is_none() {
        bail!(
            "no Chromium or Chrome was found on the PATH: install one (on Debian and Ubuntu `apt-get install chromium`) \
             or leave the browser tests out with `cargo xtask test --skip e2e`"
        );
    }
    let apt = |args: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        command::run(&mut apt)
    };
    apt(&["update", "-qq"])?;
    apt(&["install", "-y", "-qq", "chromium"])?;
    installed_browser().context("apt-get installed chromium, yet no such program is on the PATH")
}

fn installed_browser() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let mac = PathBuf::from("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    names.iter().find_map(|name| command::find(name)).or_else(|| mac.is_file().then_some(mac))
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// Makes a Python environment, unless it holds exactly these versions already.
fn python_tools(name: &str, venv: &Path, file: &str, requirements: &str) -> Result<()> {
    // Written last: without it the installation was cut short, with another content the versions have moved.
    let stamp = venv.join("requirements.installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == requirements) {
        println!("{name}: installed");
        return Ok(());
    }
    let python = python()?;
    if venv.exists() {
        fs::remove_dir_all(venv).with_context(|| format!("cannot remove {}", venv.display()))?;
    }
    command::run(Command::new(&python).args(["-m", "venv"]).arg(venv)).context(
        "Python cannot make virtual environments: install its venv module (on Debian and Ubuntu `apt-get install python3-venv`)",
    )?;
    command::run(
        Command::new(workspace::programs_of(venv).join("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(workspace::root().join("xtask/python").join(file)),
    )?;
    fs::write(&stamp, requirements).with_context(|| format!("cannot write {}", stamp.display()))
}

/// A Python that is new enough.
fn python() -> Result<PathBuf> {
    let mut too_old = Vec::new();
    for name in ["python3", "python", "python3.13", "python3.12", "python3.11", "python3.10"] {
        let Some(found) = command::find(name) else {
            continue;
        };
        let asks = "import sys; print(sys.version_info[0], sys.version_info[1])";
        let Ok(said) = command::output(Command::new(&found).args(["-c", asks])) else {
            continue;
        };
        match version(&said) {
            Some(version) if version >= PYTHON => return Ok(found),
            Some((major, minor)) => too_old.push(format!("{name} is {major}.{minor}")),
            None => {}
        }
    }
    bail!(
        "the AWS tools need Python {}.{} or newer; {}",
        PYTHON.0,
        PYTHON.1,
        if too_old.is_empty() { "none was found".to_owned() } else { too_old.join(", ") }
    )
}

fn version(said: &str) -> Option<(u32, u32)> {
    let (major, minor) = said.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_has_one_exact_version() {
        for line in
            [REQUIREMENTS, FUZZ_REQUIREMENTS, CHECKOV].iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with('#'))
        {
            let (name, version) = line.split_once("==").expect(line);
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{line}");
            assert!(version.chars().all(|c| c.is_ascii_digit() || c == '.'), "{line}");
        }
    }

    #[test]
    fn versions_of_python_compare_as_numbers() {
        assert!(version("3 9\n").unwrap() < PYTHON);
        assert!(version("3 11\n").unwrap() > PYTHON);
    }
}
