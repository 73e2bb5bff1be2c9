//! What each connection is sent.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Connection, Symbol, Tick};
use crate::ports::FrameEncoder;

/// The parts of one message.
pub(super) type Frames = Arc<[String]>;

/// Where in the tick each symbol stands.
pub(super) struct Changes<'a> {
    quotes: HashMap<&'a Symbol, usize>,
    missing: HashMap<&'a Symbol, usize>,
}

impl<'a> Changes<'a> {
    pub(super) fn of(tick: &'a Tick) -> Self {
        Self {
            quotes: tick.quotes.iter().enumerate().map(|(at, stored)| (&stored.quote.symbol, at)).collect(),
            missing: tick.missing.iter().enumerate().map(|(at, missing)| (&missing.symbol, at)).collect(),
        }
    }
}

/// The frames of a tick, rendered once for all connections that follow the same part of it.
pub(super) struct Rendered<'a> {
    encoder: &'a dyn FrameEncoder,
    changes: &'a Changes<'a>,
    source_changed: bool,
    by_change: HashMap<(Vec<usize>, Vec<usize>), Frames>,
}

impl<'a> Rendered<'a> {
    pub(super) fn new(encoder: &'a dyn FrameEncoder, changes: &'a Changes<'a>, source_changed: bool) -> Self {
        Self { encoder, changes, source_changed, by_change: HashMap::new() }
    }

    /// What to send a connection; `None` when nothing it follows changed.
    pub(super) fn frames(&mut self, connection: &Connection) -> Option<Frames> {
        if connection.paused {
            return None;
        }
        let mut quotes = Vec::new();
        let mut missing = Vec::new();
        for symbol in connection.listed.union(&connection.watched) {
            quotes.extend(self.changes.quotes.get(symbol));
            missing.extend(self.changes.missing.get(symbol));
        }
        if quotes.is_empty() && missing.is_empty() {
            return self.source_changed.then(|| Arc::from([self.encoder.status().to_owned()]));
        }
        let key = (quotes, missing);
        if let Some(frames) = self.by_change.get(&key) {
            return Some(Arc::clone(frames));
        }
        let frames: Frames = self.encoder.quotes(&key.0, &key.1).into();
        self.by_change.insert(key, Arc::clone(&frames));
        Some(frames)
    }
}
