//! What the tests share: devices, and a client that writes its requests itself.

use std::fmt::Write;
use std::net::Ipv4Addr;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use md5::{Digest, Md5};
use simcam::Credentials;
use simcam::clip::Codec;
use simcam::onvif::{Channel, Device, DeviceConfig, Personality, Quirks, StreamConfig};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

pub(crate) const USER: &str = "admin";
pub(crate) const PASSWORD: &str = "Test-1234";
pub(crate) const PICTURE: &[u8] = &[0xff, 0xd8, 1, 2, 3, 0xff, 0xd9];

const PREFIXES: &str = "xmlns:e='http://www.w3.org/2003/05/soap-envelope' \
    xmlns:tt='http://www.onvif.org/ver10/schema' \
    xmlns:tds='http://www.onvif.org/ver10/device/wsdl' \
    xmlns:trt='http://www.onvif.org/ver10/media/wsdl' \
    xmlns:tr2='http://www.onvif.org/ver20/media/wsdl' \
    xmlns:tptz='http://www.onvif.org/ver20/ptz/wsdl' \
    xmlns:timg='http://www.onvif.org/ver20/imaging/wsdl' \
    xmlns:tev='http://www.onvif.org/ver10/events/wsdl' \
    xmlns:tns1='http://www.onvif.org/ver10/topics' \
    xmlns:wsa='http://www.w3.org/2005/08/addressing' \
    xmlns:wsnt='http://docs.oasis-open.org/wsn/b-2'";
const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) bytes: Vec<u8>,
}

/// A connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

pub(crate) fn channel(number: u16, codec: Codec, ptz: bool) -> Channel {
    let stream = |role: &str, codec, width, height| StreamConfig {
        url: format!("rtsp://127.0.0.1:8554/cam{number}/{role}"),
        codec,
        width,
        height,
        fps: 25,
        bitrate_kbps: 2048,
    };
    Channel {
        name: format!("Cổng {number}"),
        main: stream("main", codec, 1920, 1080),
        sub: stream("sub", Codec::H264, 640, 360),
        ptz,
    }
}

pub(crate) fn config(personality: Personality) -> DeviceConfig {
    let channels = (1..=personality.channels)
        .map(|number| channel(number, Codec::H265, number == 1))
        .collect();
    let credentials = Credentials { user: USER.to_owned(), password: PASSWORD.to_owned() };
    DeviceConfig {
        credentials: Some(credentials),
        snapshot: Some(Bytes::from_static(PICTURE)),
        ..DeviceConfig::new((Ipv4Addr::LOCALHOST, 0).into(), personality, 42, channels)
    }
}

/// Starts a device of this name with these quirks as well.
pub(crate) async fn device(name: &str, change: impl FnOnce(&mut Quirks)) -> Device {
    Device::start(config(Personality::named(name).unwrap().with(change))).await.unwrap()
}

/// Starts one that asks for no password.
pub(crate) async fn open(change: impl FnOnce(&mut Quirks)) -> Device {
    let config = config(Personality::named("generic").unwrap().with(change));
    Device::start(DeviceConfig { credentials: None, ..config }).await.unwrap()
}

pub(crate) fn envelope(header: &str, body: &str) -> String {
    format!(
        "<e:Envelope {PREFIXES}><e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>"
    )
}

/// Asks without a proof.
pub(crate) async fn ask(device: &Device, body: &str) -> Answer {
    let target = target(&device.url()).to_owned();
    post(device, &target, "", &envelope("", body)).await
}

/// Asks at an address of the device's.
pub(crate) async fn ask_at(device: &Device, url: &str, header: &str, body: &str) -> Answer {
    post(device, target(url), "", &envelope(header, body)).await
}

/// Asks with HTTP Digest.
pub(crate) async fn ask_with_digest(device: &Device, body: &str) -> Answer {
    let target = target(&device.url()).to_owned();
    let text = envelope("", body);
    let refused = post(device, &target, "", &text).await;
    let challenge = refused.header("WWW-Authenticate").expect("a challenge").to_owned();
    let proof = digest_proof(&challenge, "POST", &target, 1, PASSWORD);
    post(device, &target, &proof, &text).await
}

/// Asks with a token.
pub(crate) async fn ask_with_token(device: &Device, body: &str) -> Answer {
    let created = written(device);
    let target = target(&device.url()).to_owned();
    post(device, &target, "", &envelope(&token(&fresh(), &created, PASSWORD), body)).await
}

pub(crate) async fn post(device: &Device, target: &str, headers: &str, body: &str) -> Answer {
    Client::connect(device).await.request("POST", target, headers, body.as_bytes()).await
}

/// Returns the device's time as a token has it.
pub(crate) fn written(device: &Device) -> String {
    format!("{}Z", device.clock().to_string().split('.').next().unwrap())
}

