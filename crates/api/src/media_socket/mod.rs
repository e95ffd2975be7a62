//! Media over one WebSocket: any number of channels, live or past.
//!
//! ```text
//! browser ──▶ ear ─ops─▶ ┌ open, renew, stop        ┐
//!                        │ connection: one task     │──▶ Channel live: live::Viewer
//!         ◀───────────── └ next message, in turn    ┘──▶ Channel past: a task with a store::Reader
//! ```
//!
//! One task hears what comes in by a socket, and another owns its channels. That one
//! asks them in turn, so that none starves the others, and sends one batch at a time;
//! while the socket takes nothing, nothing is read: a live channel loses frames in its
//! ring, a past one waits. A live one that has all leaves the socket itself with its
//! stream, and what comes goes out with no task between. A socket that takes nothing for
//! 30 s is closed.
//!
//! What opened a channel must hold for as long as it is open: the token until
//! its end, the sign-in, and the catalog's decision.

mod beneath;
mod channel;
mod connection;
mod ear;
mod handshake;
pub(crate) mod message;
mod outgoing;
mod past;

use axum::extract::State as Given;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use crate::app::State;
use crate::error::Refusal;
use crate::person::{Somebody, same_origin};
use handshake::Upgrade;

/// Opens the socket, for who is signed in and comes from our own page.
pub(crate) async fn media(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Refusal>,
) -> Result<Response, Refusal> {
    same_origin(&headers, &uri)?;
    Ok(upgrade?.then(move |io| connection::run(state, person, io)))
}
