//! What a camera does wrong on demand, switched while it runs: by
//! [`Server::set_fault`](crate::Server::set_fault), or over HTTP (`control.rs`).
//!
//! ```text
//! connecting     hang · drop · endless_connect · drip
//! describing     wrong_sdp · no_rtp_info
//! sending        hang · drop · cut_mid_frame · garbage · drip · lose_packets
//! its clock      clock_off · clock_jump
//! its picture    resolution_change · codec_change
//! ```
//!
//! A fault lasts until another is switched on, [`Fault::None`] among them. It is a
//! camera's: both its streams have it, and all who watch them. Here is what there
//! is and what it spoils; when, is `stream.rs`'s and `rtsp/connection.rs`'s.

use serde::{Deserialize, Serialize};

use crate::packet::{INTERLEAVED_HEADER, Identity, Matter, RTP_HEADER};

/// A fault of a camera, as JSON `{"fault":"hang"}`, some with a number or a word
/// beside: `{"fault":"lose_packets","percent":5}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Does what it should.
    #[default]
    None,
    /// Accepts connections and says nothing on them; who watches gets no more
    /// frames, and no answers, on connections that stay open. When it is over,
    /// frames go on where the time is.
    Hang,
    /// Closes the connections of those who watch, and of whoever asks anything.
    Drop,
    /// Closes the connection in the midst of a packet in the midst of a frame, the
    /// second frame of a viewer that is more than a packet.
    CutMidFrame,
    /// Describes itself wrongly.
    WrongSdp {
        /// How.
        #[serde(default)]
        lie: Lie,
    },
    /// Its sender reports tell a wall time that is so far ahead; 3 minutes if it is
    /// not said.
    ClockOff {
        /// Behind where it is negative.
        #[serde(default = "three_minutes")]
        seconds: i32,
    },
    /// Its clocks jump, and jump back when it is over. A report tells it at once.
    ClockJump {
        /// How far the RTP time jumps, in packets and reports.
        #[serde(default)]
        rtp_seconds: i32,
        /// How far the wall time of reports jumps.
        #[serde(default)]
        report_seconds: i32,
    },
    /// Answers `PLAY` without `RTP-Info`.
    NoRtpInfo,
    /// Its answer to `DESCRIBE` never ends: a header a second.
    EndlessConnect,
    /// Spoils some bytes of the payloads and puts bytes between the packets that
    /// belong to none (over UDP: packets that are none).
    Garbage,
    /// Its main stream goes on with the next keyframe as the first clip of
    /// [`CameraConfig::others`](crate::CameraConfig::others) that is coded as the
    /// main one is, with its parameter sets before each keyframe. Goes back to the
    /// main clip in the same way.
    ResolutionChange,
    /// Ends the sessions of those who watch the main stream, and describes and
    /// sends the first clip of the other codec from then on.
    CodecChange,
    /// Sends a byte a second: answers, and what is left of them frames.
    Drip,
    /// Loses packets by chance.
    LosePackets {
        /// So many of a hundred; 5 if it is not said.
        #[serde(default = "five")]
        percent: u8,
    },
}

/// How a description is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lie {
    /// It has no medium.
    #[default]
    NoMedia,
    /// It is no description: HTML, as of a camera's web page.
    NoSdp,
    /// It stops in the midst of its parameter sets.
    CutShort,
    /// Its parameter sets are no Base64.
    BadParameterSets,
    /// Its parameter sets are Base64 of nothing that could be read.
    ForeignParameterSets,
    /// It names the other codec.
    OtherCodec,
    /// It names another payload type than packets have.
    OtherPayloadType,
    /// Its tracks have controls that the camera does not know.
    OtherControl,
    /// It has twenty thousand lines of attributes.
    Endless,
}

/// Why a fault cannot be switched on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No such camera.
    #[error("there is no camera called {name}; GET /faults lists them")]
    NoCamera {
        /// The name asked for.
        name: String,
    },
    /// Nothing to change to.
    #[error("camera {name} has no other clip coded {how}; give it one in CameraConfig::others")]
    NoOther {
        /// The camera.
        name: String,
        /// `as its main one` or `in the other codec`.
        how: &'static str,
    },
    /// A number that makes no sense.
    #[error("percent is {percent} and cannot be more than 100")]
    Percent {
        /// What was asked for.
        percent: u8,
    },
}

fn three_minutes() -> i32 {
    180
}

fn five() -> u8 {
    5
}

impl Fault {
    /// Returns how far reports' wall time is off.
    pub(crate) fn report_off_us(self) -> i64 {
        let seconds = match self {
            Self::ClockOff { seconds } => seconds,
            Self::ClockJump { report_seconds, .. } => report_seconds,
            _ => 0,
        };
        i64::from(seconds) * 1_000_000
    }

    /// Returns a stream's identity as the fault has it.
    pub(crate) fn shifted(self, identity: Identity, matter: &Matter) -> Identity {
        let Self::ClockJump { rtp_seconds, .. } = self else { return identity };
        let jump = matter.ticks(i64::from(rtp_seconds) * 90_000);
        Identity { first_time: identity.first_time.wrapping_add(jump), ..identity }
    }

    /// Returns whether frames go out otherwise than as they are.
    pub(crate) fn spoils_frames(self) -> bool {
        matches!(
            self,
            Self::Hang | Self::CutMidFrame | Self::Garbage | Self::Drip | Self::LosePackets { .. }
        )
    }
}

