//! The OpenAPI document says what the router does.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::World;

fn document() -> Value {
    serde_json::to_value(api::openapi_document()).unwrap()
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
        assert!(!matches!(answer.status.as_u16(), 404 | 405), "{what} is no route: {answer:?}");
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

/// The keys of an instance that a schema does not name, as paths.
fn unknown_keys(document: &Value, schema: &Value, instance: &Value, at: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let target = document.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name} is not there"));
        return unknown_keys(document, target, instance, at);
    }
    if let Some(parts) = schema["oneOf"].as_array() {
        let fits = parts.iter().map(|part| unknown_keys(document, part, instance, at));
        return fits.min_by_key(Vec::len).unwrap_or_default();
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let unknown = parts.iter().map(|part| unknown_keys(document, part, instance, at));
        return unknown.reduce(|left, right| left.into_iter().filter(|key| right.contains(key)).collect()).unwrap_or_default();
    }
    match instance {
        Value::Array(items) => items.iter().flat_map(|item| unknown_keys(document, &schema["items"], item, at)).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| match schema["properties"].get(key) {
                Some(schema) => unknown_keys(document, schema, value, &format!("{at}.{key}")),
                None if schema["properties"].is_null() && schema["additionalProperties"].is_object() => Vec::new(),
                None => vec![format!("{at}.{key}")],
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn answers_carry_what_their_schemas_name_and_all_that_is_required() {
    let world = World::new();
    let document = document();
    let mut browser = world.guest().await;
    let list = format!("/watchlists/{}", browser.list.clone());
    browser.put(&format!("{list}/symbols/AAPL"), &json!({})).await;
    let preferences = json!({ "locale": "de", "quiet_hours": { "from": "22:00", "to": "07:00" } });
    let token = json!({ "name": "x", "scope": "read" });
    for (method, path, template, body) in [
        ("GET", "/session", "/session", None),
        ("GET", "/watchlists", "/watchlists", None),
        ("GET", list.as_str(), "/watchlists/{id}", None),
        ("PUT", "/preferences", "/preferences", Some(&preferences)),
        ("GET", "/preferences", "/preferences", None),
        ("GET", "/quotes?symbols=AAPL,NOPE", "/quotes", None),
        ("POST", "/ws-ticket", "/ws-ticket", None),
        ("POST", "/tokens", "/tokens", Some(&token)),
        ("POST", "/recovery", "/recovery", None),
        ("POST", "/pairing", "/pairing", None),
        ("POST", "/invites", "/invites", None),
        ("GET", "/tokens", "/tokens", None),
        ("GET", "/account/export", "/account/export", None),
        ("GET", "/status", "/status", None),
        ("GET", "/config", "/config", None),
    ] {
        let answer = browser.call(method, path, body, &[]).await;
        let operation = &document["paths"][format!("/api/v1{template}")][method.to_lowercase()];
        let response = &operation["responses"][answer.status.as_str()];
        let schema = &response["content"]["application/json"]["schema"];
        assert!(!schema.is_null(), "{method} {path}: {answer:?}");
        assert_eq!(unknown_keys(&document, schema, &answer.json(), "$"), Vec::<String>::new(), "{method} {path}");
        let named = schema["$ref"].as_str().and_then(|name| document.pointer(name.trim_start_matches('#'))).unwrap_or(schema);
        for required in named["required"].as_array().into_iter().flatten() {
            assert!(answer.json().get(required.as_str().unwrap()).is_some(), "{method} {path} lacks {required}");
        }
    }
}
