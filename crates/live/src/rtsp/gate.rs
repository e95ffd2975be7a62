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
    /// Returns the password that belongs to a name, if it opens anything still;
    /// counts an attempt from this address. Fails with how long to wait after
    /// too many that were wrong.
    fn password(
        &self,
        name: &str,
        from: IpAddr,
    ) -> impl Future<Output = Result<Option<String>, Duration>> + Send;

    /// Takes back the attempt that turned out right.
    fn proved(&self, name: &str, from: IpAddr);

    /// Returns what a name opens at a place; `None` also where the place is not
    /// there.
    fn open(&self, name: &str, place: Place) -> impl Future<Output = Option<Opening>> + Send;

    /// Returns whether what was opened may still be watched.
    fn holds(&self, opening: &Opening) -> impl Future<Output = bool> + Send;
}

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
