//! The worker killed again and again, and fed with garbage, under the load of the
//! whole program: it costs those who wait for it a moment, and recording nothing.
//!
//! ```text
//! cam0 … cam3   H.264                     recorded, asked for thumbnails
//! cam4, cam5    H.265, G.711              and watched as H.264 and AAC
//! cam6          H.265 whose slices are noise                          likewise
//! cam7          H.265, G.711 by UDP, spoilt on their way              likewise
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use base::StreamId;
use bytes::Bytes;
use e2e::http::Person;
use e2e::program;
use e2e::socket::{Socket, Told};
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::{recorded, ways};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use simcam::clip::{Clip, Codec, Pattern};
use simcam::sound::{Sound, SoundCodec};
use simcam::{CameraConfig, Delivery, Fault, Server, sei};

const CHOSEN: &str = "hồ Gươm xanh 1887";

/// What the cameras are, by their numbers.
const H265: [usize; 2] = [4, 5];
const NOISE: usize = 6;
const SPOILT: usize = 7;
const CAMERAS: usize = 8;

/// Those that are recorded frame by frame, whatever their frames hold.
const WHOLE: usize = 7;

/// How often everything is killed and has to come back.
const ROUNDS: usize = 4;

/// The most processes that there may be: seven conversions, two for pictures.
const PROCESSES: usize = 9;

/// What somebody who watches has seen so far.
#[derive(Debug, Default)]
struct Seen {
    /// The moment of the latest frame.
    wall_us: i64,
    frames: u64,
    /// How often the stream said that nothing came, by its reason.
    reasons: BTreeMap<String, u64>,
    /// Why it is over, if it is.
    over: Option<String>,
}

/// Somebody who watches on a media socket of their own.
struct Viewer {
    what: String,
    seen: Arc<Mutex<Seen>>,
    thread: JoinHandle<()>,
}

impl Viewer {
    /// Watches a camera in a form, until the server ends it.
    fn watch(person: &Person, camera: &str, role: &str, form: &str) -> anyhow::Result<Self> {
        let mut actions = vec!["live"];
        actions.extend((role == "sound").then_some("sound"));
        let token = ways::token(person, camera, &actions)?;
        let mut socket = Socket::open(person)?;
        let op = json!({ "op": "live", "ref": "v", "token": token, "role": role, "form": form });
        socket.say(&op)?;
        socket.until("opened")?;
        let seen = Arc::<Mutex<Seen>>::default();
        let told = seen.clone();
        let thread = thread::spawn(move || {
            let mut end = "the server closed the socket".to_owned();
            loop {
                match socket.hear() {
                    Ok(Some(message)) => {
                        told.lock().unwrap_or_else(PoisonError::into_inner).take(message)
                    }
                    Ok(None) => break,
                    Err(error) => {
                        end = format!("{error:#}");
                        break;
                    }
                }
            }
            told.lock().unwrap_or_else(PoisonError::into_inner).over.get_or_insert(end);
        });
        Ok(Self { what: format!("{camera} {role} as {form}"), seen, thread })
    }

    fn look<T>(&self, at: impl FnOnce(&Seen) -> T) -> T {
        at(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Seen {
    fn take(&mut self, told: Told) {
        match told {
            Told::Piece { kind: 2, wall_us, .. } => {
                self.wall_us = wall_us;
                self.frames += 1;
            }
            Told::Event(event) if event["type"] == "state" => {
                if let Some(reason) = event["reason"].as_str() {
                    *self.reasons.entry(reason.to_owned()).or_default() += 1;
                }
            }
            Told::Event(event) if event["type"] == "end" || event["type"] == "refused" => {
                self.over = Some(event.to_string());
            }
            Told::Event(_) | Told::Piece { .. } => {}
        }
    }
}

/// A process of the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    id: u32,
    parent: u32,
    is_zombie: bool,
}

/// Returns the processes that were started as `program`, and all that are called
/// so and are children of `parent`: one that has ended has no command line.
fn processes(program: &Path, parent: u32) -> anyhow::Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // It may be gone in any moment.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((name, rest)) = stat.rsplit_once(") ") else { continue };
        let mut rest = rest.split(' ');
        let is_zombie = rest.next() == Some("Z");
        let its_parent = rest.next().unwrap_or_default().parse()?;
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let started_as = line.split(|byte| *byte == 0).next().unwrap_or_default();
        let is_child = its_parent == parent && name.ends_with("(khue-decode");
        if is_child || started_as == program.as_os_str().as_encoded_bytes() {
            found.push(Process { id, parent: its_parent, is_zombie });
        }
    }
    Ok(found)
}

fn now_us() -> anyhow::Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?)
}

