//! How one entry holds on to the one before. Pure: text in, text out.
//!
//! ```text
//! HASH {"n":7,"before":"HASH of 6", …}
//! HASH {"n":8,"before":"HASH of 7", …}
//! └ SHA-256 over the text behind the space, to the end of the line
//! ```
//!
//! Each line can be checked alone, with any tool that knows SHA-256, so it is seen
//! which one was altered: a line whose hash is wrong was, and so was one whose hash
//! the next does not know.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use crate::Entry;

/// A SHA-256, as text 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Hash([u8; 32]);

/// How far a chain goes: its last entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The number of the entry; the first has 1.
    pub n: u64,
    /// Its hash.
    pub hash: Hash,
}

/// A line of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The number of the entry, and the hash that stands in front of it.
    pub link: Link,
    /// The hash of the entry before, as this one knows it.
    pub before: Hash,
    /// Whether the hash in front is that of the text.
    pub holds: bool,
    /// What was done.
    pub entry: Entry,
}

/// The text of an entry, in the order in which it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Numbered {
    n: u64,
    before: Hash,
    #[serde(flatten)]
    entry: Entry,
}

/// Text that is no SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 in hexadecimal digits")]
pub struct NoHash;

impl Link {
    /// Before the first entry.
    pub const START: Self = Self { n: 0, hash: Hash::NONE };

    /// Appends the line of the next entry, and returns how far the chain goes then.
    pub fn write(self, entry: Entry, lines: &mut Vec<u8>) -> Self {
        let numbered = Numbered { n: self.n + 1, before: self.hash, entry: entry.bounded() };
        // Strings, numbers and maps of strings: nothing in it that JSON has no form for.
        let text = serde_json::to_string(&numbered).expect("an entry has a form in JSON");
        let hash = Hash::of(text.as_bytes());
        lines.extend_from_slice(format!("{hash} {text}\n").as_bytes());
        Self { n: numbered.n, hash }
    }
}

impl Line {
    /// Reads a line without its end; nothing if that is no entry.
    pub fn read(line: &[u8]) -> Option<Self> {
        let (hash, text) = std::str::from_utf8(line).ok()?.split_once(' ')?;
        let hash: Hash = hash.parse().ok()?;
        let Numbered { n, before, entry } = serde_json::from_str(text).ok()?;
        let holds = hash == Hash::of(text.as_bytes());
        Some(Self { link: Link { n, hash }, before, holds, entry })
    }
}

impl Hash {
    /// What stands where there is nothing before.
    pub const NONE: Self = Self([0; 32]);

    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
        Self(hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = NoHash;

    fn from_str(text: &str) -> Result<Self, NoHash> {
        // One form for each hash: two files that differ are never one chain.
        let digit = |letter: u8| match letter {
            b'0'..=b'9' => Ok(letter - b'0'),
            b'a'..=b'f' => Ok(letter - b'a' + 10),
            _ => Err(NoHash),
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut hash = [0; 32];
        if pairs.len() != hash.len() || !rest.is_empty() {
            return Err(NoHash);
        }
        for (byte, &[high, low]) in hash.iter_mut().zip(pairs) {
            *byte = digit(high)? << 4 | digit(low)?;
        }
        Ok(Self(hash))
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for Hash {
    type Error = NoHash;

    fn try_from(text: String) -> Result<Self, NoHash> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use base::WallTime;

    use super::*;
    use crate::{Act, Outcome};

    fn entry(at: i64) -> Entry {
        Entry::new(WallTime(at), Act::Live, Outcome::Done)
    }

    #[test]
    fn a_line_is_what_the_picture_says_and_any_tool_can_check_it() {
        let mut lines = Vec::new();
        let end = Link::START.write(entry(5), &mut lines);
        let text = String::from_utf8(lines).unwrap();
        let json = r#"{"n":1,"before":"0000000000000000000000000000000000000000000000000000000000000000","at_us":5,"act":"live","outcome":"done"}"#;
        // By `printf %s JSON | sha256sum`.
        assert_eq!(text, format!("{} {json}\n", end.hash));
        assert_eq!(end.hash, Hash::of(json.as_bytes()));
        assert_eq!(
            Hash::of(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn each_line_knows_the_one_before() {
        let mut lines = Vec::new();
        let mut end = Link::START;
        for at in 0..5 {
            end = end.write(entry(at), &mut lines);
        }
        let mut before = Link::START;
        for (at, text) in lines.split(|&byte| byte == b'\n').filter(|t| !t.is_empty()).enumerate() {
            let line = Line::read(text).unwrap();
            assert_eq!((line.before, line.link.n, line.holds), (before.hash, before.n + 1, true));
            assert_eq!(line.entry, entry(at as i64));
            before = line.link;
        }
        assert_eq!(before, end);
    }

    #[test]
    fn no_byte_of_a_line_can_be_changed_unseen() {
        let mut lines = Vec::new();
        let end = Link::START.write(entry(5), &mut lines);
        let line = &lines[..lines.len() - 1];
        for at in 0..line.len() {
            let mut changed = line.to_vec();
            changed[at] ^= 1;
            let seen = Line::read(&changed);
            assert!(seen.is_none_or(|line| !line.holds || line.link != end), "{at}");
        }
    }

    #[test]
    fn only_one_form_of_a_hash_is_read() {
        let hash = Hash::of(b"").to_string();
        assert_eq!(hash.parse::<Hash>().unwrap(), Hash::of(b""));
        for text in ["", "00", &hash.to_uppercase(), &format!("{hash}0"), &hash[1..]] {
            assert_eq!(text.parse::<Hash>(), Err(NoHash), "{text}");
        }
    }
}
