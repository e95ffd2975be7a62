//! What taking out a minute costs: to make it, and to fetch it, sealed and not.

use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::http::Person;
use e2e::recorded;
use serde_json::json;

use crate::khue::{Khue, PATIENCE, Streams};
use crate::load::Load;
use crate::mse::Way;
use crate::{cpu, floor};

/// How much is recorded before anything is taken out.
const RECORDED: Duration = Duration::from_secs(72);

/// How long nothing is done, to know what recording costs.
const ALONE: Duration = Duration::from_secs(10);

/// How many times it is made, and fetched by each way.
pub(crate) const TIMES: usize = 50;

/// How much whoever fetches reads at a time.
const PORTION: usize = 256 << 10;

/// The figures of one run.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) size_bytes: u64,
    /// What making it costs, in CPU milliseconds, and how long each took.
    pub(crate) making_cpu_ms: f64,
    pub(crate) making_ms: Vec<f64>,
    pub(crate) fetched: Vec<Fetched>,
    /// CPU milliseconds of a program that reads as many bytes and sends them.
    pub(crate) lent_ms: f64,
    /// The same of one that copies nothing on their way.
    pub(crate) uncopied_ms: f64,
    /// What a segment has beside its frames, as a part of them.
    pub(crate) container: f64,
}

/// Fetching, by one way.
#[derive(Clone, Debug)]
pub(crate) struct Fetched {
    pub(crate) way: Way,
    /// CPU milliseconds of each.
    pub(crate) cpu_ms: f64,
    pub(crate) first_ms: Vec<f64>,
    pub(crate) whole_ms: Vec<f64>,
}

/// Takes the same minute out many times.
pub(crate) fn measure() -> anyhow::Result<Figures> {
    let folder = tempfile::tempdir()?;
    let mut load = Load::start(1)?;
    let mut khue = Khue::start(&load, Streams::Main, folder.path())?;
    let person = khue.operator()?;
    load.wait_for(1, PATIENCE)?;
    std::thread::sleep(RECORDED);
    let (camera, stream) = person.cameras()?.pop_first().context("there is a camera")?;
    let timeline = person.timeline(&camera)?;
    let last = timeline["runs"][0]["to_us"].as_i64().context("something was recorded")?;
    let to = last - 5_000_000;
    let body = json!({
        "camera": camera, "role": "main", "from_us": to - 60_000_000, "to_us": to,
        "purpose": "đo", "case": "12/2026",
    });
    let used = || cpu::tree(khue.pid()).cpu_ms as f64;
    let (before, began) = (used(), Instant::now());
    std::thread::sleep(ALONE);
    let alone = (used() - before) / began.elapsed().as_secs_f64();

    let (mut making_ms, mut made) = (Vec::new(), None);
    let (before, all) = (used(), Instant::now());
    for _ in 0..TIMES {
        let began = Instant::now();
        made = Some(person.ask_for_cookie("exports", body.clone())?);
        making_ms.push(began.elapsed().as_secs_f64() * 1e3);
    }
    // The last one: nobody keeps so many.
    let (told, cookie) = made.context("it was made")?;
    let each = |before: f64, began: Instant| {
        (used() - before - alone * began.elapsed().as_secs_f64()) / TIMES as f64
    };
    let making_cpu_ms = each(before, all);
    let size_bytes = told["size_bytes"].as_u64().context("a size")?;
    let url = told["url"].as_str().context("a URL")?;
    let mut fetched = Vec::new();
    for way in [Way::Unsealed, Way::Tls] {
        let (mut first_ms, mut whole_ms) = (Vec::new(), Vec::new());
        let (before, all) = (used(), Instant::now());
        for _ in 0..TIMES {
            let (first, whole) = fetch(&khue, &person, way, url, &cookie, size_bytes)?;
            first_ms.push(first);
            whole_ms.push(whole);
        }
        fetched.push(Fetched { way, cpu_ms: each(before, all), first_ms, whole_ms });
    }
    let root = khue.recordings.clone();
    khue.stop()?;
    let lent_ms = lent(folder.path(), size_bytes, &[])?;
    let uncopied_ms = lent(folder.path(), size_bytes, &["--uncopied"])?;
    let (mut files, mut frames) = (0, 0);
    for segment in recorded::segments(&root, stream)? {
        files += std::fs::metadata(&segment)?.len();
        let found = recorded::frames(&segment)?.0;
        frames += found.iter().map(|frame| u64::from(frame.size_bytes)).sum::<u64>();
    }
    let container = (files - frames) as f64 / frames as f64;
    Ok(Figures { size_bytes, making_cpu_ms, making_ms, fetched, lent_ms, uncopied_ms, container })
}

/// Returns what reading so many bytes of a file and sending them costs alone.
fn lent(folder: &Path, size_bytes: u64, how: &[&str]) -> anyhow::Result<f64> {
    let file = folder.join("lent");
    std::fs::write(&file, vec![7; usize::try_from(size_bytes)?])?;
    let path = file.to_str().context("a path is text")?;
    let (lender, address) = floor::start(&[&["lend", path], how].concat())?;
    let mut portion = vec![0; PORTION];
    let mut fetch = || -> anyhow::Result<()> {
        let mut socket = TcpStream::connect(&address)?;
        let mut got = 0;
        loop {
            match socket.read(&mut portion)? {
                0 => break,
                read => got += read as u64,
            }
        }
        anyhow::ensure!(got == size_bytes, "{got} bytes came of {size_bytes}");
        Ok(())
    };
    fetch()?;
    let before = cpu::tree(lender.0.id()).cpu_ms;
    (0..TIMES).try_for_each(|_| fetch())?;
    Ok((cpu::tree(lender.0.id()).cpu_ms - before) as f64 / TIMES as f64)
}

/// Fetches one; returns how long its first byte took, and all of it, in milliseconds.
fn fetch(
    khue: &Khue,
    person: &Person,
    way: Way,
    url: &str,
    cookie: &str,
    size_bytes: u64,
) -> anyhow::Result<(f64, f64)> {
    let ms = |began: Instant| began.elapsed().as_secs_f64() * 1e3;
    let began = Instant::now();
    let mut answer = match way {
        Way::Tls => person.request("GET", url, &[("cookie", cookie)], None)?,
        Way::Unsealed => {
            ureq::get(format!("http://{}{url}", khue.unsealed)).header("cookie", cookie).call()?
        }
    };
    let mut reader = answer.body_mut().with_config().limit(1 << 30).reader();
    let mut portion = vec![0; PORTION];
    let (mut first, mut got) = (0.0, 0);
    loop {
        let read = reader.read(&mut portion)?;
        if got == 0 {
            first = ms(began);
        }
        if read == 0 {
            break;
        }
        got += read as u64;
    }
    anyhow::ensure!(got == size_bytes, "{got} bytes came of {size_bytes}");
    Ok((first, ms(began)))
}
