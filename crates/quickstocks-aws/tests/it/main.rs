//! The adapters against an emulator, for what a service does, and against scripted answers, for what an emulator never does.

#![expect(clippy::unwrap_used, reason = "clippy takes only what stands in a test function itself for a test")]

#[path = "support/emulator.rs"]
mod emulator;
#[path = "support/scripted.rs"]
mod scripted;

mod conformance;
mod dynamo_actions;
mod dynamo_faults;
mod kms;
mod sender;
mod sns;
