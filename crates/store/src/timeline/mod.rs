//! Which segments hold which moments of a stream, and which moments none does.
//!
//! Segments may overlap: the server's clock was set back, two recorders held
//! one camera for a while, a gap was filled later. Adding never refuses
//! footage. At each moment the reader is given the segment of highest *rank*:
//! live before filled, then the later epoch, then the later sequence.
//!
//! ```text
//! epoch 1   [────1────)[────2────)
//! epoch 2                   [────1────)      [────2────)
//! slices    [───1.1───)[1.2─)[───2.1──)      [───2.2───)
//! runs      [─────────────────────────)      [─────────)
//! gap                                 [──────)
//! ```
//!
//! The timeline knows neither disk nor clock. The store fills it at start,
//! puts the open segment in again with each fragment, and takes out what
//! retention lets go. Why a gap is there it knows from facts: a reason holds
//! from the moment it was noted until something is recorded or another is noted.

use std::collections::BTreeMap;
use std::time::Duration;

use base::{Span, WallTime};

use crate::facts::Fact;
use crate::gap::{Gap, GapReason};
use crate::layout::{SegmentName, Source};
use crate::retention::Rule;

mod missing;

pub(crate) use missing::Missing;

/// All that is known of one stream's recording.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    // Invariant: in order of name, which is by start first; no name twice.
    segments: Vec<Segment>,
    /// No segment is longer: how far back one may begin that reaches a moment.
    longest: Duration,
    /// When reasons began, in order of time; of equal times, as noted.
    gaps: Vec<(WallTime, GapReason)>,
    /// In order of start. Neighbours of one rule are one.
    deleted: Vec<Deleted>,
}

/// One file of a stream's recording; of an open one, what is written so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The wall time covered.
    pub span: Span,
    /// Which opening of the store wrote it.
    pub epoch: u32,
    /// Counts up within stream and epoch.
    pub sequence: u32,
    /// How it came into the store.
    pub source: Source,
    /// Length of the file.
    pub size_bytes: u64,
}

/// The part of a segment that is read to play some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The segment to read.
    pub segment: SegmentName,
    /// The part of it; never reaches outside the segment.
    pub span: Span,
}

/// A stretch that was recorded and is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The time that was covered.
    pub span: Span,
    /// The rule that demanded it.
    pub rule: Rule,
}

/// What a timeline says of a span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Where something is recorded, without the borders between segments.
    pub runs: Vec<Span>,
    /// Where nothing is, and why. What lies before all that is known is left
    /// out; a gap that goes on reaches to the end of the span asked for.
    pub gaps: Vec<Gap>,
    /// Where something was.
    pub deleted: Vec<Deleted>,
    /// The first moment of the whole recording, inside the span or not.
    pub first: Option<WallTime>,
    /// The end of the whole recording, inside the span or not.
    pub last: Option<WallTime>,
}

/// Where the time of a span went; all of it together is the span's length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Recorded as it came.
    pub recorded: Duration,
    /// Fetched later.
    pub filled: Duration,
    /// Deleted as a rule demands.
    pub deleted: Duration,
    /// Never recorded, by reason.
    pub absent: BTreeMap<GapReason, Duration>,
}

impl Timeline {
    /// Puts a segment in, or in the place of what was known of it before.
    pub fn put(&mut self, segment: Segment) {
        self.longest = self.longest.max(segment.span.duration());
        match self.position(segment.name()) {
            Ok(at) => self.segments[at] = segment,
            Err(at) => self.segments.insert(at, segment),
        }
    }

    /// Takes a segment out.
    pub fn remove(&mut self, name: SegmentName) -> Option<Segment> {
        self.position(name).ok().map(|at| self.segments.remove(at))
    }

    /// Learns a fact. What was filled is known from the segments themselves.
    pub fn learn(&mut self, fact: &Fact) {
        match *fact {
            Fact::Gap { from, reason } => {
                let at = self.gaps.partition_point(|&(known, _)| known <= from);
                self.gaps.insert(at, (from, reason));
            }
            Fact::Deleted { span, rule, .. } => self.learn_deleted(Deleted { span, rule }),
            Fact::Filled { .. } => {}
        }
    }

