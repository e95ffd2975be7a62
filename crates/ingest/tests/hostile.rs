//! Cameras that hang, lie and break off: each ends in time, in the right kind,
//! with words that name the cure.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

mod common;

use std::future::Future;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{clip, encode_as, end, frames, limits, open, short_limits, source};
use ingest::{Clock, Event, Fault, FaultKind, Limits, Session, Source};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Accepts connections, and does the same with each.
async fn camera<F>(act: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(act(stream));
        }
    });
    address
}

fn at(address: SocketAddr) -> Source {
    source(&format!("rtsp://{address}/stream"))
}

async fn refused(address: SocketAddr) -> Fault {
    open(&at(address)).await.unwrap_err()
}

/// Opens a session with one that lets a limit pass.
async fn open_soon(source: &Source) -> Result<Session, Fault> {
    Session::open(source, Clock::system(), short_limits()).await
}

/// How a camera answers a method: a status, headers, and what follows them as a
/// body. Without a status it does not.
type Script = fn(method: &str) -> (&'static str, &'static str, &'static str);

/// A camera that speaks RTSP as far as `script` goes, and then hangs.
async fn scripted(script: Script) -> SocketAddr {
    scripted_and_heard(script).await.0
}

/// Such a camera, and the lines of request that it hears.
async fn scripted_and_heard(script: Script) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = heard.clone();
    let address = camera(move |stream| {
        let hearing = hearing.clone();
        speak(stream, script, hearing)
    });
    (address.await, heard)
}

async fn speak(stream: TcpStream, script: Script, heard: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut method, mut cseq) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            match line.trim_end() {
                "" => break,
                line if method.is_empty() => {
                    heard.lock().unwrap().push(line.to_owned());
                    method = line.split(' ').next().unwrap().to_owned();
                }
                line => cseq = line.strip_prefix("CSeq: ").map_or(cseq, str::to_owned),
            }
        }
        let (status, headers, body) = script(&method);
        if !status.is_empty() {
            let length = body.len();
            let answer = format!(
                "RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
            );
            let _ = stream.get_mut().write_all(answer.as_bytes()).await;
        }
    }
}

const SDP: &str = "Content-Type: application/sdp\r\n";
const H264: &str =
    "v=0\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track\r\n";
const VP8: &str =
    "v=0\r\nt=0 0\r\nm=video 0 RTP/AVP 98\r\na=rtpmap:98 VP8/90000\r\na=control:track\r\n";
const SOUND: &str = "v=0\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\na=control:track\r\n";
const SOUND_AND_H264: &str = "v=0\r\nt=0 0\r\n\
    m=audio 0 RTP/AVP 0\r\na=control:sound\r\n\
    m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:picture\r\n";
const SETUP: &str = "Session: 7;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";

