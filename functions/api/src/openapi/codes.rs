//! The stable codes of problems: one table of what each means, with which status it comes and which operations may answer it. The
//! OpenAPI document and docs/API-DESIGN.md are held against it, and so is every answer of the tests.

use serde_json::Value;

/// A stable code.
pub(crate) struct Code {
    pub(crate) name: &'static str,
    pub(crate) status: u16,
    pub(crate) at: At,
    /// What it means, as a sentence's beginning without a full stop.
    pub(crate) meaning: &'static str,
}

/// Which operations may answer a code.
#[derive(Clone, Copy)]
pub(crate) enum At {
    /// What is no operation at all.
    NoOperation,
    /// Every one.
    Every,
    /// Those that need somebody.
    Secured,
    /// Those that look at an access token.
    Tokens,
    /// Those that a token may not do.
    SessionOnly,
    /// Those that change something.
    Changes,
    /// Those that change something and need somebody.
    SecuredChanges,
    /// Those with a JSON body.
    JsonBody,
    /// Those with any body.
    AnyBody,
    /// Those with a placeholder in the path.
    PathParameters,
    /// Those with query parameters.
    QueryParameters,
    /// Those with the header `If-Match`.
    IfMatch,
    /// Those that take `Idempotency-Key`.
    Keyed,
    /// These: method and path below `/api/v1`.
    Only(&'static [&'static str]),
}

/// Operations that write a list.
const LIST_WRITES: &[&str] = &["POST /watchlists", "PUT /watchlists/{id}"];

/// Operations that check symbols with the source.
const SYMBOL_CHECKS: &[&str] = &[
    "POST /watchlists",
    "PUT /watchlists/{id}",
    "PUT /watchlists/{id}/symbols/{symbol}",
    "POST /alerts",
    "POST /alerts/preview",
    "PUT /alerts/{id}",
];

/// Operations about one list.
const ONE_LIST: &[&str] = &[
    "GET /watchlists/{id}",
    "PUT /watchlists/{id}",
    "DELETE /watchlists/{id}",
    "PUT /watchlists/{id}/symbols/{symbol}",
    "DELETE /watchlists/{id}/symbols/{symbol}",
    "PUT /watchlists/{id}/share",
];

/// Operations about a link that is there.
const ONE_LINK: &[&str] = &[
    "GET /watchlists/{id}/share",
    "DELETE /watchlists/{id}/share",
    "GET /shared/{token}/list.json",
    "GET /shared/{token}/list.txt",
];

/// Operations that there are only where lists may be shared.
const SHARING: &[&str] = &["PUT /watchlists/{id}/share", "GET /shared/{token}/list.json", "GET /shared/{token}/list.txt"];

/// Operations about one device.
const ONE_DEVICE: &[&str] =
    &["DELETE /push/subscriptions/{id}", "POST /push/subscriptions/{id}/activate", "POST /push/subscriptions/{id}/test"];

/// The operation that adds a device.
const SUBSCRIBE: &[&str] = &["POST /push/subscriptions"];

/// Operations that take an alert's terms.
const ALERT_TERMS: &[&str] = &["POST /alerts", "POST /alerts/preview", "PUT /alerts/{id}"];

/// Operations about one alert.
const ONE_ALERT: &[&str] = &[
    "GET /alerts/{id}",
    "PUT /alerts/{id}",
    "DELETE /alerts/{id}",
    "POST /alerts/{id}/actions",
    "GET /alerts/{id}/receipts",
    "POST /actions/{token}",
];

const fn code(name: &'static str, status: u16, at: At, meaning: &'static str) -> Code {
    Code { name, status, at, meaning }
}