pub(crate) fn fresh() -> [u8; 16] {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).unwrap();
    nonce
}

pub(crate) fn token(nonce: &[u8], created: &str, password: &str) -> String {
    let hashed = [nonce, created.as_bytes(), password.as_bytes()].concat();
    let digest = BASE64_STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &hashed));
    let nonce = BASE64_STANDARD.encode(nonce);
    format!(
        "<w:Security xmlns:w='{WSSE}' xmlns:u='{WSU}'><w:UsernameToken><w:Username>{USER}</w:Username>\
         <w:Password Type='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-\
         profile-1.0#PasswordDigest'>{digest}</w:Password><w:Nonce>{nonce}</w:Nonce>\
         <u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
    )
}

pub(crate) fn digest_proof(
    challenge: &str,
    method: &str,
    target: &str,
    count: u32,
    password: &str,
) -> String {
    let field = |name: &str| {
        let (_, rest) = challenge.split_once(&format!("{name}=\"")).unwrap();
        rest.split('"').next().unwrap()
    };
    let hash = |text: String| {
        Md5::digest(text.as_bytes()).iter().fold(String::new(), |mut out, byte| {
            write!(out, "{byte:02x}").unwrap();
            out
        })
    };
    let (realm, nonce) = (field("realm"), field("nonce"));
    let secret = hash(format!("{USER}:{realm}:{password}"));
    let request = hash(format!("{method}:{target}"));
    let response = hash(format!("{secret}:{nonce}:{count:08x}:c:auth:{request}"));
    format!(
        "Authorization: Digest username=\"{USER}\", realm=\"{realm}\", nonce=\"{nonce}\", \
         uri=\"{target}\", qop=auth, nc={count:08x}, cnonce=\"c\", response=\"{response}\"\r\n"
    )
}

/// Returns the path of an address, with its query.
pub(crate) fn target(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}

impl Client {
    pub(crate) async fn connect(device: &Device) -> Self {
        Self { stream: BufReader::new(TcpStream::connect(device.addr()).await.unwrap()) }
    }

    pub(crate) async fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: &str,
        body: &[u8],
    ) -> Answer {
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        self.send(&[head.as_bytes(), body].concat()).await;
        self.answer().await.expect("an answer")
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.unwrap();
    }

    /// Returns the next answer; nothing if the connection ends instead.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        let first = self.line().await?;
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line().await.unwrap();
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut answer = Answer { status, headers, bytes: Vec::new() };
        if let Some(length) = answer.header("Content-Length") {
            answer.bytes = vec![0; length.parse().unwrap()];
            self.stream.read_exact(&mut answer.bytes).await.unwrap();
            return Some(answer);
        }
        assert_eq!(answer.header("Transfer-Encoding"), Some("chunked"));
        loop {
            let length = usize::from_str_radix(&self.line().await.unwrap(), 16).unwrap();
            let mut chunk = vec![0; length + 2];
            self.stream.read_exact(&mut chunk).await.unwrap();
            if length == 0 {
                return Some(answer);
            }
            answer.bytes.extend_from_slice(&chunk[..length]);
        }
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        // A server may also reset what it has no interest in.
        let length = self.stream.read_line(&mut line).await.unwrap_or(0);
        (length > 0).then(|| line.trim_end().to_owned())
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn body(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Returns the body of an answer that is none of a fault.
    pub(crate) fn ok(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.body());
        self.body()
    }

    /// Returns the text of each element of this name, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let body = self.body();
        let (open, close) = (format!("<{name}"), format!("</{name}>"));
        body.split(&open)
            .skip(1)
            .filter(|rest| rest.starts_with(['>', ' ']))
            .map(|rest| rest.split_once('>').unwrap().1.split(&close).next().unwrap().to_owned())
            .collect()
    }

    /// Returns the text of the first element of this name.
    pub(crate) fn text(&self, name: &str) -> String {
        self.all(name).into_iter().next().unwrap_or_else(|| panic!("no {name}: {}", self.body()))
    }

    /// Returns an attribute of each element of this name, in order.
    pub(crate) fn attributes(&self, name: &str, attribute: &str) -> Vec<String> {
        let body = self.body();
        let mark = format!(" {attribute}=\"");
        body.split(&format!("<{name} "))
            .skip(1)
            .filter_map(|rest| {
                let tag = format!(" {}", rest.split('>').next().unwrap());
                Some(tag.split_once(&mark)?.1.split('"').next().unwrap().to_owned())
            })
            .collect()
    }

    /// Checks that it is a fault with this status and code.
    pub(crate) fn refused(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.body());
        let codes = self.all("s:Value");
        assert!(codes.iter().any(|one| one.contains(code)), "{}", self.body());
        assert!(!self.text("s:Text").is_empty());
    }
}
