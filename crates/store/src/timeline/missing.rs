//! What of a stream no segment holds, and why: the holes between runs, each piece of
//! them deleted by a rule, or absent for a reason.
//!
//! A reason holds from the moment it was noted until something is recorded or another
//! is noted. What lies outside all that is known is no gap unless somebody noted so.

use base::{Span, WallTime};

use super::{Deleted, Timeline};
use crate::gap::{Gap, GapReason};

/// A piece of time that no segment covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Deleted(Deleted),
    Gap(Gap),
}

impl Timeline {
    /// Returns the pieces of `wanted` that no segment covers, in order, as far
    /// as something is known before or after them.
    pub(crate) fn missing(&self, wanted: Span) -> Vec<Missing> {
        self.missing_between(&self.runs(wanted), wanted)
    }

    /// Returns the pieces of `wanted` outside its `runs`.
    pub(super) fn missing_between(&self, runs: &[Span], wanted: Span) -> Vec<Missing> {
        let mut pieces = Vec::new();
        let mut from = wanted.start();
        for run in runs {
            if let Some(hole) = Span::new(from, run.start()) {
                self.explain(hole, &mut pieces);
            }
            from = run.end();
        }
        if let Some(hole) = Span::new(from, wanted.end()) {
            self.explain(hole, &mut pieces);
        }
        pieces
    }

    /// Appends what is known of a hole between segments.
    fn explain(&self, hole: Span, pieces: &mut Vec<Missing>) {
        let mut from = hole.start();
        let first = self.deleted.partition_point(|deleted| deleted.span.start() < hole.end());
        let mut touching: Vec<_> = self.deleted[..first]
            .iter()
            .filter(|deleted| deleted.span.end() > hole.start())
            .collect();
        touching.sort_by_key(|deleted| deleted.span.start());
        for deleted in touching {
            if let Some(before) = Span::new(from, deleted.span.start()) {
                self.reasons(before, pieces);
            }
            let rest = Span::new(from, hole.end());
            if let Some(span) = rest.and_then(|rest| deleted.span.intersection(rest)) {
                pieces.push(Missing::Deleted(Deleted { span, rule: deleted.rule }));
                from = span.end();
            }
        }
        if let Some(rest) = Span::new(from, hole.end()) {
            self.reasons(rest, pieces);
        }
    }

    /// Appends why `piece`, of which nothing was ever recorded, is missing.
    fn reasons(&self, piece: Span, pieces: &mut Vec<Missing>) {
        // A reason noted before something was recorded says nothing of what
        // came after it.
        let known = self.known_until(piece.start());
        let first = self.gaps.partition_point(|&(from, _)| known.is_some_and(|known| from < known));
        let mut from = piece.start();
        // Between two things recorded it is a gap in any case; before the first
        // and after the last, only if somebody noted so.
        let gone = self.deleted.iter().map(|deleted| deleted.span.end()).max();
        let inside = known.is_some() && self.last().max(gone) > Some(piece.start());
        let mut reason = inside.then_some(GapReason::Unknown);
        for &(began, next) in &self.gaps[first..] {
            if began >= piece.end() {
                break;
            }
            if began > from {
                push_gap(pieces, Span::new(from, began), reason);
                from = began;
            }
            reason = Some(next);
        }
        push_gap(pieces, Span::new(from, piece.end()), reason);
    }

    /// Returns the last moment up to `moment` at which something was recorded,
    /// still there or deleted.
    fn known_until(&self, moment: WallTime) -> Option<WallTime> {
        let before = self.segments.partition_point(|segment| segment.span.start() < moment);
        let mut known: Option<WallTime> = None;
        for segment in self.segments[..before].iter().rev() {
            if known.is_some_and(|known| segment.span.start().plus(self.longest) < known) {
                break; // neither it nor an earlier one reaches further
            }
            known = known.max(Some(segment.span.end().min(moment)));
        }
        let deleted = self.deleted.iter().take_while(|deleted| deleted.span.start() < moment);
        deleted.fold(known, |known, deleted| known.max(Some(deleted.span.end().min(moment))))
    }
}