/// Returns a clip of H.265 whose slices say what they are and then nothing that a
/// decoder could use: noise, a part of what they were, or bits turned over.
fn noise(clip: &Clip) -> Clip {
    let mut clip = clip.clone();
    let mut random = 1_u32;
    let mut next = move || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as usize
    };
    // The two bytes of its header, and the one that says that a picture begins.
    const KEPT: usize = 3;
    for unit in clip.access_units.iter_mut().flat_map(|unit| &mut unit.nals) {
        let mut bytes = unit.to_vec();
        match next() % 3 {
            0 => bytes.iter_mut().skip(KEPT).for_each(|byte| *byte = next() as u8),
            1 => bytes.truncate(KEPT + next() % bytes.len()),
            _ => {
                for _ in 0..20 {
                    let at = KEPT + next() % (bytes.len() - KEPT);
                    bytes[at] ^= 1 << (next() % 8);
                }
            }
        }
        *unit = Bytes::from(bytes);
    }
    clip
}

fn cameras() -> anyhow::Result<Vec<CameraConfig>> {
    let small = Pattern { width: 320, height: 180, seconds: 4, ..Pattern::default() };
    let h264 = Clip::test_pattern(small)?;
    let h265 = Clip::test_pattern(Pattern { codec: Codec::H265, ..small })?;
    let noise = Arc::new(noise(&h265));
    let sound = Sound::test_tone(SoundCodec::Pcmu, 700, 4)?;
    let camera = |number| {
        let (main, sub) = match number {
            NOISE => (&noise, &noise),
            SPOILT => (&h265, &h265),
            _ if H265.contains(&number) => (&h265, &h264),
            _ => (&h264, &h264),
        };
        let hears = number == SPOILT || H265.contains(&number);
        let sound = hears.then(|| sound.clone());
        CameraConfig { sound, ..CameraConfig::new("", main.clone(), sub.clone()) }
    };
    Ok((0..CAMERAS).map(camera).collect())
}

/// Returns what is being sent of each stream of the cameras that are to lose
/// nothing, once that is so, with sound where it is authorised.
fn wait_until_sent(server: &Server) -> anyhow::Result<Vec<Delivery>> {
    until("every camera to be read", || {
        let mut deliveries = server.deliveries();
        let hears = |path: &str| H265.iter().any(|number| path == format!("cam{number}/main"));
        deliveries.retain(|one| {
            let whole = (0..WHOLE).any(|number| one.path.starts_with(&format!("cam{number}/")));
            let heard = one.sound.is_some_and(|sound| sound.setup) == hears(&one.path);
            whole && heard && one.ended.is_none() && one.frames > 0
        });
        let paths: BTreeSet<_> = deliveries.iter().map(|one| &one.path).collect();
        let all = paths.len() == 2 * WHOLE && deliveries.len() == 2 * WHOLE;
        Ok(all.then_some(deliveries))
    })
}

/// Returns the moment of the latest segment of a playlist, as it is written there.
fn latest_segment(person: &Person, playlist: &str) -> anyhow::Result<Option<String>> {
    let mut answer = person.request("GET", playlist, &[], None)?;
    let text = answer.body_mut().read_to_string()?;
    // While the conversion has failed it says that it is busy.
    if answer.status() == 503 {
        return Ok(None);
    }
    anyhow::ensure!(answer.status() == 200, "{playlist}: {} {text}", answer.status());
    let mut moments =
        text.lines().filter_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:"));
    Ok(moments.next_back().map(str::to_owned))
}

/// Asks for a small picture of a camera of a moment ago, which is on disk by now;
/// returns the status, and which moment it shows.
fn thumbnail(person: &Person, camera: &str, token: &str) -> anyhow::Result<(u16, Option<i64>)> {
    let path = format!("/api/v1/cameras/{camera}/thumbnail?at_us={}", now_us()? - 3_000_000);
    let bearer = format!("Bearer {token}");
    let mut answer = person.request("GET", &path, &[("authorization", &bearer)], None)?;
    let bytes = answer.body_mut().read_to_vec()?;
    let status = answer.status().as_u16();
    anyhow::ensure!(status != 200 || bytes.starts_with(&[0xff, 0xd8]), "no JPEG");
    let wall = answer.headers().get("x-khue-wall-us").and_then(|wall| wall.to_str().ok());
    Ok((status, wall.map(str::parse).transpose()?))
}

