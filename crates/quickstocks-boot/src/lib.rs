#![doc = include_str!("../README.md")]

mod env;
mod logs;
mod metrics;
mod source;
mod world;

pub use env::{ConfigError, Env};
pub use logs::{LogFormat, init_tracing};
pub use metrics::{AlertMetrics, DispatchMetrics, FetchMetrics, Measured, Metrics, NAMESPACE};
pub use source::{SOURCE_ENV, SourceSettings, default_user_agent};
pub use world::{OsRandom, SystemClock, ends_at};

/// The version of this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
