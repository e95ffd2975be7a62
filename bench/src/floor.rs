//! The floor: the least a recorder can do with Linux sockets and files.
//!
//! It sets up RTSP over TCP by hand, waits with epoll, turns RTP into NAL units
//! and writes 256 kB at a time. No container, no index, no safety: what a real
//! recorder costs above it is what those cost. It runs as a process of its own.
//!
//! `coalesced` reads every socket each 100 ms instead of when data comes.
//!
//! And the least a relay can do: [`send`] gives frames that lie in memory to sockets, a
//! call for each, at the moments at which cameras would bring them; [`cast`] the same by
//! UDP, in packets, neither numbered nor sealed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use quinn_udp::{Transmit, UdpSocketState};
use rustix::event::epoll;
use tokio::io::AsyncReadExt;

const WRITE: usize = 256 * 1024;

struct Connection {
    socket: TcpStream,
    /// Bytes read and not yet parsed.
    input: Vec<u8>,
    /// The NAL unit under way, and those of the last frames, behind their lengths.
    nal: Vec<u8>,
    output: Vec<u8>,
    file: File,
}

/// Records `urls` into `folder` until the process is ended.
pub(crate) fn run(urls: &[String], folder: &Path, coalesced: bool) -> anyhow::Result<()> {
    let mut connections = Vec::with_capacity(urls.len());
    for (number, url) in urls.iter().enumerate() {
        let file = File::create(folder.join(format!("{number}.h264")))?;
        let (socket, input) = play(url).with_context(|| format!("cannot play {url}"))?;
        socket.set_nonblocking(true)?;
        connections.push(Connection {
            socket,
            input,
            nal: Vec::new(),
            output: Vec::with_capacity(2 * WRITE),
            file,
        });
    }
    println!("ready");
    io::stdout().flush()?;
    let mut buffer = vec![0; 256 * 1024];
    if coalesced {
        loop {
            std::thread::sleep(Duration::from_millis(100));
            for connection in &mut connections {
                connection.read(&mut buffer)?;
            }
        }
    }
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (number, connection) in connections.iter().enumerate() {
        epoll::add(
            &poll,
            &connection.socket,
            epoll::EventData::new_u64(number as u64),
            epoll::EventFlags::IN,
        )?;
    }
    let mut events = Vec::with_capacity(256);
    loop {
        events.clear();
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None)?;
        for event in &events {
            let event: &epoll::Event = event;
            connections[usize::try_from(event.data.u64())?].read(&mut buffer)?;
        }
    }
}

/// Frames of a camera in a second, and what they weigh at 2 Mbps: a keyframe each fifty.
const FPS: u32 = 25;
const KEY: usize = 32_000;
const OTHER: usize = 9_500;

/// Sends to `viewers` sockets, spread over `cameras`, until the process is ended. Says
/// where it is to be connected to.
pub(crate) fn send(cameras: usize, viewers: usize) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let mut sockets = Vec::with_capacity(viewers);
    for _ in 0..viewers {
        let (socket, _) = listener.accept()?;
        socket.set_nodelay(true)?;
        sockets.push(socket);
    }
    let frame = vec![7; KEY];
    let step = Duration::from_secs(1) / FPS / u32::try_from(cameras)?;
    let mut due = Instant::now();
    for number in 0.. {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        due += step;
        let (camera, round) = (number % cameras, number / cameras);
        let size = if round.is_multiple_of(2 * FPS as usize) { KEY } else { OTHER };
        for socket in sockets.iter_mut().skip(camera).step_by(cameras) {
            socket.write_all(&frame[..size])?;
        }
    }
    Ok(())
}

/// What a packet of WebRTC weighs with all its headers.
const PACKET: usize = 1_200;

/// The most bytes that the kernel takes at once to part into packets.
const MOST_AT_ONCE: usize = 50 * PACKET;

/// Sends one camera's frames to each of `ports` by UDP, many packets by one call (GSO),
/// until the process is ended.
pub(crate) fn cast(ports: &[u16]) -> anyhow::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let state = UdpSocketState::new((&socket).into())?;
    println!("ready");
    let frame = vec![7; KEY];
    let step = Duration::from_secs(1) / FPS;
    let mut due = Instant::now();
    for round in 0.. {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        due += step;
        let size = if round % (2 * FPS) == 0 { KEY } else { OTHER };
        for port in ports {
            let destination = (Ipv4Addr::LOCALHOST, *port).into();
            for contents in frame[..size].chunks(MOST_AT_ONCE) {
                let segment_size = Some(PACKET);
                let transmit =
                    Transmit { destination, ecn: None, contents, segment_size, src_ip: None };
                state.try_send((&socket).into(), &transmit)?;
            }
        }
    }
    Ok(())
}

/// Reads what `cast` sends, and forgets it, until the process is ended. Says its ports.
pub(crate) fn take(viewers: usize) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut reading = tokio::task::JoinSet::new();
        let mut ports = Vec::with_capacity(viewers);
        for _ in 0..viewers {
            let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
            ports.push(socket.local_addr()?.port().to_string());
            reading.spawn(async move {
                let mut buffer = vec![0; 2 * PACKET];
                while socket.recv(&mut buffer).await.is_ok() {}
            });
        }
        println!("{}", ports.join(" "));
        reading.join_all().await;
        Ok(())
    })
}

