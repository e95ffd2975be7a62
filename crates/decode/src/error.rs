//! What can go wrong with a job, and what to do about it.

use std::path::PathBuf;
use std::time::Duration;

/// A job was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no worker here, or none that this program understands.
    #[error("{} cannot be used: {words}; install khue-decode of the same release beside khue", path.display())]
    NotInstalled {
        /// Where it was looked for.
        path: PathBuf,
        /// What was found.
        words: String,
    },
    /// The budget has no room.
    #[error(
        "there is no room for this job: {words}; try again later, or give the worker more cores"
    )]
    Busy {
        /// What is taken and what was wanted.
        words: String,
    },
    /// The process ended before the job did.
    #[error("khue-decode ended in the middle of the job: {words}; the job may be tried once more")]
    Crashed {
        /// How it ended, and its last words.
        words: String,
    },
    /// The process made no progress.
    #[error("khue-decode made no progress for {} s and was ended; the job may be tried once more", limit.as_secs_f32())]
    TimedOut {
        /// For how long.
        limit: Duration,
    },
    /// What was given cannot be used.
    #[error("khue-decode refuses: {words}")]
    Refused {
        /// Why.
        words: String,
    },
}
