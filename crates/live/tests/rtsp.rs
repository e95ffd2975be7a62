//! Clients of the RTSP server, by the bytes they send and read.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::{StreamId, WallTime};
use bytes::{Buf, BytesMut};
use live::rtsp::{Gate, Known, Limits, Opening, Place, Refusal, Role, Unavailable, serve};
use live::{Hub, Publisher, State, StateKind};
use md5::{Digest, Md5};
use media::{Codec, Frame, Params, h264, nal};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const START: WallTime = WallTime(1_795_135_338_000_000);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const URI: &str = "rtsp://h/cameras/7/main";

/// A gate with one name that opens one camera's two places.
struct OneName {
    picture: StreamId,
    sub: StreamId,
    revoked: AtomicBool,
    /// What is answered in place of a password.
    refusal: Mutex<Option<Refusal>>,
    /// Whether the name opens anything still.
    holds: AtomicBool,
    /// What it opens cannot be looked up.
    stumbles: AtomicBool,
    /// Who watches cannot be noted.
    unnoted: AtomicBool,
    wrong: AtomicUsize,
    proved: Mutex<Vec<String>>,
    /// One for each place that may be looked for.
    looks: Semaphore,
}

impl OneName {
    fn admits(&self) -> Result<(), Duration> {
        let waits = self.wrong.load(Ordering::SeqCst) >= 5;
        if waits { Err(Duration::from_secs(5)) } else { Ok(()) }
    }
}

impl Gate for OneName {
    type Watching = ();

    async fn password(&self, name: &str, _: IpAddr) -> Result<Known, Refusal> {
        if let Some(refusal) = *self.refusal.lock().unwrap() {
            return Err(refusal);
        }
        self.admits().map_err(Refusal::Wait)?;
        let holds = name == "k7" && self.holds.load(Ordering::SeqCst);
        Ok(Known { password: "right".to_owned(), holds })
    }

    fn judged(&self, name: &str, _: IpAddr, is_right: bool) -> Result<(), Duration> {
        self.admits()?;
        match is_right {
            true => self.proved.lock().unwrap().push(name.to_owned()),
            false => drop(self.wrong.fetch_add(1, Ordering::SeqCst)),
        }
        Ok(())
    }

    async fn open(
        &self,
        name: &str,
        place: Place,
        _from: IpAddr,
    ) -> Result<Option<Opening>, Unavailable> {
        self.looks.acquire().await.unwrap().forget();
        if self.stumbles.load(Ordering::SeqCst) {
            return Err(Unavailable);
        }
        let there = place.camera == 7;
        Ok((there && !self.revoked.load(Ordering::SeqCst)).then(|| Opening {
            name: name.to_owned(),
            place,
            user: "truc".to_owned(),
            picture: if place.role == Role::Main { self.picture } else { self.sub },
            sound: None,
        }))
    }

    async fn begun(&self, _: &Opening, _: IpAddr) -> Option<()> {
        (!self.unnoted.load(Ordering::SeqCst)).then_some(())
    }

    async fn holds(&self, _: &Opening) -> bool {
        !self.revoked.load(Ordering::SeqCst)
    }
}

struct World {
    hub: Hub,
    gate: Arc<OneName>,
    publisher: Publisher,
    params: Arc<Params>,
    stopping: CancellationToken,
}

/// A client and the server's half of its connection.
struct Client {
    stream: DuplexStream,
    received: BytesMut,
    nonce: String,
    cseq: u32,
    server: JoinHandle<()>,
}

fn world() -> World {
    let hub = Hub::new(START);
    let picture = StreamId::new();
    let mut publisher = hub.publisher(picture);
    publisher.state(State { kind: StateKind::Live, since: START, reason: None });
    let config = h264::config_record(&[0x67, 77, 0, 41, 1], &[0x68, 9]);
    let params = Arc::new(Params { codec: Codec::H264, width: 640, height: 480, config });
    let gate = Arc::new(OneName {
        picture,
        sub: StreamId::new(),
        revoked: AtomicBool::new(false),
        refusal: Mutex::default(),
        holds: AtomicBool::new(true),
        stumbles: AtomicBool::new(false),
        unnoted: AtomicBool::new(false),
        looks: Semaphore::new(Semaphore::MAX_PERMITS),
        wrong: AtomicUsize::new(0),
        proved: Mutex::default(),
    });
    World { hub, gate, publisher, params, stopping: CancellationToken::new() }
}

