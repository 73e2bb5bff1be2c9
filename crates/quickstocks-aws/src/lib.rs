#![doc = include_str!("../README.md")]

mod config;
pub mod dynamo;
mod error;
mod kms;
mod sender;
mod sns;

pub use config::{ConfigError, sdk_config, sdk_config_from};
pub use dynamo::DynamoStore;
pub use kms::KmsVapidSigner;
pub use sender::ApiGatewaySender;
pub use sns::SnsTickPublisher;
