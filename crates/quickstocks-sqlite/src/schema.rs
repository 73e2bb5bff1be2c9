//! The schema's versions, and the way from each to the next.

use rusqlite::{Connection, Error, TransactionBehavior};

/// What makes version n + 1 from version n, in order. Never edit one that was released: add one.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
];

/// "QSTK" in ASCII: what SQLite calls the application id, by which `file` and we tell our databases from others'.
pub(crate) const APPLICATION_ID: i32 = 0x5153_544b;

/// Why a database cannot be brought up to date.
#[derive(Debug)]
pub(crate) enum Mismatch {
    /// It is somebody else's.
    Foreign,
    /// It is of a later version.
    Newer {
        /// Which.
        found: i64,
    },
    /// The step to that version failed, and was undone.
    Failed {
        /// Which; 0 when not even the database's own could be read.
        version: usize,
        /// Why.
        source: Error,
    },
}

impl From<Error> for Mismatch {
    fn from(source: Error) -> Self {
        Self::Failed { version: 0, source }
    }
}

/// Checks that a database is ours, or empty, and not of a later version; changes nothing. Answers the migrations it needs.
pub(crate) fn missing<'a>(connection: &Connection, migrations: &'a [&'a str]) -> Result<&'a [&'a str], Mismatch> {
    let read = |connection: &Connection, pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let application = read(connection, "application_id")?;
    let found = read(connection, "user_version")?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let new = application == 0 && found == 0 && tables == 0;
    if !new && application != i64::from(APPLICATION_ID) {
        return Err(Mismatch::Foreign);
    }
    usize::try_from(found).ok().and_then(|found| migrations.get(found..)).ok_or(Mismatch::Newer { found })
}

/// Brings a database up to date, one transaction for each version. A new one is made from nothing the same way.
pub(crate) fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), Mismatch> {
    let steps = missing(connection, migrations)?;
    for (sql, version) in steps.iter().zip(migrations.len() - steps.len() + 1..) {
        step(connection, sql, version).map_err(|source| Mismatch::Failed { version, source })?;
    }
    Ok(())
}

fn step(connection: &mut Connection, sql: &str, version: usize) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(sql)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", i64::try_from(version).unwrap_or(i64::MAX))?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "CREATE TABLE number (n INTEGER PRIMARY KEY) STRICT; INSERT INTO number VALUES (1);";
    const SECOND: &str = "ALTER TABLE number ADD COLUMN name TEXT; UPDATE number SET name = 'one';";
    const BROKEN: &str = "DELETE FROM number; ALTER TABLE nothing ADD COLUMN name TEXT;";

    fn version(connection: &Connection) -> i64 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn each_version_is_made_from_the_one_before_and_only_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[FIRST]).unwrap();
        assert_eq!(version(&connection), 1);
        for _ in 0..2 {
            migrate(&mut connection, &[FIRST, SECOND]).unwrap();
            assert_eq!(version(&connection), 2);
        }
        let name: String = connection.query_row("SELECT name FROM number", [], |row| row.get(0)).unwrap();
        assert_eq!(name, "one");
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let failed = migrate(&mut connection, &[FIRST, BROKEN, SECOND]);
        assert!(matches!(failed, Err(Mismatch::Failed { version: 2, .. })), "{failed:?}");
        assert_eq!(version(&connection), 1);
        let count: i64 = connection.query_row("SELECT count(*) FROM number", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 1);
        migrate(&mut connection, &[FIRST, SECOND]).unwrap();
    }

    #[test]
    fn a_newer_database_and_a_foreign_one_are_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[FIRST, SECOND]).unwrap();
        assert!(matches!(migrate(&mut connection, &[FIRST]), Err(Mismatch::Newer { found: 2 })));
        let mut foreign = Connection::open_in_memory().unwrap();
        foreign.execute_batch(FIRST).unwrap();
        assert!(matches!(migrate(&mut foreign, MIGRATIONS), Err(Mismatch::Foreign)));
    }
}
