//! The latest frames of one stream, and where each viewer stands in them.
//!
//! ```text
//!   index    11  12  13 │ 14  15  16  17 │ 18  19
//!   frame     p   p   p │  K   p   p   p │  K   p        head = 20
//!                 ▲        ▲                ▲       ▲
//!                 │        │                │       └ a viewer that has all
//!                 │        │                └ where a late joiner starts
//!                 │        └ a slow viewer, still within the ring
//!                 └ will be let go next; who still stands here goes on at 18
//! ```
//!
//! The ring keeps the GOP that is under way, so that a joiner has a picture at
//! once; and while somebody watches, what came in the [`LONGEST_LAG`] before, so
//! that a short stutter costs nobody a frame. It never holds more than
//! [`MOST_BYTES`], whatever a camera sends: a GOP larger than that passes
//! through for those who watch, and joiners wait for the next keyframe.
//!
//! Viewers own nothing but a [`Cursor`], so one that stops reading costs no
//! memory. What stands before a frame in its message is built by the first viewer that comes to them, and shared
//! by all; while nobody watches none is built.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base::WallTime;
use bytes::Bytes;
use media::fmp4::Sample;
use media::{Frame, Params};

use crate::mse;

/// How far a viewer may be behind before it loses frames.
pub(crate) const LONGEST_LAG: Duration = Duration::from_secs(4);
/// What the frames of a ring weigh at most, a single larger frame excepted.
pub(crate) const MOST_BYTES: usize = 8 << 20;
/// How many frames a ring has at most: eight seconds of the fastest camera, and
/// a bound on what frames of a few bytes cost beside their bytes.
const MOST_FRAMES: usize = 1024;

/// A frame's length while nothing better is known.
const GUESSED_US: u32 = 40_000;
/// Bounds of what a frame is said to last: a hole in the stream stays one, and
/// does not become a picture that stands still.
const LASTS_US: (u32, u32) = (1_000, 4_000_000);

/// The ring of a stream.
pub(crate) struct Ring {
    channel: u32,
    entries: VecDeque<Arc<Entry>>,
    /// Index of the first entry. Every frame ever taken was counted.
    first: u64,
    /// Index of the keyframe of the GOP under way, while it is in the ring.
    key: Option<u64>,
    /// The sum of the entries' bytes.
    bytes: usize,
    /// What the next frame must fit to go on without a new init message.
    lineage: Option<Lineage>,
    /// Init messages made so far.
    inits: u64,
}

/// One frame, and the message made of it once somebody wants it.
pub(crate) struct Entry {
    frame: Frame,
    index: u64,
    init: Arc<Init>,
    /// A guess until the next frame is there.
    lasts_us: AtomicU32,
    head: OnceLock<Bytes>,
}

/// What a viewer needs before the frames that refer to it.
pub(crate) struct Init {
    number: u64,
    pub(crate) channel: u32,
    pub(crate) params: Arc<Params>,
    /// The wall time at media time 0.
    pub(crate) origin: WallTime,
    message: OnceLock<Bytes>,
}

/// Where a viewer stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    /// Index of the next frame; `None` before the first.
    next: Option<u64>,
    /// Number of the init message that it has; 0 is none.
    init: u64,
}

/// What a viewer is to have next.
pub(crate) enum Step {
    /// Frames refer to this from now on.
    Init(Arc<Init>),
    /// The next frame.
    Frame(Arc<Entry>),
    /// So many frames are gone; it goes on at a keyframe.
    Lost(u64),
}

/// The unbroken row of frames that share an init message.
struct Lineage {
    init: Arc<Init>,
    last: WallTime,
}

impl Ring {
    pub(crate) fn new(channel: u32) -> Self {
        Self {
            channel,
            entries: VecDeque::new(),
            first: 0,
            key: None,
            bytes: 0,
            lineage: None,
            inits: 0,
        }
    }

    /// Takes a frame; one that no viewer could decode is passed over. What is
    /// too old is let go, sooner if nobody is watching.
    ///
    /// Frames share an init message while their parameters are equal and their
    /// time rises. Where that breaks (the camera was set up anew, the server's
    /// clock stepped), players can only start again at a keyframe.
    pub(crate) fn push(&mut self, frame: &Frame, watched: bool) {
        let follows =
            |lineage: &Lineage| lineage.init.params == frame.params && lineage.last < frame.wall;
        if !self.lineage.as_ref().is_some_and(follows) {
            self.end_run(watched);
            if !frame.is_key {
                return;
            }
        }
        let guess = self.last_entry_ends(frame.wall).unwrap_or(GUESSED_US);
        let lineage = self.lineage.get_or_insert_with(|| {
            self.inits += 1;
            let init = Init {
                number: self.inits,
                channel: self.channel,
                params: frame.params.clone(),
                origin: frame.wall,
                message: OnceLock::new(),
            };
            Lineage { init: Arc::new(init), last: frame.wall }
        });
        lineage.last = frame.wall;
        let index = self.first + self.entries.len() as u64;
        self.entries.push_back(Arc::new(Entry {
            frame: frame.clone(),
            index,
            init: lineage.init.clone(),
            lasts_us: AtomicU32::new(guess),
            head: OnceLock::new(),
        }));
        self.bytes += frame.data.len();
        if frame.is_key {
            self.key = Some(index);
        }
        self.let_go(frame.wall, watched);
    }

