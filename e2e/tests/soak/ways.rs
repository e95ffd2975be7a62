//! Every way to watch, a thread for each: it opens, plays, closes, and begins anew.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::http::Person;
use serde_json::json;

use crate::stage::{ALWAYS, CHOSEN, Dice, Stage, now_us, text};
use crate::tally::{Outcome, Row};
use crate::{players, socket, whep};

/// The way of who does not keep up.
pub(crate) const SLOW: &str = "RTSP, slow";

/// A session of a way.
type Session = fn(&Stage, &mut Dice) -> anyhow::Result<Outcome>;

/// Each way, with how long there is nobody between two of its sessions.
fn all(export_every: Duration) -> Vec<(&'static str, Duration, Session)> {
    let soon = Duration::from_millis(200);
    let later = Duration::from_secs(2);
    vec![
        ("socket: a wall", soon, socket::wall),
        ("socket: live", soon, socket::live),
        ("socket: live too", soon, socket::live),
        ("socket: H.265 as H.264", soon, socket::converted),
        ("socket: with sound", soon, socket::heard),
        ("socket: past", later, socket::past),
        ("WHEP", soon, whep::pictures),
        ("WHEP with sound", soon, whep::heard),
        ("LL-HLS by parts", soon, parts),
        ("HLS in ffmpeg", soon, players::hls),
        ("RTSP, RTSPS in ffmpeg", soon, players::rtsp),
        ("RTSP in a recorder", soon, players::recorder),
        (SLOW, soon, players::slow),
        ("thumbnails", later, thumbnails),
        ("export", export_every, export),
        ("sign-in, tree, timelines", later, desk),
    ]
}

/// Begins them all.
pub(crate) fn begin(
    stage: &Arc<Stage>,
    export_every: Duration,
) -> anyhow::Result<Vec<JoinHandle<()>>> {
    let begin = |(way, pause, session): (&'static str, Duration, Session)| {
        let stage = stage.clone();
        let run = move || {
            let mut dice = Dice::of(way);
            while !stage.is_over() {
                let came = session(&stage, &mut dice);
                if let Err(error) = &came {
                    println!("{way}: {error:#}");
                }
                stage.tally.note(way, came);
                stage.rest(pause);
            }
        };
        Builder::new().name(way.to_owned()).spawn(run).context("no thread can be begun")
    };
    all(export_every).into_iter().map(begin).collect()
}

/// LL-HLS as its players fetch it: each part when the playlist hints at it.
fn parts(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    let eye = stage.camera(dice, |_| true);
    let role = ["main", "sub"][dice.within(0..=1) as usize];
    let body = json!({ "token": stage.token(eye, &["live"])?, "role": role });
    let (opened, _) = stage.operator.ask_for_cookie("hls", body)?;
    let (id, url) = (text(&opened["id"])?, text(&opened["url"])?);
    let folder = url.strip_suffix("index.m3u8").context("a playlist")?;
    let get = |name: &str| stage.operator.download(&format!("{folder}{name}"));
    let read = |name: &str| -> anyhow::Result<String> { Ok(String::from_utf8(get(name)?)?) };
    read("index.m3u8")?;
    let mut playlist = read("video.m3u8")?;
    // What is there already is left out, but for the latest part.
    let mut next = listed(&playlist).last().map(str::to_owned);
    let until = Instant::now() + Duration::from_secs(stage.session_s(dice));
    let mut row = Row::default();
    while Instant::now() < until {
        let hint = playlist.rsplit_once("URI=\"").context("a hint")?.1;
        let hint = hint.split('"').next().unwrap_or_default().to_owned();
        let from = next.as_deref().unwrap_or(&hint);
        let numbers = hint.trim_start_matches("video-").trim_end_matches(".m4s");
        let (msn, part) = numbers.split_once('.').with_context(|| hint.clone())?;
        playlist = read(&format!("video.m3u8?_HLS_msn={msn}&_HLS_part={part}"))?;
        // Who was kept waiting himself finds more than the one that was hinted at.
        let new: Vec<&str> = listed(&playlist).skip_while(|name| *name != from).collect();
        anyhow::ensure!(!new.is_empty(), "{} {role}: no {from} in {playlist}", eye.name);
        for name in new {
            row.fragment(&get(name)?).with_context(|| format!("{} {role}: {name}", eye.name))?;
        }
        // What was hinted at as this playlist was made comes next.
        next = None;
    }
    stage.operator.ask("DELETE", &format!("hls/{id}"), None)?.ok()?;
    Ok(Outcome::Brought(row.frames))
}

