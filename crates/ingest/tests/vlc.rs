//! A camera by other hands: VLC as an RTSP server, run by an ordinary user.
//!
//! Debian's VLC serves RTP by UDP alone and answers a SETUP over TCP with 461:
//! then UDP is tried, unless TCP was chosen, which is told in words.
//!
//! VLC makes a new track of each round of a file that it plays in a loop, and ends
//! the sessions of the round before without a word. So it is given a file that
//! lasts longer than any test.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base::{Link, Transport};
use bytes::Bytes;
use common::{encode_as, frames, limits, open, source};
use ingest::{Fault, FaultKind, Session, Source, probe};
use media::{Frame, nal};
use simcam::clip::Clip;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{interval, timeout};

/// How long VLC may take for a step, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long its file lasts, in seconds.
const LONG: u32 = 240;

/// A VLC that listens.
struct Vlc {
    server: Child,
    url: String,
}

impl Vlc {
    /// Has VLC serve a file. It takes no port 0, and goes on without a word where
    /// the port it is given is taken: so it gets an address that is nobody else's.
    async fn serving(file: &Path, home: &Path) -> Self {
        let address = TcpListener::bind("127.18.5.2:0").unwrap().local_addr().unwrap();
        let url = format!("rtsp://{address}/street");
        let mut server = start(file, home, &url);
        let listening = async {
            let mut look = interval(Duration::from_millis(20));
            while TcpStream::connect(address).await.is_err() {
                let ended = server.try_wait().unwrap();
                assert_eq!(ended, None, "VLC ends; are vlc-bin and vlc-plugin-base installed?");
                look.tick().await;
            }
        };
        timeout(PATIENCE, listening).await.expect("VLC never listens");
        Self { server, url }
    }

    async fn end(mut self) {
        // runuser hands the signal on, where a kill of it alone would leave VLC behind.
        let pid = self.server.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        self.server.wait().await.unwrap();
    }
}

fn start(file: &Path, home: &Path, url: &str) -> Child {
    // VLC refuses to run as root, and nobody else may run it as another.
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let before: &[&str] = if root { &["runuser", "-u", "nobody", "--"] } else { &[] };
    let line = [before, &["cvlc", "--quiet", "--no-interact", "--loop"]].concat();
    Command::new(line[0])
        .args(&line[1..])
        .arg(file)
        .args(["--sout", &format!("#rtp{{sdp={url}}}"), "--sout-keep"])
        .env("HOME", home)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("install the Debian packages vlc-bin, vlc-plugin-base and util-linux")
}

/// A long film in a folder where also an ordinary user may read it.
fn film() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = encode_as(folder.path(), "160x90", LONG, &["-bf", "0", "-g", "25"]);
    for path in [folder.path(), file.as_path()] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    (folder, file)
}

/// Tries again while VLC answers 500: it listens before it has opened its file.
async fn once_open<T>(attempt: impl AsyncFn() -> Result<T, Fault>) -> Result<T, Fault> {
    let trying = async {
        let mut look = interval(Duration::from_millis(20));
        loop {
            look.tick().await;
            match attempt().await {
                Err(fault) if fault.to_string().contains("answers 500") => {}
                done => return done,
            }
        }
    };
    timeout(PATIENCE, trying).await.expect("VLC never opens its file")
}

#[tokio::test]
async fn a_server_that_speaks_udp_alone_is_read_by_udp() {
    let (folder, file) = film();
    let vlc = Vlc::serving(&file, folder.path()).await;
    let automatic = source(&vlc.url);
    let mut session: Session = once_open(async || open(&automatic).await).await.unwrap();
    let read = frames(&mut session, 60).await;
    session.close().await;
    vlc.end().await;

    assert!(read[0].is_key);
    assert_eq!((read[0].params.width, read[0].params.height), (160, 90));
    assert!(read.is_sorted_by(|one, next| one.wall < next.wall));
    // What is read is a row of the film, slice by slice; VLC leaves the encoder's
    // words, a SEI, where they are.
    let clip = Clip::from_mp4(&file).unwrap();
    let slices = |frame: &Frame| {
        let nals = nal::length_prefixed(&frame.data).map(Result::unwrap);
        nals.filter(|nal| nal[0] & 0x1f != 6).map(Bytes::copy_from_slice).collect::<Vec<_>>()
    };
    let first = slices(&read[0]);
    let begins = clip.access_units.iter().position(|unit| unit.nals == first).expect("the film's");
    for (frame, unit) in read.iter().zip(&clip.access_units[begins..]) {
        assert_eq!((slices(frame), frame.is_key), (unit.nals.clone(), unit.is_key));
    }
}

#[tokio::test]
async fn a_server_that_speaks_udp_alone_is_told_apart_where_tcp_is_chosen() {
    let (folder, file) = film();
    let vlc = Vlc::serving(&file, folder.path()).await;
    let link = Link { transport: Transport::Tcp, ..Link::default() };
    let by_tcp = Source { link, ..source(&vlc.url) };
    let fault = once_open(async || probe(&by_tcp, &limits()).await).await.unwrap_err();
    let host = vlc.url.trim_start_matches("rtsp://").trim_end_matches("/street").to_owned();
    vlc.end().await;
    assert_eq!(fault.kind, FaultKind::Unsupported, "{fault}");
    let words = format!("{host} does not send over TCP (461); choose UDP for it");
    assert_eq!(fault.to_string(), words);
}
