//! The socket on which a client is spoken to.
//!
//! ```text
//! rtsp    client ◀──────────── TCP ────────────▶ Wire::Tcp
//! rtsps   client ◀── TLS ──▶ tls.rs ◀── pair ──▶ Wire::Pair
//! ```
//!
//! Behind TLS the connection speaks into one end of a pair of local sockets, and
//! another task encrypts what comes out of the other: so frames are written in
//! the same way either way, and one that never waits.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use bytes::BytesMut;
use tokio::net::{TcpStream, UnixStream};

/// A socket to a client.
#[derive(Debug)]
pub(crate) enum Wire {
    /// The client's own.
    Tcp(TcpStream),
    /// One to whoever encrypts.
    Pair(UnixStream),
}

impl Wire {
    /// Returns whether what goes over it is encrypted on its way.
    pub(crate) fn is_secure(&self) -> bool {
        matches!(self, Self::Pair(_))
    }

    /// Appends what comes next to `received`; returns how much that was, zero at
    /// the end.
    pub(crate) async fn read(&self, received: &mut BytesMut) -> io::Result<usize> {
        loop {
            let read = match self {
                Self::Tcp(stream) => {
                    stream.readable().await?;
                    received.reserve(2048);
                    stream.try_read_buf(received)
                }
                Self::Pair(stream) => {
                    stream.readable().await?;
                    received.reserve(2048);
                    stream.try_read_buf(received)
                }
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Pair(stream) => stream.as_fd(),
        }
    }
}
