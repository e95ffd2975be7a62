//! The device service, and HTTP beneath it.

use simcam::onvif::{Device, DeviceConfig, PERSONALITIES, Personality, Redirect};

use crate::client::{
    Client, PASSWORD, ask, ask_at, ask_with_digest, ask_with_token, config, device, envelope,
    fresh, open, post, target, token, written,
};

const TIME: &str = "<tds:GetSystemDateAndTime/>";
const INFORMATION: &str = "<tds:GetDeviceInformation/>";
const SERVICES: &str =
    "<tds:GetServices><tds:IncludeCapability>true</tds:IncludeCapability></tds:GetServices>";

#[tokio::test]
async fn every_personality_that_speaks_tells_its_time_and_who_it_is() {
    for personality in PERSONALITIES.iter().filter(|one| one.speaks) {
        let device = device(personality.name, |_| ()).await;
        let time = ask(&device, TIME).await;
        time.ok();
        assert!(time.body().contains("<tt:UTCDateTime>"), "{}", personality.name);
        let told = match personality.quirks.token_only {
            true => ask_with_token(&device, INFORMATION).await,
            false => ask_with_digest(&device, INFORMATION).await,
        };
        told.ok();
        assert_eq!(told.text("tds:Manufacturer"), personality.manufacturer);
        assert_eq!(told.text("tds:SerialNumber"), "SIM00000042");
        device.shutdown().await;
    }
}

#[tokio::test]
async fn a_device_without_onvif_has_nothing_to_say() {
    let ezviz = device("ezviz", |_| ()).await;
    assert_eq!(ask(&ezviz, TIME).await.status, 404);
}

#[tokio::test]
async fn services_and_capabilities_name_the_same_addresses() {
    let device = open(|_| ()).await;
    let services = ask(&device, SERVICES).await;
    services.ok();
    assert_eq!(services.all("tds:Namespace").len(), 7);
    assert_eq!(services.all("tds:Capabilities").len(), 8, "{}", services.body());
    let capabilities =
        ask(&device, "<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>")
            .await;
    capabilities.ok();
    for url in capabilities.all("tt:XAddr") {
        assert!(services.all("tds:XAddr").contains(&url), "{url}");
        assert!(url.starts_with(&format!("http://{}/onvif/", device.addr())), "{url}");
    }
    assert!(capabilities.body().contains("<tt:Media><tt:XAddr>"));
    let one =
        ask(&device, "<tds:GetCapabilities><tds:Category>PTZ</tds:Category></tds:GetCapabilities>")
            .await;
    assert_eq!(one.all("tt:XAddr").len(), 1);
    ask(&device, "<tds:GetCapabilities><tds:Category>Tea</tds:Category></tds:GetCapabilities>")
        .await
        .refused(500, "ter:NoSuchService");
    for name in ["tds", "trt", "tr2", "tptz", "timg", "tev"] {
        let told = ask(&device, &format!("<{name}:GetServiceCapabilities/>")).await;
        assert!(told.ok().contains(&format!("<{name}:Capabilities")), "{}", told.body());
    }
}

