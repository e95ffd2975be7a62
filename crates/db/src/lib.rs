//! Where rows are kept: how a database is opened and how its tables grow.
//!
//! Belongs here: connections, their settings, transactions, and the running of
//! migrations. Does not belong here: any table. Each room that owns tables
//! brings its entities and its migrations and calls [`migrate`] when it opens.

pub mod migrate;
pub mod pool;

pub use migrate::migrate;
pub use pool::{Durability, Pool};

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
