//! Both media services.

use simcam::onvif::{Device, DeviceConfig, Personality};

use crate::client::{Answer, ask, config, open};

const FIRST: &str = "<trt:GetProfiles/>";
const SECOND: &str = "<tr2:GetProfiles><tr2:Type>All</tr2:Type></tr2:GetProfiles>";

fn first_uri(token: &str, stream: &str, protocol: &str) -> String {
    format!(
        "<trt:GetStreamUri><trt:StreamSetup><tt:Stream>{stream}</tt:Stream><tt:Transport>\
         <tt:Protocol>{protocol}</tt:Protocol></tt:Transport></trt:StreamSetup>\
         <trt:ProfileToken>{token}</trt:ProfileToken></trt:GetStreamUri>"
    )
}

fn second_uri(token: &str, protocol: &str) -> String {
    format!(
        "<tr2:GetStreamUri><tr2:Protocol>{protocol}</tr2:Protocol>\
         <tr2:ProfileToken>{token}</tr2:ProfileToken></tr2:GetStreamUri>"
    )
}

fn with(operation: &str, argument: &str, value: &str) -> String {
    format!("<{operation}><{argument}>{value}</{argument}></{operation}>")
}

fn tokens(answer: &Answer, prefix: &str) -> Vec<String> {
    answer.attributes(&format!("{prefix}:Profiles"), "token")
}

#[tokio::test]
async fn profiles_have_all_that_clients_look_for() {
    let device = open(|_| ()).await;
    let first = ask(&device, FIRST).await;
    first.ok();
    assert_eq!(tokens(&first, "trt"), ["Profile_101", "Profile_102"]);
    // It has no word for H.265.
    assert_eq!(first.all("tt:Encoding"), ["H264", "H264"]);
    assert_eq!(first.all("tt:Width"), ["1920", "640"]);
    assert_eq!(first.all("tt:RateControl").len(), 2);
    assert_eq!(first.all("tt:PTZConfiguration").len(), 2);
    let second = ask(&device, SECOND).await;
    second.ok();
    assert_eq!(tokens(&second, "tr2"), tokens(&first, "trt"));
    assert_eq!(second.all("tt:Encoding"), ["H265", "H264"]);
    assert_eq!(second.attributes("tr2:VideoEncoder", "Profile"), ["Main", "High"]);
    assert_eq!(second.all("tr2:PTZ").len(), 2);
    assert_eq!(second.all("tr2:Name")[0], "Cổng 1 main");
    let bare = ask(&device, "<tr2:GetProfiles/>").await;
    assert!(bare.ok().contains("<tr2:Name>") && !bare.body().contains("Configurations"));
    let some = "<tr2:GetProfiles><tr2:Token>Profile_102</tr2:Token>\
        <tr2:Type>VideoEncoder</tr2:Type></tr2:GetProfiles>";
    let some = ask(&device, some).await;
    assert_eq!((tokens(&some, "tr2").len(), some.all("tr2:VideoSource").len()), (1, 0));
    let none = "<tr2:GetProfiles><tr2:Token>x</tr2:Token></tr2:GetProfiles>";
    ask(&device, none).await.refused(400, "ter:NoProfile");
}

#[tokio::test]
async fn a_recorder_has_the_profiles_of_all_its_channels() {
    let nvr = Personality::named("nvr").unwrap();
    let nvr = Device::start(DeviceConfig { credentials: None, ..config(nvr) }).await.unwrap();
    let told = ask(&nvr, SECOND).await;
    assert_eq!(tokens(&told, "tr2").len(), 16);
    assert_eq!(ask(&nvr, "<trt:GetVideoSources/>").await.all("trt:VideoSources").len(), 8);
    let told = ask(&nvr, &second_uri("Channel802", "RTSP")).await;
    assert_eq!(told.text("tr2:Uri"), "rtsp://127.0.0.1:8554/cam8/sub");
}

#[tokio::test]
async fn a_stream_has_an_address_for_each_way_that_there_is() {
    let device = open(|_| ()).await;
    let url = "rtsp://127.0.0.1:8554/cam1/main";
    for protocol in ["RtspUnicast", "RTSP", "RtspOverHttp"] {
        assert_eq!(ask(&device, &second_uri("Profile_101", protocol)).await.text("tr2:Uri"), url);
    }
    for protocol in ["UDP", "TCP", "RTSP", "HTTP"] {
        let told = ask(&device, &first_uri("Profile_101", "RTP-Unicast", protocol)).await;
        assert_eq!(told.text("tt:Uri"), url);
    }
    for body in [
        second_uri("Profile_101", "RtspMulticast"),
        first_uri("Profile_101", "RTP-Multicast", "UDP"),
        first_uri("Profile_101", "RTP-Unicast", "Pigeon"),
    ] {
        ask(&device, &body).await.refused(400, "ter:InvalidStreamSetup");
    }
    ask(&device, &second_uri("x", "RTSP")).await.refused(400, "ter:NoProfile");
    ask(&device, "<tr2:GetStreamUri/>").await.refused(400, "ter:InvalidArgs");
    device.change(|quirks| quirks.rtsp_port_wrong = true);
    let told = ask(&device, &second_uri("Profile_101", "RTSP")).await;
    assert_eq!(told.text("tr2:Uri"), format!("rtsp://{}/cam1/main", device.addr()));
}

