//! From an address to a session that plays: which of a camera's tracks are
//! fetched, and by which way.
//!
//! ```text
//! connect (TLS) ─ DESCRIBE ─┬─ SETUP pictures ─ PLAY      TCP, or UDP where that is
//!                           └─ SETUP sound                 wanted or TCP refused (461)
//!                              only if it is asked for
//! ```
//!
//! Each step has its limit, and what goes wrong in it becomes a fault. What
//! comes once it plays is `connection`'s.

use std::future::poll_fn;

use base::{Switch, Transport};
use credentials::Digest;
use media::Codec;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::classify::{
    answers_badly, by_status, describes_badly, does_not_answer, not_connected, not_reached,
};
use crate::connection::Limits;
use crate::fault::{Fault, FaultKind};
use crate::rtsp::address::Addresses;
use crate::rtsp::caller::{Caller, Method};
use crate::rtsp::description::{Description, Offer};
use crate::rtsp::message::Response;
use crate::rtsp::pictures::Pictures;
use crate::rtsp::sets::Sets;
use crate::rtsp::sound::Sounds;
use crate::rtsp::transport;
use crate::rtsp::wire::{Broken, Came, Stream, Wire};
use crate::rtsp::{Pair, Socket, room};
use crate::source::Source;
use crate::tls;

/// What cameras send before PLAY is answered is kept for it, up to so many bytes.
const MOST_EARLY: usize = 4 << 20;
/// The status of a way that a camera does not go.
const UNSUPPORTED_TRANSPORT: u16 = 461;

/// A session that plays.
pub(crate) struct Playing {
    pub(crate) wire: Wire,
    pub(crate) caller: Caller,
    /// By which address all tracks are asked for.
    pub(crate) address: String,
    pub(crate) pictures: Fetched<Pictures>,
    /// Only where it was asked for and is of a codec that is recorded.
    pub(crate) sound: Option<Fetched<Sounds>>,
    /// The codec of the sound that the camera has, as it names it, whether it is
    /// fetched or not.
    pub(crate) offers_sound: Option<String>,
    /// By which way it comes.
    pub(crate) way: Transport,
    /// The certificate that the camera showed, where the connection is TLS.
    pub(crate) certificate: Option<Digest>,
    /// What came before PLAY was answered, by channel.
    pub(crate) early: Vec<(u8, Vec<u8>)>,
}

/// A track that is fetched.
pub(crate) struct Fetched<T> {
    pub(crate) form: T,
    /// Where its packets come; reports come on the next.
    pub(crate) channel: u8,
    pub(crate) rate_hz: u32,
}

/// Connects to a camera and has it play.
pub(crate) async fn play(source: &Source, limits: &Limits) -> Result<Playing, Fault> {
    source.check()?;
    let authority = source.authority();
    let (stream, certificate) = connect(source, limits).await?;
    let mut setting_up = SettingUp {
        wire: Wire::new(stream),
        caller: Caller::new(source.credentials.clone()),
        early: Vec::new(),
        early_bytes: 0,
        channels: 0,
        source,
        limits,
    };
    let (offers, addresses) = setting_up.describe().await?;
    let (picture_offer, pictures) = pictures(&offers.tracks, &authority)?;
    let audio = offers.tracks.iter().find(|offer| offer.kind == "audio");
    let offers_sound = audio.map(|offer| offer.coding.clone());
    let wanted = if source.sound { sound(&offers.tracks) } else { None };

    let track = addresses.track(picture_offer.control.as_deref());
    let (channel, way) = setting_up.setup(track.as_str(), source.link.transport).await?;
    let pictures = Fetched { form: pictures, channel, rate_hz: picture_offer.rate_hz };
    let asked_for_sound = wanted.is_some();
    let sound = match wanted {
        None => None,
        Some((offer, form)) => {
            let track = addresses.track(offer.control.as_deref());
            match setting_up.setup(track.as_str(), way).await {
                Ok((channel, _)) => Some(Fetched { form, channel, rate_hz: offer.rate_hz }),
                // Pictures are worth more than pictures and sound, or nothing.
                Err(fault) => {
                    tracing::warn!(camera = authority, "its sound cannot be fetched: {fault}");
                    None
                }
            }
        }
    };
    let address = String::from(addresses.all);
    let played = setting_up.ask(Method::Play, &address, &[("Range", "npt=0.000-")]).await;
    played.map_err(|fault| fault.after_sound(asked_for_sound))?;
    let SettingUp { wire, caller, early, .. } = setting_up;
    Ok(Playing { wire, caller, address, pictures, sound, offers_sound, way, certificate, early })
}

