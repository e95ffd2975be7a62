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
    // Most starts find nothing to do, and need not wait for their turn to see it.
    // Where even the table is missing, what follows makes it.
    if let Ok(seen) = names(pool.read(), room).await
        && seen.len() == steps.len()
        && known(room, steps, &seen).is_ok()
    {
        return Ok(());
    }
    let turn = pool.begin().await?;
    apply(&turn, room, steps).await?;
    Ok(turn.commit().await?)
}

/// The same within a transaction that is the caller's to commit.
pub async fn apply(
    turn: &DatabaseTransaction,
    room: &'static str,
    steps: &[Box<dyn MigrationTrait>],
) -> Result<(), Error> {
    let table = Table::create()
        .table(table(room))
        .if_not_exists()
        .col(ColumnDef::new("position").integer().not_null().primary_key())
        .col(ColumnDef::new("name").text().not_null())
        .take();
    turn.execute(&table).await?;
    let seen = names(turn, room).await?;
    known(room, steps, &seen)?;
    for (position, step) in steps.iter().enumerate().skip(seen.len()) {
        let failed = |source| Error::Step { room, step: step.name().to_owned(), source };
        step.up(&SchemaManager::new(turn)).await.map_err(failed)?;
        note(turn, room, position, step.name()).await.map_err(failed)?;
    }
    Ok(())
}

/// Returns the first of `steps`, those of these names; refuses a name that is not
/// the one that stands there.
pub fn known<'steps>(
    room: &'static str,
    steps: &'steps [Box<dyn MigrationTrait>],
    names: &[String],
) -> Result<&'steps [Box<dyn MigrationTrait>], Error> {
    for (position, name) in names.iter().enumerate() {
        if steps.get(position).is_none_or(|step| step.name() != name) {
            return Err(Error::Newer { room, step: name.clone() });
        }
    }
    Ok(&steps[..names.len()])
}

/// Returns the names of the steps that the database has seen, in order; fails where
/// it has not so much as their table.
pub async fn names(rows: &impl ConnectionTrait, room: &str) -> Result<Vec<String>, DbErr> {
    let names =
        Query::select().column("name").from(table(room)).order_by("position", Order::Asc).take();
    rows.query_all(&names).await?.iter().map(|row| row.try_get("", "name")).collect()
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
    Alias::new(steps_table(room))
}

/// Returns the name of the table that says which steps of a room were taken.
pub fn steps_table(room: &str) -> String {
    format!("{room}_steps")
}
