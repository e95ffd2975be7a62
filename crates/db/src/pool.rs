//! An open database: one hand that writes, several that read.
//!
//! ```text
//!            ┌ write ── 1 connection ──┐
//! Pool ──────┤                         ├── FILE  FILE-wal  FILE-shm
//!            └ read ─── 4 connections ─┘
//! ```
//!
//! SQLite lets one connection write at a time. With a single writing connection
//! in the process, writers queue for it in fairness and never meet a locked
//! database; readers see the last commit and wait for nobody. The other kind of
//! database this enum is meant to hold, PostgreSQL, needs no such care; callers
//! ask for `read` and `write` all the same and do not know which they have.

use std::path::Path;
use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

use crate::Error;

/// An open database. Clones share its connections.
#[derive(Clone, Debug)]
pub enum Pool {
    /// A file of this machine, or memory.
    Sqlite {
        /// For statements that read.
        read: DatabaseConnection,
        /// For statements that change rows.
        write: DatabaseConnection,
    },
}

/// What a commit promises when the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A commit is on disk when it returns: for what exists nowhere else.
    Full,
    /// The last commits may be lost, the file stays whole: for what can be rebuilt.
    Cache,
}

impl Pool {
    /// Opens the file at `path`, making it if need be.
    pub async fn open_sqlite(path: &Path, durability: Durability) -> Result<Self, Error> {
        let failed = |source| Error::Open { path: path.display().to_string(), source };
        // The writer goes first: it makes the file and switches it to WAL.
        let write = connect(Some(path), durability, 1).await.map_err(failed)?;
        let read = connect(Some(path), durability, 4).await.map_err(failed)?;
        Ok(Self::Sqlite { read, write })
    }

    /// Opens an empty database that is gone with the last clone.
    ///
    /// Reading and writing share one connection here, so a caller that holds a
    /// transaction must read through it; over a file that is good manners, here
    /// anything else would wait for itself.
    pub async fn memory() -> Result<Self, Error> {
        let failed = |source| Error::Open { path: "(memory)".to_owned(), source };
        let only = connect(None, Durability::Cache, 1).await.map_err(failed)?;
        Ok(Self::Sqlite { read: only.clone(), write: only })
    }

    /// Returns the connection for statements that read.
    pub fn read(&self) -> &DatabaseConnection {
        let Self::Sqlite { read, .. } = self;
        read
    }

    /// Returns the connection for a single statement that changes rows.
    pub fn write(&self) -> &DatabaseConnection {
        let Self::Sqlite { write, .. } = self;
        write
    }

    /// Begins a transaction that may write; dropped without a commit, it undoes.
    ///
    /// The right to write is taken at once. A transaction that began by reading
    /// and wrote later could find that another process had written meanwhile,
    /// and no waiting mends that.
    pub async fn begin(&self) -> Result<DatabaseTransaction, Error> {
        let Self::Sqlite { write, .. } = self;
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(write.begin_with_options(options).await?)
    }

    /// Returns a number that changes when another process has written; what this
    /// one writes does not change it.
    pub async fn foreign_version(&self) -> Result<i64, Error> {
        let Self::Sqlite { write, .. } = self;
        // The one writing connection sees only the commits of others change it
        // (https://www.sqlite.org/pragma.html#pragma_data_version).
        let asked = Statement::from_string(DbBackend::Sqlite, "PRAGMA data_version");
        let row = write.query_one_raw(asked).await?;
        Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
    }

    /// Closes all connections, after which the file may be moved or removed.
    pub async fn close(self) -> Result<(), Error> {
        let Self::Sqlite { read, write } = self;
        // The last connection to go folds the WAL into the file, which only a
        // writer may do.
        read.close().await?;
        write.close().await?;
        Ok(())
    }
}

