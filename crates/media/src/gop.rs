//! A group of pictures, or a stretch of sound, as it is gathered: what becomes
//! one fragment.
//!
//! ```text
//! frames     K p p p p p p │ K p p p p p p p p p p p p p p │ p p p p │ K …
//! fragments  [   a GOP    )  [  2 s or 4 MB of a long one )  [ rest  )
//! ```
//!
//! A fragment ends before a keyframe, so that playback can start at each; a GOP
//! that is longer than a fragment may be is cut, so that little is lost with
//! the power and memory stays bounded whatever a camera sends.

use std::time::Duration;

use base::{Span, WallTime};

use crate::Frame;
use crate::fmp4::Sample;

/// How long the frames of one fragment last at most.
pub const LONGEST: Duration = Duration::from_secs(2);

/// How many bytes the frames of one fragment have at most, a single larger
/// frame excepted.
pub const LARGEST_BYTES: usize = 4 << 20;

/// Frames that follow one another, of equal parameters; of pictures, with no
/// keyframe behind the first.
#[derive(Clone, Debug, Default)]
pub struct Gop {
    frames: Vec<Frame>,
    /// The sum of the frames' bytes.
    bytes: usize,
}

impl Gop {
    /// Returns whether `next` must stand in another fragment.
    pub fn ends_before(&self, next: &Frame) -> bool {
        let Some(first) = self.frames.first() else { return false };
        // Of sound every frame can be decoded alone: there its length ends it.
        (next.is_key && !next.params.codec.is_sound())
            || next.wall.micros_since(first.wall) >= LONGEST.as_micros() as i64
            || self.bytes + next.data.len() > LARGEST_BYTES
            || next.params != first.params
    }

    /// Adds a frame, unless the fragment ends before it: then returns what was
    /// gathered, and the frame is the first of the next.
    pub fn push(&mut self, frame: Frame) -> Option<Gop> {
        let ended = self.ends_before(&frame).then(|| std::mem::take(self));
        self.bytes += frame.data.len();
        self.frames.push(frame);
        ended
    }

    /// Returns the frames in decoding order.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Returns the sum of the frames' bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns whether nothing was gathered.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Returns the wall time covered if the frame after the last is, or would
    /// be, at `until`.
    pub fn span(&self, until: WallTime) -> Option<Span> {
        Span::new(self.frames.first()?.wall, until)
    }

    /// Returns what a container says of the frames; the last one lasts to `until`.
    pub fn samples(&self, until: WallTime) -> Vec<Sample> {
        let ends = self.frames.iter().skip(1).map(|frame| frame.wall).chain([until]);
        self.frames.iter().zip(ends).map(|(frame, end)| frame.sample(end)).collect()
    }
}

impl Frame {
    /// Returns what a container says of the frame if the next is at `until`. A
    /// frame never lasts less than no time, nor longer than a field can hold
    /// (71 minutes).
    pub fn sample(&self, until: WallTime) -> Sample {
        let lasts = until.micros_since(self.wall).max(0);
        Sample {
            duration_us: u32::try_from(lasts).unwrap_or(u32::MAX),
            size_bytes: u32::try_from(self.data.len())
                .expect("a frame came out of a smaller buffer"),
            composition_us: self.composition_us,
            is_key: self.is_key,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::{Codec, Params};

    fn frame(wall: i64, is_key: bool, bytes: usize) -> Frame {
        let config = Bytes::new();
        let params = Arc::new(Params { codec: Codec::H264, width: 64, height: 48, config });
        let data = vec![0; bytes].into();
        Frame { wall: WallTime(wall), composition_us: 0, is_key, data, params }
    }

    /// Returns the walls of the fragments that `frames` fall into.
    fn cut(frames: impl IntoIterator<Item = Frame>) -> Vec<Vec<i64>> {
        let mut gop = Gop::default();
        let mut cut: Vec<_> = frames.into_iter().filter_map(|frame| gop.push(frame)).collect();
        cut.push(gop);
        let walls = |gop: &Gop| gop.frames().iter().map(|frame| frame.wall.0).collect();
        cut.iter().map(walls).collect()
    }

    #[test]
    fn a_keyframe_begins_a_fragment() {
        let frames = [(0, true), (1, false), (2, false), (3, true), (4, true), (5, false)];
        let cuts = cut(frames.map(|(wall, is_key)| frame(wall, is_key, 9)));
        assert_eq!(cuts, [vec![0, 1, 2], vec![3], vec![4, 5]]);
    }

    #[test]
    fn a_fragment_lasts_two_seconds_at_most() {
        let frames = [0, 1_000_000, 1_999_999, 2_000_000, 3_999_999, 4_000_000];
        let cuts = cut(frames.map(|wall| frame(wall, wall == 0, 9)));
        assert_eq!(
            cuts,
            [vec![0, 1_000_000, 1_999_999], vec![2_000_000, 3_999_999], vec![4_000_000]]
        );
    }

    #[test]
    fn a_fragment_has_four_megabytes_at_most_but_for_one_larger_frame() {
        let sizes = [LARGEST_BYTES - 5, 5, 1, LARGEST_BYTES + 9, 1];
        let cuts = cut(sizes.into_iter().zip(0..).map(|(size, wall)| frame(wall, wall == 0, size)));
        assert_eq!(cuts, [vec![0, 1], vec![2], vec![3], vec![4]]);
    }

    #[test]
    fn sound_is_gathered_until_a_fragment_is_long_enough() {
        let heard = |wall| Frame {
            params: Arc::new(Params::sound(Codec::Pcmu, Bytes::new())),
            ..frame(wall, true, 160)
        };
        let walls: Vec<_> = (0..150).map(|n| n * 20_000).collect();
        let cuts = cut(walls.iter().copied().map(heard));
        assert_eq!(cuts.iter().map(Vec::len).collect::<Vec<_>>(), [100, 50]);
    }

    #[test]
    fn other_parameters_begin_a_fragment() {
        let mut changed = frame(1, false, 9);
        Arc::make_mut(&mut changed.params).width = 32;
        assert_eq!(cut([frame(0, true, 9), changed]), [vec![0], vec![1]]);
    }

    #[test]
    fn samples_abut_and_the_last_one_lasts_until_what_follows() {
        let mut gop = Gop::default();
        for (wall, bytes) in [(100, 7), (140, 5), (183, 3)] {
            assert!(gop.push(frame(wall, wall == 100, bytes)).is_none());
        }
        let samples = gop.samples(WallTime(220));
        let said: Vec<_> =
            samples.iter().map(|s| (s.duration_us, s.size_bytes, s.is_key)).collect();
        assert_eq!(said, [(40, 7, true), (43, 5, false), (37, 3, false)]);
        assert_eq!(
            (gop.bytes(), gop.span(WallTime(220))),
            (15, Span::new(WallTime(100), WallTime(220)))
        );
    }

    #[test]
    fn time_that_stands_or_leaps_is_held_within_the_field() {
        assert_eq!(frame(9, true, 1).sample(WallTime(3)).duration_us, 0);
        assert_eq!(frame(0, true, 1).sample(WallTime(i64::MAX)).duration_us, u32::MAX);
    }
}
