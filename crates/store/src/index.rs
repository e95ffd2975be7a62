//! The index: which closed segments there are, without looking at each.
//!
//! A cache in SQLite. Files and journals are the truth; what the index does not
//! know is scanned at the next opening, what it knows and is not there is
//! forgotten. So it is written behind everything else, in batches, and a
//! failure to write it is a line in the log and nothing more.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use base::{Span, StreamId, WallTime};
use db::{Durability, Pool};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};
use tokio::sync::mpsc;

use crate::error::StoreError;
use crate::layout::{Layout, SegmentName, Source};
use crate::stream::lock;
use crate::timeline::Segment;

/// What the tables are; another number means another program, and a new index.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS segment (
        stream BLOB NOT NULL,
        start_us INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        live INTEGER NOT NULL,
        end_us INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL,
        PRIMARY KEY (stream, start_us, epoch, sequence, live)
    ) WITHOUT ROWID;
    PRAGMA user_version = 1;
";

/// How long changes are gathered for one transaction.
const GATHER: Duration = Duration::from_secs(1);
/// Rows of one statement, far below what SQLite's parser takes.
const ROWS: usize = 400;

/// What the index has to learn.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Put(StreamId, Segment),
    Remove(StreamId, SegmentName),
}

/// What is known of each stream.
pub(crate) type Known = HashMap<StreamId, Vec<Segment>>;

/// The way to the task that writes the index.
#[derive(Debug)]
pub(crate) struct Index {
    changes: Mutex<Option<mpsc::UnboundedSender<Change>>>,
}

impl Index {
    /// Starts the task; it ends when [`Index::close`] was called and all is written.
    pub(crate) fn start(pool: Pool) -> (Self, tokio::task::JoinHandle<()>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let task = tokio::spawn(keep(pool, receiver));
        (Self { changes: Mutex::new(Some(sender)) }, task)
    }

    pub(crate) fn send(&self, change: Change) {
        if let Some(changes) = lock(&self.changes).as_ref() {
            // The task only ends with its runtime; then a scan will find what is missing.
            let _ = changes.send(change);
        }
    }

    pub(crate) fn close(&self) {
        lock(&self.changes).take();
    }
}

/// Opens the index, anew if it cannot be read, and returns what it knows.
pub(crate) async fn open(layout: &Layout) -> Result<(Pool, Known), StoreError> {
    let path = layout.index();
    match read(&path).await {
        Ok(read) => return Ok(read),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the index cannot be read and is made anew");
        }
    }
    forget(layout)?;
    read(&path).await.map_err(|source| StoreError::Index { path, source })
}

