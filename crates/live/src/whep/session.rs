//! One viewer by WHEP, without a socket and without a clock.
//!
//! ```text
//! offer ──accept──▶ Session ──▶ answer
//!
//! a datagram ─┐                 ┌▶ datagrams
//! the time   ─┼──▶ then drain ──┼▶ when to come again
//! frames     ─┘                 └▶ connected · over
//! ```
//!
//! > After each input comes a whole `drain`, before the next.
//!
//! Frames are taken once it is connected: what comes before cannot be encrypted
//! and would be lost. So whoever feeds it begins to watch then, with the GOP
//! that the hub keeps.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::WallTime;
use media::{Codec, Params};
use str0m::change::SdpOffer;
use str0m::config::{CryptoProvider, DtlsCert};
use str0m::format::{Codec as Format, PayloadParams};
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive, Transmit};
use str0m::rtp::{Extension, RtpWrite};
use str0m::{Candidate, Event, IceConnectionState, IceCreds, Input, Output, Rtc, RtcConfig};

use super::offer::{self, Checked};
use super::pace::Pace;
use super::packets::Payloads;
use super::rhythm::{Rhythm, rtp_time};
use super::{End, Refused};

/// How long a viewer may take from its offer until it is connected.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many packets are kept to be sent again, and how long: a round trip, and
/// a keyframe.
const KEPT_PACKETS: usize = 512;
const KEPT_FOR: Duration = Duration::from_secs(1);

/// The most of what is sent that may be sent again: beyond it a network is not
/// helped by more.
const SENT_AGAIN: f32 = 0.15;

/// The clocks of RTP for pictures and for Opus.
const PICTURES_HZ: u32 = 90_000;
const SOUND_HZ: u32 = 48_000;

/// How far behind a frame may be when sent; more is a clock that was set.
const LONGEST_BEHIND: Duration = Duration::from_secs(10);

/// How often the time may be told without an answer before that is a defect.
const MOST_TURNS: usize = 64;

/// What all sessions of a process share.
pub(crate) struct Setup {
    provider: Arc<CryptoProvider>,
    certificate: DtlsCert,
}

/// One viewer.
pub(crate) struct Session {
    rtc: Rtc,
    accepted: Instant,
    connected: bool,
    pictures: Track,
    /// What the viewer takes of H.264 and H.265.
    formats: Vec<PayloadParams>,
    /// The one that the stream goes by, once it has begun.
    chosen: Option<Pt>,
    sound: Option<(Track, Pt)>,
    /// What the viewer said that it takes.
    candidates: Vec<SocketAddr>,
}

/// One medium as it is sent.
struct Track {
    mid: Mid,
    clock_hz: u32,
    sequence: u64,
    rhythm: Rhythm,
    pace: Pace<Packet>,
}

/// A packet that waits to leave.
#[derive(Debug)]
struct Packet {
    pt: Pt,
    time: u32,
    moment: Instant,
    ends: bool,
    payload: Arc<[u8]>,
}

/// A moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) instant: Instant,
    pub(crate) wall: WallTime,
}

/// A frame as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Sendable {
    pub(crate) wall: WallTime,
    pub(crate) payloads: Payloads,
}

/// How a session is after it was drained.
#[derive(Debug)]
pub(crate) struct Drained {
    /// When it wants to be told the time again.
    pub(crate) next: Instant,
    /// When it has more to send, sooner than that.
    pub(crate) more: Option<Instant>,
    /// Whether it has just been connected.
    pub(crate) connected: bool,
    /// Why it is over, if it is.
    pub(crate) over: Option<End>,
}

impl Setup {
    /// Makes the certificate that viewers verify by the fingerprint in the answer.
    pub(crate) fn new() -> Result<Self, String> {
        let provider = Arc::new(str0m::crypto::from_feature_flags());
        let certificate = provider
            .dtls_provider
            .generate_certificate()
            .ok_or("no certificate for WHEP can be made; the system gives no random bytes")?;
        Ok(Self { provider, certificate })
    }
}

