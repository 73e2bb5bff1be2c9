use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, for `CloudWatch` Logs Insights.
    Json,
    /// For people.
    Text,
}

/// Starts logging to standard error (text) or standard output (JSON, which is what Lambda collects). `filter` is a level or
/// a list of directives of `tracing`, such as `info,quickstocks_yahoo=debug`; one that cannot be read counts as `info`.
pub fn init_tracing(format: LogFormat, filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        // Lambda adds the time; the span tells the request id.
        LogFormat::Json => registry
            .with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false))
            .try_init(),
        LogFormat::Text => {
            let colours = std::io::stderr().is_terminal();
            registry
                .with(
                    tracing_subscriber::fmt::layer().compact().with_ansi(colours).with_writer(std::io::stderr).with_target(false),
                )
                .try_init()
        }
    };
    // Only a second call fails, in a process that has its logs already.
    drop(started);
}
