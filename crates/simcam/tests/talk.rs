//! What the server says to clients that speak to it letter by letter.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::{Client, clip, config, guarded};
use simcam::clip::Clip;
use simcam::{Ended, Server, ServerConfig, Start, StartError, StreamRole, sei};

#[tokio::test]
async fn a_whole_talk_from_options_to_teardown() {
    let server = Server::start(config()).await.unwrap();
    let mut client = Client::connect(&server, "cam1/main").await;
    let base = client.base.clone();
    assert_eq!(base, server.url("cam1", StreamRole::Main));

    let options = client.ask("OPTIONS", "*", "").await;
    assert_eq!(
        options.header("Public"),
        Some("OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN")
    );
    let described = client.ask("DESCRIBE", &base, "Accept: application/sdp\r\n").await;
    assert_eq!(described.header("Content-Base"), Some(format!("{base}/").as_str()));
    for line in ["m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=framerate:25"] {
        assert!(described.body.lines().any(|each| each == line), "{}", described.body);
    }

    let playing = client.play().await;
    let info = playing.header("RTP-Info").unwrap().to_owned();
    let (channel, report) = client.packet().await;
    assert_eq!((channel, report[1]), (1, 200), "a sender report comes first");
    let (channel, first) = client.packet().await;
    let sequence = u16::from_be_bytes([first[2], first[3]]);
    let time = u32::from_be_bytes(first[4..8].try_into().unwrap());
    assert_eq!(channel, 0);
    assert_eq!(info, format!("url={base}/trackID=0;seq={sequence};rtptime={time}"));

    let id = playing.header("Session").unwrap().to_owned();
    let session = format!("Session: {id}\r\n");
    assert_eq!(client.ask("GET_PARAMETER", &base, &session).await.status, 200);
    assert_eq!(client.ask("PLAY", &base, &session).await.status, 200);
    assert_eq!(client.ask("TEARDOWN", &base, &session).await.status, 200);
    assert!(client.is_closed().await);

    let deliveries = server.shutdown().await;
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0].path, "cam1/main");
    assert_eq!(deliveries[0].ended, Some(Ended::TornDown));
}

#[tokio::test]
async fn a_sender_report_says_which_wall_time_an_rtp_time_is() {
    let server = Server::start(config()).await.unwrap();
    let mut client = Client::connect(&server, "cam1/main").await;
    client.play().await;
    let (channel, report) = client.packet().await;
    assert_eq!((channel, &report[..4]), (1, &[0x80, 200, 0, 6][..]));
    let word =
        |packet: &[u8], at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
    let seconds = i64::from(word(&report, 8)) - 2_208_988_800;
    let micros = (u64::from(word(&report, 12)) * 1_000_000) >> 32;
    let reported_us = seconds * 1_000_000 + micros as i64;
    let now_us = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64;
    assert!((now_us - 60_000_000..=now_us).contains(&reported_us));

    let (_, first) = client.packet().await;
    // The parameter sets stand before the stamp, which ends the packet.
    let stamp = sei::read_unit(&first[first.len() - sei::UNIT_LENGTH..]).unwrap();
    let rtp_us = i64::from(word(&report, 16).wrapping_sub(word(&first, 4)) as i32) * 100 / 9;
    assert!(
        (reported_us - stamp.wall_us).abs_diff(rtp_us) < 30,
        "{reported_us} {stamp:?} {rtp_us}"
    );

    let described = &report[28..];
    assert_eq!(&described[..2], [0x81, 202]);
    assert_eq!(described.len(), 4 + 4 * usize::from(described[3]));
    assert_eq!(&described[8..19], b"\x01\x09cam1/main");
}

