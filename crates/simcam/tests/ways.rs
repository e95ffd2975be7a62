//! Every codec and every way, with the players that people have: what they get is
//! what was sent.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

mod common;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use common::{Client, any_port, clip};
use simcam::clip::{Clip, Codec, FrameRate, Pattern};
use simcam::sei::{self, Stamp};
use simcam::sound::{BEEP_HZ, Sound, SoundCodec};
use simcam::{CameraConfig, Server, ServerConfig, StreamRole, Transports};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// How long a player may take; they do in seconds what they do.
const PATIENCE: Duration = Duration::from_secs(120);

fn pattern(codec: Codec, b_frames: u32) -> Arc<Clip> {
    Clip::test_pattern(Pattern { codec, b_frames, ..Pattern::default() }).unwrap()
}

fn camera(clip: &Arc<Clip>) -> CameraConfig {
    CameraConfig::new("cam1", Arc::clone(clip), Arc::clone(clip))
}

async fn serve(camera: CameraConfig) -> Server {
    Server::start(ServerConfig::new(any_port(), vec![camera])).await.unwrap()
}

async fn run(line: &str) -> Output {
    let mut words = line.split_whitespace();
    let program = words.next().unwrap();
    let output = Command::new(program).args(words).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output).await;
    let output = output.unwrap_or_else(|_| panic!("{line} hangs"));
    output.unwrap_or_else(|error| panic!("{program}: {error}; install its Debian package"))
}

fn said(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    format!("{out}\n{err}")
}

/// Checks that a raw file holds our frames, none missing, and returns how many.
fn check_frames(file: &Path, sent: &Clip) -> usize {
    let stream = Bytes::from(std::fs::read(file).unwrap());
    let stamps: Vec<Stamp> = media::nal::annex_b(&stream).filter_map(sei::read_unit).collect();
    for pair in stamps.windows(2) {
        assert_eq!(pair[1].counter, pair[0].counter + 1);
    }
    let rate = FrameRate::per_second(25);
    let shown = Clip::from_annex_b_of(sent.codec, stream, rate, 640, 360).unwrap();
    for (unit, stamp) in shown.access_units.iter().zip(&stamps) {
        let at = (stamp.counter % sent.access_units.len() as u64) as usize;
        assert_eq!(unit.nals, sent.access_units[at].nals);
    }
    assert_eq!((&shown.vps, &shown.sps, &shown.pps), (&sent.vps, &sent.sps, &sent.pps));
    assert!(shown.access_units.len().abs_diff(stamps.len()) <= 1);
    stamps.len()
}

async fn ffmpeg_copies(url: &str, transport: &str, sent: &Clip) {
    let folder = tempfile::tempdir().unwrap();
    let name = sent.codec.as_str();
    let file = folder.path().join("copy");
    let output = run(&format!(
        "ffmpeg -nostdin -v warning -rtsp_transport {transport} -i {url} -map 0:v -t 3 -c copy -f {name} {}",
        file.display()
    ))
    .await;
    assert!(output.status.success(), "{}", said(&output));
    assert!(check_frames(&file, sent) >= 60, "{}", said(&output));
}

async fn ffmpeg_decodes(url: &str) {
    let output = run(&format!(
        "ffmpeg -nostdin -v warning -xerror -rtsp_transport tcp -i {url} -frames:v 60 -f null -"
    ))
    .await;
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output).trim(), "");
}

#[tokio::test]
async fn h265_is_copied_and_decoded_by_ffmpeg_over_tcp() {
    let clip = pattern(Codec::H265, 0);
    let server = serve(camera(&clip)).await;
    let url = server.url("cam1", StreamRole::Main);
    ffmpeg_copies(&url, "tcp", &clip).await;
    ffmpeg_decodes(&url).await;
}