async fn connect(source: &Source, limits: &Limits) -> Result<(Stream, Option<Digest>), Fault> {
    let authority = source.authority();
    let connecting = TcpStream::connect((source.host(), source.port()));
    let socket = match timeout(limits.connect, connecting).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return Err(not_connected(&authority, error)),
        Err(_) => return Err(not_reached(&authority)),
    };
    // A request is one packet, and nobody waits for a second one.
    let _ = socket.set_nodelay(true);
    if let Err(error) = room::make(&socket) {
        tracing::debug!(%authority, %error, "the connection keeps the room it has");
    }
    let socket = Socket::Here(socket);
    if !source.is_tls() {
        return Ok((Stream::Plain(socket), None));
    }
    let (stream, certificate) = tls::shake_hands(socket, source, limits).await?;
    Ok((Stream::Tls(Box::new(stream)), certificate))
}

/// A session that is on its way.
struct SettingUp<'a> {
    wire: Wire,
    caller: Caller,
    early: Vec<(u8, Vec<u8>)>,
    early_bytes: usize,
    /// Channels that were asked for.
    channels: u8,
    source: &'a Source,
    limits: &'a Limits,
}

impl SettingUp<'_> {
    /// Asks, with a proof of the password if the camera wants one, and returns the answer.
    async fn ask(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<Response, Fault> {
        let mut may_prove = true;
        loop {
            let request = self.caller.request(method, url, headers);
            self.wire.send(request.as_bytes());
            let authority = self.source.authority();
            let Ok(answered) = timeout(self.limits.step, self.answer()).await else {
                return Err(does_not_answer(&authority, method.as_str()));
            };
            let response =
                answered.map_err(|error| answers_badly(&authority, method.as_str(), error))?;
            match response.status {
                401 if may_prove && self.caller.take_challenge(&response) => may_prove = false,
                200..300 => {
                    self.caller.note_session(&response);
                    return Ok(response);
                }
                status => return Err(by_status(status, self.source)),
            }
        }
    }

    /// Waits for the answer to what was asked; what else comes is kept.
    async fn answer(&mut self) -> Result<Response, Broken> {
        let mut answer = None;
        loop {
            let Self { wire, early, early_bytes, .. } = self;
            let polled = poll_fn(|context| {
                wire.poll(context, &mut |came| match came {
                    // What is only on its way (1xx) is no answer.
                    Came::Response(response) if response.status >= 200 => {
                        answer.get_or_insert(response);
                    }
                    Came::Response(_) => {}
                    Came::Packet { channel, bytes } => {
                        if *early_bytes + bytes.len() <= MOST_EARLY {
                            *early_bytes += bytes.len();
                            early.push((channel, bytes.to_vec()));
                        }
                    }
                })
            });
            let polled = polled.await;
            if let Some(answer) = answer.take() {
                return Ok(answer);
            }
            polled?;
        }
    }

    async fn describe(&mut self) -> Result<(Description, Addresses), Fault> {
        let url = &self.source.url;
        let accept = [("Accept", "application/sdp")];
        let described = self.ask(Method::Describe, url.as_str(), &accept).await?;
        let description = Description::read(&described.body)
            .map_err(|error| describes_badly(&self.source.authority(), error))?;
        let addresses = Addresses::new(url, &described, description.control.as_deref());
        Ok((description, addresses))
    }

    /// Sets a track up; returns the channel that stands for it, and the way it goes.
    async fn setup(&mut self, url: &str, wanted: Transport) -> Result<(u8, Transport), Fault> {
        let ways = match wanted {
            Transport::Auto if self.source.is_tls() => &[Transport::Tcp][..],
            Transport::Auto => &[Transport::Tcp, Transport::Udp][..],
            Transport::Tcp => &[Transport::Tcp][..],
            Transport::Udp => &[Transport::Udp][..],
        };
        let mut refusal = None;
        for &way in ways {
            let set_up = match way {
                Transport::Udp => self.setup_by_udp(url).await,
                _ => self.setup_over_tcp(url).await,
            };
            match set_up {
                Ok(channel) => return Ok((channel, way)),
                Err(fault) => {
                    let goes_on = fault.status == Some(UNSUPPORTED_TRANSPORT);
                    // The first refusal is of the way that was meant.
                    refusal.get_or_insert(fault);
                    if !goes_on {
                        break;
                    }
                }
            }
        }
        Err(refusal.unwrap_or_else(|| does_not_answer(&self.source.authority(), "SETUP")))
    }

    async fn setup_over_tcp(&mut self, url: &str) -> Result<u8, Fault> {
        // A camera that sends sound as well has it behind the pictures.
        let channel = self.channels;
        let wanted = format!("RTP/AVP/TCP;unicast;interleaved={channel}-{}", channel + 1);
        let answer = self.ask(Method::Setup, url, &[("Transport", &wanted)]).await?;
        let said = transport::Transport::read(answer.header("Transport").unwrap_or_default());
        self.channels += 2;
        // Who says nothing does as was asked.
        Ok(said.channel.filter(|&channel| channel < u8::MAX).unwrap_or(channel))
    }

    async fn setup_by_udp(&mut self, url: &str) -> Result<u8, Fault> {
        let authority = self.source.authority();
        let local = |error| {
            Fault::new(FaultKind::Unreachable, "no ports for UDP are free here; see the log")
                .with_source(error)
        };
        let (near, camera) = self.wire.ends().map_err(|error| not_connected(&authority, error))?;
        let mut pair = Pair::bind(near.ip(), camera.ip()).await.map_err(local)?;
        let (first, second) = (pair.port, pair.port + 1);
        let wanted = format!("RTP/AVP/UDP;unicast;client_port={first}-{second}");
        let answer = self.ask(Method::Setup, url, &[("Transport", &wanted)]).await?;
        let said = transport::Transport::read(answer.header("Transport").unwrap_or_default());
        pair.begin(&said).await;
        self.wire.pairs.push(pair);
        Ok(2 * (self.wire.pairs.len() as u8 - 1))
    }
}

