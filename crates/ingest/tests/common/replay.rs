//! A camera that says what is written down: one side of an RTSP dialogue, kept as
//! text, with real pictures behind it.
//!
//! ```text
//! # What is odd about it.
//! # Source: where it was seen, or what it was read from.
//! run: tcp => 25 pictures 320x180          options => what ingest makes of it
//! run: tcp, no_teardown => …               may stand more than once
//! heard: SETUP rtsp://{host}/live/track1   lines of requests, in this order
//! never: TEARDOWN                          and one that must not come
//!
//! > DESCRIBE                               the answer to the first DESCRIBE,
//! RTSP/1.0 401 Unauthorized                word for word
//! …
//! > DESCRIBE                               and to all that follow
//! …
//! > before PLAY                            what is sent before that is answered
//! > stream                                 what is sent after PLAY was answered
//! pictures 25
//! ```
//!
//! In answers `{cseq}`, `{url}`, `{host}`, `{length}`, `{ports}`, `{server_ports}`
//! and what describes the clip (`{sets}`, `{sps}`, `{pps}`, `{vps}`) are filled in.
//! TEARDOWN is answered where nothing is written for it; what else has no answer
//! gets none. The words of a stream are those of [`Step`].

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use simcam::clip::{Clip, Codec};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Mutex as Turn, watch};

/// How much of a NAL unit goes into one packet.
const LARGEST_PAYLOAD: usize = 1_000;

/// A dialogue as it stands in its file.
#[derive(Debug)]
pub(crate) struct Dialogue {
    /// The lines that say what is odd, and where that is known from.
    pub(crate) comments: Vec<String>,
    /// The settings at the head, by their keys, in order.
    head: Vec<(String, String)>,
    answers: HashMap<String, Vec<String>>,
    before_play: Vec<Step>,
    stream: Vec<Step>,
}

/// What is sent, and how.
#[derive(Clone, Debug)]
enum Step {
    /// `pictures 25`: so many more frames of the clip.
    Pictures(usize),
    /// `sounds 5`: so many packets of G.711, on the channel that is set.
    Sounds(usize),
    /// `channel 2`: where pictures go from now on; reports go on the one beside.
    Channel(u8),
    /// `sound channel 4`.
    SoundChannel(u8),
    /// `data 9 80c9`: these bytes on this channel.
    Data(u8, Vec<u8>),
    /// `report`, `report deadbeef`: a sender report, of another source.
    Report(Option<u32>),
    /// `bye`: the source leaves.
    Bye,
    /// `padding`, `extension`: what packets have from now on.
    Padding,
    Extension,
    /// `no marks`, `marks on each unit`, `marks on each packet`.
    Marks(Marks),
    /// `no sets`: parameter sets no longer come before keyframes.
    NoSets,
    /// `source deadbeef`, `sequence 7`, `time 4294960000`: what packets say from now on.
    Source(u32),
    Sequence(u16),
    Time(u32),
    /// `from another port`: by UDP, packets come from a port that was not announced.
    AnotherPort,
    /// `skip 900`: so many sequence numbers are left out.
    Skip(u16),
    /// `hear OPTIONS`: waits until one more of these was answered; `hear report`: until
    /// one came.
    Hear(String),
    /// `close`: the connection ends without a word.
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marks {
    OnLast,
    Never,
    OnUnits,
    OnPackets,
}

impl Dialogue {
    /// Reads a dialogue; panics where it is not written as it should be.
    pub(crate) fn read(text: &str) -> Self {
        let mut sections = text.split("\n> ");
        let head_lines: Vec<_> = sections.next().unwrap().lines().collect();
        let (comments, settings): (Vec<_>, Vec<_>) = head_lines
            .into_iter()
            .filter(|line| !line.is_empty())
            .partition(|l| l.starts_with('#'));
        let setting = |line: &str| {
            let (key, value) = line.split_once(": ").expect(line);
            (key.to_owned(), value.to_owned())
        };
        let mut dialogue = Self {
            comments: comments.iter().map(|line| line[1..].trim().to_owned()).collect(),
            head: settings.into_iter().map(setting).collect(),
            answers: HashMap::new(),
            before_play: Vec::new(),
            stream: Vec::new(),
        };
        for section in sections {
            let (title, body) = section.split_once('\n').unwrap();
            let steps = || body.lines().filter(|line| !line.is_empty()).map(Step::read).collect();
            match title {
                "stream" => dialogue.stream = steps(),
                "before PLAY" => dialogue.before_play = steps(),
                method => {
                    let answers = dialogue.answers.entry(method.to_owned()).or_default();
                    answers.push(body.trim_end().to_owned());
                }
            }
        }
        dialogue
    }

