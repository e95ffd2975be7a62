//! A head that turns, over the wire. How it moves is tried beside its code.

use std::time::Duration;

use simcam::onvif::{Device, DeviceConfig, Position};

use crate::client::{ask, channel, config, open};

/// Returns a request to the first channel's head.
fn head(operation: &str, inside: &str) -> String {
    format!(
        "<tptz:{operation}><tptz:ProfileToken>Profile_101</tptz:ProfileToken>{inside}\
         </tptz:{operation}>"
    )
}

fn turn(pan: &str, tilt: &str, timeout: &str) -> String {
    let velocity =
        format!("<tptz:Velocity><tt:PanTilt x='{pan}' y='{tilt}'/></tptz:Velocity>{timeout}");
    head("ContinuousMove", &velocity)
}

fn position(device: &Device) -> Position {
    device.position(0).unwrap()
}

#[tokio::test]
async fn a_movement_ends_at_its_timeout_or_when_it_is_told_to() {
    let device = open(|_| ()).await;
    ask(&device, &turn("0.5", "0", "<tptz:Timeout>PT2S</tptz:Timeout>")).await.ok();
    let status = ask(&device, &head("GetStatus", "")).await;
    assert_eq!(status.text("tt:PanTilt").len(), 0);
    assert!(status.ok().contains("<tt:MoveStatus><tt:PanTilt>MOVING</tt:PanTilt><tt:Zoom>IDLE"));
    device.advance(Duration::from_secs(60));
    assert!(!device.is_moving(0));
    assert!((position(&device).pan - 0.5).abs() < 1e-9, "{:?}", position(&device));
    // Without a timeout it has one of its own.
    ask(&device, &turn("-0.1", "0", "")).await.ok();
    assert!(device.is_moving(0));
    ask(&device, &head("Stop", "<tptz:PanTilt>false</tptz:PanTilt><tptz:Zoom>true</tptz:Zoom>"))
        .await
        .ok();
    assert!(device.is_moving(0));
    ask(&device, &head("Stop", "")).await.ok();
    assert!(!device.is_moving(0));
    ask(&device, &turn("-0.1", "0", "")).await.ok();
    device.advance(Duration::from_secs(6));
    assert!(!device.is_moving(0));
}

#[tokio::test]
async fn places_are_gone_to_remembered_and_forgotten() {
    let device = open(|_| ()).await;
    let to = "<tptz:Position><tt:PanTilt x='-0.5' y='0.25'/><tt:Zoom x='1'/></tptz:Position>";
    ask(&device, &head("AbsoluteMove", to)).await.ok();
    device.advance(Duration::from_secs(60));
    let there = Position { pan: -0.5, tilt: 0.25, zoom: 1.0 };
    assert_eq!(position(&device), there);
    let set =
        ask(&device, &head("SetPreset", "<tptz:PresetName>Cổng &amp; ngõ</tptz:PresetName>")).await;
    let token = set.text("tptz:PresetToken");
    ask(&device, &head("SetHomePosition", "")).await.ok();
    let by = "<tptz:Translation><tt:PanTilt x='0.5' y='-0.25'/></tptz:Translation>";
    ask(&device, &head("RelativeMove", by)).await.ok();
    device.advance(Duration::from_secs(60));
    assert_eq!(position(&device), Position { pan: 0.0, tilt: 0.0, zoom: 1.0 });
    let goto = head("GotoPreset", &format!("<tptz:PresetToken>{token}</tptz:PresetToken>"));
    ask(&device, &goto).await.ok();
    device.advance(Duration::from_secs(60));
    assert_eq!(position(&device), there);
    ask(&device, &head("RelativeMove", by)).await.ok();
    device.advance(Duration::from_secs(60));
    ask(&device, &head("GotoHomePosition", "")).await.ok();
    device.advance(Duration::from_secs(60));
    assert_eq!(position(&device), there);
    let told = ask(&device, &head("GetPresets", "")).await;
    assert_eq!(told.attributes("tptz:Preset", "token"), [token]);
    assert_eq!(told.text("tt:Name"), "Cổng &amp; ngõ");
    assert_eq!(told.attributes("tt:PanTilt", "x"), ["-0.5000"]);
    ask(&device, &goto.replace("GotoPreset", "RemovePreset")).await.ok();
    ask(&device, &goto).await.refused(400, "ter:NoToken");
}

