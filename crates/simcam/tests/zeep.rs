//! A client that nobody here wrote, and that reads every answer by the schemas of
//! ONVIF: what Home Assistant asks devices with.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use bytes::Bytes;
use serde_json::{Value, json};
use simcam::Credentials;
use simcam::clip::Codec;
use simcam::onvif::{Channel, Device, DeviceConfig, Event, Personality, StreamConfig};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// Returns the Python that has the client, which is installed on first use.
async fn python() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let made = Command::new(root.join("scripts/python"))
        .arg("crates/simcam/tests/zeep")
        .stderr(Stdio::inherit())
        .output()
        .await
        .unwrap();
    assert!(made.status.success(), "the client was not installed");
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/zeep").join(name)
}

async fn device(credentials: Option<Credentials>) -> Device {
    let stream = |role: &str, codec, width, height| StreamConfig {
        url: format!("rtsp://127.0.0.1:8554/cam1/{role}"),
        codec,
        width,
        height,
        fps: 25,
        bitrate_kbps: 2048,
    };
    let channel = Channel {
        name: "Cổng 1".to_owned(),
        main: stream("main", Codec::H265, 1920, 1080),
        sub: stream("sub", Codec::H264, 640, 360),
        ptz: true,
    };
    let personality = Personality::named("generic").unwrap().with(|quirks| {
        quirks.clock_skew_s = -180 * 86_400;
        quirks.chunked_body = true;
    });
    let listen = (Ipv4Addr::LOCALHOST, 0).into();
    let config = DeviceConfig {
        credentials,
        snapshot: Some(Bytes::from_static(&[0xff, 0xd8, 0xff, 0xd9])),
        ..DeviceConfig::new(listen, personality, 7, vec![channel])
    };
    Device::start(config).await.unwrap()
}

#[tokio::test]
async fn home_automation_finds_all_that_a_device_has() {
    let (user, password) = ("admin".to_owned(), "Test-1234".to_owned());
    let device = device(Some(Credentials { user, password })).await;
    let told = json!({
        "host": device.addr().ip(),
        "port": device.addr().port(),
        "user": "admin",
        "password": "Test-1234",
    });
    let mut client = Command::new(python().await)
        .arg(script("device.py"))
        .arg(told.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(client.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("waiting"));
    device.raise(Event::motion(0, true));
    let found: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    assert!(client.wait().await.unwrap().success());

    assert_eq!(found["services"].as_array().unwrap().len(), 7);
    assert_eq!(found["media"], json!(format!("http://{}/onvif/media_service", device.addr())));
    assert_eq!(found["device"], json!(["Khue", "SimCam", "SIM00000007"]));
    assert_eq!(found["mac"], json!("02:00:00:00:00:07"));
    assert_eq!(found["protocols"][2], json!(["RTSP", [554]]));
    assert_eq!(found["users"], json!([["admin", "Administrator"]]));
    assert_eq!(found["relays"], json!(["RelayOutput_1"]));
    assert_eq!(
        found["profiles"],
        json!([
            ["Profile_101", "Cổng 1 main", "H264", 1920, 2048, true],
            ["Profile_102", "Cổng 1 sub", "H264", 640, 2048, true],
        ])
    );
    let url = json!("rtsp://127.0.0.1:8554/cam1/main");
    assert_eq!(found["stream"], url);
    assert_eq!((&found["sources"], &found["options"]), (&json!([1920]), &json!(1920)));
    assert_eq!(found["snapshot"], json!(4));
    assert_eq!(found["node"], json!(["PTZNode_1", 100]));
    assert_eq!(found["range"], json!([-1.0, 1.0]));
    assert_eq!((&found["moving"], &found["stopped"]), (&json!("MOVING"), &json!(["IDLE", true])));
    assert_eq!(found["presets"], json!([[true, "Cổng"]]));
    assert_eq!(found["imaging"], json!([50.0, "AUTO"]));
    let motion = "tns1:RuleEngine/CellMotionDetector/Motion";
    assert_eq!(found["events"], json!([[motion, "IsMotion", "true", "Changed"]]));

    assert_eq!(device.pull_points(), 0);
    assert!(!device.is_moving(0));
    let failed: Vec<_> = device.calls().into_iter().filter(|one| one.status >= 400).collect();
    // The snapshot is asked for without a proof first.
    assert!(failed.iter().all(|one| one.operation == "GET" && one.status == 401), "{failed:?}");
}

#[tokio::test]
async fn every_answer_is_as_the_schemas_have_it() {
    let device = device(None).await;
    let checked = Command::new(python().await)
        .arg(script("valid.py"))
        .args([device.addr().ip().to_string(), device.addr().port().to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert!(checked.status.success());
    assert_eq!(String::from_utf8_lossy(&checked.stdout), "");
    assert!(device.calls().len() > 30);
}
