//! Frames in, parts and segments out. Pure: no clock, no task.
//!
//! ```text
//! frames    K p p p p p p p p p p p p p p p K p p p p p p p …
//! parts     [ 8 frames     )[ 8 frames     )[ …                 ≤ PART-TARGET, ≥ 85 % of it
//! segments  [ from keyframe to keyframe    )[ …                 1.9 s to TARGETDURATION
//! ```
//!
//! A part is whole once the frame behind it is there, which says how long its
//! last frame lasts and whether a segment begins: so the hint at the next part
//! is never wrong, for the price of one frame's delay.
//!
//! How long parts are is measured by the first frames, since `PART-TARGET` may
//! not change: as many whole frames as fit into a third of a second.

use std::sync::Arc;

use base::WallTime;
use bytes::Bytes;
use media::fmp4::{self, Sample};
use media::{Frame, Params};

use super::window::{Map, Part, Segment, Window};
use super::{TARGET_S, media_time_us};
use crate::{StateKind, Tapped};

/// How long a part is at most, unless a single frame lasts longer.
const LONGEST_PART_US: i64 = 333_000;

/// How much longer than its frames `PART-TARGET` is, in per cent: room for
/// frames that come unevenly. Parts stay above the 85 % that the rules want.
const LEEWAY: i64 = 110;

/// A segment ends at a keyframe, if it lasts so long already.
const SHORTEST_SEGMENT_US: i64 = 1_900_000;

/// A segment of sound ends after so long: there every frame is a keyframe.
const SOUND_SEGMENT_US: i64 = 2_000_000;

/// A segment ends in any case before it lasts so long that it would round up to
/// more than the target.
const LONGEST_SEGMENT_US: i64 = (TARGET_S as i64) * 1_000_000 + 450_000;

/// A segment ends in any case behind so many bytes.
pub(super) const LARGEST_SEGMENT: usize = 16 << 20;

/// How many frames tell how long frames last.
const MEASURED: usize = 7;

/// What a single frame may be said to last.
const LASTS_US: (i64, i64) = (1_000, 2_000_000);

/// 2020-01-01: media sequence numbers count seconds from here, so that a
/// packager which begins anew goes on above the one before.
const NUMBERS_FROM_S: i64 = 1_577_836_800;

/// Cuts one stream.
#[derive(Debug, Default)]
pub struct Packager {
    window: Window,
    /// `PART-TARGET`; zero until it was measured.
    part_target_us: i64,
    run: Option<Run>,
    /// Init segments so far.
    maps: u32,
    /// Fragments so far.
    fragments: u32,
}

/// Frames that share parameters and follow one another.
#[derive(Debug)]
struct Run {
    params: Arc<Params>,
    map: u32,
    /// Frames by which `PART-TARGET` is measured, not taken yet.
    measured: Vec<Frame>,
    /// The part under way.
    pending: Vec<Frame>,
    /// How long the latest frame lasted.
    interval_us: i64,
    /// Whether a segment of this run was begun.
    has_begun: bool,
}

impl Packager {
    /// Takes what a viewer of the hub is told; returns whether the window changed.
    pub fn take(&mut self, tapped: Tapped) -> bool {
        let before = (self.window.next(), self.window.is_ended());
        match tapped {
            Tapped::State(state) if state.kind == StateKind::Live => {}
            Tapped::State(_) => self.end_run(),
            Tapped::Begin(params) => self.begin(params),
            Tapped::Frame(frame) => self.push(frame),
            // A keyframe follows: what is pending ends here, and it begins anew.
            Tapped::Dropped { .. } => self.flush(None),
            Tapped::Closed => {
                self.end_run();
                self.window.end();
            }
        }
        before != (self.window.next(), self.window.is_ended())
    }

    /// Returns what can be fetched.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Returns `PART-TARGET` in microseconds; zero until it is known.
    pub fn part_target_us(&self) -> u32 {
        u32::try_from(self.part_target_us).unwrap_or(0)
    }

