//! Cameras, their streams, and who is watching them.
//!
//! ```text
//! Camera cam1 ─┬─ Stream cam1/main ── position ──▶ viewers, each from its own start
//!              └─ Stream cam1/sub
//! ```
//!
//! A stream is live: where it stands depends on the time alone, and a viewer
//! joins in the middle. What each viewer was sent is kept as a [`Delivery`], so
//! that a test can hold a recording against it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::agenda::Alarm;
use crate::clip::Clip;
use crate::packet::{Burst, Identity, Reel};
use crate::rtsp::outlet::{Outlet, WriteError};
use crate::sei;

/// What a camera shows, and under which name.
#[derive(Clone, Debug)]
pub struct CameraConfig {
    /// The first part of its paths: `cam1` serves `cam1/main` and `cam1/sub`.
    pub name: String,
    /// What its main stream shows.
    pub main: Arc<Clip>,
    /// What its sub-stream shows.
    pub sub: Arc<Clip>,
    /// How far into the clips it is when the server starts, so that cameras
    /// that share a clip do not show the same moment.
    pub phase: Duration,
}

/// Which stream of a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamRole {
    /// The full picture.
    Main,
    /// The small one.
    Sub,
}

/// Where a viewer's first frame stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At the next keyframe: the viewer waits for a picture, at most a GOP.
    #[default]
    NextKeyframe,
    /// At the next frame, as cameras do that leave it to the viewer to wait.
    Anywhere,
}

/// What one viewer was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The viewer's number, counted from 1 over the whole server.
    pub viewer: u64,
    /// The stream's path: `cam1/main`.
    pub path: String,
    /// The viewer's address.
    pub peer: SocketAddr,
    /// The counters of the first and the last frame sent, once there is one.
    /// "Sent" is: given to the socket, or to its bounded backlog.
    pub counters: Option<(u64, u64)>,
    /// How many frames were sent. All from the first to the last, unless the
    /// whole process stood still for longer than a viewer would wait.
    pub frames: u64,
    /// Why no more are sent.
    pub ended: Option<Ended>,
}

/// Why a viewer is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It asked to end the session.
    TornDown,
    /// It closed the connection.
    Closed,
    /// It did not read fast enough.
    TooSlow,
    /// It said nothing for longer than a session lasts.
    TimedOut,
    /// It sent something that is no RTSP.
    Malformed,
    /// The server was shut down.
    Shutdown,
}

/// One stream of one camera.
#[derive(Debug)]
pub(crate) struct Stream {
    /// `cam1/main`
    pub(crate) path: String,
    /// What it shows.
    pub(crate) reel: Arc<Reel>,
    phase_90k: u64,
    identity: Identity,
    audience: Mutex<Audience>,
    /// Set under the lock of `audience`.
    alarm: Alarm,
}

#[derive(Debug, Default)]
struct Audience {
    /// The counter of the next access unit to send.
    next: u64,
    viewers: Vec<Viewer>,
}

#[derive(Debug)]
struct Viewer {
    outlet: Arc<Mutex<Outlet>>,
    channel: u8,
    /// The counter of its first frame.
    from: u64,
    delivery: Delivery,
    /// Its socket takes nothing any more. Its connection reads what the client
    /// said last, and then has it leave with the reason.
    lost: bool,
    packets: u32,
    payload_bytes: u32,
    next_report_us: u64,
}

/// A moment as the server sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Microseconds since the server started; never goes back.
    pub(crate) elapsed_us: u64,
    /// The wall time at which it started.
    pub(crate) started_wall_us: i64,
}

/// Where a new viewer begins, as the `RTP-Info` header says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beginning {
    /// The first packet's sequence number.
    pub(crate) sequence: u16,
    /// The first packet's RTP time.
    pub(crate) rtp_time: u32,
}

/// How often a viewer gets a sender report.
const REPORT_EVERY_US: u64 = 5_000_000;
/// What was due longer ago than this is left out: the process stood still, and
/// a camera does not make up for its absence.
const MAX_LAG_90K: u64 = 5 * 90_000;

