//! Holds every answer in these tests against the OpenAPI document: its status, its media type and its body.

use std::sync::LazyLock;

use http::{Method, header};
use serde_json::{Map, Value};

use crate::support::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| api::openapi_document().clone());

/// Panics when the document does not say that this may be answered.
#[track_caller]
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let asked = if method == Method::HEAD { &Method::GET } else { method };
    let Some(operation) = operation(asked, path) else {
        assert!(!answer.status.is_success(), "{method} {path} is not in the document: {answer:?}");
        return;
    };
    if method == Method::HEAD {
        assert!(answer.text.is_empty(), "HEAD {path} has a body: {answer:?}");
    } else {
        let what = format!("{method} {path}: {}", answer.status);
        let response = operation["responses"].get(answer.status.as_str());
        let response = response.unwrap_or_else(|| panic!("{what} is not in the document: {answer:?}"));
        check_body(response, &what, answer);
        check_headers(response, &what, answer);
    }
}

/// Every header that says something about the answer has to be told, and every one that is told has to be there; the cookie only
/// where a session is given or taken away.
fn check_headers(response: &Value, what: &str, answer: &Answer) {
    for name in ["ETag", "Location", "Retry-After"] {
        let told = response["headers"].get(name).is_some();
        assert_eq!(answer.headers.contains_key(name), told, "{what}, {name}: {answer:?}");
    }
}

fn check_body(response: &Value, what: &str, answer: &Answer) {
    let Some(content) = response["content"].as_object() else {
        let empty = answer.text.is_empty() || answer.status == 200;
        assert!(empty, "{what} has no body: {answer:?}");
        return;
    };
    let media_type = answer.header(header::CONTENT_TYPE).split(';').next().unwrap_or_default();
    let described = content.get(media_type).unwrap_or_else(|| panic!("{what} is no {media_type}"));
    let schema = &described["schema"];
    if media_type.ends_with("json") && schema["type"] != "string" {
        assert_eq!(violations(schema, &answer.json(), "$"), Vec::<String>::new(), "{what}");
    }
    if media_type == "application/problem+json" {
        let codes = described["examples"].as_object().expect("problems have examples");
        let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
        assert!(codes.contains_key(&code), "{what} may not have the code {code}: add it to openapi/codes.rs");
    }
}

/// What the document says of the operation behind a path. Where a path could be two, the one with fewer placeholders is meant.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let path: Vec<&str> = path.split('?').next()?.split('/').collect();
    let fits = |template: &str| {
        let template: Vec<&str> = template.split('/').collect();
        template.len() == path.len()
            && template.iter().zip(&path).all(|(part, given)| (part.starts_with('{') && !given.is_empty()) || part == given)
    };
    let paths = DOCUMENT["paths"].as_object()?.iter().filter(|(template, _)| fits(template));
    let (_, item) = paths.min_by_key(|(template, _)| template.matches('{').count())?;
    item.get(method.as_str().to_lowercase())
}

/// What of an instance its schema does not allow. More than JSON Schema asks: a key that is not named is one too many.
pub(crate) fn violations(schema: &Value, instance: &Value, at: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let target = DOCUMENT.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name} is not there"));
        return violations(target, instance, at);
    }
    if let Some(parts) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return parts.iter().map(|part| violations(part, instance, at)).min_by_key(Vec::len).unwrap_or_default();
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return violations(&merged(parts), instance, at);
    }
    let mut found = Vec::new();
    if !of_type(&schema["type"], instance) {
        found.push(format!("{at} is not {}: {instance}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(instance)) {
        found.push(format!("{at} is none of {}: {instance}", schema["enum"]));
    }
    match instance {
        Value::Array(items) => {
            found
                .extend(items.iter().enumerate().flat_map(|(n, item)| violations(&schema["items"], item, &format!("{at}[{n}]"))));
        }
        Value::Object(fields) => found.extend(field_violations(schema, fields, at)),
        _ => {}
    }
    found
}

fn field_violations(schema: &Value, fields: &Map<String, Value>, at: &str) -> Vec<String> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut found: Vec<String> =
        required.filter(|name| !fields.contains_key(*name)).map(|name| format!("{at} lacks {name}")).collect();
    for (key, value) in fields {
        let schema = schema["properties"].get(key).or(schema.get("additionalProperties"));
        match schema {
            Some(schema) => found.extend(violations(schema, value, &format!("{at}.{key}"))),
            None => found.push(format!("{at}.{key} is not named")),
        }
    }
    found
}

/// An object that has the fields of all these.
fn merged(parts: &[Value]) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for part in parts {
        let name = part["$ref"].as_str().unwrap_or_default().trim_start_matches('#');
        let part = DOCUMENT.pointer(name).filter(|_| !name.is_empty()).unwrap_or(part);
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    serde_json::json!({ "type": "object", "properties": properties, "required": required })
}

fn of_type(wanted: &Value, instance: &Value) -> bool {
    let is = |name: &str| match name {
        "string" => instance.is_string(),
        "integer" => instance.is_i64() || instance.is_u64(),
        "number" => instance.is_number(),
        "boolean" => instance.is_boolean(),
        "array" => instance.is_array(),
        "object" => instance.is_object(),
        "null" => instance.is_null(),
        _ => false,
    };
    match wanted {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => true,
    }
}
