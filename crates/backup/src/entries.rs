//! What is sealed: entries, each a name and bytes whose length need not be known
//! before they are written.
//!
//! ```text
//! entry    'N' │ length of the name (1) │ name │ { length (4) │ bytes } … │ 0 (4)
//! end      'Z'
//! name     letters, digits, dot, dash, underscore; parts with a slash between
//! ```
//!
//! No name leads out of the folder it is put into: no part is empty or begins
//! with a dot.

use std::io::{Read, Write};

use crate::Error;
use crate::seal::{CHUNK, Opening, Sealing};

const ENTRY: u8 = b'N';
const END: u8 = b'Z';
/// The most bytes that are written, and taken, in one piece.
const PIECE: usize = CHUNK;

/// Writes a backup.
pub struct Writer<W> {
    sealing: Sealing<W>,
    is_open: bool,
}

/// Reads a backup.
pub struct Reader<R> {
    opening: Opening<R>,
    bytes: Vec<u8>,
    /// How many of them were read.
    read: usize,
    is_open: bool,
    is_over: bool,
}

/// What a [`Reader`] gives: an entry's name, its bytes in pieces, then its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An entry begins.
    Entry(String),
    /// The next bytes of the entry.
    Bytes(Vec<u8>),
    /// The entry is whole.
    End,
}

impl<W: Write> Writer<W> {
    /// Begins a backup that `passphrase` opens.
    pub fn begin(out: W, passphrase: &str) -> Result<Self, Error> {
        Ok(Self { sealing: Sealing::begin(out, passphrase)?, is_open: false })
    }

    /// Begins an entry; the one before it is whole.
    pub fn entry(&mut self, name: &str) -> Result<(), Error> {
        self.close()?;
        let len = u8::try_from(name.len()).ok().filter(|_| is_name(name));
        let len = len.ok_or(Error::Form("a name that leads elsewhere"))?;
        self.sealing.write(&[ENTRY, len])?;
        self.sealing.write(name.as_bytes())?;
        self.is_open = true;
        Ok(())
    }

    /// Writes bytes of that entry.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        for piece in bytes.chunks(PIECE) {
            self.sealing.write(&length(piece.len()))?;
            self.sealing.write(piece)?;
        }
        Ok(())
    }

    /// Ends the backup.
    pub fn finish(mut self) -> Result<W, Error> {
        self.close()?;
        self.sealing.write(&[END])?;
        self.sealing.finish()
    }

    fn close(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.is_open) {
            self.sealing.write(&length(0))?;
        }
        Ok(())
    }
}

impl<R: Read> Reader<R> {
    /// Begins to read; refuses what is no backup, or not this passphrase's.
    pub fn begin(from: R, passphrase: &str) -> Result<Self, Error> {
        let opening = Opening::begin(from, passphrase)?;
        Ok(Self { opening, bytes: Vec::new(), read: 0, is_open: false, is_over: false })
    }

