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

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use futures::StreamExt;
use futures::stream::SplitStream;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::app::State;
use crate::presence::Held;
use crate::right;

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
pub(super) fn listen(
    state: &State,
    signed_in: Held,
    stream: SplitStream<WebSocket>,
) -> mpsc::Receiver<Word> {
    let (tell, words) = mpsc::channel(WAITING);
    tokio::spawn(hear(state.clone(), signed_in, stream, tell));
    words
}

async fn hear(
    state: State,
    signed_in: Held,
    mut stream: SplitStream<WebSocket>,
    tell: mpsc::Sender<Word>,
) {
    let mut changes = state.catalog.changes();
    let mut tick = interval(right::TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
                Some(Ok(Message::Close(_)) | Err(_)) | None => Word::Gone,
            },
        };
        let is_last = matches!(word, Word::Revoked | Word::Gone);
        if tell.send(word).await.is_err() || is_last {
            return;
        }
    }
}
