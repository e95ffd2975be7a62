//! Messages as bytes: a length, a kind, fields one behind the other.
//!
//! ```text
//! 0  u32  length of kind and body, most significant byte first
//! 4  u8   kind
//! 5  …    body: fixed fields, then those that have a length of their own
//! ```
//!
//! Both sides bound what they take: a message longer than its direction may
//! have ends the talk before a byte of it is kept. What the kinds mean is
//! `message.rs`.

use std::io::{self, Read};

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest message to a worker: an access unit and its head.
pub const LARGEST_TO_WORKER: usize = 8 << 20;

/// The longest message to a client: a picture of 3840 × 2160 in RGB and its head.
pub const LARGEST_TO_CLIENT: usize = 32 << 20;

/// A message as it is written: the tail is shared with whoever gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Length, kind and fields.
    pub head: Vec<u8>,
    /// The large field at the end, if there is one.
    pub tail: Bytes,
}

/// The bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message {0}")]
pub struct Malformed(pub &'static str);

/// Reads one message's kind and body as soon as it is there.
///
/// A clean end before the first byte is `None`.
pub async fn read<R: AsyncRead + Unpin>(
    from: &mut R,
    largest: usize,
) -> io::Result<Option<(u8, Bytes)>> {
    let mut head = [0; 4];
    if from.read(&mut head[..1]).await? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut head[1..]).await?;
    let length = checked_length(head, largest)?;
    // Grows with what comes, not with what was announced.
    let mut body = BytesMut::with_capacity(length.min(64 << 10));
    let mut limited = from.take(length as u64);
    while limited.read_buf(&mut body).await? > 0 {}
    split(body.freeze(), length).map(Some)
}

/// Reads one message, and waits for it.
pub fn read_waiting<R: Read>(from: &mut R, largest: usize) -> io::Result<Option<(u8, Bytes)>> {
    let mut head = [0; 4];
    if from.read(&mut head[..1])? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut head[1..])?;
    let length = checked_length(head, largest)?;
    let mut body = Vec::with_capacity(length.min(64 << 10));
    from.take(length as u64).read_to_end(&mut body)?;
    split(body.into(), length).map(Some)
}

fn checked_length(head: [u8; 4], largest: usize) -> io::Result<usize> {
    match u32::from_be_bytes(head) as usize {
        0 => Err(io::Error::new(io::ErrorKind::InvalidData, Malformed("has no kind"))),
        length if length > largest => {
            Err(io::Error::new(io::ErrorKind::InvalidData, Malformed("is longer than may be")))
        }
        length => Ok(length),
    }
}

fn split(mut body: Bytes, length: usize) -> io::Result<(u8, Bytes)> {
    if body.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let kind = body.split_to(1)[0];
    Ok((kind, body))
}

/// Writes fields.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn new(kind: u8) -> Self {
        Self(vec![0, 0, 0, 0, kind])
    }

    pub(crate) fn u8(&mut self, value: u8) -> &mut Self {
        self.0.put_u8(value);
        self
    }

    pub(crate) fn u16(&mut self, value: u16) -> &mut Self {
        self.0.put_u16(value);
        self
    }

    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.0.put_u32(value);
        self
    }

    pub(crate) fn i32(&mut self, value: i32) -> &mut Self {
        self.0.put_i32(value);
        self
    }

    pub(crate) fn i64(&mut self, value: i64) -> &mut Self {
        self.0.put_i64(value);
        self
    }

    pub(crate) fn f32(&mut self, value: f32) -> &mut Self {
        self.0.put_f32(value);
        self
    }

    /// Writes a field behind its length, cut at what a reader takes.
    pub(crate) fn field(&mut self, bytes: &[u8]) -> &mut Self {
        let length = u32::try_from(bytes.len()).expect("fields are far smaller than 4 GiB");
        self.u32(length);
        self.0.put_slice(bytes);
        self
    }

    pub(crate) fn end(self) -> Written {
        self.end_with(Bytes::new())
    }

    pub(crate) fn end_with(mut self, tail: Bytes) -> Written {
        let length = self.0.len() - 4 + tail.len();
        let length = u32::try_from(length).expect("messages are far smaller than 4 GiB");
        self.0[..4].copy_from_slice(&length.to_be_bytes());
        Written { head: self.0, tail }
    }
}

/// Reads fields.
pub(crate) struct Reader(pub(crate) Bytes);

impl Reader {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let Some((bytes, _)) = self.0.split_first_chunk::<N>() else {
            return Err(Malformed("ends within a field"));
        };
        let bytes = *bytes;
        let _ = self.0.split_to(N);
        Ok(bytes)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.take().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        self.take().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.take().map(u32::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Malformed> {
        self.take().map(i32::from_be_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Malformed> {
        self.take().map(i64::from_be_bytes)
    }

    pub(crate) fn f32(&mut self) -> Result<f32, Malformed> {
        self.take().map(f32::from_be_bytes)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed("has a flag that is neither set nor not")),
        }
    }

    /// Reads a field behind its length; one longer than `largest` is refused.
    pub(crate) fn field(&mut self, largest: usize) -> Result<Bytes, Malformed> {
        let length = self.u32()? as usize;
        if length > largest {
            return Err(Malformed("has a field that is longer than may be"));
        }
        if length > self.0.len() {
            return Err(Malformed("ends within a field"));
        }
        Ok(self.0.split_to(length))
    }

    pub(crate) fn text(&mut self, largest: usize) -> Result<String, Malformed> {
        let field = self.field(largest)?;
        String::from_utf8(field.into()).map_err(|_| Malformed("has a text that is not UTF-8"))
    }

    /// Returns what is left.
    pub(crate) fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.0)
    }

    /// Refuses what is left.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed("goes on behind its end")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(kind: u8, fields: &[u8]) -> Vec<u8> {
        let mut writer = Writer::new(kind);
        writer.field(fields);
        let Written { head, tail } = writer.end_with(Bytes::from_static(b"tail"));
        [&head[..], &tail].concat()
    }

    #[test]
    fn both_readers_take_what_was_written_and_then_the_end() {
        let stream = [bytes(7, b"one"), bytes(9, &[3; 70_000])].concat();
        let mut waiting = &stream[..];
        let mut asking = &stream[..];
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for (kind, length) in [(7, 3), (9, 70_000)] {
            let (said, body) = read_waiting(&mut waiting, 1 << 20).unwrap().unwrap();
            assert_eq!((said, body.len()), (kind, 4 + length + 4));
            let same = runtime.block_on(read(&mut asking, 1 << 20)).unwrap().unwrap();
            assert_eq!(same, (said, body));
        }
        assert_eq!(read_waiting(&mut waiting, 9).unwrap(), None);
        assert_eq!(runtime.block_on(read(&mut asking, 9)).unwrap(), None);
    }

    #[test]
    fn a_message_longer_than_may_be_is_refused_before_it_is_read() {
        let mut stream = &[0xff, 0xff, 0xff, 0xff][..];
        let refused = read_waiting(&mut stream, LARGEST_TO_CLIENT).unwrap_err();
        assert_eq!(refused.to_string(), "the message is longer than may be");
        let refused = read_waiting(&mut &[0, 0, 0, 0, 1][..], 9).unwrap_err();
        assert_eq!(refused.to_string(), "the message has no kind");
    }

    #[test]
    fn a_message_that_breaks_off_is_an_error_at_every_place() {
        let whole = bytes(7, b"one");
        for end in 1..whole.len() {
            let broken = read_waiting(&mut &whole[..end], 99).unwrap_err();
            assert_eq!(broken.kind(), io::ErrorKind::UnexpectedEof, "{end}");
        }
    }
}