impl Session {
    /// Answers an offer. `credentials` are this session's own, `candidates` where
    /// it may be reached, the first one standing for whatever else arrives.
    pub(crate) fn accept(
        offer: &str,
        setup: &Setup,
        credentials: IceCreds,
        candidates: &[SocketAddr],
        now: Instant,
    ) -> Result<(Self, String), Refused> {
        let Checked { sdp, mids } = offer::checked(offer)?;
        let unreadable = |error: &dyn std::fmt::Display| {
            Refused::Offer(format!("the offer cannot be answered: {error}"))
        };
        let offer = SdpOffer::from_sdp_string(&sdp).map_err(|error| unreadable(&error))?;
        let mut rtc = RtcConfig::new()
            .set_crypto_provider(setup.provider.clone())
            .set_dtls_cert(setup.certificate.clone())
            .set_local_ice_credentials(credentials)
            .set_ice_lite(true)
            // Cut into packets once for all, not in each session.
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_h264(true)
            .enable_h265(true)
            .enable_opus(true, false)
            // Without what asks for a report of each packet: nothing here is
            // paced by it, and reading it costs as much as sending.
            .clear_extension_map()
            .set_extension(4, Extension::RtpMid)
            .build(now);
        for address in candidates {
            let candidate = Candidate::host(*address, "udp").map_err(|error| unreadable(&error))?;
            rtc.add_local_candidate(candidate);
        }
        let answer = rtc.sdp_api().accept_offer(offer).map_err(|error| unreadable(&error))?;
        drain_setup(&mut rtc);
        let first = |kind| {
            let mut mids = mids.iter().map(|mid| Mid::from(mid.as_str()));
            mids.find(|mid| {
                let media = rtc.media(*mid).filter(|media| media.kind() == kind);
                media.is_some_and(|media| {
                    matches!(media.direction(), Direction::SendOnly | Direction::SendRecv)
                })
            })
        };
        let (pictures, sound) = (first(MediaKind::Video), first(MediaKind::Audio));
        let none = || {
            let words = "the offer takes neither H.264 (packetization-mode=1) nor H.265";
            Refused::Unsupported(words.to_owned())
        };
        let mid = pictures.ok_or_else(none)?;
        let formats: Vec<PayloadParams> =
            taken(&rtc, mid).filter(|format| codec(format).is_some()).collect();
        if formats.is_empty() {
            return Err(none());
        }
        let pictures = Track::new(&mut rtc, mid, PICTURES_HZ)?;
        let sound = match sound {
            Some(mid) => {
                let opus = taken(&rtc, mid).find(|format| format.spec().codec == Format::Opus);
                match opus.map(|format| format.pt()) {
                    Some(pt) => Some((Track::new(&mut rtc, mid, SOUND_HZ)?, pt)),
                    None => None,
                }
            }
            None => None,
        };
        let session = Self {
            rtc,
            accepted: now,
            connected: false,
            pictures,
            formats,
            chosen: None,
            sound,
            candidates: candidates.to_vec(),
        };
        Ok((session, answer.to_sdp_string()))
    }

    /// Returns whether the viewer wants sound of the form that is had here.
    pub(crate) fn takes_sound(&self) -> bool {
        self.sound.is_some()
    }

    /// Refuses a stream that cannot go to this viewer, in words.
    pub(crate) fn takes(&self, params: &Params) -> Result<(), String> {
        self.format_for(params).map(drop)
    }

