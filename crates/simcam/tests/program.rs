//! The program itself: its list of cameras, its refusals, its end.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

fn simcam() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simcam"));
    command.args(["--listen", "127.0.0.1:0"]).stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn encode(file: &Path, codec: &str) {
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=320x180:r=25:d=1"])
        .args(["-c:v", codec, "-pix_fmt", "yuv420p", "-bf", "0"])
        .arg(file)
        .status();
    assert!(made.await.expect("install the Debian package ffmpeg").success());
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_video_file_is_served_on_every_camera_until_the_program_is_told_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("street.mp4");
    encode(&file, "libx264").await;
    let mut program = simcam()
        .args(["--cameras", "2", "--user", "khue", "--password", "x", "--mp4"])
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut urls = Vec::new();
    while urls.len() < 4 {
        urls.push(lines.next_line().await.unwrap().unwrap());
    }
    let paths: Vec<_> =
        urls.iter().map(|url| url.splitn(4, '/').nth(3).unwrap().to_owned()).collect();
    assert_eq!(paths, ["cam1/main", "cam1/sub", "cam2/main", "cam2/sub"]);
    for url in &urls {
        let url = url.replace("rtsp://", "rtsp://khue:x@");
        let shown = Command::new("ffprobe")
            .args(["-v", "error", "-rtsp_transport", "tcp", "-of", "csv=p=0"])
            .args(["-show_entries", "stream=codec_name,width", &url])
            .output()
            .await
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&shown.stdout), "h264,320\n", "{}", said(&shown));
    }
    let id = program.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    assert!(program.wait().await.unwrap().success());
}

#[tokio::test]
async fn what_cannot_be_served_is_told_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("street.mp4");
    encode(&file, "mpeg4").await;
    let refused = simcam().arg("--mp4").arg(&file).output().await.unwrap();
    assert!(!refused.status.success());
    let words = said(&refused);
    assert!(words.starts_with("simcam: ") && words.contains("only h264 and hevc"), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    encode(&file.with_extension("mkv"), "libx264").await;
    let mut again = Command::new(env!("CARGO_BIN_EXE_simcam"));
    again.args(["--listen", &address, "--mp4"]).arg(file.with_extension("mkv"));
    let words = said(&again.output().await.unwrap());
    assert!(words.contains(&format!("cannot listen on {address}")), "{words}");

    let nameless = simcam().args(["--user", "khue"]).output().await.unwrap();
    assert!(said(&nameless).contains("--password"), "{}", said(&nameless));
}

#[tokio::test]
async fn cameras_have_sound_tls_and_faults_where_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("street.mp4");
    encode(&file, "libx265").await;
    let any = "127.0.0.1:0";
    let mut program = simcam()
        .args(["--cameras", "1", "--sound", "aac", "--in-band", "--tls", any, "--control", any])
        .arg("--cache")
        .arg(folder.path())
        .arg("--mp4")
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut urls = Vec::new();
    while urls.len() < 5 {
        urls.push(lines.next_line().await.unwrap().unwrap());
    }
    for url in [&urls[0], &urls[2]] {
        let shown = Command::new("ffprobe")
            .args(["-v", "error", "-rtsp_transport", "tcp", "-of", "csv=p=0"])
            .args(["-show_entries", "stream=codec_name", url])
            .output()
            .await
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&shown.stdout), "hevc\naac\n", "{}", said(&shown));
    }
    assert!(urls[2].starts_with("rtsps://") && urls[4].ends_with("/faults"), "{urls:?}");
    assert!(folder.path().join("sound-v1/aac-310hz-1s").is_file());
    let both = simcam().args(["--udp-only", "--tcp-only"]).output().await.unwrap();
    assert!(said(&both).contains("cannot be used with"), "{}", said(&both));
}

#[tokio::test]
async fn cameras_are_devices_of_onvif_where_they_are_asked_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("street.mp4");
    encode(&file, "libx264").await;
    let mut program = simcam()
        .args(["--cameras", "2", "--onvif", "127.0.0.1:0", "--personality", "tapo", "--mp4"])
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut urls = Vec::new();
    while urls.len() < 6 {
        urls.push(lines.next_line().await.unwrap().unwrap());
    }
    let (first, second) = (&urls[4], &urls[5]);
    assert!(first.ends_with("/onvif/service") && second.ends_with("/onvif/service"), "{urls:?}");
    assert_ne!(first, second);
    let asked = "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body>\
        <GetProfiles xmlns='http://www.onvif.org/ver10/media/wsdl'/></e:Body></e:Envelope>";
    let told = Command::new("curl").args(["-s", "--data", asked, second]).output().await.unwrap();
    let told = String::from_utf8_lossy(&told.stdout);
    assert!(told.contains("<tt:Name>cam2 main</tt:Name>"), "{told}");
    assert!(told.contains("<tt:Width>320</tt:Width>"), "{told}");
    let nobody = simcam().args(["--onvif", "127.0.0.1:0", "--personality", "x"]).output();
    let words = said(&nobody.await.unwrap());
    assert!(words.contains("wrong-clock"), "{words}");
}
