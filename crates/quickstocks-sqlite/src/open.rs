//! Opening a database file, and what to tell whoever has one that cannot be opened.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use quickstocks_core::ports::BoxError;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

use crate::schema::{MIGRATIONS, Mismatch, migrate, missing};

/// How long a call waits for another program's lock.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many connections read. Reads take microseconds; a few keep one that waits for the disk from holding up the others.
const READERS: usize = 4;

/// How many prepared statements a connection keeps: more than there are.
const STATEMENTS: usize = 64;

/// Why a database cannot be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file or its folder cannot be written.
    #[error(
        "cannot open the database {path} for writing: check that its folder exists, that this user may write to it and that the disk is not full"
    )]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: BoxError,
    },
    /// Another QuickStocks has it open.
    #[error("the database {path} is in use by another QuickStocks: stop that one, or give this one another data directory")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Another program has it locked.
    #[error(
        "the database {path} is locked by another program: close what has it open, such as an sqlite3 shell, and start again"
    )]
    Locked {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: BoxError,
    },
    /// It is not a database of this program.
    #[error("{path} is not a QuickStocks database: give another data directory, or move that file away")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A later version of this program wrote it.
    #[error(
        "the database {path} was written by a newer QuickStocks (its version is {found}, this program knows up to {known}): update this program, or give it another data directory"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The latest this program knows.
        known: usize,
    },
    /// It is not whole.
    #[error("the database {path} is damaged: put a backup in its place, or move it away to begin with an empty one")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
    /// It could not be brought to this program's version. It is as it was.
    #[error(
        "the database {path} could not be brought to version {version} and is unchanged: go on with the program that wrote it, and report this"
    )]
    Migration {
        /// The file.
        path: PathBuf,
        /// The version that could not be reached.
        version: usize,
        /// Why.
        #[source]
        source: BoxError,
    },
}

impl OpenError {
    pub(crate) fn unusable(path: &Path, source: impl Into<BoxError>) -> Self {
        Self::Unusable { path: path.to_owned(), source: source.into() }
    }

    fn from_sqlite(path: &Path, error: Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, source: error.into() },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path, source: error.into() },
            _ => Self::Unusable { path, source: error.into() },
        }
    }
}

/// A database that is ready to be used.
pub(crate) struct Opened {
    pub(crate) writer: Connection,
    pub(crate) readers: Vec<Connection>,
    /// Whoever holds this has the file; to be dropped after the connections.
    pub(crate) lock: File,
}

pub(crate) fn open(path: &Path) -> Result<Opened, OpenError> {
    let failed = |error| OpenError::from_sqlite(path, error);
    // First of all: to open and close the file, as is done next, drops the locks that this process has on it by another store.
    let lock = lock(path)?;
    // SQLite would make the file for everybody to read; the files beside it get the permissions of this one.
    private_file(path).map_err(|error| OpenError::unusable(path, error))?;
    let mut writer = connect(path).map_err(failed)?;
    prepare(&mut writer, path)?;
    let readers = (0..READERS).map(|_| {
        let reader = connect(path)?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(reader)
    });
    let readers = readers.collect::<Result<_, Error>>().map_err(failed)?;
    Ok(Opened { writer, readers, lock })
}

pub(crate) fn in_memory() -> Result<Connection, OpenError> {
    let path = Path::new(":memory:");
    let mut connection = Connection::open_in_memory().map_err(|error| OpenError::from_sqlite(path, error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    migrate(&mut connection, MIGRATIONS).map_err(|error| mismatch(path, error))?;
    Ok(connection)
}

/// Takes a database for this process alone, as long as the answer is held.
pub(crate) fn lock(path: &Path) -> Result<File, OpenError> {
    // A file of its own, since SQLite locks the database itself.
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = private_file(Path::new(&name)).map_err(|error| OpenError::unusable(path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(OpenError::unusable(path, error)),
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn connect(path: &Path) -> Result<Connection, Error> {
    // Each connection is used by one thread at a time, so SQLite need not lock it.
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Checks a file and makes it what the writer needs.
fn prepare(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::from_sqlite(path, error);
    // Before anything is written: WAL is a property of the file, and it may be somebody else's.
    missing(connection, MIGRATIONS).map_err(|error| mismatch(path, error))?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        return Err(OpenError::unusable(path, format!("its file system does not support SQLite's WAL (it offers {mode})")));
    }
    // Wait for the disk at each commit: with NORMAL, the last commits would be lost with the power.
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    // SQLite's default is off. No table refers to another yet; the first that does should not depend on somebody remembering this.
    connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if verdict != "ok" {
        return Err(OpenError::Damaged { path: path.to_owned(), source: verdict.into() });
    }
    migrate(connection, MIGRATIONS).map_err(|error| mismatch(path, error))
}

fn mismatch(path: &Path, mismatch: Mismatch) -> OpenError {
    let path = path.to_owned();
    match mismatch {
        Mismatch::Foreign => OpenError::Foreign { path },
        Mismatch::Newer { found } => OpenError::Newer { path, found, known: MIGRATIONS.len() },
        Mismatch::Failed { version: 0, source } => OpenError::from_sqlite(&path, source),
        Mismatch::Failed { version, source } => OpenError::Migration { path, version, source: source.into() },
    }
}
