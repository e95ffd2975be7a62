//! A right that is taken away stops what runs by it within five seconds, by whatever
//! way it is watched: the media socket, WHEP, HLS, RTSP, and downloads over HTTP.
//!
//! A stop-watch is what this promise is about, so here one is held: from the answer
//! to whoever took the right away to the last that came.

use std::net::{Ipv4Addr, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use e2e::http::Person;
use e2e::players::Playing;
use e2e::socket::{Socket, Told};
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::ways::Secret;
use e2e::{city, ways};
use serde_json::{Value, json};
use simcam::CameraConfig;
use str0m::change::SdpAnswer;
use str0m::media::{Direction, MediaKind};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

const CHOSEN: &str = "Khuê Văn Các 1805";

/// What DESIGN.md promises of a node that is connected.
const PROMISED: Duration = Duration::from_secs(5);

/// So long nothing must come before it counts as ended.
const SILENCE: Duration = Duration::from_secs(3);

struct World {
    stage: Stage,
    admin: Person,
    camera: String,
}

/// Somebody's way of watching, that says when the last of it came.
type Watching = (&'static str, JoinHandle<anyhow::Result<Instant>>);

impl World {
    fn set() -> anyhow::Result<Self> {
        let clip = city::small_clip()?;
        let camera = CameraConfig::new("", clip.clone(), clip);
        let rtsp = "[rtsp]\nlisten = \"127.0.0.1:0\"\nplain = \"127.0.0.1:0\"\n";
        let mut stage = Stage::set(vec![camera], rtsp)?;
        let admin = stage.person("quantri", CHOSEN)?;
        let tree = until("the camera to be recorded", || {
            let tree = admin.ask("GET", "tree", None)?.ok()?;
            Ok((tree["cameras"][0]["state"]["kind"] == "recording").then_some(tree))
        })?;
        Ok(Self { stage, admin, camera: text(&tree["cameras"][0]["id"])? })
    }

    /// Adds somebody, who is signed in from then on; returns their id as well.
    fn person(&self, name: &str, organisation: Option<&str>) -> anyhow::Result<(Person, String)> {
        let body = json!({
            "name": name, "display_name": name, "role": "operator", "organisation": organisation,
        });
        let added = self.admin.ask("POST", "people", Some(body))?.ok()?;
        let id = text(&added["person"]["id"])?;
        // What is given to whoever is made an operator is taken away again: here each
        // has what the test gives.
        for grant in self.grants_of(&id)? {
            self.admin.ask("DELETE", &format!("grants/{grant}"), None)?.ok()?;
        }
        let mut person =
            Person::reach(&self.stage.address, &self.stage.folder.path().join("data"))?;
        person.sign_in_first(name, &text(&added["one_time_password"])?, CHOSEN)?;
        Ok((person, id))
    }

    fn grants_of(&self, person: &str) -> anyhow::Result<Vec<String>> {
        let all = self.admin.ask("GET", "grants", None)?.ok()?;
        let all = all["grants"].as_array().context("grants")?.iter();
        all.filter(|grant| grant["terms"]["subject"]["id"] == person)
            .map(|grant| text(&grant["id"]))
            .collect()
    }

    fn give(&self, person: &str) -> anyhow::Result<String> {
        let body = json!({
            "subject": { "kind": "person", "id": person }, "scope": { "kind": "all" },
            "actions": ["live", "playback", "export"], "basis": "kiểm tra",
        });
        text(&self.admin.ask("POST", "grants", Some(body))?.ok()?["id"])
    }

    /// Watches by every way there is; each plays when this returns.
    fn watch(&self, person: &Person) -> anyhow::Result<Vec<Watching>> {
        Ok(vec![
            ("media socket", self.by_socket(person)?),
            ("looking back", self.by_looking_back(person)?),
            ("WHEP", self.by_whep(person)?),
            ("HLS", self.by_hls(person)?),
            ("RTSP", self.by_rtsp(person)?),
            ("download", self.by_download(person)?),
        ])
    }

    fn by_socket(&self, person: &Person) -> anyhow::Result<JoinHandle<anyhow::Result<Instant>>> {
        let mut socket = Socket::open(person)?;
        let token = ways::token(person, &self.camera, &["live"])?;
        socket.say(&json!({ "op": "live", "ref": "a", "token": token, "role": "main" }))?;
        while !matches!(socket.hear()?, Some(Told::Piece { kind: 2, .. })) {}
        Ok(thread::spawn(move || ended(socket)))
    }

    fn by_looking_back(
        &self,
        person: &Person,
    ) -> anyhow::Result<JoinHandle<anyhow::Result<Instant>>> {
        let mut socket = Socket::open(person)?;
        let token = ways::token(person, &self.camera, &["playback"])?;
        let from =
            until(
                "something recorded",
                || Ok(person.timeline(&self.camera)?["first_us"].as_i64()),
            )?;
        // It has credit for one, and waits for more when the right is taken away.
        socket.say(&json!({
            "op": "past", "ref": "a", "token": token, "role": "main", "from_us": from, "credit": 1
        }))?;
        while !matches!(socket.hear()?, Some(Told::Piece { kind: 3, .. })) {}
        Ok(thread::spawn(move || ended(socket)))
    }

    fn by_hls(&self, person: &Person) -> anyhow::Result<JoinHandle<anyhow::Result<Instant>>> {
        let (index, cookie) = ways::hls(person, &self.camera, &["live"])?;
        let playlist = index.replace("index.m3u8", "video.m3u8");
        let player = self.nobody()?;
        let answers = move || -> anyhow::Result<u16> {
            let headers = [("cookie", cookie.as_str())];
            Ok(player.request("GET", &playlist, &headers, None)?.status().as_u16())
        };
        until("a playlist", || Ok((answers()? == 200).then_some(())))?;
        Ok(thread::spawn(move || {
            until("the playlist to be gone", || Ok((answers()? != 200).then_some(())))?;
            Ok(Instant::now())
        }))
    }

    fn by_whep(&self, person: &Person) -> anyhow::Result<JoinHandle<anyhow::Result<Instant>>> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let provider = Arc::new(str0m::crypto::from_feature_flags());
        let mut rtc = RtcConfig::new().set_crypto_provider(provider).build(Instant::now());
        rtc.add_local_candidate(Candidate::host(socket.local_addr()?, "udp")?);
        let mut change = rtc.sdp_api();
        change.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let (offer, pending) = change.apply().context("a medium is a change")?;
        let bearer = format!("Bearer {}", ways::token(person, &self.camera, &["live"])?);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/sdp")];
        let path = "/api/v1/whep?role=main";
        let mut answer =
            self.nobody()?.request("POST", path, &headers, Some(offer.to_sdp_string()))?;
        let sdp = answer.body_mut().read_to_string()?;
        anyhow::ensure!(answer.status() == 201, "{sdp}");
        rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&sdp)?)?;
        let mut player = Player { rtc, socket, last: None };
        player.play(|player| player.last.is_some())?;
        Ok(thread::spawn(move || {
            player.play(|player| player.last.is_some_and(|last| last.elapsed() > SILENCE))?;
            player.last.context("it played")
        }))
    }

    fn by_rtsp(&self, person: &Person) -> anyhow::Result<JoinHandle<anyhow::Result<Instant>>> {
        let url = Secret::make(person, &self.camera)?.url("rtsp:", "main")?;
        let file = tempfile::NamedTempFile::new()?;
        let mut playing = Playing::start(
            Command::new("ffmpeg")
                .args(["-nostdin", "-v", "error", "-y", "-rtsp_transport", "tcp", "-i", &url])
                .args(["-c", "copy", "-f", "h264"])
                .arg(file.path()),
        )?;
        until("the player to have frames", || {
            anyhow::ensure!(!playing.has_ended()?, "the player ended by itself");
            Ok((file.as_file().metadata()?.len() > 0).then_some(()))
        })?;
        Ok(thread::spawn(move || {
            until("the player to be let go", || Ok(playing.has_ended()?.then_some(())))?;
            drop(file);
            Ok(Instant::now())
        }))
    }

    /// Fetches the first bytes of an export over and over.
    fn by_download(&self, person: &Person) -> anyhow::Result<JoinHandle<anyhow::Result<Instant>>> {
        let made = until("a second to be recorded", || {
            let line = person.timeline(&self.camera)?;
            let (Some(from), Some(to)) = (line["first_us"].as_i64(), line["synced_us"].as_i64())
            else {
                return Ok(None);
            };
            if to < from + 1_000_000 {
                return Ok(None);
            }
            let body = json!({
                "camera": self.camera, "role": "main", "from_us": from, "to_us": from + 1_000_000,
                "purpose": "kiểm tra", "case": "12/2026",
            });
            person.ask_for_cookie("exports", body).map(Some)
        })?;
        let (url, cookie, player) = (text(&made.0["url"])?, made.1, self.nobody()?);
        let answers = move || -> anyhow::Result<u16> {
            let headers = [("cookie", cookie.as_str()), ("range", "bytes=0-99")];
            Ok(player.request("GET", &url, &headers, None)?.status().as_u16())
        };
        anyhow::ensure!(answers()? == 206, "an export is fetched in parts");
        Ok(thread::spawn(move || {
            until("the download to be refused", || Ok((answers()? != 206).then_some(())))?;
            Ok(Instant::now())
        }))
    }

    /// A client without a sign-in, as a player is.
    fn nobody(&self) -> anyhow::Result<Person> {
        Person::reach(&self.stage.address, &self.stage.folder.path().join("data"))
    }
}

