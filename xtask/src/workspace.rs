//! Where things are.

use std::path::{Path, PathBuf};

/// The top of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the workspace")
}

/// The target directory, which `CARGO_TARGET_DIR` may have moved.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// A binary of the development profile.
pub(crate) fn debug_binary(name: &str) -> PathBuf {
    target().join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// The web UI's folder.
pub(crate) fn web() -> PathBuf {
    root().join("web")
}

/// The Python environment of the tests' tools.
pub(crate) fn venv() -> PathBuf {
    root().join(".tools").join("venv")
}

/// The folder of the Python environment's programs.
pub(crate) fn venv_bin() -> PathBuf {
    programs_of(&venv())
}

/// The Python environment of the fuzzing.
pub(crate) fn fuzz_venv() -> PathBuf {
    root().join(".tools").join("fuzz")
}

/// The Python environment of checkov, whose requirements fit no other's.
pub(crate) fn checkov() -> PathBuf {
    root().join(".tools").join("checkov")
}

/// The folder of a Python environment's programs.
pub(crate) fn programs_of(venv: &Path) -> PathBuf {
    venv.join(if cfg!(windows) { "Scripts" } else { "bin" })
}
