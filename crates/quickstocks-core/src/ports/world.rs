use crate::model::Timestamp;

/// Tells the time. Nothing in the domain asks a clock of its own.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// Makes random bytes that nobody can guess.
pub trait Random: Send + Sync {
    /// Fills the buffer with bytes from a cryptographically secure generator.
    fn fill(&self, bytes: &mut [u8]);
}
