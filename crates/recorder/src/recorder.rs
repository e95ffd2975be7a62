//! The supervisor: keeps the pipelines that run equal to those intended.
//!
//! One task owns the table of pipelines. It wakes when the catalog changed, when
//! somebody nudges it, when a pipeline ended by itself (which only a defect can
//! cause: it is logged and started again), and every few seconds in any case.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use base::{CameraId, StreamId};
use casework::Holds;
use catalog::{Camera, Catalog, IntendedStream};
use ingest::{Clock, Credentials, Limits, Source};
use live::Hub;
use store::{GapReason, Store};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::health::{Board, CameraState};
use crate::housekeeping::{Error, Housekeeping};
use crate::pipeline::{Left, Pipeline, Span, seed};
use crate::readers::{Pace, Readers};
use crate::reconcile::steps;
use crate::retries::Retries;
use crate::sound::Sound;
use crate::stop::Stop;
use crate::thumbnails::Thumbnails;

/// How often intended and actual are compared though nothing was heard.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What the recorder is told by the node's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The time limits of a camera's session.
    pub limits: Limits,
    /// How often retention and holds are applied.
    pub expire_every: Duration,
    /// How long a pipeline that ended by itself stays down, so that a defect met at
    /// once cannot keep a core busy. Others do not wait for it.
    pub after_defect: Duration,
    /// How long a camera is read without its sound after that broke a session.
    pub sound_rest: Duration,
}

/// The rooms that meet here.
pub struct Recorder {
    /// What the city wants recorded.
    pub catalog: Catalog,
    /// What must not be let go.
    pub holds: Holds,
    /// The past.
    pub store: Store,
    /// The present.
    pub hub: Hub,
    /// Pictures of the past, which go with it.
    pub thumbnails: Thumbnails,
    /// The server's clock.
    pub clock: Clock,
    /// The node's settings.
    pub config: Config,
}

/// A running recorder, as other rooms see it. Clones share it.
#[derive(Clone)]
pub struct Handle {
    board: Arc<Board>,
    housekeeping: Arc<Housekeeping>,
    /// Remembers for each who listens that it has not heard the last one.
    nudge: watch::Sender<()>,
    stop: CancellationToken,
    ended: tokio_util::task::TaskTracker,
}

struct Running {
    intent: IntendedStream,
    stop: Stop,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            expire_every: Duration::from_secs(20),
            after_defect: Duration::from_secs(2),
            sound_rest: Duration::from_secs(3600),
        }
    }
}

impl Recorder {
    /// Starts recording; needs a tokio runtime around it. An error is the
    /// system's, that gives no more threads.
    pub fn start(self) -> io::Result<Handle> {
        let readers = Readers::start()?;
        let housekeeping = Housekeeping {
            catalog: self.catalog.clone(),
            holds: self.holds.clone(),
            store: self.store.clone(),
            thumbnails: self.thumbnails.clone(),
            clock: self.clock.clone(),
            applying: Arc::default(),
        };
        let handle = Handle {
            board: Arc::default(),
            housekeeping: Arc::new(housekeeping),
            nudge: watch::Sender::new(()),
            stop: CancellationToken::new(),
            ended: tokio_util::task::TaskTracker::new(),
        };
        handle.ended.spawn(handle.housekeeping.clone().run(
            self.config.expire_every,
            handle.nudge.subscribe(),
            handle.stop.clone(),
        ));
        handle.ended.spawn(supervise(self, readers, handle.clone()));
        handle.ended.close();
        Ok(handle)
    }
}

impl Handle {
    /// Returns how `camera` is doing; `None` if nobody asks for it to be recorded.
    pub fn state(&self, camera: CameraId) -> Option<CameraState> {
        self.board.camera(camera)
    }

    /// Returns how each camera is doing of which a stream is recorded.
    pub fn states(&self) -> HashMap<CameraId, CameraState> {
        self.board.cameras()
    }

    /// Returns how some cameras are.
    pub fn states_of<'a>(
        &self,
        cameras: impl IntoIterator<Item = &'a Camera>,
    ) -> HashMap<CameraId, CameraState> {
        self.board.cameras_of(cameras)
    }

    /// Returns how far the clock of `camera` is ahead of the server's, in
    /// microseconds, once the camera has said.
    pub fn clock_offset_us(&self, camera: CameraId) -> Option<i64> {
        self.board.clock_offset_us(camera)
    }

    /// Returns how many packets cameras numbered that never came, since the start.
    pub fn lost_packets(&self) -> u64 {
        self.board.lost_packets()
    }

    /// Asks for intended and actual to be compared, and retention and holds
    /// applied, soon.
    pub fn nudge(&self) {
        self.nudge.send_replace(());
    }

    /// Has the store spare what is held at this moment: when it returns, nothing
    /// of that is deleted any more.
    pub async fn apply_holds(&self) -> Result<(), Error> {
        self.housekeeping.apply_holds().await
    }

    /// Stops every pipeline and waits until each has handed over its last frame.
    /// The store is closed by whoever opened it, after this.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.ended.wait().await;
    }
}

