//! The text of a media playlist: a pure function of the window.

use std::fmt::Write;

use base::WallTime;

use super::name::{File, Track};
use super::window::{Readiness, Segment};
use super::{Packager, TARGET_S};

/// Parts are listed of what is no further than this from the end.
const PARTS_WITHIN_US: u64 = 3 * TARGET_S as u64 * 1_000_000;

/// Returns the playlist of a track as it stands.
pub fn playlist(packager: &Packager, track: Track) -> String {
    let window = packager.window();
    let part_target_us = u64::from(packager.part_target_us());
    let first = window.listed().next();
    let mut text = String::with_capacity(4096);
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:{TARGET_S}\n\
         #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={}\n\
         #EXT-X-PART-INF:PART-TARGET={}\n#EXT-X-MEDIA-SEQUENCE:{}\n",
        seconds(3 * part_target_us),
        seconds(part_target_us),
        first.map_or(0, |segment| segment.msn),
    );
    if window.discontinuities() > 0 {
        let _ = writeln!(text, "#EXT-X-DISCONTINUITY-SEQUENCE:{}", window.discontinuities());
    }
    // Counted from the end: which segments still show their parts.
    let mut from_end_us: u64 = window.listed().map(Segment::duration_us).sum();
    let mut map = None;
    for segment in window.listed().filter(|segment| !segment.parts.is_empty()) {
        from_end_us -= segment.duration_us();
        if segment.is_discontinuous {
            text.push_str("#EXT-X-DISCONTINUITY\n");
        }
        if map.replace(segment.map) != Some(segment.map) {
            let _ = writeln!(text, "#EXT-X-MAP:URI=\"{}\"", File::Init(track, segment.map));
        }
        let _ = writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{}", moment(segment.shown_from));
        if from_end_us < PARTS_WITHIN_US {
            put_parts(&mut text, segment, track);
        }
        if segment.is_closed {
            let file = File::Segment(track, segment.msn);
            let _ = write!(text, "#EXTINF:{},\n{file}\n", seconds(segment.duration_us()));
        }
    }
    if window.is_ended() {
        text.push_str("#EXT-X-ENDLIST\n");
    } else if let Some(next) = window.next() {
        let file = File::Part(track, next.msn, next.part);
        let _ = writeln!(text, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{file}\"");
    }
    debug_assert!(window.readiness(None) != Readiness::TooFar);
    text
}

fn put_parts(text: &mut String, segment: &Segment, track: Track) {
    for (part, number) in segment.parts.iter().zip(0..) {
        let file = File::Part(track, segment.msn, number);
        let duration = seconds(part.duration_us.into());
        let independent = if part.is_independent { ",INDEPENDENT=YES" } else { "" };
        let _ = writeln!(text, "#EXT-X-PART:DURATION={duration},URI=\"{file}\"{independent}");
    }
}

/// Writes microseconds as seconds, exactly.
fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

/// Writes a moment to the millisecond, which is what players read.
fn moment(wall: WallTime) -> String {
    let text = wall.to_string();
    format!("{}Z", &text[..text.len() - 4])
}

#[cfg(test)]
mod tests {
    use super::super::testutil::{Camera, USUAL, params};
    use super::*;
    use crate::Tapped;
    use crate::hls::name::Reload;

    /// A camera of few frames, so that the text can be read.
    const SLOW: Camera = Camera { interval_us: 250_000, gop: 8, bytes: 100 };