    /// Ends the run: who watches may read what is in the ring to its end, and no
    /// joiner is shown it as the present.
    pub(crate) fn end_run(&mut self, watched: bool) {
        self.lineage = None;
        self.key = None;
        if !watched {
            self.first += self.entries.len() as u64;
            self.entries.clear();
            self.bytes = 0;
        }
    }

    /// Returns when the newest frame of the run was taken.
    pub(crate) fn last(&self) -> Option<WallTime> {
        self.lineage.as_ref().map(|lineage| lineage.last)
    }

    /// Returns the parameters of the run, if one is under way.
    pub(crate) fn params(&self) -> Option<Arc<Params>> {
        self.lineage.as_ref().map(|lineage| lineage.init.params.clone())
    }

    /// Moves the cursor on and returns what its viewer is to have; nothing if it
    /// has all, or nothing that it could decode is there yet.
    pub(crate) fn step(&self, cursor: &mut Cursor) -> Option<Step> {
        let next = match cursor.next {
            None => self.key?,
            Some(next) if next < self.first => {
                // Counted and told once there is a keyframe to go on with.
                let key = self.key?;
                cursor.next = Some(key);
                return Some(Step::Lost(key - next));
            }
            Some(next) => next,
        };
        let entry = self.entries.get(usize::try_from(next - self.first).ok()?)?;
        cursor.next = Some(next);
        if cursor.init != entry.init.number {
            cursor.init = entry.init.number;
            return Some(Step::Init(entry.init.clone()));
        }
        cursor.next = Some(next + 1);
        Some(Step::Frame(entry.clone()))
    }

    /// Returns where a viewer stands that has all there is.
    pub(crate) fn head(&self) -> Cursor {
        let next = self.first + self.entries.len() as u64;
        let init = self.lineage.as_ref().map_or(0, |lineage| lineage.init.number);
        Cursor { next: Some(next), init }
    }

    /// Returns whether who stands there has all there is, and needs nothing but frames
    /// for what comes next in this run.
    pub(crate) fn has_all(&self, cursor: &Cursor) -> bool {
        let head = self.head();
        self.lineage.is_some() && (cursor.next, cursor.init) == (head.next, head.init)
    }

    /// Tells the newest frame of the run that the next is at `wall`, and returns
    /// how long it lasted: the best guess for the next.
    fn last_entry_ends(&self, wall: WallTime) -> Option<u32> {
        self.lineage.as_ref()?;
        let last = self.entries.back()?;
        let lasted = last.frame.sample(wall).duration_us.clamp(LASTS_US.0, LASTS_US.1);
        last.lasts_us.store(lasted, Ordering::Relaxed);
        Some(lasted)
    }

    fn let_go(&mut self, now: WallTime, watched: bool) {
        let oldest = now.minus(if watched { LONGEST_LAG } else { Duration::ZERO });
        while self.entries.len() > 1 {
            let Some(front) = self.entries.front() else { return };
            let too_much = self.bytes > MOST_BYTES || self.entries.len() > MOST_FRAMES;
            let is_over = self.key.is_none_or(|key| front.index < key) && front.frame.wall < oldest;
            if !(too_much || is_over) {
                return;
            }
            if self.key == Some(front.index) {
                self.key = None;
            }
            self.bytes -= front.frame.data.len();
            self.first += 1;
            self.entries.pop_front();
        }
    }
}

impl Entry {
    /// Returns the frame itself.
    pub(crate) fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Returns what stands before the frame's bytes in its message, built once for all
    /// viewers.
    pub(crate) fn head(&self) -> &Bytes {
        self.head.get_or_init(|| {
            let sample = Sample {
                duration_us: self.lasts_us.load(Ordering::Relaxed),
                ..self.frame.sample(self.frame.wall)
            };
            // The number wraps after five years at 25 frames a second; players
            // look at its change at most.
            let sequence = (self.index as u32).wrapping_add(1);
            mse::live_head(self.init.channel, self.init.origin, sequence, &self.frame, sample)
        })
    }
}

