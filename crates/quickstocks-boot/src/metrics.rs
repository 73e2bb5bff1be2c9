use std::fmt;
use std::io::Write;
use std::sync::Arc;

use quickstocks_core::model::Timestamp;
use serde_json::{Map, Value, json};

use crate::Env;

/// The namespace of every metric in `CloudWatch`.
pub const NAMESPACE: &str = "QuickStocks";

/// What one run of `fetch-quotes` did. A field is the metric of its name in `PascalCase`, its comment the metric's meaning;
/// the alarms and the dashboard of the template read them by these names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchMetrics {
    /// 1 for a tick that was made, also when there was nothing to poll; 0 for one that failed.
    pub ticks: u64,
    /// 1 for a tick that failed: the store or the topic did.
    pub ticks_failed: u64,
    /// Calls to the source.
    pub source_calls: u64,
    /// 1 while the source refuses or does not answer; 0 while prices come.
    pub source_down: u64,
    /// Symbols that were polled.
    pub symbols_polled: u64,
    /// Symbols about which the source said nothing.
    pub symbols_unanswered: u64,
    /// Quotes that changed.
    pub quotes_changed: u64,
    /// Messages published to the topic.
    pub messages_published: u64,
}

/// What one dispatch of a tick did, for the connections of its range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DispatchMetrics {
    /// Connections that were looked at.
    pub connections: u64,
    /// Connections that were sent their message.
    pub posts: u64,
    /// Connections that had gone and were forgotten.
    pub gone: u64,
    /// Connections that were skipped because their post was throttled twice.
    pub throttled: u64,
    /// Connections whose message could not be sent.
    pub posts_failed: u64,
    /// 1 when the deadline came first and the rest was handed on to another run.
    pub handed_on: u64,
    /// 1 for a tick that was dropped because it was too old.
    pub stale: u64,
    /// Milliseconds from the making of the tick until the last connection of this run had its message. Absent when nobody was
    /// sent anything. A stale tick, which nobody gets any more, counts as just stale: its own age is the topic's patience, but
    /// without any the alarm would be silent exactly when every tick comes too late.
    pub tick_age_ms: Option<u64>,
}

/// What one look at alerts did, or one run of the reconciler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertMetrics {
    /// Alerts that quotes were held against.
    pub alerts_watched: u64,
    /// Alerts that fired.
    pub alerts_fired: u64,
    /// Notifications that are done with.
    pub notifications_delivered: u64,
    /// Notifications that wait: for the end of quiet hours, for another day, for a push service.
    pub notifications_held: u64,
    /// Notifications that were given up after many tries.
    pub notifications_given_up: u64,
    /// Messages that push services took.
    pub pushes_accepted: u64,
    /// Milliseconds from the writing of the oldest of them until it was gone through. Absent when nothing was delivered.
    pub notification_age_ms: Option<u64>,
}

/// Something that can be told in metrics.
pub trait Measured {
    /// Names, `CloudWatch` units and values.
    fn values(&self) -> Vec<(&'static str, &'static str, u64)>;
}

impl Measured for FetchMetrics {
    fn values(&self) -> Vec<(&'static str, &'static str, u64)> {
        vec![
            ("Ticks", "Count", self.ticks),
            ("TicksFailed", "Count", self.ticks_failed),
            ("SourceCalls", "Count", self.source_calls),
            ("SourceDown", "Count", self.source_down),
            ("SymbolsPolled", "Count", self.symbols_polled),
            ("SymbolsUnanswered", "Count", self.symbols_unanswered),
            ("QuotesChanged", "Count", self.quotes_changed),
            ("MessagesPublished", "Count", self.messages_published),
        ]
    }
}

impl Measured for DispatchMetrics {
    fn values(&self) -> Vec<(&'static str, &'static str, u64)> {
        let mut values = vec![
            ("Connections", "Count", self.connections),
            ("Posts", "Count", self.posts),
            ("Gone", "Count", self.gone),
            ("Throttled", "Count", self.throttled),
            ("PostsFailed", "Count", self.posts_failed),
            ("HandedOn", "Count", self.handed_on),
            ("Stale", "Count", self.stale),
        ];
        values.extend(self.tick_age_ms.map(|age| ("TickAgeMs", "Milliseconds", age)));
        values
    }
}