/// Every code. One that comes with two statuses stands here twice.
pub(crate) const CODES: &[Code] = &[
    code("route_not_found", 404, At::NoOperation, "there is nothing at this path"),
    code("method_not_allowed", 405, At::NoOperation, "the path has other methods; `Allow` names them"),
    code("internal", 500, At::Every, "the service failed; the failure is logged, and trying again may not help"),
    code("unavailable", 503, At::Every, "the service cannot be used now; `Retry-After` tells when to try again"),
    code("rate_limited", 429, At::Every, "these were too many requests; `Retry-After` tells when there may be more"),
    code("session_required", 401, At::Secured, "there is no session, or it has ended"),
    code("token_invalid", 401, At::Tokens, "the access token is none, has ended or is too old"),
    code("session_only", 403, At::SessionOnly, "an access token may not do this, only a browser's session"),
    code("scope_insufficient", 403, At::SecuredChanges, "the access token may read only"),
    code("origin_required", 403, At::SecuredChanges, "a change by cookie came without the `Origin` header"),
    code("origin_not_allowed", 403, At::Changes, "the page's origin may not change anything here"),
    code("body_malformed", 400, At::JsonBody, "the body is no JSON of the form that is asked for; `field` tells where"),
    code("content_type_invalid", 415, At::JsonBody, "the body's media type is not application/json"),
    code("body_too_large", 413, At::AnyBody, "the body has too many bytes"),
    code("path_malformed", 400, At::PathParameters, "the path cannot be decoded"),
    code("query_malformed", 400, At::QueryParameters, "a query parameter is not of the form that is asked for"),
    code("if_match_malformed", 400, At::IfMatch, "`If-Match` is no `ETag` of this service"),
    code("idempotency_key_malformed", 400, At::Keyed, "`Idempotency-Key` is empty, too long or not of ASCII"),
    code("idempotency_key_reused", 422, At::Keyed, "this `Idempotency-Key` came with another request"),
    code(
        "idempotency_under_way",
        409,
        At::Keyed,
        "a request with this `Idempotency-Key` is being done; `Retry-After` tells when to ask again",
    ),
    code(
        "version_conflict",
        412,
        At::Only(&[
            "PUT /watchlists/{id}",
            "DELETE /watchlists/{id}",
            "PUT /preferences",
            "POST /import",
            "PUT /alerts/{id}",
            "DELETE /alerts/{id}",
            "POST /alerts/{id}/actions",
            "POST /actions/{token}",
        ]),
        "it was changed since you read it: read it again, apply your change to that, and retry",
    ),
    code("watchlist_not_found", 404, At::Only(ONE_LIST), "you have no such watchlist"),
    code("share_not_found", 404, At::Only(ONE_LINK), "there is no such link, or no link to such a watchlist of yours"),
    code("sharing_off", 403, At::Only(SHARING), "lists cannot be shared here, now or at all"),
    code("token_not_found", 404, At::Only(&["DELETE /tokens/{id}"]), "you have no such session, token or code"),
    code(
        "name_invalid",
        422,
        At::Only(&["POST /watchlists", "PUT /watchlists/{id}", "POST /tokens", "POST /push/subscriptions"]),
        "the name is empty, too long or has control characters",
    ),
    code(
        "symbol_invalid",
        422,
        At::Only(&[
            "POST /watchlists",
            "PUT /watchlists/{id}",
            "PUT /watchlists/{id}/symbols/{symbol}",
            "DELETE /watchlists/{id}/symbols/{symbol}",
            "GET /quotes",
            "GET /sparks",
            "GET /symbols/{symbol}",
            "GET /symbols/{symbol}/history",
            "POST /alerts",
            "POST /alerts/preview",
        ]),
        "this cannot be a symbol",
    ),
    code("symbol_unknown", 422, At::Only(SYMBOL_CHECKS), "the source knows no such symbol"),
    code(
        "symbol_unknown",
        404,
        At::Only(&["GET /symbols/{symbol}", "GET /symbols/{symbol}/history"]),
        "the source knows no such symbol",
    ),
    code("symbol_duplicate", 422, At::Only(LIST_WRITES), "a symbol is in the list twice"),
    code(
        "too_many_symbols",
        422,
        At::Only(&[
            "POST /watchlists",
            "PUT /watchlists/{id}",
            "PUT /watchlists/{id}/symbols/{symbol}",
            "GET /quotes",
            "GET /sparks",
        ]),
        "there are more symbols than are allowed",
    ),
    code("too_many_watchlists", 422, At::Only(&["POST /watchlists", "POST /import"]), "you have as many watchlists as you may"),
    code(
        "note_invalid",
        422,
        At::Only(&["POST /watchlists", "PUT /watchlists/{id}", "POST /alerts", "POST /alerts/preview", "PUT /alerts/{id}"]),
        "a note is empty, too long or has control characters",
    ),
    code("note_stray", 422, At::Only(LIST_WRITES), "a note is about a symbol that is not in the list"),
    code("file_unreadable", 400, At::Only(&["POST /import"]), "the file is none of those that can be taken over"),
    code("import_too_large", 422, At::Only(&["POST /import"]), "the file brings too many new symbols at once"),
    code("mode_invalid", 422, At::Only(&["POST /import"]), "the mode is not merge or replace"),
    code("format_invalid", 422, At::Only(&["GET /export"]), "the format is not json or csv"),
    code("symbols_missing", 422, At::Only(&["GET /quotes", "GET /sparks"]), "no symbol is named"),
    code("query_invalid", 422, At::Only(&["GET /symbols/search"]), "the text is empty, too long or has control characters"),
    code("isin_invalid", 422, At::Only(&["GET /symbols/search"]), "it looks like an ISIN, and its check digit does not fit"),
    code("limit_invalid", 422, At::Only(&["GET /symbols/search", "GET /notifications"]), "the limit is out of its range"),
    code("range_invalid", 422, At::Only(&["GET /symbols/{symbol}/history"]), "there is no such range"),
    code(
        "interval_invalid",
        422,
        At::Only(&["GET /symbols/{symbol}/history"]),
        "there is no such interval, or it is too short for the range",
    ),
    code("history_not_found", 404, At::Only(&["GET /symbols/{symbol}/history"]), "the source has no prices of that range"),
    code(
        "source_unavailable",
        503,
        At::Only(&[
            "POST /watchlists",
            "PUT /watchlists/{id}",
            "PUT /watchlists/{id}/symbols/{symbol}",
            "POST /import",
            "POST /alerts",
            "POST /alerts/preview",
            "PUT /alerts/{id}",
            "GET /symbols/search",
            "GET /sparks",
            "GET /symbols/{symbol}",
            "GET /symbols/{symbol}/history",
        ]),
        "the source of prices cannot be asked now; `Retry-After` tells when to try again",
    ),
    code("alert_not_found", 404, At::Only(ONE_ALERT), "you have no such alert"),
    code("rule_invalid", 422, At::Only(ALERT_TERMS), "the rule lacks a field, or has one that cannot be; `field` tells which"),
    code("rule_impossible", 422, At::Only(ALERT_TERMS), "the source does not tell what such an alert needs of that symbol"),
    code("repeat_invalid", 422, At::Only(ALERT_TERMS), "the repetition has a number that cannot be"),
    code("expires_at_invalid", 422, At::Only(ALERT_TERMS), "the alert would expire in the past, or in more than five years"),
    code("too_many_alerts", 422, At::Only(&["POST /alerts"]), "you have as many alerts as you may"),
    code("minutes_invalid", 422, At::Only(&["POST /alerts/{id}/actions"]), "a snooze is too short or too long, or it is none"),
    code("action_impossible", 422, At::Only(&["POST /alerts/{id}/actions"]), "this cannot be done as the alert stands"),
    code(
        "action_token_invalid",
        404,
        At::Only(&["POST /actions/{token}"]),
        "this was done already, or the notification is too old",
    ),
    code(
        "ids_invalid",
        422,
        At::Only(&["GET /notifications", "POST /notifications/read"]),
        "an id is none, or there are none or too many",
    ),
    code("locale_invalid", 422, At::Only(&["PUT /preferences"]), "the locale is no language tag"),
    code("time_zone_invalid", 422, At::Only(&["PUT /preferences"]), "the time zone is not known"),
    code("currency_invalid", 422, At::Only(&["PUT /preferences", "GET /rates"]), "the currency is no code of ISO 4217"),
    code("currencies_invalid", 422, At::Only(&["GET /rates"]), "no currency is named, or too many are"),
    code("time_of_day_invalid", 422, At::Only(&["PUT /preferences"]), "a time of day is not HH:MM"),
    code("expires_in_days_invalid", 422, At::Only(&["POST /tokens"]), "a token cannot be good for so many days"),
    code("too_many_tokens", 422, At::Only(&["POST /tokens"]), "you have as many sessions and tokens as you may"),
    code(
        "code_invalid",
        422,
        At::Only(&["POST /session", "POST /pairing/redeem", "POST /recovery/redeem"]),
        "the code is mistyped, used or too old",
    ),
    code("device_not_found", 404, At::Only(ONE_DEVICE), "you have no such device"),
    code("endpoint_not_allowed", 422, At::Only(SUBSCRIBE), "the endpoint is none of a push service that this server calls"),
    code("push_key_invalid", 422, At::Only(SUBSCRIBE), "a key of the push subscription is none; `field` tells which"),
    code(
        "endpoint_taken",
        422,
        At::Only(SUBSCRIBE),
        "somebody else has this push subscription; unsubscribe in the browser, and again",
    ),
    code("too_many_devices", 422, At::Only(SUBSCRIBE), "you have as many devices as you may"),
    code(
        "activation_invalid",
        422,
        At::Only(&["POST /push/subscriptions/{id}/activate"]),
        "the token does not activate this device; a newer one may have taken its place",
    ),
    code(
        "device_not_active",
        422,
        At::Only(&["POST /push/subscriptions/{id}/test"]),
        "the device's first message has not come back",
    ),
    code("invite_required", 403, At::Only(&["POST /session"]), "only invited guests may come"),
    code("sign_up_closed", 403, At::Only(&["POST /session", "POST /invites"]), "no new guests may come"),
];

