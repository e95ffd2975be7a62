//! One client's connection, from accept to close.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::BytesMut;
use tokio_util::sync::CancellationToken;

use super::auth::{Challenge, Credentials};
use super::message::{self, Input, Request, Response};
use super::outlet::{Outlet, WriteError};
use super::session::{self, Agreed, Answer, Chosen, Directory, Session};
use super::udp::{Destination, Sockets};
use super::wire::Wire;
use crate::camera::{Delivery, Ended, Media, Record, Start, TrackDelivery, lock};
use crate::fault::Fault;
use crate::pacer::Clock;
use crate::sei::hex;
use crate::stream::Way;

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
    /// Where RTP over UDP comes from, if some camera speaks it.
    pub(crate) udp: Option<Arc<Sockets>>,
    /// The server's clock.
    pub(crate) clock: Clock,
    /// What viewers were sent, in the order in which they came.
    pub(crate) records: Mutex<VecDeque<Record>>,
    /// The number of the last viewer.
    pub(crate) viewers: AtomicU64,
}

/// How many viewers are remembered; of those who watch, all.
const REMEMBERED: usize = 10_000;
/// How long it takes a camera that drips to say one more byte, or one whose answer
/// never ends one more header.
const DRIP: Duration = Duration::from_secs(1);

impl Shared {
    /// Begins to keep what a viewer is sent.
    fn remember(&self, record: &Record) {
        let mut records = lock(&self.records);
        if records.len() >= REMEMBERED
            && let Some(gone) = records.iter().position(|record| lock(record).ended.is_some())
        {
            records.remove(gone);
        }
        records.push_back(Arc::clone(record));
    }
}

/// One client.
struct Connection {
    shared: Arc<Shared>,
    wire: Arc<Wire>,
    peer: SocketAddr,
    local: SocketAddr,
    outlet: Arc<Mutex<Outlet>>,
    session: Session,
    playing: Option<Playing>,
}

/// What a client watches.
struct Playing {
    media: Arc<Media>,
    viewer: u64,
    record: Record,
}

/// What happens after a request.
enum Step {
    /// The next one.
    On,
    /// The end.
    End(Ended),
    /// These bytes, one by one.
    Drip(Vec<u8>),
    /// These, and headers without end.
    Endless(Vec<u8>),
}

/// Serves a client until either side ends it.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    wire: Wire,
    (peer, local): (SocketAddr, SocketAddr),
    closing: CancellationToken,
) {
    let mut connection = match Connection::new(shared, wire, (peer, local), closing.clone()) {
        Ok(connection) => connection,
        Err(error) => {
            tracing::debug!(%peer, %error, "connection lost at once");
            return;
        }
    };
    let ended = tokio::select! {
        ended = connection.run() => ended,
        // Whoever lets a viewer go has noted why; else the server ends.
        () = closing.cancelled() => Ended::Shutdown,
    };
    if let Some(Playing { media, viewer, record }) = connection.playing.take() {
        media.streams().for_each(|stream| stream.leave(viewer));
        lock(&record).end(ended);
    }
}

impl Connection {
    fn new(
        shared: Arc<Shared>,
        wire: Wire,
        (peer, local): (SocketAddr, SocketAddr),
        closing: CancellationToken,
    ) -> io::Result<Self> {
        if let Wire::Tcp(stream) = &wire {
            // A frame is one write; nothing is gained by waiting for more.
            stream.set_nodelay(true)?;
        }
        let mut entropy = [0; 32];
        getrandom::fill(&mut entropy).map_err(|error| io::Error::other(error.to_string()))?;
        let (nonce, id) = entropy.split_at(16);
        let challenge = shared.credentials.clone().map(|credentials| {
            Challenge::new(credentials, std::array::from_fn(|index| nonce[index]))
        });
        // Packets in the clear beside a connection that is encrypted would be no secret.
        let udp_port = shared.udp.as_ref().filter(|_| !wire.is_secure()).map(|udp| udp.port());
        let wire = Arc::new(wire);
        let outlet = Outlet::new(Arc::clone(&wire), shared.backlog_bytes, closing);
        Ok(Self {
            session: Session::new(challenge, hex(&id[..8]), shared.session_timeout, udp_port),
            shared,
            wire,
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
                let step = match message::take(&mut received) {
                    Ok(None) => break,
                    // A receiver report needs no answer; that it came is a sign of life.
                    Ok(Some(Input::Packet { .. })) => continue,
                    Ok(Some(Input::Request(request))) => self.take(&request),
                    Err(error) => {
                        tracing::debug!(peer = %self.peer, %error, "client let go");
                        let _ = lock(&self.outlet).push(&Response::new(400).bytes(None));
                        return Ended::Malformed;
                    }
                };
                match step {
                    Ok(Step::On) => {}
                    Ok(Step::End(ended)) => return ended,
                    Ok(Step::Drip(bytes)) => {
                        if let Err(ended) = self.drip(&bytes).await {
                            return ended;
                        }
                    }
                    Ok(Step::Endless(bytes)) => return self.talk_without_end(bytes).await,
                    Err(WriteError::TooSlow) => return Ended::TooSlow,
                    Err(WriteError::Fault) => return Ended::Fault,
                    // A client that hung up may have said goodbye before: read on.
                    Err(WriteError::Io(_)) => {}
                }
            }
            let reading = self.wire.read(&mut received);
            match tokio::time::timeout(self.shared.session_timeout, reading).await {
                Err(_) => return Ended::TimedOut,
                Ok(Ok(0) | Err(_)) => return Ended::Closed,
                Ok(Ok(_)) => {}
            }
        }
    }