    /// Returns the segments in order of start.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Returns the segment of this name.
    pub fn segment(&self, name: SegmentName) -> Option<&Segment> {
        self.position(name).ok().map(|at| &self.segments[at])
    }

    /// Returns the segment written last, which need not be the last in time.
    pub fn newest(&self) -> Option<&Segment> {
        self.segments.iter().max_by_key(|segment| (segment.epoch, segment.sequence))
    }

    /// Returns whether nothing is recorded from `end` on and nobody said why.
    pub fn stops_without_reason(&self, end: WallTime) -> bool {
        let Some(moment) = Span::new(end, end.plus(Duration::from_micros(1))) else { return false };
        if self.next_slice(end).is_some_and(|slice| slice.span.start() == end) {
            return false;
        }
        match self.missing(moment)[..] {
            [] => true,
            [Missing::Gap(gap)] => gap.reason == GapReason::Unknown,
            _ => false,
        }
    }

    /// Returns the first stretch at or after `from` that one segment serves.
    pub fn next_slice(&self, from: WallTime) -> Option<Slice> {
        let covering =
            |moment: WallTime| self.touching(moment, moment).max_by_key(|segment| segment.rank());
        let (start, segment) = match covering(from) {
            Some(segment) => (from, segment),
            None => {
                let next = self.segments.partition_point(|segment| segment.span.start() <= from);
                let start = self.segments.get(next)?.span.start();
                (start, covering(start)?)
            }
        };
        // It serves until it ends, or until one that goes before it begins.
        let end = self
            .touching(start, segment.span.end())
            .filter(|other| other.span.start() > start && other.rank() > segment.rank())
            .map(|other| other.span.start())
            .fold(segment.span.end(), WallTime::min);
        Some(Slice { segment: segment.name(), span: Span::new(start, end)? })
    }

    /// Yields what to read, in order, to play `wanted`. Gaps are left out.
    pub fn slices(&self, wanted: Span) -> impl Iterator<Item = Slice> {
        let mut from = wanted.start();
        std::iter::from_fn(move || {
            let mut slice = self.next_slice(from)?;
            slice.span = slice.span.intersection(wanted)?;
            from = slice.span.end();
            Some(slice)
        })
    }

    /// Returns what is recorded in `wanted`, what is not, and why.
    pub fn answer(&self, wanted: Span) -> Answer {
        let mut answer = Answer {
            runs: self.runs(wanted),
            first: self.segments.first().map(|segment| segment.span.start()),
            last: self.last(),
            ..Answer::default()
        };
        for missing in self.missing_between(&answer.runs, wanted) {
            match missing {
                Missing::Deleted(deleted) => answer.deleted.push(deleted),
                Missing::Gap(gap) => answer.gaps.push(gap),
            }
        }
        answer
    }

    /// Returns where the time of `span` went: "every moment counts once".
    pub fn account(&self, span: Span) -> Account {
        let mut account = Account::default();
        for slice in self.slices(span) {
            match slice.segment.source {
                Source::Live => account.recorded += slice.span.duration(),
                Source::Filled => account.filled += slice.span.duration(),
            }
        }
        let mut told = account.recorded + account.filled;
        for missing in self.missing(span) {
            match missing {
                Missing::Deleted(deleted) => {
                    account.deleted += deleted.span.duration();
                    told += deleted.span.duration();
                }
                Missing::Gap(gap) => {
                    *account.absent.entry(gap.reason).or_default() += gap.span.duration();
                    told += gap.span.duration();
                }
            }
        }
        // Before all that is known, and after all that is recorded yet.
        let rest = span.duration().saturating_sub(told);
        if !rest.is_zero() {
            *account.absent.entry(GapReason::Unknown).or_default() += rest;
        }
        account
    }

