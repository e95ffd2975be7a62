//! The load: cameras that all peers read alike, in a process of its own.
//!
//! It prints the addresses, a line each, then an empty line; after that, for each line
//! that it is sent, a line: for `playing` the number of streams being played, for `sent`
//! what each of their players was sent.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::kept::Sent;
use simcam::Delivery;

/// A running load.
pub(crate) struct Load {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Where its cameras are asked for.
    pub(crate) urls: Vec<String>,
}

impl Load {
    /// Starts `cameras` cameras.
    pub(crate) fn start(cameras: usize) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["load", "--cameras", &cameras.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().context("the load has an input")?;
        let mut output = BufReader::new(child.stdout.take().context("the load has an output")?);
        let mut urls = Vec::with_capacity(cameras);
        loop {
            let mut line = String::new();
            anyhow::ensure!(
                output.read_line(&mut line)? > 0,
                "the load ended before it said its addresses"
            );
            match line.trim() {
                "" => break,
                url => urls.push(url.to_owned()),
            }
        }
        Ok(Self { child, input, output, urls })
    }

    /// Returns how many streams are being played.
    pub(crate) fn playing(&mut self) -> anyhow::Result<usize> {
        let line = self.ask("playing")?;
        line.parse().with_context(|| format!("the load said {line:?}"))
    }

    /// Returns what everybody was sent who has played one.
    pub(crate) fn sent(&mut self) -> anyhow::Result<Vec<Sent>> {
        Ok(serde_json::from_str(&self.ask("sent")?)?)
    }

    fn ask(&mut self, what: &str) -> anyhow::Result<String> {
        writeln!(self.input, "{what}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Waits until `streams` are being played.
    pub(crate) fn wait_for(&mut self, streams: usize, at_most: Duration) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let playing = self.playing()?;
            if playing >= streams {
                return Ok(());
            }
            anyhow::ensure!(
                began.elapsed() < at_most,
                "only {playing} of {streams} streams play after {at_most:?}"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The process, for its own CPU time.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves cameras of one scene: the body of the load's process.
pub(crate) fn serve(cameras: usize) -> anyhow::Result<()> {
    let scene = crate::khue::scene()?;
    let (main, sub) = (Arc::new(scene.main), Arc::new(scene.sub));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let cameras = (0..cameras)
        .map(|number| simcam::CameraConfig {
            // Spread over the clip, as cameras of a city are.
            phase: Duration::from_millis(number as u64 * 197 % 20_000),
            ..simcam::CameraConfig::new(format!("cam{number}"), main.clone(), sub.clone())
        })
        .collect::<Vec<_>>();
    let names: Vec<String> = cameras.iter().map(|camera| camera.name.clone()).collect();
    let server = runtime.block_on(simcam::Server::start(simcam::ServerConfig::new(
        ([127, 0, 0, 1], 0).into(),
        cameras,
    )))?;
    for name in names {
        println!("{}", server.url(&name, simcam::StreamRole::Main));
    }
    println!();
    let (asked, mut answer) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            if line.is_err() || line.is_ok_and(|line| asked.send(line).is_err()) {
                break;
            }
        }
    });
    runtime.block_on(async {
        while let Some(what) = answer.recv().await {
            let deliveries = server.deliveries();
            if what == "sent" {
                let sent: Vec<Sent> = deliveries.iter().map(Sent::from).collect();
                println!("{}", serde_json::to_string(&sent)?);
                continue;
            }
            let is_playing = |one: &&Delivery| one.ended.is_none() && one.frames > 0;
            println!("{}", deliveries.iter().filter(is_playing).count());
        }
        Ok(())
    })
}