#[tokio::test]
async fn gstreamer_plays_h265_and_udp() {
    let clip = pattern(Codec::H265, 0);
    let server = serve(camera(&clip)).await;
    let folder = tempfile::tempdir().unwrap();
    for protocol in ["tcp", "udp"] {
        let file = folder.path().join(protocol);
        let output = run(&format!(
            "gst-launch-1.0 -q rtspsrc location={} protocols={protocol} ! rtph265depay ! \
             video/x-h265,stream-format=byte-stream,alignment=au ! identity eos-after=60 ! \
             filesink location={}",
            server.url("cam1", StreamRole::Main),
            file.display()
        ))
        .await;
        assert!(output.status.success(), "{}", said(&output));
        assert!(check_frames(&file, &clip) >= 55, "{}", said(&output));
    }
}

#[tokio::test]
async fn parameter_sets_that_stand_in_band_alone_are_found_there() {
    for codec in [Codec::H264, Codec::H265] {
        let clip = pattern(codec, 0);
        let server = serve(CameraConfig { in_band: true, ..camera(&clip) }).await;
        let mut client = Client::connect(&server, "cam1/main").await;
        let base = client.base.clone();
        let described = client.ask("DESCRIBE", &base, "").await.body;
        assert!(!described.contains("sprop"), "{described}");
        let output = run(&format!(
            "ffprobe -v error -rtsp_transport tcp -show_entries stream=codec_name,width,height \
             -of csv=p=0 {base}"
        ))
        .await;
        let seen = String::from_utf8_lossy(&output.stdout);
        assert_eq!(seen, format!("{},640,360\n", codec.as_str()), "{}", said(&output));
    }
}

#[tokio::test]
async fn b_frames_come_in_the_order_of_decoding_with_the_time_at_which_they_are_shown() {
    for codec in [Codec::H264, Codec::H265] {
        let clip = pattern(codec, 2);
        let server = serve(camera(&clip)).await;
        let url = server.url("cam1", StreamRole::Main);
        let output = run(&format!(
            "ffprobe -v error -rtsp_transport tcp -read_intervals %+#70 \
             -show_entries packet=pts -of csv=p=0 {url}"
        ))
        .await;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines = text.lines().filter(|line| !line.is_empty());
        // The first one's time ffprobe does not tell, having none before it.
        let times: Vec<i64> = lines
            .skip(1)
            .map(|line| line.trim_end_matches(',').parse().unwrap_or_else(|_| panic!("{line}")))
            .collect();
        assert!(times.len() >= 60, "{}", said(&output));
        // It begins at a keyframe: of the clip's two, one explains all times.
        let explained = [0, 25].into_iter().any(|first| {
            let unit = |n: usize| &clip.access_units[(first + n) % 50];
            let shown = |n: usize| ((first + n) / 50 * 180_000) as i64 + unit(n).at_90k as i64;
            let rest = |n: usize| shown(n + 1) - shown(1);
            times.iter().enumerate().all(|(n, time)| time - times[0] == rest(n))
        });
        assert!(explained && !times.is_sorted(), "{times:?}");
        ffmpeg_decodes(&url).await;
    }
}

#[tokio::test]
async fn a_video_file_of_h265_is_served() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let films = here.ancestors().map(|folder| folder.join("shared/media"));
    let Some(films) = films.into_iter().find(|folder| folder.is_dir()) else {
        println!("skipped: there is no folder shared/media with films");
        return;
    };
    let clip = Clip::from_mp4(&films.join("ahmetozlu-street_640x352_24fps_h265.mp4")).unwrap();
    let server = serve(camera(&Arc::new(clip))).await;
    ffmpeg_decodes(&server.url("cam1", StreamRole::Main)).await;
}

