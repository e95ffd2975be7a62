//! A camera by other hands: VLC as an RTSP server, run by an ordinary user.
//!
//! Debian's VLC serves RTP by UDP alone and answers a SETUP over TCP with 461,
//! which is told in words where TCP was chosen. That UDP is tried otherwise, and
//! read, is shown with cameras of our own (`odd_cameras.rs`).

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base::{Link, Transport};
use common::{encode, limits, source};
use ingest::{FaultKind, Source, probe};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{interval, timeout};

/// How long VLC may take for a step, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

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

#[tokio::test]
async fn a_server_that_speaks_udp_alone_is_told_apart_where_tcp_is_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let file = encode(folder.path(), "320x180");
    for path in [folder.path(), file.as_path()] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let vlc = Vlc::serving(&file, folder.path()).await;
    let link = Link { transport: Transport::Tcp, ..Link::default() };
    let by_tcp = Source { link, ..source(&vlc.url) };
    // VLC listens before it has opened its file, and answers 500 until then.
    let described = async {
        let mut look = interval(Duration::from_millis(20));
        loop {
            look.tick().await;
            let fault = probe(&by_tcp, &limits()).await.unwrap_err();
            if !fault.to_string().contains("answers 500") {
                return fault;
            }
        }
    };
    let fault = timeout(PATIENCE, described).await.expect("VLC never opens its file");
    let host = vlc.url.trim_start_matches("rtsp://").trim_end_matches("/street").to_owned();
    vlc.end().await;
    assert_eq!(fault.kind, FaultKind::Unsupported, "{fault}");
    let words = format!("{host} does not send over TCP (461); choose UDP for it");
    assert_eq!(fault.to_string(), words);
}
