//! A device's life: subscribed, activated, told, gone; the domain's part, the sender's and the browser's together.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quickstocks_core::model::{DeviceId, Endpoint, PushState, Secret, Timestamp};
use quickstocks_core::ports::{Clock, PushSubscriptionReader, SubscriptionFault};
use quickstocks_core::push::{DeviceError, DeviceOutcome, Devices, NewSubscription, Push};
use quickstocks_push::EndpointRule;
use quickstocks_testkit::sample;
use quickstocks_testkit::{
    BrowserSubscription, HOSTILE_ENDPOINTS, MemoryStore, RecordingRequester, SequenceRandom, ServiceAnswer,
};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{World, message};

const DEADLINE: Duration = Duration::from_mins(1);

struct Story {
    world: World,
    store: Arc<MemoryStore>,
    requester: Arc<RecordingRequester>,
    devices: Devices,
    push: Push,
}

impl Story {
    async fn begin() -> Self {
        let world = World::new().await;
        let store = Arc::new(MemoryStore::new());
        let requester = Arc::new(RecordingRequester::default());
        let rule = EndpointRule::with_loopback(world.service.address()).unwrap();
        let devices = Devices {
            subscriptions: store.clone(),
            subscription_writer: store.clone(),
            rule: Arc::new(rule),
            signer: world.signer.clone(),
            requester: requester.clone(),
            clock: world.clock.clone(),
        };
        let push = Push {
            subscriptions: store.clone(),
            subscription_writer: store.clone(),
            sender: Arc::new(world.sender_with(rule)),
            clock: world.clock.clone(),
            random: Arc::new(SequenceRandom::default()),
        };
        Self { world, store, requester, devices, push }
    }

    fn deadline(&self) -> Timestamp {
        self.world.clock.now() + DEADLINE
    }

    async fn subscribe(&self, name: &str) -> Result<(BrowserSubscription, DeviceId), DeviceError> {
        let browser = self.world.service.subscribe(&self.world.public);
        let made = self.devices.subscribe(&sample::user("ann"), new(&browser, name)).await?;
        Ok((browser, made.id))
    }

    /// Sends what was ordered last.
    async fn fulfil(&self) -> Option<DeviceOutcome> {
        let order = self.requester.orders().pop().unwrap();
        self.push.fulfil(&order, self.deadline()).await.unwrap()
    }

    /// A device that has sent its token back.
    async fn active(&self, name: &str) -> (BrowserSubscription, DeviceId) {
        let (browser, id) = self.subscribe(name).await.unwrap();
        assert_eq!(self.fulfil().await, Some(DeviceOutcome::Accepted));
        self.devices.activate(&sample::user("ann"), &id, &token(self, &browser)).await.unwrap();
        (browser, id)
    }

    /// What became of a notification on each device, by its id.
    async fn deliver(&self) -> BTreeMap<DeviceId, DeviceOutcome> {
        let sent = message("alert|1", "AAPL is above 269.00");
        let told = self.push.deliver(&sample::user("ann"), &sent, &BTreeSet::new(), self.deadline()).await.unwrap();
        told.into_iter().map(|one| (one.device, one.outcome)).collect()
    }
}

fn new(browser: &BrowserSubscription, name: &str) -> NewSubscription {
    let BrowserSubscription { endpoint, keys } = browser.clone();
    let site = "https://stocks.example".to_owned();
    NewSubscription { endpoint, keys, site, name: name.parse().unwrap(), replaces: None }
}

