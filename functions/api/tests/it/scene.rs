//! A guest with something of everything, and a request that succeeds for every operation.

use quickstocks_core::model::{
    ActionToken, Bar, Currency, Details, DeviceId, DeviceReceipt, Dividend, Endpoint, Followed, History, HistoryEvents,
    HistoryRange, Hold, HoldReason, InstrumentKind, NoticeDelivery, NoticeState, Notification, NotificationId, PastSplit,
    PushState, PushSubscription, ReceiptOutcome, Secret, Spark, SweepState, SymbolMatch,
};
use quickstocks_core::ports::PushSubscriptionWriter;
use quickstocks_core::ports::SweepWriter;
use quickstocks_testkit::sample::{self, NOW};
use quickstocks_testkit::{AllStorePorts, MemoryStore};
use serde_json::{Value, json};
use std::time::Duration;

use crate::support::{Answer, Browser, World};

/// A guest with something of everything, so that each request finds what it is about.
pub(crate) struct Scene<'a, S: AllStorePorts = MemoryStore> {
    pub(crate) browser: Browser<'a, S>,
    /// What stands for a placeholder in a path or a body.
    names: Vec<(&'static str, String)>,
}

impl<'a, S: AllStorePorts> Scene<'a, S> {
    pub(crate) async fn set(world: &'a World<S>) -> Self {
        world.source.set_quote(sample::full_quote("AAPL", NOW));
        world.source.set_history(history());
        let apple =
            SymbolMatch { symbol: sample::symbol("AAPL"), name: "Apple".into(), kind: InstrumentKind::Equity, exchange: None };
        world.source.set_matches(vec![apple]);
        world.source.set_details(&sample::symbol("AAPL"), details());
        world.source.set_spark(&sample::symbol("AAPL"), spark());
        world.source.set_trending(sample::symbols(&["AAPL", "MSFT"]));
        for (pair, price) in [("EURUSD=X", "1.1632"), ("GBPUSD=X", "1.3372")] {
            world.source.set_quote(sample::quote(pair, price, NOW));
        }
        let followed = Followed { symbol: sample::symbol("AAPL"), followers: 3 };
        let swept = SweepState { swept_at: Some(NOW), most_followed: vec![followed], unfinished: None };
        world.store.put_sweep(&swept).await.unwrap();
        let mut browser = world.guest().await;
        let list = browser.list.clone();
        let noted = json!({ "name": "My watchlist", "symbols": ["AAPL"], "notes": { "AAPL": "the yardstick" } });
        assert_eq!(browser.put(&format!("/watchlists/{list}"), &noted).await.status, 200);
        let share = browser.put(&format!("/watchlists/{list}/share"), &json!({})).await.json();
        let preferences =
            json!({ "locale": "de", "time_zone": "Europe/Berlin", "quiet_hours": { "from": "22:00", "to": "07:00" } });
        assert_eq!(browser.put("/preferences", &preferences).await.status, 200);
        let token = browser.post("/tokens", &json!({ "name": "x", "scope": "read" })).await.json();
        let mut names = vec![
            ("LIST", list),
            ("SHARED", share["token"].as_str().unwrap().to_owned()),
            ("TOKEN", token["token"]["id"].as_str().unwrap().to_owned()),
        ];
        for (name, path) in [("PAIRING", "/pairing"), ("RECOVERY", "/recovery")] {
            names.push((name, browser.post(path, &json!({})).await.json()["code"].as_str().unwrap().to_owned()));
        }
        names.extend(device(world, browser.get("/session").await.json()["user"]["id"].as_str().unwrap()).await);
        let rule = json!({ "kind": "price_above", "price": "200000000" });
        let alert = browser.post("/alerts", &json!({ "symbol": "AAPL", "rule": rule, "note": "sell half" })).await.json();
        names.push(("ALERT", alert["id"].as_str().unwrap().to_owned()));
        names.push(("ACTION", told(world, &names[names.len() - 1].1).await));
        Self { browser, names }
    }

    pub(crate) async fn call(&mut self, (method, path, body): Request) -> Answer {
        let body: Option<Value> = (!body.is_empty()).then(|| self.body(body));
        let path = self.named(path);
        self.browser.call(method, &path, body.as_ref(), &[]).await
    }

    /// A body with what its placeholders stand for.
    pub(crate) fn body(&self, text: &str) -> Value {
        serde_json::from_str(&self.named(text)).unwrap()
    }

