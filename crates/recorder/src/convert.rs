//! Streams in another form: what a browser cannot play, made into what it can,
//! for as long as somebody watches.
//!
//! ```text
//! hub: source ──frames──▶ is it of the form already?
//!        ▲                  ├ yes ────────────────────────────┐
//!        │ viewer           └ no ──▶ decode::Input ─▶ Job ────┤
//!   one task a derived stream, gone when nobody watches it     ▼
//! hub: derived stream ◀──────────────────────────────────── Publisher
//! ```
//!
//! A derived stream is a stream of the hub like others, shared by all who watch
//! it; its id is made from that of its source. A conversion that the worker's
//! budget has no room for is refused at once where the source is known, and told
//! as the stream's state where that is learnt later.
//!
//! Belongs here: which conversions run, and when they end. Does not belong here:
//! how one is done (`decode`), who may watch (`api`).

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{StreamId, WallTime};
use decode::{Decoder, Effort, Input, Job, SoundCodec, SoundTask, VideoTask};
use ingest::Clock;
use live::{Hub, Publisher, State, StateKind, Tapped, Viewer};
use media::{Codec, Frame, Params};

/// How long a conversion goes on that nobody watches: a page that is loaded anew
/// finds it running.
const LINGER: Duration = Duration::from_secs(5);

/// How long to wait before a conversion that failed is tried again.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// What a stream is wanted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Pictures that every browser plays.
    H264,
    /// Sound for MSE, HLS and files.
    Aac,
    /// Sound for WebRTC.
    Opus,
}

/// All conversions of this process. Clones share them.
#[derive(Clone)]
pub struct Converter {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Hub,
    decoder: Decoder,
    clock: Clock,
    running: Mutex<HashSet<StreamId>>,
}

/// That a derived stream is being made: it is closed where its task ends, however
/// that comes about, so that nobody waits for a stream that nobody makes.
struct Running {
    inner: Arc<Inner>,
    derived: StreamId,
    /// It was given up already.
    over: bool,
}

/// A row of frames on its way through the worker.
pub struct Conversion {
    input: Input,
    job: Job<decode::Frame>,
    row: Row,
    /// The parameters as the worker takes them, of those as they came.
    given: (Arc<Params>, Arc<decode::Params>),
    taken: Taken,
}

/// What has been given of a row of frames.
#[derive(Debug, Default)]
struct Row {
    /// When the latest frame given is decoded.
    last: Option<WallTime>,
    /// A frame was lost that those before the next keyframe may need.
    lost: bool,
}

/// The parameters of what comes out, of those as the worker gives them.
type Taken = Option<(Arc<decode::Params>, Arc<Params>)>;

impl Form {
    /// Returns the codec of what comes out.
    pub fn codec(self) -> Codec {
        match self {
            Self::H264 => Codec::H264,
            Self::Aac => Codec::Aac,
            Self::Opus => Codec::Opus,
        }
    }

    /// Returns whether a stream of these parameters has to be converted. What is
    /// not of its kind (pictures to sound) never is.
    pub fn converts(self, params: &Params) -> bool {
        params.codec != self.codec() && params.codec.is_sound() == self.codec().is_sound()
    }

    /// Returns the id of the hub's stream of this form that is made of `source`.
    pub fn of(self, source: StreamId) -> StreamId {
        source.made_into(match self {
            Self::H264 => b"khue-derive-h264",
            Self::Aac => b"khue-derived-aac",
            Self::Opus => b"khue-derive-opus",
        })
    }
}

/// What every browser plays and two cores can make: 720 lines at most.
fn video_task() -> VideoTask {
    VideoTask {
        height: 720,
        bitrate: 1_500_000,
        gop: 50,
        frame_rate: 25,
        effort: Effort::Superfast,
        texts: Vec::new(),
        covers: Vec::new(),
    }
}

