//! Renders scenes into clips, once; later starts read them from the cache.
//!
//! ```text
//! painters, a thread each        feeder                     ffmpeg, a process each
//!   frames 0, 2, 4 … ──▶ ┐
//!   frames 1, 3, 5 … ──▶ ┴──▶ in order ──▶ full ──pipe──▶ main.h264
//!                                     └──▶ third ─pipe──▶ sub.h264
//!
//! CACHE/nga-tu-sang-v2/{main.h264, sub.h264, truth.jsonl}
//!                       main-hevc-0b.mp4, …    the main anew, where it was asked for
//! ```
//!
//! A scene is rendered into a folder beside its place and renamed when all is
//! there, so a cache is whole or not there. What does not read back as it should
//! is rendered anew, and so is what an older version of the scenes left. What does
//! stays where it is, whoever else has rendered the same: somebody may be reading it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use bytes::Bytes;

use super::ffmpeg::{self, Encoder, Encoding};
use super::{Clip, ClipError, Codec, FrameRate};
use crate::camera::lock;
use crate::draw::Picture;
use crate::scene::{FRAME_RATE, HEIGHT, LOOP_FRAMES, Painter, Scene, Stage, VERSION, WIDTH};
use crate::truth;

/// Frames in a second of the sub stream.
pub const SUB_FRAME_RATE: usize = 10;
const SUB_FRAMES: usize = LOOP_FRAMES * SUB_FRAME_RATE / FRAME_RATE;

/// A scene's two clips, and its truth.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The scene's name.
    pub scene: &'static str,
    /// The number burnt into its pictures.
    pub scene_id: u8,
    /// 1920 × 1080, 25 frames a second.
    pub main: Clip,
    /// 640 × 360, 10 frames a second; the same loop.
    pub sub: Clip,
    /// What is in each frame, as JSON lines (see [`crate::truth`]).
    pub truth: PathBuf,
}

impl Rendered {
    /// Returns the main clip coded otherwise: as H.265, or with so many B-frames
    /// between two others. It is encoded from the main clip, once, and kept beside
    /// it in the cache; what is burnt into the pictures still reads.
    pub fn main_as(&self, codec: Codec, b_frames: u32) -> Result<Clip, ClipError> {
        if codec == Codec::H264 && b_frames == 0 {
            return Ok(self.main.clone());
        }
        static ENCODING: Mutex<()> = Mutex::new(());
        let _alone = lock(&ENCODING);
        let folder = self.truth.parent().unwrap_or(Path::new("."));
        let kept = folder.join(format!("main-{}-{b_frames}b.mp4", codec.as_str()));
        let fits = |clip: &Clip| clip.access_units.len() == LOOP_FRAMES && clip.codec == codec;
        if let Ok(clip) = Clip::from_mp4(&kept)
            && fits(&clip)
        {
            return Ok(clip);
        }
        // Two processes may be at it: each writes a file of its own, and either will do.
        let work = folder.join(format!(".{}-{b_frames}b.{}", codec.as_str(), std::process::id()));
        let main = folder.join("main.h264");
        let made = ffmpeg::transcode(&main, FRAME_RATE, codec, b_frames, &work)
            .and_then(|()| fs::rename(&work, &kept).map_err(io("create", &kept)));
        if made.is_err() {
            let _ = fs::remove_file(&work);
        }
        made.and_then(|()| Clip::from_mp4(&kept))
    }
}

/// How far the rendering is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The scene that is being rendered.
    pub scene: &'static str,
    /// Frames done, of all scenes that must be rendered.
    pub done: usize,
    /// Frames of all scenes that must be rendered.
    pub of: usize,
}

