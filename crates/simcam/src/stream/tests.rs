//! Where a stream stands, and what its viewers get of it.

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::agenda::Agenda;
use crate::camera::{Delivery, TrackDelivery};
use crate::packet::tests::clip;
use crate::rtsp::wire::Wire;

const MILLISECOND: u64 = 1000;

fn now(elapsed_ms: u64) -> Now {
    Now { elapsed_us: elapsed_ms * MILLISECOND, started_wall_us: 1_795_135_338_250_000 }
}

/// A stream of the three frames of 40 ms, and those who watch it.
struct Hall {
    stream: Stream,
    outlet: Arc<Mutex<Outlet>>,
    records: Vec<Record>,
    /// Kept open.
    _client: TcpStream,
}

impl Hall {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let server = Arc::new(Wire::Tcp(listener.accept().await.unwrap().0));
        let outlet = Outlet::new(server, 1 << 30, CancellationToken::new());
        let reel = Arc::new(Reel::new(&clip(), true).unwrap());
        let (phase, alarm) = (Duration::from_millis(80), Agenda::new(1).alarm(0));
        let stream = Stream::new("cam1/main".to_owned(), Track::Pictures, reel, phase, alarm);
        let outlet = Arc::new(Mutex::new(outlet));
        Self { stream, outlet, records: Vec::new(), _client: client }
    }

    fn join(&mut self, viewer: u64, at: Now, start: Start) -> Beginning {
        let record = Arc::new(Mutex::new(Delivery {
            viewer,
            path: self.stream.path.clone(),
            peer: (std::net::Ipv4Addr::LOCALHOST, 9).into(),
            counters: None,
            frames: 0,
            pictures: TrackDelivery::default(),
            sound: None,
            ended: None,
        }));
        let seat = self.stream.enter(at, start);
        let beginning = seat.beginning;
        seat.take(viewer, &self.outlet, Way::Interleaved(0), &record);
        self.records.push(record);
        beginning
    }

    /// Returns the first and the last frame of each viewer, and how many it got.
    fn tick(&self, at: Now) -> Vec<(u64, u64, u64)> {
        self.stream.send_due(at);
        let deliveries = self.records.iter().map(|record| lock(record).clone());
        deliveries
            .filter_map(|each| each.counters.map(|(first, last)| (first, last, each.frames)))
            .collect()
    }
}

#[tokio::test]
async fn a_phase_puts_a_stream_further_into_its_clip() {
    let mut hall = Hall::open().await;
    hall.join(1, now(0), Start::Anywhere);
    // At 80 ms frames 0 to 2 are past, frame 3 comes at 120 ms.
    assert_eq!(hall.tick(now(39)), []);
    assert_eq!(hall.tick(now(40)), [(3, 3, 1)]);
}

#[tokio::test]
async fn a_viewer_starts_at_a_keyframe_or_anywhere_as_it_is_configured() {
    let mut hall = Hall::open().await;
    hall.join(1, now(41), Start::NextKeyframe);
    hall.join(2, now(41), Start::Anywhere);
    assert_eq!(hall.tick(now(81)), [(4, 4, 1)]);
    assert_eq!(hall.tick(now(161)), [(6, 6, 1), (4, 6, 3)]);
}

#[tokio::test]
async fn a_late_tick_sends_what_was_missed_but_not_what_nobody_would_wait_for() {
    let mut hall = Hall::open().await;
    hall.join(1, now(0), Start::Anywhere);
    assert_eq!(hall.tick(now(40)), [(3, 3, 1)]);
    assert_eq!(hall.tick(now(1040)), [(3, 28, 26)]);
    // An hour on: the last five seconds are sent.
    assert_eq!(hall.tick(now(3_601_040)), [(3, 90_028, 151)]);
}

