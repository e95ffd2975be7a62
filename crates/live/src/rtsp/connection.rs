//! One client's connection, from its first byte to its last. The one file of
//! this folder with a clock and something to read and write.
//!
//! ```text
//!            ┌ requests ──▶ session ──▶ responses ─┐
//! client ◀──▶│                                     ├─▶ out: nothing is taken from the hub
//!            └ Viewer each track ──▶ packets ─┘        while something waits in it
//! ```
//!
//! One task owns a connection. While the client takes nothing, nothing is taken
//! from the hub: it loses frames to the next keyframe, and nobody else notices.
//! One that takes nothing for long is let go. What opened the stream is looked
//! at every few seconds; once it holds no more, the connection ends.

use std::future::poll_fn;
use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use media::Params;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::Place;
use super::digest::{Claim, Verdict};
use super::gate::{Gate, Opening, Refusal, Unavailable};
use super::message::{self, Input, Malformed, Request, Response};
use super::rtp::{self, Packetizer};
use super::session::{Heard, Session, TIMEOUT};
use crate::{Hub, Tapped, Viewer};

/// How patient a server is.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a client may take nothing.
    pub stuck: Duration,
    /// How often what opened a stream is looked at.
    pub look: Duration,
    /// How long a client may take until something is described to it.
    pub introduction: Duration,
}

/// How often a client is told which wall time a timestamp is.
const REPORT: Duration = Duration::from_secs(5);

/// How long a stream is waited for that gives nothing.
const PICTURE: Duration = Duration::from_secs(8);

/// How long sound is waited for once there are pictures.
const SOUND: Duration = Duration::from_secs(2);

/// How many bytes of responses may wait for a client that asks and does not read.
const MOST_WAITING: usize = 64 << 10;

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// The client said so, or hung up.
    Left,
    /// It took nothing for long.
    TooSlow,
    /// It said nothing for long.
    Silent,
    /// It sent what is no request.
    Malformed(Malformed),
    /// What it was opened with holds no more.
    Revoked,
    /// The stream is no more, or has become another.
    Closed,
    /// The server stops.
    Stopping,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { stuck: seconds(20), look: seconds(2), introduction: seconds(30) }
    }
}

struct Connection<'a, G: Gate> {
    limits: Limits,
    hub: &'a Hub,
    gate: &'a G,
    from: IpAddr,
    session: Session,
    received: BytesMut,
    out: BytesMut,
    opening: Option<Opening>,
    playing: Vec<Track>,
    /// The gate's, while something plays.
    watching: Option<G::Watching>,
    began: Instant,
    /// When it last said something.
    heard: Instant,
    /// When it last took something, or since when there is something that it
    /// could take.
    took: Instant,
    /// Whether a part of what was written may wait within TLS.
    unflushed: bool,
}

struct Track {
    viewer: Viewer,
    packetizer: Packetizer,
    /// When a report was sent last.
    reported: Option<Instant>,
}

/// Serves a client until either side ends it.
pub async fn serve<S: AsyncRead + AsyncWrite, G: Gate>(
    stream: S,
    from: IpAddr,
    hub: &Hub,
    gate: &G,
    limits: Limits,
    stopping: &CancellationToken,
) {
    let mut entropy = [0; 44];
    aws_lc_rs::rand::fill(&mut entropy).expect("the system has randomness");
    let now = Instant::now();
    let mut connection = Connection {
        limits,
        hub,
        gate,
        from,
        session: Session::new(entropy, now),
        received: BytesMut::new(),
        out: BytesMut::new(),
        opening: None,
        playing: Vec::new(),
        watching: None,
        began: now,
        heard: now,
        took: now,
        unflushed: false,
    };
    let ended = connection.run(stream, stopping).await;
    match &connection.opening {
        Some(Opening { name, user, place, .. }) => {
            tracing::info!(user, secret = name, %place, %from, ?ended, "RTSP ended");
        }
        None => tracing::debug!(%from, ?ended, "an RTSP connection ended"),
    }
}

