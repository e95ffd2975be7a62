//! Media servers of others, measured beside the program where somebody has built them and
//! says where they are: `BENCH_MOONFIRE`, `BENCH_ZLMEDIAKIT`, `BENCH_MEDIAMTX` and
//! `BENCH_GO2RTC`, each the path of the program.
//!
//! Each is set up as its own documentation has it for cameras whose pictures are wanted for
//! good, over TCP, without sound and with nothing that is not asked for here. What it writes
//! lies in the folder that it is given.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;

use crate::khue::PATIENCE;

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Server {
    /// Moonfire NVR, in Rust: records to files of its own form.
    Moonfire,
    /// ZLMediaKit, in C++: records MP4.
    ZlMediaKit,
    /// MediaMTX, in Go: records fragmented MP4.
    MediaMtx,
    /// go2rtc, in Go: relays and records nothing.
    Go2rtc,
}

/// One that runs; ended when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// Where it serves.
    at: SocketAddr,
}

/// What ZLMediaKit's API is asked with: it serves loopback alone.
const SECRET: &str = "khue-bench-khue-bench-khue-bench";

impl Server {
    pub(crate) const ALL: [Self; 4] =
        [Self::Moonfire, Self::ZlMediaKit, Self::MediaMtx, Self::Go2rtc];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Moonfire => "Moonfire NVR",
            Self::ZlMediaKit => "ZLMediaKit",
            Self::MediaMtx => "MediaMTX",
            Self::Go2rtc => "go2rtc",
        }
    }

    /// By which it is named on the command line.
    pub(crate) fn short(self) -> &'static str {
        match self {
            Self::Moonfire => "moonfire",
            Self::ZlMediaKit => "zlmediakit",
            Self::MediaMtx => "mediamtx",
            Self::Go2rtc => "go2rtc",
        }
    }

    /// The variable that says where it is.
    fn variable(self) -> &'static str {
        match self {
            Self::Moonfire => "BENCH_MOONFIRE",
            Self::ZlMediaKit => "BENCH_ZLMEDIAKIT",
            Self::MediaMtx => "BENCH_MEDIAMTX",
            Self::Go2rtc => "BENCH_GO2RTC",
        }
    }

    /// Whether somebody says where it is.
    pub(crate) fn is_there(self) -> bool {
        std::env::var_os(self.variable()).is_some()
    }

    pub(crate) fn records(self) -> bool {
        self != Self::Go2rtc
    }

    /// Whether it gives fragmented MP4 over a WebSocket.
    pub(crate) fn relays(self) -> bool {
        self != Self::MediaMtx
    }

    fn program(self) -> anyhow::Result<PathBuf> {
        let variable = self.variable();
        let path = std::env::var_os(variable).map(PathBuf::from);
        let path = path.with_context(|| {
            format!("set {variable} to the path of {}'s program to measure it", self.name())
        })?;
        let whole = path.canonicalize();
        whole.with_context(|| format!("{variable} says {}, which is not there", path.display()))
    }

    /// Returns what it says of its version, if it does.
    pub(crate) fn version(self) -> Option<String> {
        let said = match self {
            // Its way to say it starts it as well.
            Self::ZlMediaKit => return None,
            _ => Command::new(self.program().ok()?).arg("--version").output().ok()?,
        };
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let is_version = |word: &&str| word.trim_start_matches('v').starts_with(char::is_numeric);
        Some(format!("{} {}", self.short(), said.split_whitespace().find(is_version)?))
    }

    /// Starts it over an empty folder with a camera for each of `urls`, recorded if it can.
    pub(crate) fn start(self, urls: &[String], folder: &Path) -> anyhow::Result<Running> {
        let program = self.program()?;
        let at = free_address()?;
        let mut command = Command::new(&program);
        command.current_dir(folder);
        match self {
            Self::Moonfire => moonfire(&program, &mut command, urls, folder, at)?,
            Self::ZlMediaKit => zlmediakit(&mut command, folder, at)?,
            Self::MediaMtx => mediamtx(&mut command, urls, folder, at)?,
            Self::Go2rtc => go2rtc(&mut command, urls, folder, at)?,
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("cannot start {}", self.name()))?;
        let mut running = Running { child, at };
        running.wait().with_context(|| format!("{} does not serve", self.name()))?;
        if self == Self::ZlMediaKit {
            urls.iter().enumerate().try_for_each(|(camera, url)| added(at, camera, url, folder))?;
        }
        Ok(running)
    }

    /// Returns how a viewer asks for a camera's fragmented MP4 over a WebSocket: by which
    /// path, and what is said once it is open. Each binary message then is a frame.
    pub(crate) fn asked(self, camera: usize) -> (String, Option<String>) {
        match self {
            Self::Moonfire => (format!("/api/cameras/{}/main/live.m4s", uuid(camera)), None),
            Self::ZlMediaKit | Self::MediaMtx => (format!("/live/cam{camera}.live.mp4"), None),
            Self::Go2rtc => {
                let says = r#"{"type":"mse","value":"avc1.640029"}"#.to_owned();
                (format!("/api/ws?src=cam{camera}"), Some(says))
            }
        }
    }
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn at(&self) -> SocketAddr {
        self.at
    }

    /// Waits until it takes connections.
    fn wait(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while TcpStream::connect(self.at).is_err() {
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("it ended at once: {status}");
            }
            anyhow::ensure!(began.elapsed() < PATIENCE, "nothing is at {}", self.at);
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns an address that nobody has at the moment: none of them says which it took.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn uuid(camera: usize) -> String {
    format!("00000000-0000-0000-0000-{:012x}", camera + 1)
}

/// Its cameras are rows of its database (schema 7), which it makes itself.
fn moonfire(
    program: &Path,
    command: &mut Command,
    urls: &[String],
    folder: &Path,
    at: SocketAddr,
) -> anyhow::Result<()> {
    let [database, samples, pages] = ["db", "samples", "ui"].map(|name| folder.join(name));
    for folder in [&database, &samples, &pages] {
        std::fs::create_dir(folder)?;
    }
    let made = Command::new(program).args(["init", "--db-dir"]).arg(&database).output()?;
    anyhow::ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut rows = format!(
        "insert into sample_file_dir (id, uuid, config) values (1, randomblob(16), '{}');\n",
        serde_json::json!({ "path": samples })
    );
    for (camera, url) in urls.iter().enumerate() {
        let (id, hex) = (camera + 1, uuid(camera).replace('-', ""));
        let stream = serde_json::json!({
            "mode": "record", "url": url, "rtspTransport": "tcp",
            "retainBytes": 1_u64 << 37, "flushIfSec": 120,
        });
        writeln!(
            rows,
            "insert into camera (id, uuid, short_name, config) values ({id}, x'{hex}', 'cam{camera}', '{{}}');\n\
             insert into stream (id, camera_id, sample_file_dir_id, type, config, cum_recordings, \
             cum_media_duration_90k, cum_runs) values ({id}, {id}, 1, 'main', '{stream}', 0, 0, 0);"
        )?;
    }
    let script =
        "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.stdin.read())";
    let mut adding = Command::new("python3")
        .args(["-c", script])
        .arg(database.join("db"))
        .stdin(Stdio::piped())
        .spawn()?;
    adding.stdin.take().context("it has an input")?.write_all(rows.as_bytes())?;
    anyhow::ensure!(adding.wait()?.success(), "Moonfire's database does not take its cameras");
    let config = format!(
        "dbDir = {database:?}\nuiDir = {pages:?}\n[[binds]]\nipv4 = \"{at}\"\n\
         allowUnauthenticatedPermissions = {{ viewVideo = true }}\n"
    );
    let file = folder.join("moonfire.toml");
    std::fs::write(&file, config)?;
    command.args(["run", "--config"]).arg(file);
    Ok(())
}

fn zlmediakit(command: &mut Command, folder: &Path, at: SocketAddr) -> anyhow::Result<()> {
    let (records, pages) = (folder.join("records"), folder.join("www"));
    let rtsp = free_address()?.port();
    let config = format!(
        "[api]\napiDebug=0\nsecret={SECRET}\n[general]\nlisten_ip=127.0.0.1\n\
         [http]\nport={}\nsslport=0\nrootPath={}\n[rtsp]\nport={rtsp}\nsslport=0\n\
         [rtmp]\nport=0\nsslport=0\n[shell]\nport=0\n[rtp_proxy]\nport=0\n\
         [protocol]\nenable_audio=0\nadd_mute_audio=0\nauto_close=0\nenable_hls=0\nenable_rtmp=0\n\
         enable_ts=0\nenable_rtsp=0\nenable_fmp4=1\nfmp4_demand=1\nmp4_max_second=60\nmp4_save_path={}\n\
         [hook]\nenable=0\n",
        at.port(),
        pages.display(),
        records.display()
    );
    let file = folder.join("config.ini");
    std::fs::write(&file, config)?;
    command.arg("-c").arg(file).args(["-l", "3", "--log-dir"]).arg(folder.join("log"));
    Ok(())
}

/// Tells ZLMediaKit of a camera.
fn added(at: SocketAddr, camera: usize, url: &str, folder: &Path) -> anyhow::Result<()> {
    let records = folder.join("records").display().to_string();
    let stream = format!("cam{camera}");
    let form = [
        ("secret", SECRET),
        ("vhost", "__defaultVhost__"),
        ("app", "live"),
        ("stream", &stream),
        ("url", url),
        // By TCP.
        ("rtp_type", "0"),
        ("retry_count", "-1"),
        ("timeout_sec", "30"),
        ("enable_mp4", "1"),
        ("enable_fmp4", "1"),
        ("enable_audio", "0"),
        ("mp4_max_second", "60"),
        ("mp4_save_path", &records),
    ];
    let mut answer = ureq::post(format!("http://{at}/index/api/addStreamProxy")).send_form(form)?;
    let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
    anyhow::ensure!(answer["code"] == 0, "ZLMediaKit does not take camera {camera}: {answer}");
    Ok(())
}

fn mediamtx(
    command: &mut Command,
    urls: &[String],
    folder: &Path,
    at: SocketAddr,
) -> anyhow::Result<()> {
    let mut config = format!(
        "logLevel: error\napi: yes\napiAddress: {at}\nrtsp: no\nrtmp: no\nhls: no\nwebrtc: no\nsrt: no\n\
         pathDefaults:\n  rtspTransport: tcp\n  record: yes\n  recordFormat: fmp4\n  recordPartDuration: 1s\n  \
         recordSegmentDuration: 60s\n  recordDeleteAfter: 0s\n  recordPath: {}/records/%path/%Y-%m-%d_%H-%M-%S-%f\npaths:\n",
        folder.display()
    );
    for (camera, url) in urls.iter().enumerate() {
        writeln!(config, "  cam{camera}:\n    source: {url}")?;
    }
    let file = folder.join("mediamtx.yml");
    std::fs::write(&file, config)?;
    command.arg(file);
    Ok(())
}

fn go2rtc(
    command: &mut Command,
    urls: &[String],
    folder: &Path,
    at: SocketAddr,
) -> anyhow::Result<()> {
    let mut config = format!(
        "app:\n  modules: [api, ws, rtsp, mp4]\nlog:\n  level: error\napi:\n  listen: \"{at}\"\n\
         rtsp:\n  listen: \"\"\nstreams:\n"
    );
    for (camera, url) in urls.iter().enumerate() {
        writeln!(config, "  cam{camera}: {url}")?;
    }
    // It asks no camera before somebody watches, but for this.
    config.push_str("preload:\n");
    (0..urls.len()).try_for_each(|camera| writeln!(config, "  cam{camera}:"))?;
    let file = folder.join("go2rtc.yaml");
    std::fs::write(&file, config)?;
    command.arg("-c").arg(file);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_nobody_says_where_it_is_is_named_with_what_to_set() {
        // The environment of a test is whoever runs it; nobody measures there.
        let missing = Server::ALL.into_iter().find(|server| !server.is_there());
        let Some(server) = missing else { return };
        let folder = tempfile::tempdir().unwrap();
        let error = server.start(&[], folder.path()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("set {} to the path of", server.variable())), "{error}");
    }

    #[test]
    fn cameras_are_named_alike_where_they_are_told_of_and_asked_for() {
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        let (path, _) = Server::Moonfire.asked(9);
        assert_eq!(path, "/api/cameras/00000000-0000-0000-0000-00000000000a/main/live.m4s");
        assert_eq!(Server::ZlMediaKit.asked(9).0, "/live/cam9.live.mp4");
        let folder = tempfile::tempdir().unwrap();
        let urls = ["rtsp://127.0.0.1:5/a".to_owned(), "rtsp://127.0.0.1:5/b".to_owned()];
        let mut command = Command::new("true");
        go2rtc(&mut command, &urls, folder.path(), at).unwrap();
        let config = std::fs::read_to_string(folder.path().join("go2rtc.yaml")).unwrap();
        assert!(config.ends_with("preload:\n  cam0:\n  cam1:\n"), "{config}");
        assert!(config.contains("  cam1: rtsp://127.0.0.1:5/b\n"), "{config}");
    }
}
