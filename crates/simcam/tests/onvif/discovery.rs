//! How a device is found, by questions straight to it.

use std::net::{Ipv4Addr, SocketAddrV4};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use simcam::onvif::{Device, DeviceConfig, Discovery, Personality, Quirks};
use tokio::net::UdpSocket;

use crate::client::{config, fresh};

fn probe(inside: &str) -> String {
    format!(
        "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope' \
         xmlns:a='http://schemas.xmlsoap.org/ws/2004/08/addressing'><e:Header>\
         <a:MessageID>urn:uuid:1</a:MessageID></e:Header><e:Body>\
         <Probe xmlns='http://schemas.xmlsoap.org/ws/2005/04/discovery' \
         xmlns:dn='http://www.onvif.org/ver10/network/wsdl'>{inside}</Probe></e:Body></e:Envelope>"
    )
}

async fn findable(name: &str, change: impl FnOnce(&mut Quirks)) -> Device {
    let discovery = Some(Discovery::Unicast((Ipv4Addr::LOCALHOST, 0).into()));
    let config = config(Personality::named(name).unwrap().with(change));
    Device::start(DeviceConfig { discovery, ..config }).await.unwrap()
}

/// Asks, and returns the first answer.
async fn found(device: &Device, questions: &[&[u8]]) -> String {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    for question in questions {
        socket.send_to(question, device.discovery_addr().unwrap()).await.unwrap();
    }
    let mut answer = vec![0; 65_536];
    let (length, _) = socket.recv_from(&mut answer).await.unwrap();
    String::from_utf8(answer[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn who_asks_is_answered_and_who_asks_for_another_is_not() {
    let device = findable("generic", |_| ()).await;
    let other = probe("<Types>dn:Recorder</Types>");
    let scopes =
        "<Types>dn:NetworkVideoTransmitter</Types><Scopes>onvif://www.onvif.org/Profile</Scopes>";
    // The others come first and are not answered.
    let told = found(&device, &[b"\xff", other.as_bytes(), probe(scopes).as_bytes()]).await;
    assert!(told.contains("<a:RelatesTo>urn:uuid:1</a:RelatesTo>"), "{told}");
    assert!(told.contains("urn:uuid:5c3b1e70-0000-4000-8000-02000000002a"), "{told}");
    assert!(told.contains(&format!("<d:XAddrs>{}</d:XAddrs>", device.url())), "{told}");
    assert!(told.contains("onvif://www.onvif.org/hardware/SimCam"), "{told}");
}

#[tokio::test]
async fn addresses_may_be_several_or_of_no_use() {
    let question = probe("");
    let ask = async |device: &Device| found(device, &[question.as_bytes()]).await;
    let hanwha = findable("hanwha", |_| ()).await;
    let told = ask(&hanwha).await;
    let addresses = told.split("XAddrs>").nth(1).unwrap().trim_end_matches("</d:");
    assert_eq!(addresses.split(' ').count(), 4, "{addresses}");
    assert!(addresses.contains(&hanwha.url()), "{addresses}");
    let xm = findable("xm", |_| ()).await;
    assert!(ask(&xm).await.contains("<d:XAddrs>http://0.0.0.0:"));
    let nat = findable("tapo", |quirks| quirks.nat_xaddr = Some([192, 168, 0, 64].into())).await;
    assert!(ask(&nat).await.contains("<d:XAddrs>http://192.168.0.64:"));
}

#[tokio::test]
async fn a_device_without_onvif_is_not_found() {
    assert_eq!(findable("ezviz", |_| ()).await.discovery_addr(), None);
}

/// Hears what goes to all who can be found, on the loopback.
async fn ear() -> UdpSocket {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let (family, kind) = (AddressFamily::INET, SocketType::DGRAM);
    let socket = rustix::net::socket_with(family, kind, flags, None).unwrap();
    sockopt::set_socket_reuseaddr(&socket, true).unwrap();
    rustix::net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 3702)).unwrap();
    let socket = UdpSocket::from_std(socket.into()).unwrap();
    socket.join_multicast_v4([239, 255, 255, 250].into(), Ipv4Addr::LOCALHOST).unwrap();
    socket
}

/// Returns the first message that has these words; others on this machine may speak too.
async fn heard(socket: &UdpSocket, words: [&str; 2]) -> String {
    let mut message = vec![0; 65_536];
    loop {
        let (length, _) = socket.recv_from(&mut message).await.unwrap();
        let text = String::from_utf8_lossy(&message[..length]);
        if words.iter().all(|word| text.contains(word)) {
            return text.into_owned();
        }
    }
}

#[tokio::test]
async fn a_device_says_when_it_comes_and_goes_to_all() {
    let ear = ear().await;
    let discovery = Some(Discovery::Multicast(Ipv4Addr::LOCALHOST));
    let number = u32::from_be_bytes(*fresh().first_chunk().unwrap());
    let generic = config(Personality::named("generic").unwrap());
    let config = DeviceConfig {
        discovery,
        ..DeviceConfig::new(generic.listen, generic.personality, number, generic.channels)
    };
    let uuid = config.uuid.clone();
    let device = Device::start(config).await.unwrap();
    let hello = heard(&ear, ["<d:Hello>", &uuid]).await;
    assert!(hello.contains(&device.url()), "{hello}");
    let asks = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    sockopt::set_ip_multicast_if(&asks, &Ipv4Addr::LOCALHOST).unwrap();
    asks.send_to(probe("").as_bytes(), "239.255.255.250:3702").await.unwrap();
    heard(&asks, ["<d:ProbeMatches>", &uuid]).await;
    device.shutdown().await;
    heard(&ear, ["<d:Bye>", &uuid]).await;
}
