//! Pull points over the wire: who waits is told at once, leases end, devices differ.

use std::time::Duration;

use simcam::onvif::{Device, Event};

use crate::client::{Answer, Client, ask, ask_at, envelope, open, target, written};

const OPEN: &str = "<tev:CreatePullPointSubscription><tev:InitialTerminationTime>PT10M\
    </tev:InitialTerminationTime></tev:CreatePullPointSubscription>";

fn open_with(filter: &str, end: &str) -> String {
    format!(
        "<tev:CreatePullPointSubscription><tev:Filter><wsnt:TopicExpression>{filter}\
         </wsnt:TopicExpression></tev:Filter><tev:InitialTerminationTime>{end}\
         </tev:InitialTerminationTime></tev:CreatePullPointSubscription>"
    )
}

fn pull(timeout: &str, limit: u32) -> String {
    format!(
        "<tev:PullMessages><tev:Timeout>{timeout}</tev:Timeout><tev:MessageLimit>{limit}\
         </tev:MessageLimit></tev:PullMessages>"
    )
}

fn renew(end: &str) -> String {
    format!("<wsnt:Renew><wsnt:TerminationTime>{end}</wsnt:TerminationTime></wsnt:Renew>")
}

/// Opens a pull point and returns its address.
async fn subscribe(device: &Device) -> String {
    let opened = ask(device, OPEN).await;
    opened.ok();
    opened.text("wsa:Address")
}

/// Waits until a pull waits.
async fn pulling(device: &Device) {
    while device.waiting() == 0 {
        tokio::task::yield_now().await;
    }
}

async fn at(device: &Device, url: &str, body: &str) -> Answer {
    ask_at(device, url, "", body).await
}

#[tokio::test]
async fn whoever_waits_is_told_when_it_happens() {
    let device = open(|_| ()).await;
    let url = subscribe(&device).await;
    let mut client = Client::connect(&device).await;
    let pulled = pull("PT60S", 10);
    let header = "<wsa:MessageID>urn:uuid:5</wsa:MessageID><wsa:Action>http://www.onvif.org/ver10/\
        events/wsdl/PullPointSubscription/PullMessagesRequest</wsa:Action>";
    let text = envelope(header, &pulled);
    let (told, ()) =
        tokio::join!(client.request("POST", target(&url), "", text.as_bytes()), async {
            pulling(&device).await;
            device.raise(Event::motion(0, true));
        });
    let body = told.ok();
    assert_eq!(told.text("wsa:RelatesTo"), "urn:uuid:5");
    assert!(told.text("wsa:Action").ends_with("/PullMessagesResponse"));
    assert_eq!(told.text("wsnt:Topic"), "tns1:RuleEngine/CellMotionDetector/Motion");
    assert_eq!(told.attributes("tt:Message", "PropertyOperation"), ["Changed"]);
    assert!(
        body.contains(
            "<tt:Data><tt:SimpleItem Name=\"IsMotion\" Value=\"true\"></tt:SimpleItem></tt:Data>"
        ),
        "{body}"
    );
    device.raise(Event::motion(0, false));
    device.raise(Event::motion(1, true));
    let first = at(&device, &url, &pull("PT60S", 1)).await;
    assert_eq!(first.all("wsnt:Topic").len(), 1);
    assert!(first.body().contains("Value=\"false\""));
    let second = at(&device, &url, &pull("PT0S", 10)).await;
    assert!(second.body().contains("VideoSourceConfig_2"), "{}", second.body());
    at(&device, &url, "<tev:SetSynchronizationPoint/>").await.ok();
    let all = at(&device, &url, &pull("PT0S", 10)).await;
    assert_eq!(all.attributes("tt:Message", "PropertyOperation"), ["Initialized", "Initialized"]);
}

#[tokio::test]
async fn a_pull_that_finds_nothing_ends_at_its_timeout() {
    let device = open(|_| ()).await;
    let url = subscribe(&device).await;
    let mut client = Client::connect(&device).await;
    let text = envelope("", &pull("PT60S", 10));
    let (told, ()) =
        tokio::join!(client.request("POST", target(&url), "", text.as_bytes()), async {
            pulling(&device).await;
            device.advance(Duration::from_secs(61));
        });
    assert_eq!(told.status, 200, "{}", told.body());
    assert!(!told.body().contains("NotificationMessage"));
}

