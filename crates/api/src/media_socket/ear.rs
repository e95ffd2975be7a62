//! What a socket hears beside media: the browser, the time, and whatever ends a right.
//!
//! ```text
//! browser ─────┐
//! time ────────┤ hear, a task ──Word──▶ connection
//! catalog ─────┤
//! sign-in ─────┘
//! ```
//!
//! A task of its own, since all of it is rare: whoever passes frames on is woken for
//! each of them, and would ask all of these whether they have anything.

use futures::StreamExt;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::outgoing::Incoming;
use crate::app::State;
use crate::presence::Held;
use crate::right;

/// The most bytes of a message from a browser; a token is some 300.
const LARGEST_MESSAGE: usize = 16 * 1024;

/// How much is read from a socket at a time. Browsers say little, and each socket has
/// such a buffer.
const READ: usize = 2 * 1024;

/// How many words may wait: who says more waits with it.
const WAITING: usize = 4;

/// What was heard.
pub(super) enum Word {
    /// The browser said something.
    Said(Utf8Bytes),
    /// Something in the catalog is no longer what it was.
    Changed,
    /// A second has passed.
    Tick,
    /// The sign-in has ended; nothing else comes.
    Revoked,
    /// The browser is gone; nothing else comes.
    Gone,
}

/// Listens for as long as somebody takes the words.
pub(super) async fn listen(
    state: &State,
    signed_in: Held,
    incoming: Incoming,
) -> mpsc::Receiver<Word> {
    let (tell, words) = mpsc::channel(WAITING);
    let config = WebSocketConfig::default()
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE))
        .read_buffer_size(READ);
    let stream = WebSocketStream::from_raw_socket(incoming, Role::Server, Some(config)).await;
    tokio::spawn(hear(state.clone(), signed_in, stream, tell));
    words
}

async fn hear(
    state: State,
    signed_in: Held,
    mut stream: WebSocketStream<Incoming>,
    tell: mpsc::Sender<Word>,
) {
    let mut changes = state.catalog.changes();
    let mut tick = right::ticks(&state);
    loop {
        let word = tokio::select! {
            // What ends a right comes first, however much a browser says.
            biased;
            () = tell.closed() => return,
            () = signed_in.ended() => Word::Revoked,
            Ok(()) = changes.changed() => Word::Changed,
            _ = tick.tick() => Word::Tick,
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => Word::Said(text),
                // Pings are answered beneath; nothing else is said in bytes.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => continue,
                Some(Ok(Message::Close(_) | Message::Frame(_)) | Err(_)) | None => Word::Gone,
            },
        };
        let is_last = matches!(word, Word::Revoked | Word::Gone);
        if tell.send(word).await.is_err() || is_last {
            return;
        }
    }
}
