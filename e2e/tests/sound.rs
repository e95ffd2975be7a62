//! Sound is heard where it is authorised for the camera, and nowhere else: by
//! players of other makers, on every way out of the built program, and measured.
//!
//! Each simulated camera has a tone of its own. What a player decoded must have
//! that one at its amplitude, and none of another camera.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use e2e::city;
use e2e::heard::Heard;
use e2e::http::{Answer, Person};
use e2e::players::{self, Playing, run, tracks};
use e2e::program;
use e2e::socket::{Socket, Told};
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::ways::{self, Secret};
use serde_json::{Value, json};
use simcam::sound::{Sound, SoundCodec};
use simcam::{CameraConfig, Delivery};

const CHOSEN: &str = "quan họ Kinh Bắc 2009";

/// What a camera hears.
#[derive(Clone, Copy)]
struct Ear {
    codec: SoundCodec,
    tone_hz: u32,
}

const AAC: Ear = Ear { codec: SoundCodec::Aac, tone_hz: 400 };
const PCMU: Ear = Ear { codec: SoundCodec::Pcmu, tone_hz: 700 };
/// Of the camera that may not be listened to.
const DEAF: Ear = Ear { codec: SoundCodec::Aac, tone_hz: 1000 };

/// How loud a camera's tone is, as it makes it: a tenth of the most there is.
const TONE: f64 = 0.1;

/// How much each player takes: pictures from the latest keyframe on, which may be
/// two seconds old, and the sound that comes from then on.
const SECONDS: u32 = 6;

/// How much must have been heard of it, at least.
const HEARD: f64 = 3.0;

/// The cameras of a running program, and two people.
struct World {
    stage: Stage,
    operator: Person,
    administrator: Person,
    /// Their ids, in their order.
    cameras: Vec<String>,
}

