//! Live pictures in foreign players: ffmpeg, GStreamer, VLC and a recorder of
//! our own kind, over RTSP, RTSPS and LL-HLS, on the built program.
//!
//! VLC plays HLS here and no RTSP: Debian builds it without live555, its client,
//! and no other of its modules speaks RTSP to a server that is not Real's.
//!
//! Every picture of a simulated camera bears its number, so what a player saved
//! says which frames reached it.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use e2e::http::{self, Person};
use e2e::players::{Playing, run};
use e2e::program;
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::ways::Secret;
use e2e::{city, recorded, ways};
use media::nal;
use simcam::{CameraConfig, sei};

const CHOSEN: &str = "chùa Một Cột 1049";

/// Five seconds of the simulated camera.
const FRAMES: usize = 125;

struct World {
    stage: Stage,
    operator: Person,
    camera: String,
    number: u64,
}

fn world() -> anyhow::Result<World> {
    let clip = city::small_clip()?;
    let camera = CameraConfig::new("", clip.clone(), clip);
    let mut stage =
        Stage::set(vec![camera], "[rtsp]\nlisten = \"127.0.0.1:0\"\nplain = \"127.0.0.1:0\"\n")?;
    let operator = stage.person("trucban", CHOSEN)?;
    let row = until("the camera to be recorded", || {
        let tree = operator.ask("GET", "tree", None)?.ok()?;
        let row = tree["cameras"][0].clone();
        Ok((row["state"]["kind"] == "recording").then_some(row))
    })?;
    let camera = row["id"].as_str().context("an id")?.to_owned();
    let number = row["number"].as_u64().context("a number")?;
    Ok(World { stage, operator, camera, number })
}

impl World {
    fn secret(&self) -> anyhow::Result<Secret> {
        Secret::make(&self.operator, &self.camera)
    }

    /// Opens the main stream as HLS; returns the path of the playlist, and the
    /// cookie that opens it.
    fn hls(&self) -> anyhow::Result<(String, String)> {
        ways::hls(&self.operator, &self.camera, &["live"])
    }
}

fn ffmpeg(input: &[&str], file: &Path) -> anyhow::Result<(bool, String)> {
    let frames = FRAMES.to_string();
    run(Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(input)
        .args(["-map", "0:v:0", "-c", "copy", "-frames:v", &frames, "-f", "h264"])
        .arg(file))
}

/// Returns the numbers of the pictures in a file of H.264.
fn counters(file: &Path) -> anyhow::Result<Vec<u64>> {
    let bytes = fs::read(file).with_context(|| format!("{} is not there", file.display()))?;
    Ok(nal::annex_b(&bytes).filter_map(sei::read_unit).map(|stamp| stamp.counter).collect())
}

/// Checks that a file holds five seconds without a hole, which decode.
fn check(file: &Path) -> anyhow::Result<()> {
    let counters = counters(file)?;
    anyhow::ensure!(counters.len() >= FRAMES, "only {} frames", counters.len());
    let follows = |pair: &[u64]| pair[1] == pair[0] + 1;
    // GStreamer's count lets another frame slip through as the pipeline ends.
    let whole = counters[..FRAMES].windows(2).all(follows);
    anyhow::ensure!(whole, "frames are missing: {counters:?}");
    let decoded = recorded::decoded(file)?;
    anyhow::ensure!(decoded >= FRAMES - 1, "only {decoded} frames can be decoded");
    Ok(())
}

