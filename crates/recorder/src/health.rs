//! How each camera is doing, as the tree and the tiles tell it.
//!
//! Written by the pipelines, read by everyone; knows no socket. A camera's state
//! is that of its main stream; a camera with none is as its sub-stream is.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use base::{CameraId, StreamId, WallTime};
use catalog::{Camera, StreamRole};

/// What a camera does at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraState {
    /// Which of the four it is.
    pub kind: StateKind,
    /// Since when.
    pub since: WallTime,
    /// For a faulty one: the kind of fault, as `ingest::FaultKind` writes it.
    pub reason: Option<&'static str>,
    /// For a faulty one: the fault in words.
    pub message: Option<String>,
}

/// The four things a camera may be doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateKind {
    /// Frames arrive and are written.
    Recording,
    /// The first attempt to reach it is under way.
    Connecting,
    /// It was tried and something is wrong; it is tried again and again.
    Faulty,
    /// Nobody asks for it to be recorded.
    Disabled,
}

/// How many cameras are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames arrive.
    pub recording: usize,
    /// On their first attempt.
    pub connecting: usize,
    /// Tried, and something is wrong.
    pub faulty: usize,
}

/// The board on which pipelines write and from which everyone reads.
#[derive(Debug, Default)]
pub(crate) struct Board {
    streams: Mutex<HashMap<StreamId, Entry>>,
    lost_packets: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    camera: CameraId,
    role: StreamRole,
    state: CameraState,
    /// How far the camera's clock is ahead of the server's, as it said last.
    clock_offset_us: Option<i64>,
}

impl StateKind {
    /// Returns the word that the API uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Connecting => "connecting",
            Self::Faulty => "faulty",
            Self::Disabled => "disabled",
        }
    }
}

impl Board {
    pub(crate) fn write(
        &self,
        stream: StreamId,
        camera: CameraId,
        role: StreamRole,
        state: CameraState,
    ) {
        let mut streams = self.lock();
        let clock_offset_us = streams.get(&stream).and_then(|entry| entry.clock_offset_us);
        streams.insert(stream, Entry { camera, role, state, clock_offset_us });
    }

    pub(crate) fn clock(&self, stream: StreamId, offset_us: i64) {
        if let Some(entry) = self.lock().get_mut(&stream) {
            entry.clock_offset_us = Some(offset_us);
        }
    }

    pub(crate) fn lost(&self, packets: u64) {
        self.lost_packets.fetch_add(packets, Ordering::Relaxed);
    }

    /// Returns how many packets were lost on the way from all cameras.
    pub(crate) fn lost_packets(&self) -> u64 {
        self.lost_packets.load(Ordering::Relaxed)
    }

    pub(crate) fn remove(&self, stream: StreamId) {
        self.lock().remove(&stream);
    }

    /// Returns the state of `camera`; `None` if no pipeline of it runs.
    pub(crate) fn camera(&self, camera: CameraId) -> Option<CameraState> {
        let streams = self.lock();
        let entries = streams.values().filter(|entry| entry.camera == camera);
        entries.min_by_key(|entry| entry.role != StreamRole::Main).map(|entry| entry.state.clone())
    }

    /// Returns how far the clock of `camera` is ahead of the server's.
    pub(crate) fn clock_offset_us(&self, camera: CameraId) -> Option<i64> {
        let streams = self.lock();
        let entries = streams.values().filter(|entry| entry.camera == camera);
        let told = entries.filter_map(|entry| Some((entry.role, entry.clock_offset_us?)));
        told.min_by_key(|(role, _)| *role).map(|(_, offset_us)| offset_us)
    }

    /// Returns the state of each camera of which a pipeline runs.
    pub(crate) fn cameras(&self) -> HashMap<CameraId, CameraState> {
        let streams = self.lock();
        let mut cameras = HashMap::new();
        for entry in streams.values() {
            if entry.role == StreamRole::Main || !cameras.contains_key(&entry.camera) {
                cameras.insert(entry.camera, entry.state.clone());
            }
        }
        cameras
    }

    /// The same of some cameras, without asking for all of a city.
    pub(crate) fn cameras_of<'a>(
        &self,
        cameras: impl IntoIterator<Item = &'a Camera>,
    ) -> HashMap<CameraId, CameraState> {
        let streams = self.lock();
        let state = |camera: &Camera| {
            // In order of role: the main stream, or whichever there is.
            let entry = camera.streams.iter().find_map(|stream| streams.get(&stream.id))?;
            Some((camera.id, entry.state.clone()))
        };
        cameras.into_iter().filter_map(state).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<StreamId, Entry>> {
        // A panic while the map was held leaves whole entries: each is written at once.
        self.streams.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Counts {
    /// Counts the states given.
    pub fn of<'a>(states: impl IntoIterator<Item = &'a CameraState>) -> Self {
        let mut counts = Self::default();
        for state in states {
            match state.kind {
                StateKind::Recording => counts.recording += 1,
                StateKind::Connecting => counts.connecting += 1,
                StateKind::Faulty => counts.faulty += 1,
                StateKind::Disabled => {}
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(kind: StateKind) -> CameraState {
        CameraState { kind, since: WallTime(0), reason: None, message: None }
    }

    #[test]
    fn a_camera_is_as_its_main_stream_is() {
        let board = Board::default();
        let (camera, main, sub) = (CameraId::new(), StreamId::new(), StreamId::new());
        assert_eq!(board.camera(camera), None);
        board.write(sub, camera, StreamRole::Sub, state(StateKind::Faulty));
        assert_eq!(board.camera(camera).unwrap().kind, StateKind::Faulty);
        board.write(main, camera, StreamRole::Main, state(StateKind::Recording));
        assert_eq!(board.camera(camera).unwrap().kind, StateKind::Recording);
        assert_eq!(board.cameras()[&camera].kind, StateKind::Recording);
        board.remove(main);
        assert_eq!(board.cameras()[&camera].kind, StateKind::Faulty);
    }

    #[test]
    fn a_cameras_clock_is_what_a_stream_of_it_said_last_and_outlives_a_fault() {
        let board = Board::default();
        let (camera, main, sub) = (CameraId::new(), StreamId::new(), StreamId::new());
        board.clock(main, 1);
        assert_eq!(board.clock_offset_us(camera), None);
        board.write(main, camera, StreamRole::Main, state(StateKind::Recording));
        board.write(sub, camera, StreamRole::Sub, state(StateKind::Recording));
        board.clock(sub, -7_000_000);
        assert_eq!(board.clock_offset_us(camera), Some(-7_000_000));
        board.clock(main, -7_100_000);
        board.write(main, camera, StreamRole::Main, state(StateKind::Faulty));
        assert_eq!(board.clock_offset_us(camera), Some(-7_100_000));
        assert_eq!(board.clock_offset_us(CameraId::new()), None);
    }

    #[test]
    fn cameras_are_counted_by_what_they_do() {
        let states = [StateKind::Recording, StateKind::Recording, StateKind::Faulty].map(state);
        let counts = Counts::of(&states);
        assert_eq!(counts, Counts { recording: 2, connecting: 0, faulty: 1 });
    }
}