impl World {
    fn with(ears: &[Ear]) -> anyhow::Result<Self> {
        program::worker();
        let clip = city::small_clip()?;
        let camera = |ear: &Ear| -> anyhow::Result<CameraConfig> {
            let sound = Sound::test_tone(ear.codec, ear.tone_hz, 2)?;
            let camera = CameraConfig::new("", clip.clone(), clip.clone());
            Ok(CameraConfig { sound: Some(sound), ..camera })
        };
        let simulated = ears.iter().map(camera).collect::<anyhow::Result<_>>()?;
        let mut stage = Stage::set(
            simulated,
            "[rtsp]\nlisten = \"127.0.0.1:0\"\nplain = \"127.0.0.1:0\"\n[decode]\ncores = 8.0\n",
        )?;
        let operator = stage.person("trucban", CHOSEN)?;
        let administrator = stage.person("quantri", CHOSEN)?;
        let cameras = until("the cameras to be recorded", || {
            let rows = operator.ask("GET", "tree", None)?.ok()?["cameras"].clone();
            let rows = rows.as_array().context("a tree has cameras")?;
            let recorded = rows.iter().all(|row| row["state"]["kind"] == "recording");
            let ids = rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned));
            Ok(recorded.then(|| ids.collect::<Vec<_>>()))
        })?;
        Ok(Self { stage, operator, administrator, cameras })
    }

    /// Authorises a camera's sound, or withdraws that.
    fn authorise(&self, number: usize, sound: bool) -> anyhow::Result<()> {
        let path = format!("cameras/{}", self.cameras[number]);
        let change = json!({ "sound": sound });
        let refused = self.operator.ask("PATCH", &path, Some(change.clone()))?;
        assert_eq!((refused.status, &refused.json["code"]), (403, &json!("forbidden")));
        let row = self.administrator.ask("PATCH", &path, Some(change))?.ok()?;
        assert_eq!((&row["sound"], &row["may"]["sound"]), (&json!(sound), &json!(false)));
        let row = self.operator.ask("GET", &path, None)?.ok()?;
        assert_eq!((&row["sound"], &row["may"]["sound"]), (&json!(sound), &json!(sound)));
        Ok(())
    }

    /// Waits until the program is being sent a camera's sound.
    fn wait_for_sound(&self, number: usize) -> anyhow::Result<()> {
        until("sound to be sent", || {
            let sent = |one: &Delivery| {
                one.ended.is_none()
                    && one.sound.is_some_and(|sound| sound.setup && sound.packets > 0)
            };
            Ok(self.deliveries(number, "main").iter().any(sent).then_some(()))
        })
    }

    fn deliveries(&self, number: usize, role: &str) -> Vec<Delivery> {
        let path = format!("cam{number}/{role}");
        let mut deliveries = self.stage.server.deliveries();
        deliveries.retain(|one| one.path == path);
        deliveries
    }

    /// What somebody who watches a camera may ask for of it.
    fn actions(&self, number: usize) -> anyhow::Result<Vec<&'static str>> {
        let path = format!("cameras/{}", self.cameras[number]);
        let row = self.operator.ask("GET", &path, None)?.ok()?;
        Ok(if row["may"]["sound"] == true { vec!["live", "sound"] } else { vec!["live"] })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.stage.file(name)
    }

    /// Has ffmpeg record a few seconds over RTSP.
    fn by_rtsp(&self, number: usize) -> anyhow::Result<PathBuf> {
        let secret = Secret::make(&self.operator, &self.cameras[number])?;
        let file = self.file(&format!("rtsp-{number}.nut"));
        record(&["-rtsp_transport", "tcp", "-i", &secret.url("rtsp:", "main")?], &file)?;
        Ok(file)
    }

    /// Has ffmpeg record a few seconds by HLS.
    fn by_hls(&self, number: usize) -> anyhow::Result<PathBuf> {
        let actions = self.actions(number)?;
        let (path, cookie) = ways::hls(&self.operator, &self.cameras[number], &actions)?;
        self.wait_for_rendition(&path, actions.contains(&"sound"))?;
        let file = self.file(&format!("hls-{number}.nut"));
        let (url, header) =
            (format!("{}{path}", self.operator.address()), format!("Cookie: {cookie}\r\n"));
        record(&["-headers", &header, "-i", &url], &file)?;
        Ok(file)
    }

    /// Waits until a presentation names sound, if it is to. On a busy machine a
    /// player that comes first is given pictures alone rather than none.
    fn wait_for_rendition(&self, path: &str, heard: bool) -> anyhow::Result<()> {
        until("HLS to name its sound", || {
            let index = String::from_utf8(self.operator.download(path)?)?;
            let named = index.contains("TYPE=AUDIO") && index.contains("mp4a.40.2");
            anyhow::ensure!(heard || !index.to_uppercase().contains("AUDIO"), "{index}");
            Ok((named == heard).then_some(()))
        })
    }

    /// Returns how a presentation's playlists of pictures and of sound are answered.
    fn playlists(&self, index: &str) -> anyhow::Result<(u16, u16)> {
        let status = |name: &str| -> anyhow::Result<u16> {
            let path = index.replace("index.m3u8", name);
            Ok(self.operator.request("GET", &path, &[], None)?.status().as_u16())
        };
        Ok((status("video.m3u8")?, status("sound.m3u8")?))
    }

    /// Has aiortc watch and listen for a few seconds by WHEP; returns what it heard.
    fn by_whep(&self, number: usize, actions: &[&str]) -> anyhow::Result<Heard> {
        let samples = self.file(&format!("whep-{number}-{}.pcm", actions.join("-")));
        fs::write(&samples, [])?;
        let seconds = actions.contains(&"sound").then_some(SECONDS);
        let told = json!({
            "token": ways::token(&self.operator, &self.cameras[number], actions)?,
            "role": "main", "frames": SECONDS * 25, "pictures": samples.with_extension("gray"),
            "sound": { "file": samples, "seconds": seconds },
        });
        let found = players::whep(&self.operator, &self.file("data/tls/ca.pem"), told)?;
        assert_eq!((&found["status"], &found["sizes"]), (&json!(201), &json!([[320, 180]])));
        let number = |field: &str| found["sound"][field].as_u64().context(found.to_string());
        let (rate, channels) = (u32::try_from(number("rate")?)?, number("channels")?);
        Ok(Heard::of_samples(&fs::read(samples)?, rate, usize::try_from(channels)?))
    }

    /// Listens on the media socket as a browser does; returns what came, as a file.
    fn by_socket(&self, number: usize) -> anyhow::Result<PathBuf> {
        let token = ways::token(&self.operator, &self.cameras[number], &["live", "sound"])?;
        let mut socket = Socket::open(&self.operator)?;
        socket.say(&live_sound(&token))?;
        let init = socket.until("init")?;
        assert_eq!(init["codec"], "mp4a.40.2", "{init}");
        let file = self.file(&format!("socket-{number}.mp4"));
        let (mut mp4, mut from_us) = (Vec::new(), None);
        loop {
            match socket.hear()?.context("the socket was closed")? {
                Told::Piece { kind: 1, bytes, .. } => mp4 = bytes,
                Told::Piece { wall_us, bytes, .. } => {
                    mp4.extend(bytes);
                    if wall_us - *from_us.get_or_insert(wall_us) >= i64::from(SECONDS) * 1_000_000 {
                        fs::write(&file, mp4)?;
                        return Ok(file);
                    }
                }
                Told::Event(event) => assert_ne!(event["type"], "dropped", "{event}"),
            }
        }
    }

    /// Returns from when until when a stream was recorded last without a gap.
    fn recorded(&self, number: usize, role: &str) -> anyhow::Result<Option<(i64, i64)>> {
        let camera = &self.cameras[number];
        let path =
            format!("cameras/{camera}/timeline?role={role}&from_us=0&to_us=9000000000000000");
        let timeline = self.operator.ask("GET", &path, None)?.ok()?;
        let last = timeline["runs"].as_array().and_then(|runs| runs.last());
        Ok(last.and_then(|run| Some((run["from_us"].as_i64()?, run["to_us"].as_i64()?))))
    }

    /// Takes out the last seconds of a camera, with its sound if that may be.
    fn by_export(&self, number: usize, sound: bool) -> anyhow::Result<Answer> {
        let camera = &self.cameras[number];
        let roles: &[_] = if sound { &["main", "sound"] } else { &["main"] };
        let to_us = until("enough to be recorded", || {
            let (mut from_us, mut to_us) = (0, i64::MAX);
            for role in roles {
                let Some((from, to)) = self.recorded(number, role)? else { return Ok(None) };
                (from_us, to_us) = (from_us.max(from), to_us.min(to));
            }
            Ok((to_us - from_us >= i64::from(SECONDS) * 1_000_000).then_some(to_us))
        })?;
        let asked = json!({
            "camera": camera, "role": "main", "purpose": "kiểm tra", "case": "12/2026", "sound": sound,
            "from_us": to_us - i64::from(SECONDS) * 1_000_000, "to_us": to_us,
        });
        self.operator.ask("POST", "exports", Some(asked))
    }
}