impl Measured for AlertMetrics {
    fn values(&self) -> Vec<(&'static str, &'static str, u64)> {
        let mut values = vec![
            ("AlertsWatched", "Count", self.alerts_watched),
            ("AlertsFired", "Count", self.alerts_fired),
            ("NotificationsDelivered", "Count", self.notifications_delivered),
            ("NotificationsHeld", "Count", self.notifications_held),
            ("NotificationsGivenUp", "Count", self.notifications_given_up),
            ("PushesAccepted", "Count", self.pushes_accepted),
        ];
        values.extend(self.notification_age_ms.map(|age| ("NotificationAgeMs", "Milliseconds", age)));
        values
    }
}

/// Where metrics go: one line each in `CloudWatch`'s embedded metric format, which costs no call and no waiting.
///
/// The only dimension is the function's name, so that two stacks of one account are told apart and nothing a user can
/// choose makes a metric of its own.
#[derive(Clone)]
pub struct Metrics(Option<Sink>);

#[derive(Clone)]
struct Sink {
    function: String,
    write: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Metrics {
    /// Metrics that nobody reads, as in the local server.
    pub fn off() -> Self {
        Self(None)
    }

    /// Metrics of the Lambda function that this process is, on standard output; none in any other process.
    /// Lambda itself sets `AWS_LAMBDA_FUNCTION_NAME`.
    pub fn of_process() -> Self {
        let function = Env::process().optional("AWS_LAMBDA_FUNCTION_NAME");
        function.map_or_else(Self::off, |function| {
            Self::to(function, |line| {
                // A log that cannot be written is no reason to fail a tick.
                drop(writeln!(std::io::stdout().lock(), "{line}"));
            })
        })
    }

    /// Metrics of a function of this name; each line goes to `write`, without its end.
    pub fn to(function: impl Into<String>, write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Sink { function: function.into(), write: Arc::new(write) }))
    }

    /// Tells what was measured.
    pub fn tell(&self, now: Timestamp, measured: &impl Measured) {
        if let Some(sink) = &self.0 {
            (sink.write)(&line(&sink.function, now, &measured.values()));
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metrics").field(&self.0.as_ref().map(|sink| &sink.function)).finish()
    }
}

/// The embedded metric format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
fn line(function: &str, now: Timestamp, values: &[(&str, &str, u64)]) -> String {
    let metrics: Vec<Value> = values.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now.millis(),
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["FunctionName"]], "Metrics": metrics}],
        }),
    );
    line.insert("FunctionName".to_owned(), function.into());
    line.extend(values.iter().map(|(name, _, value)| ((*name).to_owned(), (*value).into())));
    Value::Object(line).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn told(measured: &impl Measured) -> Value {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let metrics = Metrics::to("stack-Function", move |line| kept.lock().unwrap().push(line.to_owned()));
        metrics.tell(Timestamp::from_millis(1_700_000_000_123), measured);
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 1);
        assert!(!lines[0].contains('\n'), "one line is one event");
        serde_json::from_str(&lines[0]).unwrap()
    }

    /// Each metric that is declared has a number, and nothing is there that is not declared.
    fn declared(line: &Value) -> Vec<&str> {
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        let names: Vec<&str> =
            directive["Metrics"].as_array().unwrap().iter().map(|metric| metric["Name"].as_str().unwrap()).collect();
        for name in &names {
            assert!(line[name].is_u64(), "{name}");
        }
        assert_eq!(line.as_object().unwrap().len(), names.len() + 2, "metrics, the directive and one dimension");
        assert_eq!(directive["Dimensions"], json!([["FunctionName"]]));
        assert_eq!(directive["Namespace"], NAMESPACE);
        names
    }

    #[test]
    fn a_tick_is_one_line_of_the_embedded_metric_format() {
        let line = told(&FetchMetrics { ticks: 1, source_calls: 3, quotes_changed: 41, ..FetchMetrics::default() });
        assert_eq!(declared(&line).len(), 8);
        assert_eq!(line["_aws"]["Timestamp"], 1_700_000_000_123_u64);
        assert_eq!(line["FunctionName"], "stack-Function");
        assert_eq!((&line["Ticks"], &line["SourceCalls"], &line["QuotesChanged"]), (&json!(1), &json!(3), &json!(41)));
    }

    #[test]
    fn an_age_is_milliseconds_and_who_was_sent_nothing_has_none() {
        let line = told(&DispatchMetrics { posts: 7, tick_age_ms: Some(812), ..DispatchMetrics::default() });
        assert!(declared(&line).contains(&"TickAgeMs"));
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert!(metrics.contains(&json!({"Name": "TickAgeMs", "Unit": "Milliseconds"})));
        let nobody = told(&DispatchMetrics { connections: 1, ..DispatchMetrics::default() });
        assert!(!declared(&nobody).contains(&"TickAgeMs"));
    }
}
