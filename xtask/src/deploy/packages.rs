//! The functions' packages: built for Lambda's processor, small, and able to run there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::template::Template;
use crate::{command, workspace};

/// The largest package: Lambda loads it at each cold start.
const MAX_BYTES: u64 = 8_000_000;

/// The C library of `provided.al2023`, as its minor version: 2.34.
const GLIBC: u32 = 34;

/// A processor, as the template's parameter `Architecture` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Architecture {
    Arm64,
    X86_64,
}

impl Architecture {
    /// Reads the parameter's value.
    pub(crate) fn parse(value: &str) -> Result<Self> {
        match value {
            "arm64" => Ok(Self::Arm64),
            "x86_64" => Ok(Self::X86_64),
            other => bail!("Architecture is arm64 or x86_64, not {other:?}"),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    /// This machine's.
    pub(crate) fn here() -> Self {
        if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::X86_64 }
    }

    fn target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }
}

/// Where the built template and the packages are.
pub(crate) fn folder() -> PathBuf {
    workspace::target().join("sam")
}

/// Fails with the step that is missing when this machine cannot build for the processor.
pub(crate) fn check_target(architecture: Architecture) -> Result<()> {
    let target = architecture.target();
    let library = command::output(Command::new("rustc").args(["--print", "target-libdir", "--target", target]))
        .context("rustc does not answer: is Rust installed, and on the PATH?")?;
    require_library(Path::new(library.trim()), architecture)
}

/// Fails when the folder of a target's libraries holds no standard library.
fn require_library(folder: &Path, architecture: Architecture) -> Result<()> {
    let is_std = |file: &Path| {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("libstd-") && file.extension().is_some_and(|ending| ending == "rlib")
    };
    let mut files = fs::read_dir(folder).into_iter().flatten().flatten();
    if files.any(|file| is_std(&file.path())) {
        return Ok(());
    }
    bail!(
        "Rust's standard library for {target} is not installed, so functions for {name} cannot be built: \
         `rustup target add {target}`, or choose another processor with `--parameter Architecture={other}`",
        target = architecture.target(),
        name = architecture.name(),
        other = if architecture == Architecture::Arm64 { "x86_64" } else { "arm64" },
    )
}

/// Builds the functions for release and packages them, as `sam build` does.
pub(crate) fn build(architecture: Architecture) -> Result<()> {
    check_target(architecture)?;
    let mut lambda = command::venv("cargo-lambda");
    lambda.args(["lambda", "build", "--release"]);
    if architecture == Architecture::Arm64 {
        lambda.arg("--arm64");
    }
    // All at once: SAM builds one after the other, and cargo then finds nothing left to do.
    for function in Template::read()?.functions()?.keys() {
        lambda.args(["--bin", function]);
    }
    command::run(with_compiler(&mut lambda, architecture))?;

    let mut sam = command::venv("sam");
    sam.arg("build").arg("--build-dir").arg(folder());
    sam.args(["--parameter-overrides", &format!("Architecture={}", architecture.name())]);
    // It asks AWS nothing, yet wants to know where it would.
    if std::env::var_os("AWS_DEFAULT_REGION").is_none() {
        sam.env("AWS_DEFAULT_REGION", "us-east-1");
    }
    command::output(with_compiler(&mut sam, architecture)).map(drop)
}

/// For this machine's own processor its own compiler will do; Zig, which cargo-lambda takes otherwise, is for building elsewhere.
fn with_compiler(command: &mut Command, architecture: Architecture) -> &mut Command {
    const COMPILER: &str = "CARGO_LAMBDA_COMPILER";
    let native = cfg!(target_os = "linux") && architecture == Architecture::here();
    if native && std::env::var_os(COMPILER).is_none() {
        command.env(COMPILER, "cargo");
    }
    command
}

