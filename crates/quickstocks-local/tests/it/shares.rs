//! A list that is shared by a link, from its owner to whoever looks.

use std::fs::File;
use std::process::Stdio;

use quickstocks_core::model::Sharing;
use reqwest::{Method, StatusCode, header};
use serde_json::Value;

use crate::program::Program;
use crate::support::{System, http};

#[tokio::test]
async fn whoever_has_the_link_sees_each_tick_until_it_is_ended() {
    let system = System::start().await;
    let owner = system.guest().await;
    owner.pick("AAPL").await;
    let of_list = format!("/watchlists/{}/share", owner.list);
    let share: Value = owner.send(Method::PUT, &of_list, None).await.json().await.unwrap();
    let follow = async |kind: &str, tag: &str| {
        let url = format!("{}{}", system.origin, share[kind].as_str().unwrap());
        http().get(url).header(header::IF_NONE_MATCH, tag).send().await.unwrap()
    };
    system.running.tick().await.unwrap();
    let first = follow("json_path", "\"none\"").await;
    assert_eq!(first.status(), StatusCode::OK);
    let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
    let first: Value = first.json().await.unwrap();
    assert_eq!((first["quotes"][0]["symbol"].as_str(), first["source"]["kind"].as_str()), (Some("AAPL"), Some("simulated")));
    assert_eq!(follow("json_path", &tag).await.status(), StatusCode::NOT_MODIFIED);

    system.running.tick().await.unwrap();
    let second = follow("json_path", &tag).await;
    assert_eq!(second.status(), StatusCode::OK, "a tick is news");
    assert!(second.json::<Value>().await.unwrap()["tick"].as_u64() > first["tick"].as_u64());
    let text = follow("text_path", &tag).await.text().await.unwrap();
    assert!(text.lines().any(|line| line.starts_with("AAPL ") && line.ends_with("Apple Inc.")), "{text}");

    // A link outlives the process, and leads nowhere while sharing is switched off.
    let paths = ["json_path", "text_path"].map(|kind| share[kind].as_str().unwrap().to_owned());
    let look = async |system: &System| {
        let mut statuses = Vec::new();
        for path in &paths {
            statuses.push(http().get(format!("{}{path}", system.origin)).send().await.unwrap().status().as_u16());
        }
        statuses
    };
    let system = system.restart_with(|options| options.sharing = Sharing::Off).await;
    assert_eq!(look(&system).await, [403, 403]);
    let system = system.restart_with(|options| options.sharing = Sharing::Auto).await;
    assert_eq!(look(&system).await, [200, 200]);
    let ended = http().delete(format!("{}/api/v1{of_list}", system.origin));
    let ended = ended.header(header::COOKIE, &owner.cookie).header(header::ORIGIN, &system.origin).send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    assert_eq!(look(&system).await, [404, 404]);
}

/// Whoever reads the log must not be able to follow a link.
#[tokio::test]
async fn no_log_has_the_token_of_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut program = Program::start_with(&folder.path().join("data"), "trace", Stdio::from(File::create(&log).unwrap()));
    let origin = program.origin.clone();
    let answer = http().post(format!("{origin}/api/v1/session")).send().await.unwrap();
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let list = answer.json::<Value>().await.unwrap()["watchlists"][0].as_str().unwrap().to_owned();
    let of_list = format!("{origin}/api/v1/watchlists/{list}/share");
    let send = async |method: Method, url: &str| {
        let request = http().request(method, url).header(header::COOKIE, &cookie).header(header::ORIGIN, &origin);
        request.send().await.unwrap()
    };
    let share: Value = send(Method::PUT, &of_list).await.json().await.unwrap();
    let token = share["token"].as_str().unwrap();
    for path in [share["json_path"].as_str().unwrap(), share["text_path"].as_str().unwrap()] {
        assert_eq!(send(Method::GET, &format!("{origin}{path}")).await.status(), StatusCode::OK);
    }
    assert_eq!(send(Method::DELETE, &of_list).await.status(), StatusCode::NO_CONTENT);
    for wrong in [format!("{token}/list.json"), format!("{token}/nothing"), token[1..].to_owned()] {
        assert_eq!(send(Method::GET, &format!("{origin}/api/v1/shared/{wrong}")).await.status(), StatusCode::NOT_FOUND);
    }
    program.kill();
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("list shared") && log.contains("list no longer shared"), "{log}");
    let secrets = [token, &token[1..], cookie.split_once('=').unwrap().1];
    let told: Vec<&str> = log.lines().filter(|line| secrets.iter().any(|secret| line.contains(secret))).collect();
    assert_eq!(told, [""; 0]);
}
