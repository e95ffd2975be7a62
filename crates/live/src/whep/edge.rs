//! The socket, the clock and the thread by which all viewers are served.
//!
//! ```text
//! wait for: a datagram · a frame (whose waker rang) · a viewer's time · a word of Whep
//!   └▶ take it to its session ─▶ drain ─▶ outbox ─▶ socket
//! ```
//!
//! One thread owns every session. A wake-up serves all that are due: those whose
//! stream has a frame, those whose time has come (rounded up to [`TICK`], so that
//! viewers do not wake it one by one). Reading is bounded in each turn, so that
//! who floods the port does not keep frames from others.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use base::StreamId;
use media::Codec;
use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep_until;

use super::End;
use super::bell::{Bell, Ready};
use super::config::WhepConfig;
use super::demux::{Datagram, Routes};
use super::now::Now;
use super::outbox::Outbox;
use super::packets::{self, Cut};
use super::service::Watched;
use super::session::{B_FRAMES, Kind, Out, Session, Way};
use super::taken::Taken;
use super::track::Sink;
use crate::{Hub, Viewer};

/// What viewers' times are rounded up to.
const TICK: Duration = Duration::from_millis(20);

/// How often the thread looks around where nothing happens.
const IDLE: Duration = Duration::from_secs(1);

/// How many times the socket is read in a turn.
const MOST_READS: usize = 32;

/// Buffers of a read, each for as many datagrams as the kernel joins (UDP GRO).
const BUFFERS: usize = 8;
const BUFFER: usize = 65_535;

/// Room in the kernel, for keyframes to many viewers at once.
const SEND_BUFFER: usize = 8 << 20;
const RECEIVE_BUFFER: usize = 1 << 20;

/// What the thread is told.
pub(super) enum Word {
    Open(Box<Opened>),
    Close(u64),
    Stop(oneshot::Sender<()>),
}

/// An answered offer, for the thread.
pub(super) struct Opened {
    pub(super) number: u64,
    /// By which its checks are known.
    pub(super) ufrag: String,
    pub(super) session: Session,
    pub(super) watched: Watched,
    pub(super) ended: oneshot::Sender<End>,
}

/// One viewer as the thread has it.
struct Live {
    session: Session,
    ufrag: String,
    watched: Watched,
    addresses: Vec<SocketAddr>,
    /// From when it is connected on.
    pictures: Option<Viewer>,
    sound: Option<Viewer>,
    bell: Arc<Bell>,
    waker: Waker,
    due: Instant,
    ended: Option<oneshot::Sender<End>>,
}

/// Where we are.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// What the socket is bound to.
    bound: SocketAddr,
    /// The address of a NAT before us.
    public: Option<IpAddr>,
}

/// All viewers, as the thread has them.
pub(super) struct Edge {
    hub: Hub,
    place: Place,
    socket: UdpSocket,
    state: UdpSocketState,
    words: mpsc::UnboundedReceiver<Word>,
    viewers: Arc<AtomicUsize>,
    live: HashMap<u64, Live>,
    routes: Routes,
    due: BTreeSet<(Instant, u64)>,
    ready: Arc<Ready>,
    cut: HashMap<StreamId, Cut>,
    outbox: Outbox,
    buffers: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Word")
    }
}

