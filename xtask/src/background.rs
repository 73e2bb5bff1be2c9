//! Servers that run beside a test, and end with it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a server may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(50);

/// A running server. Dropping it ends it, and everything that it started.
pub(crate) struct Background {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Background {
    /// Starts a server whose output goes to `log`.
    pub(crate) fn start(name: &'static str, command: &mut Command, input: Stdio, log: &Path) -> Result<Self> {
        let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(input).stdout(output.try_clone()?).stderr(output);
        own_group(command);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, child, log: log.to_owned() })
    }

    /// Waits for a line of the log that `find` makes something of.
    pub(crate) fn wait_for_line<T>(&mut self, limit: Duration, find: impl Fn(&str) -> Option<T>) -> Result<T> {
        let begin = Instant::now();
        loop {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            // A line is whole only once its end is written.
            let whole = log.rfind('\n').map_or("", |end| &log[..end]);
            if let Some(found) = whole.lines().find_map(&find) {
                return Ok(found);
            }
            self.check_alive()?;
            if begin.elapsed() > limit {
                bail!("{} said nothing useful within {limit:?}:\n{}", self.name, self.tail());
            }
            sleep(POLL);
        }
    }

    /// Fails, with what it said last, when the server has ended.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended ({status}):\n{}", self.name, self.tail());
        }
        Ok(())
    }

    /// The end of the log.
    pub(crate) fn tail(&self) -> String {
        tail(&self.log)
    }

    fn stop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        signal(&self.child, Signal::Terminate);
        let begin = Instant::now();
        while begin.elapsed() < GRACE {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            sleep(POLL);
        }
        // What the server started outlives it when it was slow to end.
        signal(&self.child, Signal::Kill);
        if let Err(error) = self.child.wait() {
            eprintln!("{} cannot be waited for: {error}", self.name);
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The last lines of a file.
pub(crate) fn tail(file: &Path) -> String {
    const LINES: usize = 40;
    let Ok(text) = fs::read(file) else {
        return format!("(no {})", file.display());
    };
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

/// The first address of an HTTP server in a line.
pub(crate) fn url_in(line: &str) -> Option<String> {
    let begin = line.find("http://")?;
    let url: String = line[begin..].chars().take_while(|c| c.is_ascii_alphanumeric() || ":/.-_[]".contains(*c)).collect();
    Some(url.trim_end_matches(['/', '.']).to_owned())
}

#[derive(Clone, Copy)]
enum Signal {
    Terminate,
    Kill,
}

/// A group of its own: what the server starts ends with it, and Ctrl-C reaches us first.
#[cfg(unix)]
fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    command.process_group(0);
}

#[cfg(not(unix))]
fn own_group(_command: &mut Command) {}

#[cfg(unix)]
fn signal(child: &Child, signal: Signal) {
    use rustix::process::{Pid, Signal as Unix, kill_process_group};

    let signal = match signal {
        Signal::Terminate => Unix::TERM,
        Signal::Kill => Unix::KILL,
    };
    // An error says that the whole group has ended already.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(not(unix))]
fn signal(_child: &Child, _signal: Signal) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_a_sentence() {
        assert_eq!(url_in("QuickStocks is at http://127.0.0.1:8080/."), Some("http://127.0.0.1:8080".to_owned()));
        assert_eq!(url_in("market: http://127.0.0.1:39211"), Some("http://127.0.0.1:39211".to_owned()));
        assert_eq!(url_in("starting"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_server_ends_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut shell = Command::new("sh");
        shell.args(["-c", "sleep 600 & echo \"child $!\"; wait"]);
        let mut server = Background::start("shell", &mut shell, Stdio::null(), &log).unwrap();
        let child = server.wait_for_line(GRACE, |line| line.strip_prefix("child ").map(str::to_owned)).unwrap();
        drop(server);
        // Killed at once, but reaped by whoever adopted it: until then it is a zombie.
        let gone = || {
            let state = Command::new("ps").args(["-o", "stat=", "-p", &child]).output().unwrap();
            state.stdout.is_empty() || state.stdout.starts_with(b"Z")
        };
        let begin = Instant::now();
        while !gone() {
            assert!(begin.elapsed() < GRACE, "process {child} is still there");
            sleep(POLL);
        }
    }

    #[test]
    fn a_server_that_ends_early_shows_what_it_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut cargo = crate::command::cargo();
        let mut server =
            Background::start("cargo", cargo.arg("no-such-task"), Stdio::null(), &folder.path().join("log")).unwrap();
        let error = server.wait_for_line(Duration::from_mins(1), |_| None::<()>).unwrap_err();
        assert!(format!("{error}").contains("no-such-task"), "{error}");
    }
}
