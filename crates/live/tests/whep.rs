//! What viewers by WHEP may rely on, seen by players that are str0m at the other
//! end of real sockets. Foreign players are in `e2e/tests/whep.rs`.

#![allow(clippy::unwrap_used, reason = "a panic in a test names the line")]

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::{StreamId, WallTime};
use bytes::Bytes;
use live::whep::{End, Refused, Watched, Watching, Whep, WhepConfig};
use live::{Hub, Publisher, State, StateKind};
use media::{Codec, Frame, Params, h264, nal};
use str0m::change::SdpAnswer;
use str0m::media::{Direction, MediaData, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

/// Only so that a defect ends a test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(60);

const SPS: [u8; 6] = [0x67, 66, 0xe0, 30, 0x80, 1];
const PPS: [u8; 4] = [0x68, 0xce, 0x3c, 0x80];

/// A node of its own, and a stream that somebody publishes.
struct Scene {
    hub: Hub,
    whep: Whep,
    stream: StreamId,
    publisher: Publisher,
    params: Arc<Params>,
}

impl Scene {
    fn new() -> Self {
        let config = h264::config_record(&SPS, &PPS);
        Self::of(Params { codec: Codec::H264, width: 64, height: 48, config })
    }

    fn of(params: Params) -> Self {
        let hub = Hub::new(WallTime(0));
        let listen = (Ipv4Addr::LOCALHOST, 0).into();
        let config = WhepConfig { listen, ..WhepConfig::default() };
        let whep = Whep::start(&config, hub.clone()).unwrap();
        let stream = StreamId::new();
        let mut publisher = hub.publisher(stream);
        publisher.state(State { kind: StateKind::Live, since: WallTime(0), reason: None });
        Self { hub, whep, stream, publisher, params: Arc::new(params) }
    }

    fn watched(&self) -> Watched {
        Watched { pictures: self.stream, sound: None }
    }

    /// The frame of a number: 25 a second, a keyframe each ten, large enough for
    /// several packets.
    fn frame(&self, number: i64) -> Frame {
        let is_key = number % 10 == 0;
        let head: &[u8] = match (self.params.codec, is_key) {
            (Codec::H265, true) => &[19 << 1, 1],
            (Codec::H265, false) => &[1 << 1, 1],
            (_, true) => &[0x65],
            (_, false) => &[0x41],
        };
        let mut unit = head.to_vec();
        // No three equal bytes in a row: nothing that looks like a start code.
        unit.extend((0..3000_u32).map(|at| (at % 250) as u8 + 3));
        unit.extend_from_slice(&(number as u32 | 0x0101_0101).to_be_bytes());
        let mut data = Vec::new();
        nal::push_length_prefixed(&mut data, &unit);
        Frame {
            wall: WallTime(1_795_135_338_000_000 + number * 40_000),
            composition_us: 0,
            is_key,
            data: data.into(),
            params: self.params.clone(),
        }
    }

    fn push(&mut self, numbers: impl IntoIterator<Item = i64>) {
        for number in numbers {
            self.publisher.push(&[self.frame(number)]);
        }
    }

    /// What a player is to see of a frame, start codes before its units.
    fn seen(&self, number: i64) -> Vec<u8> {
        let frame = self.frame(number);
        let config = frame.params.config.clone();
        let sets = h264::Config::parse(&config).ok().filter(|_| frame.is_key);
        let sets = sets.iter().flat_map(|sets| sets.sps.iter().chain(&sets.pps).copied());
        let units = nal::length_prefixed(&frame.data).map(Result::unwrap);
        sets.chain(units).flat_map(|unit| [&[0, 0, 0, 1], unit].concat()).collect()
    }
}

/// A player at a socket of its own.
struct Player {
    rtc: Rtc,
    socket: UdpSocket,
    video: Mid,
    connected: bool,
    seen: VecDeque<MediaData>,
    heard: VecDeque<MediaData>,
    /// Packets of media to lose, by their number: then and not again.
    lose: fn(u64) -> bool,
    packets: u64,
    lost: u64,
}

impl Player {
    /// Watches, as a browser would.
    fn watch(whep: &Whep, watched: Watched) -> (Self, Watching) {
        Self::try_watch(whep, watched, RtcConfig::new()).unwrap()
    }

    fn try_watch(
        whep: &Whep,
        watched: Watched,
        config: RtcConfig,
    ) -> Result<(Self, Watching), Refused> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let provider = Arc::new(str0m::crypto::from_feature_flags());
        let mut rtc = config.set_crypto_provider(provider).build(Instant::now());
        let address = socket.local_addr().unwrap();
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        let mut change = rtc.sdp_api();
        let video = change.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        change.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        let (offer, pending) = change.apply().unwrap();
        let answered = whep.open(&offer.to_sdp_string(), watched)?;
        let answer = SdpAnswer::from_sdp_string(&answered.answer).unwrap();
        rtc.sdp_api().accept_answer(pending, answer).unwrap();
        let (seen, heard) = (VecDeque::new(), VecDeque::new());
        let lose = |_| false;
        let player =
            Self { rtc, socket, video, connected: false, seen, heard, lose, packets: 0, lost: 0 };
        Ok((player, answered.watching))
    }

    /// Plays one turn.
    fn turn(&mut self) {
        let until = loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(until) => break until,
                Output::Transmit(transmit) => {
                    self.socket.send_to(&transmit.contents, transmit.destination).unwrap();
                }
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::MediaData(data)) if data.mid == self.video => {
                    self.seen.push_back(data);
                }
                Output::Event(Event::MediaData(data)) => self.heard.push_back(data),
                Output::Event(_) => {}
            }
        };
        let mut bytes = [0; 2000];
        let now = Instant::now();
        if until <= now {
            self.rtc.handle_input(Input::Timeout(now)).unwrap();
            return;
        }
        match self.socket.recv_from(&mut bytes) {
            Ok((length, source)) => {
                let bytes = &bytes[..length];
                if (128..192).contains(&bytes[0]) && !(64..96).contains(&(bytes[1] & 0x7f)) {
                    self.packets += 1;
                    if (self.lose)(self.packets) {
                        self.lost += 1;
                        return;
                    }
                }
                let destination = self.socket.local_addr().unwrap();
                let receive = Receive::new(Protocol::Udp, source, destination, bytes).unwrap();
                self.rtc.handle_input(Input::Receive(Instant::now(), receive)).unwrap();
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Plays until something is so.
    fn until(&mut self, mut is_so: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < PATIENCE, "it never came to be");
            self.turn();
        }
    }

    /// Goes on from another address, as who leaves one network for another: what is sent
    /// to the old one is not heard any more.
    fn move_away(&mut self) {
        let old = self.socket.local_addr().unwrap();
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let address = socket.local_addr().unwrap();
        self.socket = socket;
        let old = Candidate::host(old, "udp").unwrap();
        assert!(self.rtc.direct_api().invalidate_candidate(&old));
        self.rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
    }

    /// Plays so many frames, and returns their bytes.
    fn frames(&mut self, count: usize) -> Vec<Vec<u8>> {
        self.until(|player| player.seen.len() >= count);
        self.seen.drain(..count).map(|data| data.data.to_vec()).collect()
    }
}

