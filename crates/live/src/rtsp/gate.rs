//! Who may open what: asked here, known elsewhere.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use base::StreamId;

use super::Place;

/// What a server asks of whoever knows secrets and rights.
///
/// > Whoever is told nothing of a name still works as long, and is answered the
/// > same.
pub trait Gate: Send + Sync + 'static {
    /// Returns the password that belongs to a name, unless this address or this
    /// name has to wait. Counts nothing: a recorder that begins anew asks for all
    /// its cameras at once.
    fn password(
        &self,
        name: &str,
        from: IpAddr,
    ) -> impl Future<Output = Result<Known, Refusal>> + Send;

    /// Counts an answer that was judged. Fails with how long to wait after too
    /// many that were wrong; then the client must not learn what the verdict was,
    /// or guesses made at once would not be bounded.
    fn judged(&self, name: &str, from: IpAddr, is_right: bool) -> Result<(), Duration>;

    /// Returns what a name opens at a place; `None` also where the place is not
    /// there.
    fn open(
        &self,
        name: &str,
        place: Place,
        from: IpAddr,
    ) -> impl Future<Output = Result<Option<Opening>, Unavailable>> + Send;

    /// Kept for as long as something is watched, and dropped with it.
    type Watching: Send;

    /// Notes who is about to watch what; returns something to keep if that could be
    /// noted, and it may be watched.
    fn begun(
        &self,
        opening: &Opening,
        from: IpAddr,
    ) -> impl Future<Output = Option<Self::Watching>> + Send;

    /// Returns whether what was opened may still be watched.
    fn holds(&self, opening: &Opening) -> impl Future<Output = bool> + Send;
}

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The password that belongs to it, never empty; of a name that opens nothing
    /// one that nobody can know who was not once told it.
    pub password: String,
    /// Whether it opens anything.
    pub holds: bool,
}

/// Why nothing is told of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too many answers were wrong; this long is to be waited.
    Wait(Duration),
    /// It cannot be looked up now.
    Unavailable,
}

/// What a name opens cannot be looked up now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// What was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The name of the secret.
    pub name: String,
    /// The place.
    pub place: Place,
    /// Whose secret it is.
    pub user: String,
    /// The stream of pictures.
    pub picture: StreamId,
    /// The stream of sound, where it may be heard.
    pub sound: Option<StreamId>,
}
