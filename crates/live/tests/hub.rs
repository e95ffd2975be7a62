//! What publishers and viewers may rely on, through the hub as its users see it.

#![allow(clippy::unwrap_used, reason = "a panic in a test names the line")]

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use base::{StreamId, WallTime};
use bytes::Bytes;
use live::mse::HEADER_LEN;
use live::{Hub, Message, Outlet, Publisher, State, StateKind, Tapped, Viewer};
use media::fmp4::{read_fragment_header, read_init};
use media::h264::{self, kind};
use media::{Codec, Frame, Params, nal};

const STARTED: WallTime = WallTime(1_795_135_338_250_000);
const LIVE: State = State { kind: StateKind::Live, since: STARTED, reason: None };

#[test]
fn a_viewer_may_come_before_the_publisher() {
    let (hub, stream) = hub();
    let mut viewer = hub.subscribe(stream);
    let nothing = State { kind: StateKind::NoData, since: STARTED, reason: None };
    assert_eq!(read(&mut viewer), [Message::State(nothing)]);

    let mut publisher = hub.publisher(stream);
    publisher.state(LIVE);
    publisher.push(&[frame(0), frame(1)]);
    let messages = read(&mut viewer);
    assert_eq!(messages[0], Message::State(LIVE));
    assert_eq!(channel_of_init(&messages[1]), viewer.channel());
    assert_eq!(walls(&messages[2..]), [0, 1]);
}

#[test]
fn a_late_joiner_has_state_init_and_the_gop_from_its_keyframe_on() {
    let (hub, stream) = hub();
    let mut publisher = live(&hub, stream);
    (0..17).for_each(|number| publisher.push(&[frame(number)]));
    let mut viewer = hub.subscribe(stream);
    let messages = read(&mut viewer);
    assert_eq!(messages[0], Message::State(LIVE));
    let Message::Init { codec, width, height, origin, bytes, .. } = &messages[1] else {
        panic!("{messages:?}")
    };
    assert_eq!((codec.as_str(), *width, *height), ("avc1.4d0029", 640, 480));
    assert_eq!(*origin, frame(0).wall, "all viewers of the run share it, whenever they came");
    assert_eq!(read_init(&bytes[HEADER_LEN..]).unwrap(), *frame(0).params);
    assert_eq!(walls(&messages[2..]), (10..17).collect::<Vec<_>>());
    let Message::Media(first, _) = &messages[2] else { panic!("{messages:?}") };
    assert_eq!(first[..2], [2, 1], "a live fragment that begins with a keyframe");
    let index = read_fragment_header(&first[HEADER_LEN..]).unwrap();
    assert_eq!(index.decode_time_us, 10 * 40_000, "media time counts from the origin");
}

#[test]
fn a_slow_viewer_goes_on_at_a_keyframe_and_the_others_have_every_frame() {
    let (hub, stream) = hub();
    let mut publisher = live(&hub, stream);
    publisher.push(&[frame(0)]);
    let (mut slow, mut quick) = (hub.subscribe(stream), hub.subscribe(stream));
    assert_eq!(walls(&read(&mut slow)[2..]), [0]);
    let mut seen = walls(&read(&mut quick)[2..]);
    for number in 1..=234 {
        publisher.push(&[frame(number)]);
        seen.extend(walls(&read(&mut quick)));
    }
    assert_eq!(seen, (0..=234).collect::<Vec<_>>());
    let messages = read(&mut slow);
    assert_eq!(messages[0], Message::Dropped { frames: 229 });
    assert_eq!(walls(&messages[1..]), [230, 231, 232, 233, 234]);
}

#[test]
fn who_takes_the_frames_themselves_has_what_every_viewer_has() {
    let (hub, stream) = hub();
    let mut publisher = live(&hub, stream);
    publisher.push(&[frame(0), frame(1)]);
    let mut viewer = hub.subscribe(stream);
    let mut tap = || {
        let mut context = Context::from_waker(Waker::noop());
        match viewer.poll_tapped(&mut context) {
            Poll::Ready(tapped) => Some(tapped),
            Poll::Pending => None,
        }
    };
    assert_eq!(tap(), Some(Tapped::State(LIVE)));
    assert_eq!(tap(), Some(Tapped::Begin(frame(0).params)));
    assert_eq!(
        [tap(), tap(), tap()],
        [Some(Tapped::Frame(frame(0))), Some(Tapped::Frame(frame(1))), None]
    );
    let mut other = frame(10);
    Arc::make_mut(&mut other.params).width = 320;
    publisher.push(&[frame(2), other.clone()]);
    assert_eq!(tap(), Some(Tapped::Frame(frame(2))));
    assert_eq!(tap(), Some(Tapped::Begin(other.params.clone())));
    assert_eq!(tap(), Some(Tapped::Frame(other)));
    hub.close(stream);
    assert_eq!(tap(), Some(Tapped::Closed));
}

