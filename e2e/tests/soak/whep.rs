//! Who watches by WHEP: str0m as a browser would be, pictures and sound.

use std::io::ErrorKind::{TimedOut, WouldBlock};
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use str0m::change::SdpAnswer;
use str0m::media::{Direction, MediaKind};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

use crate::cast::{Eye, Kind};
use crate::stage::{Dice, Stage};
use crate::tally::{Outcome, Row};

/// Pictures alone, of a main stream or a sub-stream.
pub(crate) fn pictures(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    let eye = stage.camera(dice, goes);
    let role = ["main", "sub"][dice.within(0..=1) as usize];
    watch(stage, eye, role, false, stage.session_s(dice))
}

/// Pictures with sound, which goes as Opus.
pub(crate) fn heard(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    let eye = stage.camera(dice, |eye| goes(eye) && eye.sound.is_some());
    watch(stage, eye, "main", true, stage.session_s(dice))
}

/// Whether a camera's streams can go this way.
fn goes(eye: &Eye) -> bool {
    matches!(eye.kind, Kind::Scene | Kind::Small)
}

fn watch(
    stage: &Stage,
    eye: &Eye,
    role: &str,
    with_sound: bool,
    seconds: u64,
) -> anyhow::Result<Outcome> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let provider = Arc::new(str0m::crypto::from_feature_flags());
    let mut rtc = RtcConfig::new().set_crypto_provider(provider).build(Instant::now());
    rtc.add_local_candidate(Candidate::host(socket.local_addr()?, "udp")?);
    let mut change = rtc.sdp_api();
    change.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
    if with_sound {
        change.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
    }
    let (offer, pending) = change.apply().context("a medium is a change")?;
    let actions: &[&str] = if with_sound { &["live", "sound"] } else { &["live"] };
    let bearer = format!("Bearer {}", stage.token(eye, actions)?);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/sdp")];
    let path = format!("/api/v1/whep?role={role}");
    let mut answer =
        stage.operator.request("POST", &path, &headers, Some(offer.to_sdp_string()))?;
    let location = answer.headers().get("location").map(|place| place.to_str().map(str::to_owned));
    let sdp = answer.body_mut().read_to_string()?;
    anyhow::ensure!(answer.status() == 201, "{}: {sdp}", eye.name);
    rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&sdp)?)?;
    let (row, sounds) = play(rtc, &socket, Duration::from_secs(seconds))
        .with_context(|| format!("{} {role}", eye.name))?;
    let location = location.context("an answer says where it is ended")??;
    let ended = stage.operator.request("DELETE", &location, &headers[..1], None)?;
    anyhow::ensure!(ended.status() == 200, "{}: ended with {}", eye.name, ended.status());
    anyhow::ensure!(!with_sound || sounds > 0, "{} is silent", eye.name);
    Ok(Outcome::Missed { brought: row.frames, missed: row.missed })
}

/// Plays for so long; returns the pictures, and how many sounds came.
fn play(mut rtc: Rtc, socket: &UdpSocket, time: Duration) -> anyhow::Result<(Row, u64)> {
    let own = socket.local_addr()?;
    let until = Instant::now() + time;
    let (mut row, mut sounds, mut buffer) = (Row::default(), 0, [0; 2000]);
    while Instant::now() < until {
        let next = match rtc.poll_output()? {
            Output::Timeout(next) => next,
            Output::Transmit(transmit) => {
                socket.send_to(&transmit.contents, transmit.destination)?;
                continue;
            }
            Output::Event(Event::MediaData(media)) => {
                if media.params.spec().codec.is_audio() {
                    sounds += 1;
                } else {
                    // On a busy machine packets find the player's buffer full. What the
                    // server leaves out itself leaves no hole in their numbers.
                    row.may_skip = !media.contiguous;
                    row.annex_b(&media.data)?;
                }
                continue;
            }
            Output::Event(_) => continue,
        };
        let wait = next.saturating_duration_since(Instant::now()).min(Duration::from_millis(200));
        socket.set_read_timeout(Some(wait.max(Duration::from_millis(1))))?;
        match socket.recv_from(&mut buffer) {
            Ok((length, source)) => {
                let receive = Receive::new(Protocol::Udp, source, own, &buffer[..length])?;
                rtc.handle_input(Input::Receive(Instant::now(), receive))?;
            }
            Err(error) if matches!(error.kind(), TimedOut | WouldBlock) => {
                rtc.handle_input(Input::Timeout(Instant::now()))?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok((row, sounds))
}
