//! What a camera does wrong when it is told to, as its clients see it.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Stdio;
use std::sync::Arc;

use common::{Client, any_port, clip};
use simcam::clip::{Clip, Codec, Pattern};
use simcam::sei::{self, Stamp};
use simcam::{
    CameraConfig, Ended, Fault, FaultError, Lie, Server, ServerConfig, Start, StartError,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn server() -> Server {
    serve(CameraConfig::new("cam1", clip(), clip())).await
}

async fn serve(camera: CameraConfig) -> Server {
    let config = ServerConfig {
        start: Start::Anywhere,
        control: Some(any_port()),
        ..ServerConfig::new(any_port(), vec![camera])
    };
    Server::start(config).await.unwrap()
}

async fn playing(server: &Server) -> Client {
    let mut client = Client::connect(server, "cam1/main").await;
    client.play().await;
    client.packet().await;
    client
}

/// A packet of pictures.
struct Packet {
    sequence: u16,
    time: u32,
    stamp: Option<Stamp>,
}

async fn picture(client: &mut Client) -> Packet {
    loop {
        let (channel, packet) = client.packet().await;
        if channel == 0 {
            let stamp = common::nals(&packet[12..]).iter().find_map(|unit| sei::read_unit(unit));
            let sequence = u16::from_be_bytes([packet[2], packet[3]]);
            let time = u32::from_be_bytes(packet[4..8].try_into().unwrap());
            return Packet { sequence, time, stamp };
        }
    }
}

async fn stamp(client: &mut Client) -> (Stamp, u32) {
    loop {
        let packet = picture(client).await;
        if let Some(stamp) = packet.stamp {
            return (stamp, packet.time);
        }
    }
}

/// Returns the next report: its wall time, and the RTP time.
async fn report(client: &mut Client) -> (i64, u32) {
    loop {
        let (channel, packet) = client.packet().await;
        let word = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
        if channel == 1 {
            let micros = (u64::from(word(12)) * 1_000_000) >> 32;
            let seconds = i64::from(word(8)) - 2_208_988_800;
            return (seconds * 1_000_000 + micros as i64, word(16));
        }
    }
}

/// Asks the control, and returns its status and its JSON.
async fn control(server: &Server, request: &str) -> (u16, serde_json::Value) {
    let mut stream = TcpStream::connect(server.control_addr().unwrap()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    loop {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).await.unwrap();
        answer += std::str::from_utf8(&piece[..length]).unwrap();
        let Some((head, body)) = answer.split_once("\r\n\r\n") else { continue };
        let told = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        if body.len() == told.unwrap().parse::<usize>().unwrap() {
            let status = head.split(' ').nth(1).unwrap().parse().unwrap();
            return (status, serde_json::from_str(body).unwrap());
        }
        assert!(length > 0, "cut short: {answer}");
    }
}

async fn put(server: &Server, camera: &str, body: &str) -> (u16, serde_json::Value) {
    let length = body.len();
    let request = format!(
        "PUT /cameras/{camera}/fault HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    control(server, &request).await
}

#[tokio::test]
async fn faults_are_switched_and_told_over_http() {
    let server = server().await;
    let get = "GET /faults HTTP/1.1\r\nHost: h\r\n\r\n";
    let none = serde_json::json!({"cameras": [{"name": "cam1", "fault": "none"}]});
    assert_eq!(control(&server, get).await, (200, none));
    let (status, told) = put(&server, "cam1", r#"{"fault":"lose_packets","percent":7}"#).await;
    let lossy = serde_json::json!({"name": "cam1", "fault": "lose_packets", "percent": 7});
    assert_eq!((status, &told), (200, &lossy));
    assert_eq!(control(&server, get).await.1["cameras"][0], lossy);
    assert_eq!(server.faults(), [("cam1".to_owned(), Fault::LosePackets { percent: 7 })]);

    // curl, as a person would.
    let curl = tokio::process::Command::new("curl")
        .args(["-sS", "-X", "PUT", "-d", r#"{"fault":"hang"}"#])
        .arg(format!("http://{}/cameras/cam1/fault", server.control_addr().unwrap()))
        .stdin(Stdio::null())
        .output();
    if let Ok(output) = curl.await {
        assert_eq!(String::from_utf8_lossy(&output.stdout), r#"{"name":"cam1","fault":"hang"}"#);
        assert_eq!(server.faults()[0].1, Fault::Hang);
    }
}

#[tokio::test]
async fn what_cannot_be_switched_is_told_in_words() {
    let server = server().await;
    for (camera, body, status, words) in [
        ("cam9", r#"{"fault":"hang"}"#, 404, "there is no camera called cam9"),
        ("cam1", r#"{"fault":"sulk"}"#, 400, "unknown variant `sulk`, expected one of `none`"),
        ("cam1", "hang", 400, r#"send a fault as {"fault":"hang"}"#),
        ("cam1", "", 400, "with Content-Length"),
        ("cam1", r#"{"fault":"lose_packets","percent":101}"#, 400, "cannot be more than 100"),
        ("cam1", r#"{"fault":"resolution_change"}"#, 409, "no other clip coded as its main one"),
        ("cam1", r#"{"fault":"codec_change"}"#, 409, "no other clip coded in the other codec"),
    ] {
        let (told, answer) = put(&server, camera, body).await;
        let error = answer["error"].as_str().unwrap();
        assert!(told == status && error.contains(words), "{told} {error}");
    }
    for (request, status, words) in [
        ("POST /faults HTTP/1.1\r\n\r\n", 405, "read by GET"),
        ("GET /cameras/cam1/fault HTTP/1.1\r\n\r\n", 405, "switched by PUT"),
        ("GET / HTTP/1.1\r\n\r\n", 404, "GET /faults and PUT /cameras/NAME/fault"),
        ("DESCRIBE * RTSP/1.0\r\n\r\n", 400, "no request line"),
        ("GET /faults HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400, "no header"),
    ] {
        let (told, answer) = control(&server, request).await;
        let error = answer["error"].as_str().unwrap();
        assert!(told == status && error.contains(words), "{told} {error}");
    }
    assert_eq!(server.faults()[0].1, Fault::None);

    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let config =
        ServerConfig { control: Some(everywhere), ..ServerConfig::new(any_port(), vec![]) };
    let refused = Server::start(config).await.unwrap_err();
    assert!(matches!(refused, StartError::Control { addr } if addr == everywhere));
}

#[tokio::test]
async fn one_that_hangs_says_and_sends_nothing_and_goes_on_when_it_is_over() {
    let cameras = ["cam1", "cam2"].map(|name| CameraConfig::new(name, clip(), clip()));
    let config =
        ServerConfig { start: Start::Anywhere, ..ServerConfig::new(any_port(), cameras.to_vec()) };
    let server = Server::start(config).await.unwrap();
    let mut watching = playing(&server).await;
    let mut other = Client::connect(&server, "cam2/main").await;
    other.play().await;
    server.set_fault("cam1", Fault::Hang).unwrap();
    // Nothing is on its way any more once it hangs.
    let sent = server.deliveries()[0].clone();
    let mut asking = Client::connect(&server, "cam1/main").await;
    let base = asking.base.clone();
    asking.send(format!("DESCRIBE {base} RTSP/1.0\r\nCSeq: 1\r\n\r\n").as_bytes()).await;
    asking.send(b"OPTIONS * RTSP/1.0\r\nCSeq: 2\r\n\r\n").await;
    // What is asked of no camera is answered, and before it nothing was.
    assert_eq!(asking.response().await.header("CSeq"), Some("2"));
    for _ in 0..20 {
        stamp(&mut other).await;
    }
    assert_eq!(server.deliveries()[0], sent, "others go on, it does not");
    server.set_fault("cam1", Fault::None).unwrap();
    let mut counters = vec![stamp(&mut watching).await.0.counter];
    while counters.windows(2).all(|pair| pair[1] == pair[0] + 1) {
        counters.push(stamp(&mut watching).await.0.counter);
    }
    // What it left out is left out for good.
    let [.., before, after] = counters[..] else { panic!("{counters:?}") };
    assert_eq!(before, sent.counters.unwrap().1);
    assert!(after >= before + 18, "{counters:?}");
    assert_eq!(server.deliveries()[0].ended, None);
}

#[tokio::test]
async fn one_that_drops_closes_on_those_who_watch_and_those_who_ask() {
    let server = server().await;
    let mut watching = playing(&server).await;
    let mut asking = Client::connect(&server, "cam1/sub").await;
    server.set_fault("cam1", Fault::Drop).unwrap();
    watching.read_to_end().await;
    let base = asking.base.clone();
    asking.send(format!("DESCRIBE {base} RTSP/1.0\r\nCSeq: 1\r\n\r\n").as_bytes()).await;
    assert!(asking.is_closed().await);
    assert_eq!(server.deliveries()[0].ended, Some(Ended::Fault));
    server.set_fault("cam1", Fault::None).unwrap();
    playing(&server).await;
}

#[tokio::test]
async fn one_that_cuts_stops_within_a_packet() {
    let server = server().await;
    let mut watching = playing(&server).await;
    server.set_fault("cam1", Fault::CutMidFrame).unwrap();
    let whole = watching.packets_to_end().await;
    assert!(whole > 0);
    let delivery = server.deliveries().remove(0);
    assert_eq!(delivery.ended, Some(Ended::Fault));
    // Of the frame that was cut some packets may have come whole; it counts for nothing.
    assert!(delivery.pictures.packets <= whole as u64);
}

#[tokio::test]
async fn lies_of_a_description_are_told_and_no_two_are_the_same() {
    let server = server().await;
    let mut client = Client::connect(&server, "cam1/main").await;
    let base = client.base.clone();
    let honest = client.ask("DESCRIBE", &base, "").await.body;
    let mut told = vec![honest];
    for (lie, shows) in [
        (Lie::NoMedia, "a=control:*"),
        (Lie::NoSdp, "<html>"),
        (Lie::CutShort, "sprop-parameter-sets="),
        (Lie::BadParameterSets, "sprop-parameter-sets=%%%"),
        (Lie::ForeignParameterSets, "sprop-parameter-sets=//////////8=,//////////8="),
        (Lie::OtherCodec, "a=rtpmap:96 H265/90000"),
        (Lie::OtherPayloadType, "m=video 0 RTP/AVP 98"),
        (Lie::OtherControl, "a=control:stream=0"),
        (Lie::Endless, "a=x-more:and more"),
    ] {
        server.set_fault("cam1", Fault::WrongSdp { lie }).unwrap();
        let body = client.ask("DESCRIBE", &base, "").await.body;
        assert!(body.contains(shows) && !told.contains(&body), "{lie:?}");
        told.push(body);
    }
}

#[tokio::test]
async fn a_clock_is_off_in_reports_alone_and_a_jump_is_told_at_once() {
    let server = server().await;
    let mut client = playing(&server).await;
    let (first, first_time) = stamp(&mut client).await;
    // Where an RTP time says it was taken, by a report, against what the frame says.
    let off_us = |report: (i64, u32), frame: (Stamp, u32)| {
        let ticks = i64::from(frame.1.wrapping_sub(report.1) as i32);
        report.0 + ticks * 100 / 9 - frame.0.wall_us
    };
    server.set_fault("cam1", Fault::ClockOff { seconds: -180 }).unwrap();
    let reported = report(&mut client).await;
    let frame = stamp(&mut client).await;
    assert!((off_us(reported, frame) + 180_000_000).abs() < 100, "{reported:?} {frame:?}");
    let steady = (frame.1.wrapping_sub(first_time)) as u64;
    assert_eq!(steady, (frame.0.counter - first.counter) * 3600);

    server.set_fault("cam1", Fault::ClockJump { rtp_seconds: 10, report_seconds: 0 }).unwrap();
    let reported = report(&mut client).await;
    let frame = stamp(&mut client).await;
    assert!(off_us(reported, frame).abs() < 100, "{reported:?} {frame:?}");
    let jumped = u64::from(frame.1.wrapping_sub(first_time));
    assert_eq!(jumped, (frame.0.counter - first.counter) * 3600 + 900_000);
}

#[tokio::test]
async fn an_answer_may_lack_where_it_begins_or_never_end() {
    let server = server().await;
    server.set_fault("cam1", Fault::NoRtpInfo).unwrap();
    let mut client = Client::connect(&server, "cam1/main").await;
    let playing = client.play().await;
    assert_eq!((playing.status, playing.header("RTP-Info")), (200, None));
    picture(&mut client).await;

    server.set_fault("cam1", Fault::EndlessConnect).unwrap();
    let mut client = Client::connect(&server, "cam1/main").await;
    let base = client.base.clone();
    client.send(format!("DESCRIBE {base} RTSP/1.0\r\nCSeq: 5\r\n\r\n").as_bytes()).await;
    let mut lines = Vec::new();
    for _ in 0..4 {
        lines.push(client.line().await);
    }
    assert_eq!(lines, ["RTSP/1.0 200 OK", "CSeq: 5", "X-Wait: 1", "X-Wait: 2"]);
}

#[tokio::test]
async fn garbage_stands_between_packets_and_within_them() {
    let server = server().await;
    server.set_fault("cam1", Fault::Garbage).unwrap();
    let mut client = playing(&server).await;
    // Whoever trusts the lengths runs into something that is no packet.
    client.packets_until_lost().await;
    assert_eq!(server.deliveries()[0].ended, None);
}

#[tokio::test]
async fn another_resolution_comes_with_a_keyframe_and_its_own_parameter_sets() {
    let small = Pattern { width: 320, height: 180, ..Pattern::default() };
    let small = Clip::test_pattern(small).unwrap();
    let camera = CameraConfig::new("cam1", clip(), clip());
    let server = serve(CameraConfig { others: vec![Arc::clone(&small)], ..camera }).await;
    let mut client = playing(&server).await;
    server.set_fault("cam1", Fault::ResolutionChange).unwrap();
    let (mut last, mut packet_before) = (None, None::<Packet>);
    loop {
        let (channel, packet) = client.packet().await;
        if channel != 0 {
            continue;
        }
        let sequence = u16::from_be_bytes([packet[2], packet[3]]);
        let time = u32::from_be_bytes(packet[4..8].try_into().unwrap());
        if let Some(before) = &packet_before {
            assert_eq!(sequence, before.sequence.wrapping_add(1));
            let step = time.wrapping_sub(before.time);
            assert!(step == 0 || step == 3600, "{step}");
        }
        packet_before = Some(Packet { sequence, time, stamp: None });
        let units = common::nals(&packet[12..]);
        if let Some(stamp) = units.iter().find_map(|unit| sei::read_unit(unit)) {
            assert_eq!(stamp.counter, last.map_or(stamp.counter, |last: u64| last + 1));
            last = Some(stamp.counter);
        }
        if units.iter().any(|unit| unit[..] == small.sps[..]) {
            break;
        }
    }
    let base = client.base.clone();
    let described = client.ask("DESCRIBE", &base, "").await.body;
    assert!(!described.is_empty());
    assert_eq!(server.deliveries()[0].ended, None);
}

#[tokio::test]
async fn another_codec_ends_the_session_and_is_described_from_then_on() {
    let h265 = Clip::test_pattern(Pattern { codec: Codec::H265, ..Pattern::default() }).unwrap();
    let camera = CameraConfig::new("cam1", clip(), clip());
    let server = serve(CameraConfig { others: vec![h265], ..camera }).await;
    let mut watching = playing(&server).await;
    for (fault, codec) in [(Fault::CodecChange, "hevc"), (Fault::None, "h264")] {
        server.set_fault("cam1", fault).unwrap();
        watching.read_to_end().await;
        watching = playing(&server).await;
        let base = watching.base.clone();
        let seen = tokio::process::Command::new("ffprobe")
            .args(["-v", "error", "-rtsp_transport", "tcp", "-of", "csv=p=0"])
            .args(["-show_entries", "stream=codec_name,width", &base])
            .stdin(Stdio::null())
            .output();
        let seen = seen.await.unwrap();
        assert_eq!(String::from_utf8_lossy(&seen.stdout), format!("{codec},640\n"));
    }
    assert_eq!(server.deliveries()[0].ended, Some(Ended::Fault));
}

#[tokio::test]
async fn one_that_drips_says_a_byte_at_a_time_and_is_whole_again_when_it_is_over() {
    let server = server().await;
    let mut watching = playing(&server).await;
    server.set_fault("cam1", Fault::Drip).unwrap();
    let mut asking = Client::connect(&server, "cam1/main").await;
    let base = asking.base.clone();
    asking.send(format!("DESCRIBE {base} RTSP/1.0\r\nCSeq: 5\r\n\r\n").as_bytes()).await;
    assert_eq!(asking.piece().await, b"R");
    assert_eq!(asking.piece().await, b"T");
    server.set_fault("cam1", Fault::None).unwrap();
    // What had begun to drip ends, and what follows is whole.
    let (first, _) = stamp(&mut watching).await;
    loop {
        let (next, _) = stamp(&mut watching).await;
        if next.counter > first.counter + 60 {
            break;
        }
    }
    assert_eq!(server.deliveries()[0].ended, None);
}

#[tokio::test]
async fn packets_are_lost_over_udp_in_the_measure_asked_for() {
    let server = server().await;
    server.set_fault("cam1", Fault::LosePackets { percent: 30 }).unwrap();
    let (rtp, rtcp) =
        (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let ports = [&rtp, &rtcp].map(|socket| socket.local_addr().unwrap().port());
    let mut client = Client::connect(&server, "cam1/main").await;
    let base = client.base.clone();
    let transport = format!("Transport: RTP/AVP;unicast;client_port={}-{}\r\n", ports[0], ports[1]);
    let setup = client.ask("SETUP", &base, &transport).await;
    let port = |packet: &UdpSocket| {
        let mut bytes = [0; 2048];
        let (length, from) = packet.recv_from(&mut bytes).unwrap();
        (bytes[..length].to_vec(), from.port())
    };
    client.ask("PLAY", &base, "").await;
    let (counted, received, from) = tokio::task::spawn_blocking(move || {
        let (first, from) = port(&rtp);
        let sequence = |packet: &[u8]| u16::from_be_bytes([packet[2], packet[3]]);
        let (first, mut received) = (sequence(&first), 1_u32);
        loop {
            let packet = port(&rtp).0;
            received += 1;
            let counted = u32::from(sequence(&packet).wrapping_sub(first)) + 1;
            if counted >= 600 {
                let report = port(&rtcp);
                assert_eq!((report.0[1], report.1), (200, from + 1));
                return (counted, received, from);
            }
        }
    })
    .await
    .unwrap();
    let told = format!(";server_port={from}-{}", from + 1);
    assert!(setup.header("Transport").unwrap().contains(&told));
    let lost = 100 - received * 100 / counted;
    assert!((20..=40).contains(&lost), "{lost} of a hundred");
}

#[tokio::test]
async fn a_camera_may_be_at_fault_from_the_start() {
    let camera = CameraConfig { fault: Fault::Drop, ..CameraConfig::new("cam1", clip(), clip()) };
    let server = serve(camera).await;
    assert_eq!(server.faults()[0].1, Fault::Drop);
    let camera =
        CameraConfig { fault: Fault::CodecChange, ..CameraConfig::new("cam1", clip(), clip()) };
    let refused = Server::start(ServerConfig::new(any_port(), vec![camera])).await.unwrap_err();
    assert!(matches!(refused, StartError::Fault(FaultError::NoOther { .. })), "{refused}");
}