    /// Returns how many frames a second there were last, in thousands.
    pub fn frame_rate_millis(&self) -> Option<u32> {
        let interval_us = self.run.as_ref()?.interval_us;
        u32::try_from(1_000_000_000_i64.checked_div(interval_us)?).ok()
    }

    fn begin(&mut self, params: Arc<Params>) {
        self.end_run();
        self.maps = self.maps.wrapping_add(1);
        let map = Map { params: params.clone(), bytes: fmp4::init_segment(&params) };
        self.window.add_map(self.maps, map);
        self.run = Some(Run {
            params,
            map: self.maps,
            measured: Vec::new(),
            pending: Vec::new(),
            interval_us: 0,
            has_begun: false,
        });
    }

    fn end_run(&mut self) {
        self.flush(None);
        if self.run.take().is_some() && self.window.open().is_some() {
            self.window.close();
        }
    }

    fn push(&mut self, frame: Frame) {
        let Some(run) = &mut self.run else { return };
        if self.part_target_us > 0 {
            return self.cut(frame);
        }
        run.measured.push(frame);
        let Some(interval_us) = interval_us(&run.measured) else { return };
        let frames = (LONGEST_PART_US / interval_us).max(1);
        self.part_target_us = frames * interval_us * LEEWAY / 100;
        for frame in std::mem::take(&mut run.measured) {
            self.cut(frame);
        }
    }

    fn cut(&mut self, frame: Frame) {
        let Some(run) = &mut self.run else { return };
        if let Some(last) = run.pending.last() {
            run.interval_us = frame.wall.micros_since(last.wall).clamp(LASTS_US.0, LASTS_US.1);
        }
        let Some(open) = self.window.open() else {
            if frame.is_key {
                self.begin_segment(frame);
            }
            return;
        };
        // Media time began anew: a break like that of other parameters.
        if media_time_us(frame.wall) < media_time_us(open.start) {
            let params = run.params.clone();
            self.begin(params);
            return self.cut(frame);
        }
        let elapsed_us = frame.wall.micros_since(open.start);
        let is_first = self.window.listed().all(|segment| !segment.is_closed);
        // The first ends as soon as it may: somebody waits for it.
        let (shortest_us, sound_us) = match is_first {
            true => (0, SOUND_SEGMENT_US / 2),
            false => (SHORTEST_SEGMENT_US, SOUND_SEGMENT_US),
        };
        let waiting: usize = run.pending.iter().map(|frame| frame.data.len()).sum();
        let ends_here = match run.params.codec.is_sound() {
            true => elapsed_us >= sound_us,
            false => frame.is_key && (elapsed_us >= shortest_us || !open.is_independent),
        };
        let ends_segment = ends_here
            || elapsed_us + run.interval_us >= LONGEST_SEGMENT_US
            || open.bytes() + waiting > LARGEST_SEGMENT;
        let is_long = run.pending.first().is_some_and(|first| {
            frame.wall.micros_since(first.wall) + run.interval_us > self.part_target_us
        });
        if ends_segment {
            self.flush(Some(frame.wall));
            self.window.close();
            return self.begin_segment(frame);
        }
        if is_long {
            self.flush(Some(frame.wall));
        }
        if let Some(run) = &mut self.run {
            run.pending.push(frame);
        }
    }

    fn begin_segment(&mut self, frame: Frame) {
        let Some(run) = &mut self.run else { return };
        let is_discontinuous = !run.has_begun && self.window.has_begun();
        run.has_begun = true;
        let first_msn = (frame.wall.0 / 1_000_000 - NUMBERS_FROM_S).max(0).unsigned_abs();
        let segment = Segment {
            msn: 0,
            start: frame.wall,
            shown_from: WallTime(frame.wall.0 + i64::from(frame.composition_us)),
            map: run.map,
            is_discontinuous,
            is_independent: frame.is_key,
            is_closed: false,
            parts: Vec::new(),
        };
        run.pending.push(frame);
        self.window.begin(first_msn, segment);
    }