#[tokio::test]
async fn parts_of_profiles_are_told_of_by_themselves() {
    let device = open(|_| ()).await;
    for (body, name, number) in [
        ("<trt:GetVideoSources/>", "trt:VideoSources", 1),
        ("<trt:GetVideoSourceConfigurations/>", "trt:Configurations", 1),
        ("<tr2:GetVideoSourceConfigurations/>", "tr2:Configurations", 1),
        ("<trt:GetVideoEncoderConfigurations/>", "trt:Configurations", 2),
        ("<tr2:GetVideoEncoderConfigurations/>", "tr2:Configurations", 2),
        ("<trt:GetVideoEncoderConfigurationOptions/>", "trt:Options", 1),
        ("<tr2:GetVideoEncoderConfigurationOptions/>", "tr2:Options", 2),
        (
            &with(
                "tr2:GetVideoEncoderConfigurations",
                "tr2:ConfigurationToken",
                "VideoEncoder_102",
            ),
            "tr2:Configurations",
            1,
        ),
        (
            &with("trt:GetVideoEncoderConfiguration", "trt:ConfigurationToken", "VideoEncoder_102"),
            "trt:Configuration",
            1,
        ),
        (
            &with("trt:SetSynchronizationPoint", "trt:ProfileToken", "Profile_101"),
            "trt:SetSynchronizationPointResponse",
            1,
        ),
        (
            &with("tr2:SetSynchronizationPoint", "tr2:ProfileToken", "Profile_101"),
            "tr2:SetSynchronizationPointResponse",
            1,
        ),
    ] {
        let told = ask(&device, body).await;
        told.ok();
        assert_eq!(told.all(name).len(), number, "{}", told.body());
    }
    let none = &with("trt:GetVideoEncoderConfiguration", "trt:ConfigurationToken", "x");
    ask(&device, none).await.refused(400, "ter:NoConfig");
    let none = &with("tr2:GetVideoEncoderConfigurations", "tr2:ConfigurationToken", "x");
    ask(&device, none).await.refused(400, "ter:NoConfig");
}

#[tokio::test]
async fn a_device_may_have_one_of_the_services_or_no_profiles() {
    let device = open(|quirks| quirks.media1_only = true).await;
    ask(&device, FIRST).await.ok();
    ask(&device, SECOND).await.refused(500, "ter:ActionNotSupported");
    let services = ask(&device, "<tds:GetServices/>").await.all("tds:Namespace");
    assert!(!services.iter().any(|one| one.contains("/ver20/media/")), "{services:?}");
    device.change(|quirks| (quirks.media1_only, quirks.media2_only) = (false, true));
    ask(&device, SECOND).await.ok();
    ask(&device, FIRST).await.refused(500, "ter:ActionNotSupported");
    assert!(!ask(&device, "<tds:GetCapabilities/>").await.ok().contains("<tt:Media>"));
    device.change(|quirks| (quirks.media2_only, quirks.empty_profiles) = (false, true));
    assert_eq!(tokens(&ask(&device, FIRST).await, "trt").len(), 0);
    assert_eq!(tokens(&ask(&device, SECOND).await, "tr2").len(), 0);
    ask(&device, &second_uri("Profile_101", "RTSP")).await.refused(400, "ter:NoProfile");
}

#[tokio::test]
async fn a_stream_of_h265_may_be_hidden_and_tokens_have_spaces() {
    let device = open(|quirks| {
        quirks.h265_hidden = true;
        quirks.profile_tokens_with_spaces = true;
    })
    .await;
    assert_eq!(tokens(&ask(&device, FIRST).await, "trt"), ["Profile_ 1 sub"]);
    assert_eq!(tokens(&ask(&device, SECOND).await, "tr2"), ["Profile_ 1 main", "Profile_ 1 sub"]);
    let hidden = ask(&device, &first_uri("Profile_ 1 main", "RTP-Unicast", "RTSP")).await;
    hidden.refused(400, "ter:NoConfig");
    ask(&device, &second_uri("Profile_ 1 main", "RTSP")).await.ok();
}

#[tokio::test]
async fn there_may_be_no_snapshot() {
    let device = open(|_| ()).await;
    let first = &with("trt:GetSnapshotUri", "trt:ProfileToken", "Profile_101");
    let told = ask(&device, first).await;
    assert_eq!(told.text("tt:Uri"), format!("http://{}/snapshot/Profile_101.jpg", device.addr()));
    device.change(|quirks| quirks.snapshot_missing = true);
    ask(&device, first).await.refused(500, "ter:ActionNotSupported");
}

#[tokio::test]
async fn how_a_picture_looks_is_remembered() {
    let device = open(|_| ()).await;
    let with = |operation: &str, inside: &str| {
        format!(
            "<timg:{operation}><timg:VideoSourceToken>VideoSource_1</timg:VideoSourceToken>{inside}\
             </timg:{operation}>"
        )
    };
    ask(&device, &with("GetOptions", "")).await.ok();
    let before = ask(&device, &with("GetImagingSettings", "")).await;
    assert_eq!(
        (before.text("tt:Contrast"), before.text("tt:IrCutFilter")),
        ("50".to_owned(), "AUTO".to_owned())
    );
    let set = |contrast: u32| {
        let inside = format!(
            "<timg:ImagingSettings><tt:Contrast>{contrast}</tt:Contrast></timg:ImagingSettings>\
             <timg:ForcePersistence>true</timg:ForcePersistence>"
        );
        with("SetImagingSettings", &inside)
    };
    ask(&device, &set(101)).await.refused(400, "ter:SettingsInvalid");
    ask(&device, &set(70)).await.ok();
    let after = ask(&device, &with("GetImagingSettings", "")).await;
    assert_eq!(
        (after.text("tt:Contrast"), after.text("tt:Brightness")),
        ("70".to_owned(), "50".to_owned())
    );
    let none = with("GetOptions", "").replace("Source_1", "Source_9");
    ask(&device, &none).await.refused(400, "ter:NoSource");
}