/// Returns the clips of `scenes`, in their order. Those that the folder `cache`
/// does not hold are rendered into it; `progress` is told of every second of them.
pub fn render_all(
    cache: &Path,
    scenes: &[Scene],
    mut progress: impl FnMut(Progress),
) -> Result<Vec<Rendered>, ClipError> {
    let cached: Vec<Option<Rendered>> = scenes.iter().map(|scene| load(cache, scene)).collect();
    let of = cached.iter().filter(|found| found.is_none()).count() * LOOP_FRAMES;
    let mut done = 0;
    let mut all = Vec::new();
    for (scene, found) in scenes.iter().zip(cached) {
        if let Some(found) = found {
            all.push(found);
            continue;
        }
        render(cache, scene, |frames| {
            progress(Progress { scene: scene.name(), done: done + frames, of });
        })?;
        done += LOOP_FRAMES;
        let subject = || folder_of(cache, scene).display().to_string();
        let reason = || "what ffmpeg wrote does not read back; is its libx264 there?".to_owned();
        all.push(
            load(cache, scene)
                .ok_or_else(|| ClipError::Unfit { subject: subject(), reason: reason() })?,
        );
    }
    Ok(all)
}

fn folder_of(cache: &Path, scene: &Scene) -> PathBuf {
    cache.join(format!("{}-v{VERSION}", scene.name()))
}

/// Reads a scene from the cache, if it is there and whole.
fn load(cache: &Path, scene: &Scene) -> Option<Rendered> {
    let folder = folder_of(cache, scene);
    let read = |name: &str, rate: usize, divisor: usize| {
        let stream = Bytes::from(fs::read(folder.join(name)).ok()?);
        let rate = FrameRate::per_second(rate as u32);
        Clip::from_annex_b(stream, rate, (WIDTH / divisor) as u32, (HEIGHT / divisor) as u32).ok()
    };
    let (main, sub) = (read("main.h264", FRAME_RATE, 1)?, read("sub.h264", SUB_FRAME_RATE, 3)?);
    let truth = folder.join("truth.jsonl");
    let lines = fs::read(&truth).ok()?.iter().filter(|&&byte| byte == b'\n').count();
    let whole = main.access_units.len() == LOOP_FRAMES
        && sub.access_units.len() == SUB_FRAMES
        && lines == LOOP_FRAMES + 1;
    whole.then_some(Rendered { scene: scene.name(), scene_id: scene.id(), main, sub, truth })
}

fn render(cache: &Path, scene: &Scene, progress: impl FnMut(usize)) -> Result<(), ClipError> {
    // Two processes may render at once.
    let work = cache.join(format!(".{}-v{VERSION}.{}", scene.name(), std::process::id()));
    fs::create_dir_all(&work).map_err(io("create", &work))?;
    let rendered =
        render_into(&work, scene, progress).and_then(|()| put_in_place(cache, scene, &work));
    if rendered.is_err() {
        // What is half done is of no use; the error that led here is the one to tell.
        let _ = fs::remove_dir_all(&work);
    }
    rendered
}

/// Moves a scene that was rendered in `work` to its place, unless another process
/// has put a whole one there.
fn put_in_place(cache: &Path, scene: &Scene, work: &Path) -> Result<(), ClipError> {
    let done = folder_of(cache, scene);
    // Between looking and replacing nobody else may put anything there.
    let _locked = fs::File::open(cache)
        .and_then(|folder| folder.lock().map(|()| folder))
        .map_err(io("lock", cache))?;
    if load(cache, scene).is_some() {
        return fs::remove_dir_all(work).map_err(io("remove", work));
    }
    if done.exists() {
        fs::remove_dir_all(&done).map_err(io("replace", &done))?;
    }
    fs::rename(work, &done).map_err(io("create", &done))
}