#[tokio::test]
async fn a_head_tells_what_it_can() {
    let device = open(|_| ()).await;
    let nodes = ask(&device, "<tptz:GetNodes/>").await;
    assert_eq!(nodes.attributes("tptz:PTZNode", "token"), ["PTZNode_1"]);
    assert_eq!(nodes.text("tt:MaximumNumberOfPresets"), "100");
    let one = "<tptz:GetNode><tptz:NodeToken>PTZNode_1</tptz:NodeToken></tptz:GetNode>";
    ask(&device, one).await.ok();
    ask(&device, &one.replace('1', "2")).await.refused(400, "ter:NoEntity");
    let configurations = ask(&device, "<tptz:GetConfigurations/>").await;
    assert_eq!(configurations.text("tt:NodeToken"), "PTZNode_1");
    let options = "<tptz:GetConfigurationOptions><tptz:ConfigurationToken>PTZConfig_1\
        </tptz:ConfigurationToken></tptz:GetConfigurationOptions>";
    assert!(ask(&device, options).await.ok().contains("<tt:PTZTimeout>"));
    ask(&device, &options.replace("g_1", "g_9")).await.refused(400, "ter:NoConfig");
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_and_moves_nothing() {
    let device = open(|_| ()).await;
    for (body, code) in [
        (turn("1.5", "0", ""), "ter:InvalidVelocity"),
        (turn("NaN", "0", ""), "ter:InvalidVelocity"),
        (turn("left", "0", ""), "ter:InvalidArgVal"),
        (turn("0.5", "0", "<tptz:Timeout>PT1H</tptz:Timeout>"), "ter:TimeoutNotSupported"),
        (turn("0.5", "0", "<tptz:Timeout>soon</tptz:Timeout>"), "ter:TimeoutNotSupported"),
        (head("ContinuousMove", ""), "ter:InvalidArgs"),
        (
            head("AbsoluteMove", "<tptz:Position><tt:PanTilt x='2' y='0'/></tptz:Position>"),
            "ter:InvalidPosition",
        ),
        (
            head(
                "AbsoluteMove",
                "<tptz:Position><tt:PanTilt x='0' y='0' space='urn:x'/></tptz:Position>",
            ),
            "ter:SpaceNotSupported",
        ),
        (turn("0.5", "0", "").replace("Profile_101", "x"), "ter:NoProfile"),
    ] {
        ask(&device, &body).await.refused(400, code);
    }
    assert!(!device.is_moving(0));
    let still = DeviceConfig {
        credentials: None,
        channels: vec![
            channel(1, simcam::clip::Codec::H264, false),
            channel(2, simcam::clip::Codec::H264, true),
        ],
        ..config(simcam::onvif::Personality::named("generic").unwrap())
    };
    let still = Device::start(still).await.unwrap();
    ask(&still, &turn("0.5", "0", "")).await.refused(400, "ter:NoPTZProfile");
    ask(&still, &turn("0.5", "0", "").replace("_101", "_202")).await.ok();
    assert_eq!((still.is_moving(0), still.is_moving(1)), (false, true));
}

#[tokio::test]
async fn a_device_may_refuse_or_forget_a_timeout_and_not_know_how_to_stop() {
    let device = open(|quirks| quirks.ptz_timeout_rejected = true).await;
    let timed = turn("0.1", "0", "<tptz:Timeout>PT1S</tptz:Timeout>");
    ask(&device, &timed).await.refused(400, "ter:TimeoutNotSupported");
    device.change(|quirks| {
        quirks.ptz_timeout_rejected = false;
        quirks.ptz_timeout_ignored = true;
        quirks.stop_unimplemented = true;
    });
    ask(&device, &timed).await.ok();
    device.advance(Duration::from_secs(10));
    assert!(device.is_moving(0));
    ask(&device, &head("Stop", "")).await.refused(500, "ter:ActionNotSupported");
    ask(&device, &turn("0", "0", "")).await.ok();
    assert!(!device.is_moving(0));
}
