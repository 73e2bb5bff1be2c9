#![doc = include_str!("../README.md")]

mod address;
mod client;
mod config;
pub mod decode;
mod gate;
mod http;
mod ledger;
mod poll;
mod session;
mod wave;

pub use client::YahooClient;
pub use config::{InvalidYahooConfig, YahooConfig};
