//! Walking through boxes without trusting them: what `read` stands on.
//!
//! Bytes come from a disk that may have lost its power, so a length is believed
//! only as far as there are bytes. A box that ends behind the input asks for
//! more of it; one that reaches out of its parent is broken.

use std::fmt;

/// The head of a box: what it is, and how far it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxHeader {
    /// Its four letters.
    pub kind: BoxKind,
    /// Length of the head itself: 8, or 16 with a long size.
    pub header_len: u64,
    /// Length of the whole box, the head included; never less than `header_len`.
    pub total_len: u64,
}

/// The four letters that say what a box is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BoxKind(pub [u8; 4]);

/// Bytes are not, or not yet, what they should be. Places count from the first
/// byte of what was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The input ends too early; with more of the file it may be whole.
    #[error("the data end {missing} bytes too early, in the box at byte {at}")]
    TooShort {
        /// Where the unfinished box begins.
        at: u64,
        /// How many bytes are needed at least.
        missing: u64,
    },
    /// More bytes would not mend it.
    #[error("box {kind} at byte {at}: {why}")]
    Broken {
        /// The box that cannot be used.
        kind: BoxKind,
        /// Where it begins.
        at: u64,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// Returns what the head of the box at the start of `data` says. Sixteen bytes
/// are always enough.
pub fn box_header(data: &[u8]) -> Result<BoxHeader, ReadError> {
    header_at(data, 0)
}

/// A box that is wholly there, or what is left of it behind some fields.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    pub(super) kind: BoxKind,
    /// Where the box begins.
    at: u64,
    /// Where `body` begins.
    body_at: u64,
    pub(super) body: &'a [u8],
}

impl<'a> Section<'a> {
    pub(super) fn broken(self, why: &'static str) -> ReadError {
        ReadError::Broken { kind: self.kind, at: self.at, why }
    }

    /// Returns the first box of this kind inside.
    pub(super) fn child(self, kind: &[u8; 4]) -> Result<Section<'a>, ReadError> {
        let mut from = 0;
        while from < self.body.len() {
            // A box that reaches out of its parent is no matter of more bytes.
            let (found, length) = next_box(&self.body[from..], self.body_at + from as u64)
                .map_err(|error| match error {
                    ReadError::TooShort { .. } => self.broken("a box in it reaches out of it"),
                    broken @ ReadError::Broken { .. } => broken,
                })?;
            if &found.kind.0 == kind {
                return Ok(found);
            }
            from += length;
        }
        Err(ReadError::Broken { kind: BoxKind(*kind), at: self.at, why: "is missing here" })
    }

    /// Returns the first box inside, of whatever kind.
    pub(super) fn first(self) -> Result<Section<'a>, ReadError> {
        if self.body.is_empty() {
            return Err(self.broken("holds nothing"));
        }
        let first = next_box(self.body, self.body_at);
        first.map(|(found, _)| found).map_err(|error| match error {
            ReadError::TooShort { .. } => self.broken("a box in it reaches out of it"),
            broken @ ReadError::Broken { .. } => broken,
        })
    }

    /// Returns what is behind the first `length` bytes of the body.
    pub(super) fn skip(self, length: usize, why: &'static str) -> Result<Section<'a>, ReadError> {
        let body = self.body.get(length..).ok_or(self.broken(why))?;
        Ok(Section { body, body_at: self.body_at + length as u64, ..self })
    }

    pub(super) fn fields(self) -> Fields<'a> {
        Fields { section: self, rest: self.body }
    }
}

/// The fields of a box, read one after the other.
pub(super) struct Fields<'a> {
    section: Section<'a>,
    rest: &'a [u8],
}

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(self.section.broken("ends before its fields do"))?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn skip(&mut self, length: usize) -> Result<(), ReadError> {
        self.rest =
            self.rest.get(length..).ok_or(self.section.broken("ends before its fields do"))?;
        Ok(())
    }

    pub(super) fn version_and_flags(&mut self) -> Result<(u8, u32), ReadError> {
        let word = self.u32()?;
        Ok((word.to_be_bytes()[0], word & 0x00ff_ffff))
    }

    pub(super) fn u16(&mut self) -> Result<u16, ReadError> {
        self.take().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, ReadError> {
        self.take().map(u32::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, ReadError> {
        self.take().map(i32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, ReadError> {
        self.take().map(u64::from_be_bytes)
    }
}

/// Returns the box at the start of `data`, which stands at byte `at` of the
/// input, and its length.
pub(super) fn next_box(data: &[u8], at: u64) -> Result<(Section<'_>, usize), ReadError> {
    let header = header_at(data, at)?;
    let whole = usize::try_from(header.total_len).ok().and_then(|length| data.get(..length));
    let Some(whole) = whole else {
        return Err(ReadError::TooShort { at, missing: header.total_len - data.len() as u64 });
    };
    let body = &whole[header.header_len as usize..];
    Ok((Section { kind: header.kind, at, body_at: at + header.header_len, body }, whole.len()))
}

pub(super) fn header_at(data: &[u8], at: u64) -> Result<BoxHeader, ReadError> {
    let too_short =
        |needed: usize| ReadError::TooShort { at, missing: (needed - data.len()) as u64 };
    let Some((size, rest)) = data.split_first_chunk::<4>() else { return Err(too_short(8)) };
    let Some((kind, rest)) = rest.split_first_chunk::<4>() else { return Err(too_short(8)) };
    let kind = BoxKind(*kind);
    let (header_len, total_len) = match u32::from_be_bytes(*size) {
        // Allowed for the last box of a file that is streamed out; we know our sizes.
        0 => return Err(ReadError::Broken { kind, at, why: "has no size" }),
        1 => match rest.first_chunk() {
            Some(size) => (16, u64::from_be_bytes(*size)),
            None => return Err(too_short(16)),
        },
        size => (8, size.into()),
    };
    if total_len < header_len {
        return Err(ReadError::Broken { kind, at, why: "is shorter than its own head" });
    }
    Ok(BoxHeader { kind, header_len, total_len })
}

impl fmt::Display for BoxKind {
    /// Writes the four letters; a byte that is none, as `\x00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for BoxKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_size_is_read_and_a_wrong_one_refused() {
        let long = [0, 0, 0, 1, b'm', b'd', b'a', b't', 0, 0, 0, 2, 0, 0, 0, 0];
        let header = box_header(&long).unwrap();
        assert_eq!((header.header_len, header.total_len), (16, 2 << 32));
        let zero = box_header(&[0, 0, 0, 0, b'm', b'd', b'a', b't']).unwrap_err();
        assert_eq!(zero.to_string(), "box mdat at byte 0: has no size");
        let short = box_header(&[0, 0, 0, 7, b'm', 0, b'a', b't']).unwrap_err();
        assert_eq!(short.to_string(), r"box m\x00at at byte 0: is shorter than its own head");
    }
}
