//! Those measured, each started the way its own users would start it.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use crate::mse::Way;

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
}

impl Peer {
    pub(crate) const ALL: [Self; 7] = [
        Self::Khue,
        Self::Floor,
        Self::FloorCoalesced,
        Self::Ffmpeg,
        Self::Gstreamer,
        Self::Watched(Way::Unsealed),
        Self::Watched(Way::Tls),
    ];

    /// By which way each camera is watched meanwhile, if it is.
    pub(crate) fn way(self) -> Option<Way> {
        match self {
            Self::Watched(way) => Some(way),
            _ => None,
        }
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
        }
    }

    /// Returns those of these names, or all where none is named.
    pub(crate) fn named(names: &[String]) -> anyhow::Result<Vec<Self>> {
        const NAMES: [&str; 7] =
            ["khue", "floor", "coalesced", "ffmpeg", "gstreamer", "watched", "watched-tls"];
        let of_name = |name: &String| {
            let at = NAMES.iter().position(|known| known == name);
            let known = || format!("nobody is called {name}; those are {}", NAMES.join(", "));
            at.map(|at| Self::ALL[at]).with_context(known)
        };
        if names.is_empty() { Ok(Self::ALL.into()) } else { names.iter().map(of_name).collect() }
    }

    /// Starts recording `urls` into `folder`; [`Self::Khue`] is `khue.rs`'s to start.
    pub(crate) fn start(self, urls: &[String], folder: &Path) -> anyhow::Result<Vec<Child>> {
        match self {
            Self::Khue | Self::Watched(_) => anyhow::bail!("khue is started with a catalog"),
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