    /// Makes a part of what is pending; its last frame lasts to `until`, as long
    /// as the one before it if that is not known. Where nothing came for long,
    /// the part ends and what follows stands at its own time.
    fn flush(&mut self, until: Option<WallTime>) {
        let Some(run) = &mut self.run else { return };
        let (Some(first), Some(last)) = (run.pending.first(), run.pending.last()) else { return };
        let guessed = WallTime(last.wall.0 + run.interval_us.max(LASTS_US.0));
        let until = until.unwrap_or(guessed);
        let longest = WallTime(first.wall.0 + self.part_target_us);
        let end = until.min(longest).max(WallTime(last.wall.0 + LASTS_US.0));
        let ends = run.pending.iter().skip(1).map(|frame| frame.wall).chain([end]);
        let samples: Vec<Sample> =
            run.pending.iter().zip(ends).map(|(frame, end)| frame.sample(end)).collect();
        self.fragments = self.fragments.wrapping_add(1);
        let payload: usize = run.pending.iter().map(|frame| frame.data.len()).sum();
        let mut bytes = Vec::with_capacity(128 + 16 * samples.len() + payload);
        let decode_time_us = media_time_us(first.wall);
        fmp4::put_fragment_header(&mut bytes, self.fragments, decode_time_us, &samples);
        run.pending.iter().for_each(|frame| bytes.extend_from_slice(&frame.data));
        let duration_us = samples.iter().map(|sample| sample.duration_us).sum();
        let is_independent = first.is_key;
        run.pending.clear();
        self.window.add_part(Part { duration_us, is_independent, bytes: Bytes::from(bytes) });
    }
}

/// Returns how long a frame lasts, once there are enough to tell by.
fn interval_us(frames: &[Frame]) -> Option<i64> {
    let lasts_us = frames.last()?.wall.micros_since(frames.first()?.wall);
    if frames.len() < MEASURED && (frames.len() < 2 || lasts_us < 1_000_000) {
        return None;
    }
    let gaps = frames.windows(2).map(|pair| pair[1].wall.micros_since(pair[0].wall));
    let mut gaps: Vec<i64> = gaps.collect();
    gaps.sort_unstable();
    Some(gaps[gaps.len() / 2].clamp(LASTS_US.0, LASTS_US.1))
}

#[cfg(test)]
mod tests {
    use super::super::TARGET_S;
    use super::super::testutil::{Camera, START, USUAL, params};
    use super::*;
    use crate::State;
    use crate::hls::window::MOST_BYTES;

    /// Returns the samples of all parts of a segment, with their bytes.
    fn samples(segment: &Segment) -> Vec<(u64, Sample)> {
        let mut all = Vec::new();
        for part in &segment.parts {
            let index = fmp4::read_fragment_header(&part.bytes).unwrap();
            let mut at = index.decode_time_us;
            let payload: u32 = index.samples.iter().map(|sample| sample.size_bytes).sum();
            assert_eq!(part.bytes.len() as u64, index.data_offset + u64::from(payload));
            for sample in index.samples {
                all.push((at, sample));
                at += u64::from(sample.duration_us);
            }
        }
        all
    }

    #[test]
    fn segments_begin_at_keyframes_and_hold_every_frame_at_its_time() {
        let packager = USUAL.packaged(151);
        let segments: Vec<_> = packager.window().listed().collect();
        assert_eq!(segments.len(), 4);
        for (segment, number) in segments.iter().zip(0_i64..3) {
            assert!(segment.is_closed && segment.is_independent && !segment.is_discontinuous);
            assert_eq!(segment.start.0, START.0 + number * 2_000_000);
            assert_eq!(segment.msn, segments[0].msn + number.unsigned_abs());
            assert_eq!(segment.duration_us(), 2_000_000);
            let samples = samples(segment);
            assert_eq!(samples.len(), 50);
            for ((at, sample), offset) in samples.iter().zip(0_i64..) {
                let wall = WallTime(segment.start.0 + offset * 40_000);
                assert_eq!((*at, sample.duration_us), (media_time_us(wall), 40_000));
                assert_eq!(sample.is_key, offset == 0);
            }
        }
        assert!(!segments[3].is_closed && segments[3].parts.is_empty());
    }

