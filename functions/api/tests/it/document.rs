//! The OpenAPI document says what the router does.

use std::collections::BTreeSet;

use http::header;
use serde_json::{Value, json};

use crate::contract;
use crate::doors::ROUTES;
use crate::scene::{REQUESTS, Scene};
use crate::support::World;

fn document() -> Value {
    api::openapi_document().clone()
}

/// Every operation: method, path, what is said of it.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(|(method, operation)| (method.to_uppercase(), path.clone(), operation.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[tokio::test]
async fn every_operation_is_there_and_says_what_it_answers() {
    let world = World::new();
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    for (method, path, operation) in operations(&document) {
        let what = format!("{method} {path}");
        let concrete = path.strip_prefix("/api/v1").unwrap().replace("{id}", "1").replace("{symbol}", "AAPL");
        let answer = world.stranger().call(&method, &concrete, None, &[]).await;
        // Behind a link that leads nowhere there is nothing either.
        let routed = match answer.status.as_u16() {
            404 => answer.json()["code"] != "route_not_found",
            status => status != 405,
        };
        assert!(routed, "{what} is no route: {answer:?}");
        let statuses: BTreeSet<&str> = operation["responses"].as_object().unwrap().keys().map(String::as_str).collect();
        assert!(statuses.iter().any(|status| status.starts_with('2')), "{what} tells no success");
        let secured = operation["security"].as_array().is_some_and(|all| !all.is_empty());
        assert_eq!(answer.status == 401 || what.ends_with("GET /api/v1/session"), secured, "{what}: {answer:?}");
        assert_eq!(statuses.contains("401"), secured, "{what}");
        if secured && method != "GET" {
            assert!(statuses.contains("403"), "{what} may be refused for its origin");
        }
        if path.contains('{') {
            assert!(operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["in"] == "path")), "{what}");
        }
    }
}

/// The router's routes, read from its source: axum does not tell them.
fn routes() -> BTreeSet<String> {
    let source = include_str!("../../src/lib.rs");
    let mut routes = BTreeSet::new();
    for route in source.split(".route(\"").skip(1) {
        let (path, rest) = route.split_once('"').unwrap();
        let handlers = rest.split(".route").next().unwrap().lines().next().unwrap();
        for method in ["get", "post", "put", "delete"] {
            if handlers.contains(&format!(" {method}(")) || handlers.contains(&format!(".{method}(")) {
                routes.insert(format!("{} /api/v1{path}", method.to_uppercase()));
            }
        }
    }
    routes
}

/// The operation of a request in the tests.
fn template((method, path): (&str, &str)) -> String {
    let path = path
        .split('?')
        .next()
        .unwrap()
        .replace("/1", "/{id}")
        .replace("/LIST", "/{id}")
        .replace("/TOKEN", "/{id}")
        .replace("/DEVICE", "/{id}")
        .replace("/SHARED", "/{token}");
    let path = path.replace("/ALERT", "/{id}").replace("/ACTION", "/{token}");
    format!("{method} /api/v1{}", path.replace("/AAPL", "/{symbol}").replace("/MSFT", "/{symbol}"))
}

#[test]
fn the_document_the_router_and_these_tests_know_the_same_operations() {
    let document = document();
    let all = operations(&document);
    let named: BTreeSet<String> = all.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert!(named.len() > 30);
    assert_eq!(routes(), named);
    assert_eq!(REQUESTS.into_iter().map(|(method, path, _)| template((method, path))).collect::<BTreeSet<_>>(), named);
    let secured = all.iter().filter(|(_, _, operation)| operation["security"].is_array());
    let secured: BTreeSet<String> = secured.map(|(method, path, _)| format!("{method} {path}")).collect();
    assert_eq!(ROUTES.into_iter().map(template).collect::<BTreeSet<_>>(), secured);
}

#[tokio::test]
async fn every_operation_succeeds_as_the_document_says() {
    for request in REQUESTS {
        let world = World::new();
        let mut scene = Scene::set(&world).await;
        let answer = scene.call(request).await;
        assert!(answer.status.is_success(), "{request:?}: {answer:?}");
        if request.1 == "/openapi.json" {
            assert_eq!(answer.json(), document());
            assert_eq!(answer.header(header::CACHE_CONTROL), "public, max-age=300");
        }
    }
}

#[tokio::test]
async fn no_operation_can_be_called_by_another_method() {
    let world = World::new();
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.strip_prefix("/api/v1").unwrap().replace("{id}", "1").replace("{symbol}", "AAPL");
        let named: Vec<String> = item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
            if !named.iter().any(|one| one == method) {
                let answer = world.stranger().call(method, &path, None, &[]).await;
                answer.is_problem(405, "method_not_allowed", None);
                let allowed: BTreeSet<&str> = answer.header(header::ALLOW).split(',').filter(|one| *one != "HEAD").collect();
                assert_eq!(allowed, named.iter().map(String::as_str).collect(), "{method} {path}");
            }
        }
    }
}

