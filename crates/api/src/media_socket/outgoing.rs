//! What goes out by a socket: frames of WebSocket (RFC 6455 §5.2), at once where the
//! socket takes them.
//!
//! ```text
//! connection ──messages──▶ ┌ Outgoing ─────────────┐
//! publisher ───offers────▶ │ what it did not take, │ ──▶ socket (TCP, or TLS on it)
//! ear ──answers to pings─▶ │ in its order          │
//!                          └───────────────────────┘
//! ```
//!
//! A server's frames are not masked, so a message is the same bytes for all sockets, and
//! is written from where it lies behind a few bytes of its own. Nothing is offered to a
//! socket that still has something to take: its viewers read by themselves then, and
//! lose what they are too slow for.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::extract::ws::Message;
use bytes::{Buf, Bytes};
use futures::task::AtomicWaker;
use live::Outlet;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::beneath::Beneath;

/// See the module.
pub(super) struct Outgoing {
    wire: Mutex<Wire>,
    /// Who flushes what the socket did not take at once.
    flusher: AtomicWaker,
    /// Who has an answer for what came in, and waits with it until all else is sent.
    answerer: AtomicWaker,
}

struct Wire {
    io: Beneath,
    /// What it has not taken.
    rest: VecDeque<Bytes>,
    /// It took all, and has not sent it all.
    is_unflushed: bool,
    /// Since when something waits.
    waits_since: Option<Instant>,
    /// Nothing can be sent any more.
    is_broken: bool,
}

/// The browser is gone.
#[derive(Debug)]
pub(super) struct Gone;

/// What comes in by the same socket, and how its reader answers: a ping by a pong.
pub(super) struct Incoming(Arc<Outgoing>);

impl Outgoing {
    pub(super) fn new(io: Beneath) -> Arc<Self> {
        let wire = Wire {
            io,
            rest: VecDeque::new(),
            is_unflushed: false,
            waits_since: None,
            is_broken: false,
        };
        let (flusher, answerer) = (AtomicWaker::new(), AtomicWaker::new());
        Arc::new(Self { wire: Mutex::new(wire), flusher, answerer })
    }

    /// Returns where to read what comes in.
    pub(super) fn incoming(self: &Arc<Self>) -> Incoming {
        Incoming(self.clone())
    }

    /// Takes messages; what does not go at once goes with [`flushed`](Self::flushed).
    pub(super) fn put(&self, messages: impl IntoIterator<Item = Message>) {
        let mut wire = self.lock();
        for message in messages {
            let (head, payload) = frame(message);
            wire.put(&head, [payload, Bytes::new()]);
        }
    }

    /// Waits until all is sent.
    pub(super) async fn flushed(&self) -> Result<(), Gone> {
        poll_fn(|context| self.poll_flush(context)).await
    }