    /// Returns the values of a key of the head, in order.
    pub(crate) fn head(&self, key: &str) -> Vec<&str> {
        let of_key = self.head.iter().filter(|(name, _)| name == key);
        of_key.map(|(_, value)| value.as_str()).collect()
    }

    /// Returns the answer to the `n`-th request of a method, before it is filled in.
    fn answer(&self, method: &str, n: usize) -> Option<&str> {
        let Some(answers) = self.answers.get(method) else {
            return (method == "TEARDOWN").then_some("RTSP/1.0 200 OK\nCSeq: {cseq}");
        };
        answers.get(n).or(answers.last()).map(String::as_str)
    }
}

impl Step {
    fn read(line: &str) -> Self {
        let words: Vec<_> = line.split(' ').collect();
        let hex = |word: &str| u32::from_str_radix(word, 16).expect(line);
        match words[..] {
            ["pictures", count] => Self::Pictures(count.parse().expect(line)),
            ["sounds", count] => Self::Sounds(count.parse().expect(line)),
            ["channel", channel] => Self::Channel(channel.parse().expect(line)),
            ["sound", "channel", channel] => Self::SoundChannel(channel.parse().expect(line)),
            ["data", channel, bytes] => {
                let pair = |at: usize| u8::from_str_radix(&bytes[at..at + 2], 16).expect(line);
                let data = (0..bytes.len()).step_by(2).map(pair).collect();
                Self::Data(channel.parse().expect(line), data)
            }
            ["report"] => Self::Report(None),
            ["report", source] => Self::Report(Some(hex(source))),
            ["bye"] => Self::Bye,
            ["padding"] => Self::Padding,
            ["extension"] => Self::Extension,
            ["no", "marks"] => Self::Marks(Marks::Never),
            ["marks", "on", "each", "unit"] => Self::Marks(Marks::OnUnits),
            ["marks", "on", "each", "packet"] => Self::Marks(Marks::OnPackets),
            ["no", "sets"] => Self::NoSets,
            ["source", source] => Self::Source(hex(source)),
            ["sequence", number] => Self::Sequence(number.parse().expect(line)),
            ["skip", count] => Self::Skip(count.parse().expect(line)),
            ["time", time] => Self::Time(time.parse().expect(line)),
            ["from", "another", "port"] => Self::AnotherPort,
            ["hear", method] => Self::Hear(method.to_owned()),
            ["close"] => Self::Close,
            _ => panic!("a stream has no word {line:?}"),
        }
    }
}

/// A camera that speaks a dialogue with everybody who connects.
pub(crate) struct Replay {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Replay {
    pub(crate) async fn start(dialogue: Arc<Dialogue>, clip: Arc<Clip>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let hears = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (dialogue, clip) = (Arc::clone(&dialogue), Arc::clone(&clip));
                tokio::spawn(speak(stream, dialogue, clip, Arc::clone(&hears)));
            }
        });
        Self { address, heard }
    }

    /// Returns all lines of all requests.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Answers one connection as it is written.