#[test]
fn viewers_share_the_bytes() {
    let (hub, stream) = hub();
    let mut publisher = live(&hub, stream);
    publisher.push(&[frame(0), frame(1)]);
    let both = [hub.subscribe(stream), hub.subscribe(stream)].map(|mut viewer| read(&mut viewer));
    assert_eq!(both[0], both[1]);
    for (one, other) in both[0].iter().zip(&both[1]) {
        if let (Message::Media(head, data), Message::Media(other, others)) = (one, other) {
            assert_eq!((head.as_ptr(), data.as_ptr()), (other.as_ptr(), others.as_ptr()));
        }
    }
}

#[test]
fn other_parameters_bring_a_new_init_before_their_keyframe() {
    let (hub, stream) = hub();
    let mut publisher = live(&hub, stream);
    publisher.push(&[frame(8), frame(9), frame(10), frame(11)]);
    let mut viewer = hub.subscribe(stream);
    assert_eq!(walls(&read(&mut viewer)[2..]), [10, 11]);
    let mut params = Params::clone(&frame(0).params);
    params.width = 1920;
    let changed = Frame { params: Arc::new(params), ..frame(20) };
    publisher.push(&[frame(12), changed]);
    let messages = read(&mut viewer);
    assert_eq!(walls(&messages[..1]), [12]);
    assert!(
        matches!(messages[1], Message::Init { width: 1920, origin, .. } if origin == frame(20).wall)
    );
    assert_eq!(walls(&messages[2..]), [20]);
}

#[test]
fn demand_rises_with_the_first_viewer_and_falls_with_the_last() {
    let (hub, stream) = hub();
    let publisher = hub.publisher(stream);
    let mut demand = publisher.demand();
    assert!(!*demand.borrow_and_update());
    let first = hub.subscribe(stream);
    assert!(demand.has_changed().unwrap() && *demand.borrow_and_update());
    let second = hub.subscribe(stream);
    assert!(!demand.has_changed().unwrap(), "the second changes nothing");
    assert_eq!(hub.viewers(), 2);
    drop(first);
    assert!(!demand.has_changed().unwrap());
    drop(second);
    assert!(!*demand.borrow_and_update());
    assert_eq!(hub.viewers(), 0);
}

#[test]
fn a_camera_that_goes_shows_no_joiner_its_old_picture() {
    let (hub, stream) = hub();
    let mut publisher = live(&hub, stream);
    publisher.push(&[frame(0), frame(1)]);
    let mut watching = hub.subscribe(stream);
    let gone = State { kind: StateKind::Connecting, since: frame(1).wall, reason: Some("silent") };
    publisher.state(gone);
    assert_eq!(read(&mut hub.subscribe(stream)), [Message::State(gone)]);
    // Who came in time may see the last frames, and knows of what time they are.
    let messages = read(&mut watching);
    assert_eq!(messages, [Message::State(gone)], "nothing had been read yet: a joiner as well");
    publisher.state(LIVE);
    publisher.push(&[frame(50)]);
    let messages = read(&mut watching);
    assert!(matches!(messages[1], Message::Init { origin, .. } if origin == frame(50).wall));
    assert_eq!(walls(&messages[2..]), [50]);
}

#[test]
fn a_publisher_that_goes_leaves_no_data_since_its_last_frame() {
    let (hub, stream) = hub();
    let mut viewer = hub.subscribe(stream);
    let mut publisher = live(&hub, stream);
    publisher.push(&[frame(0), frame(1)]);
    read(&mut viewer);
    drop(publisher);
    let nothing = State { kind: StateKind::NoData, since: frame(1).wall, reason: None };
    assert_eq!(read(&mut viewer), [Message::State(nothing)]);
}

