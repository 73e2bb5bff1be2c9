//! Copies of a database that is in use.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use quickstocks_core::ports::BoxError;
use rusqlite::{Connection, OpenFlags};

use crate::open::BUSY_TIMEOUT;
use crate::schema::{MIGRATIONS, Mismatch, missing};

/// Why there is no backup. Nothing is left of one.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no database.
    #[error("there is no database at {path}: name the data directory that QuickStocks runs with")]
    NoDatabase {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file to copy is not one of ours, or of a later version.
    #[error("{path} is not a QuickStocks database that this version knows")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A backup never replaces a file.
    #[error("{path} exists already: name another file, or move that one away")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The copy could not be made.
    #[error("the backup {path} could not be written: check that its folder exists and that the disk has room")]
    Failed {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: BoxError,
    },
}

/// Copies the database `from` into a new file, whole as of one moment, whether or not a QuickStocks has it open, and answers the
/// copy's size in bytes. The copy is checked before it gets its name; only its owner may read it, since it holds sessions.
///
/// # Errors
/// [`BackupError`], each with a sentence that says what to do.
pub fn back_up(from: &Path, to: &Path) -> Result<u64, BackupError> {
    if !from.is_file() {
        return Err(BackupError::NoDatabase { path: from.to_owned() });
    }
    if to.exists() {
        return Err(BackupError::Exists { path: to.to_owned() });
    }
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let copied = copy(from, &part);
    if copied.is_err() {
        drop(fs::remove_file(&part));
    }
    let failed = |source: BoxError| BackupError::Failed { path: to.to_owned(), source };
    let bytes = copied.map_err(|error| match error {
        CopyError::Foreign => BackupError::Foreign { path: from.to_owned() },
        CopyError::Io(error) => failed(error.into()),
        CopyError::Sqlite(error) => failed(error.into()),
        CopyError::Damaged(verdict) => failed(verdict.into()),
    })?;
    fs::rename(&part, to).map_err(|error| failed(error.into()))?;
    Ok(bytes)
}

/// Why a database could not be copied.
pub(crate) enum CopyError {
    Foreign,
    Io(io::Error),
    Sqlite(rusqlite::Error),
    Damaged(String),
}

impl From<io::Error> for CopyError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<rusqlite::Error> for CopyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Copies a database of ours into a new file, and checks the copy.
pub(crate) fn copy(from: &Path, part: &Path) -> Result<u64, CopyError> {
    let source = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    source.busy_timeout(BUSY_TIMEOUT)?;
    missing(&source, MIGRATIONS).map_err(|mismatch| match mismatch {
        Mismatch::Failed { source, .. } => CopyError::Sqlite(source),
        Mismatch::Foreign | Mismatch::Newer { .. } => CopyError::Foreign,
    })?;
    // SQLite writes into an empty file as it would into none, and this one has the right permissions.
    let file = private_file(part)?;
    let path = part.to_str().ok_or_else(|| io::Error::other("its name is not Unicode"))?;
    source.execute("VACUUM INTO ?1", [path])?;
    file.sync_all()?;
    let verdict: String = Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_ONLY)?.query_row(
        "PRAGMA integrity_check(1)",
        [],
        |row| row.get(0),
    )?;
    if verdict != "ok" {
        return Err(CopyError::Damaged(verdict));
    }
    Ok(file.metadata()?.len())
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