impl CameraConfig {
    /// Returns a camera that starts at the beginning of its clips.
    pub fn new(name: impl Into<String>, main: Arc<Clip>, sub: Arc<Clip>) -> Self {
        Self { name: name.into(), main, sub, phase: Duration::ZERO }
    }
}

impl StreamRole {
    /// Returns the last part of the stream's path.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Sub => "sub",
        }
    }
}

impl Now {
    fn elapsed_90k(self) -> u64 {
        self.elapsed_us * 9 / 100
    }

    fn wall_us(self) -> i64 {
        self.started_wall_us + self.elapsed_us as i64
    }
}

impl Stream {
    /// Returns a stream that shows `reel` from `phase` on, and sets `alarm` to
    /// when it has something to send.
    pub(crate) fn new(path: String, reel: Arc<Reel>, phase: Duration, alarm: Alarm) -> Self {
        let source = sei::source(&path);
        // Numbers start somewhere (RFC 3550 §5.1), and at the same place in
        // every run, so that a failure can be run again.
        let identity = Identity {
            ssrc: source,
            first_sequence: (source >> 16) as u16,
            first_time: source.rotate_left(11),
        };
        let phase_90k = (phase.as_micros() * 9 / 100) as u64;
        Self { path, reel, phase_90k, identity, audience: Mutex::default(), alarm }
    }

    /// Adds a viewer. `greet` answers its `PLAY` before the first frame can come.
    pub(crate) fn join(
        &self,
        now: Now,
        start: Start,
        outlet: &Arc<Mutex<Outlet>>,
        channel: u8,
        delivery: Delivery,
        greet: impl FnOnce(Beginning) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let mut audience = self.audience();
        self.catch_up(&mut audience, now);
        let from = match start {
            Start::NextKeyframe => self.reel.next_key(audience.next),
            Start::Anywhere => audience.next,
        };
        greet(Beginning {
            sequence: self.reel.sequence(from, &self.identity),
            rtp_time: self.reel.rtp_time(from, &self.identity),
        })?;
        audience.viewers.push(Viewer {
            outlet: Arc::clone(outlet),
            channel,
            from,
            delivery,
            lost: false,
            packets: 0,
            payload_bytes: 0,
            next_report_us: 0,
        });
        self.alarm.set(0);
        Ok(())
    }

    /// Removes a viewer, unless it is gone already. What it was sent goes to
    /// `on_gone` before anybody can find it missing.
    pub(crate) fn leave(&self, viewer: u64, ended: Ended, on_gone: impl FnOnce(Delivery)) {
        let mut audience = self.audience();
        let at = audience.viewers.iter().position(|each| each.delivery.viewer == viewer);
        if let Some(index) = at {
            let delivery = audience.viewers.swap_remove(index).delivery;
            on_gone(Delivery { ended: Some(ended), ..delivery });
        }
    }

