//! As much of CBOR (RFC 8949) as authenticators write: whole numbers, bytes, text,
//! lists, maps and the simple values; lengths that are told. Everything else is
//! refused, and so is what nests deeper than anything that they have to say.

/// How deep lists and maps may stand in one another.
const DEEPEST: usize = 6;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Int(i64),
    Bytes(Vec<u8>),
    Text(String),
    List(Vec<Item>),
    Map(Vec<(Item, Item)>),
    /// false, true, null and others that mean nothing here.
    Simple(u8),
}

impl Item {
    /// Reads one value; returns it with the bytes behind it.
    pub(crate) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        read(bytes, 0)
    }

    /// Returns what a map has under a number.
    pub(crate) fn at(&self, key: i64) -> Option<&Self> {
        self.under(&Self::Int(key))
    }

    /// Returns what a map has under a name.
    pub(crate) fn named(&self, key: &str) -> Option<&Self> {
        self.under(&Self::Text(key.to_owned()))
    }

    pub(crate) fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The first of that key; with two of them it is no map of ours.
    fn under(&self, key: &Self) -> Option<&Self> {
        let Self::Map(pairs) = self else { return None };
        let mut found = pairs.iter().filter(|(name, _)| name == key);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

fn read(bytes: &[u8], depth: usize) -> Option<(Item, &[u8])> {
    if depth > DEEPEST {
        return None;
    }
    let (&first, rest) = bytes.split_first()?;
    let (major, more) = (first >> 5, first & 0x1f);
    let (number, mut rest) = match more {
        0..=23 => (u64::from(more), rest),
        24 => rest.split_first().map(|(&byte, rest)| (u64::from(byte), rest))?,
        25 => {
            let (bytes, rest) = rest.split_first_chunk()?;
            (u64::from(u16::from_be_bytes(*bytes)), rest)
        }
        26 => {
            let (bytes, rest) = rest.split_first_chunk()?;
            (u64::from(u32::from_be_bytes(*bytes)), rest)
        }
        27 => {
            let (bytes, rest) = rest.split_first_chunk()?;
            (u64::from_be_bytes(*bytes), rest)
        }
        _ => return None,
    };
    let item = match major {
        0 => Item::Int(i64::try_from(number).ok()?),
        1 => Item::Int(-1 - i64::try_from(number).ok()?),
        2 | 3 => {
            let length = usize::try_from(number).ok()?;
            let (text, after) = rest.split_at_checked(length)?;
            rest = after;
            match major {
                2 => Item::Bytes(text.to_vec()),
                _ => Item::Text(str::from_utf8(text).ok()?.to_owned()),
            }
        }
        4 => {
            // Grown as it is read: a count that is a lie takes no memory.
            let mut list = Vec::new();
            for _ in 0..number {
                let (item, after) = read(rest, depth + 1)?;
                list.push(item);
                rest = after;
            }
            Item::List(list)
        }
        5 => {
            let mut pairs = Vec::new();
            for _ in 0..number {
                let (key, after) = read(rest, depth + 1)?;
                let (value, after) = read(after, depth + 1)?;
                pairs.push((key, value));
                rest = after;
            }
            Item::Map(pairs)
        }
        7 if more < 24 => Item::Simple(more),
        _ => return None,
    };
    Some((item, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    /// Examples of RFC 8949, appendix A, of what we read.
    #[test]
    fn what_the_rfc_writes_is_read() {
        let text = |text: &str| Item::Text(text.to_owned());
        for (bytes, expected) in [
            ("00", Item::Int(0)),
            ("17", Item::Int(23)),
            ("1818", Item::Int(24)),
            ("1903e8", Item::Int(1000)),
            ("1a000f4240", Item::Int(1_000_000)),
            ("1b000000e8d4a51000", Item::Int(1_000_000_000_000)),
            ("20", Item::Int(-1)),
            ("3903e7", Item::Int(-1000)),
            ("4401020304", Item::Bytes(vec![1, 2, 3, 4])),
            ("62c3bc", text("ü")),
            ("f5", Item::Simple(21)),
            ("83010203", Item::List(vec![Item::Int(1), Item::Int(2), Item::Int(3)])),
            (
                "a201020304",
                Item::Map(vec![(Item::Int(1), Item::Int(2)), (Item::Int(3), Item::Int(4))]),
            ),
        ] {
            let bytes = hex(bytes);
            assert_eq!(Item::read(&bytes), Some((expected, [].as_slice())), "{bytes:x?}");
            for length in 0..bytes.len() {
                assert_eq!(Item::read(&bytes[..length]), None, "{length} of {bytes:x?}");
            }
        }
    }

    #[test]
    fn what_we_do_not_read_is_refused_and_takes_neither_memory_nor_stack() {
        for bytes in
            ["5f42010243030405ff", "9fff", "bf", "c100", "f90000", "62fffe", "1bffffffffffffffff"]
        {
            assert_eq!(Item::read(&hex(bytes)), None, "{bytes}");
        }
        assert_eq!(Item::read(&hex("9bffffffffffffffff00")), None);
        assert_eq!(Item::read(&[0x81; 100_000]), None);
        let (twice, _) = Item::read(&hex("a201020103")).unwrap();
        assert_eq!(twice.at(1), None, "a key that stands there twice");
    }
}
