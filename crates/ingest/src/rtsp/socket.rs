//! A connection that may go from one thread's runtime to another's: a camera's session
//! is read by whichever thread suits it at the time.
//!
//! ```text
//! Here ──leave──▶ Between ──arrive, on the other runtime──▶ Here
//! ```

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// See the module.
#[derive(Debug)]
pub(crate) enum Socket {
    /// Registered with the runtime that reads it.
    Here(TcpStream),
    /// With none.
    Between(std::net::TcpStream),
    /// It did not come through.
    Gone,
}

impl Socket {
    /// Leaves the runtime.
    pub(crate) fn leave(&mut self) -> io::Result<()> {
        *self = match std::mem::replace(self, Self::Gone) {
            Self::Here(socket) => Self::Between(socket.into_std()?),
            other => other,
        };
        Ok(())
    }

    /// Joins the runtime that this is called on.
    pub(crate) fn arrive(&mut self) -> io::Result<()> {
        *self = match std::mem::replace(self, Self::Gone) {
            Self::Between(socket) => Self::Here(TcpStream::from_std(socket)?),
            other => other,
        };
        Ok(())
    }

    /// Returns both ends: ours, and the camera's.
    pub(crate) fn ends(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        match self {
            Self::Here(socket) => Ok((socket.local_addr()?, socket.peer_addr()?)),
            Self::Between(socket) => Ok((socket.local_addr()?, socket.peer_addr()?)),
            Self::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn here(self: Pin<&mut Self>) -> io::Result<Pin<&mut TcpStream>> {
        match self.get_mut() {
            Self::Here(socket) => Ok(Pin::new(socket)),
            Self::Between(_) | Self::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.here()?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.here()?.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.here()?.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.here()?.poll_shutdown(context)
    }
}
