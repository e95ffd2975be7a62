//! How a room's tables grow from one version of the program to the next.
//!
//! A room has a list of *steps* that only ever gets longer. Which of them a
//! database has seen stands in a table of the room's own, in order:
//!
//! ```text
//! catalog_steps   1 first_tables · 2 camera_numbers
//! program               the same ▲ · the same ▲ · 3 sites_nest   → runs step 3
//! older program         the same ▲ · unknown    ▲                → refuses
//! ```
//!
//! All steps that are due run in one transaction: a start that fails half-way
//! leaves the database as it was, for the program that knows it.

use sea_orm::sea_query::{Alias, ColumnDef, Expr, Order, Query, Table};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use sea_orm_migration::{MigrationTrait, SchemaManager};

use crate::{Error, Pool};

/// Brings the tables of `room` up to the last of `steps`.
///
/// A step that has been released is never changed, moved or taken away.
pub async fn migrate(
    pool: &Pool,
    room: &'static str,
    steps: &[Box<dyn MigrationTrait>],
) -> Result<(), Error> {
    let turn = pool.begin().await?;
    let seen = seen(&turn, room).await?;
    for (position, name) in seen.iter().enumerate() {
        if steps.get(position).is_none_or(|step| step.name() != name) {
            return Err(Error::Newer { room, step: name.clone() });
        }
    }
    for (position, step) in steps.iter().enumerate().skip(seen.len()) {
        let failed = |source| Error::Step { room, step: step.name().to_owned(), source };
        step.up(&SchemaManager::new(&turn)).await.map_err(failed)?;
        note(&turn, room, position, step.name()).await.map_err(failed)?;
    }
    Ok(turn.commit().await?)
}

/// Returns the names of the steps that the database has seen, in order.
async fn seen(turn: &DatabaseTransaction, room: &str) -> Result<Vec<String>, DbErr> {
    let table = Table::create()
        .table(table(room))
        .if_not_exists()
        .col(ColumnDef::new("position").integer().not_null().primary_key())
        .col(ColumnDef::new("name").text().not_null())
        .take();
    turn.execute(&table).await?;
    let names = Query::select()
        .column("name")
        .from(self::table(room))
        .order_by("position", Order::Asc)
        .take();
    turn.query_all(&names).await?.iter().map(|row| row.try_get("", "name")).collect()
}

async fn note(
    turn: &DatabaseTransaction,
    room: &str,
    position: usize,
    name: &str,
) -> Result<(), DbErr> {
    // A list of steps is written by hand and fits any integer.
    let position = i32::try_from(position).unwrap_or(i32::MAX);
    let row = Query::insert()
        .into_table(table(room))
        .columns(["position", "name"])
        .values_panic([Expr::val(position), Expr::val(name)])
        .take();
    turn.execute(&row).await.map(drop)
}

fn table(room: &str) -> Alias {
    Alias::new(format!("{room}_steps"))
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::MigrationName;
    use sea_orm_migration::prelude::async_trait::async_trait;

    use super::*;

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

    async fn accepts(pool: &Pool, sql: &str) -> bool {
        pool.write().execute_unprepared(sql).await.is_ok()
    }

    #[tokio::test]
    async fn each_step_runs_once_and_in_order() {
        let pool = Pool::memory().await.unwrap();
        migrate(&pool, "room", &steps(&[FIRST])).await.unwrap();
        migrate(&pool, "room", &steps(&[FIRST])).await.unwrap();
        migrate(&pool, "room", &steps(&[FIRST, SECOND])).await.unwrap();
        assert!(accepts(&pool, "INSERT INTO a (x, y) VALUES ('1', '2')").await);
    }

    #[tokio::test]
    async fn two_rooms_share_a_database_and_count_for_themselves() {
        let pool = Pool::memory().await.unwrap();
        migrate(&pool, "room", &steps(&[FIRST, SECOND])).await.unwrap();
        migrate(&pool, "other", &steps(&[("first", "CREATE TABLE b (x TEXT)")])).await.unwrap();
        assert!(accepts(&pool, "INSERT INTO b VALUES ('1')").await);
    }

    #[tokio::test]
    async fn a_newer_database_is_refused_in_words() {
        let pool = Pool::memory().await.unwrap();
        migrate(&pool, "room", &steps(&[FIRST, SECOND])).await.unwrap();
        let refusal = migrate(&pool, "room", &steps(&[FIRST])).await.unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "the tables of room were changed by a newer program (step \"second\" is unknown here); \
             start the newer program, or restore a backup made before it"
        );
        // A branch of the program that went another way is as foreign.
        let other = [FIRST, ("third", "CREATE TABLE c (x TEXT)")];
        assert!(matches!(
            migrate(&pool, "room", &steps(&other)).await,
            Err(Error::Newer { step, .. }) if step == "second"
        ));
        assert!(!accepts(&pool, "INSERT INTO c VALUES ('1')").await);
    }

    #[tokio::test]
    async fn a_step_that_fails_takes_the_ones_before_it_along() {
        let pool = Pool::memory().await.unwrap();
        let refusal = migrate(&pool, "room", &steps(&[FIRST, BROKEN])).await.unwrap_err();
        let words = refusal.to_string();
        assert!(words.starts_with("cannot bring the tables of room up to step \"broken\": "));
        assert!(!accepts(&pool, "INSERT INTO a (x) VALUES ('1')").await);
        migrate(&pool, "room", &steps(&[FIRST, SECOND])).await.unwrap();
        assert!(accepts(&pool, "INSERT INTO a (x, y) VALUES ('1', '2')").await);
    }
}
