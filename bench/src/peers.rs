//! Those measured, each started the way its own users would start it.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use crate::mse::Way;
use crate::servers::Server;

/// Who records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    /// `khue serve`, as built.
    Khue,
    /// The floor program, woken by each burst of data.
    Floor,
    /// The floor program, reading every 100 ms.
    FloorCoalesced,
    /// `ffmpeg -c copy`, a process a camera.
    Ffmpeg,
    /// `gst-launch-1.0`, one process for all cameras.
    Gstreamer,
    /// `khue serve`, and somebody who watches each camera live.
    Watched(Way),
    /// A server of somebody else's.
    Server(Server),
}

impl Peer {
    /// Those that Debian and this program have, by their short names.
    const HERE: [(&str, Self); 7] = [
        ("khue", Self::Khue),
        ("floor", Self::Floor),
        ("coalesced", Self::FloorCoalesced),
        ("ffmpeg", Self::Ffmpeg),
        ("gstreamer", Self::Gstreamer),
        ("watched", Self::Watched(Way::Unsealed)),
        ("watched-tls", Self::Watched(Way::Tls)),
    ];

    /// By which way each camera is watched meanwhile, if it is.
    pub(crate) fn way(self) -> Option<Way> {
        match self {
            Self::Watched(way) => Some(way),
            _ => None,
        }
    }

    /// Returns whether somebody else made it.
    pub(crate) fn is_of_others(self) -> bool {
        matches!(self, Self::Ffmpeg | Self::Gstreamer | Self::Server(_))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Khue => "khue",
            Self::Floor => "floor, per frame",
            Self::FloorCoalesced => "floor, coalesced (every 100 ms)",
            Self::Ffmpeg => "ffmpeg -c copy, a process a camera",
            Self::Gstreamer => "GStreamer, one process",
            Self::Watched(Way::Unsealed) => "khue, a viewer of each camera, without TLS",
            Self::Watched(Way::Tls) => "khue, a viewer of each camera",
            Self::Server(server) => server.name(),
        }
    }

    /// Returns those of these names; where none is named, all that are here, and those of
    /// others that somebody says where they are.
    pub(crate) fn named(names: &[String]) -> anyhow::Result<Vec<Self>> {
        let servers = Server::ALL.into_iter().filter(|server| server.records());
        let here = Self::HERE.into_iter();
        if names.is_empty() {
            let servers = servers.filter(|server| server.is_there());
            return Ok(here.map(|(_, peer)| peer).chain(servers.map(Self::Server)).collect());
        }
        let all: Vec<(&str, Self)> =
            here.chain(servers.map(|server| (server.short(), Self::Server(server)))).collect();
        let of_name = |name: &String| {
            let known = || {
                let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
                format!("nobody is called {name}; those are {}", names.join(", "))
            };
            let found = all.iter().find(|(known, _)| known == name);
            found.map(|(_, peer)| *peer).with_context(known)
        };
        names.iter().map(of_name).collect()
    }

    /// Starts recording `urls` into `folder`; [`Self::Khue`] is `khue.rs`'s to start, a
    /// [`Self::Server`] `servers.rs`'s.
    pub(crate) fn start(self, urls: &[String], folder: &Path) -> anyhow::Result<Vec<Child>> {
        match self {
            Self::Khue | Self::Watched(_) | Self::Server(_) => {
                anyhow::bail!("{} is not started by its arguments alone", self.name())
            }
            Self::Floor | Self::FloorCoalesced => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("floor").arg("--folder").arg(folder);
                if self == Self::FloorCoalesced {
                    command.arg("--coalesced");
                }
                quiet(command.args(urls)).map(|child| vec![child])
            }
            Self::Ffmpeg => urls
                .iter()
                .enumerate()
                .map(|(number, url)| {
                    let mut command = Command::new("ffmpeg");
                    command.args([
                        "-nostdin",
                        "-loglevel",
                        "error",
                        "-rtsp_transport",
                        "tcp",
                        "-i",
                        url,
                    ]);
                    command.args([
                        "-c",
                        "copy",
                        "-an",
                        "-f",
                        "mp4",
                        "-movflags",
                        "frag_keyframe+empty_moov",
                    ]);
                    quiet(command.arg(folder.join(format!("{number}.mp4"))))
                })
                .collect(),
            Self::Gstreamer => {
                let mut command = Command::new("gst-launch-1.0");
                command.arg("-q");
                for (number, url) in urls.iter().enumerate() {
                    command.args(["rtspsrc", &format!("location={url}"), "protocols=tcp", "!"]);
                    command.args(["rtph264depay", "!", "h264parse", "!"]);
                    command.args(["mp4mux", "fragment-duration=2000", "!", "filesink"]);
                    command.arg(format!(
                        "location={}",
                        folder.join(format!("{number}.mp4")).display()
                    ));
                }
                quiet(&mut command).map(|child| vec![child])
            }
        }
    }
}

fn quiet(command: &mut Command) -> anyhow::Result<Child> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {:?}", command.get_program()))
}
