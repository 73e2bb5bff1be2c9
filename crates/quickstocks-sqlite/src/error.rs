//! The one place that says what an error of SQLite means to a caller.

use quickstocks_core::ports::{BoxError, StoreError};
use rusqlite::{Error, ErrorCode};

/// A [`StoreError`] that `?` makes from SQLite's errors.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) StoreError);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(match class(&error) {
            Class::Unavailable => StoreError::Unavailable(error.into()),
            Class::Corrupt => corrupt("the database", error),
            Class::Refused => StoreError::Refused(error.into()),
        })
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

/// An item that cannot be read.
pub(crate) fn corrupt(item: impl Into<String>, source: impl Into<BoxError>) -> StoreError {
    StoreError::Corrupt { item: item.into(), source: source.into() }
}

/// What can be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Try again later: somebody holds a lock, the disk is full or fails.
    Unavailable,
    /// The file, or something in it, is not what this program wrote.
    Corrupt,
    /// Nothing: the file may not be written, or the request breaks a rule of the schema.
    Refused,
}

pub(crate) fn class(error: &Error) -> Class {
    match error {
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationAborted
            | ErrorCode::OperationInterrupted
            | ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull
            | ErrorCode::CannotOpen => Class::Unavailable,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Class::Corrupt,
            _ => Class::Refused,
        },
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..)
        | Error::InvalidColumnType(..) => Class::Corrupt,
        _ => Class::Refused,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;
    use rusqlite::types::Type;

    use super::*;

    #[test]
    fn each_error_means_what_the_caller_can_do_about_it() {
        for (code, expected) in [
            (ffi::SQLITE_BUSY, Class::Unavailable),
            (ffi::SQLITE_BUSY_SNAPSHOT, Class::Unavailable),
            (ffi::SQLITE_LOCKED, Class::Unavailable),
            (ffi::SQLITE_FULL, Class::Unavailable),
            (ffi::SQLITE_IOERR_FSYNC, Class::Unavailable),
            (ffi::SQLITE_CANTOPEN, Class::Unavailable),
            (ffi::SQLITE_CORRUPT, Class::Corrupt),
            (ffi::SQLITE_NOTADB, Class::Corrupt),
            (ffi::SQLITE_READONLY, Class::Refused),
            (ffi::SQLITE_PERM, Class::Refused),
            (ffi::SQLITE_CONSTRAINT_UNIQUE, Class::Refused),
            (ffi::SQLITE_ERROR, Class::Refused),
        ] {
            assert_eq!(class(&Error::SqliteFailure(ffi::Error::new(code), None)), expected, "{code}");
        }
        assert_eq!(class(&Error::InvalidColumnType(0, "tick".to_owned(), Type::Text)), Class::Corrupt);
        assert_eq!(class(&Error::IntegralValueOutOfRange(0, -1)), Class::Corrupt);
    }
}
