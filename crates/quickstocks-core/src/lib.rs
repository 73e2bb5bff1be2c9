//! The QuickStocks domain: the model, the ports to the outside world and the use cases.
//!
//! This crate is pure. It names no AWS service, no HTTP, no socket, no clock, no environment and
//! no file; whatever it needs from outside is a trait in [`ports`], whose doc comments are the
//! contract that every adapter keeps and that the conformance suite of `quickstocks-testkit`
//! checks sentence by sentence.
//!
//! - [`model`]: what there is (symbols, quotes, watchlists, connections, the state of the source).
//! - [`ports`]: what the domain asks of the world.
//! - [`fetch`]: from the schedule to a published tick.
//! - [`dispatch`]: from a tick to one message per connection.
//! - [`live`]: the conversation with one WebSocket connection.
//! - [`guests`], [`watchlists`]: who somebody is and what they follow.
//! - [`accounts`]: more devices, tokens for scripts, a way back, an end.
//! - [`import`]: lists that come from a file.
//! - [`sweep`]: once a day, what is followed, derived anew from everybody's lists.
//! - [`alerts`]: what an alert makes of a quote.
//! - [`notify`]: what happened to alerts, told to their owners.
//! - [`preferences`]: how they want it shown.
//! - [`shares`]: a list, for whoever has the link to it.
//! - [`search`], [`symbols`], [`mod@reference`], [`currencies`]: symbols, for somebody who asks now.
//! - [`push`]: notifications to their devices.

pub mod accounts;
pub mod alerts;
pub mod currencies;
pub mod dispatch;
pub mod fetch;
pub mod guests;
pub mod import;
pub mod live;
pub mod model;
pub mod notify;
pub mod ports;
pub mod preferences;
pub mod push;
pub mod rates;
mod recent;
pub mod reference;
pub mod search;
pub mod shares;
pub mod sweep;
pub mod symbols;
pub mod watchlists;