    /// Returns what those who are watching were sent so far.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.audience().viewers.iter().map(|viewer| viewer.delivery.clone()).collect()
    }

    /// Sends what is due to everybody who watches; what a viewer was sent that is
    /// let go goes to `on_gone`.
    pub(crate) fn send_due(&self, now: Now, on_gone: impl Fn(Delivery)) {
        let mut audience = self.audience();
        let Audience { next, viewers } = &mut *audience;
        let stream_90k = now.elapsed_90k() + self.phase_90k;
        let mut next_90k = self.reel.time_90k(*next);
        if next_90k + MAX_LAG_90K < stream_90k {
            // The first tick after a standstill goes on from where the time is.
            *next = (*next).max(self.reel.due(stream_90k - MAX_LAG_90K));
            next_90k = self.reel.time_90k(*next);
        }
        for viewer in &*viewers {
            // A failure shows again at the next write.
            let _ = lock(&viewer.outlet).flush();
        }
        while next_90k <= stream_90k {
            let taken_90k = next_90k as i64 - self.phase_90k as i64;
            let wall_us = now.started_wall_us + taken_90k * 100 / 9;
            self.reel.send(*next, wall_us, &self.identity, |burst| {
                viewers.retain_mut(|viewer| match self.send(viewer, *next, now, burst) {
                    Ok(()) => true,
                    Err(WriteError::Io(_)) => {
                        viewer.lost = true;
                        true
                    }
                    Err(error @ WriteError::TooSlow) => {
                        let peer = viewer.delivery.peer;
                        tracing::debug!(path = self.path, %peer, %error, "viewer let go");
                        let ended = Some(Ended::TooSlow);
                        on_gone(Delivery { ended, ..viewer.delivery.clone() });
                        lock(&viewer.outlet).close();
                        false
                    }
                });
            });
            *next += 1;
            next_90k = self.reel.time_90k(*next);
        }
        let due_us = if viewers.is_empty() {
            u64::MAX
        } else if viewers.iter().any(|viewer| !viewer.lost && lock(&viewer.outlet).has_backlog()) {
            0
        } else {
            next_90k.saturating_sub(self.phase_90k).saturating_mul(100).div_ceil(9)
        };
        self.alarm.set(due_us);
    }

    fn send(
        &self,
        viewer: &mut Viewer,
        counter: u64,
        now: Now,
        burst: &mut Burst<'_>,
    ) -> Result<(), WriteError> {
        if counter < viewer.from || viewer.lost {
            return Ok(());
        }
        let mut outlet = lock(&viewer.outlet);
        if now.elapsed_us >= viewer.next_report_us {
            viewer.next_report_us = now.elapsed_us + REPORT_EVERY_US;
            outlet.push(&self.report(viewer, now))?;
        }
        outlet.push(burst.on_channel(viewer.channel))?;
        viewer.packets = viewer.packets.wrapping_add(burst.packets());
        viewer.payload_bytes = viewer.payload_bytes.wrapping_add(burst.payload_bytes());
        let delivery = &mut viewer.delivery;
        delivery.frames += 1;
        delivery.counters = Some((delivery.counters.map_or(counter, |(first, _)| first), counter));
        Ok(())
    }

    /// Returns a sender report with the source's name behind it (RFC 3550 §6.4.1, §6.5).
    fn report(&self, viewer: &Viewer, now: Now) -> Vec<u8> {
        const UNIX_EPOCH_IN_NTP: i64 = 2_208_988_800;
        let wall_us = now.wall_us();
        let seconds = wall_us.div_euclid(1_000_000) + UNIX_EPOCH_IN_NTP;
        let fraction = ((wall_us.rem_euclid(1_000_000) as u64) << 32) / 1_000_000;
        let stream_90k = now.elapsed_90k() + self.phase_90k;
        let rtp_time = self.identity.first_time.wrapping_add(stream_90k as u32);

        let mut packet = vec![0x80, 200, 0, 6];
        packet.extend(self.identity.ssrc.to_be_bytes());
        packet.extend((seconds as u32).to_be_bytes());
        packet.extend((fraction as u32).to_be_bytes());
        packet.extend(rtp_time.to_be_bytes());
        packet.extend(viewer.packets.to_be_bytes());
        packet.extend(viewer.payload_bytes.to_be_bytes());

        // One chunk: the source, its name, and zeros to the next word.
        let name = &self.path.as_bytes()[..self.path.len().min(255)];
        let mut chunk = self.identity.ssrc.to_be_bytes().to_vec();
        chunk.extend([1, name.len() as u8]);
        chunk.extend(name);
        chunk.resize(chunk.len() / 4 * 4 + 4, 0);
        packet.extend([0x81, 202]);
        packet.extend(((chunk.len() / 4) as u16).to_be_bytes());
        packet.extend(chunk);

        let mut interleaved = vec![b'$', viewer.channel.wrapping_add(1)];
        interleaved.extend((packet.len() as u16).to_be_bytes());
        interleaved.extend(packet);
        interleaved
    }

    /// Moves the position to `now` where nobody was watching.
    fn catch_up(&self, audience: &mut Audience, now: Now) {
        if audience.viewers.is_empty() {
            let due = self.reel.due(now.elapsed_90k() + self.phase_90k);
            audience.next = audience.next.max(due);
        }
    }

    fn audience(&self) -> MutexGuard<'_, Audience> {
        lock(&self.audience)
    }
}