/// What is in the document as examples is what the tests' scene answers. `UPDATE_EXAMPLES=1` in the environment writes it.
#[tokio::test]
async fn the_examples_are_real_answers() {
    let mut examples = serde_json::Map::new();
    for request in REQUESTS {
        let world = World::new();
        let mut scene = Scene::set(&world).await;
        let (method, path, body) = request;
        let answer = scene.call(request).await;
        let mut example = serde_json::Map::from_iter([("status".to_owned(), json!(answer.status.as_str()))]);
        if !body.is_empty() {
            example.insert("request".to_owned(), scene.body(body));
        }
        let media_type = answer.header(header::CONTENT_TYPE);
        // The document is no example of itself.
        if media_type == "application/json" && path != "/openapi.json" {
            example.insert("response".to_owned(), answer.json());
        } else if media_type.starts_with("text/plain") {
            example.insert("response".to_owned(), answer.text.into());
        }
        examples.insert(template((method, path)), example.into());
    }
    if std::env::var_os("UPDATE_EXAMPLES").is_some() {
        let text = serde_json::to_string_pretty(&examples).unwrap() + "\n";
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/openapi/examples.json"), text).unwrap();
    }
    let written: serde_json::Map<String, Value> = serde_json::from_str(include_str!("../../src/openapi/examples.json")).unwrap();
    let how = "UPDATE_EXAMPLES=1 cargo nextest run -p api the_examples writes them anew";
    assert_eq!(written.keys().collect::<Vec<_>>(), examples.keys().collect::<Vec<_>>(), "{how}");
    for (name, example) in &examples {
        let (written, keys) = (&written[name], |value: &Value| shape(value));
        assert_eq!(keys(written), keys(example), "{name}: {how}");
    }
}

/// A value without what changes from run to run: its keys, and the first of a list.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
        Value::Array(items) => items.first().map(shape).into_iter().collect(),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) | Value::Null => json!(null),
    }
}

#[test]
fn every_request_and_every_answer_has_an_example_that_its_schema_allows() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let what = format!("{method} {path}");
        let mut contents: Vec<(String, &Value)> = Vec::new();
        let of_body = |media: &serde_json::Map<String, Value>| media.keys().cloned().collect::<Vec<_>>();
        if let Some(media) = operation["requestBody"]["content"].as_object() {
            contents.extend(of_body(media).into_iter().map(|one| (format!("{what} takes {one}"), &media[&one])));
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{what} {status} is not described");
            if let Some(media) = response["content"].as_object() {
                contents.extend(of_body(media).into_iter().map(|one| (format!("{what} answers {status} {one}"), &media[&one])));
            }
        }
        for (what, content) in contents {
            let schema = &content["schema"];
            let named = content["examples"].as_object().into_iter().flat_map(|all| all.values().map(|one| &one["value"]));
            let examples: Vec<&Value> = named.chain(content.get("example")).collect();
            assert!(!examples.is_empty(), "{what}: no example");
            for example in examples {
                assert!(schema["type"] == "string" || contract::violations(schema, example, "$").is_empty(), "{what}: {example}");
            }
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].as_str().is_some_and(|text| !text.is_empty()), "{what}: {parameter}");
        }
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{what} has no summary");
    }
    let ids: Vec<String> = operations(&document).into_iter().map(|(_, _, one)| one["operationId"].to_string()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an operationId stands twice");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
}

/// Operations without parameters once had `"parameters": null`, which readers of the document refuse.
#[test]
fn nothing_in_the_document_is_null_but_in_examples() {
    fn nulls(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::Null => found.push(at.to_owned()),
            Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| nulls(item, &format!("{at}/{n}"), found)),
            Value::Object(fields) => {
                for (key, field) in fields.iter().filter(|(key, _)| !key.starts_with("example")) {
                    nulls(field, &format!("{at}/{key}"), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    nulls(&document(), "", &mut found);
    assert_eq!(found, [""; 0]);
}

#[test]
fn every_problem_in_the_document_has_its_codes() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            if !status.starts_with(['2', '3']) {
                let examples = response["content"]["application/problem+json"]["examples"].as_object();
                assert!(
                    examples.is_some_and(|all| !all.is_empty()),
                    "{method} {path} {status}: add its codes to openapi/codes.rs"
                );
            }
        }
    }
}

#[test]
fn the_check_of_answers_finds_what_is_wrong() {
    let schema = json!({ "$ref": "#/components/schemas/Missing" });
    let wrong = |instance: Value| contract::violations(&schema, &instance, "$");
    assert_eq!(wrong(json!({ "symbol": "AAPL", "reason": "pending" })), Vec::<String>::new());
    for (instance, found) in [
        (json!({ "symbol": "AAPL" }), "$ lacks reason"),
        (json!({ "symbol": "AAPL", "reason": "pending", "why": 1 }), "$.why is not named"),
        (json!({ "symbol": null, "reason": "pending" }), "$.symbol is not \"string\": null"),
        (json!([]), "$ is not \"object\": []"),
    ] {
        assert_eq!(wrong(instance), [found]);
    }
    assert!(wrong(json!({ "symbol": "AAPL", "reason": "other" }))[0].starts_with("$.reason is none of"));
}
