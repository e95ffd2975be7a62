//! Who watches by the media socket: live, converted, heard, and the past.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use e2e::socket::{Socket, Told};
use e2e::wait::PATIENCE;
use serde_json::{Value, json};
use simcam::sound::SoundCodec;

use crate::cast::{Eye, Kind};
use crate::stage::{Dice, Stage, now_us};
use crate::tally::{Outcome, Row};

/// How often a token is renewed that is good for five minutes.
const RENEW: Duration = Duration::from_secs(100);

/// A channel that was opened, and what came on it.
struct Channel<'a> {
    eye: &'a Eye,
    actions: &'a [&'a str],
    number: Option<u32>,
    row: Row,
    /// What was converted bears no stamps.
    is_stamped: bool,
    pieces: u64,
}

/// Opens some live channels on one socket, and plays them.
fn play(
    stage: &Stage,
    mut channels: Vec<(Channel<'_>, Value)>,
    is_over: impl Fn() -> bool,
) -> anyhow::Result<Outcome> {
    let mut socket = Socket::open(&stage.operator)?;
    for (reference, (channel, op)) in channels.iter_mut().enumerate() {
        op["token"] = stage.token(channel.eye, channel.actions)?.into();
        op["ref"] = reference.to_string().into();
        op["op"] = "live".into();
        socket.say(op)?;
    }
    let (began, mut renewed) = (Instant::now(), Instant::now());
    let mut by_number = HashMap::new();
    // However short a session is, it sees something: on a busy machine what is converted
    // may begin later than that.
    let owes = |channels: &[(Channel<'_>, Value)]| {
        let waits = channels.iter().any(|(channel, _)| channel.pieces == 0);
        waits && began.elapsed() < PATIENCE
    };
    while !is_over() || owes(&channels) {
        if renewed.elapsed() > RENEW {
            renewed = Instant::now();
            for (channel, _) in &channels {
                let token = stage.token(channel.eye, channel.actions)?;
                socket.say(&json!({ "op": "renew", "channel": channel.number, "token": token }))?;
            }
        }
        match socket.hear()?.context("the server closed the socket")? {
            Told::Event(event) => match event["type"].as_str() {
                Some("opened") => {
                    let index: usize = event["ref"].as_str().context("a reference")?.parse()?;
                    let number = event["channel"].as_u64().context("a number")?.try_into()?;
                    channels[index].0.number = Some(number);
                    by_number.insert(number, index);
                }
                Some("init" | "pong") => {}
                // What is converted is not there before it is asked for.
                Some("state") if event["state"] == "live" || event["state"] == "no_data" => {}
                // The budget may be used up at once, or once its camera has said what it is.
                Some("refused") if event["code"] == "busy" => return Ok(Outcome::Busy),
                Some("end") if event["reason"] == "busy" => return Ok(Outcome::Busy),
                _ => bail!("{event}"),
            },
            Told::Piece { kind: 1, .. } => {}
            Told::Piece { channel, bytes, .. } => {
                let index = by_number.get(&channel).context("a channel that was not opened")?;
                let channel = &mut channels[*index].0;
                channel.pieces += 1;
                if channel.is_stamped {
                    let told = || format!("{} {:?}", channel.eye.name, channel.eye.kind);
                    channel.row.fragment(&bytes).with_context(told)?;
                }
            }
        }
    }
    for (channel, op) in &channels {
        anyhow::ensure!(channel.pieces > 0, "{} brought nothing: {op}", channel.eye.name);
    }
    Ok(Outcome::Brought(channels.iter().map(|(channel, _)| channel.pieces).sum()))
}

fn channel<'a>(eye: &'a Eye, actions: &'a [&'a str], is_stamped: bool) -> Channel<'a> {
    Channel { eye, actions, number: None, row: Row::default(), is_stamped, pieces: 0 }
}

/// Tiles of a wall: some cameras, large or small, on one socket.
pub(crate) fn live(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    let mut channels: Vec<(Channel<'_>, Value)> = Vec::new();
    for _ in 0..dice.within(1..=4) {
        let eye = stage.camera(dice, |_| true);
        // Asked for again, a channel would begin again.
        if channels.iter().all(|(other, _)| other.eye.id != eye.id) {
            let role = ["main", "sub"][dice.within(0..=1) as usize];
            channels.push((channel(eye, &["live"], true), json!({ "role": role })));
        }
    }
    let until = Instant::now() + Duration::from_secs(stage.session_s(dice));
    play(stage, channels, || Instant::now() > until)
}

/// A wall that nobody leaves: sixteen cameras from beginning to end, tokens renewed.
pub(crate) fn wall(stage: &Stage, _: &mut Dice) -> anyhow::Result<Outcome> {
    let last = stage.cameras.iter().rev().take(16);
    let channels = last.map(|eye| (channel(eye, &["live"], true), json!({ "role": "sub" })));
    play(stage, channels.collect(), || stage.is_over())
}

/// H.265 in a browser that cannot play it.
pub(crate) fn converted(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    let eye = stage.camera(dice, |eye| eye.kind == Kind::H265);
    let until = Instant::now() + Duration::from_secs(stage.session_s(dice));
    let op = json!({ "role": "main", "form": "h264" });
    play(stage, vec![(channel(eye, &["live"], false), op)], || Instant::now() > until)
}

/// Pictures and sound; G.711 is converted.
pub(crate) fn heard(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    let is_g711 = dice.within(0..=1) == 0;
    let fits = |eye: &Eye| eye.sound.is_some_and(|codec| (codec == SoundCodec::Aac) != is_g711);
    let eye = stage.camera(dice, fits);
    let until = Instant::now() + Duration::from_secs(stage.session_s(dice));
    let actions = &["live", "sound"];
    let channels = vec![
        (channel(eye, actions, true), json!({ "role": "main" })),
        (channel(eye, actions, false), json!({ "role": "sound", "form": "aac" })),
    ];
    play(stage, channels, || Instant::now() > until)
}

/// Looks back a little, and plays until the present or long enough.
pub(crate) fn past(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    /// GOPs that are enough.
    const ENOUGH: u64 = 20;
    let eye = stage.camera(dice, |_| true);
    let role = ["main", "sub"][dice.within(0..=1) as usize];
    let token = stage.token(eye, &["playback"])?;
    let mut socket = Socket::open(&stage.operator)?;
    let from_us = now_us() - dice.within(5..=stage.look_back_s()) as i64 * 1_000_000;
    socket.say(&json!({
        "op": "past", "ref": "p", "token": token, "role": role, "from_us": from_us, "credit": 4,
    }))?;
    let (mut row, mut pieces) = (Row::default(), 0);
    while pieces < ENOUGH {
        match socket.hear()?.context("the server closed the socket")? {
            Told::Piece { kind: 3, channel, bytes, .. } => {
                row.fragment(&bytes).with_context(|| format!("{} {role}", eye.name))?;
                pieces += 1;
                socket.say(&json!({ "op": "credit", "channel": channel, "fragments": 1 }))?;
            }
            Told::Piece { .. } => {}
            Told::Event(event) => match event["type"].as_str() {
                Some("opened" | "init") => {}
                Some("end") if event["reason"] == "caught_up" => break,
                _ => bail!("{} {role} from {from_us}: {event}", eye.name),
            },
        }
    }
    Ok(Outcome::Brought(row.frames))
}
