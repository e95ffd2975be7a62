//! A camera by other hands: VLC as an RTSP server, run by an ordinary user.
//!
//! Debian's VLC serves RTP over UDP alone and answers a SETUP over TCP with 461.
//! That is told in words, so that whoever adds such a source knows what to do.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use common::{encode, limits, source};
use ingest::{FaultKind, probe};
use tokio::process::{Child, Command};

/// How long VLC may take to listen, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

async fn serving() -> (Child, String, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = encode(folder.path(), "320x180");
    for path in [folder.path(), file.as_path()] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    // VLC takes no port 0: one that was just free will do.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("rtsp://{address}/street");
    // VLC refuses to run as root.
    let server = Command::new("runuser")
        .args(["-u", "nobody", "--", "cvlc", "--quiet", "--no-interact", "--loop"])
        .arg(&file)
        .args(["--sout", &format!("#rtp{{sdp={url}}}"), "--sout-keep"])
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("install the Debian packages vlc-bin, vlc-plugin-base and util-linux");
    let listening = async {
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, listening).await.expect("VLC never listens");
    (server, url, folder)
}

#[tokio::test]
async fn a_server_that_speaks_udp_alone_is_told_apart() {
    let (mut server, url, _folder) = serving().await;
    // VLC listens before it has opened its file, and answers 500 until then.
    let described = async {
        loop {
            let fault = probe(&source(&url), &limits()).await.unwrap_err();
            if !fault.to_string().contains("answers 500") {
                return fault;
            }
        }
    };
    let fault = tokio::time::timeout(PATIENCE, described).await.expect("VLC never opens its file");
    // runuser hands the signal on, where a kill of it alone would leave VLC behind.
    let pid = server.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    server.wait().await.unwrap();
    assert_eq!(fault.kind, FaultKind::Unsupported, "{fault}");
    let host = url.trim_start_matches("rtsp://").trim_end_matches("/street");
    let words = format!("{host} does not send RTSP over TCP (461); switch it on there");
    assert!(fault.to_string().starts_with(&words), "{fault}");
}