#[tokio::test]
async fn what_a_client_asks_when_it_comes_is_answered_in_the_order_of_the_schema() {
    let device = open(|_| ()).await;
    for (operation, names) in [
        (
            "GetDeviceInformation",
            &[
                "tds:Manufacturer",
                "tds:Model",
                "tds:FirmwareVersion",
                "tds:SerialNumber",
                "tds:HardwareId",
            ][..],
        ),
        (
            "GetSystemDateAndTime",
            &[
                "tt:DateTimeType",
                "tt:DaylightSavings",
                "tt:TimeZone",
                "tt:UTCDateTime",
                "tt:Time",
                "tt:Hour",
                "tt:Date",
                "tt:Year",
                "tt:LocalDateTime",
            ],
        ),
        (
            "GetNetworkInterfaces",
            &[
                "tds:NetworkInterfaces",
                "tt:Enabled",
                "tt:Info",
                "tt:Name",
                "tt:HwAddress",
                "tt:MTU",
                "tt:IPv4",
                "tt:Config",
                "tt:Manual",
                "tt:Address",
                "tt:PrefixLength",
                "tt:DHCP",
            ],
        ),
        ("GetNetworkProtocols", &["tds:NetworkProtocols", "tt:Name", "tt:Enabled", "tt:Port"]),
        ("GetScopes", &["tds:Scopes", "tt:ScopeDef", "tt:ScopeItem"]),
        ("GetHostname", &["tds:HostnameInformation", "tt:FromDHCP", "tt:Name"]),
        (
            "GetDNS",
            &["tds:DNSInformation", "tt:FromDHCP", "tt:DNSManual", "tt:Type", "tt:IPv4Address"],
        ),
        ("GetNTP", &["tds:NTPInformation", "tt:FromDHCP", "tt:NTPManual", "tt:Type", "tt:DNSname"]),
        (
            "GetRelayOutputs",
            &["tds:RelayOutputs", "tt:Properties", "tt:Mode", "tt:DelayTime", "tt:IdleState"],
        ),
    ] {
        let told = ask(&device, &format!("<tds:{operation}/>")).await;
        let (body, mut at) = (told.ok(), 0);
        for name in names {
            let next = body[at..].find(&format!("<{name}"));
            at += next.unwrap_or_else(|| panic!("{name} is not in its place: {body}"));
        }
        assert!(body.contains(&format!("<tds:{operation}Response>")), "{body}");
    }
    assert_eq!(
        ask(&device, "<tds:GetNetworkInterfaces/>").await.text("tt:HwAddress"),
        "02:00:00:00:00:2a"
    );
    let relay = [
        "<tds:SetRelayOutputState><tds:RelayOutputToken>",
        "</tds:RelayOutputToken><tds:LogicalState>active</tds:LogicalState>\
         </tds:SetRelayOutputState>",
    ];
    ask(&device, &relay.join("RelayOutput_1")).await.ok();
    assert!(device.relay());
    ask(&device, &relay.join("RelayOutput_2")).await.refused(400, "ter:RelayToken");
    ask(&device, "<tds:SystemReboot/>").await.ok();
    assert_eq!(device.reboots(), 1);
}

#[tokio::test]
async fn the_clock_is_wrong_until_it_is_set() {
    let device = device("wrong-clock", |_| ()).await;
    let year_and_day = |told: &crate::client::Answer| {
        (told.text("tt:Year"), told.text("tt:Day"), told.text("tt:Month"))
    };
    let before = year_and_day(&ask(&device, TIME).await);
    let now = device.clock().0 + 180 * 86_400_000_000;
    let set =
        |inside: &str| format!("<tds:SetSystemDateAndTime>{inside}</tds:SetSystemDateAndTime>");
    let ntp = set(
        "<tds:DateTimeType>NTP</tds:DateTimeType><tds:DaylightSavings>false</tds:DaylightSavings>",
    );
    ask_with_digest(&device, &ntp).await.ok();
    assert_ne!(year_and_day(&ask(&device, TIME).await), before);
    assert!((device.clock().0 - now).abs() < 60_000_000);
    let manual = |month: u8| {
        set(&format!(
            "<tds:DateTimeType>Manual</tds:DateTimeType>\
         <tds:DaylightSavings>false</tds:DaylightSavings>\
         <tds:UTCDateTime><tt:Time><tt:Hour>1</tt:Hour><tt:Minute>2</tt:Minute>\
         <tt:Second>3</tt:Second></tt:Time><tt:Date><tt:Year>2030</tt:Year>\
         <tt:Month>{month}</tt:Month><tt:Day>9</tt:Day></tt:Date></tds:UTCDateTime>"
        ))
    };
    ask_with_digest(&device, &manual(13)).await.refused(400, "ter:InvalidDateTime");
    ask_with_digest(&device, &manual(4)).await.ok();
    assert!(device.clock().to_string().starts_with("2030-04-09T01:02:0"), "{}", device.clock());
}