    /// Sends what is put meanwhile and did not go at once; ends when nothing can be sent.
    pub(super) async fn pumped(&self) -> Gone {
        poll_fn(|context| match self.poll_flush(context) {
            Poll::Ready(Err(gone)) => Poll::Ready(gone),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        })
        .await
    }

    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        self.flusher.register(context.waker());
        let flushed = self.lock().poll_flush(context);
        if flushed.is_ready() {
            self.answerer.wake();
        }
        flushed
    }

    /// Sends a frame for somebody who does not flush; who does is told of what is left.
    fn begin(&self, mut wire: MutexGuard<'_, Wire>, head: &[u8], payload: [Bytes; 2]) {
        wire.put(head, payload);
        let is_left = wire.waits() || wire.is_broken;
        drop(wire);
        if is_left {
            self.flusher.wake();
        }
    }

    /// Returns how long something has waited to be taken.
    pub(super) fn waits(&self) -> Duration {
        self.lock().waits_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Wire> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outlet for Outgoing {
    fn offer(&self, first: &Bytes, second: &Bytes) -> bool {
        let wire = self.lock();
        if wire.waits() || wire.is_broken {
            return false;
        }
        let (head, length) = head(BINARY, first.len() + second.len());
        self.begin(wire, &head[..length], [first.clone(), second.clone()]);
        true
    }
}

impl Wire {
    fn waits(&self) -> bool {
        self.is_unflushed || !self.rest.is_empty()
    }

    /// Sends a frame as far as it goes at once, and keeps the rest for who flushes.
    fn put(&mut self, mut head: &[u8], mut payload: [Bytes; 2]) {
        if self.waits() {
            // Who flushes waits for the socket, with a waker that stays as it is.
            return self.keep(head, payload);
        }
        while !(head.is_empty() && payload.iter().all(Bytes::is_empty)) {
            let parts = [head, &payload[0], &payload[1]].map(IoSlice::new);
            match self.io.send(&parts) {
                Poll::Ready(Ok(taken)) if taken > 0 => {
                    let of_head = taken.min(head.len());
                    let of_first = (taken - of_head).min(payload[0].len());
                    head = &head[of_head..];
                    payload[0].advance(of_first);
                    payload[1].advance(taken - of_head - of_first);
                }
                Poll::Ready(_) => return self.is_broken = true,
                Poll::Pending => break,
            }
        }
        self.keep(head, payload);
        // Of what lies in TLS nothing is known but by this.
        let mut context = Context::from_waker(Waker::noop());
        self.is_unflushed = match Pin::new(&mut self.io).poll_flush(&mut context) {
            Poll::Ready(Ok(())) => false,
            Poll::Ready(Err(_)) => return self.is_broken = true,
            Poll::Pending => true,
        };
        if self.waits() {
            self.waits_since = Some(Instant::now());
        }
    }

    fn keep(&mut self, head: &[u8], payload: [Bytes; 2]) {
        self.rest.extend((!head.is_empty()).then(|| Bytes::copy_from_slice(head)));
        self.rest.extend(payload.into_iter().filter(|part| !part.is_empty()));
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        if self.is_broken {
            return Poll::Ready(Err(Gone));
        }
        let flushed = self.poll_write_rest(context);
        self.is_broken = matches!(flushed, Poll::Ready(Err(_)));
        flushed.map_err(|_| Gone)
    }

    fn poll_write_rest(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(first) = self.rest.front_mut() {
            let taken = ready!(Pin::new(&mut self.io).poll_write(context, first))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            first.advance(taken);
            if first.is_empty() {
                self.rest.pop_front();
            }
            self.waits_since = Some(Instant::now());
        }
        if self.is_unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(context))?;
            self.is_unflushed = false;
        }
        self.waits_since = None;
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Incoming {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().io).poll_read(context, buffer)
    }
}

/// Takes whole frames, since what reads writes each in one call; none while something
/// waits, so that who asks and does not listen fills no memory with answers.
impl AsyncWrite for Incoming {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.answerer.register(context.waker());
        let wire = self.0.lock();
        if wire.waits() {
            return Poll::Pending;
        }
        self.0.begin(wire, bytes, [Bytes::new(), Bytes::new()]);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().io).poll_shutdown(context)
    }
}

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Returns a message as one frame: what stands before its payload, and that.
fn frame(message: Message) -> (Vec<u8>, Bytes) {
    let (code, payload) = match message {
        Message::Text(text) => (TEXT, Bytes::from(text)),
        Message::Binary(bytes) => (BINARY, bytes),
        Message::Ping(bytes) => (PING, bytes),
        Message::Pong(bytes) => (PONG, bytes),
        Message::Close(None) => (CLOSE, Bytes::new()),
        Message::Close(Some(why)) => {
            let code = why.code.to_be_bytes();
            (CLOSE, [&code, why.reason.as_bytes()].concat().into())
        }
    };
    let (head, length) = head(code, payload.len());
    (head[..length].to_vec(), payload)
}