/// Reads a file and sends it to each who connects, one after another, until the process
/// is ended: all that handing it out cannot do without.
pub(crate) fn lend(file: &Path, uncopied: bool) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let mut portion = vec![0; WRITE];
    loop {
        let (mut socket, _) = listener.accept()?;
        let mut file = std::fs::File::open(file)?;
        if uncopied {
            while rustix::fs::sendfile(&socket, &file, None, WRITE)? > 0 {}
            continue;
        }
        loop {
            let read = file.read(&mut portion)?;
            if read == 0 {
                break;
            }
            socket.write_all(&portion[..read])?;
        }
    }
}

/// A process that is ended when this is dropped.
pub(crate) struct Ended(pub(crate) Child);

/// Starts one of these; returns it, and the first line that it says.
pub(crate) fn start(arguments: &[&str]) -> anyhow::Result<(Ended, String)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().context("there is an output")?;
    let child = Ended(child);
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    Ok((child, line.trim().to_owned()))
}

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads what `send` sends, and forgets it, until the process is ended.
pub(crate) fn sink(address: &str, viewers: usize) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut reading = tokio::task::JoinSet::new();
        for _ in 0..viewers {
            let mut socket = tokio::net::TcpStream::connect(address).await?;
            reading.spawn(async move {
                let mut buffer = vec![0; 64 << 10];
                while socket.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
            });
        }
        println!("ready");
        reading.join_all().await;
        Ok(())
    })
}

impl Connection {
    fn read(&mut self, buffer: &mut [u8]) -> anyhow::Result<()> {
        loop {
            match self.socket.read(buffer) {
                Ok(0) => bail!("the server closed"),
                Ok(read) => {
                    self.input.extend_from_slice(&buffer[..read]);
                    if read < buffer.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        let mut at = 0;
        while let Some(header) = self.input.get(at..at + 4) {
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
            let is_video = header[0] == b'$' && header[1] == 0;
            let Some(packet) = self.input.get(at + 4..at + 4 + length) else { break };
            if is_video && packet.len() > 13 {
                depacketize(&packet[12..], &mut self.nal, &mut self.output);
            }
            at += 4 + length;
        }
        self.input.drain(..at);
        if self.output.len() >= WRITE {
            self.file.write_all(&self.output)?;
            self.output.clear();
        }
        Ok(())
    }
}

/// RFC 6184: single NAL units, STAP-A and FU-A.
fn depacketize(payload: &[u8], nal: &mut Vec<u8>, output: &mut Vec<u8>) {
    let mut push = |unit: &[u8]| {
        output.extend_from_slice(&u32::try_from(unit.len()).unwrap_or(u32::MAX).to_be_bytes());
        output.extend_from_slice(unit);
    };
    match payload[0] & 0x1f {
        28 => {
            if payload[1] & 0x80 != 0 {
                nal.clear();
                nal.push(payload[0] & 0xe0 | payload[1] & 0x1f);
            }
            nal.extend_from_slice(&payload[2..]);
            if payload[1] & 0x40 != 0 {
                push(nal);
            }
        }
        24 => {
            let mut rest = &payload[1..];
            while let Some((length, after)) = rest.split_first_chunk::<2>() {
                let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
                push(&after[..length]);
                rest = &after[length..];
            }
        }
        _ => push(payload),
    }
}

/// Talks RTSP up to PLAY; returns the socket and what came behind the last answer.
fn play(url: &str) -> anyhow::Result<(TcpStream, Vec<u8>)> {
    let host = url
        .strip_prefix("rtsp://")
        .and_then(|rest| rest.split('/').next())
        .context("no rtsp:// address")?;
    let mut socket = TcpStream::connect(host)?;
    let mut input = Vec::new();
    let mut sequence = 0;
    let mut ask = |socket: &mut TcpStream,
                   method: &str,
                   url: &str,
                   headers: &str|
     -> anyhow::Result<String> {
        sequence += 1;
        // At once: in pieces each would wait for the acknowledgement of the one before.
        let request = format!("{method} {url} RTSP/1.0\r\nCSeq: {sequence}\r\n{headers}\r\n");
        socket.write_all(request.as_bytes())?;
        let mut byte = [0; 4096];
        loop {
            if let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8(input.drain(..end + 4).collect())?;
                let length: usize = header(&head, "content-length")
                    .and_then(|value| value.parse().ok())
                    .unwrap_or(0);
                while input.len() < length {
                    let read = socket.read(&mut byte)?;
                    input.extend_from_slice(&byte[..read]);
                }
                let body = String::from_utf8(input.drain(..length).collect())?;
                anyhow::ensure!(head.starts_with("RTSP/1.0 200"), "{method} was answered {head}");
                return Ok(head + &body);
            }
            let read = socket.read(&mut byte)?;
            anyhow::ensure!(read > 0, "the server closed after {method}");
            input.extend_from_slice(&byte[..read]);
        }
    };
    let description = ask(&mut socket, "DESCRIBE", url, "Accept: application/sdp\r\n")?;
    let (_, media) = description.split_once("m=video").context("no video in the description")?;
    let control = media
        .lines()
        .find_map(|line| line.strip_prefix("a=control:"))
        .context("no a=control")?
        .trim();
    let track = if control.starts_with("rtsp://") {
        control.to_owned()
    } else {
        format!("{url}/{control}")
    };
    let setup =
        ask(&mut socket, "SETUP", &track, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")?;
    let session = header(&setup, "session").context("no Session")?;
    let session = session.split(';').next().unwrap_or_default().to_owned();
    ask(&mut socket, "PLAY", url, &format!("Session: {session}\r\nRange: npt=0.000-\r\n"))?;
    Ok((socket, input))
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}