#[test]
fn only_the_latest_publisher_is_heard() {
    let (hub, stream) = hub();
    let mut viewer = hub.subscribe(stream);
    let mut old = live(&hub, stream);
    old.push(&[frame(0)]);
    read(&mut viewer);
    let mut new = hub.publisher(stream);
    old.push(&[frame(1)]);
    drop(old);
    assert_eq!(read(&mut viewer), []);
    new.push(&[frame(10)]);
    assert_eq!(walls(&read(&mut viewer)[1..]), [10], "behind an init message: another run");
}

#[test]
fn a_closed_stream_tells_its_viewers_and_stays_closed_to_them() {
    let (hub, stream) = hub();
    let mut publisher = live(&hub, stream);
    let mut viewer = hub.subscribe(stream);
    read(&mut viewer);
    hub.close(stream);
    publisher.push(&[frame(0)]);
    for _ in 0..2 {
        assert_eq!(
            viewer.poll_next(&mut Context::from_waker(Waker::noop())),
            Poll::Ready(Message::Closed)
        );
    }
    let mut later = hub.subscribe(stream);
    assert_ne!(later.channel(), viewer.channel());
    assert!(matches!(
        read(&mut later)[..],
        [Message::State(State { kind: StateKind::NoData, .. })]
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_wake_up_is_lost_among_many_viewers_of_a_busy_stream() {
    const FRAMES: i64 = 90; // within what the ring keeps
    let (hub, stream) = hub();
    let mut publisher = live(&hub, stream);
    publisher.push(&[frame(0)]);
    let viewers: Vec<_> = (0..50)
        .map(|_| {
            let mut viewer = hub.subscribe(stream);
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while seen.last() != Some(&(FRAMES - 1)) {
                    let message = viewer.next().await;
                    seen.extend(walls(&[message]));
                }
                seen
            })
        })
        .collect();
    for number in 1..FRAMES {
        publisher.push(&[frame(number)]);
        tokio::task::yield_now().await;
    }
    for viewer in viewers {
        let seen = viewer.await.unwrap();
        assert!(seen[0] % 10 == 0, "begins with a keyframe: {}", seen[0]);
        assert_eq!(seen, (seen[0]..FRAMES).collect::<Vec<_>>());
    }
    assert_eq!(hub.viewers(), 0);
}

#[tokio::test]
async fn a_viewer_that_gives_up_waiting_loses_nothing() {
    let (hub, stream) = hub();
    let mut publisher = live(&hub, stream);
    let mut viewer = hub.subscribe(stream);
    assert_eq!(viewer.next().await, Message::State(LIVE));
    tokio::select! {
        biased;
        message = viewer.next() => panic!("{message:?}"),
        () = std::future::ready(()) => {}
    }
    publisher.push(&[frame(0)]);
    assert!(matches!(viewer.next().await, Message::Init { .. }));
    assert_eq!(walls(&[viewer.next().await]), [0]);
}

#[test]
fn what_a_viewer_is_sent_ffmpeg_decodes_frame_for_frame() {
    let (hub, stream) = hub();
    let clip = encoded(60, 20);
    let mut publisher = live(&hub, stream);
    let mut viewer = hub.subscribe(stream);
    let mut sent = Vec::new();
    for batch in clip.chunks(7) {
        publisher.push(batch);
        for message in read(&mut viewer) {
            match message {
                Message::Init { bytes, .. } => sent.extend_from_slice(&bytes[HEADER_LEN..]),
                Message::Media(head, data) => {
                    sent.extend_from_slice(&head[HEADER_LEN..]);
                    sent.extend_from_slice(&data);
                }
                Message::State(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sent.mp4");
    std::fs::write(&file, sent).unwrap();
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", "frame=pts,key_frame", "-of", "csv=p=0"]);
    let listed = String::from_utf8(run(command.arg(&file))).unwrap();
    let shown: Vec<_> = listed
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(',');
            Some((fields.next()?.parse::<u8>().ok()? == 1, fields.next()?.parse().ok()?))
        })
        .collect();
    let expected: Vec<_> =
        clip.iter().map(|frame| (frame.is_key, frame.wall.0 - STARTED.0)).collect();
    assert_eq!(shown, expected);
}

fn hub() -> (Hub, StreamId) {
    (Hub::new(STARTED), StreamId::new())
}

fn live(hub: &Hub, stream: StreamId) -> Publisher {
    let mut publisher = hub.publisher(stream);
    publisher.state(LIVE);
    publisher
}

/// The frame of a number in a stream of 25 a second with a keyframe each ten.
fn frame(number: i64) -> Frame {
    let config = Bytes::from_static(&[1, 0x4d, 0, 0x29, 0xff, 0xe0, 0]);
    Frame {
        wall: WallTime(STARTED.0 + number * 40_000),
        composition_us: 0,
        is_key: number % 10 == 0,
        data: Bytes::from(vec![7; 100]),
        params: Arc::new(Params { codec: Codec::H264, width: 640, height: 480, config }),
    }
}

/// Reads all messages that are there.
fn read(viewer: &mut Viewer) -> Vec<Message> {
    let mut context = Context::from_waker(Waker::noop());
    let mut messages = Vec::new();
    while let Poll::Ready(message) = viewer.poll_next(&mut context) {
        messages.push(message);
    }
    messages
}

/// Returns the numbers of the frames among `messages`, as their headers have it.
fn walls(messages: &[Message]) -> Vec<i64> {
    let wall = |message: &Message| match message {
        Message::Media(bytes, _) => {
            let wall = i64::from_be_bytes(bytes[8..HEADER_LEN].try_into().unwrap());
            Some((wall - STARTED.0) / 40_000)
        }
        _ => None,
    };
    messages.iter().filter_map(wall).collect()
}

fn channel_of_init(message: &Message) -> u32 {
    let Message::Init { channel, bytes, .. } = message else { panic!("{message:?}") };
    assert_eq!(bytes[4..8], channel.to_be_bytes());
    *channel
}

/// Returns frames of a moving test picture, with a keyframe each `gop`.
fn encoded(frames: usize, gop: usize) -> Vec<Frame> {
    let (frames, gop) = (frames.to_string(), gop.to_string());
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25"]);
    command.args(["-frames:v", &frames, "-c:v", "libx264", "-preset", "veryfast", "-bf", "0"]);
    command.args(["-g", &gop, "-pix_fmt", "yuv420p", "-f", "h264", "-"]);
    let stream = run(&mut command);
    let mut params = None;
    let access_units = h264::access_units(nal::annex_b(&stream)).zip(0..);
    let frame = |(units, number): (Vec<&[u8]>, i64)| {
        let find = |kind| units.iter().find(move |unit| h264::unit_kind(unit) == Some(kind));
        if let (Some(sps), Some(pps)) = (find(kind::SPS), find(kind::PPS)) {
            params = Some(Arc::new(h264::params(sps, pps).unwrap()));
        }
        let mut data = Vec::new();
        units
            .iter()
            .filter(|unit| matches!(h264::unit_kind(unit), Some(kind::SLICE | kind::IDR)))
            .for_each(|unit| nal::push_length_prefixed(&mut data, unit));
        Frame {
            // Uneven, as wall times are.
            wall: WallTime(STARTED.0 + number * 40_000 + number * 137 % 1009),
            composition_us: 0,
            is_key: h264::is_keyframe(&data),
            data: data.into(),
            params: params.clone().unwrap(),
        }
    };
    access_units.map(frame).collect()
}

/// Runs a program of ffmpeg's; a word of complaint fails the test.
fn run(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output().expect("ffmpeg is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{command:?}: {said}");
    output.stdout
}

/// Keeps the walls of what it takes, as many as it may.
#[derive(Default)]
struct Kept {
    walls: std::sync::Mutex<Vec<i64>>,
    room: std::sync::atomic::AtomicUsize,
}

impl Kept {
    fn of(room: usize) -> (Arc<Self>, Arc<dyn Outlet>) {
        let kept = Arc::new(Self { room: room.into(), ..Self::default() });
        (kept.clone(), kept)
    }

    fn walls(&self) -> Vec<i64> {
        self.walls.lock().unwrap().clone()
    }
}

impl Outlet for Kept {
    fn offer(&self, head: &Bytes, frame: &Bytes) -> bool {
        let mut kept = self.walls.lock().unwrap();
        let takes = kept.len() < self.room.load(std::sync::atomic::Ordering::Relaxed);
        if takes {
            kept.extend(walls(&[Message::Media(head.clone(), frame.clone())]));
        }
        takes
    }
}

/// A publisher of one frame and a viewer that has it.
fn watched() -> (Hub, StreamId, Publisher, Viewer) {
    let (hub, stream) = hub();
    let mut publisher = live(&hub, stream);
    publisher.push(&[frame(0)]);
    let mut viewer = hub.subscribe(stream);
    assert_eq!(walls(&read(&mut viewer)[2..]), [0]);
    (hub, stream, publisher, viewer)
}

#[test]
fn an_outlet_is_offered_what_comes_until_it_takes_no_more_and_nothing_is_lost_by_that() {
    let (_hub, _, mut publisher, mut viewer) = watched();
    let (kept, outlet) = Kept::of(4);
    viewer.offer_to(&outlet);
    viewer.offer_to(&outlet);
    (1..=3).for_each(|number| publisher.push(&[frame(number)]));
    assert_eq!(kept.walls(), [1, 2, 3]);
    assert_eq!(read(&mut viewer), [], "they were the outlet's");
    publisher.push(&[frame(4), frame(5), frame(6)]);
    publisher.push(&[frame(7)]);
    assert_eq!(kept.walls(), [1, 2, 3, 4]);
    viewer.offer_to(&outlet);
    assert_eq!(walls(&read(&mut viewer)), [5, 6, 7], "not overtaken by what it had not read");
    kept.room.store(5, std::sync::atomic::Ordering::Relaxed);
    viewer.offer_to(&outlet);
    publisher.push(&[frame(8)]);
    assert_eq!(kept.walls(), [1, 2, 3, 4, 8]);
}

#[tokio::test]
async fn whoever_waits_is_woken_when_its_outlet_takes_no_more() {
    let (_hub, _, mut publisher, mut viewer) = watched();
    let (kept, outlet) = Kept::of(1);
    viewer.offer_to(&outlet);
    let waiting = tokio::spawn(async move { viewer.next().await });
    tokio::task::yield_now().await;
    publisher.push(&[frame(1)]);
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished() && kept.walls() == [1]);
    publisher.push(&[frame(2)]);
    assert_eq!(walls(&[waiting.await.unwrap()]), [2]);
}

#[test]
fn what_is_no_frame_is_told_by_the_viewer_itself_before_the_frames_behind_it() {
    let (hub, stream, mut publisher, mut viewer) = watched();
    let (kept, outlet) = Kept::of(9);
    viewer.offer_to(&outlet);
    let other = Arc::new(Params { width: 1280, ..(*frame(0).params).clone() });
    let wide = |number| Frame { params: other.clone(), ..frame(number) };
    publisher.push(&[frame(1), wide(10), wide(11)]);
    assert_eq!(kept.walls(), [1]);
    let messages = read(&mut viewer);
    channel_of_init(&messages[0]);
    assert_eq!(walls(&messages[1..]), [10, 11]);

    viewer.offer_to(&outlet);
    let gone = State { kind: StateKind::NoData, reason: Some("silent"), ..LIVE };
    publisher.state(gone);
    publisher.push(&[wide(20)]);
    assert_eq!(read(&mut viewer)[0], Message::State(gone));

    viewer.offer_to(&outlet);
    let mut later = hub.publisher(stream);
    publisher.push(&[wide(21)]);
    later.push(&[wide(30)]);
    assert_eq!(walls(&read(&mut viewer)[1..]), [30], "behind an init message");

    viewer.offer_to(&outlet);
    later.push(&[wide(31)]);
    assert_eq!(kept.walls(), [1, 31]);
    hub.close(stream);
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(viewer.poll_next(&mut context), Poll::Ready(Message::Closed));
}

#[test]
fn an_outlet_whose_viewer_went_is_offered_nothing_and_the_others_are() {
    let (hub, stream, mut publisher, mut viewer) = watched();
    let (kept, outlet) = Kept::of(9);
    viewer.offer_to(&outlet);
    drop(viewer);
    let mut second = hub.subscribe(stream);
    assert_eq!(walls(&read(&mut second)[2..]), [0], "in the slot of the first");
    publisher.push(&[frame(1)]);
    assert_eq!((kept.walls(), walls(&read(&mut second))), (vec![], vec![1]));
    second.offer_to(&outlet);
    publisher.push(&[frame(2)]);
    assert_eq!(kept.walls(), [2]);
    assert_eq!(Arc::strong_count(&outlet), 3, "the test's two, and the stream's");
    drop(second);
    assert_eq!(Arc::strong_count(&outlet), 2);
}