/// Returns what stands before a payload of so many bytes, and how long that is.
fn head(code: u8, payload: usize) -> ([u8; 10], usize) {
    /// Nothing of the message follows in another frame.
    const WHOLE: u8 = 0x80;
    let mut head = [0; 10];
    head[0] = WHOLE | code;
    let length = payload as u64;
    if let (Ok(short), true) = (u8::try_from(payload), payload < 126) {
        head[1] = short;
        (head, 2)
    } else if let Ok(middle) = u16::try_from(payload) {
        head[1] = 126;
        head[2..4].copy_from_slice(&middle.to_be_bytes());
        (head, 4)
    } else {
        head[1] = 127;
        head[2..].copy_from_slice(&length.to_be_bytes());
        (head, 10)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::{SinkExt, StreamExt};
    use tokio::io::DuplexStream;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message as Read;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;

    /// A socket whose way takes so many bytes, and the browser at its other end.
    async fn socket(room: usize) -> (Arc<Outgoing>, WebSocketStream<DuplexStream>) {
        let (here, there) = tokio::io::duplex(room);
        let here = Beneath::Other(Box::new(here));
        (Outgoing::new(here), WebSocketStream::from_raw_socket(there, Role::Client, None).await)
    }

    async fn read(browser: &mut WebSocketStream<DuplexStream>) -> Read {
        browser.next().await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn messages_of_any_length_arrive_whole_and_in_their_order() {
        for room in [7, 1000, 1 << 20] {
            let (out, mut browser) = socket(room).await;
            let lengths = [0, 1, 125, 126, 65_535, 65_536, 200_000];
            let sending = async {
                for length in lengths {
                    out.put([Message::Binary(vec![3; length].into())]);
                    out.put([Message::Text(length.to_string().into())]);
                    out.flushed().await.unwrap();
                }
            };
            let reading = async {
                for length in lengths {
                    assert_eq!(read(&mut browser).await, Read::binary(vec![3; length]));
                    assert_eq!(read(&mut browser).await, Read::text(length.to_string()));
                }
            };
            tokio::join!(sending, reading);
        }
    }

    #[tokio::test]
    async fn what_is_offered_is_taken_until_something_waits_and_again_when_it_has_gone() {
        let (out, mut browser) = socket(1000).await;
        let (head, frame) = (Bytes::from(vec![1; 300]), Bytes::from(vec![2; 500]));
        let whole = Read::binary([&head[..], &frame].concat());
        assert!(out.offer(&head, &frame), "it fits");
        assert!(out.waits().is_zero());
        assert!(out.offer(&head, &frame), "a part fits, and the rest is kept");
        assert!(!out.offer(&head, &frame));
        out.put([Message::Text("behind".into())]);
        assert!(out.flushed().now_or_never().is_none());
        let pumping = out.clone();
        let pumping = tokio::spawn(async move { pumping.pumped().await });
        assert_eq!(read(&mut browser).await, whole);
        assert_eq!(read(&mut browser).await, whole);
        assert_eq!(read(&mut browser).await, Read::text("behind"));
        assert!(out.offer(&head, &frame));
        assert_eq!(read(&mut browser).await, whole);
        drop(browser);
        assert!(out.offer(&head, &frame), "that it is gone is known by trying");
        assert!(!out.offer(&head, &frame));
        let Gone = pumping.await.unwrap();
    }

    #[tokio::test]
    async fn whoever_pumps_is_woken_by_an_offer_that_does_not_go_at_once() {
        let (out, mut browser) = socket(64).await;
        let pumping = out.clone();
        tokio::spawn(async move { pumping.pumped().await });
        tokio::task::yield_now().await;
        let frame = Bytes::from(vec![9; 5000]);
        assert!(out.offer(&Bytes::new(), &frame));
        assert_eq!(read(&mut browser).await, Read::binary(frame));
    }

    #[tokio::test]
    async fn what_a_reader_answers_stands_between_messages() {
        let (out, mut browser) = socket(100).await;
        let incoming = WebSocketStream::from_raw_socket(out.incoming(), Role::Server, None).await;
        let pumping = out.clone();
        tokio::spawn(async move { pumping.pumped().await });
        let hearing = tokio::spawn(incoming.collect::<Vec<_>>());
        browser.send(Read::Ping(Bytes::from_static(b"there?"))).await.unwrap();
        let frame = Bytes::from(vec![9; 5000]);
        assert!(out.offer(&Bytes::new(), &frame));
        let mut came = [read(&mut browser).await, read(&mut browser).await];
        came.sort_by_key(|message| message.len());
        assert_eq!(came, [Read::Pong(Bytes::from_static(b"there?")), Read::binary(frame)]);
        browser.close(None).await.unwrap();
        drop(browser);
        assert_eq!(hearing.await.unwrap().len(), 2, "a ping and a farewell");
    }
    #[tokio::test]
    async fn who_asks_and_does_not_listen_fills_no_memory() {
        let (out, browser) = socket(2000).await;
        let incoming = WebSocketStream::from_raw_socket(out.incoming(), Role::Server, None).await;
        let hearing = tokio::spawn(incoming.collect::<Vec<_>>());
        let (mut asking, listening) = browser.split();
        for _ in 0..10_000 {
            asking.send(Read::Ping(Bytes::from_static(&[7; 125]))).await.unwrap();
        }
        assert!(out.lock().rest.len() <= 2, "a frame that did not fit");
        drop((asking, listening));
        assert!(hearing.await.unwrap().len() >= 10_000, "all were heard");
    }
}
