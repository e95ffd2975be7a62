//! The one way out to a client: responses of its connection and frames of the
//! pacer, never one within the other.
//!
//! Writing never waits. What the socket does not take stays in a backlog of
//! bounded size; a client that lets it grow beyond is one that cannot follow,
//! and is let go, as cameras do.

use std::io;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use tokio_util::sync::CancellationToken;

use super::wire::Wire;

/// The writing half of a client's connection.
#[derive(Debug)]
pub(crate) struct Outlet {
    stream: Arc<Wire>,
    backlog: Vec<u8>,
    /// How many bytes of `backlog` went out already.
    sent: usize,
    limit: usize,
    closing: CancellationToken,
}

/// Why nothing more can be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The client does not read fast enough.
    #[error("the client does not keep up")]
    TooSlow,
    /// A fault was switched on that ends it.
    #[error("a fault ends the connection")]
    Fault,
    /// The connection is gone.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Outlet {
    /// Returns an outlet that keeps at most `limit` bytes waiting and whose
    /// connection ends when `closing` is cancelled.
    pub(crate) fn new(stream: Arc<Wire>, limit: usize, closing: CancellationToken) -> Self {
        Self { stream, backlog: Vec::new(), sent: 0, limit, closing }
    }

    /// Writes `bytes` behind everything written before, or keeps them for later.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<(), WriteError> {
        if self.flush()? {
            bytes = &bytes[self.write(bytes)?..];
        }
        if self.backlog.len() - self.sent + bytes.len() > self.limit {
            return Err(WriteError::TooSlow);
        }
        if !bytes.is_empty() {
            self.backlog.drain(..self.sent);
            self.sent = 0;
            self.backlog.extend_from_slice(bytes);
        }
        Ok(())
    }

    /// Writes what waits, as far as the socket takes it; returns whether
    /// nothing waits any more.
    pub(crate) fn flush(&mut self) -> Result<bool, WriteError> {
        if self.backlog.is_empty() {
            return Ok(true);
        }
        self.sent += self.write(&self.backlog[self.sent..])?;
        if self.sent < self.backlog.len() {
            return Ok(false);
        }
        // A viewer that stumbled once should not hold its memory for ever.
        self.backlog = Vec::new();
        self.sent = 0;
        Ok(true)
    }

    /// Returns whether something waits for the socket.
    pub(crate) fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Ends the connection.
    pub(crate) fn close(&self) {
        self.closing.cancel();
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < bytes.len() {
            // Past the runtime: it would keep a note of each write, and whether
            // the socket takes more is asked with the next tick anyway.
            match send(&*self.stream, &bytes[written..], SendFlags::DONTWAIT | SendFlags::NOSIGNAL)
            {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    async fn pair(limit: usize) -> (Outlet, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let server = listener.accept().await.unwrap().0;
        server.writable().await.unwrap();
        let server = Arc::new(Wire::Tcp(server));
        (Outlet::new(server, limit, CancellationToken::new()), client)
    }

    #[tokio::test]
    async fn what_the_socket_does_not_take_goes_out_later_in_order() {
        let (mut outlet, mut client) = pair(64 << 20).await;
        let sent: Vec<u8> = (0..48_u32 << 20).map(|n| (n / 4096) as u8).collect();
        for piece in sent.chunks(1 << 20) {
            outlet.push(piece).unwrap();
        }
        assert!(!outlet.flush().unwrap(), "the kernel took it all; the test needs more bytes");
        let reader = tokio::spawn(async move {
            let mut received = Vec::new();
            client.read_to_end(&mut received).await.unwrap();
            received
        });
        while !outlet.flush().unwrap() {
            tokio::task::yield_now().await;
        }
        drop(outlet);
        assert!(reader.await.unwrap() == sent);
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_is_let_go_within_the_limit() {
        let (mut outlet, _client) = pair(1 << 20).await;
        let piece = vec![0; 100_000];
        let refused = (0..1000).find_map(|_| outlet.push(&piece).err());
        assert!(matches!(refused, Some(WriteError::TooSlow)));
        assert!(outlet.backlog.len() <= 1 << 20);
    }

    #[tokio::test]
    async fn a_connection_that_is_gone_is_told_apart() {
        let (mut outlet, client) = pair(1 << 20).await;
        // Unread bytes make the close a reset rather than an end.
        outlet.push(b"unread").unwrap();
        client.readable().await.unwrap();
        drop(client);
        let piece = vec![0; 1000];
        let refused = (0..100_000).find_map(|_| outlet.push(&piece).err());
        assert!(matches!(refused, Some(WriteError::Io(_))));
    }
}