/// Chooses the track of pictures to play.
fn pictures<'a>(offers: &'a [Offer], authority: &str) -> Result<(&'a Offer, Pictures), Fault> {
    let video = || offers.iter().filter(|offer| offer.kind == "video");
    let known = video().find_map(|offer| {
        let codec = match offer.coding.as_str() {
            "H264" => Codec::H264,
            "H265" => Codec::H265,
            _ => return None,
        };
        Some((offer, Pictures::new(codec, Sets::of(codec, offer))))
    });
    let message = match (known, video().next()) {
        (Some(known), _) => return Ok(known),
        (None, Some(Offer { coding, .. })) => {
            let coding = if coding.is_empty() { "a codec without a name" } else { coding };
            format!("{authority} sends {coding}; set the stream to H.264 or H.265 in the camera")
        }
        (None, None) => {
            format!("{authority} sends no video at this address; choose another stream")
        }
    };
    Err(Fault::new(FaultKind::Unsupported, message))
}

/// Chooses the track of sound to play, if there is one that is recorded.
fn sound(offers: &[Offer]) -> Option<(&Offer, Sounds)> {
    let audio = offers.iter().filter(|offer| offer.kind == "audio");
    let known = audio.filter_map(|offer| Some((offer, Sounds::of(offer)?)));
    // What goes to the camera only where nothing else is: some say so of what they send.
    known.min_by_key(|(offer, _)| offer.is_sendonly)
}

/// Returns whether the camera is to be told that a session ends.
pub(crate) fn is_torn_down(source: &Source) -> bool {
    !source.link.switches.contains(&Switch::NoTeardown)
}
