//! Why somebody was not let in.

use std::time::Duration;

/// A refusal, or a failure of the database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Name and password do not belong together. Says no more, so that nobody
    /// learns which names exist.
    #[error("name or password is wrong")]
    WrongSignIn,
    /// Too many failures; nothing was checked.
    #[error("too many wrong attempts; try again in {} s", retry_after.as_secs())]
    LockedOut {
        /// How long until the next attempt is looked at, in whole seconds.
        retry_after: Duration,
    },
    /// The current password was not the current one.
    #[error("the current password is wrong")]
    WrongCurrent,
    /// The code was not the one of now, or was used already.
    #[error("the code is wrong or was used already; wait for the next one")]
    WrongCode,
    /// What an authenticator says does not hold, and why.
    #[error("the passkey does not open anything here: {0}")]
    Passkey(&'static str),
    /// Nothing to be confirmed is waiting: it took too long.
    #[error("nothing waits for a code any more; begin anew")]
    TooLate,
    /// A password that is too easy to guess.
    #[error("{0}")]
    Weak(String),
    /// The machine could not do the work.
    #[error("the password could not be worked on: {0}")]
    Hash(String),
    /// The list of passwords that leaked cannot be used.
    #[error("{0}")]
    Breached(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Database(error.into())
    }
}