/// Waits on another thread's doing.
fn wait(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "it never came to be");
        std::thread::yield_now();
    }
}

fn ended(watching: &mut Watching) -> End {
    let mut end = None;
    wait(|| {
        end = watching.is_over();
        end.is_some()
    });
    end.unwrap()
}

#[test]
fn who_joins_begins_with_a_keyframe_and_its_parameter_sets_and_has_every_frame_then() {
    let mut scene = Scene::new();
    scene.push(0..17);
    let (mut player, _watching) = Player::watch(&scene.whep, scene.watched());
    let first = player.frames(7);
    assert_eq!(first, (10..17).map(|number| scene.seen(number)).collect::<Vec<_>>());
    scene.push(17..32);
    let more = player.frames(15);
    assert_eq!(more, (17..32).map(|number| scene.seen(number)).collect::<Vec<_>>());
}

#[test]
fn what_a_joiner_catches_up_with_lasts_no_time_and_the_rest_as_long_as_it_took() {
    let mut scene = Scene::new();
    scene.push(0..7);
    let (mut player, _watching) = Player::watch(&scene.whep, scene.watched());
    player.until(|player| player.seen.len() == 7);
    scene.push(7..10);
    player.until(|player| player.seen.len() == 10);
    let times: Vec<_> = player.seen.iter().map(|data| data.time.numer()).collect();
    let steps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(steps, [90, 90, 90, 90, 90, 90, 3600, 3600, 3600]);
}

