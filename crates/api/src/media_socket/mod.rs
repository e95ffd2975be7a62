//! Media over one WebSocket: any number of channels, live or past.
//!
//! ```text
//! browser ──▶ ear ─ops─▶ ┌ open, renew, stop        ┐
//!                        │ connection: one task     │──▶ Channel live: live::Viewer
//!         ◀───────────── └ next message, in turn    ┘──▶ Channel past: a task with a store::Reader
//! ```
//!
//! One task hears what comes in by a socket, and another owns what goes out. That one
//! asks its channels in turn, so that none starves the others, and sends one batch at a
//! time; while the socket takes nothing, nothing is read: a live channel loses frames
//! in its ring, a past one waits. A socket that takes nothing for 30 s is closed.
//!
//! What opened a channel must hold for as long as it is open: the token until
//! its end, the sign-in, and the catalog's decision.

mod channel;
mod connection;
mod ear;
pub(crate) mod message;
mod past;

use axum::extract::State as Given;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use crate::app::State;
use crate::error::{Kind, Refusal};
use crate::person::{Somebody, same_origin};

/// The most bytes of a message from a browser; a token is some 300.
const LARGEST_MESSAGE: usize = 16 * 1024;

/// How much is read from a socket at a time. Browsers say little, and the buffer is
/// cleared before each look, of which there is one for every frame that goes out.
const READ: usize = 2 * 1024;

/// Opens the socket, for who is signed in and comes from our own page.
pub(crate) async fn media(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    same_origin(&headers, &uri)?;
    let upgrade =
        upgrade.map_err(|_| Refusal::new(Kind::Invalid, "this path is opened as a WebSocket"))?;
    let upgrade = upgrade
        .max_message_size(LARGEST_MESSAGE)
        .max_frame_size(LARGEST_MESSAGE)
        .read_buffer_size(READ);
    Ok(upgrade.on_upgrade(move |socket| connection::run(state, person, socket)))
}