impl<G: Gate> Connection<'_, G> {
    async fn run(
        &mut self,
        stream: impl AsyncRead + AsyncWrite,
        stopping: &CancellationToken,
    ) -> Ended {
        let (reader, writer) = tokio::io::split(stream);
        let (mut reader, mut writer) = (std::pin::pin!(reader), std::pin::pin!(writer));
        let mut tick = interval(self.limits.look);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let (asked, waited) = (Instant::now(), self.waits());
            let ended = tokio::select! {
                biased;
                () = stopping.cancelled() => return Ended::Stopping,
                ended = self.hear() => ended,
            };
            // An answer may take longer than a client's patience is tried. What is
            // not offered cannot be taken, and while it is made nothing is offered.
            self.took = if waited { self.took + asked.elapsed() } else { Instant::now() };
            if let Some(ended) = ended {
                // What was said last is worth a moment, and no more.
                let last = async {
                    writer.write_all_buf(&mut self.out).await?;
                    writer.shutdown().await
                };
                let _ = timeout(self.limits.look, last).await;
                return ended;
            }
            let (has_out, may_read) = (!self.out.is_empty(), self.out.len() < MOST_WAITING);
            let is_playing = !self.playing.is_empty();
            tokio::select! {
                // What ends a right comes first, however much a client says.
                biased;
                () = stopping.cancelled() => return Ended::Stopping,
                _ = tick.tick() => if let Some(ended) = self.look().await {
                    return ended;
                },
                sent = send(&mut writer, &mut self.out), if has_out || self.unflushed => {
                    if sent.is_err() {
                        return Ended::Left;
                    }
                    (self.took, self.unflushed) = (Instant::now(), has_out);
                }
                read = reader.read_buf(&mut self.received), if may_read => match read {
                    Ok(0) | Err(_) => return Ended::Left,
                    Ok(_) => self.heard = Instant::now(),
                },
                (track, tapped) = next(&mut self.playing), if is_playing && !has_out => {
                    if !self.unflushed {
                        self.took = Instant::now();
                    }
                    if let Some(ended) = self.pass_on(track, tapped) {
                        return ended;
                    }
                }
            }
        }
    }

    /// Answers the requests that are whole; returns why the connection ends, if
    /// it does.
    async fn hear(&mut self) -> Option<Ended> {
        while self.out.len() < MOST_WAITING {
            let request = match message::take(&mut self.received) {
                Ok(None) => return None,
                Ok(Some(Input::Other)) => continue,
                Ok(Some(Input::Request(request))) => request,
                Err(malformed) => {
                    let status = if malformed == Malformed::Version { 505 } else { 400 };
                    Response::new(status).put(&mut self.out, None);
                    return Some(Ended::Malformed(malformed));
                }
            };
            if let Some(ended) = self.answer(&request).await {
                return Some(ended);
            }
        }
        None
    }

    async fn answer(&mut self, request: &Request) -> Option<Ended> {
        let mut heard = self.session.hear(request, Instant::now());
        if let Heard::Prove(claim) = heard {
            heard = self.prove(request, &claim).await;
        }
        if let Heard::Find(name, place) = heard {
            let tracks = self.find(&name, place).await;
            heard = Heard::Say(self.session.found(request, &name, place, tracks));
        }
        let cseq = Some(request.cseq);
        match heard {
            Heard::Say(response) => response.put(&mut self.out, cseq),
            Heard::Leave(response) => {
                response.put(&mut self.out, cseq);
                return Some(Ended::Left);
            }
            Heard::Pause(response) => {
                self.playing.clear();
                self.watching = None;
                response.put(&mut self.out, cseq);
            }
            Heard::Play(response, packetizers) => {
                if self.begin(packetizers).await.is_none() {
                    self.session.stopped();
                    Response::new(404).put(&mut self.out, cseq);
                    return Some(Ended::Revoked);
                }
                response.put(&mut self.out, cseq);
            }
            // Both were gone on with above.
            Heard::Prove(_) | Heard::Find(..) => {}
        }
        None
    }

    /// Looks a name up and judges its answer.
    async fn prove(&mut self, request: &Request, claim: &Claim) -> Heard {
        let (name, from) = (claim.name(), self.from);
        let known = match self.gate.password(name, from).await {
            Ok(known) => known,
            Err(Refusal::Wait(wait)) => return wait_for(wait),
            Err(Refusal::Unavailable) => {
                return Heard::Say(Response::new(503).with("Retry-After", "5"));
            }
        };
        let now = Instant::now();
        let verdict = self.session.judge(request, claim, &known, now);
        let counted = match verdict {
            Verdict::Right | Verdict::Stale => self.gate.judged(name, from, true),
            // Whoever knows a password of 144 bits was told it. A recorder that was
            // not told that it is over must not take the others at its address along.
            Verdict::Lapsed => {
                tracing::info!(secret = name, %from, "a stream secret that holds no more");
                Ok(())
            }
            Verdict::Wrong => {
                tracing::warn!(%from, "a wrong answer over RTSP");
                self.gate.judged(name, from, false)
            }
        };
        match counted {
            Ok(()) => self.session.proven(request, claim, verdict, now),
            Err(wait) => wait_for(wait),
        }
    }

    /// Looks for a place and waits for the parameters of its tracks; none of them
    /// may be known now.
    async fn find(&mut self, name: &str, place: Place) -> Option<Vec<Params>> {
        let opening = match self.gate.open(name, place, self.from).await {
            Ok(opening) => opening?,
            // To be asked for again, where a place that is not there would be given up.
            Err(Unavailable) => return Some(Vec::new()),
        };
        let picture = params(self.hub.subscribe(opening.picture), PICTURE).await;
        let mut tracks: Vec<Params> = picture.into_iter().collect();
        if let Some(sound) = opening.sound.filter(|_| !tracks.is_empty()) {
            tracks.extend(params(self.hub.subscribe(sound), SOUND).await);
        }
        // What was described before is so still if this cannot be.
        if !tracks.is_empty() {
            self.opening = Some(opening);
        }
        Some(tracks)
    }

    async fn begin(&mut self, packetizers: Vec<(usize, Packetizer)>) -> Option<()> {
        let opening = self.opening.as_ref()?;
        if !self.gate.holds(opening).await {
            return None;
        }
        self.watching = Some(self.gate.begun(opening, self.from).await?);
        let Opening { name, user, place, picture, sound } = opening;
        tracing::info!(user, secret = name, %place, from = %self.from, "RTSP opened");
        for (number, packetizer) in packetizers {
            let stream = if number == 0 { *picture } else { (*sound)? };
            let viewer = self.hub.subscribe(stream);
            self.playing.push(Track { viewer, packetizer, reported: None });
        }
        Some(())
    }

    /// Puts a frame into what is sent.
    fn pass_on(&mut self, track: usize, tapped: Tapped) -> Option<Ended> {
        let track = self.playing.get_mut(track)?;
        match tapped {
            Tapped::Frame(frame) => {
                track.packetizer.put(&frame, &mut self.out);
                if track.reported.is_none_or(|reported| reported.elapsed() >= REPORT) {
                    track.reported = Some(Instant::now());
                    track.packetizer.put_report(&mut self.out);
                }
            }
            // A description that has become wrong: the client asks anew.
            Tapped::Begin(params) if !track.packetizer.takes(&params) => {
                return Some(Ended::Closed);
            }
            Tapped::Closed => return Some(Ended::Closed),
            Tapped::Begin(_) | Tapped::State(_) | Tapped::Dropped { .. } => {}
        }
        None
    }

    /// Looks whether it may go on.
    async fn look(&mut self) -> Option<Ended> {
        if self.waits() && self.took.elapsed() >= self.limits.stuck {
            return Some(Ended::TooSlow);
        }
        if self.playing.is_empty() {
            let is_new = self.opening.is_none() && self.began.elapsed() >= self.limits.introduction;
            return (is_new || self.heard.elapsed() >= TIMEOUT).then_some(Ended::Silent);
        }
        let opening = self.opening.as_ref()?;
        (!self.gate.holds(opening).await).then_some(Ended::Revoked)
    }

    /// Returns whether the client could take something.
    fn waits(&self) -> bool {
        !self.out.is_empty() || self.unflushed
    }
}