#[test]
fn players_and_recorders_watch_over_rtsp() -> anyhow::Result<()> {
    let world = world()?;
    let secret = world.secret()?;
    for (scheme, role) in [("rtsp:", "main"), ("rtsps:", "main"), ("rtsp:", "sub")] {
        let file = world.stage.file("ffmpeg.h264");
        let url = secret.url(scheme, role)?;
        let (ended, words) = ffmpeg(&["-rtsp_transport", "tcp", "-i", &url], &file)?;
        assert!(ended, "ffmpeg, {scheme} {role}: {words}");
        check(&file).with_context(|| format!("ffmpeg, {scheme} {role}"))?;
    }
    for scheme in ["rtsp:", "rtsps:"] {
        let file = world.stage.file("gstreamer.h264");
        let url = secret.bare(scheme, "main")?;
        // Its exit status says nothing: it asks for PAUSE and TEARDOWN at once, and
        // complains if the connection is gone before the second answer.
        let (_, words) = run(Command::new("gst-launch-1.0")
            .args(["-q", "rtspsrc", &format!("location={url}"), "protocols=tcp", "latency=0"])
            .args(["tls-validation-flags=0", &format!("user-id={}", secret.user)])
            .args([&format!("user-pw={}", secret.password), "!", "rtph264depay", "!", "h264parse"])
            .args(["!", "video/x-h264,stream-format=byte-stream,alignment=au", "!", "identity"])
            .args([&format!("eos-after={}", FRAMES + 1), "!", "filesink"])
            .arg(format!("location={}", file.display())))?;
        check(&file).with_context(|| format!("GStreamer, {scheme} {words}"))?;
    }

    // A recorder of our own kind: this very program takes it for a camera.
    let url = secret.bare("rtsp:", "main")?;
    let config = world.stage.file("khue.toml");
    let mut adding = Command::new(program::khue())
        .args(["camera", "add", &url, "--user", &secret.user, "--name", "vòng"])
        .args(city::RECORDED_FOR)
        .arg("--config")
        .arg(&config)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    adding.stdin.take().context("standard input")?.write_all(secret.password.as_bytes())?;
    assert!(adding.wait()?.success());
    let second = until("our own recorder to record", || {
        let cameras = world.operator.cameras()?;
        let Some(stream) = cameras.iter().find(|(id, _)| **id != world.camera) else {
            return Ok(None);
        };
        let root = world.stage.file("data/recordings");
        let frames = recorded::stream(&root, *stream.1)?;
        Ok((frames.len() > FRAMES).then_some(frames))
    })?;
    let main = sei::source("cam0/main");
    for pair in second.windows(2) {
        assert_eq!(pair[1].stamp.counter, pair[0].stamp.counter + 1);
        assert_eq!(pair[0].stamp.source, main);
    }
    assert!(world.stage.khue.stop()?.success(), "what plays does not hold up a stop");
    Ok(())
}

#[test]
fn what_opens_nothing_is_told_nothing_and_what_is_revoked_ends() -> anyhow::Result<()> {
    let world = world()?;
    let secret = world.secret()?;
    let file = world.stage.file("refused.h264");
    let try_it = |url: &str| -> anyhow::Result<String> {
        let (ended, words) = ffmpeg(&["-rtsp_transport", "tcp", "-i", url], &file)?;
        assert!(!ended, "{url} was opened");
        Ok(words)
    };
    let url = secret.url("rtsp:", "main")?;
    let wrong = try_it(&url.replace(&secret.password, "wrong"))?;
    assert!(wrong.contains("401"), "{wrong}");
    let nobody = try_it(&url.replace(&secret.user, "nobody"))?;
    assert!(nobody.contains("401"), "{nobody}");
    let place = format!("/cameras/{}/main", world.number);
    let elsewhere = try_it(&url.replace(&place, "/cameras/9999/main"))?;
    assert!(elsewhere.contains("404"), "{elsewhere}");
    // Nobody who has proved nothing learns whether a camera is there.
    let unknown = url.replace(&secret.password, "wrong").replace(&place, "/cameras/9999/main");
    assert!(try_it(&unknown)?.contains("401"));

    // It plays until it is revoked, and then never again.
    let mut playing = Playing::start(
        Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-y", "-rtsp_transport", "tcp", "-i", &url])
            .args(["-c", "copy", "-f", "h264"])
            .arg(world.stage.file("playing.h264")),
    )?;
    until("the player to have frames", || {
        let size = fs::metadata(world.stage.file("playing.h264")).map_or(0, |file| file.len());
        anyhow::ensure!(!playing.has_ended()?, "the player ended by itself");
        Ok((size > 0).then_some(()))
    })?;
    let path = format!("stream-secrets/{}", secret.id);
    world.operator.ask("DELETE", &path, None)?.ok()?;
    let began = Instant::now();
    until("the player to be let go", || Ok(playing.has_ended()?.then_some(())))?;
    println!("a revoked secret's player was let go after {:?}", began.elapsed());
    assert!(try_it(&url)?.contains("401"));
    assert!(world.stage.khue.stop()?.success());
    Ok(())
}

/// Asks a process to end, and waits until it has: runuser hands the signal on,
/// where a kill of it alone would leave VLC behind.
fn terminate(child: &mut Child) -> anyhow::Result<()> {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
    child.wait()?;
    Ok(())
}