/// The codes that an operation may answer.
pub(crate) fn of<'a>(method: &str, path: &str, operation: &'a Value) -> impl Iterator<Item = &'static Code> + use<'a> {
    let facts = Facts::new(method, path, operation);
    CODES.iter().filter(move |code| facts.may(code.at))
}

/// What the document says of an operation, as far as codes depend on it.
struct Facts<'a> {
    name: String,
    operation: &'a Value,
    changes: bool,
    /// It looks at the cookie by itself and passes over tokens.
    cookie_only: bool,
}

impl<'a> Facts<'a> {
    fn new(method: &str, path: &str, operation: &'a Value) -> Self {
        let name = format!("{} {}", method.to_uppercase(), path.trim_start_matches("/api/v1"));
        Self { changes: method != "get", cookie_only: name == "GET /session", name, operation }
    }

    fn may(&self, at: At) -> bool {
        match at {
            At::NoOperation => false,
            At::Every => true,
            At::Secured => self.secured(),
            At::Tokens => self.secured() && !self.cookie_only,
            At::SessionOnly => self.secured() && !self.cookie_only && !self.takes_tokens(),
            At::Changes => self.changes,
            At::SecuredChanges => self.changes && self.secured(),
            At::JsonBody => self.bodies().is_some_and(|bodies| bodies.len() == 1 && bodies.contains_key("application/json")),
            At::Keyed => self.has_parameter("header", Some("Idempotency-Key")),
            At::AnyBody => self.bodies().is_some(),
            At::PathParameters => self.has_parameter("path", None),
            At::QueryParameters => self.has_parameter("query", None),
            At::IfMatch => self.has_parameter("header", Some("If-Match")),
            At::Only(names) => names.contains(&self.name.as_str()),
        }
    }

