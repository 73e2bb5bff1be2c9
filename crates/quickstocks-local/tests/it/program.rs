//! The program itself, as a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running `quickstocks-local` on a free port. Dropping it kills it, as `kill -9` does.
pub(crate) struct Program {
    child: Child,
    pub(crate) origin: String,
}

impl Program {
    /// Starts it on this data, and waits until it says where it listens.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, "error", Stdio::inherit())
    }

    /// The same, with a log of that level written there.
    pub(crate) fn start_with(data: &Path, level: &str, log: Stdio) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_quickstocks-local"))
            .args(["--listen", "127.0.0.1:0", "--no-web", "--tick-seconds", "3600", "--log-level", level, "--data-dir"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let origin = lines.find_map(|line| line.unwrap().strip_prefix("QuickStocks is at ").map(str::to_owned));
        let origin = origin.expect("it says where it listens").trim_end_matches('/').to_owned();
        // What it says later is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, origin }
    }

    /// Kills it with SIGKILL, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