#[test]
fn a_worker_killed_and_fed_with_garbage_costs_recording_no_frame_and_comes_back()
-> anyhow::Result<()> {
    // By a name of its own, by which this program's processes are known to the end.
    let place = tempfile::tempdir()?;
    let worker = place.path().join("khue-decode");
    symlink(program::worker(), &worker)?;
    let config = format!("[decode]\nprogram = {worker:?}\ncores = 8.0\n");
    let mut stage = Stage::set(cameras()?, &config)?;
    let operator = Arc::new(stage.person("trucban", CHOSEN)?);
    let administrator = stage.person("quantri", CHOSEN)?;
    let server = &stage.server;
    let rows = until("the cameras to be recorded", || {
        let tree = operator.ask("GET", "tree", None)?.ok()?;
        let rows = tree["cameras"].as_array().context("a tree has cameras")?.clone();
        let recorded = rows.iter().filter(|row| row["state"]["kind"] == "recording").count();
        Ok((recorded == CAMERAS).then_some(rows))
    })?;
    let id = |row: &Value| row["id"].as_str().map(str::to_owned).context("an id");
    let ids: Vec<String> = rows.iter().map(id).collect::<anyhow::Result<_>>()?;
    let change = |number: usize, change: Value| {
        administrator.ask("PATCH", &format!("cameras/{}", ids[number]), Some(change))?.ok()
    };
    for number in H265 {
        change(number, json!({ "sound": true }))?;
    }
    change(SPOILT, json!({ "sound": true, "transport": "udp" }))?;
    let sent = wait_until_sent(server)?;
    until("the last camera to be read by UDP", || {
        let read = |one: &Delivery| {
            let hears = one.sound.is_some_and(|sound| sound.setup);
            one.path == format!("cam{SPOILT}/main") && hears && one.frames > 0
        };
        Ok(server.deliveries().iter().any(read).then_some(()))
    })?;

    // The load: conversions of what is well and of what is not, thumbnails of all.
    let watch = |number: usize, role, form| Viewer::watch(&operator, &ids[number], role, form);
    let mut well = vec![watch(H265[0], "sound", "aac")?];
    for number in H265 {
        well.push(watch(number, "main", "h264")?);
    }
    let ill = [
        watch(NOISE, "main", "h264")?,
        watch(SPOILT, "main", "h264")?,
        watch(SPOILT, "sound", "aac")?,
    ];
    let (index, _) = ways::hls(&operator, &ids[H265[1]], &["live", "sound"])?;
    let playlist = index.replace("index.m3u8", "sound.m3u8");
    let tokens: Vec<String> = ids
        .iter()
        .map(|camera| ways::token(&operator, camera, &["playback"]))
        .collect::<anyhow::Result<_>>()?;
    let over = Arc::new(AtomicBool::new(false));
    let asking = {
        let (operator, ids, tokens, over) =
            (operator.clone(), ids.clone(), tokens.clone(), over.clone());
        thread::spawn(move || -> anyhow::Result<BTreeMap<(usize, u16), u64>> {
            let mut answers = BTreeMap::new();
            while !over.load(Ordering::Relaxed) {
                for (number, (camera, token)) in ids.iter().zip(&tokens).enumerate() {
                    let (status, _) = thumbnail(&operator, camera, token)?;
                    *answers.entry((number, status)).or_default() += 1;
                }
            }
            Ok(answers)
        })
    };

    let khue_id = stage.khue.pid();
    let well_after =
        |moment_us| wait_until_all_is_well(moment_us, &operator, &well, &playlist, &ids, &tokens);
    well_after(now_us()?).context("before anything was killed")?;
    for round in 0..ROUNDS {
        // Half of the time frames are missing, and half of it they are spoilt.
        let fault = match 2 * round < ROUNDS {
            true => Fault::LosePackets { percent: 20 },
            false => Fault::Garbage,
        };
        server.set_fault(&format!("cam{SPOILT}"), fault)?;
        let told: Vec<u64> = well.iter().map(failures).collect();
        let mut killed = BTreeSet::new();
        // Whatever is started is killed, until each viewer has lost what they
        // watched twice: once at work, and once as it began anew.
        until("every conversion to be killed twice", || {
            for process in processes(&worker, khue_id)? {
                if process.parent == khue_id && !process.is_zombie && killed.insert(process.id) {
                    let id = Pid::from_raw(process.id as i32).context("a process has a number")?;
                    // It may have ended by itself since.
                    let _ = kill_process(id, Signal::KILL);
                }
            }
            let lost = well.iter().zip(&told).all(|(viewer, told)| failures(viewer) >= told + 2);
            Ok(lost.then_some(()))
        })?;
        println!("round {round}: killed {} processes", killed.len());
        well_after(now_us()?).with_context(|| format!("after round {round}"))?;
        until("what was killed to be let go of", || {
            let processes = processes(&worker, khue_id)?;
            let all_live = processes.iter().all(|process| !process.is_zombie);
            Ok((all_live && processes.len() <= PROCESSES).then_some(()))
        })?;
    }
    over.store(true, Ordering::Relaxed);
    let answers = asking.join().map_err(|_| anyhow::anyhow!("who asks for thumbnails broke"))??;
    for viewer in well.iter().chain(&ill) {
        viewer.look(|seen| println!("{}: {seen:?}", viewer.what));
    }
    println!("thumbnails by camera and status: {answers:?}");
    for viewer in &well {
        let reasons = viewer.look(|seen| seen.reasons.keys().cloned().collect::<Vec<_>>());
        assert_eq!(reasons, ["worker"], "{}: why nothing came", viewer.what);
    }
    // Noise does not end the stream: what can be made of it is shown, and it is
    // tried again after each kill.
    ill[0].look(|seen| assert!(seen.frames > 0 && failures_in(seen) >= 1, "{seen:?}"));
    for (camera, status) in answers.keys() {
        // 500 is the answer of a process that was killed with the picture in it, and
        // 406 that of one that finds no picture in what it is given.
        let known = [200, 404, 500].contains(status) || *camera >= NOISE && *status == 406;
        assert!(known, "camera {camera}: {status}");
    }
    let later = server.deliveries();
    assert!(stage.khue.stop()?.success(), "it stops in order, whatever was killed");
    for viewer in well.into_iter().chain(ill) {
        viewer.thread.join().map_err(|_| anyhow::anyhow!("a viewer broke"))?;
    }
    until("every process to be gone", || {
        Ok(processes(&worker, khue_id)?.is_empty().then_some(()))
    })?;

    let root = stage.folder.path().join("data/recordings");
    for (number, row) in rows.iter().enumerate().take(WHOLE) {
        for stream in row["streams"].as_array().context("a camera has streams")? {
            let role = stream["role"].as_str().context("a role")?;
            let path = format!("cam{number}/{role}");
            let stream = id(stream)?.parse()?;
            let before = sent.iter().find(|one| one.path == path).context("it was sent")?;
            let same = later.iter().find(|one| one.viewer == before.viewer);
            check_whole(&root, stream, same.context("it was sent on")?).context(path)?;
        }
    }
    Ok(())
}

