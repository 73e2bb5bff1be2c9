//! The program: its help, its refusals and that it serves.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_quickstocks-market"))
}

#[test]
fn help_names_every_option() {
    let output = program().arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for option in ["--listen", "--seed", "--replay", "--always-open", "--start-ms", "--step-ms", "--synthetic"] {
        assert!(text.contains(option), "{option}");
    }
}

#[test]
fn a_folder_without_recordings_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let output = program().args(["--listen", "127.0.0.1:0", "--replay"]).arg(folder.path()).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains(folder.path().to_str().unwrap()) && text.contains("index.json"), "{text}");
}

#[test]
fn other_machines_are_not_served() {
    let output = program().args(["--listen", "0.0.0.0:0"]).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && text.contains("0.0.0.0:0 is not a loopback address"), "{text}");
}

#[tokio::test]
async fn it_prints_its_url_and_serves_there() {
    let mut child = program().args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let answer = reqwest::get(format!("{}/_market/state", url.trim())).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let state: serde_json::Value = answer.unwrap().json().await.unwrap();
    assert_eq!((&state["always_open"], &state["mode"]), (&serde_json::json!(true), &serde_json::json!("simulated")));
}
