//! Looking for entries, the newest first, a page at a time.
//!
//! ```text
//! DAY-1.log      DAY-9.log        DAY-14.log
//! ░░░░░░░░░░     ░░░░░◀───────    ◀──────────── from the end, block by block
//!                     └ next: where the page behind this one begins
//! ```
//!
//! Files are read as they are, whether or not they hold; whether they do is
//! `verify.rs`'s. A page ends also where much was read and little found, so that a
//! rare word cannot hold a disk for minutes: the next page goes on from there.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use base::{CameraId, Needle, UserId, WallTime, fold};

use crate::chain::Line;
use crate::journal::{Files, day_of};
use crate::{Act, Entry, Outcome};

/// How much is read at once, from the end of what was not read yet.
const BLOCK: u64 = 256 * 1024;
/// How much is read for one page.
const MOST_READ: u64 = 64 << 20;

/// What an entry must be to be found.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not before.
    pub from: Option<WallTime>,
    /// Before.
    pub to: Option<WallTime>,
    /// One of these acts, if there are any.
    pub acts: Vec<Act>,
    /// By this person.
    pub user: Option<UserId>,
    /// With this camera.
    pub camera: Option<CameraId>,
    /// Refused alone.
    pub refused: bool,
    /// Words that all occur in what is said of it: who, with which thing, why, from where,
    /// and the rest, such as the number of a case.
    pub text: Needle,
}

/// A page of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// What was found, the newest first.
    pub lines: Vec<Line>,
    /// Where the next page begins; nothing when all was read.
    pub next: Option<Place>,
}

/// A place in a journal: before it lies what was not read yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of its file's first entry.
    pub first: u64,
    /// How far into the file.
    pub offset: u64,
}

impl Filter {
    /// Returns whether an entry is one of those looked for.
    pub fn takes(&self, entry: &Entry) -> bool {
        let camera = |id: CameraId| {
            entry.object.as_ref().is_some_and(|it| it.kind == "camera" && it.id == id.0)
        };
        self.from.is_none_or(|from| entry.at >= from)
            && self.to.is_none_or(|to| entry.at < to)
            && (self.acts.is_empty() || self.acts.contains(&entry.act))
            && self.user.is_none_or(|id| entry.who.as_ref().is_some_and(|who| who.user == id))
            && self.camera.is_none_or(camera)
            && (!self.refused || matches!(entry.outcome, Outcome::Refused(_)))
            && self.text.matches_made(|| said(entry))
    }
}

/// Returns what is said of an entry, folded.
fn said(entry: &Entry) -> String {
    let who = entry.who.iter().map(|who| who.name.clone());
    let object = entry.object.iter().map(|object| object.name.clone());
    let from = entry.from.iter().map(ToString::to_string);
    // What somebody looked for here would find itself each time.
    let details = entry.details.iter().filter(|(name, _)| *name != "q").map(|(_, value)| value);
    let rest = entry.purpose.iter().chain(details).cloned();
    let all: Vec<_> = who.chain(object).chain(from).chain(rest).collect();
    fold(&all.join(" "))
}

/// Returns the next entries before `place`, or the last there are, of those that `tells`
/// says may be told: what may not is as if it were not there, for the length of a page
/// as well. Blocks for the reading of files.
pub fn search(
    folder: &Path,
    filter: &Filter,
    tells: impl Fn(&Entry) -> bool,
    place: Option<Place>,
    most: usize,
) -> io::Result<Page> {
    let mut page = Page::default();
    let mut read = 0;
    // An entry may stand in the file of a later day than its own: a clock was set
    // back. One that stands in an earlier day's is not there.
    let earliest = filter.from.map(day_of).unwrap_or_default();
    for log in Files::list(folder)?.logs.iter().rev() {
        if place.is_some_and(|place| log.first > place.first) {
            continue;
        }
        if log.day < earliest {
            return Ok(page);
        }
        let mut file = File::open(&log.path)?;
        let len = file.metadata()?.len();
        let end = place.filter(|place| place.first == log.first);
        let mut end = end.map_or(len, |place| place.offset.min(len));
        while end > 0 {
            if page.lines.len() >= most || read >= MOST_READ {
                page.next = Some(Place { first: log.first, offset: end });
                return Ok(page);
            }
            let Block { mut lines, begin } = block_before(&mut file, end)?;
            read += end - begin;
            while let Some((line, at)) = lines.pop_back() {
                end = begin + at;
                if let Some(line) =
                    Line::read(&line).filter(|line| filter.takes(&line.entry) && tells(&line.entry))
                {
                    page.lines.push(line);
                }
                if page.lines.len() >= most {
                    break;
                }
            }
        }
    }
    Ok(page)
}

/// Whole lines of a file.
struct Block {
    /// Each with where it begins within the block.
    lines: VecDeque<(Vec<u8>, u64)>,
    /// Where the block begins in the file.
    begin: u64,
}

/// Returns the lines before `end`. One that is longer than a block is read in one
/// that is longer.
fn block_before(file: &mut File, end: u64) -> io::Result<Block> {
    let mut size = BLOCK;
    loop {
        let mut begin = end.saturating_sub(size);
        file.seek(SeekFrom::Start(begin))?;
        let mut bytes = vec![0; usize::try_from(end - begin).unwrap_or(0)];
        file.read_exact(&mut bytes)?;
        if begin > 0 {
            // The first is the end of a line that begins before.
            let Some(cut) = bytes.iter().position(|&byte| byte == b'\n') else {
                size *= 2;
                continue;
            };
            if cut + 1 == bytes.len() {
                size *= 2;
                continue;
            }
            bytes.drain(..=cut);
            begin += cut as u64 + 1;
        }
        let mut at = 0;
        let mut lines = VecDeque::new();
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            lines.push_back((line.strip_suffix(b"\n").unwrap_or(line).to_vec(), at));
            at += line.len() as u64;
        }
        return Ok(Block { lines, begin });
    }
}
