//! Pictures that come out as H.264, or as they are.
#![allow(clippy::unwrap_used, reason = "a panic names the line, in helpers too")]

mod common;

use base::WallTime;
use common::{BEGIN, Clip, decoder, drawn, psnr, run, shown, shown_of, street};
use decode::{
    Codec, Corner, Cover, Effort, Frame, How, Layout, PicturesTask, Rect, Text, VideoTask,
};

const WIDTH: usize = 640;
const HEIGHT: usize = 352;
/// Bytes of a picture of the street as Y, U and V.
const PICTURE: usize = WIDTH * HEIGHT * 3 / 2;

fn task() -> VideoTask {
    VideoTask {
        height: HEIGHT as u16,
        bitrate: 2_000_000,
        gop: 48,
        frame_rate: 24,
        effort: Effort::Superfast,
        texts: Vec::new(),
        covers: Vec::new(),
    }
}

async fn converted(clip: &Clip, task: VideoTask) -> Vec<Frame> {
    let job = decoder().video(task, &clip.params).unwrap();
    let (frames, end) = run(job, clip.frames.clone()).await;
    assert_eq!(end, None);
    frames
}

fn walls(frames: &[Frame]) -> Vec<i64> {
    frames.iter().map(|frame| frame.wall.0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_picture_comes_out_as_h264_with_its_moment() {
    for codec in [Codec::H265, Codec::H264] {
        let clip = street(codec, 5);
        let made = converted(&clip, task()).await;
        assert_eq!(walls(&made), walls(&clip.frames), "{codec:?}");
        let keys: Vec<usize> = (0..made.len()).filter(|&at| made[at].is_key).collect();
        assert_eq!(keys, [0, 48, 96]);
        let (given, taken) = (shown_of(&clip, "yuv420p", &[]), shown(&made, "yuv420p"));
        assert_eq!(taken.len(), 120 * PICTURE);
        let likeness = psnr(&given, &taken);
        assert!(likeness > 34.0, "{codec:?}: {likeness:.1} dB");
        // A second of it takes no more than was allowed, and what a buffer holds.
        let bits = 8 * made.iter().map(|frame| frame.data.len()).sum::<usize>();
        assert!(bits < 6 * 2_000_000, "{bits}");
        assert_eq!(made[0].params.config[1..3], [66, 0xc0], "constrained baseline");
        assert!(media::Frame::try_from(made[0].clone()).is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_come_out_one_by_one_without_waiting_for_more() {
    let clip = street(Codec::H265, 1);
    let (input, mut job) = decoder().video(task(), &clip.params).unwrap();
    for frame in &clip.frames {
        input.push(frame.clone()).await.unwrap();
        // The input stays open, so nothing is flushed: it has to come by itself.
        let made = job.next().await.unwrap().unwrap();
        assert_eq!(made.wall, frame.wall);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyframe_comes_when_it_is_asked_for() {
    let clip = street(Codec::H264, 1);
    let (input, mut job) = decoder().video(task(), &clip.params).unwrap();
    let mut keys = Vec::new();
    for (at, frame) in clip.frames.iter().enumerate() {
        if at == 7 || at == 19 {
            input.want_keyframe();
        }
        input.push(frame.clone()).await.unwrap();
        if job.next().await.unwrap().unwrap().is_key {
            keys.push(at);
        }
    }
    assert_eq!(keys, [0, 7, 19]);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_parameters_in_the_middle_make_other_parameters() {
    let (first, second) = (
        street(Codec::H265, 1),
        drawn(Codec::H264, "testsrc2=size=320x240:rate=25", 25, "1", &["-bf", "0"]),
    );
    let later = second.frames.iter().map(|frame| {
        let wall = WallTime(frame.wall.0 + 5_000_000);
        Frame { wall, ..frame.clone() }
    });
    let frames: Vec<Frame> = first.frames.iter().cloned().chain(later).collect();
    let wanted = walls(&frames);
    let job = decoder().video(task(), &first.params).unwrap();
    let (made, end) = run(job, frames).await;
    assert_eq!((walls(&made), end), (wanted, None));
    let sizes: Vec<_> = made.iter().map(|f| (f.params.width, f.params.height)).collect();
    assert!(sizes[..24].iter().all(|&size| size == (640, 352)));
    assert!(sizes[24..].iter().all(|&size| size == (320, 240)));
    assert!(made[24].is_key);
    assert_eq!(shown(&made[24..], "gray").len(), 25 * 320 * 240);
}

#[tokio::test(flavor = "multi_thread")]
async fn b_frames_come_out_in_the_order_in_which_they_are_shown() {
    for codec in [Codec::H264, Codec::H265] {
        let clip = drawn(codec, "testsrc2=size=640x352:rate=24", 24, "2", &["-bf", "2"]);
        assert!(clip.frames.iter().any(|frame| frame.composition_us != 0));
        let made = converted(&clip, task()).await;
        let wanted: Vec<i64> = (0..48).map(|at| BEGIN + at * clip.step_us).collect();
        assert_eq!(walls(&made), wanted, "{codec:?}");
        let likeness = psnr(&shown_of(&clip, "yuv420p", &[]), &shown(&made, "yuv420p"));
        assert!(likeness > 28.0, "{codec:?}: {likeness:.1} dB");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_taken_up_at_its_first_keyframe_and_goes_on_over_what_is_broken() {
    let clip = street(Codec::H264, 4);
    let mut frames = clip.frames[20..].to_vec();
    for at in [40, 41, 50] {
        let cut = frames[at].data.len() / 3;
        frames[at].data = frames[at].data.slice(..cut);
    }
    let (made, end) = run(decoder().video(task(), &clip.params).unwrap(), frames).await;
    assert_eq!(end, None);
    assert_eq!(made[0].wall, clip.frames[48].wall);
    assert_eq!(made.last().unwrap().wall, clip.frames.last().unwrap().wall);
    assert!(made.len() >= 45, "{}", made.len());
}

/// Which pixels differ by more than coding does, as columns and rows.
fn changed(one: &[u8], other: &[u8]) -> Vec<(usize, usize)> {
    let differs = |at: &usize| one[*at].abs_diff(other[*at]) > 40;
    (0..WIDTH * HEIGHT).filter(differs).map(|at| (at % WIDTH, at / WIDTH)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn words_and_the_time_are_burnt_into_their_corner_and_nothing_else_changes() {
    let clip = street(Codec::H264, 1);
    let fine = VideoTask { bitrate: 20_000_000, ..task() };
    let plain = shown(&converted(&clip, fine.clone()).await, "yuv420p");
    let text = Text {
        corner: Corner::BottomRight,
        words: "Phố Huế – Trần Khát Chân".into(),
        clock: Some(420),
        height_permille: 60,
    };
    let burnt = shown(&converted(&clip, VideoTask { texts: vec![text], ..fine }).await, "yuv420p");
    for at in [0, 23] {
        let [plain, burnt] = [&plain, &burnt].map(|all| &all[at * PICTURE..][..PICTURE]);
        let changed = changed(plain, burnt);
        let (left, top) = (120, 318);
        assert!(changed.len() > 1000, "{}", changed.len());
        let outside = changed.iter().find(|&&(x, y)| x < left || y < top);
        assert_eq!(outside, None);
        let bright = changed.iter().filter(|&&(x, y)| burnt[y * WIDTH + x] > 200).count();
        assert!(bright > 300, "letters are white: {bright}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_goes_on_with_the_frames() {
    let clip = drawn(Codec::H264, "color=gray:size=640x352:rate=24", 24, "2", &["-bf", "0"]);
    let text =
        Text { corner: Corner::TopLeft, words: String::new(), clock: Some(0), height_permille: 80 };
    let made = converted(&clip, VideoTask { texts: vec![text], bitrate: 8_000_000, ..task() });
    let burnt = shown(&made.await, "yuv420p");
    let pictures: Vec<&[u8]> = burnt.chunks_exact(PICTURE).collect();
    // It begins at 18.25 s: 19 is reached with the frame 0.75 s later.
    let turns: Vec<usize> =
        (1..48).filter(|&at| !changed(pictures[at - 1], pictures[at]).is_empty()).collect();
    assert_eq!(turns, [19, 43], "frames last 41,666 µs: the 18th is 12 µs too early");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_covered_is_gone_for_as_long_as_it_was_said() {
    // A checkerboard that turns each frame: whatever shines through is seen.
    let source =
        "nullsrc=size=640x352:rate=24,geq=lum='255*mod(floor(X/8)+floor(Y/8)+N,2)':cb=128:cr=128";
    let clip = drawn(Codec::H264, source, 24, "1", &["-bf", "0", "-crf", "10"]);
    let rect = Rect { left: 0.25, top: 0.25, right: 0.5, bottom: 0.75 };
    let spread = |picture: &[u8]| {
        let inside: Vec<u8> =
            (88..264).flat_map(|y| picture[y * WIDTH..][160..320].to_vec()).collect();
        inside.iter().max().unwrap() - inside.iter().min().unwrap()
    };
    // Each square of a pixelated part holds as many dark fields as light ones, to a row.
    for (how, most) in [(How::Fill, 6), (How::Pixelate, 90)] {
        let (from, to) = (clip.frames[6].wall, clip.frames[18].wall);
        for height in [352, 176] {
            let covers = vec![Cover { rect, from, to, how }];
            let bitrate = 20_000_000;
            let made = converted(&clip, VideoTask { covers, bitrate, height, ..task() }).await;
            let mut stream = shown(&made, "gray");
            if height == 176 {
                // Looked at in the clip's own size, by doubling each pixel.
                let doubled = |row: &[u8]| row.iter().flat_map(|&v| [v, v]).collect::<Vec<u8>>();
                stream = stream
                    .chunks_exact(320)
                    .flat_map(|row| [doubled(row), doubled(row)].concat())
                    .collect();
            }
            for (at, picture) in stream.chunks_exact(WIDTH * HEIGHT).enumerate() {
                let covered = (6..18).contains(&at);
                let spread = spread(picture);
                assert!((spread <= most) == covered, "{how:?} {height} {at}: {spread}");
                let outside = &picture[20 * WIDTH..21 * WIDTH];
                assert!(outside.iter().max().unwrap() - outside.iter().min().unwrap() > 150);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_come_at_the_wanted_rate_and_size() {
    let clip = street(Codec::H265, 4);
    let every = PicturesTask { width: 0, height: 352, interval_us: 0, layout: Layout::Yuv420 };
    let (all, end) =
        run(decoder().pictures(every, &clip.params, 24).unwrap(), clip.frames.clone()).await;
    assert_eq!((all.len(), end), (96, None));
    let bytes: Vec<u8> = all.iter().flat_map(|picture| picture.bytes.to_vec()).collect();
    assert!(bytes == shown_of(&clip, "yuv420p", &[]), "unscaled, they are ffmpeg's to the bit");

    let few = PicturesTask { width: 416, height: 416, interval_us: 200_000, layout: Layout::Rgb24 };
    let (some, end) =
        run(decoder().pictures(few, &clip.params, 24).unwrap(), clip.frames.clone()).await;
    assert_eq!((some.len(), end), (20, None));
    assert!(some.iter().all(|picture| (picture.width, picture.height) == (416, 416)));
    let scale = ["-frames:v", "1", "-vf", "scale=416:416:flags=bilinear"];
    let likeness = psnr(&some[0].bytes, &shown_of(&clip, "rgb24", &scale));
    assert!(likeness > 36.0, "{likeness:.1} dB");
}
