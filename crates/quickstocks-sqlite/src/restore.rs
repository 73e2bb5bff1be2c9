//! Putting a backup in the place of a database.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use quickstocks_core::ports::BoxError;

use crate::backup::{CopyError, copy};
use crate::open::{OpenError, lock};

/// Why a backup was not put in place. The database is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is no such backup.
    #[error("there is no backup at {path}")]
    NoBackup {
        /// Where it should be.
        path: PathBuf,
    },
    /// It is not one of ours, or of a later version.
    #[error("{path} is not a backup of a QuickStocks that this version knows")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The database is in use, or its folder cannot be written.
    #[error(transparent)]
    Unusable(#[from] OpenError),
    /// It could not be put in place.
    #[error("the backup {path} could not be put in place: check that it is whole and that the disk has room")]
    Failed {
        /// The backup.
        path: PathBuf,
        /// Why.
        #[source]
        source: BoxError,
    },
}

/// Puts a copy of the backup `from` in the place of the database `to`, and answers where the database that was there is now: nothing
/// is deleted. The copy is checked before anything is moved. No QuickStocks may have the database open.
///
/// # Errors
/// [`RestoreError`], each with a sentence that says what to do.
pub fn restore(from: &Path, to: &Path) -> Result<Option<PathBuf>, RestoreError> {
    if !from.is_file() {
        return Err(RestoreError::NoBackup { path: from.to_owned() });
    }
    let _in_use = lock(to)?;
    let part = beside(to, ".part");
    let failed = |source: BoxError| {
        drop(fs::remove_file(&part));
        RestoreError::Failed { path: from.to_owned(), source }
    };
    copy(from, &part).map_err(|error| match error {
        CopyError::Foreign => {
            drop(fs::remove_file(&part));
            RestoreError::Foreign { path: from.to_owned() }
        }
        CopyError::Io(error) => failed(error.into()),
        CopyError::Sqlite(error) => failed(error.into()),
        CopyError::Damaged(verdict) => failed(verdict.into()),
    })?;
    let replaced = set_aside(to).map_err(|error| failed(error.into()))?;
    fs::rename(&part, to).and_then(|()| sync_folder(to)).map_err(|error| failed(error.into()))?;
    Ok(replaced)
}

/// Moves a database away with the files that SQLite keeps beside it. A log left behind would be read into whatever takes its place.
fn set_aside(path: &Path) -> io::Result<Option<PathBuf>> {
    if !path.exists() {
        return Ok(None);
    }
    let free = |name: &PathBuf| !name.exists();
    let Some(aside) = (1..1000).map(|number| beside(path, &format!(".replaced-{number}"))).find(free) else {
        return Err(io::Error::other("a thousand replaced databases lie beside it: remove some"));
    };
    for suffix in ["-wal", "-shm", ""] {
        let file = beside(path, suffix);
        if file.exists() {
            fs::rename(&file, beside(&aside, suffix))?;
        }
    }
    Ok(Some(aside))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A rename lasts once the folder is on the disk.
fn sync_folder(of: &Path) -> io::Result<()> {
    match of.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}