impl Lie {
    /// Returns a description as it should not be.
    pub(crate) fn told(self, sdp: &str) -> String {
        let lines = |change: &dyn Fn(&str) -> Option<String>| {
            let changed = sdp.lines().filter_map(change).map(|line| line + "\r\n");
            changed.collect::<String>()
        };
        let sets = |with: &dyn Fn(&str) -> String| {
            lines(&|line| {
                let fields = line.split(';').map(|field| match field.split_once('=') {
                    Some((name, sets)) if name.trim().starts_with("sprop-") => {
                        format!("{name}={}", with(sets))
                    }
                    _ => field.to_owned(),
                });
                Some(fields.collect::<Vec<_>>().join(";"))
            })
        };
        match self {
            Self::NoMedia => {
                let end = sdp.find("m=").unwrap_or(sdp.len());
                sdp[..end].to_owned()
            }
            Self::NoSdp => "<html><body>Please sign in.</body></html>\r\n".to_owned(),
            Self::CutShort => {
                // Where there are none: in the midst of the first medium.
                let end =
                    sdp.find("sprop-").or(sdp.find("a=fmtp")).map_or(sdp.len() / 2, |at| at + 25);
                sdp.get(..end).unwrap_or(sdp).to_owned()
            }
            Self::BadParameterSets => sets(&|_| "%%%=!,??".to_owned()),
            Self::ForeignParameterSets => {
                sets(&|sets| sets.split(',').map(|_| "//////////8=").collect::<Vec<_>>().join(","))
            }
            Self::OtherCodec => lines(&|line| {
                let other = match line {
                    _ if line.contains(" H264/") => line.replace(" H264/", " H265/"),
                    _ => line.replace(" H265/", " H264/"),
                };
                Some(other)
            }),
            Self::OtherPayloadType => sdp
                .replace("AVP 96", "AVP 98")
                .replace("rtpmap:96", "rtpmap:98")
                .replace("fmtp:96", "fmtp:98"),
            Self::OtherControl => sdp.replace("a=control:trackID=", "a=control:stream="),
            Self::Endless => sdp.to_owned() + &"a=x-more:and more\r\n".repeat(20_000),
        }
    }
}

/// Numbers that look like chance and are the same in every run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// Returns the numbers that belong to `seed`.
    pub(crate) fn of(seed: u64) -> Self {
        // No seed may be zero: from there no other number comes.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns the next number below `end`, which is not zero.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }
}

/// Spoils some bytes of an RTP packet's payload; its header stays whole.
pub(crate) fn spoil(packet: &mut [u8], chance: &mut Chance) {
    let Some(payload) = packet.get_mut(RTP_HEADER..).filter(|payload| !payload.is_empty()) else {
        return;
    };
    for _ in 0..1 + payload.len() / 100 {
        let at = chance.below(payload.len() as u64) as usize;
        payload[at] = chance.below(256) as u8;
    }
}

/// Returns some bytes that are no packet, interleaved or not.
pub(crate) fn rubbish(chance: &mut Chance) -> Vec<u8> {
    let length = 1 + chance.below(64);
    (0..length).map(|_| chance.below(256) as u8).collect()
}

/// Yields the packets of interleaved bytes, each with its frame.
pub(crate) fn framed(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let &[_, _, high, low] = rest.first_chunk::<INTERLEAVED_HEADER>()?;
        let length = INTERLEAVED_HEADER + usize::from(u16::from_be_bytes([high, low]));
        let (packet, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(packet)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_written_as_a_word_with_what_belongs_to_it() {
        let read = |text: &str| serde_json::from_str::<Fault>(text);
        assert_eq!(read(r#"{"fault":"hang"}"#).unwrap(), Fault::Hang);
        assert_eq!(read(r#"{"fault":"clock_off"}"#).unwrap(), Fault::ClockOff { seconds: 180 });
        let lie = Fault::WrongSdp { lie: Lie::NoMedia };
        assert_eq!(read(r#"{"fault":"wrong_sdp"}"#).unwrap(), lie);
        let jump = Fault::ClockJump { rtp_seconds: -7, report_seconds: 0 };
        assert_eq!(read(r#"{"fault":"clock_jump","rtp_seconds":-7}"#).unwrap(), jump);
        assert_eq!(
            serde_json::to_string(&Fault::LosePackets { percent: 3 }).unwrap(),
            r#"{"fault":"lose_packets","percent":3}"#
        );
        for (wrong, names) in [
            (r#"{"fault":"hung"}"#, "unknown variant `hung`, expected one of `none`, `hang`"),
            (r#"{"hang":true}"#, "missing field `fault`"),
            (r#"{"fault":"lose_packets","of":3}"#, "unknown field `of`, expected `percent`"),
            (
                r#"{"fault":"wrong_sdp","lie":"x"}"#,
                "unknown variant `x`, expected one of `no_media`",
            ),
        ] {
            let said = read(wrong).unwrap_err().to_string();
            assert!(said.contains(names), "{said}");
        }
    }

    #[test]
    fn chance_is_even_and_the_same_in_each_run() {
        let numbers = |seed| {
            let mut chance = Chance::of(seed);
            (0..1000).map(|_| chance.below(100)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
        for seed in 0..50 {
            let low = numbers(seed).iter().filter(|&&number| number < 20).count();
            assert!((140..260).contains(&low), "{low} of 1000 below 20");
        }
    }

    #[test]
    fn what_is_spoilt_keeps_its_header() {
        let mut chance = Chance::of(1);
        let whole: Vec<u8> = (0..1000).map(|n| n as u8).collect();
        let mut packet = whole.clone();
        spoil(&mut packet, &mut chance);
        assert_eq!(packet[..RTP_HEADER], whole[..RTP_HEADER]);
        assert_ne!(packet, whole);
        spoil(&mut packet[..RTP_HEADER], &mut chance);
        assert!((1..=64).contains(&rubbish(&mut chance).len()));
    }
}
