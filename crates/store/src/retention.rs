//! What is let go, and what never.
//!
//! ```text
//! oldest                                                   newest
//!   ├───────────┤ over the days of its class     Age
//!   ├──────┤ over the bytes of its stream        StreamBytes
//!   ├────┤ over the bytes of the whole store     Ceiling
//!   ├──┤ needed for the disk to take more        DiskFull
//!       ▓▓▓▓ a hold: above all of them
//! ```
//!
//! Decisions only: who is asked for deletes nothing here, and knows no clock.
//! The store acts on them (`expire.rs`), note first, then file.

use std::collections::HashMap;

use base::{Span, StreamId, WallTime};
use serde::{Deserialize, Serialize};

use crate::timeline::Segment;

/// How long, and how much, is kept of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// At most so many days; forever without.
    pub days: Option<u32>,
    /// At most so many bytes; any number without.
    pub bytes: Option<u64>,
}

/// The rule by which something was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Older than the days of its class.
    Age,
    /// The stream was over its bytes.
    StreamBytes,
    /// The store was over its ceiling.
    Ceiling,
    /// The disk was full.
    DiskFull,
}

/// What nobody may delete, by stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holds(HashMap<StreamId, Vec<Span>>);

impl Rule {
    /// Every rule there is.
    pub const ALL: [Self; 4] = [Self::Age, Self::StreamBytes, Self::Ceiling, Self::DiskFull];

    /// Returns its name in journal and API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::StreamBytes => "stream_bytes",
            Self::Ceiling => "ceiling",
            Self::DiskFull => "disk_full",
        }
    }
}

impl Holds {
    /// Adds a span of a stream.
    pub fn add(&mut self, stream: StreamId, span: Span) {
        self.0.entry(stream).or_default().push(span);
    }

    /// Returns the spans of a stream that are held.
    pub fn of(&self, stream: StreamId) -> &[Span] {
        self.0.get(&stream).map_or(&[], Vec::as_slice)
    }
}

impl FromIterator<(StreamId, Span)> for Holds {
    fn from_iter<I: IntoIterator<Item = (StreamId, Span)>>(spans: I) -> Self {
        let mut holds = Self::default();
        spans.into_iter().for_each(|(stream, span)| holds.add(stream, span));
        holds
    }
}

/// Returns what of one stream's closed segments, in order of start, is due by
/// its own retention. `open_bytes` count, and cannot go.
///
/// > A segment that shares a moment with a hold is never returned, by any rule.
pub(crate) fn due<'a>(
    segments: impl Iterator<Item = &'a Segment> + Clone,
    open_bytes: u64,
    retention: Retention,
    held: &[Span],
    now: WallTime,
) -> Vec<(Segment, Rule)> {
    let horizon = retention.days.map(|days| now.minus(days_long(days)));
    let mut kept: u64 =
        open_bytes + segments.clone().map(|segment| segment.size_bytes).sum::<u64>();
    let mut due = Vec::new();
    for &segment in segments {
        if is_held(segment, held) {
            continue;
        }
        let rule = if horizon.is_some_and(|horizon| segment.span.end() <= horizon) {
            Rule::Age
        } else if retention.bytes.is_some_and(|bytes| kept > bytes) {
            Rule::StreamBytes
        } else {
            continue;
        };
        kept -= segment.size_bytes;
        due.push((segment, rule));
    }
    due
}

/// Returns the oldest of one stream's closed segments that may go, just enough
/// to free `bytes` if all of it had to come from this stream.
pub(crate) fn spare<'a>(
    segments: impl Iterator<Item = &'a Segment>,
    held: &[Span],
    bytes: u64,
) -> Vec<Segment> {
    let mut freed = 0;
    let mut spare = Vec::new();
    for &segment in segments {
        if freed >= bytes {
            break;
        }
        if !is_held(segment, held) {
            freed += segment.size_bytes;
            spare.push(segment);
        }
    }
    spare
}

/// Returns the oldest of what the streams can spare, just enough to free `bytes`.
pub(crate) fn oldest(mut spare: Vec<(StreamId, Segment)>, bytes: u64) -> Vec<(StreamId, Segment)> {
    spare.sort_by_key(|(stream, segment)| (segment.span.end(), *stream, segment.name()));
    let mut freed = 0;
    let enough = spare.iter().position(|(_, segment)| {
        let enough = freed >= bytes;
        freed += segment.size_bytes;
        enough
    });
    spare.truncate(enough.unwrap_or(spare.len()));
    spare
}

pub(crate) fn is_held(segment: Segment, held: &[Span]) -> bool {
    held.iter().any(|hold| hold.intersection(segment.span).is_some())
}