/// How often a viewer was told that nothing came.
fn failures(viewer: &Viewer) -> u64 {
    viewer.look(failures_in)
}

fn failures_in(seen: &Seen) -> u64 {
    seen.reasons.values().sum()
}

/// Waits until every viewer of what is well has frames, the playlist a segment, and
/// each of those cameras a thumbnail, of later than a moment.
fn wait_until_all_is_well(
    after_us: i64,
    person: &Person,
    viewers: &[Viewer],
    playlist: &str,
    ids: &[String],
    tokens: &[String],
) -> anyhow::Result<()> {
    for viewer in viewers {
        until(&format!("frames of {}", viewer.what), || {
            viewer.look(|seen| match &seen.over {
                Some(end) => anyhow::bail!("{} is over: {end}", viewer.what),
                None => Ok((seen.wall_us > after_us).then_some(())),
            })
        })?;
    }
    let after = base::WallTime(after_us).to_string();
    until("a segment of sound", || {
        Ok(latest_segment(person, playlist)?.filter(|moment| *moment > after).map(drop))
    })?;
    for (camera, token) in ids.iter().zip(tokens).take(NOISE) {
        until("a thumbnail", || {
            let (status, wall_us) = thumbnail(person, camera, token)?;
            Ok((status == 200 && wall_us.is_some_and(|wall| wall > after_us)).then_some(()))
        })?;
    }
    Ok(())
}

/// What a camera was sent in one session is on disk, each frame of it.
fn check_whole(root: &Path, stream: StreamId, sent: &Delivery) -> anyhow::Result<()> {
    anyhow::ensure!(sent.ended.is_none(), "the session was broken: {sent:?}");
    let (first, last) = sent.counters.context("something was sent")?;
    let frames = recorded::stream(root, stream)?;
    let source = sei::source(&sent.path);
    anyhow::ensure!(frames.iter().all(|frame| frame.stamp.source == source), "another's frames");
    let counters = frames.iter().map(|frame| frame.stamp.counter);
    // What an earlier session was sent is not this one's to keep.
    let counters: Vec<u64> = counters.filter(|counter| *counter >= first).collect();
    anyhow::ensure!(counters.first() == Some(&first), "its first frame is not {first}");
    for pair in counters.windows(2) {
        anyhow::ensure!(pair[1] == pair[0] + 1, "{} follows {}", pair[1], pair[0]);
    }
    anyhow::ensure!(counters.last() >= Some(&last), "it ends before {last}");
    println!("{}: {} frames, none missing", sent.path, counters.len());
    Ok(())
}