fn live_sound(token: &str) -> Value {
    json!({ "op": "live", "ref": "s", "token": token, "role": "sound", "form": "aac" })
}

/// Has ffmpeg record a few seconds of all tracks that there are, as they come.
fn record(input: &[&str], file: &Path) -> anyhow::Result<()> {
    let (ended, words) = run(Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(input)
        .args(["-map", "0", "-c", "copy", "-t", &SECONDS.to_string()])
        .arg(file))?;
    anyhow::ensure!(ended, "ffmpeg: {words}");
    Ok(())
}

/// Checks that what was heard is a camera's tone as loud as it was made, with its
/// beeps, and nothing of other cameras; tells how loud it was.
fn check(way: &str, ear: Ear, heard: &Heard) -> anyhow::Result<()> {
    let (level, tone) = (heard.level_db(), heard.tone(ear.tone_hz));
    println!(
        "{way}, {}: {:.2} s at {level:.1} dB, of which {} Hz at {tone:.4}",
        ear.codec.as_str(),
        heard.seconds(),
        ear.tone_hz
    );
    anyhow::ensure!(heard.seconds() >= HEARD, "only {} s", heard.seconds());
    // The tone alone has -23 dB; with beeps in it, it is some more.
    anyhow::ensure!((-23.0..-8.0).contains(&level), "{level} dB");
    anyhow::ensure!((0.8 * TONE..1.2 * TONE).contains(&tone), "{} Hz: {tone}", ear.tone_hz);
    for other in [AAC, PCMU, DEAF].map(|ear| ear.tone_hz) {
        let of_other = heard.tone(other);
        anyhow::ensure!(other == ear.tone_hz || of_other < 0.01, "{other} Hz: {of_other}");
    }
    Ok(())
}