impl World {
    fn publish(&mut self, numbers: std::ops::Range<u32>, bytes: usize) {
        for number in numbers {
            let is_key = number.is_multiple_of(25);
            let mut unit = vec![if is_key { 0x65 } else { 0x41 }];
            unit.extend(number.to_be_bytes());
            unit.resize(bytes, 0xee);
            let mut data = Vec::new();
            nal::push_length_prefixed(&mut data, &unit);
            let wall = WallTime(START.0 + i64::from(number) * 40_000);
            let params = self.params.clone();
            let frame = Frame { wall, composition_us: 0, is_key, data: data.into(), params };
            self.publisher.push(&[frame]);
        }
    }

    async fn connect(&self) -> Client {
        self.connect_with(Limits { look: Duration::from_millis(20), ..Limits::default() }).await
    }

    async fn connect_with(&self, limits: Limits) -> Client {
        self.connect_over(64 << 10, limits).await
    }

    /// Connects by what holds so many bytes each way.
    async fn connect_over(&self, bytes: usize, limits: Limits) -> Client {
        let (stream, far) = tokio::io::duplex(bytes);
        let (hub, gate, stopping) = (self.hub.clone(), self.gate.clone(), self.stopping.clone());
        let server =
            tokio::spawn(async move { serve(far, HERE, &hub, &*gate, limits, &stopping).await });
        Client { stream, received: BytesMut::new(), nonce: String::new(), cseq: 0, server }
    }

    async fn playing(&self) -> Client {
        let mut client = self.connect().await;
        client.play().await;
        client
    }
}