#[test]
fn who_is_connected_before_the_camera_is_sees_its_first_keyframe() {
    let mut scene = Scene::new();
    let (mut player, _watching) = Player::watch(&scene.whep, scene.watched());
    player.until(|player| player.connected);
    // The thread subscribes when it is connected itself.
    wait(|| scene.hub.viewers() == 1);
    scene.push(7..12);
    assert_eq!(player.frames(2), [scene.seen(10), scene.seen(11)]);
}

#[test]
fn lost_packets_are_sent_again() {
    let mut scene = Scene::new();
    scene.push(0..1);
    let (mut player, _watching) = Player::watch(&scene.whep, scene.watched());
    player.frames(1);
    player.lose = |number| number % 31 == 17;
    scene.push([1]);
    for number in 1..60 {
        // A loss is noticed by what comes after it.
        scene.push([number + 1]);
        assert_eq!(player.frames(1), [scene.seen(number)]);
    }
    assert!(player.lost > 5, "none was lost");
}

#[test]
fn who_moves_is_followed_by_the_frames_after() {
    let mut scene = Scene::new();
    scene.push(0..1);
    let (mut player, mut watching) = Player::watch(&scene.whep, scene.watched());
    player.frames(1);
    player.move_away();
    let mut number = 0;
    player.until(|player| {
        // Only a beginning is of use to who missed what came before.
        number += 1;
        scene.push([number]);
        !player.seen.is_empty()
    });
    player.frames(1);
    scene.push([number + 1]);
    player.until(|player| !player.seen.is_empty());
    assert_eq!(watching.is_over(), None);
}

#[test]
fn fifty_viewers_of_a_stream_have_each_frame_each() {
    let mut scene = Scene::new();
    scene.push(0..3);
    let mut players: Vec<_> =
        (0..50).map(|_| Player::watch(&scene.whep, scene.watched())).collect();
    for (player, _) in &mut players {
        player.socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    }
    let began = Instant::now();
    while players.iter().any(|(player, _)| player.seen.is_empty()) {
        assert!(began.elapsed() < PATIENCE, "not all are connected");
        players.iter_mut().for_each(|(player, _)| player.turn());
    }
    assert_eq!((scene.whep.viewers(), scene.hub.viewers()), (50, 50));
    scene.push(3..25);
    let expected: Vec<_> = (0..25).map(|number| scene.seen(number)).collect();
    for (player, _) in &mut players {
        assert_eq!(player.frames(25), expected);
    }
    drop(players);
    wait(|| scene.whep.viewers() == 0 && scene.hub.viewers() == 0);
}

#[test]
fn a_viewer_that_vanishes_is_let_go() {
    let mut scene = Scene::new();
    scene.push(0..1);
    let (mut player, mut watching) = Player::watch(&scene.whep, scene.watched());
    player.frames(1);
    drop(player);
    assert_eq!(ended(&mut watching), End::Gone);
    wait(|| scene.whep.viewers() == 0 && scene.hub.viewers() == 0);
}

#[test]
fn who_never_comes_is_let_go() {
    let scene = Scene::new();
    let (player, mut watching) = Player::watch(&scene.whep, scene.watched());
    assert_eq!(scene.whep.viewers(), 1);
    assert_eq!(ended(&mut watching), End::Unconnected);
    assert_eq!(scene.whep.viewers(), 0);
    drop(player);
}