    #[test]
    fn parts_are_as_long_as_the_rules_want_at_every_usual_frame_rate() {
        for rate in [4, 5, 6, 8, 10, 12, 15, 20, 24, 25, 30, 50, 60] {
            let camera = Camera { interval_us: 1_000_000 / rate, gop: 2 * rate, bytes: 10 };
            let packager = camera.packaged(10 * rate);
            let target_us = packager.part_target_us();
            assert!((150_000..=400_000).contains(&target_us), "{rate} a second: {target_us}");
            for segment in packager.window().listed().filter(|segment| segment.is_closed) {
                for (index, part) in segment.parts.iter().enumerate() {
                    assert!(part.duration_us <= target_us, "{rate}: {}", part.duration_us);
                    let is_last = index + 1 == segment.parts.len();
                    let enough = part.duration_us * 100 >= target_us * 85;
                    assert!(is_last || enough, "{rate}: {} of {target_us}", part.duration_us);
                }
            }
        }
    }

    #[test]
    fn no_segment_rounds_up_to_more_than_the_target_whatever_the_gop() {
        for gop in [1, 10, 25, 49, 75, 100, 110, 113, 250, 100_000] {
            let packager = Camera { gop, ..USUAL }.packaged(1000);
            let closed: Vec<_> =
                packager.window().listed().filter(|segment| segment.is_closed).collect();
            assert!(closed.len() >= 3, "{gop}");
            for segment in closed {
                let rounded = (segment.duration_us() + 500_000) / 1_000_000;
                assert!(rounded <= u64::from(TARGET_S), "{gop}: {}", segment.duration_us());
            }
        }
    }

    #[test]
    fn a_gop_longer_than_the_target_is_cut_and_the_next_keyframe_begins_a_segment() {
        let packager = Camera { gop: 150, ..USUAL }.packaged(600);
        let starts: Vec<_> = packager
            .window()
            .listed()
            .map(|segment| ((segment.start.0 - START.0) / 40_000, segment.is_independent))
            .collect();
        let keys: Vec<_> = starts.iter().filter(|(_, key)| *key).map(|(at, _)| *at).collect();
        assert!(keys.windows(2).all(|pair| pair[1] - pair[0] == 150), "{starts:?}");
        assert!(starts.iter().any(|(_, key)| !key), "{starts:?}");
    }

    #[test]
    fn other_parameters_make_a_discontinuity_with_an_init_segment_of_its_own() {
        let mut packager = USUAL.packaged(60);
        packager.take(Tapped::Begin(params(640)));
        // Not decodable: no keyframe of these parameters was seen.
        USUAL.feed(&mut packager, 61..160);
        let segments: Vec<_> = packager.window().listed().collect();
        let seen: Vec<_> = segments
            .iter()
            .map(|segment| {
                let map = packager.window().map(segment.map).unwrap();
                (segment.is_discontinuous, map.params.width, segment.start.0 - START.0)
            })
            .collect();
        assert_eq!(
            seen,
            [
                (false, 1280, 0),
                (false, 1280, 2_000_000),
                (true, 640, 4_000_000),
                (false, 640, 6_000_000)
            ]
        );
        assert!(segments[1].is_closed && segments[1].duration_us() == 400_000);
        let init = &packager.window().map(2).unwrap().bytes;
        assert_eq!(fmp4::read_init(init).unwrap().width, 640);
    }

    #[test]
    fn a_stretch_without_frames_stays_one_and_disturbs_no_time_behind_it() {
        let mut packager = USUAL.packaged(30);
        USUAL.feed(&mut packager, 60..120);
        let segments: Vec<_> = packager.window().listed().collect();
        assert!(!segments[0].is_discontinuous && segments[0].is_closed);
        let target_us = packager.part_target_us();
        assert!(segments[0].parts.iter().all(|part| part.duration_us <= target_us));
        let samples = samples(segments[0]);
        // Frame 60 is no keyframe, so it stands in the first segment, at its time.
        let at = media_time_us(WallTime(START.0 + 60 * 40_000));
        assert!(samples.iter().any(|(time, _)| *time == at));
    }

