//! How the ffmpeg programs are called.
//!
//! Belongs here: their arguments, their pipes, and what they say when they fail.
//! What is made of their output is the caller's.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use serde::Deserialize;

use super::{ClipError, Codec, FrameRate, Pattern};
use crate::draw::Picture;
use crate::sound::SoundCodec;

/// What `ffprobe` tells of a file's first video stream.
pub(super) struct Facts {
    pub(super) codec: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) frame_rate: FrameRate,
    /// When each packet is shown, in the file's order; not empty.
    pub(super) times_90k: Vec<i64>,
}

/// Asks what a file's first video stream is.
pub(super) fn probe(path: &Path) -> Result<Facts, ClipError> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        streams: Vec<Stream>,
        #[serde(default)]
        packets: Vec<Packet>,
    }
    #[derive(Deserialize)]
    struct Stream {
        codec_name: Option<String>,
        width: Option<u32>,
        height: Option<u32>,
        avg_frame_rate: Option<String>,
    }
    #[derive(Deserialize)]
    struct Packet {
        pts_time: Option<String>,
    }

    let unfit = |reason: &str| ClipError::Unfit {
        subject: path.display().to_string(),
        reason: reason.to_owned(),
    };
    let entries = "stream=codec_name,width,height,avg_frame_rate:packet=pts_time";
    let arguments =
        ["-v", "error", "-select_streams", "v:0", "-of", "json", "-show_entries", entries];
    let mut command = Command::new("ffprobe");
    command.args(arguments).arg(file_url(path));
    let said = output("ffprobe", command, path.as_os_str())?;
    let answer: Answer =
        serde_json::from_slice(&said).map_err(|_| unfit("ffprobe's answer cannot be read"))?;
    let stream = answer.streams.into_iter().next().ok_or_else(|| unfit("it holds no video"))?;
    let times_90k: Option<Vec<i64>> =
        answer.packets.iter().map(|p| ticks(p.pts_time.as_deref()?)).collect();
    let times_90k =
        times_90k.ok_or_else(|| unfit("its frames carry no times; wrap it in an .mp4"))?;
    if times_90k.is_empty() {
        return Err(unfit("it holds no frame"));
    }
    Ok(Facts {
        codec: stream.codec_name.unwrap_or_else(|| "an unknown codec".to_owned()),
        width: stream.width.unwrap_or(0),
        height: stream.height.unwrap_or(0),
        frame_rate: stream
            .avg_frame_rate
            .as_deref()
            .and_then(rate)
            .ok_or_else(|| unfit("its frame rate is not known"))?,
        times_90k,
    })
}

/// Unwraps a file's video stream into Annex B.
pub(super) fn annex_b_of(path: &Path, codec: Codec) -> Result<Bytes, ClipError> {
    let name = codec.as_str();
    let unwrap = format!("{name}_mp4toannexb");
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-i"]).arg(file_url(path));
    command.args(["-map", "0:v:0", "-c", "copy", "-bsf:v", &unwrap, "-f", name, "-"]);
    output("ffmpeg", command, path.as_os_str()).map(Bytes::from)
}

/// Encodes the test picture into an MP4 file.
pub(super) fn encode_pattern(pattern: &Pattern, to: &Path) -> Result<(), ClipError> {
    let Pattern { codec, width, height, fps, seconds, gop, b_frames } = *pattern;
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i"]);
    command.arg(format!("testsrc2=s={width}x{height}:r={fps}:d={seconds}"));
    command.args(["-pix_fmt", "yuv420p"]);
    command.args(groups(codec, gop, b_frames, "ultrafast"));
    command.arg(file_url(to));
    output("ffmpeg", command, OsStr::new("the test picture")).map(drop)
}

/// Encodes a stream of evenly spaced frames anew, into an MP4 file.
pub(super) fn transcode(
    from: &Path,
    frame_rate: usize,
    codec: Codec,
    b_frames: u32,
    to: &Path,
) -> Result<(), ClipError> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-r", &frame_rate.to_string(), "-i"]);
    command.arg(file_url(from));
    command.args(groups(codec, 2 * frame_rate as u32, b_frames, "ultrafast"));
    command.args(["-crf", "27", "-maxrate", "2000k", "-bufsize", "4000k"]);
    command.args(["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]);
    command.args(["-color_range", "tv", "-f", "mp4", "-y"]).arg(file_url(to));
    output("ffmpeg", command, from.as_os_str()).map(drop)
}

/// Makes sound out of a formula of `aevalsrc`: AAC in ADTS, or bare G.711.
pub(crate) fn encode_sound(
    codec: SoundCodec,
    formula: &str,
    seconds: u32,
) -> Result<Bytes, ClipError> {
    let (encoder, format) = match codec {
        SoundCodec::Aac => ("aac", "adts"),
        SoundCodec::Pcmu => ("pcm_mulaw", "mulaw"),
        SoundCodec::Pcma => ("pcm_alaw", "alaw"),
    };
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i"]);
    command.arg(format!("aevalsrc='{formula}':s={}:d={seconds}", codec.sample_rate()));
    command.args(["-c:a", encoder, "-b:a", "48k", "-f", format, "-"]);
    output("ffmpeg", command, OsStr::new("the sound")).map(Bytes::from)
}

/// Returns what makes an encoder write closed groups of pictures of one length,
/// as can be played in a loop.
fn groups(codec: Codec, gop: u32, b_frames: u32, preset: &str) -> Vec<String> {
    let (encoder, option) = match codec {
        Codec::H264 => ("libx264", "-x264-params"),
        Codec::H265 => ("libx265", "-x265-params"),
    };
    let quiet = if codec == Codec::H265 { ":log-level=error" } else { "" };
    let told = format!(
        "keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:bframes={b_frames}:b-adapt=0{quiet}"
    );
    ["-c:v", encoder, "-preset", preset, option, &told].map(str::to_owned).to_vec()
}

/// Returns the path as ffmpeg takes it whatever it is called: `-v.mp4`, `a:b.mp4`.
fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}