fn wait_for(wait: Duration) -> Heard {
    let after = wait.as_secs().max(1).to_string();
    Heard::Leave(Response::new(403).with("Retry-After", after))
}

/// Sends a part of what waits; with nothing left, what waits within TLS. May be
/// dropped; what was not sent waits still.
async fn send(writer: &mut (impl AsyncWrite + Unpin), out: &mut BytesMut) -> std::io::Result<()> {
    if out.is_empty() {
        return writer.flush().await;
    }
    match writer.write_buf(out).await? {
        0 => Err(std::io::ErrorKind::WriteZero.into()),
        _ => Ok(()),
    }
}

/// Waits for what is next on any track. May be dropped; nothing is lost.
async fn next(tracks: &mut [Track]) -> (usize, Tapped) {
    poll_fn(|context| poll_next(tracks, context)).await
}

fn poll_next(tracks: &mut [Track], context: &mut Context<'_>) -> Poll<(usize, Tapped)> {
    // Sound first: it is little, and pictures would starve it.
    for (number, track) in tracks.iter_mut().enumerate().rev() {
        if let Poll::Ready(tapped) = track.viewer.poll_tapped(context) {
            return Poll::Ready((number, tapped));
        }
    }
    Poll::Pending
}

/// Waits for the parameters of a stream, of a codec that goes this way.
async fn params(mut viewer: Viewer, patience: Duration) -> Option<Params> {
    let begun = async {
        loop {
            match viewer.next_tapped().await {
                Tapped::Begin(params) => return Some(params),
                Tapped::Closed => return None,
                _ => {}
            }
        }
    };
    let params = timeout(patience, begun).await.ok()??;
    rtp::format(&params).map(|_| params.as_ref().clone())
}