#[tokio::test]
async fn one_that_takes_the_connection_and_says_nothing_is_silent() {
    let address = camera(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let fault = open_soon(&at(address)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Silent);
    let words = format!(
        "{address} takes the connection and does not answer DESCRIBE; restart the camera, and \
         check that the port is its RTSP port"
    );
    assert_eq!(fault.to_string(), words);
}

#[tokio::test]
async fn one_that_closes_at_once_or_speaks_otherwise_is_no_rtsp() {
    let words = |address| {
        format!("{address} does not answer DESCRIBE in RTSP; check that the port is its RTSP port")
    };
    let closing = camera(|stream| async move { drop(stream) }).await;
    let http = camera(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let noise = camera(|mut stream| async move {
        let noise: Vec<u8> =
            (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let _ = stream.write_all(&noise).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    for address in [closing, http, noise] {
        let fault = refused(address).await;
        assert_eq!((fault.kind, fault.to_string()), (FaultKind::Protocol, words(address)));
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_refuses() {
    // It has the port, so nobody else does.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let fault = refused(address).await;
    assert_eq!(fault.kind, FaultKind::Refused);
    let words = format!(
        "{address} refuses the connection; check the port, and that RTSP is switched on in the \
         camera"
    );
    assert_eq!(fault.to_string(), words);
}

#[tokio::test]
async fn a_name_that_nobody_has_and_a_host_that_takes_no_connection_are_unreachable() {
    let fault = open_soon(&source("rtsp://no-such-camera.invalid/stream")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
    // A resolver that says nothing is to us as a camera that does.
    let words = ["cannot be reached", "does not answer"].map(|what| {
        let cure = "check its address, its power and the network";
        format!("no-such-camera.invalid:554 {what}; {cure}")
    });
    assert!(words.contains(&fault.to_string()), "{fault}");
    // A full queue of connections drops further ones, as a host without power does.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(connection) =
        tokio::time::timeout(short_limits().step, TcpStream::connect(address)).await
    {
        waiting.push(connection);
    }
    let fault = open_soon(&at(address)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
    let words = format!("{address} does not answer; check its address, its power and the network");
    assert_eq!(fault.to_string(), words);
}

#[tokio::test]
async fn statuses_become_kinds() {
    let kind = |script: Script| async move {
        let fault = refused(scripted(script).await).await;
        (fault.kind, fault.to_string())
    };
    let (missing, words) = kind(|_| ("404 Not Found", "", "")).await;
    assert_eq!(missing, FaultKind::NotFound);
    assert!(
        words.ends_with("has no stream at this path; look the path up in its manual"),
        "{words}"
    );
    let digest: Script =
        |_| ("401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n", "");
    assert_eq!(kind(digest).await.0, FaultKind::WrongCredentials);
    assert_eq!(kind(|_| ("453 Not Enough Bandwidth", "", "")).await.0, FaultKind::Refused);
    assert_eq!(kind(|_| ("500 Internal Server Error", "", "")).await.0, FaultKind::Protocol);
    let udp_only: Script = |method| match method {
        "DESCRIBE" => ("200 OK", SDP, H264),
        _ => ("461 Unsupported Transport", "", ""),
    };
    let (kind, words) = kind(udp_only).await;
    assert_eq!(kind, FaultKind::Unsupported);
    assert!(
        words.ends_with("sends neither over TCP nor by UDP (461); switch one on there"),
        "{words}"
    );
}

#[tokio::test]
async fn a_description_that_makes_no_sense_is_told_by_that() {
    let script: Script = |_| ("200 OK", SDP, "no description");
    let address = scripted(script).await;
    let fault = refused(address).await;
    assert_eq!(fault.kind, FaultKind::Protocol);
    let words = format!(
        "{address} describes its stream in a way that is not understood; update the camera's \
         firmware"
    );
    assert_eq!(fault.to_string(), words);
}

#[tokio::test]
async fn a_stream_of_another_codec_or_none_is_unsupported() {
    let vp8: Script = |_| ("200 OK", SDP, VP8);
    let address = scripted(vp8).await;
    let fault = refused(address).await;
    assert_eq!(fault.kind, FaultKind::Unsupported);
    let words = format!("{address} sends VP8; set the stream to H.264 or H.265 in the camera");
    assert_eq!(fault.to_string(), words);

    let sound: Script = |_| ("200 OK", SDP, SOUND);
    let address = scripted(sound).await;
    let fault = refused(address).await;
    assert_eq!(fault.kind, FaultKind::Unsupported);
    let words = format!("{address} sends no video at this address; choose another stream");
    assert_eq!(fault.to_string(), words);
}

#[tokio::test]
async fn a_track_of_sound_is_not_even_set_up() {
    let script: Script = |method| match method {
        "DESCRIBE" => ("200 OK", SDP, SOUND_AND_H264),
        "SETUP" => ("200 OK", SETUP, ""),
        _ => ("200 OK", "Session: 7\r\n", ""),
    };
    let (address, heard) = scripted_and_heard(script).await;
    let session = open(&at(address)).await.unwrap();
    session.close().await;
    let heard = heard.lock().unwrap();
    let setups: Vec<_> = heard.iter().filter(|line| line.starts_with("SETUP")).collect();
    assert_eq!(setups, [&format!("SETUP rtsp://{address}/stream/picture RTSP/1.0")]);
}

#[tokio::test]
async fn a_fault_tells_whether_sound_was_asked_for_before_it() {
    let at_play: Script = |method| match method {
        "DESCRIBE" => ("200 OK", SDP, SOUND_AND_H264),
        "SETUP" => ("200 OK", SETUP, ""),
        _ => ("500 Internal Server Error", "", ""),
    };
    let at_describe: Script = |_| ("500 Internal Server Error", "", "");
    for (script, sound, told) in
        [(at_play, true, true), (at_play, false, false), (at_describe, true, false)]
    {
        let source = Source { sound, ..at(scripted(script).await) };
        let fault = open(&source).await.unwrap_err();
        assert_eq!((fault.kind, fault.asked_for_sound), (FaultKind::Protocol, told));
    }
}

#[tokio::test]
async fn one_that_hangs_at_any_step_is_silent_and_its_step_is_named() {
    let at_setup: Script = |method| match method {
        "DESCRIBE" => ("200 OK", SDP, H264),
        _ => ("", "", ""),
    };
    let at_play: Script = |method| match method {
        "DESCRIBE" => ("200 OK", SDP, H264),
        "SETUP" => ("200 OK", SETUP, ""),
        _ => ("", "", ""),
    };
    for (script, step) in [(at_setup, "SETUP"), (at_play, "PLAY")] {
        let fault = open_soon(&at(scripted(script).await)).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Silent);
        assert!(fault.to_string().contains(&format!("does not answer {step};")), "{fault}");
    }
}

#[tokio::test]
async fn one_that_plays_and_sends_nothing_is_silent() {
    let script: Script = |method| match method {
        "DESCRIBE" => ("200 OK", SDP, H264),
        "SETUP" => ("200 OK", SETUP, ""),
        _ => ("200 OK", "Session: 7\r\n", ""),
    };
    let address = scripted(script).await;
    let mut session = open_soon(&at(address)).await.unwrap();
    let fault = end(&mut session).await;
    assert_eq!(fault.kind, FaultKind::Silent);
    let words = format!("{address} has sent no picture for 5 s; restart the camera");
    assert_eq!(fault.to_string(), words);
    session.close().await;
}

#[tokio::test]
async fn one_that_sends_garbage_for_a_stream_is_told_by_that() {
    let script: Script = |method| match method {
        "DESCRIBE" => ("200 OK", SDP, H264),
        "SETUP" => ("200 OK", SETUP, ""),
        // Behind the answer, a packet on the channel of RTP that is no RTP.
        _ => ("200 OK", "Session: 7\r\n\r\n$\0\0\x08notrtp!!", ""),
    };
    let address = scripted(script).await;
    let mut session = open(&at(address)).await.unwrap();
    let fault = end(&mut session).await;
    assert_eq!(fault.kind, FaultKind::Protocol);
    let words = format!(
        "{address} sends what is no valid stream; restart the camera, or update its firmware"
    );
    assert_eq!(fault.to_string(), words);
}

/// A way between a session and a simcam that passes `limit` bytes to the
/// session, and then nothing, but stays open.
#[tokio::test]
async fn one_that_stops_sending_in_mid_stream_is_silent() {
    let config = simcam::ServerConfig::new(
        (std::net::Ipv4Addr::LOCALHOST, 0).into(),
        vec![simcam::CameraConfig::new("cam1", clip(), clip())],
    );
    let server = simcam::Server::start(config).await.unwrap();
    let target = server.addr();
    let address = camera(move |near| async move {
        let far = TcpStream::connect(target).await.unwrap();
        let (mut near_in, mut near_out) = near.into_split();
        let (far_in, mut far_out) = far.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut near_in, &mut far_out).await });
        let _ = tokio::io::copy(&mut far_in.take(100_000), &mut near_out).await;
        std::future::pending::<()>().await;
    })
    .await;
    let mut session = open_soon(&source(&format!("rtsp://{address}/cam1/main"))).await.unwrap();
    frames(&mut session, 1).await;
    assert_eq!(end(&mut session).await.kind, FaultKind::Silent);
    session.close().await;
}

#[tokio::test]
async fn packets_that_never_come_are_counted_and_what_follows_is_shown() {
    let config = simcam::ServerConfig::new(
        (std::net::Ipv4Addr::LOCALHOST, 0).into(),
        vec![simcam::CameraConfig::new("cam1", clip(), clip())],
    );
    let server = simcam::Server::start(config).await.unwrap();
    let target = server.addr();
    let address = camera(move |near| async move {
        let far = TcpStream::connect(target).await.unwrap();
        let (mut near_in, near_out) = near.into_split();
        let (far_in, mut far_out) = far.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut near_in, &mut far_out).await });
        pass_on_without(far_in, near_out, 40..42).await;
    })
    .await;
    let mut session = open(&source(&format!("rtsp://{address}/cam1/main"))).await.unwrap();
    let mut lost = 0;
    while lost < 2 {
        if let Event::Lost { packets } = session.next().await.unwrap() {
            lost += packets;
        }
    }
    assert_eq!(lost, 2);
    frames(&mut session, 50).await;
    session.close().await;
}

/// Passes RTSP on as it comes, but for the RTP packets of these numbers, counted
/// from the first.
async fn pass_on_without(
    from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    gone: Range<usize>,
) {
    let (mut from, mut packets) = (BufReader::new(from), 0);
    while let Ok([first, ..]) = from.fill_buf().await {
        let mut piece = Vec::new();
        if *first == b'$' {
            piece.resize(4, 0);
            from.read_exact(&mut piece).await.unwrap();
            let length = usize::from(u16::from_be_bytes([piece[2], piece[3]]));
            piece.resize(4 + length, 0);
            from.read_exact(&mut piece[4..]).await.unwrap();
            // Reports come on the channel beside.
            packets += usize::from(piece[1] == 0);
            if piece[1] == 0 && gone.contains(&packets) {
                continue;
            }
        } else {
            from.read_until(b'\n', &mut piece).await.unwrap();
        }
        if to.write_all(&piece).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn one_that_sends_no_more_keyframes_is_unsupported() {
    let folder = tempfile::tempdir().unwrap();
    let file = encode_as(folder.path(), "160x90", 20, &["-bf", "0", "-g", "500"]);
    let clip = Arc::new(simcam::clip::Clip::from_mp4(&file).unwrap());
    let mut config = simcam::ServerConfig::new(
        (std::net::Ipv4Addr::LOCALHOST, 0).into(),
        vec![simcam::CameraConfig::new("cam1", clip.clone(), clip)],
    );
    // Its next keyframe is near when it is asked, and the one after it far.
    config.cameras[0].phase = Duration::from_secs(19);
    let server = simcam::Server::start(config).await.unwrap();
    let address = server.addr();
    let limits =
        Limits { keyframe: Duration::from_secs(1), silence: Duration::from_secs(30), ..limits() };
    let source = source(&format!("rtsp://{address}/cam1/main"));
    let mut session = Session::open(&source, Clock::system(), limits).await.unwrap();
    assert!(frames(&mut session, 1).await[0].is_key);
    let fault = end(&mut session).await;
    assert_eq!(fault.kind, FaultKind::Unsupported);
    let words = format!(
        "{address} has sent no keyframe for 1 s; set a shorter keyframe interval in the camera"
    );
    assert_eq!(fault.to_string(), words);
    session.close().await;
}
