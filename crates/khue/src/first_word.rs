//! A connection must say something soon after it was let in.
//!
//! hyper's limits begin with the first byte, by which it learns the version of
//! HTTP; one that never comes has none. Who has not said it when the program ends is not
//! waited for.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Lets in whom `inner` lets in, for as long as `patience` if they say nothing.
#[derive(Clone, Debug)]
pub(crate) struct FirstWord<A> {
    pub(crate) inner: A,
    pub(crate) patience: Duration,
    pub(crate) stopping: CancellationToken,
}

/// The same where nothing is sealed: whoever is let in has said something already, so that
/// the socket needs nothing around it.
#[derive(Clone, Debug)]
pub(crate) struct FirstByte<A> {
    pub(crate) inner: A,
    pub(crate) patience: Duration,
    pub(crate) stopping: CancellationToken,
}

/// A connection; reading from it fails if the first byte does not come in time.
#[derive(Debug)]
pub(crate) struct Listened<S> {
    stream: S,
    /// Until when; `None` once there was a byte.
    until: Option<Pin<Box<Sleep>>>,
}

impl<A, I, S> Accept<I, S> for FirstWord<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = Listened<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, A::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let (accepting, patience) = (self.inner.accept(stream, service), self.patience);
        let stopping = self.stopping.clone();
        Box::pin(async move {
            let (stream, service) = unless(&stopping, accepting).await?;
            Ok((Listened::new(stream, patience), service))
        })
    }
}

impl<A, S> Accept<TcpStream, S> for FirstByte<A>
where
    A: Accept<TcpStream, S, Stream = TcpStream>,
    A::Future: Send + 'static,
    A::Service: Send,
{
    type Stream = TcpStream;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(TcpStream, A::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let (accepting, patience) = (self.inner.accept(stream, service), self.patience);
        let stopping = self.stopping.clone();
        let first = async move {
            let (stream, service) = accepting.await?;
            // Looked at, and left for who reads it.
            timeout(patience, stream.peek(&mut [0])).await??;
            Ok((stream, service))
        };
        Box::pin(async move { unless(&stopping, first).await })
    }
}

/// Waits for who is to be let in, unless the program ends before.
async fn unless<T>(
    stopping: &CancellationToken,
    accepting: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let aborted = || Err(io::ErrorKind::ConnectionAborted.into());
    stopping.run_until_cancelled(accepting).await.unwrap_or_else(aborted)
}

impl<S> Listened<S> {
    fn new(stream: S, patience: Duration) -> Self {
        Self { stream, until: Some(Box::pin(sleep(patience))) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Listened<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        match (read, &mut self.until) {
            (Poll::Pending, Some(until)) => {
                ready!(until.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            (Poll::Pending, None) => Poll::Pending,
            (read, _) => {
                self.until = None;
                read
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listened<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use axum_server::accept::NoDelayAcceptor;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// None at all: what is not there at once comes too late.
    const PATIENCE: Duration = Duration::ZERO;

    #[tokio::test]
    async fn who_says_nothing_is_let_go() {
        let (_silent, stream) = duplex(64);
        let read = Listened::new(stream, PATIENCE).read_u8().await;
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_says_nothing_unsealed_is_not_even_let_in() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let _silent = TcpStream::connect(address).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let stopping = CancellationToken::new();
        let first = |patience| FirstByte {
            inner: NoDelayAcceptor::new(),
            patience,
            stopping: stopping.clone(),
        };
        let refused = first(PATIENCE).accept(stream, ()).await;
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::TimedOut);

        let mut client = TcpStream::connect(address).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        client.write_u8(7).await.unwrap();
        let (mut stream, ()) = first(Duration::MAX).accept(stream, ()).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), 7);

        let _silent = TcpStream::connect(address).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        stopping.cancel();
        let refused = first(Duration::MAX).accept(stream, ()).await;
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }

    #[tokio::test]
    async fn who_has_said_something_may_be_silent_afterwards() {
        let (mut client, stream) = duplex(64);
        let mut listened = Listened::new(stream, PATIENCE);
        client.write_u8(7).await.unwrap();
        assert_eq!(listened.read_u8().await.unwrap(), 7);
        let again = tokio::time::timeout(PATIENCE, listened.read_u8()).await;
        assert!(again.is_err(), "read {again:?}");
        listened.write_u8(9).await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), 9);
    }
}