/// How pictures are encoded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Encoding {
    pub(super) width: usize,
    pub(super) height: usize,
    /// In a second; a GOP is two seconds.
    pub(super) frame_rate: usize,
    pub(super) kilobits: usize,
}

/// An ffmpeg process that pictures are fed to.
pub(super) struct Encoder {
    process: Child,
    subject: String,
}

impl Encoder {
    /// Starts encoding into a file, as Annex B.
    pub(super) fn start(subject: &str, encoding: Encoding, to: &Path) -> Result<Self, ClipError> {
        let Encoding { width, height, frame_rate, kilobits } = encoding;
        let gop = 2 * frame_rate;
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p"]);
        command.args([
            "-s",
            &format!("{width}x{height}"),
            "-r",
            &frame_rate.to_string(),
            "-i",
            "-",
        ]);
        // Closed GOPs of one length and no B-frames: what cameras send, and what
        // can be played in a loop.
        command.args(["-c:v", "libx264", "-preset", "superfast", "-profile:v", "high"]);
        command.args([
            "-x264-params",
            &format!("keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:open-gop=0:chroma-qp-offset=-4:no-dct-decimate=1"),
        ]);
        command.args(["-b:v", &format!("{kilobits}k"), "-maxrate", &format!("{kilobits}k")]);
        command.args(["-bufsize", &format!("{}k", 2 * kilobits)]);
        command.args(["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]);
        command.args(["-color_range", "tv", "-f", "h264", "-y"]).arg(file_url(to));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let process = command.spawn().map_err(|error| not_run("ffmpeg", error))?;
        Ok(Self { process, subject: subject.to_owned() })
    }

    /// Encodes one more picture.
    pub(super) fn feed(&mut self, picture: &Picture) -> Result<(), ClipError> {
        let Some(pipe) = self.process.stdin.as_mut() else { return Ok(()) };
        [&picture.luma, &picture.blue, &picture.red]
            .into_iter()
            .try_for_each(|plane| pipe.write_all(plane))
            .map_err(|source| ClipError::Io { act: "write to", path: "ffmpeg".into(), source })
    }

    /// Waits until all is encoded.
    pub(super) fn finish(mut self) -> Result<(), ClipError> {
        drop(self.process.stdin.take());
        let mut said = Vec::new();
        if let Some(mut stderr) = self.process.stderr.take() {
            // Without its words the exit status still tells that it failed.
            let _ = stderr.read_to_end(&mut said);
        }
        let status = self.process.wait().map_err(|error| not_run("ffmpeg", error))?;
        if status.success() { Ok(()) } else { Err(refused("ffmpeg", &self.subject, &said)) }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // Given up half-way: nobody reads what it would write. Harmless after `finish`.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a command to its end and returns what it wrote.
fn output(
    program: &'static str,
    mut command: Command,
    subject: &OsStr,
) -> Result<Vec<u8>, ClipError> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| not_run(program, error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(refused(program, &subject.to_string_lossy(), &output.stderr))
}

/// Names the reason why a program could not be started.
pub(super) fn not_run(program: &'static str, error: io::Error) -> ClipError {
    match error.kind() {
        io::ErrorKind::NotFound => ClipError::NoProgram { program },
        _ => ClipError::Io { act: "run", path: program.into(), source: error },
    }
}

/// Passes on what a program said when it failed: its last line, which names the reason.
pub(super) fn refused(program: &'static str, subject: &str, stderr: &[u8]) -> ClipError {
    let said = String::from_utf8_lossy(stderr);
    let said = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    ClipError::Program { program, subject: subject.to_owned(), said: said.trim().to_owned() }
}

/// Reads seconds with a decimal point as ticks of 90 kHz.
fn ticks(seconds: &str) -> Option<i64> {
    let seconds: f64 = seconds.parse().ok()?;
    Some((seconds * 90_000.0).round() as i64)
}

/// Reads a rate as ffprobe writes it: `25/2`.
fn rate(text: &str) -> Option<FrameRate> {
    let (frames, seconds) = text.split_once('/')?;
    let (frames, seconds) = (frames.parse().ok()?, seconds.parse().ok()?);
    (frames > 0 && seconds > 0).then_some(FrameRate { frames, seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_times_read_as_ffprobe_writes_them() {
        assert_eq!(rate("25/2"), Some(FrameRate { frames: 25, seconds: 2 }));
        assert_eq!((rate("0/0"), rate("25")), (None, None));
        assert_eq!((ticks("0.080000"), ticks("N/A")), (Some(7200), None));
    }

    #[test]
    fn a_missing_program_is_told_with_the_package_that_has_it() {
        let error = not_run("ffmpeg", io::ErrorKind::NotFound.into());
        assert_eq!(
            error.to_string(),
            "the program ffmpeg was not found; install the Debian package ffmpeg"
        );
    }

    #[test]
    fn the_last_line_said_is_the_reason() {
        let error = refused("ffmpeg", "a.mp4", b"first\nInvalid data found\n\n");
        assert_eq!(error.to_string(), "ffmpeg failed on a.mp4: Invalid data found");
    }
}