fn days_long(days: u32) -> std::time::Duration {
    std::time::Duration::from_secs(u64::from(days) * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Source;

    const DAY: i64 = 86_400_000_000;

    fn span(start: i64, end: i64) -> Span {
        Span::new(WallTime(start), WallTime(end)).unwrap()
    }

    /// A row of segments of a day and ten bytes each.
    fn row(days: i64) -> Vec<Segment> {
        (0..days)
            .map(|day| Segment {
                span: span(day * DAY, (day + 1) * DAY),
                epoch: 1,
                sequence: day as u32 + 1,
                source: Source::Live,
                size_bytes: 10,
            })
            .collect()
    }

    fn numbers(due: &[(Segment, Rule)], rule: Rule) -> Vec<u32> {
        due.iter().filter(|(_, by)| *by == rule).map(|(segment, _)| segment.sequence).collect()
    }

    #[test]
    fn what_ended_by_the_horizon_is_too_old() {
        let retention = Retention { days: Some(3), bytes: None };
        let due_at =
            |now| numbers(&due(row(5).iter(), 0, retention, &[], WallTime(now)), Rule::Age);
        assert_eq!(due_at(4 * DAY - 1), [0; 0]);
        assert_eq!(due_at(4 * DAY), [1]);
        assert_eq!(due_at(6 * DAY), [1, 2, 3]);
    }

    #[test]
    fn bytes_over_the_streams_own_go_from_the_oldest() {
        let retention = Retention { days: None, bytes: Some(30) };
        let due_of = |open| {
            numbers(&due(row(4).iter(), open, retention, &[], WallTime(0)), Rule::StreamBytes)
        };
        assert_eq!(due_of(0), [1]);
        assert_eq!(due_of(11), [1, 2, 3]);
        assert_eq!(due_of(1000), [1, 2, 3, 4]);
    }

    #[test]
    fn what_age_takes_need_not_be_taken_for_bytes() {
        let retention = Retention { days: Some(3), bytes: Some(20) };
        let due = due(row(5).iter(), 0, retention, &[], WallTime(5 * DAY));
        assert_eq!(numbers(&due, Rule::Age), [1, 2]);
        assert_eq!(numbers(&due, Rule::StreamBytes), [3]);
    }

    #[test]
    fn without_a_policy_nothing_is_due() {
        assert_eq!(due(row(5).iter(), 0, Retention::default(), &[], WallTime(i64::MAX)), []);
    }

    #[test]
    fn a_hold_spares_what_it_touches_and_others_go_for_it() {
        let retention = Retention { days: None, bytes: Some(20) };
        let held = [span(DAY - 1, DAY + 1)];
        let due = due(row(5).iter(), 0, retention, &held, WallTime(0));
        assert_eq!(numbers(&due, Rule::StreamBytes), [3, 4, 5]);
    }

    #[test]
    fn the_oldest_of_all_streams_goes_first() {
        let (a, b) = (StreamId::new(), StreamId::new());
        let rows = row(3).into_iter().flat_map(|segment| [(b, segment), (a, segment)]).collect();
        let gone = oldest(rows, 25);
        let gone: Vec<_> = gone.iter().map(|(stream, s)| (*stream, s.sequence)).collect();
        assert_eq!(gone, [(a, 1), (b, 1), (a, 2)]);
        assert_eq!(oldest(Vec::new(), 1), []);
    }

    /// Every hold over five segments, every number of bytes and days: nothing
    /// held goes, nothing goes that need not, and what must go goes.
    #[test]
    fn in_every_small_world_holds_stand_above_and_the_rest_is_exact() {
        let segments = row(5);
        for held_bits in 0_u32..32 {
            let held: Vec<_> = segments
                .iter()
                .filter(|segment| held_bits >> (segment.sequence - 1) & 1 == 1)
                .map(|segment| span(segment.span.start().0 + 5, segment.span.start().0 + 6))
                .collect();
            let is_held = |segment: &Segment| held_bits >> (segment.sequence - 1) & 1 == 1;
            for days in 0..7 {
                for bytes in (0..60).step_by(5) {
                    let now = WallTime(5 * DAY);
                    let retention = Retention { days: Some(days), bytes: Some(bytes) };
                    let due = due(segments.iter(), 0, retention, &held, now);
                    let gone: Vec<_> = due.iter().map(|(segment, _)| *segment).collect();
                    assert!(!gone.iter().any(is_held));
                    let kept: Vec<_> = segments.iter().filter(|s| !gone.contains(s)).collect();
                    let kept_bytes = 10 * kept.len() as u64;
                    for kept in kept.iter().filter(|s| !is_held(s)) {
                        // What stays though nobody holds it is young enough, and fits.
                        assert!(kept.span.end().0 > (5 - i64::from(days)) * DAY);
                        assert!(kept_bytes <= bytes);
                    }
                    for (gone, rule) in &due {
                        let too_old = gone.span.end().0 <= (5 - i64::from(days)) * DAY;
                        assert_eq!(too_old, *rule == Rule::Age);
                        // One that went for its bytes would have been one too many.
                        assert!(too_old || kept_bytes + 10 > bytes);
                    }
                }
                let wanted = u64::from(days) * 10;
                let spared = spare(segments.iter(), &held, wanted);
                assert!(!spared.iter().any(is_held));
                let may_go = segments.iter().filter(|s| !is_held(s)).count();
                assert_eq!(spared.len(), may_go.min(days as usize));
            }
        }
    }
}