#[test]
fn players_watch_by_hls() -> anyhow::Result<()> {
    let world = world()?;
    let (path, cookie) = world.hls()?;
    let url = format!("{}{path}", world.stage.address);
    let file = world.stage.file("ffmpeg.h264");
    let header = format!("Cookie: {cookie}\r\n");
    let (ended, words) = ffmpeg(&["-headers", &header, "-i", &url], &file)?;
    assert!(ended, "ffmpeg: {words}");
    check(&file).with_context(|| format!("ffmpeg: {words}"))?;
    let (ended, words) = ffmpeg(&["-i", &url], &world.stage.file("without.h264"))?;
    assert!(!ended && words.contains("404"), "without the cookie: {words}");

    // Its segments it fetches from whom the system trusts alone, and gst-launch-1.0
    // cannot set a list of texts, which the cookies are.
    let (file, plain) = (world.stage.file("gstreamer.h264"), in_the_clear(&world, None)?);
    let (ended, words) = run(Command::new("/usr/bin/python3")
        .args(["-c", GSTREAMER, &format!("http://{plain}{path}"), &cookie])
        .args([&(FRAMES + 1).to_string()])
        .arg(&file))?;
    assert!(ended, "GStreamer: {words}");
    check(&file).with_context(|| format!("GStreamer: {words}"))?;

    // VLC trusts whom the system trusts, too, and has no place for a cookie: here
    // it is put in on the way.
    let with_cookie = in_the_clear(&world, Some(cookie))?;
    // As somebody who is not root, which it refuses to be.
    let home = tempfile::tempdir()?;
    fs::set_permissions(home.path(), Permissions::from_mode(0o777))?;
    let (file, raw) = (home.path().join("vlc.ts"), world.stage.file("vlc.h264"));
    let root = fs::metadata("/proc/self")?.uid() == 0;
    let before: &[&str] = if root { &["runuser", "-u", "nobody", "--", "cvlc"] } else { &["cvlc"] };
    let mut vlc = Command::new(before[0])
        .args(&before[1..])
        .args(["-I", "dummy", "--no-audio", "--quiet", &format!("http://{with_cookie}{path}")])
        .args([&format!(":sout=#std{{access=file,mux=ts,dst={}}}", file.display())])
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let seen = until("VLC to have played five seconds", || {
        anyhow::ensure!(vlc.try_wait()?.is_none(), "VLC ended by itself");
        if !file.exists() {
            return Ok(None);
        }
        let out = raw.as_os_str();
        let (_, _) = run(Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-y", "-i"])
            .args([file.as_os_str(), "-c".as_ref(), "copy".as_ref(), "-f".as_ref()])
            .args(["h264".as_ref(), out]))?;
        let seen = counters(&raw).unwrap_or_default();
        Ok((seen.len() >= FRAMES).then_some(seen))
    });
    terminate(&mut vlc)?;
    for pair in seen?.windows(2) {
        assert_eq!(pair[1], pair[0] + 1, "VLC missed a frame");
    }
    assert!(world.stage.khue.stop()?.success());
    Ok(())
}

/// The part that a playlist says comes next.
fn hint_of(playlist: &str) -> anyhow::Result<&str> {
    let hint = playlist.rsplit_once("URI=\"").context("a hint")?.1;
    Ok(hint.split('"').next().unwrap_or_default())
}

/// The parts that a playlist has, oldest first.
fn parts_of(playlist: &str) -> impl Iterator<Item = &str> {
    playlist
        .lines()
        .filter(|line| line.starts_with("#EXT-X-PART:"))
        .filter_map(|line| line.split_once("URI=\"")?.1.split('"').next())
}

/// Segment and part of `video-<segment>.<part>.m4s`.
fn numbers_of(uri: &str) -> anyhow::Result<(&str, &str)> {
    let numbers = uri.trim_start_matches("video-").trim_end_matches(".m4s");
    numbers.split_once('.').context(uri.to_owned())
}