fn sound_task(to: SoundCodec, bitrate: u32) -> SoundTask {
    SoundTask { to, bitrate, channels: 1 }
}

impl Converter {
    /// Makes a converter without conversions. Needs a tokio runtime around it
    /// when it is asked.
    pub fn new(hub: Hub, decoder: Decoder, clock: Clock) -> Self {
        Self { inner: Arc::new(Inner { hub, decoder, clock, running: Mutex::default() }) }
    }

    /// Returns who converts.
    pub fn decoder(&self) -> &Decoder {
        &self.inner.decoder
    }

    /// Returns a viewer of `source` in this form, having begun the conversion
    /// where none runs.
    ///
    /// # Errors
    /// Where the source is known to need a conversion that cannot begin: no room
    /// in the budget, or no worker.
    pub fn subscribe(&self, source: StreamId, form: Form) -> Result<Viewer, decode::Error> {
        let derived = form.of(source);
        let mut running = lock(&self.inner.running);
        if running.contains(&derived) {
            return Ok(self.inner.hub.subscribe(derived));
        }
        let needed = self.inner.hub.params(source).filter(|params| form.converts(params));
        let begun = match needed {
            Some(params) => Some(Conversion::begin(&self.inner.decoder, form, params)?),
            None => None,
        };
        running.insert(derived);
        let publisher = self.inner.hub.publisher(derived);
        // Before the task, which ends when nobody watches.
        let viewer = self.inner.hub.subscribe(derived);
        let source = self.inner.hub.subscribe(source);
        // A task that a runtime at its end drops at once takes it itself.
        drop(running);
        let running = Running { inner: self.inner.clone(), derived, over: false };
        let work = Work { running, form, publisher, source, told_unavailable: false };
        tokio::spawn(work.run(begun));
        Ok(viewer)
    }
}

/// One derived stream at work.
struct Work {
    running: Running,
    form: Form,
    publisher: Publisher,
    source: Viewer,
    /// Viewers were told that nothing comes, though the source is live.
    told_unavailable: bool,
}

impl Work {
    async fn run(mut self, begun: Option<Conversion>) {
        // One wait over all that happens meanwhile.
        let mut idle = Box::pin(unwatched(self.publisher.demand()));
        let mut conversion = begun;
        loop {
            tokio::select! {
                tapped = self.source.next_tapped() => {
                    if !self.take(tapped, &mut conversion).await {
                        break;
                    }
                }
                made = made(&mut conversion) => self.give(made, &mut conversion).await,
                () = &mut idle => {
                    if self.running.give_up(&self.publisher) {
                        return;
                    }
                    idle = Box::pin(unwatched(self.publisher.demand()));
                }
            }
        }
    }

    /// Takes what the source says; returns whether there may be more.
    async fn take(&mut self, tapped: Tapped, conversion: &mut Option<Conversion>) -> bool {
        match tapped {
            Tapped::Closed => return false,
            Tapped::State(state) => {
                if state.kind != StateKind::Live {
                    *conversion = None;
                }
                self.told_unavailable = false;
                self.publisher.state(state);
            }
            Tapped::Begin(params) => {
                let fits = params.codec.is_sound() == self.form.codec().is_sound();
                let goes_on = conversion.is_some() && self.form.converts(&params);
                if !goes_on {
                    *conversion = None;
                }
                if !fits {
                    self.unavailable("unsupported");
                }
            }
            // A keyframe follows, from which the worker goes on as well.
            Tapped::Dropped { .. } => {}
            Tapped::Frame(frame) if !self.form.converts(&frame.params) => {
                if frame.params.codec == self.form.codec() {
                    self.publish(frame);
                }
            }
            Tapped::Frame(frame) => self.convert(frame, conversion).await,
        }
        true
    }

