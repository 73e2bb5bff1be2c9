#![doc = include_str!("../README.md")]

mod address;
mod client;
mod config;
mod consent;
pub mod contract;
pub mod decode;
mod gate;
mod http;
mod ledger;
mod poll;
mod session;
mod wave;

pub use client::YahooClient;
pub use config::{InvalidYahooConfig, YahooConfig};
