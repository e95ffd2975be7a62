//! Tables grow step by step, in order, once, and never by half.

use db::testutil::{Fresh, Kind};
use db::{Error, Pool, migrate};
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::prelude::async_trait::async_trait;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

struct Step(&'static str, &'static str);

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.0
    }
}

#[async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        schema.get_connection().execute_unprepared(self.1).await.map(drop)
    }
}

fn steps(steps: &[(&'static str, &'static str)]) -> Vec<Box<dyn MigrationTrait>> {
    steps.iter().map(|&(name, sql)| Box::new(Step(name, sql)) as _).collect()
}

const FIRST: (&str, &str) = ("first", "CREATE TABLE a (x TEXT)");
const SECOND: (&str, &str) = ("second", "ALTER TABLE a ADD COLUMN y TEXT");
const BROKEN: (&str, &str) = ("broken", "ALTER TABLE nothing ADD COLUMN y TEXT");

fn fresh() -> Fresh {
    Fresh::new(Kind::of(module_path!()))
}

async fn accepts(pool: &Pool, sql: &str) -> bool {
    pool.write().execute_unprepared(sql).await.is_ok()
}

#[tokio::test]
async fn each_step_runs_once_and_in_order() {
    let fresh = fresh();
    let pool = fresh.open().await;
    migrate(&pool, "room", &steps(&[FIRST])).await.unwrap();
    migrate(&pool, "room", &steps(&[FIRST])).await.unwrap();
    migrate(&pool, "room", &steps(&[FIRST, SECOND])).await.unwrap();
    assert!(accepts(&pool, "INSERT INTO a (x, y) VALUES ('1', '2')").await);
}

#[tokio::test]
async fn two_rooms_share_a_database_and_count_for_themselves() {
    let fresh = fresh();
    let pool = fresh.open().await;
    migrate(&pool, "room", &steps(&[FIRST, SECOND])).await.unwrap();
    migrate(&pool, "other", &steps(&[("first", "CREATE TABLE b (x TEXT)")])).await.unwrap();
    assert!(accepts(&pool, "INSERT INTO b VALUES ('1')").await);
}

#[tokio::test]
async fn two_programs_that_start_at_once_run_each_step_once() {
    let fresh = fresh();
    let (one, other) = (fresh.open().await, fresh.open().await);
    let (both, same) = (steps(&[FIRST, SECOND]), steps(&[FIRST, SECOND]));
    let (one_ran, other_ran) =
        tokio::join!(migrate(&one, "room", &both), migrate(&other, "room", &same));
    one_ran.unwrap();
    other_ran.unwrap();
    assert!(accepts(&one, "INSERT INTO a (x, y) VALUES ('1', '2')").await);
}

#[tokio::test]
async fn a_newer_database_is_refused_in_words() {
    let fresh = fresh();
    let pool = fresh.open().await;
    migrate(&pool, "room", &steps(&[FIRST, SECOND])).await.unwrap();
    let refusal = migrate(&pool, "room", &steps(&[FIRST])).await.unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the tables of room were changed by a newer program (step \"second\" is unknown here); \
         start the newer program, or restore a backup made before it"
    );
    // A branch of the program that went another way is as foreign.
    for other in [
        vec![FIRST, ("third", "CREATE TABLE c (x TEXT)")],
        vec![FIRST, ("third", "CREATE TABLE c (x TEXT)"), SECOND],
    ] {
        assert!(matches!(
            migrate(&pool, "room", &steps(&other)).await,
            Err(Error::Newer { step, .. }) if step == "second"
        ));
    }
    assert!(!accepts(&pool, "INSERT INTO c VALUES ('1')").await);
}

#[tokio::test]
async fn a_step_that_fails_takes_the_ones_before_it_along() {
    let fresh = fresh();
    let pool = fresh.open().await;
    let refusal = migrate(&pool, "room", &steps(&[FIRST, BROKEN])).await.unwrap_err();
    let words = refusal.to_string();
    assert!(words.starts_with("cannot bring the tables of room up to step \"broken\": "));
    assert!(!accepts(&pool, "INSERT INTO a (x) VALUES ('1')").await);
    migrate(&pool, "room", &steps(&[FIRST, SECOND])).await.unwrap();
    assert!(accepts(&pool, "INSERT INTO a (x, y) VALUES ('1', '2')").await);
}