/// The token that a device was sent.
fn token(story: &Story, browser: &BrowserSubscription) -> Secret {
    let [first] = <[_; 1]>::try_from(story.world.service.taken_by(browser)).unwrap();
    let activation = &first.payload["notification"]["data"]["activation"];
    assert_eq!(activation["id"], DeviceId::of(&browser.endpoint).as_str());
    Secret::parse(activation["token"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn one_notification_reaches_each_device_and_one_that_is_gone_is_forgotten() {
    let story = Story::begin().await;
    let (phone, phone_id) = story.active("phone").await;
    let (_, laptop_id) = story.active("laptop").await;
    let (pending, _) = story.subscribe("pending").await.unwrap();
    let both = [&phone_id, &laptop_id].map(|id| (id.clone(), DeviceOutcome::Accepted));
    assert_eq!(story.deliver().await, BTreeMap::from(both));
    assert_eq!(story.world.service.taken_by(&phone)[1].payload["notification"]["body"], "AAPL is above 269.00");
    assert_eq!(story.world.service.taken_by(&pending), [], "nothing but its first message, which nobody has sent");

    story.world.service.answer_next(&phone, ServiceAnswer::status(410));
    let one = BTreeMap::from([(phone_id, DeviceOutcome::Gone), (laptop_id.clone(), DeviceOutcome::Accepted)]);
    assert_eq!(story.deliver().await, one);
    let left = story.store.push_subscriptions(&sample::user("ann")).await.unwrap();
    assert_eq!(left.iter().filter(|one| one.state.is_active()).map(|one| &one.id).collect::<Vec<_>>(), [&laptop_id]);
    assert_eq!(story.world.service.faults(), [""; 0]);
}

#[tokio::test]
async fn a_first_message_that_is_throttled_is_sent_when_the_device_asks_again() {
    let story = Story::begin().await;
    let browser = story.world.service.subscribe(&story.world.public);
    story.world.service.answer_next(&browser, ServiceAnswer::throttled(Duration::from_mins(2)));
    let made = story.devices.subscribe(&sample::user("ann"), new(&browser, "phone")).await.unwrap();
    assert!(matches!(story.fulfil().await, Some(DeviceOutcome::Later { not_before: Some(_) })));
    story.world.clock.advance(Duration::from_mins(2));
    let again = story.devices.subscribe(&sample::user("ann"), new(&browser, "phone")).await.unwrap();
    assert_eq!((again.id, again.state), (made.id.clone(), PushState::Pending));
    let order = story.requester.orders().pop().unwrap();
    let outcome = story.push.fulfil(&order, story.deadline()).await.unwrap();
    assert_eq!(outcome, Some(DeviceOutcome::Accepted));
    let active = story.devices.activate(&sample::user("ann"), &made.id, &token(&story, &browser)).await.unwrap();
    assert!(active.state.is_active());
}

#[tokio::test]
async fn hostile_addresses_are_refused_when_a_device_subscribes() {
    let story = Story::begin().await;
    let browser = story.world.service.subscribe(&story.world.public);
    for hostile in HOSTILE_ENDPOINTS {
        let claimed = BrowserSubscription { endpoint: Endpoint::new(hostile), ..browser.clone() };
        let refused = story.devices.subscribe(&sample::user("ann"), new(&claimed, "phone")).await;
        assert!(matches!(refused, Err(DeviceError::Fault(SubscriptionFault::EndpointNotAllowed))), "{hostile:?}");
    }
    assert_eq!(story.requester.orders(), []);
    assert_eq!(story.store.push_subscriptions(&sample::user("ann")).await.unwrap(), []);
}

/// What tracing writes, kept.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_line_has_a_secret_whatever_goes_wrong() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(lines.clone()).finish();
    let story = Story::begin().await;
    let _logging = tracing::subscriber::set_default(subscriber);
    let mut secrets = Vec::new();
    for (number, answer) in [201, 400, 401, 404, 413, 429, 500, 503].into_iter().enumerate() {
        let (browser, _) = story.active(&format!("device {number}")).await;
        let first = &story.world.service.taken_by(&browser)[0];
        let path = browser.endpoint.reveal().rsplit('/').next().unwrap().to_owned();
        secrets.extend([path, browser.keys.p256dh.clone(), browser.keys.auth.clone(), first.authorization.clone()]);
        secrets.push(token(&story, &browser).reveal().to_owned());
        story.world.service.answer_next(&browser, ServiceAnswer::status(answer));
        story.deliver().await;
        // So that the next device is not left alone for this one's sake.
        story.world.clock.advance(Duration::from_hours(1));
        story.devices.remove(&sample::user("ann"), &DeviceId::of(&browser.endpoint)).await.ok();
    }
    let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(written.contains("a push message is refused") && written.contains("a push service throttles"), "{written}");
    let told: Vec<&String> = secrets.iter().filter(|secret| written.contains(secret.as_str())).collect();
    assert_eq!(told, [""; 0]);
}
