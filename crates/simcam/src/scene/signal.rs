//! The signal of the junction: two groups of approaches take turns.
//!
//! ```text
//! frame    0             200  237 250            450  487 500
//! main     │   green     │amber│         red              │
//! cross    │         red       │ │   green    │amber│  red│
//! ```

use serde::Serialize;

use super::{FRAME_RATE, LOOP_FRAMES};

/// Which approaches share a light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// The street that runs north and south.
    Main,
    /// The street that runs east and west.
    Cross,
}

/// What a light shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    Green,
    Amber,
    Red,
}

const GREEN: usize = 200;
const AMBER: usize = 37;

/// Returns what a group's light shows at a frame, of whatever lap of the loop.
pub(crate) fn phase(group: Group, frame: usize) -> Phase {
    match since_green(group, frame) {
        0..GREEN => Phase::Green,
        n if n < GREEN + AMBER => Phase::Amber,
        _ => Phase::Red,
    }
}

/// Returns whether somebody who then needs up to `lag` frames to pass the stop
/// line will have passed it before the light is red.
pub(crate) fn passes(group: Group, frame: usize, lag: usize) -> bool {
    since_green(group, frame) + lag < GREEN + AMBER
}

/// Returns the seconds until the light changes, for a countdown beside it.
pub(crate) fn seconds_left(group: Group, frame: usize) -> usize {
    let since = since_green(group, frame);
    let next = match phase(group, frame) {
        Phase::Green => GREEN,
        Phase::Amber => GREEN + AMBER,
        Phase::Red => LOOP_FRAMES,
    };
    (next - since).div_ceil(FRAME_RATE)
}

/// Returns the first frame, in the loop, in which a group's light is red.
pub(crate) fn first_red(group: Group) -> usize {
    start(group) + GREEN + AMBER
}

fn since_green(group: Group, frame: usize) -> usize {
    (frame + LOOP_FRAMES - start(group)) % LOOP_FRAMES
}

fn start(group: Group) -> usize {
    match group {
        Group::Main => 0,
        Group::Cross => LOOP_FRAMES / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_groups_never_go_at_once() {
        for frame in 0..2 * LOOP_FRAMES {
            let red = |group| phase(group, frame) == Phase::Red;
            assert!(red(Group::Main) || red(Group::Cross), "frame {frame}");
        }
    }

    #[test]
    fn who_may_pass_has_passed_before_red() {
        for (group, frame) in (0..LOOP_FRAMES).flat_map(|f| [(Group::Main, f), (Group::Cross, f)]) {
            if passes(group, frame, 75) {
                assert_ne!(phase(group, frame + 75), Phase::Red);
                assert_ne!(phase(group, frame), Phase::Red);
            }
        }
    }
}
