use super::Timestamp;

/// A request that its sender may repeat, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// What its sender knows it by, hashed: one of a user's.
    pub key: String,
    /// What tells it from other requests, hashed.
    pub fingerprint: String,
    /// What was answered, sealed so that only its sender can read it; `None` while it is being done.
    pub answer: Option<String>,
    /// When it is forgotten.
    pub expires_at: Timestamp,
}