#[tokio::test]
async fn ffmpeg_takes_frames_over_udp_and_over_tls() {
    let clip = clip();
    let config = ServerConfig {
        tls: Some(any_port()),
        ..ServerConfig::new(any_port(), vec![camera(&clip)])
    };
    let server = Server::start(config).await.unwrap();
    ffmpeg_copies(&server.url("cam1", StreamRole::Main), "udp", &clip).await;
    let secure = server.tls_url("cam1", StreamRole::Main).unwrap();
    assert!(secure.starts_with("rtsps://127.0.0.1:"), "{secure}");
    ffmpeg_copies(&secure, "tcp", &clip).await;
    assert!(server.certificate_pem().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    // Beside a connection that is encrypted no packet goes in the clear.
    let (addr, folder) = (server.tls_addr().unwrap(), tempfile::tempdir().unwrap());
    let words = format!(
        "SETUP {secure} RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP;unicast;client_port=5000-5001\r\n\r\n\
         TEARDOWN {secure} RTSP/1.0\r\nCSeq: 2\r\n\r\n"
    );
    let trusted = folder.path().join("certificate.pem");
    std::fs::write(&trusted, server.certificate_pem().unwrap()).unwrap();
    let mut openssl = Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-connect", &addr.to_string()])
        .args([OsStr::new("-CAfile"), trusted.as_os_str()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("install the Debian package openssl");
    openssl.stdin.as_mut().unwrap().write_all(words.as_bytes()).await.unwrap();
    let refused = tokio::time::timeout(PATIENCE, openssl.wait_with_output()).await.unwrap();
    let refused = said(&refused.unwrap());
    assert!(refused.starts_with("RTSP/1.0 461 Unsupported Transport\r\nCSeq: 1\r\n"), "{refused}");
    let deliveries = server.shutdown().await;
    assert_eq!(deliveries.len(), 2, "{deliveries:?}");
    assert!(deliveries.iter().all(|each| each.pictures.packets > 60 && each.pictures.reports > 0));
}

#[tokio::test]
async fn what_a_camera_does_not_speak_is_answered_with_461() {
    let tcp = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
    let udp = "Transport: RTP/AVP;unicast;client_port=5000-5001\r\n";
    for (transports, over_tcp, over_udp) in [
        (Transports::Both, 200, 200),
        (Transports::TcpOnly, 200, 461),
        (Transports::UdpOnly, 461, 200),
    ] {
        let server = serve(CameraConfig { transports, ..camera(&clip()) }).await;
        let mut client = Client::connect(&server, "cam1/main").await;
        let base = client.base.clone();
        assert_eq!(client.ask("SETUP", &base, tcp).await.status, over_tcp);
        let mut client = Client::connect(&server, "cam1/main").await;
        let answer = client.ask("SETUP", &base, udp).await;
        assert_eq!(answer.status, over_udp);
        if over_udp == 200 {
            let transport = answer.header("Transport").unwrap();
            let begin = "RTP/AVP;unicast;client_port=5000-5001;server_port=";
            assert!(transport.starts_with(begin), "{transport}");
        }
    }
}

/// How strong a pitch is in samples; 1 is full.
fn strength(samples: &[f64], rate: f64, hz: f64) -> f64 {
    let turn = |n: usize| n as f64 * hz / rate * std::f64::consts::TAU;
    let sum = |part: fn(f64) -> f64| -> f64 {
        samples.iter().enumerate().map(|(n, sample)| sample * part(turn(n))).sum()
    };
    sum(f64::sin).hypot(sum(f64::cos)) * 2.0 / samples.len() as f64
}

/// Returns where beeps begin and how long they are, in samples.
fn beeps(samples: &[f64]) -> Vec<(usize, usize)> {
    let loud: Vec<usize> = (0..samples.len()).filter(|&at| samples[at].abs() > 0.2).collect();
    let mut beeps: Vec<(usize, usize)> = Vec::new();
    for at in loud {
        match beeps.last_mut() {
            Some((start, length)) if at - (*start + *length) < 100 => *length = at - *start,
            _ => beeps.push((at, 0)),
        }
    }
    beeps
}

#[tokio::test]
async fn a_camera_is_heard_and_known_by_its_tone_in_every_codec() {
    for (number, codec, name) in [
        (7, SoundCodec::Aac, "aac"),
        (31, SoundCodec::Pcmu, "pcm_mulaw"),
        (44, SoundCodec::Pcma, "pcm_alaw"),
    ] {
        let sound = Sound::test_tone(codec, Sound::tone_of(number), 2).unwrap();
        let server = serve(CameraConfig { sound: Some(sound), ..camera(&clip()) }).await;
        let url = server.url("cam1", StreamRole::Main);
        let probed = run(&format!(
            "ffprobe -v error -rtsp_transport tcp -show_entries stream=codec_name -of csv=p=0 {url}"
        ))
        .await;
        assert_eq!(String::from_utf8_lossy(&probed.stdout), format!("h264\n{name}\n"));
        for transport in ["tcp", "udp"] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("heard");
            let output = run(&format!(
                "ffmpeg -nostdin -v error -xerror -rtsp_transport {transport} -i {url} -map 0:a -t 6 \
                 -f s16le {}",
                file.display()
            ))
            .await;
            assert!(output.status.success(), "{}", said(&output));
            assert_eq!(said(&output).trim(), "");
            let bytes = std::fs::read(&file).unwrap();
            let samples: Vec<f64> = bytes
                .chunks_exact(2)
                .map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0)
                .collect();
            let rate = codec.sample_rate() as usize;
            assert!(samples.len() > 5 * rate, "{} samples", samples.len());
            let second = &samples[rate..2 * rate];
            let tone = |camera| strength(second, rate as f64, f64::from(Sound::tone_of(camera)));
            assert!((0.08..0.12).contains(&tone(number)), "{}", tone(number));
            assert!(tone(number + 1) < 0.02 && tone(number - 1) < 0.02);

            // A beep each second, every other one long: the seam of the loop is
            // among them. The first may have begun before, the last not be over.
            let beeps = beeps(&samples);
            assert!(beeps.len() >= 5, "{beeps:?}");
            for pair in beeps[1..beeps.len() - 1].windows(2) {
                let apart = pair[1].0 - pair[0].0;
                assert!(apart.abs_diff(rate) < rate / 100, "{beeps:?}");
                let lengths = [pair[0].1, pair[1].1].map(|length| length * 10 / rate);
                assert!(matches!(lengths, [0 | 1, 3 | 4] | [3 | 4, 0 | 1]), "{beeps:?}");
            }
            let (start, _) = beeps[1];
            let beep =
                strength(&samples[start..start + rate / 12], rate as f64, f64::from(BEEP_HZ));
            assert!((0.4..0.6).contains(&beep), "{beep}");
        }
    }
}

/// Returns a sample of µ-law (ITU-T G.711).
fn from_mu_law(byte: u8) -> f64 {
    let byte = !byte;
    let size = ((i32::from(byte & 15) << 3) + 132) << (byte >> 4 & 7);
    let size = f64::from(size - 132) / 32768.0;
    if byte & 0x80 == 0 { size } else { -size }
}

#[tokio::test]
async fn beeps_are_heard_when_the_frames_of_full_seconds_were_taken() {
    let sound = Sound::test_tone(SoundCodec::Pcmu, 440, 2).unwrap();
    let phase = Duration::from_millis(1_370);
    let camera = CameraConfig { sound: Some(sound), phase, ..camera(&clip()) };
    let server = serve(camera).await;
    let mut client = Client::connect(&server, "cam1/main").await;
    let base = client.base.clone();
    for (track, channels) in [(0, "0-1"), (1, "2-3")] {
        let transport = format!("Transport: RTP/AVP/TCP;interleaved={channels}\r\n");
        let setup = client.ask("SETUP", &format!("{base}/trackID={track}"), &transport).await;
        assert_eq!(setup.status, 200);
        let told = format!("RTP/AVP/TCP;unicast;interleaved={channels}");
        assert_eq!(setup.header("Transport"), Some(told.as_str()));
    }
    let playing = client.ask("PLAY", &base, "").await;
    let info = playing.header("RTP-Info").unwrap();
    let tracks: Vec<_> = info.split(',').map(|one| one.split(';').next().unwrap()).collect();
    assert_eq!(tracks, [format!("url={base}/trackID=0"), format!("url={base}/trackID=1")]);

    let (mut full_seconds, mut heard, mut first_heard) = (Vec::new(), Vec::new(), None);
    let mut report = None;
    while full_seconds.len() < 4 || heard.len() < 4 * 8000 {
        let (channel, packet) = client.packet().await;
        let word = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
        match channel {
            0 => {
                let stamped = common::nals(&packet[12..]);
                let stamp = stamped.iter().find_map(|unit| sei::read_unit(unit));
                full_seconds.extend(stamp.filter(|stamp| stamp.counter % 25 == 0));
            }
            2 => {
                first_heard.get_or_insert(word(4));
                heard.extend(packet[12..].iter().map(|&byte| from_mu_law(byte)));
            }
            3 => {
                let seconds = i64::from(word(8)) - 2_208_988_800;
                let micros = (u64::from(word(12)) * 1_000_000) >> 32;
                report = Some((word(16), seconds * 1_000_000 + micros as i64));
            }
            _ => {}
        }
    }
    let (report_time, report_us) = report.unwrap();
    let begins_us = {
        let before = first_heard.unwrap().wrapping_sub(report_time) as i32;
        report_us + i64::from(before) * 125
    };
    let beeps = beeps(&heard);
    let mut met = 0;
    for stamp in &full_seconds {
        let at = |&(start, _): &(usize, usize)| begins_us + start as i64 * 125;
        // Within the first two milliseconds of a beep its loudness is reached.
        let met_by = beeps.iter().find(|beep| (0..2_000).contains(&(at(beep) - stamp.wall_us)));
        if let Some((_, length)) = met_by {
            // The long one is where the pictures' loop begins.
            let cut_short = heard.len() - 3600 < (stamp.wall_us - begins_us) as usize / 125;
            assert!(cut_short || (*length > 2_000) == (stamp.counter % 50 == 0), "{beeps:?}");
            met += 1;
        }
    }
    assert!(met >= 3, "{begins_us} {beeps:?} {full_seconds:?}");

    drop(client);
    let delivery = server.shutdown().await.remove(0);
    let sound = delivery.sound.unwrap();
    assert!(delivery.pictures.setup && sound.setup);
    assert!(sound.packets >= 200 && sound.reports >= 1);
}

#[tokio::test]
async fn sound_that_nobody_asks_for_is_not_sent_and_told_as_such() {
    let sound = Sound::test_tone(SoundCodec::Pcma, 440, 2).unwrap();
    let server = serve(CameraConfig { sound: Some(sound), ..camera(&clip()) }).await;
    let mut silent = Client::connect(&server, "cam1/main").await;
    silent.play().await;
    for _ in 0..50 {
        assert!(silent.packet().await.0 < 2);
    }
    let mut blind = Client::connect(&server, "cam1/main").await;
    let base = blind.base.clone();
    let tcp = "Transport: RTP/AVP/TCP;unicast\r\n";
    assert_eq!(blind.ask("SETUP", &format!("{base}/trackID=1"), tcp).await.status, 200);
    blind.ask("PLAY", &base, "").await;
    for _ in 0..50 {
        assert!(blind.packet().await.1.len() >= 28);
    }
    let [one, other] = &server.deliveries()[..] else { panic!("two watch") };
    let (heard, unheard) = (other.sound.unwrap(), one.sound.unwrap());
    assert_eq!((unheard.setup, unheard.packets, unheard.reports), (false, 0, 0));
    assert!(one.pictures.setup && one.frames > 0);
    assert!(heard.setup && heard.packets >= 49 && !other.pictures.setup);
    assert_eq!((other.frames, other.pictures.packets), (0, 0));
}
