//! One client's connection, from accept to close.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::BytesMut;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::auth::{Challenge, Credentials};
use super::message::{self, Input, Response};
use super::outlet::{Outlet, WriteError};
use super::session::{self, Answer, Directory, Session};
use crate::camera::{Delivery, Ended, Start, Stream, lock};
use crate::pacer::Clock;
use crate::sei::hex;

/// What all connections of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// What there is to see.
    pub(crate) directory: Directory,
    /// Who may see it; everybody if there is none.
    pub(crate) credentials: Option<Credentials>,
    /// Where viewers start.
    pub(crate) start: Start,
    /// How long a client may say nothing.
    pub(crate) session_timeout: Duration,
    /// How many bytes may wait for a client.
    pub(crate) backlog_bytes: usize,
    /// The server's clock.
    pub(crate) clock: Clock,
    /// What viewers were sent that are gone.
    pub(crate) past: Mutex<Vec<Delivery>>,
    /// The number of the last viewer.
    pub(crate) viewers: AtomicU64,
}

/// How many viewers that are gone are remembered.
const REMEMBERED: usize = 10_000;

impl Shared {
    /// Keeps what a viewer was sent that is gone.
    pub(crate) fn remember(&self, delivery: Delivery) {
        let mut past = lock(&self.past);
        if past.len() == REMEMBERED {
            past.remove(0);
        }
        past.push(delivery);
    }
}

/// One client.
struct Connection {
    shared: Arc<Shared>,
    stream: Arc<TcpStream>,
    peer: SocketAddr,
    local: SocketAddr,
    outlet: Arc<Mutex<Outlet>>,
    session: Session,
    playing: Option<(Arc<Stream>, u64)>,
}

/// Serves a client until either side ends it.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: SocketAddr,
    closing: CancellationToken,
) {
    let mut connection = match Connection::new(shared, stream, peer, closing.clone()) {
        Ok(connection) => connection,
        Err(error) => {
            tracing::debug!(%peer, %error, "connection lost at once");
            return;
        }
    };
    let ended = tokio::select! {
        ended = connection.run() => ended,
        // The pacer remembers itself whom it lets go; else the server ends.
        () = closing.cancelled() => Ended::Shutdown,
    };
    if let Some((stream, viewer)) = connection.playing.take() {
        stream.leave(viewer, ended, |delivery| connection.shared.remember(delivery));
    }
}

impl Connection {
    fn new(
        shared: Arc<Shared>,
        stream: TcpStream,
        peer: SocketAddr,
        closing: CancellationToken,
    ) -> io::Result<Self> {
        // A frame is one write; nothing is gained by waiting for more.
        stream.set_nodelay(true)?;
        let local = stream.local_addr()?;
        let mut entropy = [0; 32];
        getrandom::fill(&mut entropy).map_err(|error| io::Error::other(error.to_string()))?;
        let (nonce, id) = entropy.split_at(16);
        let challenge = shared.credentials.clone().map(|credentials| {
            Challenge::new(credentials, std::array::from_fn(|index| nonce[index]))
        });
        let stream = Arc::new(stream);
        let outlet = Outlet::new(Arc::clone(&stream), shared.backlog_bytes, closing);
        Ok(Self {
            session: Session::new(challenge, hex(&id[..8]), shared.session_timeout),
            shared,
            stream,
            peer,
            local,
            outlet: Arc::new(Mutex::new(outlet)),
            playing: None,
        })
    }

    async fn run(&mut self) -> Ended {
        let mut received = BytesMut::with_capacity(2048);
        loop {
            loop {
                match message::take(&mut received) {
                    Ok(None) => break,
                    // A receiver report needs no answer; that it came is a sign of life.
                    Ok(Some(Input::Packet { .. })) => {}
                    Ok(Some(Input::Request(request))) => match self.answer(&request) {
                        Ok(None) => {}
                        Ok(Some(ended)) => return ended,
                        Err(WriteError::TooSlow) => return Ended::TooSlow,
                        // A client that hung up may have said goodbye before: read on.
                        Err(WriteError::Io(_)) => {}
                    },
                    Err(error) => {
                        tracing::debug!(peer = %self.peer, %error, "client let go");
                        let _ = lock(&self.outlet).push(&Response::new(400).bytes(None));
                        return Ended::Malformed;
                    }
                }
            }
            let reading = self.read(&mut received);
            match tokio::time::timeout(self.shared.session_timeout, reading).await {
                Err(_) => return Ended::TimedOut,
                Ok(Ok(0) | Err(_)) => return Ended::Closed,
                Ok(Ok(_)) => {}
            }
        }
    }

    async fn read(&self, received: &mut BytesMut) -> io::Result<usize> {
        loop {
            self.stream.readable().await?;
            received.reserve(2048);
            match self.stream.try_read_buf(received) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }

    /// Answers a request; returns why the connection ends, if it does.
    fn answer(&mut self, request: &message::Request) -> Result<Option<Ended>, WriteError> {
        let cseq = request.header("cseq");
        match self.session.answer(request, &self.shared.directory, self.local.ip()) {
            Answer::Say(response) => {
                lock(&self.outlet).push(&response.bytes(cseq))?;
                Ok(None)
            }
            Answer::Leave(response) => {
                // It leaves, whether it waits for the answer or not.
                let _ = lock(&self.outlet).push(&response.bytes(cseq));
                Ok(Some(if response.status == 200 { Ended::TornDown } else { Ended::Malformed }))
            }
            Answer::Play { stream, channel, response, track_url } => {
                let viewer = self.shared.viewers.fetch_add(1, Ordering::Relaxed) + 1;
                let delivery = Delivery {
                    viewer,
                    path: stream.path.clone(),
                    peer: self.peer,
                    counters: None,
                    frames: 0,
                    ended: None,
                };
                let greet = |beginning| {
                    let response = session::with_beginning(response, &track_url, beginning);
                    lock(&self.outlet).push(&response.bytes(cseq))
                };
                let (now, start) = (self.shared.clock.now(), self.shared.start);
                stream.join(now, start, &self.outlet, channel, delivery, greet)?;
                self.playing = Some((stream, viewer));
                Ok(None)
            }
        }
    }
}