#[test]
fn an_end_from_either_side_is_told_to_the_other() {
    let mut scene = Scene::new();
    scene.push(0..1);
    let (mut player, watching) = Player::watch(&scene.whep, scene.watched());
    player.frames(1);
    drop(watching);
    player.until(|player| !player.rtc.is_alive());

    let (mut player, mut watching) = Player::watch(&scene.whep, scene.watched());
    player.frames(1);
    player.rtc.close().unwrap();
    while player.rtc.is_alive() {
        player.turn();
    }
    assert_eq!(ended(&mut watching), End::Left);
}

#[test]
fn a_camera_that_is_removed_ends_what_shows_it() {
    let mut scene = Scene::new();
    scene.push(0..1);
    let (mut player, mut watching) = Player::watch(&scene.whep, scene.watched());
    player.frames(1);
    scene.hub.close(scene.stream);
    assert_eq!(ended(&mut watching), End::Removed);
    player.until(|player| !player.rtc.is_alive());
}

#[test]
fn wrong_bytes_do_nothing_and_are_not_answered() {
    let mut scene = Scene::new();
    scene.push(0..1);
    let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (mut player, _watching) = Player::watch(&scene.whep, scene.watched());
    let to: SocketAddr = scene.whep.address();
    // What the player sends, from somewhere else and with a byte turned: a check
    // with a wrong secret.
    let check = loop {
        if let Output::Transmit(transmit) = player.rtc.poll_output().unwrap() {
            stranger.send_to(&[], to).unwrap();
            let mut forged = transmit.contents.to_vec();
            let last = forged.len() - 10;
            forged[last] ^= 1;
            stranger.send_to(&forged, to).unwrap();
            break transmit.contents.to_vec();
        }
        player.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
    };
    for first in 0..=255 {
        stranger.send_to(&[first; 100], to).unwrap();
        stranger.send_to(&[first], to).unwrap();
    }
    for end in 1..check.len() {
        stranger.send_to(&check[..end], to).unwrap();
    }
    stranger.send_to(&vec![0x80; 9000], to).unwrap();
    // Whatever is read of the port after that was read behind all of it.
    assert_eq!(player.frames(1), [scene.seen(0)]);
    scene.push(1..3);
    assert_eq!(player.frames(2), [scene.seen(1), scene.seen(2)]);
    stranger.set_nonblocking(true).unwrap();
    let silence = stranger.recv(&mut [0; 100]).unwrap_err();
    assert_eq!(silence.kind(), ErrorKind::WouldBlock);
}

#[test]
fn b_frames_are_refused_in_words() {
    // Known beforehand, by what the camera says of itself.
    let mut scene = Scene::of(with_b_frames());
    scene.push(0..1);
    let refused = Player::try_watch(&scene.whep, scene.watched(), RtcConfig::new());
    let Err(Refused::Unsupported(words)) = refused.map(drop) else { panic!("it was answered") };
    assert!(words.contains("B-frames") && words.contains("turn them off"), "{words}");
    assert_eq!(scene.whep.viewers(), 0);

    // Seen only when the first comes.
    let mut scene = Scene::new();
    scene.push(0..2);
    let (mut player, mut watching) = Player::watch(&scene.whep, scene.watched());
    player.frames(2);
    let late = Frame { composition_us: 40_000, ..scene.frame(2) };
    scene.publisher.push(&[late]);
    let End::Unsupported(words) = ended(&mut watching) else { panic!("it went on") };
    assert!(words.contains("B-frames"), "{words}");
    player.until(|player| !player.rtc.is_alive());
}