/// Takes a lock. Nothing here leaves a value half-changed, so a panic elsewhere
/// does not make it unfit for use.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::net::{TcpListener, TcpStream};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::agenda::Agenda;
    use crate::packet::tests::clip;

    const MILLISECOND: u64 = 1000;

    fn now(elapsed_ms: u64) -> Now {
        Now { elapsed_us: elapsed_ms * MILLISECOND, started_wall_us: 1_795_135_338_250_000 }
    }

    /// A stream of the three frames of 40 ms, and an outlet whose other end is kept open.
    async fn stream() -> (Stream, Arc<Mutex<Outlet>>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let server = Arc::new(listener.accept().await.unwrap().0);
        let outlet = Outlet::new(server, 1 << 30, CancellationToken::new());
        let reel = Arc::new(Reel::new(&clip(), true).unwrap());
        let phase = Duration::from_millis(80);
        let stream = Stream::new("cam1/main".to_owned(), reel, phase, Agenda::new(1).alarm(0));
        (stream, Arc::new(Mutex::new(outlet)), client)
    }

    fn join(stream: &Stream, outlet: &Arc<Mutex<Outlet>>, viewer: u64, at: Now, start: Start) {
        let delivery = Delivery {
            viewer,
            path: stream.path.clone(),
            peer: (std::net::Ipv4Addr::LOCALHOST, 9).into(),
            counters: None,
            frames: 0,
            ended: None,
        };
        stream.join(at, start, outlet, 0, delivery, |_| Ok(())).unwrap();
    }

    fn tick(stream: &Stream, at: Now) -> Vec<(u64, u64, u64)> {
        stream.send_due(at, |gone| panic!("{gone:?}"));
        stream
            .deliveries()
            .iter()
            .filter_map(|each| each.counters.map(|(first, last)| (first, last, each.frames)))
            .collect()
    }

    #[tokio::test]
    async fn a_phase_puts_a_stream_further_into_its_clip() {
        let (stream, outlet, _client) = stream().await;
        join(&stream, &outlet, 1, now(0), Start::Anywhere);
        // At 80 ms frames 0 to 2 are past, frame 3 comes at 120 ms.
        assert_eq!(tick(&stream, now(39)), []);
        assert_eq!(tick(&stream, now(40)), [(3, 3, 1)]);
    }

    #[tokio::test]
    async fn a_viewer_starts_at_a_keyframe_or_anywhere_as_it_is_configured() {
        let (stream, outlet, _client) = stream().await;
        join(&stream, &outlet, 1, now(41), Start::NextKeyframe);
        join(&stream, &outlet, 2, now(41), Start::Anywhere);
        assert_eq!(tick(&stream, now(81)), [(4, 4, 1)]);
        assert_eq!(tick(&stream, now(161)), [(6, 6, 1), (4, 6, 3)]);
    }

    #[tokio::test]
    async fn a_late_tick_sends_what_was_missed_but_not_what_nobody_would_wait_for() {
        let (stream, outlet, _client) = stream().await;
        join(&stream, &outlet, 1, now(0), Start::Anywhere);
        assert_eq!(tick(&stream, now(40)), [(3, 3, 1)]);
        assert_eq!(tick(&stream, now(1040)), [(3, 28, 26)]);
        // An hour on: the last five seconds are sent.
        assert_eq!(tick(&stream, now(3_601_040)), [(3, 90_028, 151)]);
    }

    #[tokio::test]
    async fn who_leaves_is_handed_over_once() {
        let (stream, outlet, _client) = stream().await;
        join(&stream, &outlet, 7, now(0), Start::Anywhere);
        tick(&stream, now(40));
        let gone = RefCell::new(Vec::new());
        stream.leave(7, Ended::Closed, |delivery| gone.borrow_mut().push(delivery));
        stream.leave(7, Ended::Shutdown, |delivery| gone.borrow_mut().push(delivery));
        let gone = gone.into_inner();
        assert_eq!(gone.len(), 1);
        assert_eq!((gone[0].frames, gone[0].ended), (1, Some(Ended::Closed)));
        assert_eq!(stream.deliveries(), []);
    }
}