/// Reads frames' stamps and checks that numbers leave nothing out.
async fn stamps(client: &mut Client, count: usize) -> Vec<sei::Stamp> {
    let mut stamps = Vec::new();
    let mut sequence = None;
    while stamps.len() < count {
        let (channel, packet) = client.packet().await;
        if channel != 0 {
            continue;
        }
        let this = u16::from_be_bytes([packet[2], packet[3]]);
        assert_eq!(sequence.replace(this).unwrap_or(this.wrapping_sub(1)), this.wrapping_sub(1));
        let payload = &packet[12..];
        match payload[0] & 0x1f {
            6 => stamps.extend(sei::read_unit(payload)),
            24 => {
                let mut rest = &payload[1..];
                while let Some((length, after)) = rest.split_first_chunk::<2>() {
                    let (unit, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
                    stamps.extend(sei::read_unit(unit));
                    rest = after;
                }
            }
            _ => {}
        }
    }
    stamps
}

#[tokio::test]
async fn every_frame_carries_its_number_and_time_across_the_seam_of_the_loop() {
    let server = Server::start(config()).await.unwrap();
    let mut client = Client::connect(&server, "cam1/sub").await;
    client.play().await;
    let frames = clip().access_units.len() as u64;
    let stamps = stamps(&mut client, clip().access_units.len() + 5).await;
    let first = stamps[0];
    assert!(clip().access_units[(first.counter % frames) as usize].is_key);
    for (step, stamp) in stamps.iter().enumerate() {
        assert_eq!(stamp.counter, first.counter + step as u64);
        assert_eq!(stamp.wall_us, first.wall_us + step as i64 * 40_000);
        assert_eq!(stamp.source, sei::source("cam1/sub"));
    }
    drop(client);
    let delivery = server.shutdown().await.remove(0);
    let (sent_first, sent_last) = delivery.counters.unwrap();
    assert_eq!(sent_first, first.counter);
    assert!(sent_last >= stamps.last().unwrap().counter);
    assert_eq!(delivery.frames, sent_last - sent_first + 1);
}

#[tokio::test]
async fn viewers_of_a_stream_see_the_same_frames_under_the_same_numbers() {
    let config = ServerConfig { start: Start::Anywhere, ..config() };
    let server = Server::start(config).await.unwrap();
    let mut early = Client::connect(&server, "cam2/main").await;
    early.play().await;
    let seen = stamps(&mut early, 30).await;
    let mut late = Client::connect(&server, "cam2/main").await;
    late.play().await;
    let late = stamps(&mut late, 1).await[0];
    assert!(late.counter > seen[0].counter);
    let same = stamps(&mut early, 10).await.into_iter().chain(seen);
    assert!(same.into_iter().any(|stamp| stamp == late));
}

#[tokio::test]
async fn what_is_not_there_or_not_spoken_is_told_by_its_number() {
    let server = Server::start(config()).await.unwrap();
    let mut client = Client::connect(&server, "cam1/main").await;
    let base = client.base.clone();
    let tcp = "Transport: RTP/AVP/TCP;unicast;interleaved=4-5\r\n";
    let other = "rtsp://127.0.0.1/cam9/main";
    assert_eq!(client.ask("DESCRIBE", other, "").await.status, 404);
    assert_eq!(client.ask("SETUP", other, tcp).await.status, 404);
    let track = |number: u32| format!("{base}/trackID={number}");
    assert_eq!(client.ask("SETUP", &track(1), tcp).await.status, 404, "it has no sound");
    assert_eq!(client.ask("SETUP", &track(2), tcp).await.status, 404);
    let secure = "Transport: RTP/SAVP;unicast;client_port=5000-5001\r\n";
    assert_eq!(client.ask("SETUP", &base, secure).await.status, 461);
    assert_eq!(client.ask("SETUP", &base, "").await.status, 461);
    assert_eq!(client.ask("PLAY", &base, "").await.status, 455);
    assert_eq!(client.ask("PLAY", &base, "Session: 1234\r\n").await.status, 454);
    assert_eq!(client.ask("DESCRIBE", &base, "Require: onvif-replay\r\n").await.status, 551);
    assert_eq!(client.ask("PAUSE", &base, "").await.status, 405);
    assert_eq!(client.ask("BREW", &base, "").await.status, 501);

    let both = format!("{}{}", secure.replace("\r\n", ","), tcp.replace("Transport: ", ""));
    let setup = client.ask("SETUP", &base, &both).await;
    assert_eq!(setup.header("Transport"), Some("RTP/AVP/TCP;unicast;interleaved=4-5"));
}

#[tokio::test]
async fn without_the_right_password_nothing_but_options_is_answered() {
    let server = Server::start(guarded()).await.unwrap();
    let mut client = Client::connect(&server, "cam1/main").await;
    let base = client.base.clone();
    assert_eq!(client.ask("OPTIONS", &base, "").await.status, 200);
    for headers in ["", "Authorization: Basic a2h1ZTp2YW4tY2FjLTE4MDU=\r\n"] {
        let refused = client.ask("DESCRIBE", &base, headers).await;
        assert_eq!(refused.status, 401);
        let challenge = refused.header("WWW-Authenticate").unwrap();
        assert!(challenge.starts_with("Digest realm=\"simcam\", nonce=\""), "{challenge}");
        assert_eq!(refused.body, "");
    }
    assert_eq!(client.ask("DESCRIBE", "rtsp://h/cam9/main", "").await.status, 401);
}

/// The words of live555, with which VLC speaks: its headers, its URLs with and
/// without a slash, a range, and a keep-alive on the base URL.
#[tokio::test]
async fn the_words_of_vlc_are_understood() {
    let server = Server::start(config()).await.unwrap();
    let mut client = Client::connect(&server, "cam1/main").await;
    let base = client.base.clone();
    let agent = "User-Agent: LibVLC/3.0.18 (LIVE555 Streaming Media v2016.11.28)\r\n";
    let with = |more: &str| format!("{agent}{more}");
    assert_eq!(client.ask("OPTIONS", &base, &with("")).await.status, 200);
    let described = client.ask("DESCRIBE", &base, &with("Accept: application/sdp\r\n")).await;
    let content_base = described.header("Content-Base").unwrap().to_owned();
    let track = format!("{content_base}trackID=0");
    let transport = with("Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n");
    let setup = client.ask("SETUP", &track, &transport).await;
    assert_eq!(setup.header("Transport"), Some("RTP/AVP/TCP;unicast;interleaved=0-1"));
    let session = setup.header("Session").unwrap();
    assert!(session.ends_with(";timeout=60"), "{session}");
    let session = with(&format!("Session: {}\r\n", session.split(';').next().unwrap()));
    let range = format!("{session}Range: npt=0.000-\r\n");
    let playing = client.ask("PLAY", &content_base, &range).await;
    assert!(playing.header("RTP-Info").unwrap().starts_with(&format!("url={track};seq=")));
    assert_eq!(client.ask("GET_PARAMETER", &content_base, &session).await.status, 200);
    assert_eq!(client.ask("TEARDOWN", &content_base, &session).await.status, 200);
}

#[tokio::test]
async fn garbage_is_answered_with_400_and_the_end() {
    let server = Server::start(config()).await.unwrap();
    let tls_hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n";
    let endless = [b"PLAY * RTSP/1.0\r\n".to_vec(), b"a: b\r\n".repeat(10_000)].concat();
    for garbage in
        [&tls_hello[..], b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"OPTIONS * RTSP/1.0\r\n\r\n"]
    {
        let mut client = Client::connect(&server, "cam1/main").await;
        client.send(garbage).await;
        assert_eq!(client.response().await.status, 400);
        assert!(client.is_closed().await);
    }
    let mut client = Client::connect(&server, "cam1/main").await;
    client.send(&endless).await;
    client.read_to_end().await;
    let mut client = Client::connect(&server, "cam1/main").await;
    assert_eq!(client.ask("OPTIONS", "*", "").await.status, 200, "others are served as before");
}

#[tokio::test]
async fn a_client_that_says_nothing_is_let_go_and_one_that_asks_is_kept() {
    let session_timeout = Duration::from_secs(5);
    let config = ServerConfig { session_timeout, start: Start::Anywhere, ..config() };
    let server = Server::start(config).await.unwrap();
    let mut client = Client::connect(&server, "cam1/main").await;
    let playing = client.play().await;
    let session = format!("Session: {}\r\n", playing.header("Session").unwrap());
    let base = client.base.clone();
    let from = Instant::now();
    while from.elapsed() < session_timeout * 3 / 2 {
        assert_eq!(client.ask("GET_PARAMETER", &base, &session).await.status, 200);
        client.packet().await;
    }
    client.read_to_end().await;
    assert_eq!(server.deliveries()[0].ended, Some(Ended::TimedOut));
}

/// A clip of such frames that kernels do not keep many of them. Nobody decodes it.
fn heavy_clip() -> Arc<Clip> {
    let mut clip = Clip::clone(&clip());
    for unit in &mut clip.access_units {
        unit.nals = vec![vec![0x41; 200_000].into()];
    }
    Arc::new(clip)
}

#[tokio::test]
async fn a_viewer_that_does_not_read_is_let_go_and_others_notice_nothing() {
    let mut config = ServerConfig { backlog_bytes: 20_000, ..config() };
    config.cameras[0].main = heavy_clip();
    let server = Server::start(config).await.unwrap();
    let mut reading = Client::connect(&server, "cam1/main").await;
    reading.play().await;
    let mut stuck = Client::connect_with_small_buffer(&server, "cam1/main").await;
    stuck.play().await;
    let mut seen: Vec<sei::Stamp> = Vec::new();
    let ended = loop {
        seen.extend(stamps(&mut reading, 1).await);
        if let Some(ended) = server.deliveries()[1].ended {
            break ended;
        }
    };
    assert_eq!(ended, Ended::TooSlow);
    assert!(seen.windows(2).all(|pair| pair[1].counter == pair[0].counter + 1));
    assert_eq!(server.deliveries()[0].ended, None);
}

#[tokio::test]
async fn a_goodbye_counts_though_the_client_does_not_wait_for_the_answer() {
    let mut config = ServerConfig { start: Start::Anywhere, ..config() };
    config.cameras[0].main = heavy_clip();
    let server = Server::start(config).await.unwrap();
    for number in 0..10 {
        let mut client = Client::connect(&server, "cam1/main").await;
        let playing = client.play().await;
        client.packet().await;
        let session = format!("Session: {}\r\n", playing.header("Session").unwrap());
        let (base, mut words) = (client.base.clone(), String::new());
        for method in ["GET_PARAMETER", "TEARDOWN"] {
            words += &format!("{method} {base} RTSP/1.0\r\nCSeq: 9\r\n{session}\r\n");
        }
        client.send(words.as_bytes()).await;
        // Frames that it has not read make this a reset rather than an end.
        drop(client);
        let ended = loop {
            if let Some(ended) = server.deliveries()[number].ended {
                break ended;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(ended, Ended::TornDown);
    }
}

#[tokio::test]
async fn shutting_down_ends_everybody_and_frees_the_port() {
    // An address of its own: nobody else takes its port meanwhile.
    let listen = (Ipv4Addr::new(127, 18, 5, 1), 0).into();
    let server = Server::start(ServerConfig { listen, ..config() }).await.unwrap();
    let addr = server.addr();
    let mut client = Client::connect(&server, "cam1/main").await;
    client.play().await;
    let deliveries = server.shutdown().await;
    assert_eq!(deliveries[0].ended, Some(Ended::Shutdown));
    client.read_to_end().await;
    let again = Server::start(ServerConfig { listen: addr, ..config() }).await.unwrap();
    let refused = Server::start(ServerConfig { listen: again.addr(), ..config() }).await;
    let refused = refused.unwrap_err().to_string();
    assert_eq!(refused, format!("cannot listen on {addr}; choose another address or port"));
}

#[tokio::test]
async fn cameras_need_names_of_their_own_that_fit_into_a_url() {
    let refused = |rename: fn(&mut ServerConfig)| {
        let mut config = config();
        rename(&mut config);
        Server::start(config)
    };
    let same = refused(|config| config.cameras[1].name = "cam1".to_owned()).await.unwrap_err();
    assert_eq!(same.to_string(), "there are two cameras called cam1; give each a name of its own");
    let odd = refused(|config| config.cameras[1].name = "a/b".to_owned()).await.unwrap_err();
    assert!(matches!(odd, StartError::Name { name } if name == "a/b"));
}
