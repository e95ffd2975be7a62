//! One writes at a time, readers wait for nobody, and each learns of the others.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::time::Duration;

use db::Pool;
use db::testutil::{Fresh, Kind};
use sea_orm::{ConnectionTrait, SqlErr, Statement};

async fn text(connection: &impl ConnectionTrait, sql: &str) -> String {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn notes(connection: &impl ConnectionTrait) -> Vec<String> {
    let sql = "SELECT text FROM note ORDER BY text";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// A database with a table of notes.
async fn noted() -> (Fresh, Pool) {
    let fresh = Fresh::new(Kind::of(module_path!()));
    let pool = fresh.open().await;
    pool.write().execute_unprepared("CREATE TABLE note (text TEXT)").await.unwrap();
    (fresh, pool)
}

/// Writes as a room does that relies on being alone.
async fn note(pool: &Pool, text: &str) {
    let turn = pool.begin().await.unwrap();
    turn.execute_unprepared(&format!("INSERT INTO note VALUES ('{text}')")).await.unwrap();
    turn.commit().await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing() {
    let (_fresh, pool) = noted().await;
    note(&pool, "kept").await;
    let dropped = pool.begin().await.unwrap();
    dropped.execute_unprepared("INSERT INTO note VALUES ('dropped')").await.unwrap();
    drop(dropped);
    assert_eq!(notes(pool.read()).await, ["kept"]);
    note(&pool, "next").await;
    assert_eq!(notes(pool.read()).await, ["kept", "next"]);
}

#[tokio::test]
async fn readers_see_the_last_commit_while_somebody_writes() {
    let (_fresh, pool) = noted().await;
    note(&pool, "old").await;
    let writing = pool.begin().await.unwrap();
    writing.execute_unprepared("UPDATE note SET text = 'new'").await.unwrap();
    assert_eq!(notes(pool.read()).await, ["old"]);
    writing.commit().await.unwrap();
    assert_eq!(notes(pool.read()).await, ["new"]);
}

#[tokio::test]
async fn a_snapshot_shows_one_moment_while_others_write() {
    let (_fresh, pool) = noted().await;
    note(&pool, "before").await;
    let snapshot = pool.snapshot().await.unwrap();
    assert_eq!(notes(&snapshot).await, ["before"]);
    note(&pool, "after").await;
    assert_eq!(notes(&snapshot).await, ["before"]);
    drop(snapshot);
    assert_eq!(notes(pool.read()).await, ["after", "before"]);
}

/// Reads a number and writes the next, in two statements: without turns, counts
/// are lost.
async fn count(pool: Pool) {
    let turn = pool.begin().await.unwrap();
    let n: i64 = text(&turn, "SELECT text FROM note").await.parse().unwrap();
    let raise = format!("UPDATE note SET text = '{}'", n + 1);
    turn.execute_unprepared(&raise).await.unwrap();
    turn.commit().await.unwrap();
}

#[tokio::test]
async fn many_writers_take_their_turns_within_a_process_and_between_two() {
    let (fresh, ours) = noted().await;
    let theirs = fresh.open().await;
    note(&ours, "0").await;
    let writers: Vec<_> = (0..40)
        .map(|n| tokio::spawn(count(if n % 2 == 0 { ours.clone() } else { theirs.clone() })))
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(notes(ours.read()).await, ["40"]);
}

#[tokio::test]
async fn a_turn_that_is_taken_is_waited_for_and_readers_go_on() {
    let (fresh, ours) = noted().await;
    let theirs = fresh.open().await;
    let taken = ours.begin().await.unwrap();
    let mut waiting = tokio::spawn({
        let theirs = theirs.clone();
        async move { note(&theirs, "theirs").await }
    });
    // Long enough for who does not wait to have ended; who waits is not disturbed.
    let early = tokio::time::timeout(Duration::from_millis(300), &mut waiting).await;
    assert!(early.is_err(), "two had the turn at once");
    assert!(notes(theirs.read()).await.is_empty());
    taken.execute_unprepared("INSERT INTO note VALUES ('ours')").await.unwrap();
    taken.commit().await.unwrap();
    waiting.await.unwrap();
    assert_eq!(notes(ours.read()).await, ["ours", "theirs"]);
}

#[tokio::test]
async fn what_another_writes_is_noticed_and_what_we_write_is_not() {
    let (fresh, ours) = noted().await;
    let (theirs, third) = (fresh.open().await, fresh.open().await);
    let mut seen = ours.foreign_version().await.unwrap();
    note(&ours, "ours").await;
    assert_eq!(ours.foreign_version().await.unwrap(), seen);
    for (pool, text) in [(&theirs, "theirs"), (&third, "third"), (&theirs, "theirs again")] {
        note(pool, text).await;
        let now = ours.foreign_version().await.unwrap();
        assert_ne!(now, seen, "{text} was not noticed");
        seen = now;
        note(&ours, "ours").await;
        note(&ours, "ours").await;
        assert_eq!(ours.foreign_version().await.unwrap(), seen);
    }
}

#[tokio::test]
async fn what_is_undone_or_not_committed_yet_is_no_news() {
    let (fresh, ours) = noted().await;
    let theirs = fresh.open().await;
    let before = ours.foreign_version().await.unwrap();
    let open = theirs.begin().await.unwrap();
    open.execute_unprepared("INSERT INTO note VALUES ('theirs')").await.unwrap();
    assert_eq!(ours.foreign_version().await.unwrap(), before);
    open.rollback().await.unwrap();
    assert_eq!(ours.foreign_version().await.unwrap(), before);
    note(&theirs, "theirs").await;
    assert_ne!(ours.foreign_version().await.unwrap(), before);
}

#[tokio::test]
async fn a_rule_that_is_broken_is_named_alike_over_every_database() {
    let (_fresh, pool) = noted().await;
    for table in [
        "CREATE TABLE site (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        "CREATE TABLE camera (site INTEGER NOT NULL REFERENCES site (id))",
        "INSERT INTO site VALUES (1, 'Ngã Tư Sở')",
        "INSERT INTO camera VALUES (1)",
    ] {
        pool.write().execute_unprepared(table).await.unwrap();
    }
    let broken = async |sql: &str| {
        let turn = pool.begin().await.unwrap();
        let refusal = turn.execute_unprepared(sql).await.unwrap_err();
        drop(turn);
        refusal.sql_err()
    };
    let unique = broken("INSERT INTO site VALUES (2, 'Ngã Tư Sở')").await;
    assert!(matches!(unique, Some(SqlErr::UniqueConstraintViolation(_))), "{unique:?}");
    let taken = broken("INSERT INTO site VALUES (1, 'Ngã Tư Vọng')").await;
    assert!(matches!(taken, Some(SqlErr::UniqueConstraintViolation(_))), "{taken:?}");
    for sql in ["INSERT INTO camera VALUES (7)", "DELETE FROM site"] {
        let foreign = broken(sql).await;
        assert!(matches!(foreign, Some(SqlErr::ForeignKeyConstraintViolation(_))), "{foreign:?}");
    }
    assert!(pool.write().execute_unprepared("INSERT INTO camera VALUES (NULL)").await.is_err());
    // Who broke a rule left nothing behind, and the next has the turn.
    note(&pool, "next").await;
    assert_eq!(notes(pool.read()).await, ["next"]);
}
