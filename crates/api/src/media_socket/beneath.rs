//! The connection beneath a media socket, as bare as it can be had.
//!
//! What HTTP hands out is wrapped four times, each layer asked through a pointer; for each
//! frame of each viewer that is a good part of all that is not the kernel's. Where nothing
//! is sealed the TCP socket itself is taken out of it, and asked directly.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade;
use rustix::net::{SendAncillaryBuffer, SendFlags};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// A connection of any kind.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// See the module.
pub(super) enum Beneath {
    /// And what came on it before it was a media socket.
    Tcp(TcpStream, Bytes),
    Other(Box<dyn Io>),
}

impl From<Upgraded> for Beneath {
    fn from(upgraded: Upgraded) -> Self {
        match upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
            Ok(parts) => Self::Tcp(parts.io.into_inner(), parts.read_buf),
            Err(upgraded) => Self::Other(Box::new(TokioIo::new(upgraded))),
        }
    }
}

impl Beneath {
    /// Sends as much as goes at once; nobody is woken when more would.
    pub(super) fn send(&mut self, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream, _) => {
                let sent = stream.try_io(Interest::WRITABLE, || {
                    let mut beside = SendAncillaryBuffer::default();
                    // It is not blocking in any case.
                    let sent =
                        rustix::net::sendmsg(&*stream, parts, &mut beside, SendFlags::NOSIGNAL);
                    Ok(sent?)
                });
                match sent {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
                    sent => Poll::Ready(sent),
                }
            }
            Self::Other(io) => {
                let mut context = Context::from_waker(Waker::noop());
                Pin::new(io).poll_write_vectored(&mut context, parts)
            }
        }
    }
}

impl AsyncRead for Beneath {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(_, early) if !early.is_empty() => {
                let taken = early.len().min(buffer.remaining());
                buffer.put_slice(&early[..taken]);
                early.advance(taken);
                Poll::Ready(Ok(()))
            }
            Self::Tcp(stream, _) => Pin::new(stream).poll_read(context, buffer),
            Self::Other(io) => Pin::new(io).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Beneath {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream, _) => Pin::new(stream).poll_write(context, bytes),
            Self::Other(io) => Pin::new(io).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            // Whatever the kernel took is on its way.
            Self::Tcp(..) => Poll::Ready(Ok(())),
            Self::Other(io) => Pin::new(io).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream, _) => Pin::new(stream).poll_shutdown(context),
            Self::Other(io) => Pin::new(io).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair(early: &'static [u8]) -> (Beneath, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (here, _) = listener.accept().await.unwrap();
        (Beneath::Tcp(here, Bytes::from_static(early)), there)
    }

    #[tokio::test]
    async fn what_came_early_is_read_first() {
        let (mut here, mut there) = pair(b"early ").await;
        there.write_all(b"late").await.unwrap();
        let mut read = [0; 10];
        here.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"early late");
    }

    #[tokio::test]
    async fn what_does_not_go_at_once_is_not_taken_and_what_does_arrives_in_order() {
        let (mut here, mut there) = pair(b"").await;
        let part = vec![5; 100_000];
        let mut sent = 0;
        let whole = loop {
            match here.send(&[IoSlice::new(b"head"), IoSlice::new(&part)]) {
                Poll::Ready(taken) => sent += taken.unwrap(),
                Poll::Pending => break sent,
            }
        };
        let mut read = vec![0; whole];
        there.read_exact(&mut read).await.unwrap();
        assert!(read.starts_with(b"head\x05\x05"));
        // There is room again, which who waits for it learns.
        here.write_all(b"behind").await.unwrap();
        let mut read = [0; 6];
        there.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"behind");
    }

    #[tokio::test]
    async fn who_is_gone_is_known_by_sending_and_no_signal_ends_us() {
        let (mut here, there) = pair(b"").await;
        drop(there);
        let error = loop {
            if let Poll::Ready(Err(error)) = here.send(&[IoSlice::new(b"x")]) {
                break error;
            }
            tokio::task::yield_now().await;
        };
        let kinds = [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset];
        assert!(kinds.contains(&error.kind()), "{error}");
    }
}
