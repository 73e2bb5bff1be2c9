//! The tour of the API in README.md, typed as it stands there.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::program::Program;

/// The first block of shell commands after a heading of README.md.
fn commands_below(heading: &str) -> String {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    let (_, section) = readme.split_once(&format!("\n## {heading}\n")).expect("the heading is there");
    let (_, block) = section.split_once("```sh\n").expect("a block of commands is there");
    block.split_once("```").expect("the block ends").0.to_owned()
}

#[test]
fn the_tour_of_the_api_works_as_it_stands_in_the_readme() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(&data.path().join("data"));
    let tour = commands_below("The API");
    let default = "http://127.0.0.1:8080";
    assert!(tour.contains(default));
    let tour = tour.replace(default, &program.origin);
    // Each answer on a line of its own; one that is no success ends the tour.
    let script = format!("set -euo pipefail\ncurl() {{ command curl --fail-with-body --max-time 20 \"$@\"; echo; }}\n{tour}");
    let output = Command::new("bash").args(["-c", &script]).current_dir(data.path()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));

    let answers: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    let json = |at: usize| serde_json::from_str::<Value>(answers[at]).unwrap_or_else(|error| panic!("{error}: {}", answers[at]));
    assert_eq!(json(0)["matches"][0]["symbol"], "AAPL");
    assert_eq!(json(1)["symbols"], serde_json::json!(["AAPL"]));
    assert_eq!(json(2)["quotes"][0]["symbol"], "AAPL");
    assert!(json(3)["bars"].as_array().is_some_and(|bars| !bars.is_empty()), "{said}");
    assert_eq!(&answers[4..6], ["Watchlist,Symbol,Note", "My picks,AAPL,"], "{said}");
    assert!(answers[6] == "My picks" && answers[8].starts_with("AAPL ") && answers[9].contains("simulated"), "{said}");
    assert_eq!(json(11)["watchlists"][0]["symbols"], serde_json::json!(["AAPL"]));
    assert_eq!(json(12)["source"]["kind"], "simulated");
    assert_eq!(answers.len(), 13, "deleting an account answers nothing: {said}");
}