#[test]
fn sound_is_heard_on_every_way_out_where_it_is_authorised_and_on_none_elsewhere()
-> anyhow::Result<()> {
    let ears = [AAC, PCMU, DEAF];
    let world = World::with(&ears)?;
    for number in 0..ears.len() {
        assert_eq!(world.actions(number)?, ["live"], "nobody has authorised anything");
    }
    for number in [0, 1] {
        world.authorise(number, true)?;
        world.wait_for_sound(number)?;
    }
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let world = &world;
        let listening = [
            scope.spawn(|| hears(world, 0, AAC, "aac")),
            scope.spawn(|| hears(world, 1, PCMU, "pcm_mulaw")),
            scope.spawn(|| hears_nothing(world, 2)),
        ];
        listening.into_iter().try_for_each(|one| one.join().expect("no panic"))
    })?;

    // Their cameras were asked for it, once each, beside the better pictures; the
    // third was not, by anybody.
    let asked = |number: usize, role: &str| {
        let deliveries = world.deliveries(number, role);
        assert!(!deliveries.is_empty());
        deliveries.iter().filter(|one| one.sound.is_some_and(|sound| sound.setup)).count()
    };
    assert_eq!([asked(0, "main"), asked(1, "main"), asked(2, "main")], [1, 1, 0]);
    assert_eq!([asked(0, "sub"), asked(1, "sub"), asked(2, "sub")], [0; 3]);
    let sent = |one: Delivery| one.sound.map_or(0, |sound| sound.packets);
    assert_eq!(world.deliveries(2, "main").into_iter().map(sent).sum::<u64>(), 0);
    assert!(world.stage.khue.stop()?.success());
    Ok(())
}

/// Listens to a camera on every way out.
fn hears(world: &World, number: usize, ear: Ear, codec: &str) -> anyhow::Result<()> {
    let file = world.by_rtsp(number)?;
    assert_eq!(tracks(&file)?, [&format!("audio {codec}"), "video h264"], "as it comes");
    check("RTSP", ear, &Heard::in_file(&file)?)?;
    let file = world.by_hls(number)?;
    assert_eq!(tracks(&file)?, ["audio aac", "video h264"]);
    check("HLS", ear, &Heard::in_file(&file)?)?;
    check("WHEP", ear, &world.by_whep(number, &["live", "sound"])?)?;
    let file = world.by_socket(number)?;
    assert_eq!(tracks(&file)?, ["audio aac"]);
    check("media socket", ear, &Heard::in_file(&file)?)?;
    let export = world.by_export(number, true)?.ok()?;
    assert_eq!(export["sound"], true);
    let file = world.file(&format!("export-{number}.mp4"));
    let bytes = world.operator.download(export["url"].as_str().context("a url")?)?;
    fs::write(&file, bytes)?;
    assert_eq!(tracks(&file)?, ["audio aac", "video h264"]);
    check("export", ear, &Heard::in_file(&file)?)?;

    // Who asked for pictures alone is given them alone.
    assert_eq!(world.by_whep(number, &["live"])?.seconds(), 0.0);
    assert_eq!(world.by_export(number, false)?.ok()?["sound"], false);
    Ok(())
}

