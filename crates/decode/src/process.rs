//! One process of the worker: started, greeted, spoken to, ended.
//!
//! All of a decoder's processes are children of one thread that lives as long
//! as the decoder: Linux ends them with the *thread* that started them, and a
//! runtime's threads come and go.

use std::io;
use std::os::unix::net::UnixStream as StdStream;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, ChildStderr, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::message::PROTOCOL;
use crate::wire::{self, LARGEST_TO_CLIENT};
use crate::{Error, Hello, Sandbox, ToClient, ToWorker};

/// How long a process may take to greet.
const GREETING: Duration = Duration::from_secs(20);
/// How long a process that has closed its socket may take to be gone.
const GOING: Duration = Duration::from_secs(2);
/// How much of a process's last words is kept.
const LAST_WORDS: u64 = 2000;

/// Starts processes.
#[derive(Debug)]
pub(crate) struct Nursery {
    program: PathBuf,
    memory_mib: u32,
    orders: mpsc::Sender<Order>,
    handle: Handle,
    /// Whether it was said that nothing filters system calls.
    warned: AtomicBool,
}

struct Order {
    command: Command,
    answer: oneshot::Sender<io::Result<Child>>,
}

/// A process that has greeted. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    words: JoinHandle<String>,
    pub(crate) reader: OwnedReadHalf,
    pub(crate) writer: OwnedWriteHalf,
    pub(crate) hello: Hello,
    /// How many jobs it has been given.
    pub(crate) jobs: u32,
    /// Whether it was found killed: by a person, or by a machine short of memory.
    pub(crate) was_killed: bool,
}

impl Nursery {
    pub(crate) fn new(program: PathBuf, memory_mib: u32, handle: Handle) -> io::Result<Self> {
        let (orders, taken) = mpsc::channel::<Order>();
        let runtime = handle.clone();
        std::thread::Builder::new().name("khue-decode".into()).spawn(move || {
            let _within = runtime.enter();
            for Order { mut command, answer } in taken {
                // Whoever ordered it may be gone: then it is killed at once.
                let _ = answer.send(command.spawn());
            }
        })?;
        Ok(Self { program, memory_mib, orders, handle, warned: AtomicBool::new(false) })
    }

    /// Starts a process and waits for its greeting. `cpu_s` bounds what it may
    /// use in its whole life.
    pub(crate) async fn start(&self, cpu_s: Option<u32>) -> Result<Process, Error> {
        let unusable = |words: String| Error::NotInstalled { path: self.program.clone(), words };
        let crashed = |source: io::Error| Error::Crashed { words: source.to_string() };
        let (ours, theirs) = StdStream::pair().map_err(crashed)?;
        ours.set_nonblocking(true).map_err(crashed)?;
        let mut command = Command::new(&self.program);
        command.arg("--memory-mib").arg(self.memory_mib.to_string());
        if let Some(seconds) = cpu_s {
            command.arg("--cpu-s").arg(seconds.to_string());
        }
        command.env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)));
        command.stdout(Stdio::null()).stderr(Stdio::piped());

        let (answer, child) = oneshot::channel();
        let gone = || Error::Crashed { words: "what starts processes has ended".into() };
        self.orders.send(Order { command, answer }).map_err(|_| gone())?;
        let mut child = match child.await.map_err(|_| gone())? {
            Ok(child) => child,
            // Too many processes or too little memory will pass; the rest will not.
            Err(source) if source.kind() == io::ErrorKind::WouldBlock => {
                return Err(Error::Busy { words: source.to_string() });
            }
            Err(source) => return Err(unusable(source.to_string())),
        };
        let words = self.handle.spawn(last_words(child.stderr.take()));
        let (reader, writer) = UnixStream::from_std(ours).map_err(crashed)?.into_split();
        let nobody = Hello {
            protocol: 0,
            version: String::new(),
            library: String::new(),
            sandbox: Sandbox::Filtered,
        };
        let (jobs, was_killed) = (0, false);
        let mut process = Process { child, words, reader, writer, hello: nobody, jobs, was_killed };
        match timeout(GREETING, process.hear()).await {
            Ok(Ok(ToClient::Hello(hello))) if hello.protocol == PROTOCOL => process.hello = hello,
            Ok(Ok(ToClient::Hello(hello))) => {
                let said = hello.protocol;
                return Err(unusable(format!("it speaks protocol {said}, and this {PROTOCOL}")));
            }
            Ok(Ok(_)) => return Err(unusable("it does not greet".into())),
            // That says nothing of the next one, so the program is not unusable.
            Ok(Err(Error::Crashed { words })) if !process.was_killed => {
                return Err(unusable(format!("it ended before it greeted: {words}")));
            }
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(Error::TimedOut { limit: GREETING }),
        }
        if let Sandbox::LimitsOnly(why) = &process.hello.sandbox
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                why,
                "khue-decode runs with its limits alone; give it a kernel with seccomp"
            );
        }
        Ok(process)
    }
}

