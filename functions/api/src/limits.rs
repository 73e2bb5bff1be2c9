//! How much one client may ask for. What is cheap to do is counted in this process; what makes something lasting, or may be guessing, is
//! counted in the store, over all environments (docs/adr).

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use http::Method;
use quickstocks_core::ports::Clock;
use quickstocks_core::rates::Limit;

use crate::address::Client;
use crate::error::ApiError;
use crate::extract::Caller;
use crate::state::{AppState, Deps};

/// How much may be asked for. A minute's allowance may come at once and refills evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests a minute from one address, before anything is read: an office behind one address has some fifty pages open, each of
    /// which asks a few times a minute.
    pub per_address: u32,
    /// Reads a minute by one user: ten a second is more than any page needs.
    pub reads: u32,
    /// Changes a minute by one user: a person who drags symbols about makes two a second.
    pub writes: u32,
    /// Requests a minute by one user that may cost a call to the source: searching as one types makes one a second at the most.
    pub source_calls: u32,
    /// New guests from one address: a class that tries it out at once.
    pub guests: Limit,
    /// Codes tried from one address: a code has 60 random bits and lives for minutes, so this is for the log's and the bill's sake.
    pub codes: Limit,
    /// How many times as much may come through one proxy, which many share, as from one address.
    pub proxy_factor: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_address: 1200,
            reads: 600,
            writes: 120,
            source_calls: 60,
            guests: Limit { most: 60, window: Duration::from_hours(1) },
            codes: Limit { most: 20, window: Duration::from_mins(10) },
            proxy_factor: 20,
        }
    }
}

/// The number of clients that are remembered; beyond it those that have been quiet are forgotten.
const MAX_REMEMBERED: usize = 10_000;

type Bucket = RateLimiter<String, HashMapStateStore<String>, PortClock, NoOpMiddleware<Nanos>>;

/// The counts of this process.
pub(crate) struct Buckets {
    addresses: Bucket,
    reads: Bucket,
    writes: Bucket,
    source_calls: Bucket,
}

impl Buckets {
    pub(crate) fn new(limits: &Limits, clock: &Arc<dyn Clock>) -> Self {
        let bucket = |a_minute: u32| {
            let quota = Quota::per_minute(NonZeroU32::new(a_minute).unwrap_or(NonZeroU32::MIN));
            RateLimiter::new(quota, HashMapStateStore::default(), PortClock(Arc::clone(clock)))
        };
        Self {
            addresses: bucket(limits.per_address),
            reads: bucket(limits.reads),
            writes: bucket(limits.writes),
            source_calls: bucket(limits.source_calls),
        }
    }
}

/// The domain's clock as the buckets read it.
#[derive(Clone)]
struct PortClock(Arc<dyn Clock>);

impl GovernorClock for PortClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(Duration::from_millis(u64::try_from(self.0.now().millis()).unwrap_or_default()))
    }
}

fn take(bucket: &Bucket, key: &str) -> Result<(), ApiError> {
    if bucket.len() > MAX_REMEMBERED {
        bucket.retain_recent();
    }
    bucket.check_key(&key.to_owned()).map_err(|until| ApiError::RateLimited { wait: until.wait_time_from(bucket.clock().now()) })
}

/// Before anything is read: no address may ask too much.
pub(crate) async fn by_address(State(deps): State<AppState>, mut request: Request, next: Next) -> Response {
    let Some(buckets) = &deps.buckets else { return next.run(request).await };
    if let Some(client) = Client::of(&request, deps.settings.trusted_proxies) {
        if let Err(refused) = take(&buckets.addresses, &client.network) {
            return refused.into_response();
        }
        request.extensions_mut().insert(client);
    }
    next.run(request).await
}

/// The ends of the paths, beside those about one symbol, that may cost a call to the source.
const ASK_SOURCE: [&str; 6] = ["/quotes", "/import", "/sparks", "/trending", "/rates", "/alerts/preview"];

/// Once it is known who asks.
pub(crate) async fn by_user(State(deps): State<AppState>, request: Request, next: Next) -> Response {
    let (Some(buckets), Some(Caller(user))) = (&deps.buckets, request.extensions().get::<Caller>()) else {
        return next.run(request).await;
    };
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let asks_source = ASK_SOURCE.iter().any(|end| path.ends_with(end)) || path.contains("/symbols/");
    let makes_alert = *request.method() == Method::POST && path.ends_with("/alerts");
    let bucket = match *request.method() {
        Method::GET | Method::HEAD | Method::POST if asks_source || makes_alert => &buckets.source_calls,
        Method::GET | Method::HEAD => &buckets.reads,
        _ => &buckets.writes,
    };
    match take(bucket, user.as_str()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

/// What is counted over all environments.
#[derive(Clone, Copy)]
pub(crate) enum Door {
    /// Somebody becomes a guest.
    Guest,
    /// Somebody tries a code.
    Code,
}

/// Counts somebody at a door, before anything costly is done there.
pub(crate) async fn admit(deps: &Deps, client: Option<&Client>, door: Door) -> Result<(), ApiError> {
    let (Some(limits), Some(client)) = (&deps.settings.limits, client) else { return Ok(()) };
    let (what, limit) = match door {
        Door::Guest => ("guest", limits.guests),
        Door::Code => ("code", limits.codes),
    };
    let wider = Limit { most: limit.most.saturating_mul(limits.proxy_factor), ..limit };
    // The hop too: whoever goes past the proxy can forge the rest.
    let counted = [(Some(&client.network), limit), (client.hop.as_ref(), wider)];
    for (who, limit) in counted.into_iter().filter_map(|(who, limit)| Some((who?, limit))) {
        if let Some(until) = deps.rates.count(what, who, limit).await? {
            return Err(ApiError::RateLimited { wait: until.since(deps.clock.now()) });
        }
    }
    Ok(())
}
