//! The built `khue`, started over a folder of the test's and ended with it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, bail};

use crate::wait::PATIENCE;

/// A running `khue`.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// Shared by nobody; a lock, so that threads of a test may share the program.
    lines: Mutex<Receiver<String>>,
    /// Everything it said so far on standard output.
    pub said: Vec<String>,
}

/// Returns the program as `cargo build -p khue` left it beside this test.
pub fn khue() -> PathBuf {
    let mut path = std::env::current_exe().expect("a test knows itself");
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.push("khue");
    assert!(path.exists(), "{} is not there: cargo build -p khue", path.display());
    path
}

/// Returns the worker as `cargo build -p decode-worker` left it beside the program.
pub fn worker() -> PathBuf {
    let path = khue().with_file_name("khue-decode");
    assert!(path.exists(), "{} is not there: cargo build -p decode-worker", path.display());
    path
}

impl Program {
    /// Starts `khue` with `arguments`.
    pub fn start<I: AsRef<std::ffi::OsStr>>(
        arguments: impl IntoIterator<Item = I>,
    ) -> anyhow::Result<Self> {
        let mut child = Command::new(khue())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start khue")?;
        let output = child.stdout.take().context("standard output was asked for")?;
        let (said, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                if line.is_err() || line.is_ok_and(|line| said.send(line).is_err()) {
                    break;
                }
            }
        });
        Ok(Self { child, lines: Mutex::new(lines), said: Vec::new() })
    }

    /// Waits for a line that holds `words`, and returns it.
    pub fn wait_for(&mut self, words: &str) -> anyhow::Result<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.next_line(until) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(words) {
                        return Ok(line);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!("khue never said {words:?}, only {:#?}", self.said)
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!(
                        "khue ended ({:?}) before it said {words:?}; it said {:#?}",
                        self.child.wait(),
                        self.said
                    )
                }
            }
        }
    }

    /// Waits until the program said where it is and, on a first start, who may
    /// sign in; returns the address.
    pub fn address(&mut self) -> anyhow::Result<String> {
        let line = self.wait_for("://")?;
        let from = line.find("http").context("an address begins with http")?;
        Ok(line[from..]
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .trim_end_matches('/')
            .to_owned())
    }

    /// Returns the one-time password that was printed for `user`.
    pub fn password(&mut self, user: &str) -> anyhow::Result<String> {
        let is_theirs = |line: &String| line.split_whitespace().next() == Some(user);
        let line = match self.said.iter().find(|line| is_theirs(line)) {
            Some(line) => line.clone(),
            None => self.wait_for(user)?,
        };
        line.split_whitespace()
            .nth(1)
            .map(str::to_owned)
            .with_context(|| format!("no password in {line:?}"))
    }

    fn next_line(&mut self, until: Instant) -> Result<String, RecvTimeoutError> {
        let lines = self.lines.get_mut().unwrap_or_else(PoisonError::into_inner);
        lines.recv_timeout(until.saturating_duration_since(Instant::now()))
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, as Ctrl-C does, and waits until it has.
    pub fn stop(mut self) -> anyhow::Result<ExitStatus> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
        let until = Instant::now() + PATIENCE;
        loop {
            // The reader's channel closes when the process closes its output.
            match self.next_line(until) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(self.child.wait()?),
                Err(RecvTimeoutError::Timeout) => bail!("khue did not stop within {PATIENCE:?}"),
            }
        }
    }

    /// Ends it as a power cut would end the process: at once.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes a configuration over `folder` and returns its path. Unless it says
/// otherwise, WHEP takes any free port: tests run beside one another.
pub fn configure(folder: &Path, more: &str) -> anyhow::Result<PathBuf> {
    let path = folder.join("khue.toml");
    let data = folder.join("data");
    // Whatever else runs on this machine has ports of its own.
    let free = |section: &str| match more.contains(&format!("[{section}]")) {
        true => String::new(),
        false => format!("[{section}]\nlisten = \"127.0.0.1:0\"\n"),
    };
    std::fs::write(&path, format!("data = {data:?}\n{more}{}{}", free("whep"), free("rtsp")))?;
    Ok(path)
}
