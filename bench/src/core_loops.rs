//! What the core loops cost, counted in instructions: a figure that does not move with
//! the machine's mood, and guards what was won.
//!
//! ```text
//! bench core-check ─▶ valgrind bench core read 20 ┐ the difference, by frame,
//!                  └▶ valgrind bench core read 60 ┘ against bench/core-limits
//! ```
//!
//! A loop is run under callgrind with few groups of pictures and with many, and once more
//! each way up to where it would begin: what is left is the loop alone, without the start
//! of a program around it and without what it is given.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Waker};

use anyhow::Context as _;
use base::{StreamId, Transport, WallTime};
use bytes::Bytes;
use live::Hub;
use media::gop::Gop;
use media::{Codec, Frame, Params, fmp4};

/// Frames of a group of pictures: two seconds at 25 a second.
const GOP: i64 = 50;
const FRAME_US: i64 = 40_000;

/// What they weigh, at 2 Mbps.
const KEY_BYTES: usize = 32_000;
const OTHER_BYTES: usize = 9_500;

/// What a packet holds of one.
const PACKET_BYTES: usize = 1_400;

/// How many groups a loop runs through, the first time and the second.
const FEW: usize = 20;
const MANY: usize = 60;

/// A loop, and what it is.
const LOOPS: [(&str, &str); 6] = [
    ("read", "packets of a camera become frames"),
    ("gather", "frames become a fragment with its header"),
    ("publish", "a frame is given to the hub, which nobody watches"),
    ("show", "a frame is given to the hub, and its message to ten viewers"),
    ("cut", "a frame becomes the payloads of WebRTC"),
    ("seal", "a frame's payloads are numbered and sealed for ten viewers"),
];

/// Runs one loop over so many groups, or does no more than what comes before it: the
/// body of the process that is counted.
pub(crate) fn run(name: &str, groups: usize, is_idle: bool) -> anyhow::Result<()> {
    let (frames, packets) = match name {
        "read" => (Vec::new(), packets(groups)),
        _ => (frames(groups), Vec::new()),
    };
    if is_idle {
        return Ok(());
    }
    let done = match name {
        "read" => read(&packets),
        "gather" => gather(&frames),
        "publish" => publish(&frames, 0),
        "show" => publish(&frames, 10),
        "cut" => frames.iter().map(|frame| live::fuzzing::payloads(frame).len()).sum(),
        "seal" => {
            let media: usize = frames.iter().map(|frame| frame.data.len()).sum();
            let is_whole = live::fuzzing::sealed(&frames, 10) > 10 * media;
            if is_whole { frames.len() } else { 0 }
        }
        _ => anyhow::bail!("there is no loop {name}"),
    };
    anyhow::ensure!(done + 1 >= groups * GOP as usize, "the loop {name} did {done}");
    Ok(())
}

/// Counts every loop, says what it found, and fails where a limit is passed.
pub(crate) fn check(limits: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(limits).with_context(|| limits.display().to_string())?;
    let mut passed = Vec::new();
    println!("instructions a frame, of a camera of 25 frames a second and 2 Mbps\n");
    for (name, about) in LOOPS {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let limit: u64 = line
            .with_context(|| format!("{} has no limit for {name}", limits.display()))?
            .trim()
            .parse()?;
        let loop_alone =
            |groups| anyhow::Ok(count(name, groups, false)? - count(name, groups, true)?);
        let more = loop_alone(MANY)? - loop_alone(FEW)?;
        let each = more / ((MANY - FEW) as u64 * GOP.unsigned_abs());
        println!("{name:<8} {each:>7}  of {limit:>7}  {about}");
        if each > limit {
            passed.push(name);
        }
    }
    anyhow::ensure!(
        passed.is_empty(),
        "more than {} allows: {}",
        limits.display(),
        passed.join(", ")
    );
    Ok(())
}

/// Returns the instructions of a whole run of a loop.
fn count(name: &str, groups: usize, is_idle: bool) -> anyhow::Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["core", name, &groups.to_string()])
        .args(is_idle.then_some("--idle"))
        .output()
        .context("cannot run valgrind (Debian: valgrind)")?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{name}: {said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    let (_, collected) = collected.with_context(|| format!("valgrind said {said}"))?;
    Ok(collected.trim().parse()?)
}