    /// Takes a datagram; returns whether it is of this viewer beyond doubt, a
    /// check that bears the session's secret.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        bytes: &[u8],
        is_check: bool,
    ) -> bool {
        // Whatever the packet was sent to, it came to one of the addresses told.
        let told = self.candidates.iter().find(|told| **told == destination);
        let Some(&destination) = told.or(self.candidates.first()) else { return false };
        let Ok(receive) = Receive::new(Protocol::Udp, source, destination, bytes) else {
            return false;
        };
        let input = Input::Receive(now, receive);
        if is_check && !self.rtc.accepts(&input) {
            return false;
        }
        if let Err(error) = self.rtc.handle_input(input) {
            tracing::debug!(%error, "a datagram of a viewer was of no use");
        }
        true
    }

    /// Takes the time.
    pub(crate) fn tick(&mut self, now: Instant) {
        if let Err(error) = self.rtc.handle_input(Input::Timeout(now)) {
            tracing::debug!(%error, "a viewer's time was of no use");
        }
    }

    /// Begins with pictures of these parameters.
    pub(crate) fn begin(&mut self, params: &Params) -> Result<(), End> {
        self.chosen = Some(self.format_for(params).map_err(End::Unsupported)?);
        Ok(())
    }

    /// Takes frames of pictures, those that `begins` says to follow a beginning.
    pub(crate) fn show(&mut self, frames: &[Sendable], begins: bool, now: Now) {
        if let Some(pt) = self.chosen {
            self.pictures.push(pt, frames, begins, now);
        }
    }

    /// Takes frames of sound.
    pub(crate) fn sound(&mut self, frames: &[Sendable], begins: bool, now: Now) {
        if let Some((track, pt)) = &mut self.sound {
            track.push(*pt, frames, begins, now);
        }
    }

    /// Says farewell; what is to be sent comes with the next drain.
    pub(crate) fn close(&mut self) {
        if let Err(error) = self.rtc.close() {
            tracing::debug!(%error, "a viewer was not told that it is over");
        }
    }

    /// Gives all there is to send, and says how the session is.
    pub(crate) fn drain(&mut self, now: Instant, mut send: impl FnMut(&Transmit)) -> Drained {
        let (mut connected, mut over) = (false, None);
        if self.send(now) {
            // Packets are on their way once the time was told.
            self.tick(now);
        }
        let mut turns = 0;
        let next = loop {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(transmit)) => send(&transmit),
                Ok(Output::Event(Event::Connected)) => {
                    connected = !self.connected;
                    self.connected = true;
                }
                Ok(Output::Event(Event::IceConnectionStateChange(
                    IceConnectionState::Disconnected,
                ))) => over = Some(End::Gone),
                // A keyframe cannot be asked of a camera: the next one answers.
                Ok(Output::Event(_)) => {}
                Ok(Output::Timeout(next)) if next > now || turns == MOST_TURNS => break next,
                Ok(Output::Timeout(_)) => {
                    turns += 1;
                    self.tick(now);
                }
                Err(error) => {
                    over = Some(End::Broken(error.to_string()));
                    break now + PATIENCE;
                }
            }
        };
        if over.is_none() && !self.rtc.is_alive() {
            over = Some(End::Left);
        }
        let until = self.accepted + PATIENCE;
        if self.connected {
            let more = self.pictures.pace.next().filter(|_| over.is_none());
            return Drained { next, more, connected, over };
        }
        if over.is_none() && now >= until {
            over = Some(End::Unconnected);
        }
        Drained { next: next.min(until), more: None, connected, over }
    }

    /// Hands over what may leave by now; returns whether there was any.
    fn send(&mut self, now: Instant) -> bool {
        let pictures = self.pictures.send(&mut self.rtc, now);
        let sound = self.sound.as_mut().is_some_and(|(track, _)| track.send(&mut self.rtc, now));
        pictures || sound
    }

    /// Returns how a stream goes to this viewer.
    fn format_for(&self, params: &Params) -> Result<Pt, String> {
        if params.reorder_depth().is_some_and(|depth| depth > 0) {
            return Err(B_FRAMES.to_owned());
        }
        let all = || self.formats.iter().filter(|format| codec(format) == Some(params.codec));
        let profile = |format: &PayloadParams| {
            let told = format.spec().format.profile_level_id?;
            Some((told >> 16) as u8)
        };
        // A decoder of another profile mostly plays it all the same: browsers
        // announce what they would encode.
        let same = || all().find(|format| profile(format) == params.config.get(1).copied());
        let format = match params.codec {
            Codec::H264 => same().or_else(|| all().next()),
            _ => all().next(),
        };
        format.map(|format| format.pt()).ok_or_else(|| match params.codec {
            Codec::H265 => "the stream is H.265, which the offer does not take; ask for another \
                            role, or for MSE"
                .to_owned(),
            Codec::H264 => "the stream is H.264, which the offer does not take with \
                            packetization-mode=1"
                .to_owned(),
            _ => "the stream has no pictures".to_owned(),
        })
    }
}

