//! What the tests of the server share: a clip, a server, and a client that
//! speaks RTSP letter by letter.

// Each test file uses its own part of this; in all of it, a panic names the line.
#![allow(dead_code, clippy::unwrap_used)]

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use simcam::clip::Clip;
use simcam::{CameraConfig, Credentials, Server, ServerConfig};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

pub(crate) const USER: &str = "khue";
pub(crate) const PASSWORD: &str = "van-cac-1805";

/// Two seconds of a test picture, 25 frames a second, a keyframe each second.
pub(crate) fn clip() -> Arc<Clip> {
    static CLIP: OnceLock<Arc<Clip>> = OnceLock::new();
    Arc::clone(CLIP.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("picture.mp4");
        let made = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=640x360:r=25:d=2"])
            .args(["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "25"])
            .args(["-pix_fmt", "yuv420p"])
            .arg(&file)
            .status();
        assert!(made.expect("install the Debian package ffmpeg").success());
        Arc::new(Clip::from_mp4(&file).unwrap())
    }))
}

pub(crate) fn config() -> ServerConfig {
    let camera = |name: &str| CameraConfig::new(name, clip(), clip());
    ServerConfig::new(any_port(), vec![camera("cam1"), camera("cam2")])
}

pub(crate) fn guarded() -> ServerConfig {
    let credentials = Credentials { user: USER.to_owned(), password: PASSWORD.to_owned() };
    ServerConfig { credentials: Some(credentials), ..config() }
}

pub(crate) fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// Returns the whole NAL units in a payload of H.264.
pub(crate) fn nals(payload: &[u8]) -> Vec<Vec<u8>> {
    match payload[0] & 0x1f {
        24 => {
            let (mut rest, mut units) = (&payload[1..], Vec::new());
            while let Some((length, after)) = rest.split_first_chunk::<2>() {
                let (unit, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
                units.push(unit.to_vec());
                rest = after;
            }
            units
        }
        28 => Vec::new(),
        _ => vec![payload.to_vec()],
    }
}

/// A client that sends what it is told and reads what comes.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    cseq: u32,
    pub(crate) base: String,
}

/// A response as it came.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Client {
    pub(crate) async fn connect(server: &Server, path: &str) -> Self {
        Self::over(TcpStream::connect(server.addr()).await.unwrap(), server, path)
    }

    /// Connects such that the kernel keeps little for the client.
    pub(crate) async fn connect_with_small_buffer(server: &Server, path: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self::over(socket.connect(server.addr()).await.unwrap(), server, path)
    }

    fn over(stream: TcpStream, server: &Server, path: &str) -> Self {
        let base = format!("rtsp://{}/{path}", server.addr());
        Self { stream: BufReader::new(stream), cseq: 0, base }
    }

    /// Sends a request and returns its answer; packets in between are passed over.
    pub(crate) async fn ask(&mut self, method: &str, uri: &str, headers: &str) -> Response {
        self.cseq += 1;
        let request = format!("{method} {uri} RTSP/1.0\r\nCSeq: {}\r\n{headers}\r\n", self.cseq);
        self.send(request.as_bytes()).await;
        let response = self.response().await;
        assert_eq!(response.header("CSeq"), Some(self.cseq.to_string().as_str()));
        response
    }

    /// SETUP on the first channels and PLAY.
    pub(crate) async fn play(&mut self) -> Response {
        let track = format!("{}/trackID=0", self.base);
        let setup = self.ask("SETUP", &track, "Transport: RTP/AVP/TCP;interleaved=0-1\r\n").await;
        assert_eq!(setup.status, 200);
        let id = setup.header("Session").unwrap().split(';').next().unwrap().to_owned();
        let base = self.base.clone();
        self.ask("PLAY", &base, &format!("Session: {id}\r\n")).await
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.unwrap();
    }

    pub(crate) async fn response(&mut self) -> Response {
        while self.stream.fill_buf().await.unwrap().first() == Some(&b'$') {
            self.packet().await;
        }
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.stream.read_line(&mut line).await.unwrap(), 0, "closed: {lines:?}");
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<_> = lines[1..]
            .iter()
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut response = Response { status, headers, body: String::new() };
        if let Some(length) = response.header("Content-Length") {
            let mut body = vec![0; length.parse().unwrap()];
            self.stream.read_exact(&mut body).await.unwrap();
            response.body = String::from_utf8(body).unwrap();
        }
        response
    }

    /// Returns the next packet and its channel.
    pub(crate) async fn packet(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head).await.unwrap();
        assert_eq!(head[0], b'$');
        let mut packet = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]]))];
        self.stream.read_exact(&mut packet).await.unwrap();
        (head[1], packet)
    }

    /// Returns the next line of an answer.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }

    /// Returns what comes next, as much as comes at once.
    pub(crate) async fn piece(&mut self) -> Vec<u8> {
        let piece = self.stream.fill_buf().await.unwrap().to_vec();
        self.stream.consume(piece.len());
        piece
    }

    /// Reads whole packets until the connection ends within one, and returns how many
    /// of them were of pictures.
    pub(crate) async fn packets_to_end(&mut self) -> usize {
        let mut bytes = Vec::new();
        // A server may also reset what it has no interest in.
        let _ = self.stream.read_to_end(&mut bytes).await;
        let (mut rest, mut pictures) = (&bytes[..], 0);
        while let Some(&[b'$', channel, high, low]) = rest.first_chunk::<4>() {
            let length = 4 + usize::from(u16::from_be_bytes([high, low]));
            let Some((_, after)) = rest.split_at_checked(length) else { break };
            pictures += usize::from(channel == 0);
            rest = after;
        }
        assert!(!rest.is_empty(), "it ended between two packets");
        pictures
    }

    /// Reads packets until what comes is none.
    pub(crate) async fn packets_until_lost(&mut self) {
        loop {
            let mut head = [0; 4];
            self.stream.read_exact(&mut head).await.unwrap();
            let mut packet = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]]))];
            if head[0] != b'$' || head[1] > 1 {
                return;
            }
            self.stream.read_exact(&mut packet).await.unwrap();
        }
    }

    /// Reads until the connection ends.
    pub(crate) async fn read_to_end(&mut self) {
        while let Ok([_, ..]) = self.stream.fill_buf().await {
            let length = self.stream.buffer().len();
            self.stream.consume(length);
        }
    }

    /// Returns whether the server closes the connection with nothing more to say.
    pub(crate) async fn is_closed(&mut self) -> bool {
        // A server may also reset what it has no interest in.
        matches!(self.stream.fill_buf().await, Ok([]) | Err(_))
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}