async fn connect(
    path: Option<&Path>,
    durability: Durability,
    connections: u32,
) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    // A connection to memory *is* the database, so none is ever let go.
    options.max_connections(connections).min_connections(1).sqlx_logging(false);
    options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    options.test_before_acquire(false);
    let path = path.map(Path::to_owned);
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Cache => "NORMAL",
    };
    options.map_sqlx_sqlite_opts(move |settings| {
        let settings = settings.foreign_keys(true).busy_timeout(Duration::from_secs(10));
        match &path {
            // The path goes in by itself, not within a URL, where `?` and `%` mean something.
            Some(path) => settings
                .filename(path)
                .in_memory(false)
                .shared_cache(false)
                .create_if_missing(true)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", synchronous),
            None => settings,
        }
    });
    Database::connect(options).await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn value(connection: &impl ConnectionTrait, sql: &str) -> String {
        let statement = Statement::from_string(DbBackend::Sqlite, sql);
        let row = connection.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index::<String>(0)
            .or_else(|_| row.try_get_by_index::<i64>(0).map(|number| number.to_string()))
            .unwrap()
    }

    async fn notes(pool: &Pool) -> String {
        value(pool.read(), "SELECT group_concat(text) FROM (SELECT text FROM note ORDER BY text)")
            .await
    }

    #[tokio::test]
    async fn a_file_is_opened_with_the_settings_it_needs() {
        let folder = tempfile::tempdir().unwrap();
        for (durability, synchronous) in [(Durability::Full, "2"), (Durability::Cache, "1")] {
            // A name that would mean something else within a URL.
            let path = folder.path().join(format!("thư mục?{durability:?}%20#.sqlite"));
            let pool = Pool::open_sqlite(&path, durability).await.unwrap();
            for connection in [pool.read(), pool.write()] {
                assert_eq!(value(connection, "PRAGMA journal_mode").await, "wal");
                assert_eq!(value(connection, "PRAGMA synchronous").await, synchronous);
                assert_eq!(value(connection, "PRAGMA foreign_keys").await, "1");
                assert_eq!(value(connection, "PRAGMA busy_timeout").await, "10000");
            }
            assert!(path.exists());
            pool.close().await.unwrap();
            assert!(!folder.path().join(format!("thư mục?{durability:?}%20#.sqlite-wal")).exists());
        }
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_named() {
        let path = Path::new("/nowhere/at/all/catalog.sqlite");
        let refusal = Pool::open_sqlite(path, Durability::Full).await.unwrap_err().to_string();
        assert!(refusal.starts_with("cannot open the database /nowhere/at/all/catalog.sqlite: "));
        assert!(refusal.ends_with("; check that the folder exists and may be written"));
    }

    #[tokio::test]
    async fn a_transaction_that_is_dropped_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.sqlite");
        for pool in [
            Pool::memory().await.unwrap(),
            Pool::open_sqlite(&file, Durability::Full).await.unwrap(),
        ] {
            pool.write().execute_unprepared("CREATE TABLE note (text TEXT)").await.unwrap();
            let kept = pool.begin().await.unwrap();
            kept.execute_unprepared("INSERT INTO note VALUES ('kept')").await.unwrap();
            kept.commit().await.unwrap();
            let dropped = pool.begin().await.unwrap();
            dropped.execute_unprepared("INSERT INTO note VALUES ('dropped')").await.unwrap();
            drop(dropped);
            assert_eq!(notes(&pool).await, "kept");
        }
    }

    #[tokio::test]
    async fn readers_see_the_last_commit_while_somebody_writes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.sqlite");
        let pool = Pool::open_sqlite(&file, Durability::Full).await.unwrap();
        pool.write().execute_unprepared("CREATE TABLE note (text TEXT)").await.unwrap();
        pool.write().execute_unprepared("INSERT INTO note VALUES ('old')").await.unwrap();
        let writing = pool.begin().await.unwrap();
        writing.execute_unprepared("UPDATE note SET text = 'new'").await.unwrap();
        assert_eq!(notes(&pool).await, "old");
        writing.commit().await.unwrap();
        assert_eq!(notes(&pool).await, "new");
    }

    #[tokio::test]
    async fn many_writers_take_their_turns() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("count.sqlite");
        let pool = Pool::open_sqlite(&file, Durability::Cache).await.unwrap();
        pool.write().execute_unprepared("CREATE TABLE count (n INTEGER)").await.unwrap();
        pool.write().execute_unprepared("INSERT INTO count VALUES (0)").await.unwrap();
        let writers = (0..40).map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let turn = pool.begin().await.unwrap();
                let n: i64 = value(&turn, "SELECT n FROM count").await.parse().unwrap();
                let raise = format!("UPDATE count SET n = {}", n + 1);
                turn.execute_unprepared(&raise).await.unwrap();
                turn.commit().await.unwrap();
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        assert_eq!(value(pool.read(), "SELECT n FROM count").await, "40");
    }

    #[tokio::test]
    async fn what_another_writes_is_noticed_and_what_we_write_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.sqlite");
        let ours = Pool::open_sqlite(&file, Durability::Full).await.unwrap();
        let theirs = Pool::open_sqlite(&file, Durability::Full).await.unwrap();
        ours.write().execute_unprepared("CREATE TABLE note (text TEXT)").await.unwrap();
        let before = ours.foreign_version().await.unwrap();
        ours.write().execute_unprepared("INSERT INTO note VALUES ('ours')").await.unwrap();
        assert_eq!(ours.foreign_version().await.unwrap(), before);
        theirs.write().execute_unprepared("INSERT INTO note VALUES ('theirs')").await.unwrap();
        assert_ne!(ours.foreign_version().await.unwrap(), before);
    }
}