impl Process {
    /// Returns the number by which the system knows it, while it lives.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Returns whether it has ended.
    pub(crate) fn is_over(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Says something.
    pub(crate) async fn say(&mut self, message: &ToWorker) -> Result<(), Error> {
        match say(&mut self.writer, message).await {
            Ok(()) => Ok(()),
            Err(source) => Err(self.obituary(source).await),
        }
    }

    /// Hears the next message.
    pub(crate) async fn hear(&mut self) -> Result<ToClient, Error> {
        match hear(&mut self.reader).await {
            Ok(message) => Ok(message),
            Err(source) => Err(self.obituary(source).await),
        }
    }

    /// Ends the process and tells why a talk with it broke off.
    pub(crate) async fn obituary(&mut self, source: io::Error) -> Error {
        // What is no message was written by somebody who has taken the process over.
        if source.kind() == io::ErrorKind::InvalidData {
            let _ = self.child.start_kill();
            return Error::Crashed { words: format!("what it said is no answer: {source}") };
        }
        let status = timeout(GOING, self.child.wait()).await;
        let _ = self.child.start_kill();
        self.was_killed = matches!(&status, Ok(Ok(status)) if status.signal() == Some(9));
        let said = timeout(GOING, &mut self.words).await;
        let said = said.map(|words| words.unwrap_or_default()).unwrap_or_default();
        let how = match status {
            Ok(Ok(status)) => in_words(status),
            _ => source.to_string(),
        };
        let said = said.trim();
        let words = if said.is_empty() { how } else { format!("{how}; its last words: {said}") };
        Error::Crashed { words }
    }
}

pub(crate) async fn say(writer: &mut OwnedWriteHalf, message: &ToWorker) -> io::Result<()> {
    let wire::Written { head, tail } = message.write();
    writer.write_all(&head).await?;
    writer.write_all(&tail).await
}

pub(crate) async fn hear(reader: &mut OwnedReadHalf) -> io::Result<ToClient> {
    let Some((kind, body)) = wire::read(reader, LARGEST_TO_CLIENT).await? else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    ToClient::read(kind, body).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn in_words(status: ExitStatus) -> String {
    match status.signal() {
        Some(31) => "the sandbox ended it (signal 31): it tried what decoding does not need".into(),
        Some(24) => "it used up its CPU time (signal 24)".into(),
        Some(signal) => format!("signal {signal} ended it"),
        None => status.to_string(),
    }
}

/// Reads what a process says on its standard error; keeps the beginning, where
/// the cause is, and lets the rest go so that it never waits.
async fn last_words(stderr: Option<ChildStderr>) -> String {
    let Some(mut stderr) = stderr else { return String::new() };
    let mut kept = Vec::new();
    let _ = (&mut stderr).take(LAST_WORDS).read_to_end(&mut kept).await;
    let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    // Whoever reads a log shall not be written to by a bitstream.
    let text = String::from_utf8_lossy(&kept);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