fn io(act: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ClipError + use<> {
    let path = path.to_owned();
    move |source| ClipError::Io { act, path, source }
}

fn render_into(
    folder: &Path,
    scene: &Scene,
    mut progress: impl FnMut(usize),
) -> Result<(), ClipError> {
    let encoding = |divisor, rate, kilobits| Encoding {
        width: WIDTH / divisor,
        height: HEIGHT / divisor,
        frame_rate: rate,
        kilobits,
    };
    let mut main =
        Encoder::start(scene.name(), encoding(1, FRAME_RATE, 2000), &folder.join("main.h264"))?;
    let mut sub =
        Encoder::start(scene.name(), encoding(3, SUB_FRAME_RATE, 300), &folder.join("sub.h264"))?;
    let stage = Arc::new(Stage::new(scene));
    let mut lines = Vec::new();
    truth::push_line(&mut lines, &stage.head());
    // As many as there are processors, though encoding wants some, too: where others
    // keep the machine busy, whoever asks for less gets less.
    let painters = thread::available_parallelism().map_or(1, |n| n.get()).clamp(1, 6);
    let outcome = thread::scope(|scope| {
        let desks: Vec<Desk> = (0..painters)
            .map(|first| {
                let (give, given) = sync_channel(1);
                let (back, returned) = sync_channel(2);
                let stage = Arc::clone(&stage);
                scope.spawn(move || {
                    paint(stage, (first..LOOP_FRAMES).step_by(painters), &give, &returned)
                });
                Desk { given, back }
            })
            .collect();
        let mut subs = 0;
        for frame in 0..LOOP_FRAMES {
            let desk = &desks[frame % painters];
            let Ok((picture, truth)) = desk.given.recv() else { break };
            truth::push_line(&mut lines, &truth);
            main.feed(&picture)?;
            // The sub stream shows the latest frame of the main stream at its time.
            while subs < SUB_FRAMES && subs * FRAME_RATE / SUB_FRAME_RATE == frame {
                sub.feed(&picture.third())?;
                subs += 1;
            }
            // A painter that is done has nobody there to take it.
            let _ = desk.back.send(picture);
            if (frame + 1) % FRAME_RATE == 0 {
                progress(frame + 1);
            }
        }
        Ok(())
    });
    // What an encoder said when it died tells more than the broken pipe.
    main.finish()?;
    sub.finish()?;
    outcome?;
    let truth = folder.join("truth.jsonl");
    fs::File::create(&truth)
        .and_then(|mut file| file.write_all(&lines))
        .map_err(io("write", &truth))
}

/// Where a painter's frames are taken, and their memory given back.
struct Desk {
    given: Receiver<(Picture, truth::Frame)>,
    back: SyncSender<Picture>,
}

fn paint(
    stage: Arc<Stage>,
    frames: impl Iterator<Item = usize>,
    give: &SyncSender<(Picture, truth::Frame)>,
    returned: &Receiver<Picture>,
) {
    let mut painter = Painter::new(stage);
    for frame in frames {
        let truth = painter.draw(frame);
        let mut picture = returned.try_recv().unwrap_or_else(|_| Picture::new(WIDTH, HEIGHT));
        picture.clone_from(painter.picture());
        if give.send((picture, truth)).is_err() {
            // The encoder is gone, and nobody wants the rest.
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::draw::{BurntIn, read_burnt_in};

    /// Decodes a stream with ffmpeg and reads what is burnt into each frame.
    fn burnt_into(path: &Path, width: usize, height: usize) -> Vec<Option<BurntIn>> {
        let mut command = Command::new("ffmpeg");
        command
            .args(["-v", "error", "-i"])
            .arg(path)
            .args(["-f", "rawvideo", "-pix_fmt", "gray", "-"]);
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success());
        let frames = output.stdout.chunks_exact(width * height);
        frames.map(|luma| read_burnt_in(luma, width, height, width)).collect()
    }

    #[test]
    fn a_scene_is_rendered_once_and_reads_back_frame_by_frame() {
        let cache = tempfile::tempdir().unwrap();
        let scenes = &Scene::all()[..1];
        let mut told = Vec::new();
        let first =
            render_all(cache.path(), scenes, |progress| told.push(progress)).unwrap().remove(0);
        let last = Progress { scene: scenes[0].name(), done: LOOP_FRAMES, of: LOOP_FRAMES };
        assert_eq!((told.len(), told.last()), (LOOP_FRAMES / FRAME_RATE, Some(&last)));

        assert_eq!((first.main.width, first.main.height), (1920, 1080));
        assert_eq!((first.sub.width, first.sub.height), (640, 360));
        assert_eq!((first.main.duration_90k, first.sub.duration_90k), (1_800_000, 1_800_000));
        for (clip, gop) in [(&first.main, 50), (&first.sub, 20)] {
            for (at, unit) in clip.access_units.iter().enumerate() {
                assert_eq!(unit.is_key, at % gop == 0, "access unit {at}");
                assert_eq!(unit.nals.len(), 1);
            }
            // An even number of GOPs: idr_pic_id still alternates where the loop
            // begins anew (H.264 §7.4.3).
            assert_eq!(clip.access_units.iter().filter(|unit| unit.is_key).count() % 2, 0);
        }
        let kilobits = |clip: &Clip| clip.size_bytes() * 8 / 20_000;
        assert!((1200..2400).contains(&kilobits(&first.main)), "{}", kilobits(&first.main));
        assert!((150..400).contains(&kilobits(&first.sub)), "{}", kilobits(&first.sub));

        let folder = first.truth.parent().unwrap();
        let wanted = |frame: usize| Some(BurntIn { scene_id: 0, frame: frame as u16 });
        let main = burnt_into(&folder.join("main.h264"), WIDTH, HEIGHT);
        assert!(main.iter().copied().eq((0..LOOP_FRAMES).map(wanted)));
        let sub = burnt_into(&folder.join("sub.h264"), WIDTH / 3, HEIGHT / 3);
        assert!(sub.iter().copied().eq((0..SUB_FRAMES).map(|frame| wanted(frame * 5 / 2))));

        // Coded anew, the same is seen, and nothing is encoded twice. In H.264, which
        // takes a tenth of the time that H.265 does; patterns are tested in both.
        let anew = first.main_as(Codec::H264, 2).unwrap();
        assert_eq!((anew.codec, anew.duration_90k), (Codec::H264, first.main.duration_90k));
        assert!(anew.delay_90k() > 0);
        let kept = folder.join("main-h264-2b.mp4");
        let seen = burnt_into(&kept, WIDTH, HEIGHT);
        assert!(seen.iter().copied().eq((0..LOOP_FRAMES).map(wanted)));
        let number = fs::metadata(&kept).unwrap().ino();
        assert_eq!(first.main_as(Codec::H264, 2).unwrap(), anew);
        assert_eq!(fs::metadata(&kept).unwrap().ino(), number);
        assert_eq!(first.main_as(Codec::H264, 0).unwrap(), first.main);

        // Found in the cache, nothing is rendered.
        let again =
            render_all(cache.path(), scenes, |_| panic!("rendered again")).unwrap().remove(0);
        assert_eq!((again.main, again.sub), (first.main, first.sub));

        // Another process that was at it as well leaves it where it is.
        let late = cache.path().join(".late");
        let copy = || {
            fs::create_dir(&late).unwrap();
            for file in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                fs::copy(file.path(), late.join(file.file_name())).unwrap();
            }
        };
        copy();
        let number = fs::metadata(folder).unwrap().ino();
        put_in_place(cache.path(), &scenes[0], &late).unwrap();
        assert_eq!(fs::metadata(folder).unwrap().ino(), number);
        // Cut off, it is not taken for whole, and makes room for what is.
        copy();
        let truth = fs::read(&first.truth).unwrap();
        fs::write(&first.truth, &truth[..truth.len() / 2]).unwrap();
        assert!(load(cache.path(), &scenes[0]).is_none());
        put_in_place(cache.path(), &scenes[0], &late).unwrap();
        assert!(load(cache.path(), &scenes[0]).is_some());
        let beside = fs::read_dir(cache.path()).unwrap().count();
        assert_eq!(beside, 1, "nothing half done is left behind");
    }

    #[test]
    fn an_empty_or_torn_cache_is_not_taken_for_whole() {
        let cache = tempfile::tempdir().unwrap();
        let scene = &Scene::all()[0];
        assert!(load(cache.path(), scene).is_none());
        let folder = folder_of(cache.path(), scene);
        fs::create_dir_all(&folder).unwrap();
        for name in ["main.h264", "sub.h264", "truth.jsonl"] {
            fs::write(folder.join(name), [0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 0x80])
                .unwrap();
        }
        assert!(load(cache.path(), scene).is_none());
    }
}