#[test]
fn h265_goes_to_who_takes_it_and_is_refused_in_words_to_who_does_not() {
    let config = Bytes::new();
    let mut scene = Scene::of(Params { codec: Codec::H265, width: 64, height: 48, config });
    scene.push(0..2);
    let takes = RtcConfig::new().clear_codecs().enable_h265(true).enable_opus(true, false);
    let (mut player, _watching) = Player::try_watch(&scene.whep, scene.watched(), takes).unwrap();
    assert_eq!(player.frames(2), [scene.seen(0), scene.seen(1)]);
    let takes_not = RtcConfig::new().clear_codecs().enable_h264(true).enable_opus(true, false);
    let refused = Player::try_watch(&scene.whep, scene.watched(), takes_not);
    let Err(Refused::Unsupported(words)) = refused.map(drop) else { panic!("it was answered") };
    assert!(words.contains("H.265"), "{words}");
    let neither = RtcConfig::new().clear_codecs().enable_vp8(true).enable_opus(true, false);
    let refused = Player::try_watch(&scene.whep, scene.watched(), neither);
    let Err(Refused::Unsupported(words)) = refused.map(drop) else { panic!("it was answered") };
    assert!(words.contains("neither H.264"), "{words}");
}

#[test]
fn sound_comes_along_as_it_is() {
    let mut scene = Scene::new();
    scene.push(0..1);
    let sound = StreamId::new();
    let mut speaker = scene.hub.publisher(sound);
    let params = Arc::new(Params::sound(Codec::Opus, Bytes::new()));
    let packet = |number: i64| Frame {
        wall: WallTime(1_795_135_338_000_000 + number * 20_000),
        composition_us: 0,
        is_key: true,
        data: Bytes::from(vec![0xf8, number as u8, 7]),
        params: params.clone(),
    };
    let watched = Watched { sound: Some(sound), ..scene.watched() };
    let (mut player, _watching) = Player::watch(&scene.whep, watched);
    player.frames(1);
    wait(|| scene.hub.viewers() == 2);
    // Who joins is given the latest: of sound each frame can be decoded alone.
    speaker.push(&[packet(0)]);
    player.until(|player| !player.heard.is_empty());
    (1..20).for_each(|number| speaker.push(&[packet(number)]));
    player.until(|player| player.heard.len() >= 20);
    let heard: Vec<_> = player.heard.iter().map(|data| data.data[1]).collect();
    assert_eq!(heard, (0..20).collect::<Vec<_>>());
    // Sound that ends does not end the picture.
    scene.hub.close(sound);
    scene.push(1..3);
    assert_eq!(player.frames(2), [scene.seen(1), scene.seen(2)]);
}

#[test]
fn who_stops_tells_all_viewers() {
    let mut scene = Scene::new();
    scene.push(0..1);
    let (mut player, mut watching) = Player::watch(&scene.whep, scene.watched());
    player.frames(1);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(scene.whep.stop());
    assert_eq!(watching.is_over(), Some(End::Over));
    player.until(|player| !player.rtc.is_alive());
    let late = Player::try_watch(&scene.whep, scene.watched(), RtcConfig::new()).map(drop);
    assert_eq!(late, Err(Refused::Over));
}

#[test]
fn what_is_no_offer_is_refused() {
    let scene = Scene::new();
    for offer in ["", "v=0", "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\n"] {
        let refused = scene.whep.open(offer, scene.watched()).map(drop);
        assert!(matches!(refused, Err(Refused::Offer(_))), "{offer}: {refused:?}");
    }
    assert_eq!(scene.whep.viewers(), 0);
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let listen = taken.local_addr().unwrap();
    let config = WhepConfig { listen, ..WhepConfig::default() };
    let error = Whep::start(&config, Hub::new(WallTime(0))).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

/// The parameters of a stream with B-frames, made by ffmpeg.
fn with_b_frames() -> Params {
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-f", "lavfi", "-i"])
        .args(["testsrc2=size=64x48:rate=25:duration=1", "-c:v", "libx264", "-bf", "2"])
        .args(["-pix_fmt", "yuv420p", "-f", "h264", "-"])
        .stdin(Stdio::null())
        .output()
        .expect("ffmpeg runs");
    let set =
        |kind| nal::annex_b(&made.stdout).find(|unit| h264::unit_kind(unit) == Some(kind)).unwrap();
    let params = h264::params(set(h264::kind::SPS), set(h264::kind::PPS)).unwrap();
    assert!(params.reorder_depth().is_some_and(|depth| depth > 0));
    params
}
