//! One viewer by WHEP, without a socket and without a clock.
//!
//! ```text
//! offer ──accept──▶ Session ──▶ answer
//!
//! a datagram ─┐            ┌ str0m: SDP, ICE, DTLS, what comes  ┐    ┌▶ datagrams
//! the time   ─┼─▶ drain ──▶│ way, keys, what is missed ▼        ├───▶┼▶ when to come again
//! frames     ─┘            └ Track: RTP and its reports, sealed ┘    └▶ connected · over
//! ```
//!
//! str0m would send packets, too, one by one, each asked for through all that it does; what
//! leaves here is written where it is sent from (docs/design/0009).
//!
//! > After each input comes a whole `drain`, before the next.
//!
//! Frames are taken once it is connected: what comes before cannot be encrypted
//! and would be lost. So whoever feeds it begins to watch then, with the GOP
//! that the hub keeps.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{Codec, Params};
use str0m::change::SdpOffer;
use str0m::config::{CryptoProvider, DtlsCert};
use str0m::format::{Codec as Format, PayloadParams};
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::rtcp::Rtcp;
use str0m::rtp::{Extension, RawPacket};
use str0m::{Candidate, Event, IceConnectionState, IceCreds, Input, Output, Rtc, RtcConfig};

use super::keys::{self, Keys};
use super::now::Now;
use super::offer::{self, Checked};
use super::srtp::Sealer;
use super::track::{Sendable, Sink, Track, Types};
use super::{End, Refused};

/// How long a viewer may take from its offer until it is connected.
const PATIENCE: Duration = Duration::from_secs(20);

/// The clocks of RTP for pictures and for Opus.
const PICTURES_HZ: u32 = 90_000;
const SOUND_HZ: u32 = 48_000;

/// How often the time may be told without an answer before that is a defect.
const MOST_TURNS: usize = 64;

/// Reports are ours ([`Track`]): str0m, which knows of no packet, has none to make.
const NEVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// What all sessions of a process share.
pub(crate) struct Setup {
    provider: Arc<CryptoProvider>,
    certificate: DtlsCert,
}

/// One viewer.
pub(crate) struct Session {
    rtc: Rtc,
    keys: Keys,
    /// From when it is connected on.
    sealer: Option<Sealer>,
    /// The way that pictures go.
    way: Option<Way>,
    /// The way that a check came which nominates it, until it is answered.
    nominated: Option<Way>,
    /// Whether something came that str0m may have an answer to.
    stirred: bool,
    /// When str0m wants to be told the time.
    next: Instant,
    accepted: Instant,
    connected: bool,
    leaving: bool,
    pictures: Track,
    /// What the viewer takes of H.264 and H.265.
    formats: Vec<PayloadParams>,
    /// How the stream goes, once it has begun.
    chosen: Option<Types>,
    sound: Option<(Track, Types)>,
    /// What the viewer said that it takes.
    candidates: Vec<SocketAddr>,
}

/// What a datagram is to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A check of the way between us and the viewer; the viewer may say by it that this is
    /// the way to go from now on.
    Check { nominates: bool },
    /// DTLS, or what the viewer says of media.
    Media,
}

/// From which of our addresses to which of the viewer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
}

