//! The handlers: each decodes a request, calls one use case and encodes its result.

pub(crate) mod account;
pub(crate) mod alerts;
pub(crate) mod live;
pub(crate) mod notifications;
pub(crate) mod preferences;
pub(crate) mod prices;
pub(crate) mod push;
pub(crate) mod reference;
pub(crate) mod service;
pub(crate) mod session;
pub(crate) mod shares;
pub(crate) mod tokens;
pub(crate) mod transfer;
pub(crate) mod watchlists;
