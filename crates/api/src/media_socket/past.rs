//! A past channel: a reader on the disk, paid for fragment by fragment.
//!
//! ```text
//! credit ──▶ read one piece where blocking is allowed ──▶ at most one waits ──▶ connection
//! ```
//!
//! Fragments lie on disk with media time from the start of their segment; on the
//! wire the whole channel has one origin, so each gets a new header before the
//! frames' own bytes.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ws::Message;
use base::{Span, WallTime};
use bytes::{Bytes, BytesMut};
use live::mse::{self, Kind};
use media::Params;
use recorder::convert;
use store::{Fragment, Piece, Reader};
use tokio::sync::{Semaphore, mpsc};

use super::message::{End, Event};
use crate::converted::Converted;

/// How far before the first fragment the origin lies. Where segments overlap, a
/// reader may reach back over what it gave, at most by a segment.
const ROOM: Duration = Duration::from_secs(600);

/// The most fragments that may be asked for in advance.
const MOST_CREDIT: usize = 1000;

/// The connection's end of a past channel; dropped, the reading ends.
pub(crate) struct Past {
    credit: Arc<Semaphore>,
    steps: mpsc::Receiver<Step>,
}

/// What a past channel has for the browser.
pub(crate) enum Step {
    /// With what of the recording is in it.
    Send(Vec<Message>, Option<Span>),
    End(End),
}

/// What the reading task knows.
struct Reading {
    channel: u32,
    /// What the token opens, if not all.
    window: Option<Span>,
    /// What was last read of parameters, and whether they are still to be told.
    params: Option<Arc<Params>>,
    /// What was read, where it is converted.
    converted_from: Option<Arc<Params>>,
    untold: bool,
    origin: Option<WallTime>,
}

impl Past {
    /// Begins to read.
    pub(crate) fn open(
        channel: u32,
        reader: Reader,
        converted: Option<Converted>,
        window: Option<Span>,
        credit: u32,
    ) -> Self {
        let (sender, steps) = mpsc::channel(1);
        let past = Self { credit: Arc::new(Semaphore::new(0)), steps };
        past.credit(credit);
        let reading = Reading {
            channel,
            window,
            params: None,
            converted_from: None,
            untold: false,
            origin: None,
        };
        tokio::spawn(read(reading, reader, converted, past.credit.clone(), sender));
        past
    }

    /// Lets more fragments come.
    pub(crate) fn credit(&self, fragments: u32) {
        let room = MOST_CREDIT.saturating_sub(self.credit.available_permits());
        self.credit.add_permits(room.min(fragments as usize));
    }

    /// Returns what is next for the browser.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Step> {
        // A task that is gone without a word has met a defect.
        self.steps.poll_recv(context).map(|step| step.unwrap_or(Step::End(End::Error)))
    }
}

impl Drop for Past {
    fn drop(&mut self) {
        self.credit.close();
    }
}

async fn read(
    mut reading: Reading,
    mut reader: Reader,
    mut converted: Option<Converted>,
    credit: Arc<Semaphore>,
    steps: mpsc::Sender<Step>,
) {
    let mut paid = false;
    let end = loop {
        if !paid {
            // Closed when the channel is.
            let Ok(permit) = credit.acquire().await else { return };
            permit.forget();
            paid = true;
        }
        let step = tokio::task::spawn_blocking(move || {
            let piece = reader.next();
            (reader, piece)
        });
        let piece;
        (reader, piece) = match step.await {
            Ok(step) => step,
            Err(_) => break End::Error,
        };
        let over = match &piece {
            Some(Piece::Fragment(fragment)) => {
                paid = false;
                reading.is_over(fragment.span.start()).then_some(End::Stopped)
            }
            Some(_) => None,
            None => Some(End::CaughtUp),
        };
        let piece = piece.filter(|_| over.is_none());
        let pieces = match &mut converted {
            None => Ok(piece.into_iter().collect()),
            Some(converted) => {
                if let Some(Piece::Init { params }) = &piece {
                    reading.converted_from = Some(params.clone());
                }
                match piece {
                    Some(piece) => converted.push(piece).await,
                    None => converted.finish().await,
                }
            }
        };
        let (messages, seen) = match pieces {
            Ok(pieces) => {
                let seen = pieces.iter().filter_map(fragment).reduce(whole);
                (pieces.into_iter().flat_map(|piece| reading.piece(piece)).collect(), seen)
            }
            Err(error) => {
                tracing::warn!("a recording could not be converted: {error}");
                break End::Unconverted(convert::reason(&error));
            }
        };
        if steps.send(Step::Send(messages, seen)).await.is_err() {
            return;
        }
        if let Some(end) = over {
            break end;
        }
    };
    // Whoever is gone needs no word.
    let _ = steps.send(Step::End(end)).await;
}

