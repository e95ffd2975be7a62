//! From what is intended and what runs to what must be done. Pure.
//!
//! The step is idempotent and has no memory: read what the catalog intends, read
//! what runs, act on the difference. A stream whose address or credentials
//! changed is stopped and started; a change of retention alone is not its matter.

use std::collections::{BTreeMap, BTreeSet};

use base::StreamId;

/// What must happen to make `actual` what is intended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    /// Pipelines to stop, before any is started.
    pub(crate) stop: Vec<StreamId>,
    /// Pipelines to start.
    pub(crate) start: Vec<StreamId>,
}

/// Compares by `same`, which says whether a running pipeline serves the intent.
pub(crate) fn steps<I, A>(
    intended: &BTreeMap<StreamId, I>,
    actual: &BTreeMap<StreamId, A>,
    same: impl Fn(&I, &A) -> bool,
) -> Steps {
    let kept: BTreeSet<StreamId> = intended
        .iter()
        .filter(|(stream, intent)| actual.get(stream).is_some_and(|running| same(intent, running)))
        .map(|(stream, _)| *stream)
        .collect();
    Steps {
        stop: actual.keys().filter(|stream| !kept.contains(stream)).copied().collect(),
        start: intended.keys().filter(|stream| !kept.contains(stream)).copied().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each of three streams may be absent, as `1`, or as `2`, on either side: all 729 worlds.
    #[test]
    fn after_the_steps_what_runs_is_what_is_intended() {
        let streams: Vec<StreamId> = (0..3).map(|_| StreamId::new()).collect();
        let side = |mut world: u32| -> BTreeMap<StreamId, u32> {
            let mut side = BTreeMap::new();
            for stream in &streams {
                if !world.is_multiple_of(3) {
                    side.insert(*stream, world % 3);
                }
                world /= 3;
            }
            side
        };
        for (intended, actual) in (0..27).flat_map(|i| (0..27).map(move |a| (i, a))) {
            let (intended, mut actual) = (side(intended), side(actual));
            let steps = steps(&intended, &actual, |intent, running| intent == running);
            for stream in &steps.stop {
                assert_ne!(intended.get(stream), Some(&actual[stream]), "stopped for nothing");
                actual.remove(stream);
            }
            for stream in &steps.start {
                assert!(actual.insert(*stream, intended[stream]).is_none(), "started twice");
            }
            assert_eq!(intended, actual);
        }
    }
}