    /// Takes a request as the camera that it is about does at the moment.
    fn take(&mut self, request: &Request) -> Result<Step, WriteError> {
        let media = self.session.about(request, &self.shared.directory);
        let fault = media.map_or(Fault::None, |media| media.pictures.fault());
        // Who tears down gets no answer, and is gone all the same.
        let leaves = request.method == "TEARDOWN";
        match fault {
            Fault::Hang if !leaves => Ok(Step::On),
            Fault::Drop => Ok(Step::End(Ended::Fault)),
            // An answer in the midst of a packet would be part of it.
            Fault::Drip if self.playing.is_some() && !leaves => Ok(Step::On),
            Fault::EndlessConnect if request.method == "DESCRIBE" => {
                let cseq = request.header("cseq").unwrap_or_default();
                let begin = format!("RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\n");
                Ok(Step::Endless(begin.into_bytes()))
            }
            _ => self.answer(request, fault),
        }
    }

    /// Answers a request.
    fn answer(&mut self, request: &Request, fault: Fault) -> Result<Step, WriteError> {
        let cseq = request.header("cseq");
        match self.session.answer(request, &self.shared.directory, self.local.ip()) {
            Answer::Say(response) if fault == Fault::Drip => Ok(Step::Drip(response.bytes(cseq))),
            Answer::Say(response) => {
                lock(&self.outlet).push(&response.bytes(cseq))?;
                Ok(Step::On)
            }
            Answer::Leave(response) => {
                // It leaves, whether it waits for the answer or not.
                let _ = lock(&self.outlet).push(&response.bytes(cseq));
                let torn_down = response.status == 200;
                Ok(Step::End(if torn_down { Ended::TornDown } else { Ended::Malformed }))
            }
            Answer::Play { media, tracks, response, url } => {
                let url = (fault != Fault::NoRtpInfo).then_some(url.as_str());
                self.play(media, &tracks, response, url, cseq)?;
                Ok(Step::On)
            }
        }
    }

    /// Has the client watch. The answer to its `PLAY` goes out before the first
    /// frame can.
    fn play(
        &mut self,
        media: Arc<Media>,
        tracks: &[Chosen],
        response: Response,
        url: Option<&str>,
        cseq: Option<&str>,
    ) -> Result<(), WriteError> {
        let viewer = self.shared.viewers.fetch_add(1, Ordering::Relaxed) + 1;
        let mut delivery = Delivery {
            viewer,
            path: media.path.clone(),
            peer: self.peer,
            counters: None,
            frames: 0,
            pictures: TrackDelivery::default(),
            sound: media.sound.as_ref().map(|_| TrackDelivery::default()),
            ended: None,
        };
        for chosen in tracks {
            if let Some(track) = delivery.track(chosen.track) {
                track.setup = true;
            }
        }
        let record = Arc::new(Mutex::new(delivery));
        let (now, start) = (self.shared.clock.now(), self.shared.start);
        // In the order of tracks, here and everywhere: who holds one seat never
        // waits for one before it.
        let seats: Vec<_> = media
            .streams()
            .filter_map(|stream| {
                let chosen = tracks.iter().find(|chosen| chosen.track == stream.track)?;
                Some((chosen, stream.enter(now, start)))
            })
            .collect();
        let response = match url {
            Some(url) => {
                let each = seats.iter().map(|(chosen, seat)| (chosen.track, seat.beginning));
                session::with_beginnings(response, url, each)
            }
            None => response,
        };
        lock(&self.outlet).push(&response.bytes(cseq))?;
        self.shared.remember(&record);
        for (chosen, seat) in seats {
            let way = match (chosen.way, &self.shared.udp) {
                (Agreed::Udp { rtp, rtcp }, Some(sockets)) => {
                    Way::Udp(Destination::new(sockets, self.peer.ip(), (rtp, rtcp)))
                }
                (Agreed::Interleaved(channel), _) => Way::Interleaved(channel),
                // Nobody agrees to UDP without sockets.
                (Agreed::Udp { .. }, None) => continue,
            };
            seat.take(viewer, &self.outlet, way, &record);
        }
        self.playing = Some(Playing { media, viewer, record });
        Ok(())
    }

    /// Says `bytes`, one a second.
    async fn drip(&self, bytes: &[u8]) -> Result<(), Ended> {
        for byte in bytes {
            lock(&self.outlet).push(&[*byte]).map_err(|_| Ended::Closed)?;
            tokio::time::sleep(DRIP).await;
        }
        Ok(())
    }

    /// Says headers, one a second, until the client has enough of it.
    async fn talk_without_end(&self, mut bytes: Vec<u8>) -> Ended {
        for number in 1_u64.. {
            if lock(&self.outlet).push(&bytes).is_err() {
                break;
            }
            bytes = format!("X-Wait: {number}\r\n").into_bytes();
            tokio::time::sleep(DRIP).await;
        }
        Ended::Closed
    }
}