    async fn convert(&mut self, frame: Frame, conversion: &mut Option<Conversion>) {
        // The server's clock was set back: a job takes only frames whose time rises.
        if let Some(before) = conversion.take_if(|running| !running.row.goes_on_at(frame.wall)) {
            before.end().await;
        }
        if conversion.is_none() && frame.is_key {
            let params = frame.params.clone();
            match Conversion::begin(&self.running.inner.decoder, self.form, params) {
                Ok(begun) => *conversion = Some(begun),
                Err(error) => return self.failed(&error).await,
            }
        }
        let Some(running) = conversion else { return };
        if let Err(error) = running.try_push(frame) {
            *conversion = None;
            self.failed(&error).await;
        }
    }

    /// Publishes what the worker made.
    async fn give(
        &mut self,
        made: Option<Result<decode::Frame, decode::Error>>,
        conversion: &mut Option<Conversion>,
    ) {
        let error = match made {
            Some(Ok(frame)) => {
                match conversion.as_mut().map(|running| taken(&mut running.taken, frame)) {
                    Some(Ok(frame)) => return self.publish(frame),
                    Some(Err(error)) => error,
                    None => return,
                }
            }
            Some(Err(error)) => error,
            None => {
                *conversion = None;
                return;
            }
        };
        *conversion = None;
        self.failed(&error).await;
    }

    async fn failed(&mut self, error: &decode::Error) {
        tracing::warn!(stream = %self.running.derived, form = ?self.form, "a conversion ended: {error}");
        self.unavailable(reason(error));
        tokio::time::sleep(AFTER_FAILURE).await;
    }

    fn publish(&mut self, frame: Frame) {
        if std::mem::take(&mut self.told_unavailable) {
            let (kind, since) = (StateKind::Live, self.running.inner.clock.now().1);
            self.publisher.state(State { kind, since, reason: None });
        }
        self.publisher.push(&[frame]);
    }

    fn unavailable(&mut self, reason: &'static str) {
        self.told_unavailable = true;
        let since: WallTime = self.running.inner.clock.now().1;
        self.publisher.state(State { kind: StateKind::NoData, since, reason: Some(reason) });
    }
}

impl Running {
    /// Gives the stream up, unless somebody watches it.
    fn give_up(&mut self, publisher: &Publisher) -> bool {
        // Under the lock, so that nobody comes between the look and the end.
        let mut running = lock(&self.inner.running);
        self.over = !*publisher.demand().borrow();
        if self.over {
            running.remove(&self.derived);
        }
        self.over
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        // Under the lock: who comes once it is removed is not closed with the others.
        let mut running = lock(&self.inner.running);
        self.inner.hub.close(self.derived);
        running.remove(&self.derived);
    }
}

impl Row {
    /// Returns whether a frame of this time can come behind what was given.
    fn goes_on_at(&self, wall: WallTime) -> bool {
        self.last.is_none_or(|last| last < wall)
    }

    /// Gives a frame by `push`, which says whether there was room for it; returns
    /// whether it was given. After one that was not, only a keyframe is.
    fn push(
        &mut self,
        frame: decode::Frame,
        push: impl FnOnce(decode::Frame) -> Result<bool, decode::Error>,
    ) -> Result<bool, decode::Error> {
        if self.lost && !frame.is_key {
            return Ok(false);
        }
        let wall = frame.wall;
        let given = push(frame)?;
        self.lost = !given;
        if given {
            self.last = Some(wall);
        }
        Ok(given)
    }
}

impl Conversion {
    /// Begins to convert frames of these parameters; refuses what has no room.
    pub fn begin(
        decoder: &Decoder,
        form: Form,
        params: Arc<Params>,
    ) -> Result<Self, decode::Error> {
        let given = Arc::new(decode::Params::from(&*params));
        let (input, job) = match form {
            Form::H264 => decoder.video(video_task(), &given)?,
            Form::Aac => decoder.sound(sound_task(SoundCodec::Aac, 48_000), &given)?,
            Form::Opus => decoder.sound(sound_task(SoundCodec::Opus, 32_000), &given)?,
        };
        Ok(Self { input, job, row: Row::default(), given: (params, given), taken: None })
    }

