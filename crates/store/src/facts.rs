//! What a stream's files cannot say: why nothing is there, what was filled,
//! what was deleted by which rule.
//!
//! ```text
//! 8f1c02aa {"fact":"gap","from_us":1795135398250000,"reason":"unreachable"}
//! 03be5d10 {"fact":"deleted","from_us":…,"to_us":…,"rule":"age","segments":1,"size_bytes":157286400,"noted_us":…}
//! └ CRC-32 of what follows the blank
//! ```
//!
//! A journal is only ever appended to. When the power goes, its end may be
//! torn; [`parse`] says how much of it is whole. A line that is damaged in the
//! middle costs that line and nothing else.
//!
//! Text only: the file is read and written by `recover` and `journal`.

use base::{Span, WallTime};
use serde::{Deserialize, Serialize};

use crate::gap::GapReason;
use crate::retention::Rule;

/// A line of a fact journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// From here on nothing is recorded, until something is again.
    Gap {
        /// The end of the run before it, or the moment another reason began.
        from: WallTime,
        /// Why.
        reason: GapReason,
    },
    /// A stretch was fetched later.
    Filled {
        /// What was fetched.
        span: Span,
        /// From where, for people to read.
        origin: String,
    },
    /// Segments were deleted as a rule demands.
    Deleted {
        /// The time they covered, without a hole.
        span: Span,
        /// The rule that demanded it.
        rule: Rule,
        /// How many files.
        segments: u32,
        /// How many bytes.
        size_bytes: u64,
        /// When, on the store's clock.
        noted: WallTime,
    },
}

/// What a journal holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The facts, in the order they were noted.
    pub facts: Vec<Fact>,
    /// Length up to the end of the last whole line; what follows is torn.
    pub whole_bytes: u64,
    /// Lines before that end that cannot be read.
    pub damaged: usize,
}

/// Returns the journal's line of a fact, with its end.
pub fn line(fact: &Fact) -> String {
    // A fact is numbers and short texts, which JSON can always hold.
    let json = serde_json::to_string(&Line::from(fact)).unwrap_or_default();
    format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()))
}

/// Returns the facts of a journal, and how much of it is whole.
pub fn parse(journal: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    let mut unread = 0;
    let mut at = 0;
    for piece in journal.split_inclusive(|&byte| byte == b'\n') {
        at += piece.len() as u64;
        match read(piece) {
            Some(fact) => {
                parsed.facts.push(fact);
                parsed.whole_bytes = at;
                parsed.damaged += unread;
                unread = 0;
            }
            None => unread += 1,
        }
    }
    parsed
}

fn read(piece: &[u8]) -> Option<Fact> {
    let text = std::str::from_utf8(piece.strip_suffix(b"\n")?).ok()?;
    let (sum, json) = text.split_at_checked(8)?;
    let json = json.strip_prefix(' ')?;
    if u32::from_str_radix(sum, 16).ok()? != crc32fast::hash(json.as_bytes()) {
        return None;
    }
    serde_json::from_str::<Line>(json).ok()?.fact()
}

/// The JSON of a fact.
#[derive(Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
enum Line {
    Gap {
        from_us: WallTime,
        reason: GapReason,
    },
    Filled {
        from_us: WallTime,
        to_us: WallTime,
        origin: String,
    },
    Deleted {
        from_us: WallTime,
        to_us: WallTime,
        rule: Rule,
        segments: u32,
        size_bytes: u64,
        noted_us: WallTime,
    },
}

impl Line {
    fn fact(self) -> Option<Fact> {
        Some(match self {
            Self::Gap { from_us, reason } => Fact::Gap { from: from_us, reason },
            Self::Filled { from_us, to_us, origin } => {
                Fact::Filled { span: Span::new(from_us, to_us)?, origin }
            }
            Self::Deleted { from_us, to_us, rule, segments, size_bytes, noted_us } => {
                let span = Span::new(from_us, to_us)?;
                Fact::Deleted { span, rule, segments, size_bytes, noted: noted_us }
            }
        })
    }
}

impl From<&Fact> for Line {
    fn from(fact: &Fact) -> Self {
        match fact.clone() {
            Fact::Gap { from, reason } => Self::Gap { from_us: from, reason },
            Fact::Filled { span, origin } => {
                Self::Filled { from_us: span.start(), to_us: span.end(), origin }
            }
            Fact::Deleted { span, rule, segments, size_bytes, noted } => Self::Deleted {
                from_us: span.start(),
                to_us: span.end(),
                rule,
                segments,
                size_bytes,
                noted_us: noted,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Vec<Fact> {
        let span = Span::new(WallTime(-5), WallTime(1_795_135_338_250_000)).unwrap();
        let mut facts: Vec<_> = GapReason::ALL
            .into_iter()
            .map(|reason| Fact::Gap { from: WallTime(7), reason })
            .collect();
        facts.push(Fact::Filled { span, origin: "thẻ nhớ\n\"SD\"".to_owned() });
        for rule in Rule::ALL {
            let noted = WallTime(9);
            facts.push(Fact::Deleted { span, rule, segments: 3, size_bytes: u64::MAX, noted });
        }
        facts
    }

    fn journal() -> Vec<u8> {
        facts().iter().map(line).collect::<String>().into_bytes()
    }

    #[test]
    fn what_was_noted_reads_back() {
        let journal = journal();
        let whole_bytes = journal.len() as u64;
        assert_eq!(parse(&journal), Parsed { facts: facts(), whole_bytes, damaged: 0 });
        assert_eq!(parse(b""), Parsed::default());
    }

    #[test]
    fn a_line_is_as_the_picture_shows_it() {
        let fact = Fact::Gap { from: WallTime(12), reason: GapReason::Unreachable };
        assert_eq!(
            line(&fact)[8..],
            *" {\"fact\":\"gap\",\"from_us\":12,\"reason\":\"unreachable\"}\n"
        );
    }

    #[test]
    fn wherever_it_is_torn_all_whole_lines_are_there_and_the_rest_is_told() {
        let journal = journal();
        for end in 0..=journal.len() {
            let parsed = parse(&journal[..end]);
            let whole =
                journal[..end].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            assert_eq!(parsed.whole_bytes, whole as u64);
            let lines = journal[..whole].iter().filter(|&&byte| byte == b'\n').count();
            assert_eq!(parsed.facts, facts()[..lines]);
        }
    }

    #[test]
    fn a_damaged_bit_costs_its_line_and_no_other() {
        let journal = journal();
        for at in 0..journal.len() {
            let mut damaged = journal.clone();
            damaged[at] ^= 0x10;
            let parsed = parse(&damaged);
            let lost = facts().len() - parsed.facts.len();
            // A line break that is gone joins two lines.
            let most = if journal[at] == b'\n' { 2 } else { 1 };
            assert!((1..=most).contains(&lost), "byte {at} cost {lost} lines");
        }
    }

    #[test]
    fn rubbish_behind_the_end_is_not_part_of_the_whole() {
        let mut torn = journal();
        let whole = torn.len() as u64;
        torn.extend_from_slice(b"\0\0\0\0\n\xff\xfe\n12345678 {}\nrest");
        let parsed = parse(&torn);
        assert_eq!((parsed.whole_bytes, parsed.damaged), (whole, 0));
        torn.extend_from_slice(format!("\n{}", line(&facts()[0])).as_bytes());
        let parsed = parse(&torn);
        assert_eq!((parsed.whole_bytes, parsed.damaged), (torn.len() as u64, 4));
    }
}