#[tokio::test]
async fn a_relay_tells_that_it_switched() {
    let device = open(|_| ()).await;
    let url = subscribe(&device).await;
    let switch = "<tds:SetRelayOutputState><tds:RelayOutputToken>RelayOutput_1\
        </tds:RelayOutputToken><tds:LogicalState>active</tds:LogicalState>\
        </tds:SetRelayOutputState>";
    ask(&device, switch).await.ok();
    let told = at(&device, &url, &pull("PT60S", 10)).await;
    assert_eq!(told.text("wsnt:Topic"), "tns1:Device/Trigger/Relay");
}

#[tokio::test]
async fn a_lease_is_as_long_as_asked_prolonged_by_pulls_and_renewed() {
    let device = open(|_| ()).await;
    let url = subscribe(&device).await;
    device.advance(Duration::from_secs(590));
    at(&device, &url, &pull("PT0S", 1)).await.ok();
    at(&device, &url, &renew("PT1M")).await.ok();
    device.advance(Duration::from_secs(50));
    assert_eq!(device.pull_points(), 1);
    device.raise(Event::motion(0, true));
    // A pull that is answered at once prolongs by what it would have waited.
    at(&device, &url, &pull("PT60S", 1)).await.ok();
    device.advance(Duration::from_secs(50));
    assert_eq!(device.pull_points(), 1);
    device.advance(Duration::from_secs(20));
    assert_eq!(device.pull_points(), 0);
    at(&device, &url, &pull("PT0S", 1)).await.refused(400, "ResourceUnknown");
    at(&device, &url, &renew("PT1M")).await.refused(400, "ResourceUnknown");
    let end = written(&device).replace('Z', "+00:00");
    ask(&device, &open_with("tns1:RuleEngine//.", &end)).await.refused(400, "ter:InvalidArgVal");
}

#[tokio::test]
async fn who_unsubscribes_wakes_whoever_pulls() {
    let device = open(|_| ()).await;
    let url = subscribe(&device).await;
    let body = pull("PT60S", 1);
    let (pulled, closed) =
        tokio::join!(at(&device, &url, &body), at(&device, &url, "<wsnt:Unsubscribe/>"));
    closed.ok();
    pulled.refused(400, "ResourceUnknown");
    assert_eq!(device.pull_points(), 0);
}

#[tokio::test]
async fn a_filter_keeps_other_topics_away_or_is_refused() {
    let device = open(|_| ()).await;
    let opened =
        ask(&device, &open_with("tns1:VideoSource//.|tns1:Device/Trigger/Relay", "PT1M")).await;
    let url = opened.text("wsa:Address");
    for topic in ["RuleEngine/X", "VideoSource/MotionAlarm", "Device/Trigger/DigitalInput"] {
        device.raise(Event::new(topic));
    }
    let told = at(&device, &url, &pull("PT0S", 10)).await;
    assert_eq!(told.all("wsnt:Topic"), ["tns1:VideoSource/MotionAlarm"]);
    ask(&device, &open_with("tns9:X", "PT1M")).await.refused(400, "ter:InvalidFilter");
    device.change(|quirks| quirks.filter_rejected = true);
    ask(&device, &open_with("tns1:VideoSource//.", "PT1M")).await.refused(400, "ter:InvalidFilter");
    ask(&device, OPEN).await.ok();
}

#[tokio::test]
async fn what_may_be_asked_of_a_pull_is_told_with_its_refusal() {
    let device = open(|_| ()).await;
    let url = subscribe(&device).await;
    for body in [pull("PT1H", 1), pull("PT1S", 100_000)] {
        let refused = at(&device, &url, &body).await;
        refused.refused(400, "ter:InvalidArgVal");
        assert_eq!(refused.text("tev:MaxTimeout"), "PT120S");
    }
    for body in [pull("soon", 1), pull("PT1S", 0), "<tev:PullMessages/>".to_owned()] {
        assert_eq!(at(&device, &url, &body).await.status, 400);
    }
    ask(&device, &pull("PT1S", 1)).await.refused(400, "ResourceUnknown");
    let told = ask(&device, "<tev:GetEventProperties/>").await;
    assert!(told.ok().contains("<CellMotionDetector><Motion wstop:topic=\"true\">"));
}