#[test]
fn a_player_of_low_latency_hls_has_each_part_as_soon_as_it_is_there() -> anyhow::Result<()> {
    let world = world()?;
    let (path, _) = world.hls()?;
    let folder = path.strip_suffix("index.m3u8").context("a playlist")?.to_owned();
    let get = |name: &str| world.operator.download(&format!("{folder}{name}"));
    let text = |name: &str| -> anyhow::Result<String> { Ok(String::from_utf8(get(name)?)?) };
    let index = text("index.m3u8")?;
    assert!(index.contains("RESOLUTION=320x180") && index.contains("CODECS=\"avc1."), "{index}");
    let mut playlist = text("video.m3u8")?;
    assert!(playlist.contains("CAN-BLOCK-RELOAD=YES"), "{playlist}");
    let (mut counters, mut delays) = (Vec::new(), Vec::new());
    let mut next = hint_of(&playlist)?.to_owned();
    while counters.len() < FRAMES {
        let (msn, part) = numbers_of(&next)?;
        playlist = text(&format!("video.m3u8?_HLS_msn={msn}&_HLS_part={part}"))?;
        // A player that comes late finds more than one part; it takes them all.
        let parts: Vec<&str> = parts_of(&playlist).skip_while(|uri| *uri != next).collect();
        assert!(!parts.is_empty(), "{next} is not in the list that was asked for it: {playlist}");
        for uri in parts {
            let bytes = get(uri)?;
            let arrived_us = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros() as i64;
            let fragment = media::fmp4::read_fragment_header(&bytes)?;
            let mut at = fragment.data_offset as usize;
            let mut last_us = 0;
            for sample in &fragment.samples {
                let frame = &bytes[at..at + sample.size_bytes as usize];
                let stamp = sei::read_frame(frame).context("a frame bears a stamp")?;
                counters.push(stamp.counter);
                last_us = stamp.wall_us;
                at += sample.size_bytes as usize;
            }
            delays.push(Duration::from_micros((arrived_us - last_us).max(0).unsigned_abs()));
        }
        next = hint_of(&playlist)?.to_owned();
    }
    assert!(counters.windows(2).all(|pair| pair[1] == pair[0] + 1), "{counters:?}");
    delays.sort();
    println!(
        "from a part's last frame leaving the camera to the part at the player: \
         half within {:?}, all within {:?}",
        delays[delays.len() / 2],
        delays[delays.len() - 1]
    );
    assert!(world.stage.khue.stop()?.success());
    Ok(())
}

/// Plays HLS with a cookie, until so many frames were saved.
const GSTREAMER: &str = r#"
import sys, gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
url, cookie, frames, file = sys.argv[1:]
# The older of its two demuxers hands no cookie on.
registry = Gst.Registry.get()
registry.lookup_feature("hlsdemux").set_rank(Gst.Rank.NONE)
registry.lookup_feature("hlsdemux2").set_rank(Gst.Rank.PRIMARY + 1)
pipeline = Gst.parse_launch(
    "uridecodebin3 name=source caps=video/x-h264 ! h264parse config-interval=-1 ! "
    "video/x-h264,stream-format=byte-stream,alignment=au ! identity name=count ! filesink name=sink")
source = pipeline.get_by_name("source")
source.connect("source-setup", lambda _, http: http.set_property("cookies", [cookie]))
source.set_property("uri", url)
pipeline.get_by_name("count").set_property("eos-after", int(frames))
pipeline.get_by_name("sink").set_property("location", file)
pipeline.set_state(Gst.State.PLAYING)
message = pipeline.get_bus().timed_pop_filtered(
    Gst.CLOCK_TIME_NONE, Gst.MessageType.ERROR | Gst.MessageType.EOS)
failed = message.type == Gst.MessageType.ERROR
if failed:
    print(*message.parse_error(), file=sys.stderr)
pipeline.set_state(Gst.State.NULL)
sys.exit(failed)
"#;

/// Serves the program's HTTPS in the clear on this machine, for players that
/// cannot be told whom to trust; puts a cookie into each request, if one is given.
fn in_the_clear(world: &World, cookie: Option<String>) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let (to, ca) = (world.stage.address.clone(), fs::read(world.stage.file("data/tls/ca.pem"))?);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (to, ca, cookie) = (to.clone(), ca.clone(), cookie.clone());
            std::thread::spawn(move || pass_on(client, &to, &ca, cookie));
        }
    });
    Ok(address)
}

/// Passes one request on, and its answer back.
fn pass_on(
    mut client: TcpStream,
    to: &str,
    ca: &[u8],
    cookie: Option<String>,
) -> anyhow::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head)?;
    let kept = head.trim_end().lines().filter(|line| {
        let line = line.to_ascii_lowercase();
        let replaced = cookie.is_some() && line.starts_with("cookie:");
        !(line.starts_with("connection:") || replaced)
    });
    let mut head: String = kept.map(|line| format!("{line}\r\n")).collect();
    if let Some(cookie) = cookie {
        head += &format!("Cookie: {cookie}\r\n");
    }
    head += "Connection: close\r\n\r\n";
    let mut server = http::dial(to, ca)?;
    server.write_all(head.as_bytes())?;
    let mut portion = [0; 16 << 10];
    loop {
        match server.read(&mut portion) {
            Ok(0) | Err(_) => return Ok(()),
            Ok(count) => client.write_all(&portion[..count])?,
        }
    }
}
