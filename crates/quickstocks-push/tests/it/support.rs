//! A push service, a sender that may call it, and devices.

use std::sync::Arc;
use std::time::Duration;

use quickstocks_core::model::{DeviceId, PushMessage, PushSubscription, PushTopic, PushUrgency};
use quickstocks_core::ports::{PushOutcome, PushSender, VapidSigner};
use quickstocks_push::{EndpointRule, FileVapidKey, WebPushSender};
use quickstocks_testkit::sample::{self, NOW};
use quickstocks_testkit::{BrowserSubscription, FakeClock, FakePushService};

pub(crate) struct World {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) service: FakePushService,
    pub(crate) signer: Arc<FileVapidKey>,
    /// The public half of the key that browsers subscribe with.
    pub(crate) public: [u8; 65],
    pub(crate) sender: WebPushSender,
}

/// A device, as its browser and as the store know it.
pub(crate) struct Device {
    pub(crate) browser: BrowserSubscription,
    pub(crate) stored: PushSubscription,
}

impl World {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(FakeClock::at(NOW));
        let service = FakePushService::start(clock.clone()).await;
        let folder = tempfile::tempdir().unwrap();
        let signer = Arc::new(FileVapidKey::open(&folder.path().join("vapid-key.der")).unwrap());
        let rule = EndpointRule::with_loopback(service.address()).unwrap();
        let sender = sender(rule, &signer, &clock);
        let public = signer.public_key().await.unwrap();
        Self { clock, service, signer, public, sender }
    }

    /// Another sender, which may call something else.
    pub(crate) fn sender_with(&self, rule: EndpointRule) -> WebPushSender {
        sender(rule, &self.signer, &self.clock)
    }

    pub(crate) fn device(&self) -> Device {
        let browser = self.service.subscribe(&self.public);
        Device { stored: Self::stored(&browser), browser }
    }

    pub(crate) fn stored(browser: &BrowserSubscription) -> PushSubscription {
        let BrowserSubscription { endpoint, keys } = browser.clone();
        PushSubscription { id: DeviceId::of(&endpoint), endpoint, keys, ..sample::active_push_subscription("one", "ann") }
    }

    pub(crate) async fn send(&self, to: &PushSubscription, message: &PushMessage) -> PushOutcome {
        self.sender.send(to, message, Duration::from_secs(30)).await
    }
}

fn sender(rule: EndpointRule, signer: &Arc<FileVapidKey>, clock: &Arc<FakeClock>) -> WebPushSender {
    let contact = "mailto:me@example.org".parse().unwrap();
    WebPushSender::new(rule, signer.clone(), contact, clock.clone()).unwrap()
}

pub(crate) fn message(topic: &str, body: &str) -> PushMessage {
    PushMessage {
        topic: PushTopic::of(topic),
        tag: topic.to_owned(),
        urgency: PushUrgency::High,
        ttl: Duration::from_hours(1),
        title: "AAPL 270.00".to_owned(),
        body: body.to_owned(),
        navigate: "/?symbol=AAPL".to_owned(),
        actions: Vec::new(),
        about: None,
        activation: None,
        created_at: NOW,
    }
}