#[tokio::test]
async fn there_is_room_for_so_many_pull_points() {
    let device = open(|quirks| quirks.max_pullpoints = 1).await;
    let url = subscribe(&device).await;
    let refused = ask(&device, OPEN).await;
    refused.refused(500, "ter:ResourceProblem");
    assert!(refused.body().contains("UnableToCreatePullPointFault"));
    at(&device, &url, "<wsnt:Unsubscribe/>").await.ok();
    subscribe(&device).await;
}

#[tokio::test]
async fn devices_differ_in_leases() {
    let device = open(|quirks| quirks.need_initial_termination = true).await;
    let bare = "<tev:CreatePullPointSubscription/>";
    assert_eq!(ask(&device, bare).await.status, 500);
    subscribe(&device).await;
    device.change(|quirks| {
        quirks.need_initial_termination = false;
        quirks.relative_time_broken = true;
        quirks.needs_z_suffix = true;
    });
    ask(&device, bare).await.ok();
    subscribe(&device).await;
    device.advance(Duration::from_secs(11));
    assert_eq!(device.pull_points(), 2);
    let mut end = written(&device);
    end.replace_range(..4, "2100");
    ask(&device, &open_with("tns1:RuleEngine//.", &end.replace('Z', "+00:00")))
        .await
        .refused(400, "ter:InvalidArgVal");
    let url = ask(&device, &open_with("tns1:RuleEngine//.", &end)).await.text("wsa:Address");
    device.change(|quirks| {
        quirks.renew_400 = true;
        quirks.lease_not_extended = true;
        quirks.unsubscribe_kills_all = true;
    });
    at(&device, &url, &renew(&end)).await.refused(400, "ter:InvalidArgVal");
    device.advance(Duration::from_secs(3590));
    device.raise(Event::motion(0, true));
    at(&device, &url, &pull("PT60S", 1)).await.ok();
    let other = subscribe(&device).await;
    at(&device, &other, "<wsnt:Unsubscribe/>").await.ok();
    at(&device, &url, &pull("PT0S", 1)).await.refused(400, "ResourceUnknown");
}

#[tokio::test]
async fn a_lease_that_pulls_do_not_prolong_ends() {
    let device = open(|quirks| quirks.lease_not_extended = true).await;
    let url = subscribe(&device).await;
    device.advance(Duration::from_secs(590));
    device.raise(Event::motion(0, true));
    at(&device, &url, &pull("PT60S", 1)).await.ok();
    device.advance(Duration::from_secs(11));
    at(&device, &url, &pull("PT0S", 1)).await.refused(400, "ResourceUnknown");
}

#[tokio::test]
async fn devices_differ_in_what_they_tell_and_how() {
    let device = open(|quirks| {
        quirks.topic_suffix = true;
        quirks.bad_timestamps = true;
        quirks.pullpoint_flag_lies = true;
        quirks.need_wsa_to = true;
        quirks.close_on_idle = true;
    })
    .await;
    let flags = ask(&device, "<tds:GetCapabilities/>").await;
    assert_eq!(flags.text("tt:WSPullPointSupport"), "false");
    let url = subscribe(&device).await;
    assert!(target(&url).starts_with("/onvif/Notification?Idx="), "{url}");
    device.raise(Event::motion(0, true));
    at(&device, &url, &pull("PT0S", 1)).await.refused(400, "ter:InvalidArgVal");
    let to = format!("<wsa:To>{url}</wsa:To>");
    let told = ask_at(&device, &url, &to, &pull("PT0S", 1)).await;
    assert_eq!(told.text("wsnt:Topic"), "tns1:RuleEngine/CellMotionDetector/Motion//.");
    assert_eq!(told.attributes("tt:Message", "UtcTime"), ["0000-00-00T25:61:00Z"]);
    // With nothing more to tell it says nothing.
    let mut client = Client::connect(&device).await;
    let text = envelope(&to, &pull("PT0S", 1));
    let head = format!("POST {} HTTP/1.1\r\nContent-Length: {}\r\n\r\n", target(&url), text.len());
    client.send(format!("{head}{text}").as_bytes()).await;
    assert!(client.answer().await.is_none());
}