#[tokio::test]
async fn who_leaves_gets_no_more() {
    let mut hall = Hall::open().await;
    hall.join(7, now(0), Start::Anywhere);
    hall.join(8, now(0), Start::Anywhere);
    hall.tick(now(40));
    hall.stream.leave(7);
    hall.stream.leave(7);
    assert_eq!(hall.tick(now(80)), [(3, 3, 1), (3, 4, 2)]);
    assert_eq!(lock(&hall.records[0]).pictures.packets, 5, "keyframe of 5000 bytes and preface");
}

#[tokio::test]
async fn a_hanging_stream_sends_nothing_and_goes_on_where_the_time_is() {
    let mut hall = Hall::open().await;
    hall.join(1, now(0), Start::Anywhere);
    assert_eq!(hall.tick(now(40)), [(3, 3, 1)]);
    hall.stream.set_fault(Fault::Hang, &hall.stream.reel());
    assert_eq!(hall.tick(now(160)), [(3, 3, 1)]);
    hall.stream.set_fault(Fault::None, &hall.stream.reel());
    assert_eq!(hall.tick(now(200)), [(3, 7, 2)]);
    assert_eq!(lock(&hall.records[0]).ended, None);
}

#[tokio::test]
async fn another_clip_goes_on_at_the_next_keyframe_with_the_numbers_of_the_first() {
    let mut hall = Hall::open().await;
    hall.join(1, now(0), Start::Anywhere);
    hall.tick(now(80));
    // Frame 4 was the last; the next keyframe is frame 6.
    let mut other = clip();
    other.sps = vec![0x67, 1, 2, 3].into();
    other.access_units.truncate(1);
    other.duration_90k = 7200;
    let other = Arc::new(Reel::new(&other, true).unwrap());
    let first = hall.stream.reel();
    hall.stream.set_fault(Fault::ResolutionChange, &other);
    let expected = |reel: &Reel, from: u64, first: &Identity, counter: u64| {
        (reel.sequence(counter - from, first), reel.rtp_time(counter - from, first))
    };
    let identity = hall.stream.identity;
    let (sequence, rtp_time) = expected(&first, 0, &identity, 6);
    assert_eq!(hall.tick(now(120)), [(3, 5, 3)]);
    assert!(Arc::ptr_eq(&hall.stream.audience().show.reel, &first));
    // From 160 ms on it is the other one, a frame each 80 ms.
    assert_eq!(hall.tick(now(160)), [(3, 6, 4)]);
    assert!(Arc::ptr_eq(&hall.stream.audience().show.reel, &other));
    assert_eq!(hall.tick(now(239)), [(3, 6, 4)]);
    assert_eq!(hall.tick(now(240)), [(3, 7, 5)]);
    let late = hall.join(2, now(240), Start::NextKeyframe);
    let packets = other.sequence(1, &identity).wrapping_sub(other.sequence(0, &identity));
    assert_eq!(late.sequence, sequence.wrapping_add(2 * packets));
    assert_eq!(late.rtp_time, rtp_time.wrapping_add(2 * 7200));
    assert_eq!(lock(&hall.records[0]).ended, None);
}

#[tokio::test]
async fn another_codec_ends_who_watches_and_is_there_for_who_comes() {
    let mut hall = Hall::open().await;
    hall.join(1, now(0), Start::Anywhere);
    hall.tick(now(40));
    let sound = crate::sound::Sound {
        codec: crate::sound::SoundCodec::Pcma,
        frames: vec![vec![0xd5; 160].into()],
        tone_hz: 440,
        loop_seconds: 1,
    };
    let other = Arc::new(Reel::of_sound(&sound).unwrap());
    hall.stream.set_fault(Fault::CodecChange, &other);
    assert_eq!(lock(&hall.records[0]).ended, Some(Ended::Fault));
    assert!(Arc::ptr_eq(&hall.stream.reel(), &other));
    hall.join(2, now(80), Start::NextKeyframe);
    assert_eq!(hall.tick(now(160)).len(), 2);
    assert!(Arc::ptr_eq(&hall.stream.audience().show.reel, &other));
}