/// Checks what [`build`] made. Answers each function's package in bytes.
pub(crate) fn check() -> Result<BTreeMap<String, u64>> {
    let folder = folder();
    if !folder.join("template.yaml").is_file() {
        bail!("nothing is built yet: leave --no-build out");
    }
    let said = command::output(command::venv("python").args(["xtask/python/account.py", "sizes"]).arg(&folder))?;
    let sizes: BTreeMap<String, u64> = serde_json::from_str(&said).context("the packages' sizes cannot be read")?;
    let expected = Template::read()?.functions()?.len();
    if sizes.len() != expected {
        bail!("{expected} functions make {} packages in {}", sizes.len(), folder.display());
    }
    for (function, bytes) in &sizes {
        small_enough(function, *bytes)?;
        let file = folder.join(function).join("bootstrap");
        let program = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        runs_on_lambda(function, &program)?;
    }
    Ok(sizes)
}

fn small_enough(function: &str, bytes: u64) -> Result<()> {
    if bytes > MAX_BYTES {
        bail!(
            "the package of {function} is {bytes} bytes, more than {MAX_BYTES}: each cold start would load it. \
             `cargo tree --package` shows what came in"
        );
    }
    Ok(())
}

fn runs_on_lambda(function: &str, program: &[u8]) -> Result<()> {
    match newest_glibc(program) {
        Some(minor) if minor > GLIBC => bail!(
            "{function} needs glibc 2.{minor} and Lambda has 2.{GLIBC}: this machine's own compiler links against too new a system; \
             build with CARGO_LAMBDA_COMPILER=cargo-zigbuild"
        ),
        _ => Ok(()),
    }
}

/// The newest version of the C library that a program asks for.
fn newest_glibc(program: &[u8]) -> Option<u32> {
    const MARK: &[u8] = b"GLIBC_2.";
    program
        .windows(MARK.len())
        .enumerate()
        .filter(|(_, window)| *window == MARK)
        .filter_map(|(at, _)| {
            let digits = program[at + MARK.len()..].iter().take_while(|byte| byte.is_ascii_digit()).map(|byte| char::from(*byte));
            digits.collect::<String>().parse().ok()
        })
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_at_most_eight_megabytes() {
        small_enough("Api", 8_000_000).unwrap();
        let error = small_enough("Api", 8_000_001).unwrap_err().to_string();
        assert!(error.contains("Api is 8000001 bytes"), "{error}");
    }

    #[test]
    fn a_program_that_needs_a_newer_system_than_lambdas_is_refused() {
        assert_eq!(newest_glibc(b"\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.9\0GLIBC_2."), Some(34));
        assert_eq!(newest_glibc(b"static"), None);
        runs_on_lambda("Api", b"GLIBC_2.34\0").unwrap();
        runs_on_lambda("Api", b"static").unwrap();
        let error = runs_on_lambda("Api", b"GLIBC_2.34\0GLIBC_2.38\0").unwrap_err().to_string();
        assert!(error.contains("glibc 2.38") && error.contains("CARGO_LAMBDA_COMPILER"), "{error}");
    }

    #[test]
    fn a_target_without_its_standard_library_is_named_with_the_step_that_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        for missing in [folder.path().join("nowhere"), folder.path().to_owned()] {
            let error = require_library(&missing, Architecture::Arm64).unwrap_err().to_string();
            assert!(error.contains("rustup target add aarch64-unknown-linux-gnu"), "{error}");
            assert!(error.contains("--parameter Architecture=x86_64"), "{error}");
        }
        fs::write(folder.path().join("libstd-0a1b.rlib"), "").unwrap();
        require_library(folder.path(), Architecture::Arm64).unwrap();
    }

    #[test]
    fn this_machine_can_build_for_itself() {
        if cfg!(target_os = "linux") {
            check_target(Architecture::here()).unwrap();
        }
    }

    #[test]
    fn a_processor_has_the_name_of_the_parameter() {
        for architecture in [Architecture::Arm64, Architecture::X86_64] {
            assert_eq!(Architecture::parse(architecture.name()).unwrap(), architecture);
        }
        assert!(Architecture::parse("arm").is_err());
    }
}
