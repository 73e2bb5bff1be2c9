//! ministack, an emulator of AWS that runs the functions as processes of this machine.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::background::Background;
use crate::{command, workspace};

const START: Duration = Duration::from_mins(1);

/// The emulator's root user. Only this key may do everything: each function gets a session of its own role.
const ROOT_KEY: (&str, &str) = ("QSROOTKEY", "quickstocks-root");
const REGION: &str = "us-east-1";

/// A running emulator.
pub(crate) struct Emulator {
    /// Its address.
    pub(crate) url: String,
    _process: Background,
}

impl Emulator {
    /// Starts an emulator on a free port of the loopback interface.
    pub(crate) async fn start(folder: &Path) -> Result<Self> {
        // It takes no listening socket and no port 0, so the port is free only a moment before it is used.
        let mut last = None;
        for _ in 0..3 {
            match Self::start_on(free_port()?, folder).await {
                Ok(emulator) => return Ok(emulator),
                Err(error) => last = Some(error),
            }
        }
        Err(last
            .context("no attempt was made")?
            .context("the emulator did not start"))
    }

    async fn start_on(port: u16, folder: &Path) -> Result<Self> {
        let url = format!("http://127.0.0.1:{port}");
        let mut program = command::venv("ministack");
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
        let mut process =
            Background::start("ministack", &mut program, &folder.join("ministack.log"))?;

        let ready = format!("{url}/_ministack/ready");
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .build()?;
        let begin = Instant::now();
        loop {
            process.check_alive()?;
            if http
                .get(&ready)
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success())
            {
                return Ok(Self {
                    url,
                    _process: process,
                });
            }
            if begin.elapsed() > START {
                bail!(
                    "the emulator is not ready after {START:?}:\n{}",
                    process.tail()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// A program of the Python environment that talks to the emulator instead of AWS, as its root user.
    pub(crate) fn client(&self, program: &str) -> Command {
        let mut command = command::venv(program);
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", ROOT_KEY.0)
            .env("AWS_SECRET_ACCESS_KEY", ROOT_KEY.1)
            .env("AWS_DEFAULT_REGION", REGION)
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN");
        command
    }

    /// What a task of `xtask/python/stack.py` answers.
    pub(crate) fn ask(&self, task: &[&str]) -> Result<Value> {
        let said = command::output(
            self.client("python")
                .arg("xtask/python/stack.py")
                .args(task),
        )?;
        serde_json::from_str(&said)
            .with_context(|| format!("stack.py {task:?} printed no JSON: {said}"))
    }

    /// Writes what each function logged into a file of `folder`.
    pub(crate) fn save_function_logs(&self, folder: &Path) -> Result<()> {
        let folder = folder
            .to_str()
            .context("the target directory's name is no UTF-8")?;
        self.ask(&["logs", super::deploy::STACK, folder]).map(drop)
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
    Ok(listener.local_addr()?.port())
}
