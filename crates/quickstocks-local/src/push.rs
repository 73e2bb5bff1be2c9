//! How this machine pushes notifications to devices.

use std::sync::Arc;

use anyhow::Context;
use quickstocks_core::ports::Clock;
use quickstocks_push::{EndpointRule, FileVapidKey, WebPushSender};

use crate::VAPID_KEY;
use crate::options::Options;

/// What pushes, and what decides to whom.
pub(crate) struct Pushing {
    pub(crate) rule: EndpointRule,
    pub(crate) signer: Arc<FileVapidKey>,
    pub(crate) sender: Arc<WebPushSender>,
}

/// Reads the key in the data folder, or makes it.
pub(crate) fn start(options: &Options, clock: &Arc<dyn Clock>) -> anyhow::Result<Pushing> {
    let rule = match options.push_service {
        Some(address) => EndpointRule::with_loopback(address).context("--push-service")?,
        None => EndpointRule::default(),
    };
    let signer = Arc::new(FileVapidKey::open(&options.data_dir.join(VAPID_KEY))?);
    let sender = WebPushSender::new(rule, Arc::clone(&signer) as _, options.push_contact(), Arc::clone(clock))?;
    Ok(Pushing { rule, signer, sender: Arc::new(sender) })
}
