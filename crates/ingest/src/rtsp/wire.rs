//! The sockets to one camera: bytes in, messages and packets out; requests the other way.
//!
//! ```text
//! TCP, TLS ──read──▶ the thread's buffer ──cut (message)──▶ Came::Packet, Came::Response
//!                        └ a message that is not whole: kept here until it is
//! UDP ─────────────────────────────────────────────────────▶ Came::Packet
//! ```
//!
//! A read takes all that has come, and what it took is handed on where it lies: what
//! a camera costs is counted in wake-ups and reads. Buffers are a thread's, not a
//! camera's, so a thousand cameras that say nothing at the moment need no memory.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::message::{self, Malformed, Message, Response};
use super::socket::Socket;
use super::udp::Pair;

/// More than the longest message that is not whole yet, and room to read.
const BUFFER: usize = 512 << 10;
/// A kept beginning above this is not kept for the next.
const LARGE_REST: usize = 64 << 10;

thread_local! {
    static BUFFERS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The connection itself.
pub(crate) enum Stream {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

impl Stream {
    fn socket(&mut self) -> &mut Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_mut().0,
        }
    }
}

/// See the module.
pub(crate) struct Wire {
    stream: Stream,
    /// The beginning of what is not whole.
    rest: Vec<u8>,
    /// What is to be written, and how much of it was.
    out: Vec<u8>,
    written: usize,
    /// Pairs of sockets, by their place; they stand for channels 2n and 2n + 1.
    pub(crate) pairs: Vec<Pair>,
}

/// What came.
#[derive(Debug)]
pub(crate) enum Came<'a> {
    /// A packet of RTP or of reports.
    Packet {
        /// The channel; of UDP, 2n for packets of the n-th pair, and 2n + 1 for reports.
        channel: u8,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// An answer.
    Response(Response),
}

/// Why nothing more comes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("the camera closed the connection")]
    Closed,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl Wire {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, rest: Vec::new(), out: Vec::new(), written: 0, pairs: Vec::new() }
    }

    /// Returns both ends of the connection: ours, and the camera's.
    pub(crate) fn ends(&mut self) -> io::Result<(SocketAddr, SocketAddr)> {
        self.stream.socket().ends()
    }

    /// Leaves the runtime that reads it.
    pub(crate) fn leave(&mut self) -> io::Result<()> {
        self.pairs.iter_mut().try_for_each(Pair::leave)?;
        self.stream.socket().leave()
    }

    /// Joins the runtime that this is called on.
    pub(crate) fn arrive(&mut self) -> io::Result<()> {
        self.pairs.iter_mut().try_for_each(Pair::arrive)?;
        self.stream.socket().arrive()
    }

    /// Has bytes written as soon as [`Wire::poll`] is asked.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Has a packet written on a channel.
    pub(crate) fn send_packet(&mut self, channel: u8, packet: &[u8]) {
        let Ok(length) = u16::try_from(packet.len()) else { return };
        let [high, low] = length.to_be_bytes();
        self.send(&[b'$', channel, high, low]);
        self.send(packet);
    }

    /// Waits until something came, and hands all of it on.
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
        take: &mut dyn FnMut(Came<'_>),
    ) -> Poll<Result<(), Broken>> {
        BUFFERS.with_borrow_mut(|buffer| {
            if buffer.is_empty() {
                buffer.resize(BUFFER, 0);
            }
            self.poll_with(context, buffer, take)
        })
    }

    fn poll_with(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
        take: &mut dyn FnMut(Came<'_>),
    ) -> Poll<Result<(), Broken>> {
        if let Poll::Ready(Err(error)) = self.write(context) {
            return Poll::Ready(Err(error.into()));
        }
        let mut came = false;
        for (number, pair) in self.pairs.iter_mut().enumerate() {
            for which in [0, 1] {
                let channel = (2 * number + which) as u8; // there are two at most
                // So many at once that others are not kept waiting.
                for _ in 0..256 {
                    let Poll::Ready(read) = pair.poll(which, context, buffer) else { break };
                    take(Came::Packet { channel, bytes: &buffer[..read?] });
                    came = true;
                }
            }
        }
        match self.read(context, buffer, take) {
            Poll::Pending if came => Poll::Ready(Ok(())),
            other => other,
        }
    }

    fn read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
        take: &mut dyn FnMut(Came<'_>),
    ) -> Poll<Result<(), Broken>> {
        let begun = self.rest.len();
        let (rest, room) = buffer.split_at_mut(begun);
        let mut read = ReadBuf::new(room);
        ready!(match &mut self.stream {
            Stream::Plain(socket) => Pin::new(socket).poll_read(context, &mut read),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, &mut read),
        })?;
        let count = read.filled().len();
        if count == 0 {
            return Poll::Ready(Err(Broken::Closed));
        }
        rest.copy_from_slice(&self.rest);
        let all = &buffer[..begun + count];
        let mut at = 0;
        while let Some((message, length)) = message::take(&all[at..])? {
            match message {
                Message::Packet { channel, data } => {
                    take(Came::Packet { channel, bytes: &all[at..][data] });
                }
                Message::Response(response) => take(Came::Response(response)),
                Message::Request { method, cseq } => self.answer(&method, &cseq),
            }
            at += length;
        }
        if self.rest.capacity() > LARGE_REST {
            self.rest = Vec::new();
        }
        self.rest.clear();
        self.rest.extend_from_slice(&all[at..]);
        Poll::Ready(Ok(()))
    }

    /// Answers what a camera asks: that somebody is there, and nothing else.
    fn answer(&mut self, method: &str, cseq: &str) {
        let status = match method {
            "OPTIONS" | "GET_PARAMETER" | "SET_PARAMETER" | "ANNOUNCE" => "200 OK",
            _ => "501 Not Implemented",
        };
        self.send(format!("RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n\r\n").as_bytes());
    }

    fn write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.out.len() {
            let bytes = &self.out[self.written..];
            self.written += ready!(match &mut self.stream {
                Stream::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
                Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            })?;
        }
        self.out.clear();
        self.written = 0;
        match &mut self.stream {
            Stream::Plain(_) => Poll::Ready(Ok(())),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }
}