impl Edge {
    /// Takes the port, and serves it by a thread of its own; returns where.
    pub(super) fn start(
        config: &WhepConfig,
        hub: Hub,
        words: mpsc::UnboundedReceiver<Word>,
        viewers: Arc<AtomicUsize>,
    ) -> io::Result<SocketAddr> {
        let socket = std::net::UdpSocket::bind(config.listen)?;
        socket.set_nonblocking(true)?;
        let bound = socket.local_addr()?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        for set in [
            state.set_send_buffer_size(UdpSockRef::from(&socket), SEND_BUFFER),
            state.set_recv_buffer_size(UdpSockRef::from(&socket), RECEIVE_BUFFER),
        ] {
            if let Err(error) = set {
                tracing::debug!(%error, "the UDP socket of WHEP keeps the system's buffers");
            }
        }
        tracing::info!(%bound, segments = state.max_gso_segments(), "WHEP is served");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let place = Place { bound, public: config.public_address.map(|public| public.ip) };
        let edge = Edge {
            hub,
            place,
            viewers,
            live: HashMap::new(),
            routes: Routes::default(),
            due: BTreeSet::new(),
            ready: Arc::default(),
            cut: HashMap::new(),
            outbox: Outbox::default(),
            buffers: vec![vec![0; BUFFER]; BUFFERS],
            words,
            state,
            socket: {
                let _within = runtime.enter();
                UdpSocket::from_std(socket)?
            },
        };
        std::thread::Builder::new()
            .name("whep".to_owned())
            .spawn(move || runtime.block_on(edge.run()))?;
        Ok(bound)
    }

    async fn run(mut self) {
        let ready = self.ready.clone();
        loop {
            let due = self.due.first().map_or_else(|| Instant::now() + IDLE, |(due, _)| *due);
            tokio::select! {
                // A word ends and begins viewers; it never waits behind a flood.
                biased;
                word = self.words.recv() => match word {
                    Some(Word::Open(opened)) => self.open(*opened),
                    Some(Word::Close(number)) => self.end(number, End::Closed),
                    Some(Word::Stop(done)) => {
                        self.stop();
                        drop(done);
                        return;
                    }
                    // Nobody is left who could open another.
                    None if self.live.is_empty() => return,
                    None => self.stop(),
                },
                () = ready.rung() => {}
                () = sleep_until(due.into()) => {}
                read = self.socket.readable() => if let Err(error) = read {
                    tracing::error!(%error, "the UDP socket of WHEP cannot be waited for");
                    return;
                },
            }
            self.receive();
            self.serve_ready();
            self.serve_due();
            self.outbox.flush((&self.socket, &self.state));
        }
    }

    fn open(&mut self, opened: Opened) {
        let Opened { number, ufrag, session, watched, ended } = opened;
        self.routes.add(ufrag.clone(), number);
        let bell = Bell::new(number, self.ready.clone());
        let (waker, due) = (Waker::from(bell.clone()), Instant::now());
        let live = Live {
            session,
            ufrag,
            watched,
            addresses: Vec::new(),
            pictures: None,
            sound: None,
            bell,
            waker,
            due,
            ended: Some(ended),
        };
        self.live.insert(number, live);
        self.due.insert((due, number));
    }

    /// Takes what has come to the socket, as much as a turn allows.
    fn receive(&mut self) {
        let mut buffers = std::mem::take(&mut self.buffers);
        for _ in 0..MOST_READS {
            let mut metas = [RecvMeta::default(); BUFFERS];
            let read = {
                let mut slices: Vec<IoSliceMut<'_>> =
                    buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
                self.socket.try_io(Interest::READABLE, || {
                    self.state.recv(UdpSockRef::from(&self.socket), &mut slices, &mut metas)
                })
            };
            let Ok(read) = read else { break };
            let now = Instant::now();
            for (meta, buffer) in metas.iter().zip(&buffers).take(read) {
                let whole = &buffer[..meta.len.min(buffer.len())];
                for datagram in whole.chunks(meta.stride.max(1)) {
                    if let Some((number, kind)) = self.whose(meta, datagram) {
                        self.contained(number, |edge| {
                            edge.hear(now, meta, datagram, (number, kind));
                        });
                    }
                }
            }
        }
        self.buffers = buffers;
    }

    /// Returns whose a datagram is, and what it is.
    fn whose(&self, meta: &RecvMeta, bytes: &[u8]) -> Option<(u64, Kind)> {
        match Datagram::read(bytes)? {
            Datagram::Check { ufrag, nominates } => {
                Some((self.routes.named(ufrag)?, Kind::Check { nominates }))
            }
            Datagram::Media => Some((self.routes.at(canonical(meta.addr))?, Kind::Media)),
        }
    }

