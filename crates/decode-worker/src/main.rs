//! `khue-decode`: decodes, converts and draws, and can do nothing else.
//!
//! Started by khue with a socket as its standard input; what is said over it is
//! `decode::message`. Everything is done on one thread, one job at a time, in a
//! sandbox that is entered before the first byte is read.
//!
//! ```text
//! socket ─▶ serve ─▶ work ─┬─ jpeg ─────┐
//!                          ├─ pictures ─┼─ source ─▶ av (FFmpeg)
//!                          ├─ video ────┘   cover · text
//!                          └─ sound ──────────────▶ av
//! ```

mod av;
mod cover;
mod jpeg;
mod pictures;
mod sandbox;
mod serve;
mod shape;
mod sound;
mod source;
mod text;
mod video;
mod work;

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::process::ExitCode;

use sandbox::Limits;

const USAGE: &str = "khue-decode is started by khue, which speaks to it over a socket.\n\
    khue-decode --version      says which release it is\n\
    khue-decode --self-test    tries to leave its sandbox, and says what came of it";

fn main() -> ExitCode {
    let mut limits = Limits { memory_mib: 768, cpu_s: None };
    let mut self_test = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|number| number.parse::<u64>().ok());
        match argument.as_str() {
            "--version" => {
                println!("khue-decode {} ({})", env!("CARGO_PKG_VERSION"), av::version());
                return ExitCode::SUCCESS;
            }
            "--self-test" => self_test = true,
            "--memory-mib" if let Some(number) = number() => limits.memory_mib = number,
            "--cpu-s" if let Some(number) = number() => limits.cpu_s = Some(number),
            _ => return refuse(USAGE),
        }
    }
    let done = if self_test { leave(limits) } else { work(limits) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("khue-decode: {error}")),
    }
}

fn work(limits: Limits) -> io::Result<()> {
    sandbox::step_back()?;
    sandbox::close_from(3);
    let socket = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    if !socket.metadata()?.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, USAGE));
    }
    av::quieten();
    let fonts = text::Fonts::read();
    let sandbox = sandbox::enter(limits)?;
    match serve::serve(io::stdin().lock(), socket, &fonts, sandbox) {
        // The client went; it knows why.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn leave(limits: Limits) -> io::Result<()> {
    sandbox::step_back()?;
    sandbox::close_from(3);
    println!("sandbox: {:?}", sandbox::enter(limits)?);
    sandbox::try_to_leave();
    Ok(())
}

fn refuse(words: &str) -> ExitCode {
    eprintln!("{words}");
    ExitCode::from(2)
}
