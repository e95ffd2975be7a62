//! The talk with the client, from the greeting to the end of the socket.

use std::io::{self, BufWriter, Read, Write};

use decode::message::PROTOCOL;
use decode::wire::{LARGEST_TO_WORKER, Written, read_waiting};
use decode::{Hello, Sandbox, ToClient, ToWorker};

use crate::av;
use crate::text::Fonts;
use crate::work::{Given, Refusal, Work};

/// Works off what comes until the client goes.
pub(crate) fn serve(
    mut from: impl Read,
    to: impl Write,
    fonts: &Fonts,
    sandbox: Sandbox,
) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(64 << 10, to);
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let hello = Hello { protocol: PROTOCOL, version, library: av::version(), sandbox };
    give(&mut to, &ToClient::Hello(hello))?;
    to.flush()?;
    let mut work = None;
    while let Some((kind, body)) = read_waiting(&mut from, LARGEST_TO_WORKER)? {
        let message = ToWorker::read(kind, body)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let mut given = Given::new();
        let step = step(message, &mut work, fonts, &mut given);
        for message in &given {
            give(&mut to, message)?;
        }
        match step {
            Ok(answers) => {
                for answer in answers {
                    give(&mut to, answer)?;
                }
            }
            Err(Refusal(words)) => {
                work = None;
                give(&mut to, &ToClient::Refused(words))?;
            }
        }
        to.flush()?;
    }
    Ok(())
}

/// Does what a message asks and returns what to answer behind what is given.
fn step<'a>(
    message: ToWorker,
    work: &mut Option<Work<'a>>,
    fonts: &'a Fonts,
    given: &mut Given,
) -> Result<&'static [ToClient], Refusal> {
    if let ToWorker::Open(task) = message {
        *work = Some(Work::open(task, fonts)?);
        return Ok(&[]);
    }
    // Of a job that was refused the rest may still be on its way.
    let Some(open) = work else { return Ok(&[]) };
    match message {
        ToWorker::Open(_) => Ok(&[]),
        ToWorker::Params(params) => open.params(&params, given).map(|()| &[][..]),
        ToWorker::Frame(frame) => open.frame(&frame, given).map(|()| &[ToClient::Took][..]),
        ToWorker::Keyframe => {
            open.keyframe();
            Ok(&[])
        }
        ToWorker::End => {
            open.end(given)?;
            *work = None;
            Ok(&[ToClient::Took, ToClient::Done])
        }
    }
}

fn give(to: &mut impl Write, message: &ToClient) -> io::Result<()> {
    let Written { head, tail } = message.write();
    to.write_all(&head)?;
    to.write_all(&tail)
}