    /// Returns the stretches of `wanted` that segments cover, in order and apart.
    ///
    /// Which of several serves a moment does not matter here, so that a month is told
    /// in one pass.
    fn runs(&self, wanted: Span) -> Vec<Span> {
        let reach = wanted.start().minus(self.longest);
        let first = self.segments.partition_point(|segment| segment.span.start() < reach);
        let mut runs: Vec<Span> = Vec::new();
        for segment in &self.segments[first..] {
            if segment.span.start() >= wanted.end() {
                break;
            }
            let Some(part) = segment.span.intersection(wanted) else { continue };
            match runs.last_mut() {
                Some(run) if part.start() <= run.end() => {
                    let end = run.end().max(part.end());
                    *run = Span::new(run.start(), end).unwrap_or(*run);
                }
                _ => runs.push(part),
            }
        }
        runs
    }

    /// Returns the end of the whole recording.
    pub fn last(&self) -> Option<WallTime> {
        // Only one that begins within the longest length of the last start can end last.
        let from = self.segments.last()?.span.start().minus(self.longest);
        let late = self.segments.iter().rev();
        late.take_while(|segment| segment.span.start() >= from)
            .map(|segment| segment.span.end())
            .max()
    }

    /// Yields the segments that begin by `last` and end after `first`, latest first.
    fn touching(&self, first: WallTime, last: WallTime) -> impl Iterator<Item = &Segment> {
        let until = self.segments.partition_point(|segment| segment.span.start() <= last);
        let reach = first.minus(self.longest);
        self.segments[..until]
            .iter()
            .rev()
            .take_while(move |segment| segment.span.start() >= reach)
            .filter(move |segment| segment.span.end() > first)
    }

    fn learn_deleted(&mut self, mut deleted: Deleted) {
        // Expiry goes forward, so nearly always this is the neighbour of the last.
        self.deleted.retain(|known| {
            let apart = known.span.end() < deleted.span.start()
                || known.span.start() > deleted.span.end()
                || known.rule != deleted.rule;
            if !apart {
                let start = known.span.start().min(deleted.span.start());
                let end = known.span.end().max(deleted.span.end());
                deleted.span = Span::new(start, end).unwrap_or(deleted.span);
            }
            apart
        });
        let at = self.deleted.partition_point(|known| known.span.start() < deleted.span.start());
        self.deleted.insert(at, deleted);
    }

    fn position(&self, name: SegmentName) -> Result<usize, usize> {
        self.segments.binary_search_by_key(&name, Segment::name)
    }
}

impl Segment {
    /// Returns the name of its file.
    pub fn name(&self) -> SegmentName {
        let Self { span, epoch, sequence, source, .. } = *self;
        SegmentName { start: span.start(), epoch, sequence, source }
    }