/// Why a stream with B-frames does not go by WebRTC.
pub(crate) const B_FRAMES: &str =
    "the stream has B-frames, which WebRTC cannot play; turn them off at the camera, or use MSE";

impl Track {
    fn new(rtc: &mut Rtc, mid: Mid, clock_hz: u32) -> Result<Self, Refused> {
        let mut direct = rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(mid, None) else {
            let words = "the offer asks for several qualities at once, which are not had here";
            return Err(Refused::Offer(words.to_owned()));
        };
        stream.set_rtx_cache(KEPT_PACKETS, KEPT_FOR, Some(SENT_AGAIN));
        drain_setup(rtc);
        let mut random = [0; 2];
        // Where the first number is, nobody relies on (RFC 3550 §5.1: hard to guess).
        let _ = getrandom::fill(&mut random);
        // In the lower half: a receiver learns of the first time that it counts over.
        let sequence = u64::from(u16::from_be_bytes(random) >> 1);
        Ok(Self { mid, clock_hz, sequence, rhythm: Rhythm::default(), pace: Pace::default() })
    }

    /// Takes frames; they leave as the pace allows.
    fn push(&mut self, pt: Pt, frames: &[Sendable], begins: bool, now: Now) {
        let walls: Vec<WallTime> = frames.iter().map(|frame| frame.wall).collect();
        let times = self.rhythm.times(&walls, begins);
        for (frame, time) in frames.iter().zip(times) {
            let behind = u64::try_from(now.wall.micros_since(frame.wall)).unwrap_or(0);
            let behind = Duration::from_micros(behind).min(LONGEST_BEHIND);
            let moment = now.instant.checked_sub(behind).unwrap_or(now.instant);
            let (time, last) =
                (rtp_time(time, self.clock_hz), frame.payloads.len().saturating_sub(1));
            for (number, payload) in frame.payloads.iter().enumerate() {
                // Sound has no end of a frame: each packet is one.
                let ends = number == last && self.clock_hz == PICTURES_HZ;
                let packet = Packet { pt, time, moment, ends, payload: payload.clone() };
                self.pace.push(payload.len(), packet);
            }
        }
    }

    /// Gives what may leave by now; returns whether there was any.
    fn send(&mut self, rtc: &mut Rtc, now: Instant) -> bool {
        self.pace.tick(now);
        let Some(mut packet) = self.pace.pop() else { return false };
        let mut direct = rtc.direct_api();
        let Some(stream) = direct.stream_tx_by_mid(self.mid, None) else { return false };
        loop {
            let Packet { pt, time, moment, ends, payload } = packet;
            let sequence = self.sequence.into();
            self.sequence += 1;
            let write = RtpWrite::new(pt, sequence, time, moment, payload);
            stream.write_rtp(write.marker(ends).nackable(true));
            match self.pace.pop() {
                Some(next) => packet = next,
                None => return true,
            }
        }
    }
}

/// A change before anything is connected has nothing to say but when to come again.
fn drain_setup(rtc: &mut Rtc) {
    while let Ok(Output::Event(_) | Output::Transmit(_)) = rtc.poll_output() {}
}

/// Yields what the viewer takes for a medium.
fn taken(rtc: &Rtc, mid: Mid) -> impl Iterator<Item = PayloadParams> {
    let theirs: Vec<Pt> =
        rtc.media(mid).map(|media| media.remote_pts().to_vec()).unwrap_or_default();
    let all: Vec<PayloadParams> = rtc.codec_config().params().to_vec();
    theirs.into_iter().filter_map(move |pt| all.iter().find(|format| format.pt() == pt).copied())
}

/// Returns the codec that a format is of, if it can be sent.
fn codec(format: &PayloadParams) -> Option<Codec> {
    let spec = format.spec();
    match spec.codec {
        // Parts of a unit need this mode (RFC 6184 §6.3).
        Format::H264 => (spec.format.packetization_mode == Some(1)).then_some(Codec::H264),
        Format::H265 => Some(Codec::H265),
        _ => None,
    }
}
