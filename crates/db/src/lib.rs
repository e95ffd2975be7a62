//! Where rows are kept: how a database is opened, how its tables grow, and how
//! its rows leave it for another.
//!
//! Belongs here: connections, their settings, transactions, the running of
//! migrations, rows in a form that both kinds of database take. Does not belong
//! here: any table. Each room that owns tables brings its entities and its
//! migrations and calls [`migrate()`] when it opens.

pub mod migrate;
pub mod pool;
pub mod portable;
mod postgres;
pub mod tables;
#[cfg(feature = "testutil")]
#[doc(hidden)]
pub mod testutil;

pub use migrate::migrate;
pub use pool::{Durability, Pool};
pub use postgres::{AddressFault, Server};

/// The steps by which a room's tables came to be, oldest first.
pub type Steps = Vec<Box<dyn sea_orm_migration::MigrationTrait>>;

/// What went wrong between a room and its rows.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be opened as a database.
    #[error(
        "cannot open the database {path}: {source}; check that the folder exists and may be written"
    )]
    Open {
        /// The file, as it was given.
        path: String,
        /// What the driver says.
        source: sea_orm::DbErr,
    },
    /// The server could not be reached, or did not let us in.
    #[error("cannot open the database {server}: {source}; {cure}")]
    Reach {
        /// The server, as it may be shown.
        server: String,
        /// What the driver says.
        source: Box<sqlx::Error>,
        /// What to do.
        cure: &'static str,
    },
    /// The server keeps text in another encoding.
    #[error(
        "the database {server} keeps text as {encoding}; \
         make one that keeps all scripts: createdb --template=template0 --encoding=UTF8 NAME"
    )]
    Encoding {
        /// The server, as it may be shown.
        server: String,
        /// Its encoding.
        encoding: String,
    },
    /// The user may not make tables.
    #[error(
        "cannot make a table in the database {server}: {source}; \
         give it to its user: ALTER DATABASE … OWNER TO {user}"
    )]
    Book {
        /// The server, as it may be shown.
        server: String,
        /// The user.
        user: String,
        /// What the server says.
        source: Box<sea_orm::DbErr>,
    },
    /// The row by which writers take turns is gone.
    #[error("the table db_writes has lost its row; drop the table and start again")]
    NoTurn,
    /// A column has a type that is not known to go from one database to another.
    #[error(
        "column {column} of table {table} is of type {kind}, which this program does not know; \
         is the database used by others as well? give khue one of its own"
    )]
    UnknownType {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Its type, as the database names it.
        kind: String,
    },
    /// The rows that come are of other tables than there are.
    #[error("table {table:?} is not the same there and here; both must have seen the same steps")]
    OtherTable {
        /// The table.
        table: String,
    },
    /// What was written is not what came; nothing of it was kept.
    #[error("table {table} does not hold what was written to it; nothing was kept")]
    OtherRows {
        /// The table.
        table: String,
    },
    /// A later program has changed the tables already.
    #[error(
        "the tables of {room} were changed by a newer program (step \"{step}\" is unknown here); \
         start the newer program, or restore a backup made before it"
    )]
    Newer {
        /// The room whose tables they are.
        room: &'static str,
        /// The first step that this program does not know.
        step: String,
    },
    /// A step of a migration failed; nothing of it was kept.
    #[error("cannot bring the tables of {room} up to step \"{step}\": {source}")]
    Step {
        /// The room whose tables they are.
        room: &'static str,
        /// The step that failed.
        step: String,
        /// What the database says.
        source: sea_orm::DbErr,
    },
    /// Any other statement failed.
    #[error("the database refused: {0}")]
    Statement(#[from] sea_orm::DbErr),
}
