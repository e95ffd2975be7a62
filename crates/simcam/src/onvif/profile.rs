//! The profiles of a device: a main one and a small one for each channel, with the
//! tokens by which they and their parts are known.

use super::device::{Channel, DeviceConfig, StreamConfig};
use super::personality::Quirks;
use crate::camera::StreamRole;

/// One profile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile<'a> {
    /// Which channel, counted from nought.
    pub(crate) at: usize,
    pub(crate) channel: &'a Channel,
    pub(crate) role: StreamRole,
    pub(crate) stream: &'a StreamConfig,
    prefix: &'a str,
    spaces: bool,
}

/// Returns all profiles, whether or not a service tells of them.
pub(crate) fn all<'a>(
    config: &'a DeviceConfig,
    quirks: &Quirks,
) -> impl Iterator<Item = Profile<'a>> + use<'a> {
    let (prefix, spaces) = (config.personality.tokens, quirks.profile_tokens_with_spaces);
    config.channels.iter().enumerate().flat_map(move |(at, channel)| {
        [(StreamRole::Main, &channel.main), (StreamRole::Sub, &channel.sub)]
            .map(|(role, stream)| Profile { at, channel, role, stream, prefix, spaces })
    })
}

impl Profile<'_> {
    /// Returns the token.
    pub(crate) fn token(&self) -> String {
        let number = self.at + 1;
        match self.spaces {
            true => format!("{} {number} {}", self.prefix, self.role.as_str()),
            false => format!("{}{number}{}", self.prefix, self.suffix()),
        }
    }

    /// Returns the name that people see.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.channel.name, self.role.as_str())
    }

    /// Returns the token of its encoder.
    pub(crate) fn encoder(&self) -> String {
        format!("VideoEncoder_{}{}", self.at + 1, self.suffix())
    }

    fn suffix(&self) -> &'static str {
        match self.role {
            StreamRole::Main => "01",
            StreamRole::Sub => "02",
        }
    }
}

/// Returns the token of a channel's video source.
pub(crate) fn source(at: usize) -> String {
    format!("VideoSource_{}", at + 1)
}

/// Returns the token of a channel's configuration of its video source.
pub(crate) fn source_configuration(at: usize) -> String {
    format!("VideoSourceConfig_{}", at + 1)
}

/// Returns the token of a channel's head that turns.
pub(crate) fn node(at: usize) -> String {
    format!("PTZNode_{}", at + 1)
}

/// Returns the token of a channel's configuration of its head.
pub(crate) fn ptz(at: usize) -> String {
    format!("PTZConfig_{}", at + 1)
}
