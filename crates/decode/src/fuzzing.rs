//! The way in for the fuzz targets of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use bytes::Bytes;

use crate::wire::{Written, read_waiting};
use crate::{ToClient, ToWorker, message};

/// Reads a client's message; one that reads is written as the same bytes.
/// Returns whether it read.
pub fn to_worker(kind: u8, bytes: &[u8]) -> bool {
    let Ok(message) = ToWorker::read(kind, Bytes::copy_from_slice(bytes)) else { return false };
    assert_eq!(flat(message.write()), (kind, bytes.to_vec()), "{message:?}");
    true
}

/// Reads a worker's message; one that reads is written as the same bytes,
/// unless it is a hello of another version. Returns whether it read.
pub fn to_client(kind: u8, bytes: &[u8]) -> bool {
    let Ok(message) = ToClient::read(kind, Bytes::copy_from_slice(bytes)) else { return false };
    if matches!(&message, ToClient::Hello(hello) if hello.protocol != message::PROTOCOL) {
        return true;
    }
    assert_eq!(flat(message.write()), (kind, bytes.to_vec()), "{message:?}");
    true
}

/// Cuts a stream into kinds and bodies, as far as it can be.
pub fn cut(mut stream: &[u8], largest: usize) -> Vec<(u8, Bytes)> {
    std::iter::from_fn(|| read_waiting(&mut stream, largest).ok().flatten()).collect()
}

fn flat(Written { head, tail }: Written) -> (u8, Vec<u8>) {
    (head[4], [&head[5..], &tail].concat())
}