async fn supervise(recorder: Recorder, mut readers: Readers, handle: Handle) {
    let (mut changes, mut nudged) = (recorder.catalog.changes(), handle.nudge.subscribe());
    let mut running: BTreeMap<StreamId, Running> = BTreeMap::new();
    let mut tasks: JoinSet<Left> = JoinSet::new();
    let mut ids: HashMap<tokio::task::Id, StreamId> = HashMap::new();
    let mut defective: HashSet<StreamId> = HashSet::new();
    loop {
        let intended: BTreeMap<StreamId, IntendedStream> = recorder
            .catalog
            .intended_streams()
            .into_iter()
            .map(|intent| (intent.stream, intent))
            .collect();
        let steps =
            steps(&intended, &running, |intent, running| same_source(intent, &running.intent));
        for stream in &steps.stop {
            if let Some(pipeline) = running.get(stream) {
                pipeline.stop.ask(match intended.get(stream) {
                    Some(_) => GapReason::Stopped,
                    None => GapReason::Disabled,
                });
            }
        }
        for stream in steps.start {
            if running.contains_key(&stream) {
                // It was just asked to stop, and starts anew when it has.
                continue;
            }
            let intent = intended[&stream].clone();
            let stop = Stop::of(&handle.stop);
            let was_defective = defective.remove(&stream);
            let rest = if was_defective { recorder.config.after_defect } else { Duration::ZERO };
            let pipeline = recorder.pipeline(intent.clone(), handle.board.clone(), stop.clone());
            let reader = readers.assign(stream, pipeline.pace);
            let asked = stop.clone();
            let task = async move {
                tokio::select! {
                    () = asked.asked() => {}
                    () = tokio::time::sleep(rest) => {}
                }
                pipeline.run(None).await
            };
            let task = tasks.spawn_on(task, reader);
            ids.insert(task.id(), stream);
            running.insert(stream, Running { intent, stop });
        }
        tokio::select! {
            biased;
            () = handle.stop.cancelled() => break,
            ended = next_ended(&mut tasks, &mut ids, &mut readers), if !tasks.is_empty() => {
                let (stream, defect) = ended;
                running.remove(&stream);
                readers.release(stream);
                if let Some(error) = defect {
                    tracing::error!(%stream, %error, "a pipeline ended by a defect: it is started again");
                    handle.board.remove(stream);
                    defective.insert(stream);
                }
            }
            Ok(()) = changes.changed() => {}
            Ok(()) = nudged.changed() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
    // Each pipeline's token is a child of the handle's: all were asked to stop at once.
    while !tasks.is_empty() {
        let (stream, defect) = next_ended(&mut tasks, &mut ids, &mut readers).await;
        if let Some(error) = defect {
            tracing::error!(%stream, %error, "a pipeline ended by a defect while stopping");
        }
    }
}

/// Waits for the next pipeline that ends, by a defect or in order, while those that go
/// on at another pace are taken where they are read by it. May be dropped while it waits.
async fn next_ended(
    tasks: &mut JoinSet<Left>,
    ids: &mut HashMap<tokio::task::Id, StreamId>,
    readers: &mut Readers,
) -> (StreamId, Option<JoinError>) {
    loop {
        let (id, defect) = match tasks.join_next_with_id().await {
            Some(Ok((id, Left::Ended))) => (id, None),
            Some(Ok((id, Left::Moves(moving)))) => {
                let (pipeline, session) = *moving;
                let stream = pipeline.intent.stream;
                let reader = readers.assign(stream, pipeline.pace);
                ids.remove(&id);
                ids.insert(tasks.spawn_on(pipeline.run(Some(session)), reader).id(), stream);
                continue;
            }
            Some(Err(error)) => (error.id(), Some(error)),
            None => std::future::pending().await,
        };
        if let Some(stream) = ids.remove(&id) {
            return (stream, defect);
        }
    }
}

fn same_source(a: &IntendedStream, b: &IntendedStream) -> bool {
    (&a.url, &a.user, &a.password) == (&b.url, &b.user, &b.password)
        && (&a.link, a.sound) == (&b.link, b.sound)
}

impl Recorder {
    fn pipeline(&self, intent: IntendedStream, board: Arc<Board>, stop: Stop) -> Pipeline {
        let credentials = match (&intent.user, &intent.password) {
            (Some(user), password) => Some(Credentials {
                user: user.clone(),
                password: password
                    .as_ref()
                    .map(|secret| secret.expose().to_owned())
                    .unwrap_or_default(),
            }),
            (None, _) => None,
        };
        let publisher = self.hub.publisher(intent.stream);
        Pipeline {
            source: Source {
                link: intent.link.clone(),
                ..Source::new(intent.url.clone(), credentials)
            },
            limits: self.config.limits.clone(),
            catalog: self.catalog.clone(),
            clock: self.clock.clone(),
            writer: self.store.writer(intent.stream),
            demand: publisher.demand(),
            publisher,
            sound: intent.sound.map(|sound| {
                let (writer, publisher) = (self.store.writer(sound), self.hub.publisher(sound));
                Sound::new(writer, publisher, self.config.sound_rest)
            }),
            board,
            stop,
            office: tokio::runtime::Handle::current(),
            noted: None,
            told: None,
            retries: Retries::new(seed(intent.stream)),
            // To connect takes many a word, and none of them should rest.
            pace: Pace::Lively,
            span: Span { opened: self.clock.now().0, came: None },
            intent,
        }
    }
}