    /// Returns what comes next; none when all was given, and nothing is missing.
    pub fn next_item(&mut self) -> Result<Option<Item>, Error> {
        if self.is_over {
            return Ok(None);
        }
        if self.is_open {
            let len = u32::from_le_bytes(self.take()?) as usize;
            if len > PIECE {
                return Err(Error::Form("a piece that is too long"));
            }
            self.is_open = len > 0;
            return Ok(Some(match len {
                0 => Item::End,
                len => Item::Bytes(self.run(len)?),
            }));
        }
        match self.take()? {
            [ENTRY] => {
                let [len] = self.take()?;
                let name = String::from_utf8(self.run(len.into())?).ok();
                let name = name.filter(|name| is_name(name));
                self.is_open = true;
                name.map(|name| Some(Item::Entry(name)))
                    .ok_or(Error::Form("a name that leads elsewhere"))
            }
            [END] => {
                self.is_over = true;
                // The last chunk says that it is the last.
                if self.read < self.bytes.len() || self.opening.chunk()?.is_some() {
                    return Err(Error::Form("entries behind their end"));
                }
                Ok(None)
            }
            _ => Err(Error::Form("neither an entry nor the end")),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let run = self.run(N)?;
        Ok(run.try_into().expect("as many bytes as were asked for"))
    }

    fn run(&mut self, len: usize) -> Result<Vec<u8>, Error> {
        while self.bytes.len() - self.read < len {
            let more = self.opening.chunk()?.ok_or(Error::Form("entries without an end"))?;
            self.bytes.drain(..self.read);
            self.read = 0;
            self.bytes.extend(more);
        }
        let run = self.bytes[self.read..self.read + len].to_vec();
        self.read += len;
        Ok(run)
    }
}

fn length(len: usize) -> [u8; 4] {
    u32::try_from(len).expect("a piece is short").to_le_bytes()
}

fn is_name(name: &str) -> bool {
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || b"._-".contains(&letter);
    name.len() <= 255
        && name
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.') && part.bytes().all(fits))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSPHRASE: &str = "năm cánh đồng lúa chín";

    fn entries() -> Vec<(String, Vec<u8>)> {
        let entry = |name: &str, len: usize| (name.to_owned(), vec![b'x'; len]);
        vec![
            entry("about.json", 10),
            entry("tls/ca.pem", 0),
            entry("audit/2026-11-29-000000000001.log", 2 * PIECE),
            entry("rows", 2 * PIECE + 1),
        ]
    }

    fn written(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut writer = Writer::begin(Vec::new(), PASSPHRASE).unwrap();
        for (name, bytes) in entries {
            writer.entry(name).unwrap();
            bytes.chunks(PIECE + 7).for_each(|piece| writer.write(piece).unwrap());
        }
        writer.finish().unwrap()
    }

    fn read(file: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let mut reader = Reader::begin(file, PASSPHRASE)?;
        let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
        while let Some(item) = reader.next_item()? {
            match item {
                Item::Entry(name) => entries.push((name, Vec::new())),
                Item::Bytes(bytes) => entries.last_mut().unwrap().1.extend(bytes),
                Item::End => {}
            }
        }
        Ok(entries)
    }

    #[test]
    fn entries_come_back_as_they_went_in() {
        assert!(read(&written(&entries())).unwrap() == entries());
        assert!(read(&written(&[])).unwrap().is_empty());
    }

    #[test]
    fn a_name_that_leads_out_of_the_folder_is_neither_written_nor_read() {
        for name in
            ["", "/etc/passwd", "../key", "tls/../../key", "a//b", "a/", ".ssh", "tệp", "a b"]
        {
            let mut writer = Writer::begin(Vec::new(), PASSPHRASE).unwrap();
            assert!(writer.entry(name).is_err(), "{name}");
            // Nor by who has the passphrase and another program.
            let len = u8::try_from(name.len()).unwrap();
            writer.sealing.write(&[&[ENTRY, len], name.as_bytes()].concat()).unwrap();
            writer.is_open = true;
            let refusal = read(&writer.finish().unwrap()).unwrap_err().to_string();
            assert!(refusal.ends_with("a name that leads elsewhere"), "{name}: {refusal}");
        }
    }

    #[test]
    fn what_is_sealed_and_no_entry_is_refused_in_words() {
        let refused = |plain: &[u8]| {
            let mut sealing = Sealing::begin(Vec::new(), PASSPHRASE).unwrap();
            sealing.write(plain).unwrap();
            read(&sealing.finish().unwrap()).unwrap_err().to_string()
        };
        let words = "the backup holds what this program never writes: ";
        assert_eq!(refused(b""), format!("{words}entries without an end"));
        assert_eq!(refused(b"N\x01a"), format!("{words}entries without an end"));
        assert_eq!(refused(b"?"), format!("{words}neither an entry nor the end"));
        assert_eq!(refused(b"ZN"), format!("{words}entries behind their end"));
        assert_eq!(refused(b"N\x01a\xff\xff\xff\xff"), format!("{words}a piece that is too long"));
    }
}
