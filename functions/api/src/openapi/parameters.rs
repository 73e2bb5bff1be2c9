//! What may stand in a parameter: the handlers read them as texts, and say in a problem what is wrong with one; the document says it in
//! patterns, so that a client knows before it asks.

use serde_json::{Value, json};

/// A symbol, as [`quickstocks_core::model::Symbol::parse`] takes it.
const SYMBOL: &str = "[A-Za-z0-9^][A-Za-z0-9.^=&_-]{0,31}";

/// Completes each parameter of an operation.
pub(super) fn describe(operation: &mut Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let place = parameter["in"].as_str().unwrap_or_default();
        let name = parameter["name"].as_str().unwrap_or_default();
        if let Some((required, schema)) = shape(place, name) {
            parameter["required"] = required.into();
            parameter["schema"] = schema;
        }
        if parameter["in"] == "path" && parameter.get("description").is_none() {
            parameter["description"] = match parameter["name"].as_str() {
                Some("symbol") => "a symbol as the source of prices writes it; `^` and `=` are percent-encoded",
                _ => "an id, as a list of such things tells it",
            }
            .into();
        }
        if parameter["in"] == "header" && parameter.get("example").is_none() {
            parameter["example"] = "\"3\"".into();
        }
    }
}

/// Whether a parameter has to be there, and what it may be.
fn shape(place: &str, name: &str) -> Option<(bool, Value)> {
    let pattern = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    let one_of = |words: &[&str]| json!({ "type": "string", "enum": words });
    Some(match (place, name) {
        ("path", "symbol") => (true, pattern(&format!("^{SYMBOL}$"))),
        ("query", "symbols") => (true, pattern(&format!("^{SYMBOL}(,{SYMBOL}){{0,199}}$"))),
        ("query", "q") => {
            let text = "^[^\\x00-\\x1F\\x7F-\\x9F]*[^\\x00-\\x20\\x7F-\\xA0][^\\x00-\\x1F\\x7F-\\x9F]*$";
            (true, json!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": text }))
        }
        ("query", "to") => (true, pattern("^[A-Z]{3}$")),
        ("query", "from") => (true, pattern("^[A-Za-z]{3}(,[A-Za-z]{3}){0,49}$")),
        ("query", "format") => (false, one_of(&["json", "csv"])),
        ("query", "mode") => (false, one_of(&["merge", "replace"])),
        ("query", "range") => (false, one_of(&["1d", "5d", "1mo", "6mo", "1y", "5y", "max"])),
        ("query", "interval") => (false, one_of(&["1m", "5m", "15m", "1h", "1d", "1wk", "1mo"])),
        ("header", "If-Match") => {
            let tag = "^\"(0|[1-9][0-9]{0,18})\"$";
            (false, json!({ "type": "string", "minLength": 3, "maxLength": 21, "pattern": tag }))
        }
        _ => return None,
    })
}
