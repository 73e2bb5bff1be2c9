//! What somebody who hosts it types and installs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::Parser;
use quickstocks_local::Options;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::program::Program;
use crate::support::http;

fn quickstocks_local(arguments: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quickstocks-local")).args(arguments).output().unwrap()
}

fn installed(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/self-hosting").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[tokio::test]
async fn a_backup_made_while_it_runs_brings_everything_back_on_another_machine() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    let mut program = Program::start(&at("data"));
    let arrived = http().post(format!("{}/api/v1/session", program.origin)).send().await.unwrap();
    let cookie = arrived.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let list = arrived.json::<Value>().await.unwrap()["watchlists"][0].as_str().unwrap().to_owned();
    let follow = |origin: String, symbols: Value| {
        let request =
            http().put(format!("{origin}/api/v1/watchlists/{list}")).header("cookie", &cookie).header("origin", &origin);
        request.json(&json!({ "name": "Mine", "symbols": symbols })).send()
    };
    assert_eq!(follow(program.origin.clone(), json!(["AAPL"])).await.unwrap().status(), StatusCode::OK);

    let (data, backup, flag) = (at("data"), at("backup.db"), PathBuf::from("--data-dir"));
    let made = quickstocks_local(&["backup".as_ref(), &backup, &flag, &data]);
    assert!(made.status.success(), "{made:?}");
    assert_eq!(follow(program.origin.clone(), json!(["MSFT"])).await.unwrap().status(), StatusCode::OK);

    let refused = quickstocks_local(&["restore".as_ref(), &backup, &flag, &data]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is in use by another QuickStocks"), "{refused:?}");

    program.kill();
    for folder in ["data", "another"] {
        let restored = quickstocks_local(&["restore".as_ref(), &backup, &flag, &at(folder)]);
        assert!(restored.status.success(), "{restored:?}");
        let program = Program::start(&at(folder));
        let answer = http().get(format!("{}/api/v1/watchlists/{list}", program.origin)).header("cookie", &cookie).send();
        assert_eq!(answer.await.unwrap().json::<Value>().await.unwrap()["symbols"], json!(["AAPL"]), "{folder}");
    }
}

#[cfg(unix)]
#[test]
fn the_data_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let _program = Program::start(&data);
    assert_eq!(data.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    for file in fs::read_dir(&data).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", file.path().display());
    }
}

#[test]
fn the_service_and_the_container_start_it_with_options_that_there_are() {
    let unit = installed("quickstocks.service");
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let service = Options::try_parse_from(command.split(' ')).unwrap();
    service.check_exposure().unwrap();
    assert_eq!(service.data_dir, Path::new("/var/lib/quickstocks"));

    let file = installed("Containerfile");
    let command = file.lines().find_map(|line| line.strip_prefix("ENTRYPOINT ")).unwrap();
    let mut command: Vec<String> = serde_json::from_str(command).unwrap();
    let refused = Options::try_parse_from(&command).unwrap().check_exposure().unwrap_err().to_string();
    assert!(refused.contains("--public-url"), "beyond the container it listens only when it is told how: {refused}");
    command.push("--public-url=https://stocks.example.org".to_owned());
    Options::try_parse_from(&command).unwrap().check_exposure().unwrap();
}

/// systemd itself reads the unit, where it is there.
#[test]
fn systemd_finds_nothing_wrong_with_the_service() {
    let folder = tempfile::tempdir().unwrap();
    // The program need not be installed for this.
    let unit = installed("quickstocks.service").replace("/usr/local/bin/quickstocks-local", "/bin/true");
    let path = folder.path().join("quickstocks.service");
    fs::write(&path, unit).unwrap();
    match Command::new("systemd-analyze").arg("verify").arg(&path).output() {
        Ok(checked) => {
            let said = String::from_utf8_lossy(&checked.stderr).into_owned();
            assert!(checked.status.success() && !said.contains("quickstocks.service"), "{said}");
        }
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}"),
    }
}