    /// Does something to one viewer. str0m reads what anybody sends; a panic in it
    /// ends that viewer and nobody else.
    fn contained(&mut self, number: u64, act: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| act(self))).is_err()
            && let Some(live) = self.forget(number)
        {
            // Not asked for a farewell: it is not whole any more.
            ended(number, live, End::Broken("a defect of this program; see its log".to_owned()));
        }
    }

    fn hear(&mut self, now: Instant, meta: &RecvMeta, bytes: &[u8], (number, kind): (u64, Kind)) {
        let source = canonical(meta.addr);
        let Some(live) = self.live.get_mut(&number) else { return };
        let came_to = meta.dst_ip.map_or(self.place.bound.ip(), |ip| ip.to_canonical());
        let destination = SocketAddr::new(came_to, self.place.bound.port());
        if live.session.receive(now, source, destination, bytes, kind) {
            if matches!(kind, Kind::Check { .. }) {
                self.routes.claim(number, &mut live.addresses, source);
            }
            self.drain(number, now);
        }
    }

    /// Serves those whose streams have something.
    fn serve_ready(&mut self) {
        let now = Now::get();
        for number in self.ready.take() {
            self.contained(number, |edge| edge.feed(number, now));
        }
    }

    /// Gives a viewer what its streams have.
    fn feed(&mut self, number: u64, now: Now) {
        let Some(live) = self.live.get_mut(&number) else { return };
        live.bell.heard();
        let mut context = Context::from_waker(&live.waker);
        let mut shown = Taken::default();
        if let Some(viewer) = &mut live.pictures {
            let cut = self.cut.entry(live.watched.pictures).or_default();
            shown.take_all(viewer, &mut context, |frame| {
                if frame.composition_us != 0 {
                    return Err(End::Unsupported(B_FRAMES.to_owned()));
                }
                Ok(cut.payloads(frame))
            });
        }
        let mut heard = Taken::default();
        if let Some(viewer) = &mut live.sound {
            heard.take_all(viewer, &mut context, |frame| match frame.params.codec {
                Codec::Opus => Ok(packets::cut(frame).into()),
                _ => Err(End::Unsupported("sound goes as Opus".to_owned())),
            });
        }
        if heard.over.is_some() {
            // Pictures go on without it.
            live.sound = None;
        }
        for run in shown.runs {
            let Some(live) = self.live.get_mut(&number) else { return };
            if let Some(params) = &run.begins
                && let Err(end) = live.session.begin(params)
            {
                return self.end(number, end);
            }
            live.session.show(&run.frames, run.begins.is_some(), now);
            self.drain(number, now.instant);
        }
        for run in heard.runs {
            let Some(live) = self.live.get_mut(&number) else { return };
            live.session.sound(&run.frames, run.begins.is_some(), now);
            self.drain(number, now.instant);
        }
        if let Some(end) = shown.over {
            self.end(number, end);
        }
    }

    /// Tells the time to those who wanted to know it.
    fn serve_due(&mut self) {
        let now = Instant::now();
        while let Some(&(due, number)) = self.due.first() {
            if due > now {
                break;
            }
            self.due.pop_first();
            self.contained(number, |edge| edge.drain(number, now));
        }
    }

    /// Sends all that a session has, and does what it says of itself.
    fn drain(&mut self, number: u64, now: Instant) {
        let Some(live) = self.live.get_mut(&number) else { return };
        let mut door =
            Door { outbox: &mut self.outbox, out: (&self.socket, &self.state), place: self.place };
        let drained = live.session.drain(now, &mut door);
        let due = rounded(drained.next, now);
        let due = drained.more.map_or(due, |more| due.min(more));
        if due != live.due {
            self.due.remove(&(live.due, number));
        }
        live.due = due;
        self.due.insert((due, number));
        if let Some(end) = drained.over {
            self.end(number, end);
        } else if drained.connected {
            live.pictures = Some(self.hub.subscribe(live.watched.pictures));
            let sound = live.watched.sound.filter(|_| live.session.takes_sound());
            live.sound = sound.map(|stream| self.hub.subscribe(stream));
            // The GOP that the hub keeps is there at once.
            live.bell.wake_by_ref();
        }
    }

    fn end(&mut self, number: u64, end: End) {
        let Some(mut live) = self.forget(number) else { return };
        live.session.close();
        let mut door =
            Door { outbox: &mut self.outbox, out: (&self.socket, &self.state), place: self.place };
        live.session.drain(Instant::now(), &mut door);
        ended(number, live, end);
    }

    /// Removes a viewer from everything here.
    fn forget(&mut self, number: u64) -> Option<Live> {
        let live = self.live.remove(&number)?;
        self.due.remove(&(live.due, number));
        self.routes.remove(number, &live.ufrag, &live.addresses);
        let pictures = live.watched.pictures;
        if !self.live.values().any(|live| live.watched.pictures == pictures) {
            self.cut.remove(&pictures);
        }
        self.viewers.fetch_sub(1, Ordering::Relaxed);
        Some(live)
    }

    fn stop(&mut self) {
        let numbers: Vec<u64> = self.live.keys().copied().collect();
        numbers.into_iter().for_each(|number| self.end(number, End::Over));
        self.outbox.flush((&self.socket, &self.state));
    }
}