/// Tries to listen to a camera of which that is not authorised, on every way out.
fn hears_nothing(world: &World, number: usize) -> anyhow::Result<()> {
    let (operator, camera) = (&world.operator, &world.cameras[number]);
    assert_eq!(tracks(&world.by_rtsp(number)?)?, ["video h264"], "RTSP");
    assert_eq!(tracks(&world.by_hls(number)?)?, ["video h264"], "HLS");
    let (index, _) = ways::hls(operator, camera, &["live"])?;
    assert_eq!(world.playlists(&index)?, (200, 404));
    assert_eq!(world.by_whep(number, &["live"])?.seconds(), 0.0, "WHEP");

    for actions in [["live", "sound"], ["playback", "sound"]] {
        let asked = json!({ "camera": camera, "actions": actions, "purpose": "kiểm tra", "case": "12/2026" });
        let refused = operator.ask("POST", "media-tokens", Some(asked))?;
        assert_eq!((refused.status, &refused.json["code"]), (403, &json!("forbidden")));
    }
    let mut socket = Socket::open(operator)?;
    socket.say(&live_sound(&ways::token(operator, camera, &["live"])?))?;
    assert_eq!(socket.until("refused")?["code"], "forbidden");

    assert_eq!(world.by_export(number, false)?.ok()?["sound"], false);
    let asked = json!({
        "camera": camera, "role": "main", "purpose": "kiểm tra", "case": "12/2026", "sound": true,
        "from_us": 0, "to_us": 1_000_000,
    });
    let refused = operator.ask("POST", "exports", Some(asked))?;
    assert_eq!((refused.status, &refused.json["code"]), (403, &json!("forbidden")));
    let path = format!("cameras/{camera}/timeline?role=sound&from_us=0&to_us=9000000000000000");
    assert_eq!(operator.ask("GET", &path, None)?.status, 404);
    Ok(())
}

#[test]
fn what_is_no_longer_authorised_is_no_longer_fetched_and_whoever_listens_ends() -> anyhow::Result<()>
{
    let world = World::with(&[AAC])?;
    let (operator, camera) = (&world.operator, &world.cameras[0]);
    world.authorise(0, true)?;
    world.wait_for_sound(0)?;
    let fetched = world.deliveries(0, "main").last().context("it is read")?.viewer;

    // Somebody listens on each way, and has some of it taken out.
    let export = world.by_export(0, true)?.ok()?;
    let export = export["url"].as_str().context("a url")?;
    assert_eq!(operator.request("GET", export, &[], None)?.status(), 200);
    let secret = Secret::make(operator, camera)?;
    let file = world.file("playing.nut");
    let url = secret.url("rtsp:", "main")?;
    let mut rtsp = Playing::start(
        Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-y", "-rtsp_transport", "tcp", "-i", &url])
            .args(["-map", "0", "-c", "copy", "-flush_packets", "1"])
            .arg(&file),
    )?;
    let (index, _) = ways::hls(operator, camera, &["live", "sound"])?;
    world.wait_for_rendition(&index, true)?;
    assert_eq!(world.playlists(&index)?, (200, 200));
    let mut socket = Socket::open(operator)?;
    socket.say(&live_sound(&ways::token(operator, camera, &["live", "sound"])?))?;
    socket.until("init")?;
    until("the player to play", || {
        anyhow::ensure!(!rtsp.has_ended()?, "the player ended by itself");
        let size = fs::metadata(&file).map_or(0, |file| file.len());
        Ok((size > 0).then_some(()))
    })?;

    world.authorise(0, false)?;
    until("the player to be let go", || Ok(rtsp.has_ended()?.then_some(())))?;
    assert_eq!(tracks(&file)?, ["audio aac", "video h264"], "what it was given");
    assert_eq!(socket.until("end")?["reason"], "revoked");
    assert_eq!(operator.request("GET", export, &[], None)?.status(), 403);
    // What was opened with sound ends whole, and is opened anew without it below.
    assert_eq!(world.playlists(&index)?, (404, 404));

    // The camera is read again, and is not asked for its sound.
    until("the camera to be read again", || {
        let deliveries = world.deliveries(0, "main");
        let later = deliveries.iter().filter(|one| one.viewer > fetched);
        let mut reading = later.filter(|one| one.ended.is_none() && one.frames > 25);
        Ok(reading.next().map(|_| ()))
    })?;
    for one in world.deliveries(0, "main").iter().filter(|one| one.viewer > fetched) {
        assert!(one.sound.is_some_and(|sound| !sound.setup && sound.packets == 0), "{one:?}");
    }
    hears_nothing(&world, 0)?;
    assert!(world.stage.khue.stop()?.success());
    Ok(())
}