#[tokio::test]
async fn a_time_may_be_local_alone_and_a_model_no_utf_8() {
    let device = open(|quirks| {
        quirks.no_utc_time = true;
        quirks.invalid_utf8 = true;
    })
    .await;
    let time = ask(&device, TIME).await.ok();
    assert!(time.contains("<tt:LocalDateTime>") && !time.contains("UTCDateTime"), "{time}");
    let information = ask(&device, INFORMATION).await;
    assert!(std::str::from_utf8(&information.bytes).is_err());
    assert!(information.ok().contains("SimCam\u{fffd}"), "{}", information.body());
}

#[tokio::test]
async fn addresses_may_be_of_no_use() {
    let device = open(|_| ()).await;
    let port = device.addr().port();
    let first = async || ask(&device, SERVICES).await.text("tds:XAddr");
    device.change(|quirks| quirks.nat_xaddr = Some([10, 1, 2, 3].into()));
    assert_eq!(first().await, format!("http://10.1.2.3:{port}/onvif/device_service"));
    device.change(|quirks| quirks.double_port = true);
    assert_eq!(first().await, format!("http://10.1.2.3:{port}:{port}/onvif/device_service"));
    device.change(|quirks| quirks.zero_xaddr = true);
    assert_eq!(first().await, format!("http://0.0.0.0:{port}:{port}/onvif/device_service"));
    device.change(|quirks| quirks.relative_uri = true);
    assert_eq!(first().await, "/onvif/device_service");
}

#[tokio::test]
async fn a_device_may_send_whoever_asks_elsewhere() {
    let device = open(|quirks| quirks.http_redirect = Redirect::SameHost).await;
    let sent = ask(&device, TIME).await;
    assert_eq!(sent.status, 307);
    let location = sent.header("Location").unwrap().to_owned();
    assert!(location.starts_with(&format!("http://{}/", device.addr())), "{location}");
    ask_at(&device, &location, "", TIME).await.ok();
    device.change(|quirks| quirks.http_redirect = Redirect::To([192, 0, 2, 1].into()));
    let sent = ask(&device, TIME).await;
    assert!(sent.header("Location").unwrap().starts_with("http://192.0.2.1:"));
}

#[tokio::test]
async fn answers_come_in_chunks_and_connections_end_where_the_device_does_so() {
    let device = open(|_| ()).await;
    let text = envelope("", TIME);
    let path = target(&device.url()).to_owned();
    let mut client = Client::connect(&device).await;
    for _ in 0..3 {
        client.request("POST", &path, "", text.as_bytes()).await.ok();
    }
    device.change(|quirks| quirks.chunked_body = true);
    let told = client.request("POST", &path, "", text.as_bytes()).await;
    assert!(told.ok().ends_with("</s:Envelope>") && told.header("Content-Length").is_none());
    device.change(|quirks| {
        quirks.close_on_idle = true;
        quirks.slow_ms = 1;
    });
    let told = client.request("POST", &path, "", text.as_bytes()).await;
    assert_eq!(told.header("Connection"), None);
    assert!(client.answer().await.is_none());
    device.change(|quirks| quirks.close_on_idle = false);
    let mut client = Client::connect(&device).await;
    let told = client.request("POST", &path, "Connection: close\r\n", text.as_bytes()).await;
    assert_eq!(told.header("Connection"), Some("close"));
    assert!(client.answer().await.is_none());
}