    /// Returns by what it goes before others that cover the same moment.
    fn rank(&self) -> (Source, u32, u32) {
        (self.source, self.epoch, self.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn span(start: i64, end: i64) -> Span {
        Span::new(WallTime(start), WallTime(end)).unwrap()
    }

    pub(super) fn segment(epoch: u32, sequence: u32, start: i64, end: i64) -> Segment {
        let source = Source::Live;
        Segment { span: span(start, end), epoch, sequence, source, size_bytes: 1 }
    }

    fn filled(sequence: u32, start: i64, end: i64) -> Segment {
        Segment { source: Source::Filled, ..segment(9, sequence, start, end) }
    }

    pub(super) fn timeline(segments: &[Segment]) -> Timeline {
        let mut timeline = Timeline::default();
        segments.iter().for_each(|&segment| timeline.put(segment));
        timeline
    }

    /// The picture in the module's documentation: a gap from 35 to 42.
    pub(super) fn picture() -> Timeline {
        timeline(&[
            segment(2, 2, 42, 52),
            segment(1, 1, 0, 10),
            segment(2, 1, 15, 35),
            segment(1, 2, 10, 20),
        ])
    }

    fn played(timeline: &Timeline, wanted: Span) -> Vec<(u32, u32, Span)> {
        timeline
            .slices(wanted)
            .map(|slice| (slice.segment.epoch, slice.segment.sequence, slice.span))
            .collect()
    }

    pub(super) fn gap(start: i64, end: i64, reason: GapReason) -> Gap {
        Gap { span: span(start, end), reason }
    }

    pub(super) fn began(from: i64, reason: GapReason) -> Fact {
        Fact::Gap { from: WallTime(from), reason }
    }

    pub(super) fn deleted(start: i64, end: i64, rule: Rule) -> Fact {
        Fact::Deleted {
            span: span(start, end),
            rule,
            segments: 1,
            size_bytes: 1,
            noted: WallTime(0),
        }
    }

    #[test]
    fn plays_what_the_picture_shows() {
        assert_eq!(
            played(&picture(), span(5, 99)),
            [(1, 1, span(5, 10)), (1, 2, span(10, 15)), (2, 1, span(15, 35)), (2, 2, span(42, 52))]
        );
        let answer = picture().answer(span(5, 50));
        assert_eq!(answer.runs, [span(5, 35), span(42, 50)]);
        assert_eq!(answer.gaps, [gap(35, 42, GapReason::Unknown)]);
        assert_eq!((answer.first, answer.last), (Some(WallTime(0)), Some(WallTime(52))));
    }

    #[test]
    fn an_older_recording_goes_on_where_a_later_one_over_it_ends() {
        let timeline = timeline(&[segment(1, 1, 0, 30), segment(2, 1, 10, 20)]);
        assert_eq!(
            played(&timeline, span(0, 30)),
            [(1, 1, span(0, 10)), (2, 1, span(10, 20)), (1, 1, span(20, 30))]
        );
    }

    #[test]
    fn what_was_recorded_goes_before_what_was_filled_later() {
        let timeline = timeline(&[segment(1, 1, 0, 10), filled(1, 5, 15), segment(1, 2, 12, 20)]);
        assert_eq!(
            played(&timeline, span(0, 20)),
            [(1, 1, span(0, 10)), (9, 1, span(10, 12)), (1, 2, span(12, 20))]
        );
        let account = timeline.account(span(0, 20));
        assert_eq!(account.recorded, Duration::from_micros(18));
        assert_eq!(account.filled, Duration::from_micros(2));
    }

    #[test]
    fn an_open_segment_grows_in_its_place() {
        let mut timeline = timeline(&[segment(1, 1, 0, 10)]);
        timeline.put(segment(1, 1, 0, 12));
        assert_eq!(timeline.segments().len(), 1);
        assert_eq!(played(&timeline, span(0, 99)), [(1, 1, span(0, 12))]);
    }

    #[test]
    fn neighbours_deleted_by_one_rule_become_one() {
        let mut timeline = Timeline::default();
        for (start, end) in [(0, 10), (20, 30), (10, 20), (30, 40)] {
            timeline.learn(&deleted(start, end, Rule::Age));
        }
        timeline.learn(&deleted(40, 50, Rule::Ceiling));
        assert_eq!(timeline.deleted.len(), 2);
        assert_eq!(timeline.deleted[0].span, span(0, 40));
    }

    /// Calls `check` with every timeline of up to three segments and two facts
    /// that fits on six ticks, thinned evenly.
    fn small_worlds(mut check: impl FnMut(&Timeline)) {
        let spans: Vec<_> =
            (0..6).flat_map(|start| (start + 1..=6).map(move |end| (start, end))).collect();
        let kinds = [(Source::Live, 1), (Source::Live, 2), (Source::Filled, 3)];
        let mut world = 0_u64;
        for &a in &spans {
            for &b in &spans {
                for &c in &spans {
                    for kind in 0..9 {
                        world += 1;
                        let mut timeline = Timeline::default();
                        for (sequence, (start, end), kind) in
                            [(1, a, kind % 3), (2, b, kind / 3), (3, c, (kind + 1) % 3)]
                        {
                            let (source, epoch) = kinds[kind];
                            timeline
                                .put(Segment { source, ..segment(epoch, sequence, start, end) });
                        }
                        // Facts that come round at another pace than the segments.
                        let fact = (world % 29) as i64;
                        timeline.learn(&began(fact % 7, GapReason::Silent));
                        timeline.learn(&began(fact % 5, GapReason::Crashed));
                        timeline.learn(&deleted(fact % 4, fact % 4 + 1 + fact % 3, Rule::Age));
                        check(&timeline);
                    }
                }
            }
        }
        assert!(world > 80_000);
    }

    /// Every moment of every small world, against the plainest search.
    #[test]
    fn serves_each_moment_from_the_segment_that_a_full_scan_finds() {
        small_worlds(|timeline| {
            let slices: Vec<_> = timeline.slices(span(-1, 8)).collect();
            for moment in (-1..8).map(WallTime) {
                let scanned = timeline
                    .segments
                    .iter()
                    .filter(|segment| segment.span.contains(moment))
                    .max_by_key(|segment| segment.rank())
                    .map(Segment::name);
                let serving: Vec<_> =
                    slices.iter().filter(|slice| slice.span.contains(moment)).collect();
                assert!(serving.len() <= 1, "{timeline:?}");
                assert_eq!(serving.first().map(|slice| slice.segment), scanned, "{timeline:?}");
            }
        });
    }

    /// Recorded, filled, absent, deleted: every moment counts once.
    #[test]
    fn every_moment_counts_once_in_answer_and_account() {
        small_worlds(|timeline| {
            let answer = timeline.answer(span(-1, 8));
            for moment in (-1..8).map(WallTime) {
                let told = answer.runs.iter().filter(|run| run.contains(moment)).count()
                    + answer.gaps.iter().filter(|gap| gap.span.contains(moment)).count()
                    + answer.deleted.iter().filter(|gone| gone.span.contains(moment)).count();
                let recorded = timeline.segments.iter().any(|s| s.span.contains(moment));
                assert!(told <= 1, "{moment} is told {told} times: {timeline:?}");
                assert!(told == 1 || !recorded, "{moment} is not told: {timeline:?}");
            }
            for wanted in [span(-1, 8), span(2, 5)] {
                let Account { recorded, filled, deleted, absent } = timeline.account(wanted);
                let sum = recorded + filled + deleted + absent.values().sum::<Duration>();
                assert_eq!(sum, wanted.duration(), "{timeline:?}");
            }
        });
    }

    /// Asking for a part gives the part of the answer.
    #[test]
    fn a_part_is_answered_like_the_whole() {
        let mut worlds = 0;
        small_worlds(|timeline| {
            worlds += 1;
            if worlds % 7 != 0 {
                return;
            }
            let whole = timeline.answer(span(-1, 8));
            for (start, end) in [(0, 3), (2, 4), (3, 6), (5, 8)] {
                let part = timeline.answer(span(start, end));
                let runs: Vec<_> = whole
                    .runs
                    .iter()
                    .filter_map(|run| run.intersection(span(start, end)))
                    .collect();
                assert_eq!(part.runs, runs, "{timeline:?}");
                let gaps: Vec<_> = whole
                    .gaps
                    .iter()
                    .filter_map(|gap| {
                        Some(Gap { span: gap.span.intersection(span(start, end))?, ..*gap })
                    })
                    .collect();
                assert_eq!(part.gaps, gaps, "{start}..{end} of {timeline:?}");
            }
        });
    }

    #[test]
    fn what_is_taken_out_serves_no_moment() {
        let mut timeline = picture();
        let gone = segment(2, 1, 15, 35).name();
        assert_eq!(timeline.remove(gone).map(|segment| segment.span), Some(span(15, 35)));
        assert_eq!(timeline.remove(gone), None);
        assert_eq!(played(&timeline, span(12, 45)), [(1, 2, span(12, 20)), (2, 2, span(42, 45))]);
    }
}