/// A player of WHEP, and when its last picture came.
struct Player {
    rtc: Rtc,
    socket: UdpSocket,
    last: Option<Instant>,
}

impl Player {
    fn play(&mut self, is_done: impl Fn(&Self) -> bool) -> anyhow::Result<()> {
        let (own, mut buffer) = (self.socket.local_addr()?, [0; 2000]);
        let began = Instant::now();
        while !is_done(self) {
            anyhow::ensure!(began.elapsed() < e2e::wait::PATIENCE, "it played in vain");
            if !self.rtc.is_alive() && self.last.is_some() {
                return Ok(());
            }
            match self.rtc.poll_output()? {
                Output::Timeout(next) => {
                    let wait = next.saturating_duration_since(Instant::now());
                    let wait = wait.clamp(Duration::from_millis(1), Duration::from_millis(100));
                    self.socket.set_read_timeout(Some(wait))?;
                    let now = match self.socket.recv_from(&mut buffer) {
                        Ok((length, source)) => {
                            let bytes = &buffer[..length];
                            let receive = Receive::new(Protocol::Udp, source, own, bytes)?;
                            Input::Receive(Instant::now(), receive)
                        }
                        Err(_) => Input::Timeout(Instant::now()),
                    };
                    self.rtc.handle_input(now)?;
                }
                Output::Transmit(transmit) => {
                    self.socket.send_to(&transmit.contents, transmit.destination)?;
                }
                Output::Event(Event::MediaData(_)) => self.last = Some(Instant::now()),
                Output::Event(_) => {}
            }
        }
        Ok(())
    }
}