    #[test]
    fn the_text_is_what_rfc_8216bis_says() {
        let mut packager = SLOW.packaged(9);
        packager.take(Tapped::Begin(params(640)));
        SLOW.feed(&mut packager, 16..20);
        let expected = "\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.825000
#EXT-X-PART-INF:PART-TARGET=0.275000
#EXT-X-MEDIA-SEQUENCE:217298538
#EXT-X-MAP:URI=\"video-init-1.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T00:42:18.000Z
#EXT-X-PART:DURATION=0.250000,URI=\"video-217298538.0.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.250000,URI=\"video-217298538.1.m4s\"
#EXT-X-PART:DURATION=0.250000,URI=\"video-217298538.2.m4s\"
#EXT-X-PART:DURATION=0.250000,URI=\"video-217298538.3.m4s\"
#EXT-X-PART:DURATION=0.250000,URI=\"video-217298538.4.m4s\"
#EXT-X-PART:DURATION=0.250000,URI=\"video-217298538.5.m4s\"
#EXT-X-PART:DURATION=0.250000,URI=\"video-217298538.6.m4s\"
#EXT-X-PART:DURATION=0.250000,URI=\"video-217298538.7.m4s\"
#EXTINF:2.000000,
video-217298538.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T00:42:20.000Z
#EXT-X-PART:DURATION=0.250000,URI=\"video-217298539.0.m4s\",INDEPENDENT=YES
#EXTINF:0.250000,
video-217298539.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI=\"video-init-2.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2026-11-20T00:42:22.000Z
#EXT-X-PART:DURATION=0.250000,URI=\"video-217298540.0.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.250000,URI=\"video-217298540.1.m4s\"
#EXT-X-PART:DURATION=0.250000,URI=\"video-217298540.2.m4s\"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"video-217298540.3.m4s\"
";
        assert_eq!(playlist(&packager, Track::Video), expected);
        packager.take(Tapped::Closed);
        assert!(playlist(&packager, Track::Video).ends_with("m4s\n#EXT-X-ENDLIST\n"));
    }

    #[test]
    fn parts_are_listed_near_the_end_alone_and_discontinuities_are_counted_once_gone() {
        let mut packager = USUAL.packaged(60);
        packager.take(Tapped::Begin(params(640)));
        USUAL.feed(&mut packager, 100..1000);
        let text = playlist(&packager, Track::Video);
        assert!(text.contains("\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n"), "{text}");
        assert!(!text.contains("#EXT-X-DISCONTINUITY\n"));
        assert_eq!(text.matches("#EXT-X-MAP:URI=\"video-init-2.mp4\"").count(), 1);
        let head = text.split("#EXT-X-PART:").next().unwrap();
        assert!(head.matches("#EXTINF").count() >= 2, "the oldest show no parts: {text}");
    }

    #[test]
    fn the_part_hinted_at_is_the_next_that_comes() {
        let mut packager = USUAL.packaged(20);
        for number in 20..500 {
            let hinted = packager.window().next().unwrap();
            let text = playlist(&packager, Track::Video);
            let file = File::Part(Track::Video, hinted.msn, hinted.part);
            assert!(text.ends_with(&format!("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{file}\"\n")));
            if packager.take(Tapped::Frame(USUAL.frame(number))) {
                assert!(packager.window().part(hinted.msn, hinted.part).is_some(), "{number}");
            }
        }
    }

    #[test]
    fn a_playlist_is_ready_once_it_holds_what_is_asked_for() {
        let mut packager = Packager::default();
        let ready = |packager: &Packager, msn, part| {
            packager.window().readiness(Some(Reload { msn, part }))
        };
        assert_eq!(packager.window().readiness(None), Readiness::Later);
        packager.take(Tapped::Begin(params(1280)));
        USUAL.feed(&mut packager, 0..50);
        assert_eq!(packager.window().readiness(None), Readiness::Later, "no whole segment");
        USUAL.feed(&mut packager, 50..60);
        assert_eq!(packager.window().readiness(None), Readiness::Ready);
        let first = packager.window().listed().next().unwrap().msn;
        // Segment `first` has seven parts, the one after it has one.
        assert_eq!(ready(&packager, first, None), Readiness::Ready);
        assert_eq!(ready(&packager, first, Some(6)), Readiness::Ready);
        assert_eq!(ready(&packager, first, Some(7)), Readiness::Ready, "the next one's first");
        assert_eq!(ready(&packager, first + 1, Some(0)), Readiness::Ready);
        assert_eq!(ready(&packager, first + 1, Some(1)), Readiness::Later);
        assert_eq!(ready(&packager, first + 1, None), Readiness::Later);
        assert_eq!(ready(&packager, first + 3, Some(0)), Readiness::Later);
        assert_eq!(ready(&packager, first + 4, Some(0)), Readiness::TooFar);
        assert_eq!(ready(&packager, u64::MAX, Some(u32::MAX)), Readiness::TooFar);
        packager.take(Tapped::Closed);
        assert_eq!(ready(&packager, first + 3, None), Readiness::Ready, "there is no more");
    }
}
