#![doc = include_str!("../README.md")]

#[cfg(test)]
mod fixtures;
pub mod push;
pub mod rest;
pub mod shared;
pub mod sns;
pub mod transfer;
pub mod ws;