/// Listens until the channel, or the socket, is ended by the server.
fn ended(mut socket: Socket) -> anyhow::Result<Instant> {
    loop {
        match socket.hear()? {
            Some(Told::Event(event)) if event["type"] == "end" => {
                anyhow::ensure!(event["reason"] == "revoked", "{event}");
                return Ok(Instant::now());
            }
            Some(_) => {}
            None => return Ok(Instant::now()),
        }
    }
}

fn text(value: &Value) -> anyhow::Result<String> {
    value.as_str().map(str::to_owned).with_context(|| format!("{value} is no text"))
}

/// Waits until all have ended, and holds each against what is promised.
fn judge(what: &str, began: Instant, watching: Vec<Watching>) -> anyhow::Result<()> {
    for (way, thread) in watching {
        let last = thread.join().map_err(|_| anyhow::anyhow!("{way} broke off"))?;
        let took = last.with_context(|| way.to_owned())?.saturating_duration_since(began);
        println!("{what}: {way} ended after {took:?}");
        anyhow::ensure!(took <= PROMISED, "{what}: {way} went on for {took:?}");
    }
    Ok(())
}

#[test]
fn a_right_that_is_taken_away_stops_every_way_of_watching_within_five_seconds() -> anyhow::Result<()>
{
    let world = World::set()?;

    let (person, id) = world.person("theo.quyen", None)?;
    let grant = world.give(&id)?;
    let watching = world.watch(&person)?;
    world.admin.ask("DELETE", &format!("grants/{grant}"), None)?.ok()?;
    judge("a grant was revoked", Instant::now(), watching)?;

    // What a sign-in opened goes with it; what a foreign program opened by a password
    // of its own is none of its business.
    let (person, id) = world.person("theo.phien", None)?;
    world.give(&id)?;
    let watching = world.watch(&person)?;
    person.ask("DELETE", "session", None)?.ok()?;
    let (of_sign_in, others): (Vec<_>, Vec<_>) =
        watching.into_iter().partition(|(way, _)| *way != "RTSP");
    judge("a sign-in was ended", Instant::now(), of_sign_in)?;
    world.admin.ask("DELETE", &format!("people/{id}"), None)?.ok()?;
    judge("a person was removed", Instant::now(), others)?;

    let bodies = world.admin.ask("GET", "organisations", None)?.ok()?;
    let owner = text(&bodies["organisations"][0]["id"])?;
    let ward = json!({ "name": "UBND phường Cửa Nam" });
    let ward = text(&world.admin.ask("POST", "organisations", Some(ward))?.ok()?["id"])?;
    let mut signatories = Vec::new();
    for (name, of) in [("ky.chuquan", &owner), ("ky.phuong", &ward)] {
        let (person, id) = world.person(name, Some(of))?;
        let signs = json!({ "signatory": true });
        world.admin.ask("PATCH", &format!("people/{id}"), Some(signs))?.ok()?;
        signatories.push(person);
    }
    let (person, _) = world.person("theo.thoathuan", Some(&ward))?;
    let body = json!({
        "number": "01/TTPH", "document": "Công văn 12", "purpose": "trật tự đô thị",
        "owner": owner, "recipient": ward, "scope": { "kind": "all" },
        "actions": ["live", "playback", "export"], "until_us": 4_000_000_000_000_000_i64,
    });
    let terms = world.admin.ask("POST", "agreements", Some(body))?;
    assert_eq!(terms.json["field"], "until_us", "five years at most: {}", terms.json);
    let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
    let tomorrow = i64::try_from(tomorrow.duration_since(UNIX_EPOCH)?.as_micros())?;
    let body = json!({
        "number": "01/TTPH", "document": "Công văn 12", "purpose": "trật tự đô thị",
        "owner": owner, "recipient": ward, "scope": { "kind": "all" },
        "actions": ["live", "playback", "export"], "until_us": tomorrow,
    });
    let drafted = world.admin.ask("POST", "agreements", Some(body))?.ok()?;
    let path = format!("agreements/{}", text(&drafted["id"])?);
    for signatory in &signatories {
        signatory.ask("POST", &format!("{path}/signature"), None)?.ok()?;
    }
    let watching = world.watch(&person)?;
    let end = json!({ "reason": "hết nhu cầu" });
    signatories[0].ask("POST", &format!("{path}/end"), Some(end))?.ok()?;
    judge("an agreement was ended", Instant::now(), watching)?;
    assert!(world.stage.khue.stop()?.success());
    Ok(())
}