/// Gives where datagrams of a way go.
pub(crate) trait Out {
    fn by(&mut self, way: Way) -> impl Sink;
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
        let provider = Arc::new(keys::provider());
        let certificate = provider
            .dtls_provider
            .generate_certificate()
            .ok_or("no certificate for WHEP can be made; the system gives no random bytes")?;
        Ok(Self { provider, certificate })
    }

    fn config(&self, credentials: IceCreds) -> RtcConfig {
        RtcConfig::new()
            .set_crypto_provider(self.provider.clone())
            .set_dtls_cert(self.certificate.clone())
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
            .set_rtcp_report_interval_video(NEVER)
            .set_rtcp_report_interval_audio(NEVER)
            // Which packets the viewer misses is told by these, where it is by those.
            .enable_raw_packets(true)
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
        let (mut rtc, keys) = Keys::of(|| setup.config(credentials).build(now));
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
        let pictures = track(&mut rtc, mid, PICTURES_HZ)?;
        let opus = |mid: &Mid| {
            let mut taken = taken(&rtc, *mid);
            taken.find(|format| format.spec().codec == Format::Opus)
        };
        let sound = match sound.and_then(|mid| Some((mid, opus(&mid)?))) {
            Some((mid, opus)) => Some((track(&mut rtc, mid, SOUND_HZ)?, types(&opus))),
            None => None,
        };
        drain_setup(&mut rtc);
        let session = Self {
            rtc,
            keys,
            sealer: None,
            way: None,
            nominated: None,
            stirred: true,
            next: now,
            accepted: now,
            connected: false,
            leaving: false,
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
        kind: Kind,
    ) -> bool {
        // Whatever the packet was sent to, it came to one of the addresses told.
        let told = self.candidates.iter().find(|told| **told == destination);
        let Some(&destination) = told.or(self.candidates.first()) else { return false };
        let Ok(receive) = Receive::new(Protocol::Udp, source, destination, bytes) else {
            return false;
        };
        let input = Input::Receive(now, receive);
        if matches!(kind, Kind::Check { .. }) && !self.rtc.accepts(&input) {
            return false;
        }
        if kind == (Kind::Check { nominates: true }) {
            self.nominated = Some(Way { source: destination, destination: source });
        }
        self.stirred = true;
        if let Err(error) = self.rtc.handle_input(input) {
            tracing::debug!(%error, "a datagram of a viewer was of no use");
        }
        true
    }

    /// Tells str0m the time.
    fn tick(&mut self, now: Instant) {
        self.stirred = true;
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
        if let Some(types) = self.chosen {
            self.pictures.push(types, frames, begins, true, now);
        }
    }

    /// Takes frames of sound.
    pub(crate) fn sound(&mut self, frames: &[Sendable], begins: bool, now: Now) {
        if let Some((track, types)) = &mut self.sound {
            // Sound has no end of a frame: each packet is one.
            track.push(*types, frames, begins, false, now);
        }
    }

    /// Says farewell; what is to be sent comes with the next drain.
    pub(crate) fn close(&mut self) {
        self.leaving = true;
        self.stirred = true;
        if let Err(error) = self.rtc.close() {
            tracing::debug!(%error, "a viewer was not told that it is over");
        }
    }

    /// Gives all there is to send by `now`, and says how the session is.
    pub(crate) fn drain(&mut self, now: Instant, out: &mut impl Out) -> Drained {
        let (mut connected, mut over) = (false, None);
        if self.leaving {
            // With the keys, before they are said to be of no use any more.
            self.send_reports(now, out, |track, now| track.goodbye(now));
        }
        if now >= self.next {
            self.tick(now);
        }
        if std::mem::take(&mut self.stirred) {
            (connected, over) = self.poll(now, out);
        }
        if over.is_none() && !self.rtc.is_alive() {
            over = Some(End::Left);
        }
        if self.connected {
            if !self.leaving {
                self.send(now, out);
            }
            let more = self.pictures.next().filter(|_| over.is_none());
            return Drained { next: self.next, more, connected, over };
        }
        let until = self.accepted + PATIENCE;
        if over.is_none() && now >= until {
            over = Some(End::Unconnected);
        }
        Drained { next: self.next.min(until), more: None, connected, over }
    }

    /// Does what str0m has to do; returns whether it is connected just now, and why it is
    /// over, if it is.
    fn poll(&mut self, now: Instant, out: &mut impl Out) -> (bool, Option<End>) {
        let (mut connected, mut over) = (false, None);
        let mut turns = 0;
        self.next = loop {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(transmit)) => {
                    let (source, destination) = (transmit.source, transmit.destination);
                    let (way, bytes) = (Way { source, destination }, &transmit.contents[..]);
                    // By its first byte (RFC 7983).
                    match bytes.first() {
                        // DTLS goes the way that will be connected.
                        Some(20..=63) if !self.connected => self.way = Some(way),
                        // RTCP of ours goes from elsewhere, and all of one counter: what
                        // str0m would send counts by another, with the same keys.
                        Some(128..=191) => continue,
                        _ if is_answer(bytes) && self.nominated == Some(way) => {
                            self.way = Some(way);
                        }
                        _ => {}
                    }
                    out.by(way).put(bytes.len(), |out| {
                        out.extend_from_slice(bytes);
                        true
                    });
                }
                Ok(Output::Event(Event::Connected)) => {
                    connected = !self.connected;
                    self.connected = true;
                    self.sealer = self.keys.take().as_ref().and_then(Sealer::new);
                    if self.sealer.is_none() {
                        over = Some(End::Broken("DTLS gave no keys for SRTP".to_owned()));
                    }
                }
                Ok(Output::Event(Event::IceConnectionStateChange(
                    IceConnectionState::Disconnected,
                ))) => over = Some(End::Gone),
                Ok(Output::Event(Event::RawPacket(packet))) => self.hear(&packet),
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
        // What it was told on the way is done with.
        (self.stirred, self.nominated) = (false, None);
        (connected, over)
    }

    /// Takes what a viewer says of what it received.
    fn hear(&mut self, packet: &RawPacket) {
        let RawPacket::RtcpRx(Rtcp::Nack(nack)) = packet else { return };
        let mut tracks = tracks(&mut self.pictures, &mut self.sound);
        let Some(track) = tracks.find(|track| track.ssrc() == *nack.ssrc) else { return };
        for entry in nack.reports.iter() {
            // The first one, and which of the sixteen after it (RFC 4585 §6.2.1).
            let others = (0..16).filter(|bit| entry.blp >> bit & 1 == 1);
            let others = others.map(|bit| entry.pid.wrapping_add(bit + 1));
            track.missed([entry.pid].into_iter().chain(others));
        }
    }

    /// Sends what may leave by now.
    fn send(&mut self, now: Instant, out: &mut impl Out) {
        let (Some(sealer), Some(way)) = (&self.sealer, self.way) else { return };
        {
            let mut sink = out.by(way);
            for track in tracks(&mut self.pictures, &mut self.sound) {
                track.send(now, sealer, &mut sink);
            }
        }
        self.send_reports(now, out, Track::report);
    }

    fn send_reports(
        &mut self,
        now: Instant,
        out: &mut impl Out,
        of: impl Fn(&mut Track, Instant) -> Option<Vec<u8>>,
    ) {
        let (Some(sealer), Some(way)) = (&mut self.sealer, self.way) else { return };
        for track in tracks(&mut self.pictures, &mut self.sound) {
            let report = of(track, now).and_then(|report| sealer.rtcp(report));
            if let Some(report) = report {
                out.by(way).put(report.len(), |out| {
                    out.extend_from_slice(&report);
                    true
                });
            }
        }
    }

    /// Returns how a stream goes to this viewer.
    fn format_for(&self, params: &Params) -> Result<Types, String> {
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
        format.map(types).ok_or_else(|| match params.codec {
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

/// Makes what sends a medium by the sources that the answer names.
fn track(rtc: &mut Rtc, mid: Mid, clock_hz: u32) -> Result<Track, Refused> {
    let media = rtc.media(mid);
    let number = media.and_then(|media| media.remote_extmap().id_of(Extension::RtpMid));
    let cname = media.map_or_else(String::new, |media| media.cname().to_owned());
    let mut direct = rtc.direct_api();
    let Some(stream) = direct.stream_tx_by_mid(mid, None) else {
        let words = "the offer asks for several qualities at once, which are not had here";
        return Err(Refused::Offer(words.to_owned()));
    };
    let (ssrc, again) = (*stream.ssrc(), stream.rtx().map(|ssrc| *ssrc));
    let name = mid.to_string();
    let name = number.map(|number| (number, name.as_str()));
    Ok(Track::new(clock_hz, ssrc, again, name, &cname))
}

/// Yields what is sent to a viewer.
fn tracks<'a>(
    pictures: &'a mut Track,
    sound: &'a mut Option<(Track, Types)>,
) -> impl Iterator<Item = &'a mut Track> {
    std::iter::once(pictures).chain(sound.as_mut().map(|(track, _)| track))
}

/// Whether a datagram says that a check was right (RFC 8489 §5).
fn is_answer(bytes: &[u8]) -> bool {
    bytes.starts_with(&[1, 1])
}

/// Returns how the payloads of a format are called.
fn types(format: &PayloadParams) -> Types {
    Types { media: *format.pt(), again: format.resend().map(|pt| *pt) }
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
