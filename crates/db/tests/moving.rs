//! Rows leave a database of either kind for one of either kind, all of them.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use db::portable::{Decoder, Item, Value, write_end, write_row, write_table};
use db::tables::{self, Load, Rows};
use db::testutil::{Fresh, Kind};
use db::{Error, Pool, migrate};
use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer_null, binary_null, boolean, double_null, integer_null, pk_auto, pk_uuid, string,
    text, uuid_null,
};

/// A column of every type, a row that points at another of its own table, a table
/// that comes before the one it points at, and a row that the step itself makes.
struct Every;

impl MigrationName for Every {
    fn name(&self) -> &str {
        "every"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Every {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let to = |from: &'static str, column: &'static str| {
            ForeignKey::create().from(from, column).to("site", "id").take()
        };
        let site = Table::create()
            .table("site")
            .col(pk_uuid("id"))
            .col(text("name"))
            .col(uuid_null("parent"))
            .foreign_key(&mut to("site", "parent"))
            .take();
        let camera = Table::create()
            .table("camera")
            .col(pk_auto("id"))
            .col(string("make"))
            .col(boolean("recording"))
            .col(integer_null("width"))
            .col(big_integer_null("bytes"))
            .col(double_null("heading"))
            .col(binary_null("password"))
            .col(uuid_null("site"))
            .foreign_key(&mut to("camera", "site"))
            .take();
        schema.create_table(site).await?;
        schema.create_table(camera).await?;
        let rows = schema.get_connection();
        rows.execute_unprepared("INSERT INTO camera (make, recording) VALUES ('a step''s', true)")
            .await
            .map(drop)
    }
}

/// A database that has seen the step and nothing else.
async fn made(kind: Kind) -> (Fresh, Pool) {
    let fresh = Fresh::new(kind);
    let pool = fresh.open().await;
    migrate(&pool, "room", &[Box::new(Every)]).await.unwrap();
    (fresh, pool)
}

const SITES: usize = 450;

fn id(n: usize) -> uuid::Uuid {
    uuid::Uuid::from_u128(n as u128)
}

/// Fills it: sites in a chain, so that whatever order they come in, some come
/// before what they point at.
async fn filled(kind: Kind) -> (Fresh, Pool) {
    let (fresh, pool) = made(kind).await;
    let turn = pool.begin().await.unwrap();
    for n in 0..SITES {
        let parent = (n > 0).then(|| id(n - 1));
        let row = Query::insert()
            .into_table("site")
            .columns(["id", "name", "parent"])
            .values_panic([id(n).into(), format!("Nút {n}").into(), parent.into()])
            .take();
        turn.execute(&row).await.unwrap();
    }
    let camera = Query::insert()
        .into_table("camera")
        .columns(["make", "recording", "width", "bytes", "heading", "password", "site"])
        .values_panic([
            "Hikvision".into(),
            false.into(),
            i32::MAX.into(),
            i64::MIN.into(),
            21.028_511.into(),
            vec![0_u8, 255].into(),
            id(7).into(),
        ])
        .take();
    turn.execute(&camera).await.unwrap();
    turn.commit().await.unwrap();
    (fresh, pool)
}

/// Takes all rows out, through bytes, as a backup keeps them.
async fn out(pool: &Pool) -> Vec<u8> {
    let snapshot = pool.snapshot().await.unwrap();
    let (mut bytes, mut rows) = (Vec::new(), 0);
    for table in tables::tables(&snapshot).await.unwrap() {
        write_table(&table, &mut bytes);
        let mut found = Rows::of(&snapshot, &table).await.unwrap();
        while let Some(row) = found.next_row().await.unwrap() {
            write_row(&row, &mut bytes);
            rows += 1;
        }
    }
    write_end(rows, &mut bytes);
    bytes
}

async fn into(pool: &Pool, bytes: &[u8]) -> Result<u64, Error> {
    let turn = pool.begin().await?;
    let mut load = Load::begin(&turn).await?;
    let mut decoder = Decoder::default();
    for piece in bytes.chunks(1000) {
        decoder.push(piece);
        while let Some(item) = decoder.next_item().unwrap() {
            match item {
                Item::Table(table) => load.table(table).await?,
                Item::Row(row) => load.row(row).await?,
                Item::End(_) => {}
            }
        }
    }
    decoder.finish().unwrap();
    let rows = load.finish().await?;
    turn.commit().await?;
    Ok(rows)
}

#[tokio::test]
async fn every_row_of_every_type_goes_from_each_kind_to_each() {
    for (from, to) in Kind::BOTH.into_iter().flat_map(|from| Kind::BOTH.map(|to| (from, to))) {
        let ((_one, source), (_other, target)) = (filled(from).await, made(to).await);
        let rows = into(&target, &out(&source).await).await.unwrap();
        // With the two cameras and the step.
        assert_eq!(rows, SITES as u64 + 3, "{from:?} to {to:?}");
        let sums = async |pool: &Pool| tables::sums(&pool.snapshot().await.unwrap()).await.unwrap();
        let there = sums(&target).await;
        assert_eq!(there, sums(&source).await, "{from:?} to {to:?}");
        assert_eq!(there.keys().collect::<Vec<_>>(), ["camera", "room_steps", "site"]);
        // What came is a database like any other: rules hold, counters go on.
        let accepts = async |sql: &str| target.write().execute_unprepared(sql).await.is_ok();
        assert!(!accepts("DELETE FROM site WHERE name = 'Nút 7'").await);
        assert!(accepts("INSERT INTO camera (make, recording) VALUES ('new', true)").await);
        migrate(&target, "room", &[Box::new(Every)]).await.unwrap();
    }
}

#[tokio::test]
async fn rows_that_point_at_nothing_are_refused_and_nothing_is_kept() {
    for kind in Kind::BOTH {
        let (_fresh, pool) = made(kind).await;
        let before = tables::sums(&pool.snapshot().await.unwrap()).await.unwrap();
        let (mut bytes, mut rows) = (Vec::new(), 0);
        let all = tables::tables(&pool.snapshot().await.unwrap()).await.unwrap();
        for table in &all {
            write_table(table, &mut bytes);
            if table.name == "site" {
                let name = Value::Text("Nút".to_owned());
                write_row(&[Value::Id(id(1)), name, Value::Id(id(2))], &mut bytes);
                rows += 1;
            }
        }
        write_end(rows, &mut bytes);
        assert!(into(&pool, &bytes).await.is_err(), "{kind:?}");
        let after = tables::sums(&pool.snapshot().await.unwrap()).await.unwrap();
        assert_eq!(after, before, "{kind:?}");
    }
}

#[tokio::test]
async fn tables_of_another_program_are_refused_by_name() {
    for kind in Kind::BOTH {
        let (_fresh, pool) = made(kind).await;
        let refused = async |change: &dyn Fn(&mut Vec<db::portable::Table>)| {
            let mut all = tables::tables(&pool.snapshot().await.unwrap()).await.unwrap();
            change(&mut all);
            let mut bytes = Vec::new();
            all.iter().for_each(|table| write_table(table, &mut bytes));
            write_end(0, &mut bytes);
            into(&pool, &bytes).await.unwrap_err().to_string()
        };
        let site = |words: &str| words.starts_with("table \"site\" is not the same there and here");
        assert!(site(&refused(&|all| drop(all.pop())).await));
        assert!(site(&refused(&|all| all.push(all[2].clone())).await));
        assert!(site(&refused(&|all| drop(all[2].columns.pop())).await));
        let kind = db::portable::Kind::Text;
        assert!(site(&refused(&|all| all[2].columns[0].kind = kind).await));
        let other = refused(&|all| all[0].name = "other".to_owned()).await;
        assert!(other.starts_with("table \"other\""), "{other}");
    }
}

#[tokio::test]
async fn a_database_is_empty_until_it_has_a_row_and_turns_are_none() {
    for kind in Kind::BOTH {
        let fresh = Fresh::new(kind);
        let pool = fresh.open().await;
        let first = async || {
            let snapshot = pool.snapshot().await.unwrap();
            tables::first_with_rows(&snapshot).await.unwrap()
        };
        assert_eq!(first().await, None);
        let write = async |sql: &str| pool.write().execute_unprepared(sql).await.map(drop).unwrap();
        write("CREATE TABLE other (x DATE)").await;
        assert_eq!(first().await, None);
        write("INSERT INTO other VALUES ('2026-11-29')").await;
        assert_eq!(first().await.as_deref(), Some("other"));
        // A type that nobody here knows is named rather than guessed at.
        let snapshot = pool.snapshot().await.unwrap();
        let unknown = tables::tables(&snapshot).await.unwrap_err().to_string();
        assert!(unknown.starts_with("column x of table other is of type date"), "{unknown}");
    }
}

#[tokio::test]
async fn an_id_that_is_counted_goes_on_behind_those_that_came() {
    let ((_one, source), (_other, target)) =
        (filled(Kind::Sqlite).await, made(Kind::Postgres).await);
    into(&target, &out(&source).await).await.unwrap();
    let next = "INSERT INTO camera (make, recording) VALUES ('new', true) RETURNING id";
    let statement = Statement::from_string(target.write().get_database_backend(), next);
    let row = target.write().query_one_raw(statement).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<i32>(0).unwrap(), 3);
}
