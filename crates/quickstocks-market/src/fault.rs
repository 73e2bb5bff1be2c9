//! Faults on request: what Yahoo does when it does not do what it should.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// The endpoints that are counted and fail together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// The cookie page and `getcrumb`.
    Session,
    /// `/v7/finance/quote`.
    Quote,
    /// `/v7/finance/spark` and `/v8/finance/spark`.
    Spark,
    /// `/v8/finance/chart/{symbol}`.
    Chart,
    /// `/v1/finance/search`.
    Search,
    /// `/v1/finance/trending/{region}`.
    Trending,
    /// Paths that Yahoo does not have.
    Unknown,
    /// In a fault: every family.
    All,
}

impl Family {
    /// The family of a path.
    pub(crate) fn of(path: &str) -> Self {
        match path {
            "/" | "/consent" | "/v1/test/getcrumb" => Self::Session,
            "/v7/finance/quote" => Self::Quote,
            "/v7/finance/spark" | "/v8/finance/spark" => Self::Spark,
            "/v1/finance/search" => Self::Search,
            _ if path.starts_with("/v8/finance/chart/") => Self::Chart,
            _ if path.starts_with("/v1/finance/trending/") => Self::Trending,
            _ => Self::Unknown,
        }
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// 429 with the text `Too Many Requests`, or `Edge: Too Many Requests`.
    TooManyRequests {
        /// Whether the edge refuses instead of the backend.
        #[serde(default)]
        edge: bool,
    },
    /// Every crumb issued so far becomes invalid when the fault strikes; a client that fetches a new
    /// one goes on. Strikes once unless `times` says otherwise.
    StaleCrumb,
    /// 401 `Invalid Crumb` whatever the crumb.
    InvalidCrumb,
    /// 401 `Invalid Cookie` whatever the cookie.
    InvalidCookie,
    /// 500 with an HTML page.
    InternalError,
    /// 503 with an HTML page.
    Unavailable,
    /// 200 with the HTML page `Will be right back`.
    WillBeRightBack,
    /// 200 with a well-formed result that holds nothing.
    EmptyResult,
    /// 200 with an error envelope and `result: null`.
    ErrorEnvelope,
    /// 200 with no body at all.
    EmptyBody,
    /// The right answer, later.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The connection is cut in the middle of the body.
    CutConnection,
    /// 200 with bytes that are not JSON and not text.
    Garbage,
    /// 200 with the first half of the right body.
    TruncatedJson,
    /// These symbols are unknown.
    MissingSymbols {
        /// In any case.
        symbols: Vec<String>,
    },
}

impl FaultKind {
    /// Whether the fault changes the right answer instead of replacing it.
    fn adds_up(&self) -> bool {
        matches!(self, Self::Delay { .. } | Self::MissingSymbols { .. } | Self::StaleCrumb)
    }
}

/// A fault, where it strikes and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Where it strikes.
    pub family: Family,
    /// What happens.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How many calls it strikes; without it, all until it is cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// How many calls it spares first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after: u32,
    /// Strikes only each n-th call of those that are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Fault {
    /// A fault that strikes every call of a family until it is cleared.
    pub fn new(family: Family, kind: FaultKind) -> Self {
        Self { family, kind, times: None, after: 0, every: None }
    }

    /// Strikes this many calls, then is gone.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Spares this many calls first.
    #[must_use]
    pub fn after(mut self, calls: u32) -> Self {
        self.after = calls;
        self
    }

    /// Strikes only each n-th call.
    #[must_use]
    pub fn every(mut self, nth: u32) -> Self {
        self.every = Some(nth);
        self
    }
}

/// The faults that are switched on.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Mutex<Vec<Active>>,
}

#[derive(Debug)]
struct Active {
    fault: Fault,
    seen: u32,
}

impl Faults {
    pub(crate) fn add(&self, mut fault: Fault) {
        if fault.kind == FaultKind::StaleCrumb && fault.times.is_none() {
            fault.times = Some(1);
        }
        self.lock().push(Active { fault, seen: 0 });
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.lock().iter().map(|active| active.fault.clone()).collect()
    }

    /// The faults that strike a call: any that add up, and at most one that replaces the answer.
    pub(crate) fn strike(&self, family: Family) -> Vec<FaultKind> {
        let mut struck = Vec::new();
        let mut replaced = false;
        self.lock().retain_mut(|active| {
            let fault = &mut active.fault;
            if fault.family != family && fault.family != Family::All {
                return true;
            }
            if replaced && !fault.kind.adds_up() {
                return true;
            }
            active.seen = active.seen.saturating_add(1);
            let left = active.seen.saturating_sub(fault.after);
            if left == 0 || fault.every.is_some_and(|nth| left % nth.max(1) != 0) {
                return true;
            }
            replaced |= !fault.kind.adds_up();
            struck.push(fault.kind.clone());
            match &mut fault.times {
                Some(times) => {
                    *times = times.saturating_sub(1);
                    *times > 0
                }
                None => true,
            }
        });
        struck
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Active>> {
        // Every change is a single step, so the list is whole even after a panic elsewhere.
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: FaultKind = FaultKind::EmptyResult;

    #[test]
    fn a_fault_strikes_its_family_as_often_as_it_says() {
        let faults = Faults::default();
        faults.add(Fault::new(Family::Quote, EMPTY).times(2).after(1));
        assert!(faults.strike(Family::Quote).is_empty());
        assert!(faults.strike(Family::Spark).is_empty());
        assert_eq!(faults.strike(Family::Quote), [EMPTY]);
        assert_eq!(faults.strike(Family::Quote), [EMPTY]);
        assert!(faults.strike(Family::Quote).is_empty());
        assert!(faults.list().is_empty());
    }

    #[test]
    fn each_nth_call_is_struck() {
        let faults = Faults::default();
        faults.add(Fault::new(Family::All, EMPTY).every(3));
        let struck: Vec<bool> = (0..6).map(|_| !faults.strike(Family::Chart).is_empty()).collect();
        assert_eq!(struck, [false, false, true, false, false, true]);
    }

    #[test]
    fn a_delay_adds_to_the_first_fault_that_replaces_the_answer() {
        let faults = Faults::default();
        faults.add(Fault::new(Family::Quote, FaultKind::InternalError).times(1));
        faults.add(Fault::new(Family::Quote, EMPTY).times(1));
        faults.add(Fault::new(Family::Quote, FaultKind::Delay { ms: 5 }));
        assert_eq!(faults.strike(Family::Quote), [FaultKind::InternalError, FaultKind::Delay { ms: 5 }]);
        assert_eq!(faults.strike(Family::Quote), [EMPTY, FaultKind::Delay { ms: 5 }]);
    }

    #[test]
    fn faults_are_flat_json() {
        let text = r#"{"family":"quote","kind":"delay","ms":20,"times":3}"#;
        let fault: Fault = serde_json::from_str(text).unwrap();
        assert_eq!(fault, Fault::new(Family::Quote, FaultKind::Delay { ms: 20 }).times(3));
        assert_eq!(serde_json::to_string(&fault).unwrap(), text);
        let plain: Fault = serde_json::from_str(r#"{"family":"all","kind":"too_many_requests"}"#).unwrap();
        assert_eq!(plain.kind, FaultKind::TooManyRequests { edge: false });
    }
}