#[tokio::test]
async fn garbage_is_answered_with_a_fault_or_a_refusal() {
    let device = open(|_| ()).await;
    let path = target(&device.url()).to_owned();
    for body in ["", "<", "<a/>", "<!DOCTYPE a>", &"<a>".repeat(100_000)] {
        post(&device, &path, "", body).await.refused(400, "ter:WellFormed");
    }
    ask(&device, "<tds:MakeTea/>").await.refused(500, "ter:ActionNotSupported");
    ask(&device, "<GetServices xmlns='urn:x'/>").await.refused(500, "ter:ActionNotSupported");
    assert_eq!(post(&device, "/elsewhere", "", "").await.status, 404);
    let mut client = Client::connect(&device).await;
    assert_eq!(client.request("GET", &path, "", b"").await.status, 405);
    for (bytes, status) in [
        (&b"\0\xff\r\n\r\n"[..], 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n", 413),
        (&[b'A'; 20_000], 400),
    ] {
        let mut client = Client::connect(&device).await;
        client.send(bytes).await;
        assert_eq!(client.answer().await.unwrap().status, status);
        assert!(client.answer().await.is_none());
    }
    let called = device.calls();
    assert_eq!(called.last().unwrap().status, 405);
    assert!(called.iter().any(|one| one.operation == "tds:MakeTea" && one.status == 500));
}

#[tokio::test]
async fn whatever_became_of_a_request_on_its_way_it_is_answered() {
    let device = open(|_| ()).await;
    let good = [
        (String::new(), SERVICES),
        (token(&fresh(), &written(&device), PASSWORD), INFORMATION),
        (
            "<wsa:To>x</wsa:To>".to_owned(),
            "<tev:CreatePullPointSubscription><tev:Filter><wsnt:TopicExpression>tns1:A//.|tns1:B\
             </wsnt:TopicExpression></tev:Filter><tev:InitialTerminationTime>PT10M\
             </tev:InitialTerminationTime></tev:CreatePullPointSubscription>",
        ),
        (
            String::new(),
            "<tptz:AbsoluteMove><tptz:ProfileToken>Profile_101</tptz:ProfileToken><tptz:Position>\
             <tt:PanTilt x='0.5' y='-1e-3'/></tptz:Position><tptz:Speed><tt:Zoom x='0.1'/>\
             </tptz:Speed></tptz:AbsoluteMove>",
        ),
        (
            String::new(),
            "<tds:SetSystemDateAndTime><tds:DateTimeType>Manual</tds:DateTimeType><tds:UTCDateTime>\
             <tt:Time><tt:Hour>1</tt:Hour><tt:Minute>2</tt:Minute><tt:Second>3</tt:Second></tt:Time>\
             <tt:Date><tt:Year>2026</tt:Year><tt:Month>2</tt:Month><tt:Day>28</tt:Day></tt:Date>\
             </tds:UTCDateTime></tds:SetSystemDateAndTime>",
        ),
    ]
    .map(|(header, body)| envelope(&header, body));
    let path = target(&device.url()).to_owned();
    let mut client = Client::connect(&device).await;
    let mut dice = 1_u64;
    for number in 0..2000 {
        let mut bytes = good[number % good.len()].clone().into_bytes();
        for _ in 0..=number % 4 {
            // Knuth's constants: the same row of changes in each run.
            let mut roll = || {
                dice = dice
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (dice >> 33) as usize
            };
            let at = roll() % bytes.len();
            match roll() % 4 {
                0 => bytes[at] = roll() as u8,
                1 => bytes[at] = b"<>/&;'9-:T "[roll() % 11],
                2 => drop(bytes.remove(at)),
                _ => bytes.truncate(at.max(1)),
            }
        }
        let told = client.request("POST", &path, "", &bytes).await;
        assert!([200, 400, 500].contains(&told.status), "{}", told.status);
    }
}

#[tokio::test]
async fn two_devices_cannot_have_one_port() {
    let one = open(|_| ()).await;
    let config = config(Personality::named("generic").unwrap());
    let error = Device::start(DeviceConfig { listen: one.addr(), ..config }).await.unwrap_err();
    assert!(error.to_string().contains("cannot listen on 127.0.0.1:"), "{error}");
    let addr = one.addr();
    one.shutdown().await;
    // What is gone does not answer.
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}
