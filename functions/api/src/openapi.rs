//! The OpenAPI 3.1 document, made from the handlers and completed from tables.

mod codes;
mod complete;
mod parameters;

use std::sync::LazyLock;

use quickstocks_wire::rest::{Problem, schema};
use serde_json::Value;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::CookieMode;
use crate::routes::{
    account, alerts, live, notifications, preferences, prices, push, reference, service, session, shares, tokens, transfer,
    watchlists,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "QuickStocks",
        description = "Watch stock prices live. Times are milliseconds since the Unix epoch, prices are decimal strings, errors are problem details (RFC 9457) \
            with a stable `code`. Changes need the `Origin` header of this site. Live prices come over the WebSocket (docs/PROTOCOL.md).",
        license(name = "MIT OR Apache-2.0")
    ),
    paths(
        session::begin,
        session::read,
        session::end,
        watchlists::list,
        watchlists::create,
        watchlists::read,
        watchlists::replace,
        watchlists::remove,
        watchlists::add_symbol,
        watchlists::remove_symbol,
        shares::make,
        shares::read,
        shares::end,
        shares::json,
        shares::text,
        transfer::export,
        transfer::import,
        tokens::list,
        tokens::create,
        tokens::end,
        tokens::end_all,
        account::pairing,
        account::pair,
        account::recovery,
        account::recover,
        account::invite,
        account::export,
        account::delete,
        preferences::read,
        preferences::replace,
        alerts::list,
        alerts::create,
        alerts::preview,
        alerts::read,
        alerts::replace,
        alerts::remove,
        alerts::act,
        alerts::receipts,
        alerts::press,
        notifications::list,
        notifications::read,
        prices::quotes,
        prices::search,
        prices::history,
        reference::instrument,
        reference::sparks,
        reference::trending,
        reference::rates,
        push::key,
        push::list,
        push::subscribe,
        push::activate,
        push::test,
        push::remove,
        live::ticket,
        service::status,
        service::config,
        service::openapi,
    ),
    components(schemas(
        Problem,
        schema::Quote,
        schema::Watchlist,
        schema::Preferences,
        schema::SourceHealth,
        schema::Missing,
        schema::Rule,
        schema::Repeat,
        schema::Notification,
        schema::NoticeDelivery,
        schema::SymbolMatch,
        schema::History,
        schema::Details,
        schema::Spark
    )),
    modifiers(&Securities)
)]
struct Api;

struct Securities;

impl Modify for Securities {
    fn modify(&self, document: &mut Document) {
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description("__Host-qs", "the session; named qs on plain http"));
        if let Some(components) = document.components.as_mut() {
            components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
            let token =
                HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("an access token, of POST /api/v1/tokens"));
            components.add_security_scheme("token", SecurityScheme::Http(token.build()));
        }
    }
}

/// The document as a site with this cookie serves it.
pub(crate) fn document_with(cookie: CookieMode) -> &'static Value {
    static PLAIN: LazyLock<Value> = LazyLock::new(|| {
        let mut plain = document().clone();
        plain["components"]["securitySchemes"]["session"]["name"] = CookieMode::Plain.name().into();
        plain
    });
    match cookie {
        CookieMode::Secure => document(),
        CookieMode::Plain => &PLAIN,
    }
}

/// The document. Made once: it is the same for everybody.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
        let mut document = serde_json::to_value(Api::openapi()).unwrap_or_default();
        complete::complete(&mut document);
        document
    });
    &DOCUMENT
}
