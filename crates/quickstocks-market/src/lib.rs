#![doc = include_str!("../README.md")]

mod answer;
mod calendar;
mod calls;
mod chart;
mod chart_json;
mod clock;
mod config;
mod control;
mod dividends;
mod exchange;
mod fault;
mod interval;
mod json;
mod listing;
mod market;
mod noise;
mod process;
mod quote;
mod replay;
mod search;
mod server;
mod session;
mod simulation;
mod source;

pub use calls::{Call, Calls, FamilyCalls};
pub use config::{Limits, MarketConfig, MarketError};
pub use fault::{Family, Fault, FaultKind};
pub use market::{Market, MarketServer};
pub use replay::{Replay, ReplayError};