    /// Gives a frame if there is room for it. One for which there is none is
    /// lost, and what follows goes on at a keyframe: recording does not wait.
    fn try_push(&mut self, frame: Frame) -> Result<(), decode::Error> {
        let frame = self.given(frame);
        self.row.push(frame, |frame| self.input.try_push(frame))?;
        Ok(())
    }

    /// Ends the row as it is, and returns once its share of the budget is free.
    async fn end(self) {
        self.job.end().await;
    }

    /// Gives a frame, and adds to `made` what comes out meanwhile.
    pub async fn pass(&mut self, frame: Frame, made: &mut Vec<Frame>) -> Result<(), decode::Error> {
        let frame = self.given(frame);
        let mut pushing = pin!(self.input.push(frame));
        loop {
            // What comes out must be taken, or nothing more goes in.
            tokio::select! {
                pushed = &mut pushing => return pushed,
                Some(next) = self.job.next() => made.push(taken(&mut self.taken, next?)?),
            }
        }
    }

    /// Ends the row, and adds to `made` what was inside.
    pub async fn finish(self, made: &mut Vec<Frame>) -> Result<(), decode::Error> {
        let Self { input, mut job, taken: mut known, .. } = self;
        drop(input);
        while let Some(next) = job.next().await {
            made.push(taken(&mut known, next?)?);
        }
        Ok(())
    }

    fn given(&mut self, frame: Frame) -> decode::Frame {
        if !Arc::ptr_eq(&self.given.0, &frame.params) {
            self.given = (frame.params.clone(), Arc::new(decode::Params::from(&*frame.params)));
        }
        let params = self.given.1.clone();
        let Frame { wall, composition_us, is_key, data, .. } = frame;
        decode::Frame { wall, composition_us, is_key, data, params }
    }
}

fn taken(known: &mut Taken, frame: decode::Frame) -> Result<Frame, decode::Error> {
    let params = match known {
        Some((theirs, params)) if Arc::ptr_eq(theirs, &frame.params) => params.clone(),
        _ => {
            let params = Arc::new(Params::try_from(&*frame.params)?);
            *known = Some((frame.params.clone(), params.clone()));
            params
        }
    };
    let decode::Frame { wall, composition_us, is_key, data, .. } = frame;
    Ok(Frame { wall, composition_us, is_key, data, params })
}

/// Waits for what the worker makes, as long as one works.
async fn made(conversion: &mut Option<Conversion>) -> Option<Result<decode::Frame, decode::Error>> {
    match conversion {
        Some(conversion) => conversion.job.next().await,
        None => std::future::pending().await,
    }
}

/// Waits until nobody has watched for a while.
async fn unwatched(mut demand: tokio::sync::watch::Receiver<bool>) {
    loop {
        // Its sender is the publisher's stream, which is there as long as this.
        if demand.wait_for(|watched| !*watched).await.is_err() {
            return;
        }
        let back = demand.wait_for(|watched| *watched);
        if tokio::time::timeout(LINGER, back).await.is_err() {
            return;
        }
    }
}