/// Returns what of the recording a piece shows.
fn fragment(piece: &Piece) -> Option<Span> {
    match piece {
        Piece::Fragment(fragment) => Some(fragment.span),
        Piece::Init { .. } | Piece::Gap(_) | Piece::Deleted(_) => None,
    }
}

fn whole(one: Span, other: Span) -> Span {
    let (start, end) = (one.start().min(other.start()), one.end().max(other.end()));
    Span::new(start, end).unwrap_or(one)
}

impl Reading {
    fn piece(&mut self, piece: Piece) -> Vec<Message> {
        match piece {
            Piece::Init { params } => {
                self.params = Some(params);
                self.untold = true;
                Vec::new()
            }
            Piece::Fragment(fragment) => self.fragment(&fragment),
            Piece::Gap(gap) => self.gap(gap.span, gap.reason.as_str()),
            Piece::Deleted(deleted) => self.gap(deleted.span, "deleted"),
        }
    }

    fn is_over(&self, moment: WallTime) -> bool {
        self.window.is_some_and(|window| moment >= window.end())
    }

    fn fragment(&mut self, fragment: &Fragment) -> Vec<Message> {
        let start = fragment.span.start();
        let mut messages = Vec::new();
        let held = self.origin.and_then(|origin| fragment.rebased(origin));
        let (header, frames) = match held {
            Some(rebased) => rebased,
            None => {
                // The first, or one that reaches back further than any should.
                let origin = start.minus(ROOM);
                self.origin = Some(origin);
                self.untold = true;
                match fragment.rebased(origin) {
                    Some(rebased) => rebased,
                    None => return messages,
                }
            }
        };
        if let (Some(params), Some(origin), true) = (&self.params, self.origin, self.untold) {
            let before = self.converted_from.as_ref().filter(|before| before.codec != params.codec);
            messages.extend(init(self.channel, origin, params, before.map(|before| &**before)));
            self.untold = false;
        }
        let head = mse::header(Kind::Past, fragment.is_key, self.channel, start);
        let mut message = BytesMut::with_capacity(head.len() + header.len() + frames.len());
        message.extend_from_slice(&head);
        message.extend_from_slice(&header);
        message.extend_from_slice(&frames);
        messages.push(Message::Binary(message.freeze()));
        messages
    }

    fn gap(&self, span: Span, reason: &'static str) -> Vec<Message> {
        let told = self.window.map_or(Some(span), |window| window.intersection(span));
        let gap = told.map(|span| Event::Gap {
            channel: self.channel,
            from_us: span.start().0,
            to_us: span.end().0,
            reason,
        });
        gap.iter().map(Event::message).collect()
    }
}

/// Returns the two messages that tell a browser's decoder what follows.
fn init(channel: u32, origin: WallTime, params: &Params, before: Option<&Params>) -> [Message; 2] {
    let (codec, before) = (params.rfc6381(), before.map(Params::rfc6381));
    let (width, height, origin_us) = (params.width, params.height, origin.0);
    let (codec, converted_from) = (codec.as_str(), before.as_deref());
    let event = Event::Init { channel, codec, width, height, origin_us, converted_from };
    let bytes: Bytes = mse::init_message(channel, origin, params);
    [event.message(), Message::Binary(bytes)]
}