impl Init {
    /// Returns the message, built once for all viewers.
    pub(crate) fn message(&self) -> Bytes {
        let build = || mse::init_message(self.channel, self.origin, &self.params);
        self.message.get_or_init(build).clone()
    }
}

#[cfg(test)]
mod tests {
    use media::Codec;

    use super::*;

    const FRAME_US: i64 = 40_000;

    fn params(width: u32) -> Arc<Params> {
        let config = Bytes::from_static(&[1, 77, 0, 41, 0xff, 0xe0, 0]);
        Arc::new(Params { codec: Codec::H264, width, height: 480, config })
    }

    /// The frame of a number in a stream of 25 a second with a keyframe each ten.
    fn frame(number: i64) -> Frame {
        Frame {
            wall: WallTime(1_000_000 + number * FRAME_US),
            composition_us: 0,
            is_key: number % 10 == 0,
            data: Bytes::from(number.to_string()),
            params: params(640),
        }
    }

    fn ring(numbers: impl IntoIterator<Item = i64>) -> Ring {
        let mut ring = Ring::new(1);
        numbers.into_iter().for_each(|number| ring.push(&frame(number), true));
        ring
    }

    /// Reads all there is, in words: `i` an init message, `-n` frames lost, else a frame.
    fn read(ring: &Ring, cursor: &mut Cursor) -> Vec<String> {
        std::iter::from_fn(|| ring.step(cursor))
            .map(|step| match step {
                Step::Init(init) => format!("i{}", init.number),
                Step::Lost(frames) => format!("-{frames}"),
                Step::Frame(entry) => String::from_utf8(entry.frame.data.to_vec()).unwrap(),
            })
            .collect()
    }

    #[test]
    fn a_joiner_starts_at_the_keyframe_of_the_gop_under_way() {
        let mut ring = ring(0..13);
        let mut cursor = Cursor::default();
        assert_eq!(read(&ring, &mut cursor), ["i1", "10", "11", "12"]);
        assert_eq!(read(&ring, &mut cursor), [""; 0]);
        ring.push(&frame(13), true);
        assert_eq!(read(&ring, &mut cursor), ["13"]);
    }

    #[test]
    fn a_viewer_within_four_seconds_has_every_frame() {
        let mut ring = ring([0]);
        let mut cursor = Cursor::default();
        assert_eq!(read(&ring, &mut cursor), ["i1", "0"]);
        (1..=100).for_each(|number| ring.push(&frame(number), true));
        let expected: Vec<_> = (1..=100).map(|number| number.to_string()).collect();
        assert_eq!(read(&ring, &mut cursor), expected);
    }

    #[test]
    fn a_viewer_further_behind_is_told_its_loss_and_goes_on_at_the_latest_keyframe() {
        let mut ring = ring([0]);
        let mut cursor = Cursor::default();
        read(&ring, &mut cursor);
        (1..=125).for_each(|number| ring.push(&frame(number), true));
        assert_eq!(read(&ring, &mut cursor), ["-119", "120", "121", "122", "123", "124", "125"]);
    }

    #[test]
    fn a_gop_longer_than_the_lag_is_kept_for_joiners() {
        let mut ring = Ring::new(1);
        for number in 0..300 {
            ring.push(&Frame { is_key: number == 0, ..frame(number) }, true);
        }
        assert_eq!(read(&ring, &mut Cursor::default()).len(), 301);
    }

    #[test]
    fn with_nobody_watching_only_the_gop_under_way_is_kept() {
        let mut ring = Ring::new(1);
        (0..25).for_each(|number| ring.push(&frame(number), false));
        assert_eq!(ring.entries.len(), 5);
        assert_eq!(ring.bytes, 10);
        ring.end_run(false);
        assert!(ring.entries.is_empty() && ring.bytes == 0);
    }

    #[test]
    fn no_camera_fills_the_memory() {
        let mut ring = Ring::new(1);
        let mut viewer = Cursor::default();
        let mut seen = 0;
        for number in 0..40 {
            let data = Bytes::from(vec![0; 1 << 20]);
            ring.push(&Frame { is_key: number == 0, data, ..frame(number) }, true);
            assert!(ring.bytes <= MOST_BYTES);
            seen += read(&ring, &mut viewer).len();
        }
        assert_eq!(seen, 41, "who watches has every frame of a GOP of 40 MB");
        assert_eq!(read(&ring, &mut Cursor::default()), [""; 0], "a joiner waits");
        ring.push(&frame(40), true);
        assert_eq!(read(&ring, &mut Cursor::default()), ["i1", "40"]);

        let mut empty = Ring::new(1);
        for number in 0..2 * MOST_FRAMES as i64 {
            empty.push(&Frame { data: Bytes::new(), is_key: number == 0, ..frame(number) }, true);
            assert!(empty.entries.len() <= MOST_FRAMES, "frames of no bytes cost memory as well");
        }
    }

