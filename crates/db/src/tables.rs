//! Every row of a database, out of it and into another.
//!
//! ```text
//! snapshot ──▶ tables ──▶ rows ──▶ Value …   ──▶ Load ──▶ a database of either kind,
//!                                                          brought to the same steps
//! ```
//!
//! What tables there are and what stands in them is asked of the database itself,
//! so that a room's new table goes along without a word here. A type of column
//! that this file does not know is refused by name: whoever adds one meets that in
//! the tests and adds it.

use std::collections::BTreeMap;
use std::pin::Pin;

use futures::{Stream, TryStreamExt};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult, Statement};
use uuid::Uuid;

use crate::portable::{Column, Kind, Row, Sum, Table, Value};
use crate::{Error, postgres};

/// How many rows go into one statement, at most.
const ROWS: usize = 200;
/// How many values go into one statement, at most: SQLite takes 32,766.
const VALUES: usize = 30_000;

/// Returns the tables there are, in order of their names; our own book-keeping of
/// turns is none of them.
pub async fn tables(rows: &DatabaseTransaction) -> Result<Vec<Table>, Error> {
    let asked = match rows.get_database_backend() {
        DbBackend::Sqlite => {
            "SELECT t.name, c.name, lower(c.type) FROM sqlite_schema t, pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
             ORDER BY t.name, c.cid"
        }
        _ => {
            "SELECT t.table_name::text, c.column_name::text, c.udt_name::text
             FROM information_schema.tables t
             JOIN information_schema.columns c USING (table_schema, table_name)
             WHERE t.table_schema = current_schema() AND t.table_type = 'BASE TABLE'
             ORDER BY t.table_name COLLATE \"C\", c.ordinal_position"
        }
    };
    let mut tables: Vec<Table> = Vec::new();
    for row in ask(rows, asked).await? {
        let text = |at| row.try_get_by_index::<String>(at);
        let (table, name, kind) = (text(0)?, text(1)?, text(2)?);
        if table == postgres::BOOK {
            continue;
        }
        if tables.last().is_none_or(|last| last.name != table) {
            tables.push(Table { name: table.clone(), columns: Vec::new() });
        }
        let Some(kind) = kind_of(&kind) else {
            return Err(Error::UnknownType { table, column: name, kind });
        };
        let columns = tables.last_mut().map(|table| &mut table.columns);
        columns.into_iter().for_each(|columns| columns.push(Column { name: name.clone(), kind }));
    }
    Ok(tables)
}

/// The rows of a table, one after the other, in no order that means anything.
pub struct Rows<'rows> {
    found: Pin<Box<dyn Stream<Item = Result<QueryResult, DbErr>> + Send + 'rows>>,
    kinds: Vec<Kind>,
}

impl<'rows> Rows<'rows> {
    /// Begins with the first row of `table`.
    pub async fn of(rows: &'rows DatabaseTransaction, table: &Table) -> Result<Self, Error> {
        let backend = rows.get_database_backend();
        let columns: Vec<_> = table.columns.iter().map(|column| wanted(backend, column)).collect();
        let asked = format!("SELECT {} FROM {}", columns.join(", "), quoted(&table.name));
        let asked = Statement::from_string(backend, asked);
        let found = sea_orm::StreamTrait::stream_raw(rows, asked).await?;
        let kinds = table.columns.iter().map(|column| column.kind).collect();
        Ok(Self { found: Box::pin(found), kinds })
    }

    /// Returns the next row.
    pub async fn next_row(&mut self) -> Result<Option<Row>, Error> {
        let Some(row) = self.found.try_next().await? else { return Ok(None) };
        let values = self.kinds.iter().enumerate().map(|(at, kind)| value(&row, at, *kind));
        Ok(Some(values.collect::<Result<_, _>>()?))
    }
}

/// Returns what stands in every table.
pub async fn sums(rows: &DatabaseTransaction) -> Result<BTreeMap<String, Sum>, Error> {
    let mut sums = BTreeMap::new();
    for table in tables(rows).await? {
        let mut sum = Sum::default();
        let mut found = Rows::of(rows, &table).await?;
        while let Some(row) = found.next_row().await? {
            sum.add(&row);
        }
        sums.insert(table.name, sum);
    }
    Ok(sums)
}

