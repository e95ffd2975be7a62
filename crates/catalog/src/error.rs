//! Why the catalog refused, and the checks that every text passes.

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
    /// Another row has this value and no two may.
    #[error("{message}")]
    Taken {
        /// The field as the API calls it.
        field: &'static str,
        /// Who has it.
        message: String,
    },
    /// Something that lives hangs on it.
    #[error("{message}")]
    InUse {
        /// The field as the API calls it.
        field: &'static str,
        /// What does, and what to do first.
        message: String,
    },
    /// There is no such row.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A password does not open with the key given.
    #[error(
        "the password of stream {stream} cannot be unsealed; \
         was the installation's key replaced? put the old key back, or enter the password again"
    )]
    Unseal {
        /// The stream whose password it is.
        stream: base::StreamId,
    },
    /// A row holds what this program never writes.
    #[error("the catalog holds a {what} that cannot be read: {value:?}")]
    Broken {
        /// The column.
        what: &'static str,
        /// What stands in it.
        value: String,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl Error {
    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field, message: message.into() }
    }
}

/// The most characters a name may have: more than the longest in use, less than
/// would break a screen.
pub(crate) const NAME_CHARACTERS: usize = 200;

/// Returns a name without the white space around it, if it is one to show.
pub(crate) fn name(field: &'static str, text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::invalid(
            field,
            format!("{field} is empty; give it at least one character"),
        ));
    }
    let characters = text.chars().count();
    if characters > NAME_CHARACTERS {
        return Err(Error::invalid(
            field,
            format!("{field} has {characters} characters; {NAME_CHARACTERS} is the most"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(
            field,
            format!("{field} holds a control character; leave it out"),
        ));
    }
    Ok(text.to_owned())
}

/// The most characters of a text that is not a name: an address, a document.
pub(crate) const TEXT_CHARACTERS: usize = 500;

/// Returns a text without the white space around it, if it is one to show.
pub(crate) fn text(field: &'static str, text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.chars().count() > TEXT_CHARACTERS {
        let message = format!("{field} has over {TEXT_CHARACTERS} characters; write less");
        return Err(Error::invalid(field, message));
    }
    if text.chars().any(char::is_control) {
        let message = format!("{field} holds a control character; leave it out");
        return Err(Error::invalid(field, message));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_as_it_is_written_without_white_space_around() {
        assert_eq!(name("name", "  Ngã tư Sở — cột 3\n").unwrap(), "Ngã tư Sở — cột 3");
    }

    #[test]
    fn a_name_that_cannot_be_shown_is_refused_in_words() {
        let refused = |text: &str| name("name", text).unwrap_err().to_string();
        assert_eq!(refused(" \t "), "name is empty; give it at least one character");
        assert_eq!(refused("a\u{7}b"), "name holds a control character; leave it out");
        assert_eq!(refused(&"ồ".repeat(201)), "name has 201 characters; 200 is the most");
        assert!(name("name", &"ồ".repeat(200)).is_ok());
    }
}