/// Tells that a viewer has ended.
fn ended(number: u64, mut live: Live, end: End) {
    tracing::info!(session = number, why = %end, "a viewer by WHEP has ended");
    if let Some(ended) = live.ended.take() {
        // Whoever asked for the end does not wait for it.
        let _ = ended.send(end);
    }
}

/// Rounds a viewer's time up, so that many are served by one wake-up.
fn rounded(due: Instant, now: Instant) -> Instant {
    // From this process's beginning of time, whichever that is.
    static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let origin = *ORIGIN.get_or_init(|| now);
    let due = due.max(now).min(now + Duration::from_secs(3600));
    let over = due.saturating_duration_since(origin).as_nanos() % TICK.as_nanos();
    due + TICK - Duration::from_nanos(over as u64)
}

/// An address of IPv4 as such, also where the socket takes both.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The way out for all sessions.
struct Door<'a> {
    outbox: &'a mut Outbox,
    out: (&'a UdpSocket, &'a UdpSocketState),
    place: Place,
}

/// The same by one way.
struct Lane<'a> {
    outbox: &'a mut Outbox,
    out: (&'a UdpSocket, &'a UdpSocketState),
    to: (SocketAddr, Option<IpAddr>),
}

impl Out for Door<'_> {
    fn by(&mut self, way: Way) -> impl Sink {
        let to = self.place.address(way);
        Lane { outbox: self.outbox, out: self.out, to }
    }
}

impl Sink for Lane<'_> {
    fn put(&mut self, length: usize, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        self.outbox.put(self.out, self.to, length, write);
    }
}

impl Place {
    /// Returns where a packet goes to, and which of our addresses it must come from: the
    /// one that the viewer's own packets came to.
    fn address(self, way: Way) -> (SocketAddr, Option<IpAddr>) {
        let mapped = |ip: IpAddr| match ip {
            IpAddr::V4(ip) if self.bound.is_ipv6() => ip.to_ipv6_mapped().into(),
            ip => ip,
        };
        let to = SocketAddr::new(mapped(way.destination.ip()), way.destination.port());
        let from = way.source.ip();
        // That of a NAT before us is not ours to send from.
        let is_ours = self.bound.ip().is_unspecified() && self.public != Some(from);
        (to, is_ours.then(|| mapped(from)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rounded_up_to_the_next_tick_however_long_the_program_runs() {
        let origin = Instant::now();
        let first = rounded(origin, origin);
        for days in [0, 1, 2_000] {
            let now = origin + Duration::from_secs(days * 86_400);
            let due = now + Duration::from_micros(31_000);
            let rounded = rounded(due, now);
            assert!(rounded > due && rounded <= due + TICK, "after {days} days");
            let apart = rounded.duration_since(first).as_nanos();
            assert_eq!(apart % TICK.as_nanos(), 0);
        }
    }
}
