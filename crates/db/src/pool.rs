//! An open database: one hand that writes at a time, several that read.
//!
//! ```text
//!          SQLite                                    PostgreSQL
//!          ┌ write ── 1 connection ──┐               ┌ write ── 4 connections ──┐
//! Pool ────┤                         ├── FILE   ─────┤                          ├── server
//!          └ read ─── 4 connections ─┘               └ read ─── 8 connections ──┘
//! turn     the connection                            the row of db_writes
//! ```
//!
//! SQLite lets one connection write at a time. With a single writing connection
//! in the process, writers queue for it in fairness and never meet a locked
//! database; readers see the last commit and wait for nobody.
//!
//! PostgreSQL lets many write at once, and rooms rely on one: the catalog looks at
//! its copy and then writes. So [`Pool::begin`] takes a *turn* there as well: it
//! changes the one row of `db_writes`, whose lock the server holds until the
//! transaction ends, for this process and all others. The row says
//!
//! ```text
//! version   how often anybody had the turn
//! writer    the process that had it last
//! others    the version when somebody else had it last
//! ```
//!
//! and so tells each process whether another wrote. As the row is written under
//! its lock and seen only with the commit, versions come in the order of commits.

use std::path::Path;
use std::time::Duration;

use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    DbBackend, DbErr, IsolationLevel, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
};
use uuid::Uuid;

use crate::{Error, Server};

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
    /// A database on a server.
    Postgres {
        /// For statements that read.
        read: DatabaseConnection,
        /// For statements that change rows.
        write: DatabaseConnection,
        /// This process, as `db_writes` names it.
        writer: Uuid,
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

    /// Opens a database on a server; its tables are the caller's to make.
    pub async fn open_postgres(server: &Server) -> Result<Self, Error> {
        let (read, write) = server.connect().await?;
        Ok(Self::Postgres { read, write, writer: Uuid::new_v4() })
    }

    /// Returns the connection for statements that read.
    pub fn read(&self) -> &DatabaseConnection {
        match self {
            Self::Sqlite { read, .. } | Self::Postgres { read, .. } => read,
        }
    }

    /// Returns the connection for a single statement that changes rows. It takes no
    /// turn: the statement must be right whatever else is written meanwhile.
    pub fn write(&self) -> &DatabaseConnection {
        match self {
            Self::Sqlite { write, .. } | Self::Postgres { write, .. } => write,
        }
    }

    /// Begins a transaction that may write; dropped without a commit, it undoes.
    ///
    /// > From here to its end, no other transaction of [`Pool::begin`] runs, in
    /// > this process or another, and it sees what all before it committed.
    ///
    /// The right to write is taken at once. A transaction that began by reading
    /// and wrote later could find that another process had written meanwhile,
    /// and no waiting mends that.
    pub async fn begin(&self) -> Result<DatabaseTransaction, Error> {
        match self {
            Self::Sqlite { write, .. } => {
                let options = TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..TransactionOptions::default()
                };
                Ok(write.begin_with_options(options).await?)
            }
            Self::Postgres { write, writer, .. } => {
                // Each statement behind the first must see what was committed while
                // that one waited, whatever the server was told to do by default.
                let level = Some(IsolationLevel::ReadCommitted);
                let turn = write.begin_with_config(level, Some(AccessMode::ReadWrite)).await?;
                let taken = Statement::from_sql_and_values(
                    DbBackend::Postgres,
                    "UPDATE db_writes SET
                        others = CASE WHEN writer = $1 THEN others ELSE version END,
                        version = version + 1,
                        writer = $1",
                    [(*writer).into()],
                );
                if turn.execute_raw(taken).await?.rows_affected() != 1 {
                    return Err(Error::NoTurn);
                }
                Ok(turn)
            }
        }
    }

    /// Begins a transaction that sees the database as it is at its first statement,
    /// however long it lasts and whatever is written meanwhile. It changes nothing.
    pub async fn snapshot(&self) -> Result<DatabaseTransaction, Error> {
        match self {
            // A transaction that reads sees one state of a file in WAL.
            Self::Sqlite { read, .. } => {
                let options = TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
                    ..TransactionOptions::default()
                };
                Ok(read.begin_with_options(options).await?)
            }
            Self::Postgres { read, .. } => {
                let level = Some(IsolationLevel::RepeatableRead);
                Ok(read.begin_with_config(level, Some(AccessMode::ReadOnly)).await?)
            }
        }
    }

    /// Returns a number that changes when another process has written; what this
    /// one writes does not change it. On PostgreSQL only what was written within
    /// [`Pool::begin`] counts.
    pub async fn foreign_version(&self) -> Result<i64, Error> {
        let row = match self {
            Self::Sqlite { write, .. } => {
                // The one writing connection sees only the commits of others change it
                // (https://www.sqlite.org/pragma.html#pragma_data_version).
                let asked = Statement::from_string(DbBackend::Sqlite, "PRAGMA data_version");
                write.query_one_raw(asked).await?
            }
            Self::Postgres { read, writer, .. } => {
                let asked = Statement::from_sql_and_values(
                    DbBackend::Postgres,
                    "SELECT CASE WHEN writer = $1 THEN others ELSE version END FROM db_writes",
                    [(*writer).into()],
                );
                read.query_one_raw(asked).await?
            }
        };
        Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
    }

    /// Closes all connections, after which a file may be moved or removed.
    pub async fn close(self) -> Result<(), Error> {
        let (Self::Sqlite { read, write } | Self::Postgres { read, write, .. }) = self;
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
    async fn memory_is_a_database_whose_transactions_undo() {
        let pool = Pool::memory().await.unwrap();
        pool.write().execute_unprepared("CREATE TABLE note (text TEXT)").await.unwrap();
        let dropped = pool.begin().await.unwrap();
        dropped.execute_unprepared("INSERT INTO note VALUES ('dropped')").await.unwrap();
        drop(dropped);
        assert_eq!(value(pool.read(), "SELECT count(*) FROM note").await, "0");
    }
}