fn frames(groups: usize) -> Vec<Frame> {
    let config = Bytes::from_static(&[1, 0x64, 0, 0x28, 0xff, 0xe0, 0]);
    let params = Arc::new(Params { codec: Codec::H264, width: 1920, height: 1080, config });
    // A unit behind its length; what is in it nobody asks.
    let data = |kind: u8, bytes: usize| {
        let mut data = Vec::with_capacity(bytes);
        data.extend((bytes as u32 - 4).to_be_bytes());
        data.push(kind);
        data.resize(bytes, 0x9a);
        Bytes::from(data)
    };
    let (key, other) = (data(0x65, KEY_BYTES), data(0x41, OTHER_BYTES));
    let frame = |number: i64| Frame {
        wall: WallTime(1_790_000_000_000_000 + number * FRAME_US),
        composition_us: 0,
        is_key: number % GOP == 0,
        data: if number % GOP == 0 { key.clone() } else { other.clone() },
        params: params.clone(),
    };
    (0..groups as i64 * GOP).map(frame).collect()
}

/// A packet: its channel, how long after the one before it came, its bytes.
type Packet = (u8, u64, Vec<u8>);

fn packets(groups: usize) -> Vec<Packet> {
    // Sets that a decoder takes, of a picture of 64 by 48.
    const SETS: [&[u8]; 2] =
        [&[0x67, 0x42, 0xc0, 0x0a, 0xd9, 0x04, 0x3c, 0x80], &[0x68, 0xcb, 0x83, 0xcb, 0x20]];
    let mut packets: Vec<Packet> = Vec::new();
    let mut sequence = 0_u16;
    for number in 0..groups as i64 * GOP {
        let is_key = number % GOP == 0;
        let mut after = FRAME_US.unsigned_abs();
        let mut packet = |mark: bool, payload: &[&[u8]]| {
            sequence = sequence.wrapping_add(1);
            let mut bytes = vec![0x80, u8::from(mark) << 7 | 96];
            bytes.extend(sequence.to_be_bytes());
            bytes.extend((number as u32).wrapping_mul(3_600).to_be_bytes());
            bytes.extend([0, 0, 0, 7]);
            payload.iter().for_each(|part| bytes.extend_from_slice(part));
            packets.push((0, std::mem::take(&mut after), bytes));
        };
        if is_key {
            SETS.iter().for_each(|set| packet(false, &[set]));
        }
        let (kind, size) = if is_key { (0x65, KEY_BYTES) } else { (0x41, OTHER_BYTES) };
        let slice = vec![0x9a; size];
        let parts = slice.chunks(PACKET_BYTES);
        let last = parts.len() - 1;
        for (part, bytes) in parts.enumerate() {
            let head = u8::from(part == 0) << 7 | u8::from(part == last) << 6 | kind & 0x1f;
            packet(part == last, &[&[kind & 0xe0 | 28, head], bytes]);
        }
    }
    packets
}

/// Reads packets as a session does; returns how many frames they were.
fn read(packets: &[Packet]) -> usize {
    let given = packets.iter().map(|(channel, after, bytes)| (*channel, *after, &bytes[..]));
    let ([frames, _], fault) = ingest::fuzzing::session(Codec::H264, Transport::Tcp, given);
    assert!(fault.is_none(), "{fault:?}");
    frames.len()
}

/// Gathers frames to fragments; returns the bytes of their headers.
fn gather(frames: &[Frame]) -> usize {
    let (mut gop, mut header, mut bytes) = (Gop::default(), Vec::new(), 0);
    for frame in frames {
        let wall = frame.wall;
        if let Some(whole) = gop.push(frame.clone()) {
            header.clear();
            fmp4::put_fragment_header(&mut header, 1, 0, &whole.samples(wall));
            bytes += header.len();
        }
    }
    bytes
}

/// Gives frames to the hub, one by one as they come; returns what viewers were told,
/// or how many frames there were.
fn publish(frames: &[Frame], viewers: usize) -> usize {
    let (hub, stream) = (Hub::new(frames[0].wall), StreamId::new());
    let mut publisher = hub.publisher(stream);
    let mut viewers: Vec<_> = (0..viewers).map(|_| hub.subscribe(stream)).collect();
    let mut context = Context::from_waker(Waker::noop());
    let mut told = 0;
    for frame in frames {
        publisher.push(std::slice::from_ref(frame));
        for viewer in &mut viewers {
            while viewer.poll_next(&mut context).is_ready() {
                told += 1;
            }
        }
    }
    told.max(frames.len())
}