fn push_gap(pieces: &mut Vec<Missing>, span: Option<Span>, reason: Option<GapReason>) {
    let (Some(span), Some(reason)) = (span, reason) else { return };
    match pieces.last_mut() {
        Some(Missing::Gap(last)) if last.reason == reason && last.span.end() == span.start() => {
            last.span = Span::new(last.span.start(), span.end()).unwrap_or(last.span);
        }
        _ => pieces.push(Missing::Gap(Gap { span, reason })),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{began, deleted, gap, picture, segment, span, timeline};
    use super::*;
    use crate::retention::Rule;

    #[test]
    fn a_gap_has_each_reason_from_the_moment_it_was_noted() {
        let mut timeline = picture();
        timeline.learn(&began(38, GapReason::WrongCredentials));
        timeline.learn(&began(35, GapReason::Silent));
        let answer = timeline.answer(span(0, 60));
        assert_eq!(
            answer.gaps,
            [gap(35, 38, GapReason::Silent), gap(38, 42, GapReason::WrongCredentials)]
        );
        // The part of it that is asked for has the reason of the whole.
        assert_eq!(timeline.answer(span(36, 38)).gaps, [gap(36, 38, GapReason::Silent)]);
        assert_eq!(timeline.answer(span(40, 41)).gaps, [gap(40, 41, GapReason::WrongCredentials)]);
    }

    #[test]
    fn a_gap_that_goes_on_is_told_and_the_future_is_not() {
        let mut timeline = picture();
        assert_eq!(timeline.answer(span(50, 60)).gaps, []);
        timeline.learn(&began(52, GapReason::Unreachable));
        assert_eq!(timeline.answer(span(50, 60)).gaps, [gap(52, 60, GapReason::Unreachable)]);
        assert_eq!(timeline.answer(span(70, 80)).gaps, [gap(70, 80, GapReason::Unreachable)]);
    }

    #[test]
    fn before_the_first_moment_known_nothing_is_missing() {
        assert_eq!(picture().answer(span(-9, 3)).gaps, []);
        let mut never = Timeline::default();
        never.learn(&began(5, GapReason::NotFound));
        assert_eq!(never.answer(span(0, 9)).gaps, [gap(5, 9, GapReason::NotFound)]);
        assert_eq!(never.answer(span(0, 9)).first, None);
    }

    #[test]
    fn a_reason_from_before_a_run_does_not_explain_what_came_after_it() {
        let mut timeline =
            timeline(&[segment(1, 1, 0, 10), segment(1, 2, 20, 30), segment(1, 3, 40, 50)]);
        timeline.learn(&began(10, GapReason::Silent));
        let answer = timeline.answer(span(0, 60));
        assert_eq!(answer.gaps, [gap(10, 20, GapReason::Silent), gap(30, 40, GapReason::Unknown)]);
    }

    #[test]
    fn what_was_deleted_is_told_by_rule_and_leaves_the_gaps_their_reasons() {
        let mut timeline =
            timeline(&[segment(1, 1, 0, 10), segment(1, 2, 20, 30), segment(1, 3, 40, 50)]);
        timeline.learn(&began(10, GapReason::Silent));
        for name in [segment(1, 1, 0, 10).name(), segment(1, 2, 20, 30).name()] {
            timeline.remove(name).unwrap();
        }
        timeline.learn(&deleted(0, 10, Rule::Age));
        timeline.learn(&deleted(20, 30, Rule::Ceiling));
        let answer = timeline.answer(span(0, 60));
        assert_eq!(
            answer.deleted,
            [
                Deleted { span: span(0, 10), rule: Rule::Age },
                Deleted { span: span(20, 30), rule: Rule::Ceiling }
            ]
        );
        assert_eq!(answer.gaps, [gap(10, 20, GapReason::Silent), gap(30, 40, GapReason::Unknown)]);
        assert_eq!(answer.runs, [span(40, 50)]);
    }
}