fn md5(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Client {
    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Asks with the digest of a password, if there is a nonce already.
    async fn ask(&mut self, method: &str, uri: &str, password: &str, headers: &str) -> String {
        self.say(method, uri, password, headers).await;
        self.response().await
    }

    async fn say(&mut self, method: &str, uri: &str, password: &str, headers: &str) {
        self.cseq += 1;
        let secret = md5(&format!("k7:khue:{password}"));
        let response = md5(&format!("{secret}:{}:{}", self.nonce, md5(&format!("{method}:{uri}"))));
        let digest = format!(
            "Authorization: Digest username=\"k7\", realm=\"khue\", nonce=\"{}\", uri=\"{uri}\", \
             response=\"{response}\"\r\n",
            self.nonce
        );
        let digest = if self.nonce.is_empty() { "" } else { &digest };
        let cseq = self.cseq;
        self.send(&format!("{method} {uri} RTSP/1.0\r\nCSeq: {cseq}\r\n{digest}{headers}\r\n"))
            .await;
    }

    /// Reads on until there is a packet or a response; `None` at the end.
    async fn next(&mut self) -> Option<Result<Vec<u8>, String>> {
        loop {
            if let Some([b'$', channel, high, low]) = self.received.first_chunk().copied() {
                let length = usize::from(u16::from_be_bytes([high, low]));
                if self.received.len() >= 4 + length {
                    self.received.advance(4);
                    let packet = self.received.split_to(length).to_vec();
                    if channel % 2 == 0 {
                        return Some(Ok(packet));
                    }
                    continue;
                }
            } else if let Some(end) = self.received.windows(4).position(|four| four == b"\r\n\r\n")
            {
                let head = String::from_utf8(self.received.split_to(end + 4).to_vec()).unwrap();
                let length = head.split("Content-Length: ").nth(1);
                let length =
                    length.map_or(0, |rest| rest.split('\r').next().unwrap().parse().unwrap());
                while self.received.len() < length {
                    assert!(self.stream.read_buf(&mut self.received).await.unwrap() > 0);
                }
                let body = self.received.split_to(length);
                return Some(Err(head + std::str::from_utf8(&body).unwrap()));
            }
            // Only so that a defect ends the test instead of hanging it.
            let read = self.stream.read_buf(&mut self.received);
            let read = timeout(Duration::from_secs(20), read).await;
            if read.expect("the server is silent").unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    async fn response(&mut self) -> String {
        loop {
            match self.next().await {
                Some(Err(response)) => return response,
                Some(Ok(_)) => {}
                None => return String::new(),
            }
        }
    }

    async fn challenge(&mut self) {
        let refused = self.ask("DESCRIBE", URI, "", "").await;
        assert!(refused.starts_with("RTSP/1.0 401 "), "{refused}");
        self.nonce =
            refused.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    }

    async fn play(&mut self) {
        self.challenge().await;
        let described = self.ask("DESCRIBE", URI, "right", "").await;
        assert!(described.contains("a=rtpmap:96 H264/90000"), "{described}");
        let tcp = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
        let set_up = self.ask("SETUP", &format!("{URI}/trackID=0"), "right", tcp).await;
        assert!(set_up.starts_with("RTSP/1.0 200 "), "{set_up}");
        let play = self.ask("PLAY", URI, "right", "").await;
        assert!(play.starts_with("RTSP/1.0 200 "), "{play}");
    }

    /// Reads up to the next frame's first packet, and returns its number;
    /// parameter sets are passed over.
    async fn frame(&mut self) -> Option<u32> {
        loop {
            let Ok(packet) = self.next().await? else { continue };
            let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
            match packet[12..] {
                [0x65 | 0x41, ref rest @ ..] => return Some(number(&rest[..4])),
                [0x7c | 0x5c, head, ref rest @ ..] if head & 0x80 != 0 => {
                    return Some(number(&rest[..4]));
                }
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_proves_its_name_has_every_frame_from_the_keyframe_on() {
    let mut world = world();
    world.publish(0..30, 5000);
    let mut client = world.playing().await;
    assert_eq!(client.frame().await, Some(25), "the GOP under way");
    world.publish(30..80, 5000);
    for number in 26..80 {
        assert_eq!(client.frame().await, Some(number));
    }
    assert_eq!(world.gate.proved.lock().unwrap().len(), 3, "DESCRIBE, SETUP, PLAY");
    let paused = client.ask("PAUSE", URI, "right", "").await;
    assert!(paused.starts_with("RTSP/1.0 200 "), "{paused}");
    assert_eq!(world.hub.viewers(), 0);
    client.ask("PLAY", URI, "right", "").await;
    assert_eq!(client.frame().await, Some(75));
    client.ask("TEARDOWN", URI, "right", "").await;
    client.server.await.unwrap();
    assert_eq!(world.hub.viewers(), 0);
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_let_go_and_disturbs_nobody() {
    let mut world = world();
    world.publish(0..1, 1000);
    let short = Duration::from_millis(300);
    let look = Duration::from_millis(20);
    let mut stuck = world.connect_with(Limits { stuck: short, look, ..Limits::default() }).await;
    stuck.play().await;
    let mut other = world.playing().await;
    assert_eq!(other.frame().await, Some(0));
    // Far more than the connection holds: what the one takes, the other does not.
    for number in 1..400 {
        world.publish(number..number + 1, 20_000);
        assert_eq!(other.frame().await, Some(number));
    }
    stuck.server.await.unwrap();
    assert_eq!(world.hub.viewers(), 1, "the one that reads is still there");
}

#[tokio::test]
async fn a_client_that_reads_slowly_goes_on_at_a_later_keyframe() {
    let mut world = world();
    world.publish(0..1, 1000);
    let mut client = world.playing().await;
    assert_eq!(client.frame().await, Some(0));
    // Twelve seconds of video pass while it reads nothing.
    for number in 1..300 {
        world.publish(number..number + 1, 20_000);
        tokio::task::yield_now().await;
    }
    let mut last = 0;
    let lost = loop {
        let number = client.frame().await.unwrap();
        if number != last + 1 {
            break number;
        }
        last = number;
    };
    assert_eq!((lost % 25, lost > last), (0, true), "{last}, then {lost}");
    for number in lost + 1..300 {
        assert_eq!(client.frame().await, Some(number));
    }
}

#[tokio::test]
async fn what_is_revoked_ends_and_opens_nothing_again() {
    let mut world = world();
    world.publish(0..30, 1000);
    let mut client = world.playing().await;
    assert_eq!(client.frame().await, Some(25));
    world.gate.revoked.store(true, Ordering::SeqCst);
    while client.frame().await.is_some() {}
    client.server.await.unwrap();
    let mut again = world.connect().await;
    again.challenge().await;
    let refused = again.ask("DESCRIBE", URI, "right", "").await;
    assert!(refused.starts_with("RTSP/1.0 404 "), "{refused}");
}

#[tokio::test]
async fn a_stop_and_a_removed_camera_end_what_plays() {
    let mut world = world();
    world.publish(0..30, 1000);
    let mut client = world.playing().await;
    assert_eq!(client.frame().await, Some(25));
    world.hub.close(world.gate.picture);
    while client.frame().await.is_some() {}
    client.server.await.unwrap();
    let idle = world.connect().await;
    world.stopping.cancel();
    idle.server.await.unwrap();
}

#[tokio::test]
async fn wrong_answers_are_told_nothing_and_wait_after_some() {
    let mut world = world();
    world.publish(0..30, 1000);
    let mut client = world.connect().await;
    client.challenge().await;
    let there = client.ask("DESCRIBE", URI, "wrong", "").await;
    let elsewhere = client.ask("DESCRIBE", "rtsp://h/cameras/8/main", "wrong", "").await;
    let same = |text: &str| text.split_once("Server").unwrap().1.to_owned();
    assert!(there.starts_with("RTSP/1.0 401 "), "{there}");
    assert_eq!(same(&there), same(&elsewhere));
    for _ in 0..3 {
        client.ask("DESCRIBE", URI, "wrong", "").await;
    }
    let waits = client.ask("DESCRIBE", URI, "right", "").await;
    assert!(waits.starts_with("RTSP/1.0 403 ") && waits.contains("Retry-After: 5"), "{waits}");
    client.server.await.unwrap();
}

#[tokio::test]
async fn the_right_password_of_a_name_that_is_over_is_refused_and_is_no_guess() {
    let mut world = world();
    world.publish(0..30, 1000);
    world.gate.holds.store(false, Ordering::SeqCst);
    let mut over = world.connect().await;
    over.challenge().await;
    let same = |text: &str| text.split_once("Server").unwrap().1.to_owned();
    let wrong = same(&over.ask("DESCRIBE", URI, "wrong", "").await);
    for _ in 0..30 {
        let refused = over.ask("DESCRIBE", URI, "right", "").await;
        assert!(refused.starts_with("RTSP/1.0 401 "), "{refused}");
        assert_eq!(same(&refused), wrong, "it is told no more than who guesses");
    }
    assert_eq!(world.gate.wrong.load(Ordering::SeqCst), 1, "the one that was wrong");
}

#[tokio::test]
async fn who_cannot_be_looked_up_is_told_to_come_again_and_may() {
    let mut world = world();
    world.publish(0..30, 1000);
    let mut client = world.connect().await;
    client.challenge().await;
    *world.gate.refusal.lock().unwrap() = Some(Refusal::Unavailable);
    for _ in 0..30 {
        let busy = client.ask("DESCRIBE", URI, "right", "").await;
        assert!(busy.starts_with("RTSP/1.0 503 ") && busy.contains("Retry-After: 5"), "{busy}");
    }
    *world.gate.refusal.lock().unwrap() = None;
    let described = client.ask("DESCRIBE", URI, "right", "").await;
    assert!(described.starts_with("RTSP/1.0 200 "), "{described}");
}

#[tokio::test]
async fn answers_that_took_longer_than_a_client_may_take_nothing_are_sent_still() {
    let mut world = world();
    world.publish(0..30, 1000);
    world.gate.looks.forget_permits(Semaphore::MAX_PERMITS);
    let (stuck, look) = (Duration::from_millis(600), Duration::from_millis(1));
    // A connection that holds less than an answer.
    let limits = Limits { stuck, look, ..Limits::default() };
    let mut client = world.connect_over(64, limits).await;
    client.challenge().await;
    // Of the second a part of the first waits to be taken meanwhile.
    for _ in 0..2 {
        client.say("DESCRIBE", URI, "right", "").await;
        // What is waited for is that the client's patience is over.
        while let Ok(read) = timeout(2 * stuck, client.stream.read_buf(&mut client.received)).await
        {
            assert!(read.unwrap() > 0, "it was let go before there was an answer");
        }
        world.gate.looks.add_permits(1);
        let read = client.stream.read_buf(&mut client.received).await;
        assert!(read.unwrap() > 0, "it was let go as there was one");
    }
    for _ in 0..2 {
        let described = client.response().await;
        assert!(described.starts_with("RTSP/1.0 200 "), "{described}");
    }
}

#[tokio::test]
async fn what_was_described_plays_after_another_description_failed() {
    let mut world = world();
    world.publish(0..30, 1000);
    // A codec that does not go this way: there is nothing to describe, at once.
    let mut silent = world.hub.publisher(world.gate.sub);
    let params = Arc::new(Params::sound(Codec::Opus, bytes::Bytes::new()));
    let data = vec![7].into();
    silent.push(&[Frame { wall: START, composition_us: 0, is_key: true, data, params }]);
    let mut client = world.connect().await;
    client.challenge().await;
    let described = client.ask("DESCRIBE", URI, "right", "").await;
    assert!(described.starts_with("RTSP/1.0 200 "), "{described}");
    let failed = client.ask("DESCRIBE", "rtsp://h/cameras/7/sub", "right", "").await;
    assert!(failed.starts_with("RTSP/1.0 503 "), "{failed}");
    let tcp = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
    client.ask("SETUP", &format!("{URI}/trackID=0"), "right", tcp).await;
    client.ask("PLAY", URI, "right", "").await;
    assert_eq!(client.frame().await, Some(25), "of the stream that was described");
}

#[tokio::test]
async fn what_cannot_be_looked_up_now_is_not_said_to_be_missing() {
    let mut world = world();
    world.publish(0..1, 1000);
    let mut client = world.connect().await;
    client.challenge().await;
    world.gate.stumbles.store(true, Ordering::SeqCst);
    let busy = client.ask("DESCRIBE", URI, "right", "").await;
    assert!(busy.starts_with("RTSP/1.0 503 ") && busy.contains("Retry-After: 5"), "{busy}");
    world.gate.stumbles.store(false, Ordering::SeqCst);
    let described = client.ask("DESCRIBE", URI, "right", "").await;
    assert!(described.starts_with("RTSP/1.0 200 "), "{described}");
}

#[tokio::test]
async fn sound_that_becomes_another_ends_what_plays() {
    let world = world();
    let mut sound = world.hub.publisher(world.gate.sub);
    let mut push = |number: i64, config: &'static [u8]| {
        let params = Arc::new(Params::sound(Codec::Aac, bytes::Bytes::from_static(config)));
        let (wall, data) = (WallTime(START.0 + number * 64_000), vec![7; 9].into());
        sound.push(&[Frame { wall, composition_us: 0, is_key: true, data, params }]);
    };
    push(0, &[0x14, 0x08]);
    let uri = "rtsp://h/cameras/7/sub";
    let mut client = world.connect().await;
    client.challenge().await;
    let described = client.ask("DESCRIBE", uri, "right", "").await;
    assert!(described.contains("config=1408"), "{described}");
    let tcp = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
    client.ask("SETUP", &format!("{uri}/trackID=0"), "right", tcp).await;
    client.ask("PLAY", uri, "right", "").await;
    push(1, &[0x14, 0x08]);
    assert!(client.next().await.unwrap().is_ok(), "a packet");
    push(2, &[0x14, 0x10]);
    while client.next().await.is_some() {}
    client.server.await.unwrap();
}

#[tokio::test]
async fn malformed_requests_get_an_answer_or_a_close_and_the_next_client_is_served() {
    let mut world = world();
    world.publish(0..30, 1000);
    for (bytes, answer) in [
        (&b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"[..], "RTSP/1.0 400 "),
        (b"\x16\x03\x01\x02\x00\x01\x00", "RTSP/1.0 400 "),
        (b"DESCRIBE rtsp://h/a RTSP/2.0\r\nCSeq: 1\r\n\r\n", "RTSP/1.0 505 "),
        (b"DESCRIBE\r\n\r\n", "RTSP/1.0 400 "),
        (b"DESCRIBE rtsp://h/a RTSP/1.0\r\n\r\n", "RTSP/1.0 400 "),
        (b"DESCRIBE rtsp://h/a RTSP/1.0\r\nCSeq: 1\r\nContent-Length: x\r\n\r\n", "RTSP/1.0 400 "),
        (b"FLY rtsp://h/a RTSP/1.0\r\nCSeq: 1\r\n\r\n", "RTSP/1.0 501 "),
        (
            b"SETUP rtsp://h/a RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Digest \x01\r\n\r\n",
            "RTSP/1.0 401 ",
        ),
        (
            b"PLAY * RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Basic azc6cmlnaHQ=\r\n\r\n",
            "RTSP/1.0 401 ",
        ),
        (&[b'A'; 20_000], "RTSP/1.0 400 "),
        (b"$\x07\xff\xff", ""),
    ] {
        let mut client = world.connect().await;
        client.stream.write_all(bytes).await.unwrap();
        client.stream.shutdown().await.unwrap();
        let response = client.response().await;
        assert!(
            response.starts_with(answer) && response.is_empty() == answer.is_empty(),
            "{:?}: {response}",
            String::from_utf8_lossy(bytes)
        );
        client.server.await.unwrap();
    }
    // A client that asks without end and reads nothing is not answered without end.
    let mut flood = world.connect().await;
    let options = "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n".repeat(1000);
    let flooding = async {
        for _ in 0..200 {
            flood.send(&options).await;
        }
    };
    assert!(timeout(Duration::from_secs(1), flooding).await.is_err());
    let mut next = world.playing().await;
    assert_eq!(next.frame().await, Some(25));
}