async fn speak(
    stream: TcpStream,
    dialogue: Arc<Dialogue>,
    clip: Arc<Clip>,
    heard: Arc<Mutex<Vec<String>>>,
) {
    let host = stream.local_addr().unwrap();
    let (reader, writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let (answered, answers) = watch::channel(Vec::<String>::new());
    let mut sender = Some(Sender::new(clip, Arc::new(Turn::new(Some(writer)))));
    let writer = Arc::clone(&sender.as_ref().unwrap().tcp);
    let crlf = if dialogue.head("lines").contains(&"lf") { "\n" } else { "\r\n" };
    let mut head: Vec<String> = Vec::new();
    while let Some(line) = hear(&mut reader).await {
        if line == REPORT {
            heard.lock().unwrap().push(line.clone());
            answered.send_modify(|all| all.push(line));
            continue;
        }
        if !line.is_empty() {
            heard.lock().unwrap().push(line.clone());
            head.push(line);
            continue;
        }
        let request = std::mem::take(&mut head);
        let Some((method, rest)) = request.first().and_then(|line| line.split_once(' ')) else {
            continue;
        };
        let header = |name: &str| request.iter().find_map(|line| line.strip_prefix(name));
        let n = answered.borrow().iter().filter(|one| *one == method).count();
        let Some(answer) = dialogue.answer(method, n) else { continue };
        let mut fills = HashMap::from([
            ("{cseq}", header("CSeq: ").unwrap_or_default().to_owned()),
            ("{url}", rest.split(' ').next().unwrap_or_default().to_owned()),
            ("{host}", host.to_string()),
        ]);
        if let Some((_, ports)) = header("Transport: ").and_then(|it| it.split_once("client_port="))
            && let Some(sender) = &mut sender
        {
            let port = ports.split('-').next().unwrap().parse().unwrap();
            fills.insert("{ports}", ports.to_owned());
            fills.insert("{server_ports}", sender.by_udp(host, port).await);
        }
        if method == "PLAY"
            && let Some(sender) = &mut sender
        {
            sender.send(&dialogue.before_play, answers.clone()).await;
        }
        if let Some(sender) = &sender {
            sender.describe(&mut fills);
        }
        let answer = fill(answer, &fills, crlf);
        if let Some(writer) = &mut *writer.lock().await {
            let _ = writer.write_all(answer.as_bytes()).await;
        }
        answered.send_modify(|all| all.push(method.to_owned()));
        if method == "PLAY"
            && let Some(mut sender) = sender.take()
        {
            let (dialogue, answers) = (Arc::clone(&dialogue), answers.clone());
            tokio::spawn(async move { sender.send(&dialogue.stream, answers).await });
        }
    }
}

/// What is heard where a report stands between requests.
const REPORT: &str = "report";

/// Returns the next line, or that a packet came.
async fn hear(reader: &mut BufReader<OwnedReadHalf>) -> Option<String> {
    if reader.fill_buf().await.ok()?.first() == Some(&b'$') {
        let mut head = [0; 4];
        reader.read_exact(&mut head).await.ok()?;
        let mut packet = vec![0; usize::from(u16::from_be_bytes([head[2], head[3]]))];
        reader.read_exact(&mut packet).await.ok()?;
        assert_eq!((packet[0] >> 6, packet[1]), (2, 201), "a receiver report");
        return Some(REPORT.to_owned());
    }
    let mut line = String::new();
    let length = reader.read_line(&mut line).await.ok()?;
    (length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Fills an answer in and ends its lines as they are ended on the wire.
fn fill(answer: &str, fills: &HashMap<&str, String>, crlf: &str) -> String {
    let filled = |text: &str| {
        fills.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    };
    let (head, body) = answer.split_once("\n\n").unwrap_or((answer, ""));
    let mut body = filled(body).replace('\n', "\r\n");
    if !body.is_empty() {
        body.push_str("\r\n");
    }
    let head = filled(head).replace("{length}", &body.len().to_string()).replace('\n', crlf);
    format!("{head}{crlf}{crlf}{body}")
}

/// What sends: the clip, and what its packets say next.
struct Sender {
    clip: Arc<Clip>,
    tcp: Arc<Turn<Option<OwnedWriteHalf>>>,
    udp: Option<[UdpSocket; 2]>,
    frame: usize,
    channel: u8,
    sound_channel: u8,
    sound: (u16, u32),
    padding: bool,
    extension: bool,
    marks: Marks,
    sets: bool,
    source: u32,
    sequence: u16,
    time: u32,
}

impl Sender {
    fn new(clip: Arc<Clip>, tcp: Arc<Turn<Option<OwnedWriteHalf>>>) -> Self {
        Self {
            clip,
            tcp,
            udp: None,
            frame: 0,
            channel: 0,
            sound_channel: 2,
            sound: (1_000, 0),
            padding: false,
            extension: false,
            marks: Marks::OnLast,
            sets: true,
            source: 0x5eed_0001,
            sequence: 100,
            time: 90_000,
        }
    }

    /// Says what the clip is, as a description does.
    fn describe(&self, fills: &mut HashMap<&str, String>) {
        let [sps, pps] = [&self.clip.sps, &self.clip.pps].map(|set| STANDARD.encode(set));
        fills.insert("{sets}", format!("{sps},{pps}"));
        fills.insert("{vps}", STANDARD.encode(self.clip.vps.as_deref().unwrap_or_default()));
        fills.insert("{sps}", sps);
        fills.insert("{pps}", pps);
    }

    /// Has what follows go by UDP, and returns the ports that it comes from: two
    /// beside one another, since RTSP knows no others.
    async fn by_udp(&mut self, host: SocketAddr, port: u16) -> String {
        let (rtp, rtcp, near) = loop {
            let rtp = UdpSocket::bind((host.ip(), 0)).await.unwrap();
            let near = rtp.local_addr().unwrap().port();
            let Some(beside) = near.checked_add(1) else { continue };
            if let Ok(rtcp) = UdpSocket::bind((host.ip(), beside)).await {
                break (rtp, rtcp, near);
            }
        };
        rtp.connect((host.ip(), port)).await.unwrap();
        rtcp.connect((host.ip(), port + 1)).await.unwrap();
        self.udp = Some([rtp, rtcp]);
        format!("{near}-{}", near + 1)
    }

    async fn send(&mut self, steps: &[Step], mut answered: watch::Receiver<Vec<String>>) {
        let mut heard = HashMap::<String, usize>::new();
        for step in steps {
            match step.clone() {
                Step::Pictures(count) => {
                    for _ in 0..count {
                        self.picture().await;
                    }
                }
                Step::Sounds(count) => {
                    for _ in 0..count {
                        self.sound().await;
                    }
                }
                Step::Channel(channel) => self.channel = channel,
                Step::SoundChannel(channel) => self.sound_channel = channel,
                Step::Data(channel, data) => self.write(channel, &data).await,
                Step::Report(source) => {
                    let mut report = vec![0x80, 200, 0, 6];
                    report.extend(source.unwrap_or(self.source).to_be_bytes());
                    // 2024, in seconds since 1900 and their fractions.
                    report.extend(0xe93c_7800_8000_0000_u64.to_be_bytes());
                    report.extend(self.time.to_be_bytes());
                    report.extend([0; 8]);
                    self.write(self.channel + 1, &report).await;
                }
                Step::Bye => {
                    // A report without blocks, and the farewell.
                    let mut bye = vec![0x80, 201, 0, 1];
                    bye.extend(self.source.to_be_bytes());
                    bye.extend([0x81, 203, 0, 1]);
                    bye.extend(self.source.to_be_bytes());
                    self.write(self.channel + 1, &bye).await;
                }
                Step::Padding => self.padding = true,
                Step::Extension => self.extension = true,
                Step::Marks(marks) => self.marks = marks,
                Step::NoSets => self.sets = false,
                Step::Source(source) => self.source = source,
                Step::Sequence(sequence) => self.sequence = sequence,
                Step::Skip(count) => self.sequence = self.sequence.wrapping_add(count),
                Step::Time(time) => self.time = time,
                Step::AnotherPort => {
                    if let Some([rtp, _]) = &mut self.udp {
                        let (near, far) = (rtp.local_addr().unwrap(), rtp.peer_addr().unwrap());
                        *rtp = UdpSocket::bind((near.ip(), 0)).await.unwrap();
                        rtp.connect(far).await.unwrap();
                    }
                }
                Step::Hear(method) => {
                    let times = heard.entry(method.clone()).or_default();
                    *times += 1;
                    let enough = |all: &Vec<String>| {
                        all.iter().filter(|one| **one == method).count() >= *times
                    };
                    // Nobody is left to be heard: then nobody is sent anything.
                    if answered.wait_for(enough).await.is_err() {
                        return;
                    }
                }
                Step::Close => *self.tcp.lock().await = None,
            }
        }
    }

    async fn picture(&mut self) {
        let clip = Arc::clone(&self.clip);
        let unit = &clip.access_units[self.frame % clip.access_units.len()];
        let sets = clip.vps.iter().chain([&clip.sps, &clip.pps]);
        let sets = sets.filter(|_| unit.is_key && self.sets);
        let nals: Vec<&Bytes> = sets.chain(&unit.nals).collect();
        for (index, nal) in nals.iter().enumerate() {
            let payloads = fragments(clip.codec, nal);
            for (part, payload) in payloads.iter().enumerate() {
                let ends_unit = part + 1 == payloads.len();
                let mark = match self.marks {
                    Marks::OnLast => ends_unit && index + 1 == nals.len(),
                    Marks::Never => false,
                    Marks::OnUnits => ends_unit,
                    Marks::OnPackets => true,
                };
                let header = [0x80, u8::from(mark) << 7 | 96];
                let packet = self.packet(header, self.sequence, self.time, payload);
                self.write(self.channel, &packet).await;
                self.sequence = self.sequence.wrapping_add(1);
            }
        }
        self.time = self.time.wrapping_add(3_600);
        self.frame += 1;
    }

    async fn sound(&mut self) {
        let (sequence, time) = self.sound;
        let packet = self.packet([0x80, 0x80], sequence, time, &[0xd5; 160]);
        self.write(self.sound_channel, &packet).await;
        self.sound = (sequence.wrapping_add(1), time.wrapping_add(160));
    }

    fn packet(&self, header: [u8; 2], sequence: u16, time: u32, payload: &[u8]) -> Vec<u8> {
        let mut packet = header.to_vec();
        packet.extend(sequence.to_be_bytes());
        packet.extend(time.to_be_bytes());
        packet.extend(self.source.to_be_bytes());
        if self.extension {
            packet[0] |= 0x10;
            // One of ONVIF's, of three words.
            packet.extend([0xab, 0xac, 0, 3]);
            packet.extend([0; 12]);
        }
        packet.extend_from_slice(payload);
        if self.padding {
            packet[0] |= 0x20;
            packet.extend([0, 0, 0, 4]);
        }
        packet
    }

    /// Writes to a channel, or to the port that stands for it.
    async fn write(&self, channel: u8, data: &[u8]) {
        if let Some(sockets) = &self.udp {
            // Who is gone refuses it, which is no concern of a camera's.
            let _ = sockets[usize::from(channel % 2)].send(data).await;
            return;
        }
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        let packet = [&[b'$', channel, length[0], length[1]], data].concat();
        if let Some(writer) = &mut *self.tcp.lock().await {
            let _ = writer.write_all(&packet).await;
        }
    }
}

/// Cuts a NAL unit into payloads: itself, or fragments of it (RFC 6184 §5.8,
/// RFC 7798 §4.4.3).
fn fragments(codec: Codec, nal: &Bytes) -> Vec<Vec<u8>> {
    if nal.len() <= LARGEST_PAYLOAD {
        return vec![nal.to_vec()];
    }
    let (indicator, kind, header) = match codec {
        Codec::H264 => (vec![nal[0] & 0xe0 | 28], nal[0] & 0x1f, 1),
        Codec::H265 => (vec![nal[0] & 0x81 | 49 << 1, nal[1]], nal[0] >> 1 & 0x3f, 2),
    };
    let pieces: Vec<_> = nal[header..].chunks(LARGEST_PAYLOAD).collect();
    let last = pieces.len() - 1;
    let fragment = |(at, piece): (usize, &&[u8])| {
        let edges = u8::from(at == 0) << 7 | u8::from(at == last) << 6;
        [&indicator[..], &[edges | kind], piece].concat()
    };
    pieces.iter().enumerate().map(fragment).collect()
}