/// Deletes the index.
pub(crate) fn forget(layout: &Layout) -> Result<(), StoreError> {
    for tail in ["", "-wal", "-shm"] {
        let mut path = layout.index().into_os_string();
        path.push(tail);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::disk("delete", Path::new(&path))(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes changes in one transaction.
pub(crate) async fn write(pool: &Pool, changes: &[Change]) -> Result<(), db::Error> {
    let turn = pool.begin().await?;
    for changes in changes.chunks(ROWS) {
        turn.execute_unprepared(&statements(changes)).await?;
    }
    Ok(turn.commit().await?)
}

async fn read(path: &Path) -> Result<(Pool, Known), db::Error> {
    let pool = Pool::open_sqlite(path, Durability::Cache).await?;
    match known(&pool).await {
        Ok(known) => Ok((pool, known)),
        Err(error) => {
            pool.close().await?;
            Err(error)
        }
    }
}

async fn known(pool: &Pool) -> Result<Known, db::Error> {
    let ask = |sql: String| Statement::from_string(DbBackend::Sqlite, sql);
    let version = pool.read().query_one_raw(ask("PRAGMA user_version".to_owned())).await?;
    let version = version.map(|row| row.try_get_by_index::<i64>(0)).transpose()?;
    if version != Some(VERSION) {
        pool.write().execute_unprepared("DROP TABLE IF EXISTS segment").await?;
        pool.write().execute_unprepared(TABLES).await?;
    }
    let mut known = Known::new();
    let streams = ask("SELECT DISTINCT stream FROM segment".to_owned());
    for row in pool.read().query_all_raw(streams).await? {
        let stream = stream(&row.try_get_by_index::<Vec<u8>>(0)?)?;
        // Stream by stream: a large store has millions of rows.
        let rows = ask(format!(
            "SELECT start_us, epoch, sequence, live, end_us, size_bytes FROM segment \
             WHERE stream = {} ORDER BY start_us, epoch, sequence, live",
            blob(stream)
        ));
        let rows = pool.read().query_all_raw(rows).await?;
        let segments = rows.iter().map(segment).collect::<Result<_, _>>()?;
        known.insert(stream, segments);
    }
    Ok(known)
}

fn segment(row: &QueryResult) -> Result<Segment, DbErr> {
    let wrong = || DbErr::Custom("a row of the index is no segment".to_owned());
    let number = |at: usize| row.try_get_by_index::<i64>(at);
    let span = Span::new(WallTime(number(0)?), WallTime(number(4)?)).ok_or_else(wrong)?;
    Ok(Segment {
        span,
        epoch: u32::try_from(number(1)?).map_err(|_| wrong())?,
        sequence: u32::try_from(number(2)?).map_err(|_| wrong())?,
        source: if number(3)? == 1 { Source::Live } else { Source::Filled },
        size_bytes: u64::try_from(number(5)?).map_err(|_| wrong())?,
    })
}

fn stream(bytes: &[u8]) -> Result<StreamId, DbErr> {
    let id = uuid::Uuid::from_slice(bytes);
    id.map(StreamId).map_err(|_| DbErr::Custom("a row of the index has no stream".to_owned()))
}

async fn keep(pool: Pool, mut receiver: mpsc::UnboundedReceiver<Change>) {
    let mut changes = Vec::new();
    while let Some(change) = receiver.recv().await {
        changes.push(change);
        // More of them will come in this second; or the last has come.
        let closed = async {
            while let Some(change) = receiver.recv().await {
                changes.push(change);
            }
        };
        drop(tokio::time::timeout(GATHER, closed).await);
        if let Err(error) = write(&pool, &changes).await {
            tracing::warn!(%error, "the index misses changes; the next opening scans for them");
        }
        changes.clear();
    }
    if let Err(error) = pool.close().await {
        tracing::warn!(%error, "the index was not closed in order");
    }
}

/// Returns the changes as SQL. It is numbers and hexadecimal throughout, so
/// that nothing needs to be bound; neighbours of one kind share a statement.
fn statements(changes: &[Change]) -> String {
    let mut sql = String::new();
    let mut in_insert = false;
    for change in changes {
        match change {
            Change::Put(stream, segment) => {
                sql.push_str(if in_insert {
                    ","
                } else {
                    "INSERT OR REPLACE INTO segment VALUES "
                });
                in_insert = true;
                let Segment { span, epoch, sequence, source, size_bytes } = segment;
                put(
                    &mut sql,
                    format_args!(
                        "({},{},{epoch},{sequence},{},{},{size_bytes})",
                        blob(*stream),
                        span.start().0,
                        live(*source),
                        span.end().0
                    ),
                );
            }
            Change::Remove(stream, name) => {
                if std::mem::take(&mut in_insert) {
                    sql.push(';');
                }
                let SegmentName { start, epoch, sequence, source } = name;
                put(
                    &mut sql,
                    format_args!(
                        "DELETE FROM segment WHERE stream = {} AND start_us = {} \
                         AND epoch = {epoch} AND sequence = {sequence} AND live = {};",
                        blob(*stream),
                        start.0,
                        live(*source)
                    ),
                );
            }
        }
    }
    sql
}

fn put(sql: &mut String, text: std::fmt::Arguments<'_>) {
    sql.write_fmt(text).expect("a string takes any text");
}

fn live(source: Source) -> u8 {
    u8::from(source == Source::Live)
}

fn blob(stream: StreamId) -> String {
    format!("x'{}'", stream.0.simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(sequence: u32, source: Source) -> Segment {
        let start = i64::from(sequence) * 10 - 5;
        let span = Span::new(WallTime(start), WallTime(start + 10)).unwrap();
        Segment { span, epoch: u32::MAX, sequence, source, size_bytes: 7 }
    }

    #[tokio::test]
    async fn what_was_put_is_known_at_the_next_opening() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let (a, b) = (StreamId::new(), StreamId::new());
        let (pool, known) = open(&layout).await.unwrap();
        assert!(known.is_empty());
        let (index, task) = Index::start(pool);
        for sequence in 0..1000 {
            index.send(Change::Put(a, segment(sequence, Source::Live)));
        }
        index.send(Change::Put(b, segment(1, Source::Filled)));
        for sequence in 1..1000 {
            index.send(Change::Remove(a, segment(sequence, Source::Live).name()));
        }
        index.close();
        task.await.unwrap();
        let (pool, known) = open(&layout).await.unwrap();
        assert_eq!(known.len(), 2);
        assert_eq!(known[&a], [segment(0, Source::Live)]);
        assert_eq!(known[&b], [segment(1, Source::Filled)]);
        pool.close().await.unwrap();
    }

    #[tokio::test]
    async fn an_index_that_is_rubbish_or_anothers_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        std::fs::write(layout.index(), vec![0x5a; 8192]).unwrap();
        let (pool, known) = open(&layout).await.unwrap();
        assert!(known.is_empty());
        write(&pool, &[Change::Put(StreamId::new(), segment(1, Source::Live))]).await.unwrap();
        pool.write().execute_unprepared("PRAGMA user_version = 99").await.unwrap();
        pool.close().await.unwrap();
        let (pool, known) = open(&layout).await.unwrap();
        assert!(known.is_empty());
        pool.close().await.unwrap();
    }
}