/// Yields the parts that a playlist has.
fn listed(playlist: &str) -> impl Iterator<Item = &str> {
    let parts = playlist.lines().filter(|line| line.starts_with("#EXT-X-PART:"));
    parts.filter_map(|line| line.split_once("URI=\"")?.1.split('"').next())
}

/// Some small pictures along the last while, as a timeline shows them.
pub(crate) fn thumbnails(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    let eye = stage.camera(dice, |_| true);
    let bearer = format!("Bearer {}", stage.token(eye, &["playback"])?);
    let count = dice.within(3..=8);
    for _ in 0..count {
        let at_us = now_us() - dice.within(5..=stage.look_back_s()) as i64 * 1_000_000;
        let height = [90, 180, 360][dice.within(0..=2) as usize];
        let path = format!("/api/v1/cameras/{}/thumbnail?at_us={at_us}&height={height}", eye.id);
        let headers = [("authorization", bearer.as_str())];
        let mut answer = stage.operator.request("GET", &path, &headers, None)?;
        let (status, bytes) = (answer.status(), answer.body_mut().read_to_vec()?);
        let words = String::from_utf8_lossy(&bytes);
        anyhow::ensure!(status == 200, "{} at {at_us}: {status}: {words}", eye.name);
        anyhow::ensure!(bytes.starts_with(&[0xff, 0xd8]), "{} at {at_us}: no JPEG", eye.name);
    }
    Ok(Outcome::Brought(count))
}

/// Takes out the last while, with sound where there is some.
fn export(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    let eye = stage.camera(dice, |_| true);
    let (to_us, long_us) = (now_us() - 3_000_000, stage.look_back_s() as i64 * 1_000_000);
    let body = json!({
        "camera": eye.id, "role": "main", "from_us": to_us - long_us / 2, "to_us": to_us,
        "purpose": "soak", "case": "12/2026", "sound": eye.sound.is_some(),
    });
    let ask = || stage.operator.ask("POST", "exports", Some(body.clone()));
    let mut answer = ask()?;
    // What is taken out is asked for by whoever confirmed within minutes who they are.
    if answer.json["code"] == "confirm_it_is_you" {
        let proof = json!({ "password": CHOSEN });
        stage.operator.ask("POST", "session/confirm", Some(proof))?.ok()?;
        answer = ask()?;
    }
    if answer.json["code"] == "busy" {
        return Ok(Outcome::Busy);
    }
    let made = answer.ok().with_context(|| eye.name.clone())?;
    let gaps = made["gaps"].as_array().context("an export has gaps")?;
    anyhow::ensure!(gaps.is_empty(), "{}: {made}", eye.name);
    let file = stage.operator.download(&text(&made["url"])?)?;
    let size = made["size_bytes"].as_u64().context("a size")?;
    anyhow::ensure!(file.len() as u64 == size, "{}: {} bytes of {made}", eye.name, file.len());
    Ok(Outcome::Brought(made["frames"].as_u64().context("a number")?))
}

/// Somebody signs in, looks around, and signs out.
fn desk(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    const LOOKS: u64 = 6;
    let mut person = Person::trusting(&stage.address, &stage.ca)?;
    person.sign_in("trucban", CHOSEN)?;
    for _ in 0..LOOKS {
        person.ask("GET", "tree", None)?.ok()?;
        let eye = stage.camera(dice, |_| true);
        let path = format!("cameras/{}/timeline?role=main&{ALWAYS}", eye.id);
        let timeline = person.ask("GET", &path, None)?.ok()?;
        let runs = timeline["runs"].as_array().context("a timeline has runs")?;
        anyhow::ensure!(!runs.is_empty(), "{}: {timeline}", eye.name);
        stage.rest(Duration::from_millis(500));
    }
    person.ask("DELETE", "session", None)?.ok()?;
    Ok(Outcome::Brought(LOOKS))
}