    #[test]
    fn a_single_frame_beyond_the_bound_still_passes() {
        let mut ring = ring([0]);
        let mut viewer = Cursor::default();
        read(&ring, &mut viewer);
        ring.push(&Frame { data: vec![b'x'; MOST_BYTES + 1].into(), ..frame(10) }, true);
        assert_eq!(read(&ring, &mut viewer)[0].len(), MOST_BYTES + 1);
    }

    #[test]
    fn a_viewer_that_fell_out_of_a_long_gop_waits_for_the_next_keyframe() {
        let mut ring = ring([0]);
        let mut viewer = Cursor::default();
        read(&ring, &mut viewer);
        for number in 1..20 {
            let data = Bytes::from(vec![0; 1 << 20]);
            ring.push(&Frame { is_key: false, data, ..frame(number) }, true);
        }
        assert_eq!(read(&ring, &mut viewer), [""; 0]);
        ring.push(&frame(20), true);
        assert_eq!(read(&ring, &mut viewer), ["-19", "20"]);
    }

    #[test]
    fn frames_before_the_first_keyframe_are_passed_over() {
        assert_eq!(read(&ring(7..12), &mut Cursor::default()), ["i1", "10", "11"]);
    }

    #[test]
    fn other_parameters_make_a_new_init_message_at_the_keyframe() {
        let mut ring = ring(0..3);
        let mut cursor = Cursor::default();
        assert_eq!(read(&ring, &mut cursor).len(), 4);
        for number in [3, 4, 10, 11] {
            ring.push(&Frame { params: params(1280), ..frame(number) }, true);
        }
        // 3 and 4 could not be decoded: no keyframe of theirs was seen.
        assert_eq!(read(&ring, &mut cursor), ["i2", "10", "11"]);
        let Some(Step::Init(init)) = ring.step(&mut Cursor::default()) else { panic!() };
        assert_eq!((init.params.width, init.origin), (1280, frame(10).wall));
    }

    #[test]
    fn time_that_steps_back_starts_a_new_origin() {
        let mut ring = ring(20..23);
        let mut cursor = Cursor::default();
        assert_eq!(read(&ring, &mut cursor).len(), 4);
        [5, 6, 10, 11].iter().for_each(|&number| ring.push(&frame(number), true));
        assert_eq!(read(&ring, &mut cursor), ["i2", "10", "11"]);
    }

    #[test]
    fn an_ended_run_is_read_to_its_end_and_shown_to_no_joiner() {
        let mut ring = ring(0..5);
        let mut cursor = Cursor::default();
        ring.step(&mut cursor);
        ring.end_run(true);
        assert_eq!(read(&ring, &mut cursor), ["0", "1", "2", "3", "4"]);
        assert_eq!(read(&ring, &mut Cursor::default()), [""; 0]);
        ring.push(&frame(50), true);
        assert_eq!(read(&ring, &mut cursor), ["i2", "50"]);
    }

    #[test]
    fn a_frame_is_said_to_last_as_long_as_the_one_before_it() {
        let lasts = |ring: &Ring| {
            let last = ring.entries.back().unwrap();
            let index = media::fmp4::read_fragment_header(&last.head()[mse::HEADER_LEN..]);
            index.unwrap().samples[0].duration_us
        };
        let at = |micros| Frame { wall: WallTime(micros), ..frame(1) };
        let mut ring = Ring::new(1);
        ring.push(&Frame { is_key: true, ..at(0) }, true);
        assert_eq!(lasts(&ring), GUESSED_US);
        ring.push(&at(33_000), true);
        assert_eq!(lasts(&ring), 33_000);
        ring.push(&at(60_000_000), true);
        assert_eq!(lasts(&ring), LASTS_US.1, "a hole stays a hole");
        ring.push(&at(60_000_001), true);
        assert_eq!(lasts(&ring), LASTS_US.0);
    }

    #[test]
    fn a_message_built_late_knows_how_long_its_frame_lasted() {
        let ring = ring([0, 1]);
        let first = ring.entries.front().unwrap();
        let head = first.head();
        let index = media::fmp4::read_fragment_header(&head[mse::HEADER_LEN..]).unwrap();
        assert_eq!(i64::from(index.samples[0].duration_us), FRAME_US);
        assert_eq!(head.as_ptr(), first.head().as_ptr(), "built once, shared by all");
    }
}