    fn secured(&self) -> bool {
        self.operation["security"].as_array().is_some_and(|all| !all.is_empty())
    }

    fn takes_tokens(&self) -> bool {
        self.operation["security"].as_array().into_iter().flatten().any(|one| one.get("token").is_some())
    }

    fn bodies(&self) -> Option<&'a serde_json::Map<String, Value>> {
        self.operation["requestBody"]["content"].as_object()
    }

    fn has_parameter(&self, place: &str, name: Option<&str>) -> bool {
        let parameters = self.operation["parameters"].as_array().into_iter().flatten();
        parameters.filter(|one| one["in"] == place).any(|one| name.is_none_or(|name| one["name"] == name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn operations() -> BTreeSet<String> {
        let document = super::super::document();
        let paths = document["paths"].as_object().unwrap();
        let of_path = |(path, item): (&String, &Value)| {
            let path = path.trim_start_matches("/api/v1").to_owned();
            let methods: Vec<String> = item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
            methods.into_iter().map(move |method| format!("{method} {path}"))
        };
        paths.iter().flat_map(of_path).collect()
    }

    #[test]
    fn every_code_is_of_an_operation_that_there_is() {
        let operations = operations();
        for Code { name, at, .. } in CODES {
            if let At::Only(names) = at {
                assert!(!names.is_empty(), "{name}");
                for operation in *names {
                    assert!(operations.contains(*operation), "{name}: there is no {operation}");
                }
            }
        }
        let unique: BTreeSet<(&str, u16)> = CODES.iter().map(|code| (code.name, code.status)).collect();
        assert_eq!(unique.len(), CODES.len(), "a code stands twice with one status");
    }

    /// The codes in the source: whatever is handed to a constructor of `ApiError`.
    fn codes_in(source: &str) -> BTreeSet<String> {
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        let constructors = ["::client(", "::field(", "::invalid(", "invalid(", "checked(", "optional("];
        let mut found = BTreeSet::new();
        for constructor in constructors {
            for call in source.split(constructor).skip(1) {
                // The arguments up to the first that is a code; a call has at most five, none of them long before it.
                let arguments: String = call.chars().take(160).take_while(|c| *c != ';').collect();
                let word = arguments.split('"').skip(1).step_by(2).find(|text| is_code(text));
                found.extend(word.map(str::to_owned));
            }
        }
        found
    }

    fn is_code(text: &str) -> bool {
        CODES.iter().any(|code| code.name == text)
            || (text.contains('_') && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && !FIELDS.contains(&text))
    }

    /// Names of fields, which look like codes.
    const FIELDS: &[&str] = &["time_zone", "expires_in_days"];

    #[test]
    fn every_code_in_the_source_is_in_the_table() {
        let known: BTreeSet<&str> = CODES.iter().map(|code| code.name).collect();
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        let mut found = BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("openapi/codes.rs") {
                    let source = std::fs::read_to_string(&path).unwrap();
                    for code in codes_in(&source) {
                        assert!(known.contains(code.as_str()), "{code} of {} is not in the table of codes", path.display());
                        found.insert(code);
                    }
                }
            }
        }
        assert!(found.len() > 40, "the search finds no codes: {found:?}");
    }

    /// `UPDATE_EXAMPLES=1` in the environment writes it.
    #[test]
    fn the_table_in_the_documentation_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/API-DESIGN.md");
        let document = std::fs::read_to_string(path).unwrap();
        let head = "| code | status | meaning |\n|---|---|---|\n";
        let (before, rest) = document.split_once(head).unwrap();
        let (written, after) = rest.split_once("\n\n").unwrap();
        let row = |code: &Code| format!("| `{}` | {} | {} |", code.name, code.status, code.meaning);
        let wanted = CODES.iter().map(row).collect::<Vec<_>>().join("\n");
        if std::env::var_os("UPDATE_EXAMPLES").is_some() {
            std::fs::write(path, format!("{before}{head}{wanted}\n\n{after}")).unwrap();
        }
        assert!(
            written == wanted,
            "UPDATE_EXAMPLES=1 cargo nextest run -p api the_table writes the table of docs/API-DESIGN.md anew"
        );
    }
}