/// Returns the word by which programs know why there is no conversion.
pub fn reason(error: &decode::Error) -> &'static str {
    match error {
        decode::Error::NotInstalled { .. } => "no_worker",
        decode::Error::Busy { .. } => "busy",
        decode::Error::Refused { .. } => "unsupported",
        decode::Error::Crashed { .. } | decode::Error::TimedOut { .. } => "worker",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn each_form_of_a_stream_is_another_stream_and_always_the_same() {
        let source = StreamId::new();
        let forms = [Form::H264, Form::Aac, Form::Opus];
        let mut ids: Vec<_> = forms.map(|form| form.of(source)).into();
        assert_eq!(ids, forms.map(|form| form.of(source)));
        ids.push(source);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 4);
    }

    fn frame(wall: i64, is_key: bool) -> decode::Frame {
        let params = Params { codec: Codec::H265, width: 64, height: 64, config: Bytes::new() };
        let (params, data) = (Arc::new(decode::Params::from(&params)), Bytes::new());
        decode::Frame { wall: WallTime(wall), composition_us: 0, is_key, data, params }
    }

    #[test]
    fn behind_a_lost_frame_only_a_keyframe_is_given() {
        let (mut row, mut given) = (Row::default(), Vec::new());
        let frames = [(1, true), (2, false), (3, false), (4, false), (5, true), (6, false)];
        // There is no room for the third, and room again from the fourth on.
        for (wall, is_key) in frames {
            let pushed = row.push(frame(wall, is_key), |_| Ok(wall != 3)).unwrap();
            given.extend(pushed.then_some(wall));
        }
        assert_eq!(given, [1, 2, 5, 6]);
        // A keyframe that is lost helps nobody.
        assert!(!row.push(frame(7, true), |_| Ok(false)).unwrap());
        assert!(!row.push(frame(8, false), |_| Ok(true)).unwrap());
    }

    #[test]
    fn a_row_does_not_go_on_where_the_clock_was_set_back() {
        let mut row = Row::default();
        assert!(row.goes_on_at(WallTime(1)));
        assert!(row.push(frame(10, true), |_| Ok(true)).unwrap());
        let goes_on = [9, 10, 11].map(|wall| row.goes_on_at(WallTime(wall)));
        assert_eq!(goes_on, [false, false, true]);
    }

    fn converter() -> Converter {
        let decoder = Decoder::new(decode::Config::new("/nowhere/khue-decode")).unwrap();
        Converter::new(Hub::new(WallTime(0)), decoder, Clock::system())
    }

    /// Waits until a derived stream has ended for who watches it.
    async fn closed(viewer: &mut Viewer) {
        // Only so that a defect ends the test instead of hanging it.
        let limit = Duration::from_secs(60);
        let closed = async { while viewer.next_tapped().await != Tapped::Closed {} };
        tokio::time::timeout(limit, closed).await.expect("it is closed");
    }

    #[tokio::test]
    async fn who_watches_anew_after_the_end_has_another_stream() {
        let (converter, source) = (converter(), StreamId::new());
        let mut viewer = converter.subscribe(source, Form::H264).unwrap();
        converter.inner.hub.close(source);
        closed(&mut viewer).await;
        let again = converter.subscribe(source, Form::H264).unwrap();
        assert_ne!(again.channel(), viewer.channel());
        assert_eq!(lock(&converter.inner.running).len(), 1);
    }

    #[tokio::test]
    async fn a_defect_leaves_no_stream_that_nobody_makes() {
        let (converter, derived) = (converter(), Form::H264.of(StreamId::new()));
        let mut viewer = converter.inner.hub.subscribe(derived);
        lock(&converter.inner.running).insert(derived);
        let running = Running { inner: converter.inner.clone(), derived, over: false };
        let defect = tokio::spawn(async move {
            let _running = running;
            panic!("as a defect does");
        });
        assert!(defect.await.unwrap_err().is_panic());
        closed(&mut viewer).await;
        assert!(lock(&converter.inner.running).is_empty());
    }

    #[test]
    fn only_what_is_of_the_kind_and_not_of_the_form_is_converted() {
        let params = |codec| Params { codec, width: 0, height: 0, config: Bytes::new() };
        let converted = |form: Form| {
            let all = [Codec::H264, Codec::H265, Codec::Aac, Codec::Pcmu, Codec::Opus];
            all.map(|codec| form.converts(&params(codec)))
        };
        assert_eq!(converted(Form::H264), [false, true, false, false, false]);
        assert_eq!(converted(Form::Aac), [false, false, false, true, true]);
        assert_eq!(converted(Form::Opus), [false, false, true, true, false]);
    }
}