/// Returns the first table that has a row.
pub async fn first_with_rows(rows: &DatabaseTransaction) -> Result<Option<String>, Error> {
    // Types that are not known here are no matter: any row at all is too many.
    let names = match rows.get_database_backend() {
        DbBackend::Sqlite => {
            "SELECT name FROM sqlite_schema
             WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        }
        _ => {
            "SELECT table_name::text FROM information_schema.tables
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'
             ORDER BY table_name COLLATE \"C\""
        }
    };
    for row in ask(rows, names).await? {
        let name: String = row.try_get_by_index(0)?;
        let any = format!("SELECT 1 FROM {} LIMIT 1", quoted(&name));
        if name != postgres::BOOK && !ask(rows, &any).await?.is_empty() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Rows on their way into a database whose tables are there and hold nothing that
/// anybody said. In one transaction, which is the caller's to commit.
pub struct Load<'turn> {
    turn: &'turn DatabaseTransaction,
    there: BTreeMap<String, Table>,
    /// The table whose rows come, with those that wait for a statement.
    now: Option<(Table, Vec<Row>)>,
    /// What came, by table.
    came: BTreeMap<String, Sum>,
    /// On PostgreSQL: which rules between tables are put off until all rows are in.
    put_off: Vec<(String, String)>,
}

impl<'turn> Load<'turn> {
    /// Begins; what migrations put into the tables is taken out, as it comes again.
    pub async fn begin(turn: &'turn DatabaseTransaction) -> Result<Self, Error> {
        let there: BTreeMap<_, _> =
            tables(turn).await?.into_iter().map(|table| (table.name.clone(), table)).collect();
        let put_off = put_off(turn).await?;
        for name in there.keys() {
            turn.execute_unprepared(&format!("DELETE FROM {}", quoted(name))).await?;
        }
        Ok(Self { turn, there, now: None, came: BTreeMap::new(), put_off })
    }

    /// Goes on with the rows of another table.
    pub async fn table(&mut self, table: Table) -> Result<(), Error> {
        self.write().await?;
        // Made by the same steps, a table has the same columns in the same order.
        let same = self.there.get(&table.name) == Some(&table);
        if !same || self.came.contains_key(&table.name) {
            return Err(Error::OtherTable { table: table.name });
        }
        self.came.insert(table.name.clone(), Sum::default());
        self.now = Some((table, Vec::new()));
        Ok(())
    }

    /// Takes a row of that table.
    pub async fn row(&mut self, row: Row) -> Result<(), Error> {
        let Some((table, waiting)) = &mut self.now else {
            return Err(Error::OtherTable { table: String::new() });
        };
        if let Some(sum) = self.came.get_mut(&table.name) {
            sum.add(&row);
        }
        waiting.push(row);
        if waiting.len() >= ROWS.min(VALUES / table.columns.len().max(1)).max(1) {
            self.write().await?;
        }
        Ok(())
    }

    /// Checks that all tables came, that the rules between them hold, and that what
    /// stands in them now is what came. Returns how many rows there are.
    pub async fn finish(mut self) -> Result<u64, Error> {
        self.write().await?;
        if let Some(name) = self.there.keys().find(|name| !self.came.contains_key(*name)) {
            return Err(Error::OtherTable { table: name.clone() });
        }
        if self.turn.get_database_backend() == DbBackend::Postgres {
            self.turn.execute_unprepared("SET CONSTRAINTS ALL IMMEDIATE").await?;
            for (table, rule) in &self.put_off {
                let back = format!("ALTER TABLE {table} ALTER CONSTRAINT {rule} NOT DEFERRABLE");
                self.turn.execute_unprepared(&back).await?;
            }
            count_on(self.turn).await?;
        } else if let Some(row) = ask(self.turn, "PRAGMA foreign_key_check").await?.first() {
            return Err(Error::OtherRows { table: row.try_get_by_index(0)? });
        }
        for (table, sum) in sums(self.turn).await? {
            if self.came.get(&table) != Some(&sum) {
                return Err(Error::OtherRows { table });
            }
        }
        Ok(self.came.values().map(|sum| sum.rows).sum())
    }

    async fn write(&mut self) -> Result<(), Error> {
        let Some((table, waiting)) = &mut self.now else { return Ok(()) };
        if waiting.is_empty() {
            return Ok(());
        }
        let mut insert = Query::insert()
            .into_table(Alias::new(&table.name))
            .columns(table.columns.iter().map(|column| Alias::new(&column.name)))
            .take();
        for row in waiting.drain(..) {
            let values = row.into_iter().zip(&table.columns);
            let values = values.map(|(value, column)| {
                let bound = Expr::val(bound(value, column.kind));
                // The width is said, or the driver takes the text for that of a
                // statement which it has prepared for narrower columns.
                match column.kind {
                    Kind::Integer => bound.cast_as("bigint"),
                    Kind::Real => bound.cast_as("double precision"),
                    _ => bound,
                }
            });
            insert.values(values).map_err(|_| Error::OtherTable { table: table.name.clone() })?;
        }
        self.turn.execute(&insert).await?;
        Ok(())
    }
}

/// Has rules between tables wait until all rows are in, whatever their order; returns
/// those of PostgreSQL that must be set back.
async fn put_off(turn: &DatabaseTransaction) -> Result<Vec<(String, String)>, Error> {
    if turn.get_database_backend() == DbBackend::Sqlite {
        turn.execute_unprepared("PRAGMA defer_foreign_keys = ON").await?;
        return Ok(Vec::new());
    }
    // Rows come as slowly as the file they are in, and what else is in it comes
    // between them and the commit: nobody else waits for this turn.
    turn.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
    let rules = "SELECT conrelid::regclass::text, quote_ident(conname) FROM pg_constraint
         WHERE contype = 'f' AND NOT condeferrable
           AND connamespace = current_schema()::regnamespace";
    let mut put_off = Vec::new();
    for row in ask(turn, rules).await? {
        let (table, rule): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let later =
            format!("ALTER TABLE {table} ALTER CONSTRAINT {rule} DEFERRABLE INITIALLY DEFERRED");
        turn.execute_unprepared(&later).await?;
        put_off.push((table, rule));
    }
    Ok(put_off)
}

/// Has PostgreSQL's counters of ids go on behind the rows that came with theirs.
async fn count_on(turn: &DatabaseTransaction) -> Result<(), Error> {
    let counted = "SELECT quote_ident(table_name), quote_ident(column_name),
            pg_get_serial_sequence(quote_ident(table_name), column_name)
         FROM information_schema.columns
         WHERE table_schema = current_schema()
           AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL";
    for row in ask(turn, counted).await? {
        let text = |at| row.try_get_by_index::<String>(at);
        let (table, column, sequence) = (text(0)?, text(1)?, text(2)?);
        let on = format!(
            "SELECT setval('{sequence}', max({column})) FROM {table} HAVING max({column}) > 0"
        );
        turn.execute_unprepared(&on).await?;
    }
    Ok(())
}

async fn ask(rows: &DatabaseTransaction, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    rows.query_all_raw(Statement::from_string(rows.get_database_backend(), sql)).await
}

/// Returns what stands in a column of this type, as either database names it.
fn kind_of(name: &str) -> Option<Kind> {
    // SQLite: what a migration's type is written as, perhaps with a length.
    let name = name.split('(').next().unwrap_or_default().trim();
    Some(match name {
        "boolean" | "bool" => Kind::Boolean,
        "integer" | "bigint" | "smallint" | "int2" | "int4" | "int8" => Kind::Integer,
        "real" | "double" | "float" | "float4" | "float8" => Kind::Real,
        "text" | "varchar" | "bpchar" | "char" => Kind::Text,
        "blob" | "varbinary_blob" | "bytea" => Kind::Bytes,
        "uuid_text" | "uuid" => Kind::Id,
        _ => return None,
    })
}

/// Returns how a column is asked for, so that its width does not matter.
fn wanted(backend: DbBackend, column: &Column) -> String {
    let name = quoted(&column.name);
    match (backend, column.kind) {
        (DbBackend::Postgres, Kind::Integer) => format!("{name}::bigint"),
        (DbBackend::Postgres, Kind::Real) => format!("{name}::double precision"),
        (DbBackend::Postgres, Kind::Text) => format!("{name}::text"),
        _ => name,
    }
}

fn value(row: &QueryResult, at: usize, kind: Kind) -> Result<Value, DbErr> {
    let value = match kind {
        Kind::Boolean => row.try_get_by_index::<Option<bool>>(at)?.map(Value::Boolean),
        Kind::Integer => row.try_get_by_index::<Option<i64>>(at)?.map(Value::Integer),
        Kind::Real => row.try_get_by_index::<Option<f64>>(at)?.map(Value::Real),
        Kind::Text => row.try_get_by_index::<Option<String>>(at)?.map(Value::Text),
        Kind::Bytes => row.try_get_by_index::<Option<Vec<u8>>>(at)?.map(Value::Bytes),
        Kind::Id => row.try_get_by_index::<Option<Uuid>>(at)?.map(Value::Id),
    };
    Ok(value.unwrap_or(Value::Null))
}

/// Returns a value as a statement takes it; nothing has the type of its column.
fn bound(value: Value, kind: Kind) -> sea_orm::Value {
    match value {
        Value::Boolean(value) => value.into(),
        Value::Integer(value) => value.into(),
        Value::Real(value) => value.into(),
        Value::Text(text) => text.into(),
        Value::Bytes(bytes) => bytes.into(),
        Value::Id(id) => id.into(),
        Value::Null => match kind {
            Kind::Boolean => None::<bool>.into(),
            Kind::Integer => None::<i64>.into(),
            Kind::Real => None::<f64>.into(),
            Kind::Text => None::<String>.into(),
            Kind::Bytes => None::<Vec<u8>>.into(),
            Kind::Id => None::<Uuid>.into(),
        },
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