    /// A path with what its placeholders stand for.
    pub(crate) fn named(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

/// A device that gets notifications, and the token that activates it again.
async fn device<S: AllStorePorts>(world: &World<S>, user: &str) -> [(&'static str, String); 2] {
    let token = Secret::from_random([7; 32]);
    let state = PushState::Active { token: token.hash() };
    let endpoint = Endpoint::new("https://updates.push.services.mozilla.com/wpush/v2/phone");
    let device = PushSubscription {
        id: DeviceId::of(&endpoint),
        endpoint,
        state,
        name: "Firefox on Android".parse().unwrap(),
        ..sample::push_subscription("phone", user)
    };
    world.store.put_push_subscription(&device).await.unwrap();
    [("DEVICE", device.id.to_string()), ("ACTIVATION", token.reveal().to_owned())]
}

/// Method, path, body.
pub(crate) type Request = (&'static str, &'static str, &'static str);

/// Every operation, as it succeeds in the scene.
pub(crate) const REQUESTS: [Request; 58] = [
    ("GET", "/session", ""),
    ("POST", "/session", r#"{ "invite": "7K3M-9PQR-2TVW-XYZ0" }"#),
    ("DELETE", "/session", ""),
    ("GET", "/watchlists", ""),
    ("POST", "/watchlists", r#"{ "name": "New", "symbols": ["MSFT"] }"#),
    ("GET", "/watchlists/LIST", ""),
    ("PUT", "/watchlists/LIST", r#"{ "name": "New", "symbols": ["MSFT"] }"#),
    ("DELETE", "/watchlists/LIST", ""),
    ("PUT", "/watchlists/LIST/symbols/MSFT", ""),
    ("DELETE", "/watchlists/LIST/symbols/AAPL", ""),
    ("GET", "/watchlists/LIST/share", ""),
    ("PUT", "/watchlists/LIST/share", ""),
    ("DELETE", "/watchlists/LIST/share", ""),
    ("GET", "/shared/SHARED/list.json", ""),
    ("GET", "/shared/SHARED/list.txt", ""),
    ("GET", "/export", ""),
    ("POST", "/import", IMPORT),
    ("GET", "/alerts", ""),
    (
        "POST",
        "/alerts",
        r#"{ "symbol": "AAPL", "rule": { "kind": "price_above", "price": "200000000" }, "repeat": { "cool_down_minutes": 30 }, "note": "sell half" }"#,
    ),
    (
        "POST",
        "/alerts/preview",
        r#"{ "symbol": "AAPL", "rule": { "kind": "move", "percent": "5", "direction": "up", "since": "previous_close" } }"#,
    ),
    ("GET", "/alerts/ALERT", ""),
    ("PUT", "/alerts/ALERT", r#"{ "rule": { "kind": "new_high" } }"#),
    ("DELETE", "/alerts/ALERT", ""),
    ("POST", "/alerts/ALERT/actions", r#"{ "action": "snooze", "minutes": 120 }"#),
    ("GET", "/alerts/ALERT/receipts", ""),
    ("POST", "/actions/ACTION", r#"{ "action": "mute" }"#),
    ("GET", "/notifications?limit=10", ""),
    ("POST", "/notifications/read", r#"{ "all": true }"#),
    ("GET", "/preferences", ""),
    ("PUT", "/preferences", r#"{ "currency": "EUR" }"#),
    ("GET", "/quotes?symbols=AAPL,MSFT", ""),
    ("GET", "/symbols/search?q=a", ""),
    ("GET", "/symbols/AAPL/history", ""),
    ("GET", "/symbols/AAPL", ""),
    ("GET", "/sparks?symbols=AAPL,MSFT", ""),
    ("GET", "/trending", ""),
    ("GET", "/rates?to=EUR&from=USD,GBp,XAU", ""),
    ("GET", "/push/key", ""),
    ("GET", "/push/subscriptions", ""),
    ("POST", "/push/subscriptions", DEVICE_INPUT),
    ("DELETE", "/push/subscriptions/DEVICE", ""),
    ("POST", "/push/subscriptions/DEVICE/activate", r#"{ "token": "ACTIVATION" }"#),
    ("POST", "/push/subscriptions/DEVICE/test", ""),
    ("POST", "/ws-ticket", ""),
    ("GET", "/tokens", ""),
    ("POST", "/tokens", r#"{ "name": "x", "scope": "read" }"#),
    ("DELETE", "/tokens", ""),
    ("DELETE", "/tokens/TOKEN", ""),
    ("POST", "/pairing", ""),
    ("POST", "/pairing/redeem", r#"{ "code": "PAIRING" }"#),
    ("POST", "/recovery", ""),
    ("POST", "/recovery/redeem", r#"{ "code": "RECOVERY" }"#),
    ("POST", "/invites", ""),
    ("GET", "/account/export", ""),
    ("DELETE", "/account", ""),
    ("GET", "/status", ""),
    ("GET", "/config", ""),
    ("GET", "/openapi.json", ""),
];

const DEVICE_INPUT: &str = r#"{ "name": "Firefox on Linux", "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABk",
    "keys": { "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg" } }"#;

const IMPORT: &str = r#"{ "format": "quickstocks.watchlists", "version": 1, "watchlists": [
    { "name": "My watchlist", "symbols": [{ "symbol": "MSFT", "note": "the other" }, { "symbol": "NOPE" }, { "symbol": "A B" }] },
    { "name": "New", "symbols": [] }] }"#;

fn history() -> History {
    let price = Some(sample::decimal("9.5"));
    let traded = Bar { time: NOW, open: price, high: price, low: price, close: price, volume: Some(7) };
    let silent = Bar { time: NOW, open: None, high: None, low: None, close: None, volume: None };
    History {
        symbol: sample::symbol("AAPL"),
        currency: Some(Currency::new("USD")),
        time_zone: Some(sample::code("America/New_York")),
        range: HistoryRange::OneDay,
        interval: HistoryRange::OneDay.usual_interval(),
        previous_close: price,
        bars: vec![traded, silent],
        events: HistoryEvents {
            splits: vec![PastSplit { at: NOW, numerator: sample::decimal("4"), denominator: sample::decimal("1") }],
            dividends: vec![Dividend { at: NOW, amount: sample::decimal("0.26") }],
        },
    }
}

fn details() -> Details {
    let number = |text: &str| Some(sample::decimal(text));
    Details {
        earnings_at: Some(NOW + Duration::from_hours(48)),
        earnings_until: Some(NOW + Duration::from_hours(72)),
        earnings_estimated: Some(true),
        last_earnings_at: Some(NOW),
        dividend_at: Some(NOW),
        dividend_rate: number("1.04"),
        dividend_yield: number("0.45"),
        trailing_dividend_rate: number("1.01"),
        trailing_dividend_yield: number("0.43"),
        eps: number("6.59"),
        forward_eps: number("8.31"),
        forward_pe: number("27.87"),
        price_to_book: number("52.27"),
        shares: Some(14_840_399_872),
        average_50_days: number("209.59"),
        average_200_days: number("221.05"),
        currency: Some(Currency::new("USD")),
    }
}

fn spark() -> Spark {
    let closes = ["9.4", "9.7", "10"].map(sample::decimal).to_vec();
    Spark { from: NOW, until: NOW + Duration::from_mins(30), previous_close: Some(sample::decimal("9.5")), closes }
}

/// Has the alert of that id told of a fire, and of a split before it; answers the token of the notification's buttons.
async fn told<S: AllStorePorts>(world: &World<S>, id: &str) -> String {
    let store = world.store.inner();
    let mut alerts = store.armed_alerts(&[sample::symbol("AAPL")]).await.unwrap();
    alerts.retain(|alert| alert.id.as_str() == id);
    let alert = alerts.remove(0);
    let delivery = NoticeDelivery {
        state: NoticeState::Delivered,
        shown: true,
        held: Some(Hold { by: HoldReason::QuietHours, until: NOW }),
        devices: vec![DeviceReceipt { device: DeviceId::new("d1"), outcome: ReceiptOutcome::Accepted, at: NOW }],
        attempts: 1,
        ended_at: Some(NOW),
    };
    let split = NotificationId::from_random(NOW, [1; 10]);
    let split = Notification { id: split, ..sample::full_notification("n", &alert) };
    let fired = Notification { id: NotificationId::from_random(NOW, [2; 10]), delivery, ..sample::notification("n", &alert) };
    assert!(store.write_alert(&alert, alert.revision, &[split, fired]).await.unwrap());
    let secret = Secret::from_random([7; 32]);
    let expires_at = NOW + std::time::Duration::from_hours(1);
    let token = ActionToken { hash: secret.hash(), user: alert.user.clone(), alerts: vec![alert.id], expires_at };
    store.put_action(&token).await.unwrap();
    secret.reveal().to_owned()
}
