//! ministack, an emulator of AWS that runs the functions as processes of this machine.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::background::Background;
use crate::{command, workspace};

const START: Duration = Duration::from_mins(1);

/// The emulator's root user. Only this key may do everything: each function gets a session of its own role.
const ROOT_KEY: (&str, &str) = ("QSROOTKEY", "quickstocks-root");
const REGION: &str = "us-east-1";

/// A running emulator, which ends with the last copy of this.
#[derive(Clone)]
pub(crate) struct Emulator {
    /// Its address.
    pub(crate) url: String,
    _process: Arc<Background>,
}

impl Emulator {
    /// Starts an emulator on a free port of the loopback interface.
    pub(crate) async fn start(folder: &Path) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
        let port = listener.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");
        let mut program = command::venv("python");
        program.arg("xtask/python/emulator.py");
        // The functions inherit this environment, so it holds nothing of the developer's own.
        program.env_clear().envs([
            ("AUTH", "true"),
            ("BIND_HOST", "127.0.0.1"),
            ("MINISTACK_HOST", "127.0.0.1"),
            ("GATEWAY_PORT", &port.to_string()),
            ("IOT_MTLS_ENABLED", "0"), // it would listen on every interface
            ("AWS_ENDPOINT_URL", &url),
            ("AWS_ACCESS_KEY_ID", ROOT_KEY.0),
            ("AWS_SECRET_ACCESS_KEY", ROOT_KEY.1),
            ("AWS_DEFAULT_REGION", REGION),
            ("RUST_BACKTRACE", "1"),
        ]);
        program
            .env("PATH", command::path_with(&workspace::venv_bin()))
            .env("HOME", folder.join("tmp"))
            .env("TMPDIR", folder.join("tmp"));
        let log = folder.join("ministack.log");
        let mut process = Background::start("ministack", &mut program, socket(listener), &log)?;

        let http = reqwest::Client::builder().timeout(START).build()?;
        let ready = http.get(format!("{url}/_ministack/ready")).send().await;
        process.check_alive()?;
        let status = ready.with_context(|| format!("the emulator does not answer:\n{}", process.tail()))?.status();
        ensure!(status.is_success(), "the emulator is not ready ({status}):\n{}", process.tail());
        Ok(Self { url, _process: Arc::new(process) })
    }

    /// Makes a program talk to the emulator instead of AWS, as its root user.
    pub(crate) fn address(&self, command: &mut Command) {
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", ROOT_KEY.0)
            .env("AWS_SECRET_ACCESS_KEY", ROOT_KEY.1)
            .env("AWS_DEFAULT_REGION", REGION)
            .env_remove("AWS_REGION")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN");
    }

    /// What a task of `xtask/python/stack.py` answers.
    pub(crate) fn ask(&self, task: &[&str]) -> Result<Value> {
        let mut python = command::venv("python");
        self.address(&mut python);
        let said = command::output(python.arg("xtask/python/stack.py").args(task))?;
        serde_json::from_str(&said).with_context(|| format!("stack.py {task:?} printed no JSON: {said}"))
    }

    /// Writes what each function logged into a file of `folder`.
    pub(crate) fn save_function_logs(&self, folder: &Path) -> Result<()> {
        let folder = folder.to_str().context("the target directory's name is no UTF-8")?;
        self.ask(&["logs", super::scenario::STACK, folder]).map(drop)
    }
}

/// The listening socket, as the standard input of the program that serves it.
#[cfg(unix)]
fn socket(listener: TcpListener) -> Stdio {
    Stdio::from(std::os::fd::OwnedFd::from(listener))
}

#[cfg(not(unix))]
fn socket(_listener: TcpListener) -> Stdio {
    Stdio::null()
}
