//! Why casework refused, and the check that every reason in words passes.

use base::HoldId;

/// A refusal, or a failure of the database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value cannot be kept as it is.
    #[error("{message}")]
    Invalid {
        /// The field as the API calls it.
        field: &'static str,
        /// What is wrong, and what would be right.
        message: String,
    },
    /// It was decided already, or is not this person's to decide.
    #[error("{0}")]
    Taken(&'static str),
    /// There is no such thing, or it is over.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A row holds what this program never writes.
    #[error("hold {0} cannot be read: its span is empty")]
    Broken(HoldId),
    /// The same, of another table.
    #[error("the row {1} of {0} cannot be read")]
    BrokenRow(&'static str, sea_orm::prelude::Uuid),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Database(error.into())
    }
}

/// The most characters of a reason.
const MOST: usize = 1000;

/// Returns what somebody said in words, if they said something that can be shown.
pub(crate) fn words(field: &'static str, text: &str) -> Result<String, Error> {
    let refused = |message: String| Err(Error::Invalid { field, message });
    let text = text.trim();
    if text.is_empty() {
        return refused(format!("{field} is empty; say in words what it is"));
    }
    let characters = text.chars().count();
    if characters > MOST {
        return refused(format!("{field} has {characters} characters; {MOST} is the most"));
    }
    if text.chars().any(|letter| letter.is_control() && letter != '\n') {
        return refused(format!("{field} holds a control character; leave it out"));
    }
    Ok(text.to_owned())
}
