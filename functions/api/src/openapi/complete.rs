//! What the handlers' attributes do not say: derived from what they say, and from the tables beside this file.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::codes::{self, Code};
use super::parameters;
use crate::error::PROBLEM_JSON;

/// Real answers of the tests' scene; `UPDATE_EXAMPLES=1 cargo nextest run -p api examples` writes them anew.
const EXAMPLES: &str = include_str!("examples.json");

/// The schemas of what has a version, which is its `ETag`.
const VERSIONED: [&str; 3] =
    ["#/components/schemas/Watchlist", "#/components/schemas/Preferences", "#/components/schemas/AlertBody"];

/// Operations whose answer says where what they made is.
const LOCATED: [&str; 3] = ["POST /api/v1/watchlists", "POST /api/v1/tokens", "POST /api/v1/alerts"];

/// Operations that give a session or take it away.
const COOKIES: [&str; 6] = [
    "POST /api/v1/session",
    "DELETE /api/v1/session",
    "DELETE /api/v1/tokens",
    "POST /api/v1/pairing/redeem",
    "POST /api/v1/recovery/redeem",
    "DELETE /api/v1/account",
];

/// Lists as a table.
const CSV: &str = "Watchlist,Symbol,Note\r\nMy picks,AAPL,the yardstick\r\nMy picks,^GSPC,\r\n";

/// Completes the document.
pub(crate) fn complete(document: &mut Value) {
    let examples: Value = serde_json::from_str(EXAMPLES).unwrap_or_default();
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let name = format!("{} {path}", method.to_uppercase());
            operation["operationId"] = operation_id(method, path).into();
            take_key(method, operation);
            parameters::describe(operation);
            problems(method, path, operation);
            success(&name, operation);
            exemplify(&examples[&name], operation);
        }
    }
}

/// `put_watchlists_id_symbols_symbol`: an id has to be of one operation only, and handlers of two modules have one name.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.trim_start_matches("/api/v1/").replace(['{', '}'], "").replace(['/', '-', '.'], "_");
    format!("{method}_{path}")
}

/// Every POST by somebody known may be sent again under one key.
fn take_key(method: &str, operation: &mut Value) {
    if method != "post" || !operation["security"].is_array() {
        return;
    }
    let key = json!({
        "name": "Idempotency-Key", "in": "header", "required": false, "example": "0b9ff1a5-6c4e-4f0e-9a3d-1f2c7a9f4f10",
        "description": "a text of your own for this very request: sent again with it within 24 hours, the request is not done again and the answer is the same",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }
    });
    // Asked for with an index, what is not there would come to be: as null, which is no list of parameters.
    match operation.get_mut("parameters").and_then(Value::as_array_mut) {
        Some(parameters) => parameters.push(key),
        None => operation["parameters"] = json!([key]),
    }
}

/// One response for each status that a problem may have, with the codes that come with it.
fn problems(method: &str, path: &str, operation: &mut Value) {
    let mut by_status: BTreeMap<u16, Vec<&Code>> = BTreeMap::new();
    for code in codes::of(method, path, operation) {
        by_status.entry(code.status).or_default().push(code);
    }
    for (status, codes) in by_status {
        operation["responses"][status.to_string()] = response(status, &codes);
    }
}

fn response(status: u16, codes: &[&Code]) -> Value {
    let lines: Vec<String> = codes.iter().map(|code| format!("- `{}`: {}.", code.name, code.meaning)).collect();
    let examples: Map<String, Value> = codes.iter().map(|code| (code.name.to_owned(), example(code))).collect();
    let mut response = json!({
        "description": lines.join("\n"),
        "content": { PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" }, "examples": examples } }
    });
    if matches!(status, 409 | 429 | 503) {
        response["headers"] = json!({ "Retry-After": header("integer", "seconds to wait before trying again", &json!(5)) });
    }
    response
}

fn example(code: &Code) -> Value {
    let title = StatusCode::from_u16(code.status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error");
    let problem =
        json!({ "type": "about:blank", "title": title, "status": code.status, "code": code.name, "detail": code.meaning });
    json!({ "summary": code.meaning, "value": problem })
}

fn success(name: &str, operation: &mut Value) {
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        if !status.starts_with('2') {
            continue;
        }
        if response["description"].as_str().is_none_or(str::is_empty) {
            response["description"] = if status == "204" { "done; there is nothing to say" } else { "done" }.into();
        }
        let schema = response["content"]["application/json"]["schema"]["$ref"].as_str().unwrap_or_default();
        if VERSIONED.contains(&schema) {
            response["headers"]["ETag"] = header("string", "the version, for `If-Match`", &json!("\"3\""));
        }
        if LOCATED.contains(&name) {
            response["headers"]["Location"] =
                header("string", "the path of what was made", &json!("/api/v1/watchlists/9f86d081884c7d65"));
        }
        if COOKIES.contains(&name) {
            let cookie = json!("__Host-qs=…; Path=/; Max-Age=7776000; HttpOnly; SameSite=Strict; Secure");
            response["headers"]["Set-Cookie"] = header("string", "gives the session or takes it away", &cookie);
        }
    }
}

fn header(kind: &str, description: &str, example: &Value) -> Value {
    json!({ "description": description, "schema": { "type": kind }, "example": example })
}

/// Puts a request's and an answer's example where they belong.
fn exemplify(example: &Value, operation: &mut Value) {
    let Some(example) = example.as_object() else { return };
    if let Some(body) = example.get("request")
        && let Some(contents) = operation["requestBody"]["content"].as_object_mut()
    {
        for (media_type, content) in contents {
            if content["schema"]["type"] == "string" {
                content["schema"]["minLength"] = 1.into();
            }
            match media_type.as_str() {
                "application/json" => content["example"] = body.clone(),
                "text/csv" => content["example"] = CSV.into(),
                _ => content["example"] = "AAPL MSFT\n^GSPC\n".into(),
            }
        }
    }
    let Some(body) = example.get("response") else { return };
    let responses = operation["responses"].as_object_mut().into_iter().flatten();
    for (_, response) in responses.filter(|(status, _)| status.starts_with('2')) {
        for (media_type, content) in response["content"].as_object_mut().into_iter().flatten() {
            content["example"] = if media_type == "text/csv" { CSV.into() } else { body.clone() };
        }
    }
}
