//! An index in the embedded token's database.
//!
//! Kryoptic keeps each attribute of an object as a row and finds an object by the value of one, at every call that
//! names a handle; its table has no index by value, so that each such call walks through every row of the token. With
//! one, a call costs the same on a token of ten thousand keys as on a token of ten. SQLite keeps it up by itself,
//! whoever writes.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// Makes the index unless it is there. A token without one is slow and right, so that failing is no error.
pub(super) fn ensure(database: &Path) {
    if let Err(error) = make(database) {
        tracing::warn!(%error, "the embedded token gets no index: many keys will take long");
    }
}

fn make(database: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch("CREATE INDEX IF NOT EXISTS keyferry_by_value ON objects (attr, val)")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_object_is_found_by_a_value_without_a_walk_through_all_rows() {
        let folder = tempfile::TempDir::new().unwrap();
        let database = folder.path().join("token.sql");
        let connection = Connection::open(&database).unwrap();
        // As kryoptic-lib makes its table and asks it.
        connection
            .execute_batch("CREATE TABLE objects (id int NOT NULL, attr int NOT NULL, val blob, UNIQUE (id, attr))")
            .unwrap();
        // Each time anew: what only explains does not notice that the schema has changed.
        let parts = || {
            let connection = Connection::open(&database).unwrap();
            let mut asked = connection
                .prepare("EXPLAIN QUERY PLAN SELECT id FROM objects WHERE attr = ? AND val = ?")
                .unwrap();
            asked
                .query_map((1, "x"), |row| row.get::<_, String>(3))
                .unwrap()
                .collect::<Result<Vec<_>, _>>()
                .unwrap()
                .join("; ")
        };
        assert!(parts().contains("SCAN"), "{}", parts());
        ensure(&database);
        ensure(&database);
        let now = parts();
        assert!(
            now.contains("keyferry_by_value (attr=? AND val=?)"),
            "{now}"
        );
    }

    #[test]
    fn a_token_without_its_table_stays_as_it_is() {
        let folder = tempfile::TempDir::new().unwrap();
        ensure(&folder.path().join("absent.sql"));
        assert!(!folder.path().join("absent.sql").exists());
    }
}