    #[test]
    fn a_viewer_that_lost_frames_goes_on_at_the_keyframe_without_a_discontinuity() {
        let mut packager = USUAL.packaged(60);
        packager.take(Tapped::Dropped { frames: 40 });
        USUAL.feed(&mut packager, 100..160);
        let segments: Vec<_> = packager.window().listed().collect();
        assert!(segments.iter().all(|segment| !segment.is_discontinuous));
        let starts: Vec<_> =
            segments.iter().map(|segment| (segment.start.0 - START.0) / 40_000).collect();
        assert_eq!(starts, [0, 50, 100, 150]);
    }

    #[test]
    fn a_run_that_ended_is_whole_and_what_follows_is_discontinuous() {
        let mut packager = USUAL.packaged(60);
        let silent = State { kind: StateKind::NoData, since: START, reason: Some("silent") };
        assert!(packager.take(Tapped::State(silent)));
        assert!(packager.window().listed().all(|segment| segment.is_closed));
        let lasts: u64 = packager.window().listed().map(Segment::duration_us).sum();
        assert_eq!(lasts, 60 * 40_000, "the last frame lasts as long as the one before it");
        packager.take(Tapped::Begin(params(1280)));
        USUAL.feed(&mut packager, 500..510);
        assert!(packager.window().listed().last().unwrap().is_discontinuous);
    }

    #[test]
    fn media_time_that_begins_anew_is_a_discontinuity() {
        let wrap = WallTime((START.0 / (1 << 40) + 1) * (1 << 40));
        let mut packager = Packager::default();
        packager.take(Tapped::Begin(params(1280)));
        for number in -60..60 {
            let wall = WallTime(wrap.0 + number * 40_000);
            let is_key = number.rem_euclid(10) == 0;
            packager.take(Tapped::Frame(Frame { wall, is_key, ..USUAL.frame(1) }));
        }
        let breaks: Vec<_> =
            packager.window().listed().filter(|one| one.is_discontinuous).collect();
        let [broken] = breaks[..] else { panic!("{breaks:?}") };
        assert_eq!(media_time_us(broken.start), 0);
    }

    #[test]
    fn sound_is_cut_every_two_seconds_at_any_frame() {
        let sound = Arc::new(Params::sound(media::Codec::Aac, Bytes::from_static(&[0x14, 0x08])));
        let mut packager = Packager::default();
        packager.take(Tapped::Begin(sound.clone()));
        for number in 0..200 {
            let wall = WallTime(START.0 + number * 64_000);
            let frame = Frame { wall, is_key: true, params: sound.clone(), ..USUAL.frame(0) };
            packager.take(Tapped::Frame(frame));
        }
        let closed: Vec<u64> = packager
            .window()
            .listed()
            .filter(|segment| segment.is_closed)
            .map(Segment::duration_us)
            .collect();
        assert!(closed.len() >= 5 && closed[1..].iter().all(|lasts| *lasts == 2_048_000));
    }

    #[test]
    fn the_window_is_bounded_in_time_and_in_bytes() {
        let packager = USUAL.packaged(20_000);
        let listed: u64 = packager.window().listed().map(Segment::duration_us).sum();
        assert!((16_000_000..20_000_000).contains(&listed), "{listed}");
        let first = packager.window().listed().next().unwrap().msn;
        assert!(packager.window().segment(first - 1).is_some(), "not forgotten yet");
        assert!(packager.window().segment(first - 20).is_none());

        let heavy = Camera { bytes: 1 << 20, ..USUAL }.packaged(400);
        let all: usize = heavy.window().listed().map(Segment::bytes).sum();
        assert!(all <= MOST_BYTES + 2 * LARGEST_SEGMENT, "{all}");
        assert!(heavy.window().listed().count() >= 2);
    }
}
