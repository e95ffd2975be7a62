//! What a stream had for a viewer at once, cut into packets: runs of frames of
//! equal parameters, and why there will be no more. How a frame is cut is
//! `packets`'s.

use std::sync::Arc;
use std::task::{Context, Poll};

use media::{Frame, Params};

use super::End;
use super::packets::Payloads;
use super::track::Sendable;
use crate::{Tapped, Viewer};

/// What a stream had for a viewer at once.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) runs: Vec<Run>,
    /// Why nothing follows.
    pub(super) over: Option<End>,
}

/// Frames that follow one another.
pub(super) struct Run {
    /// What they begin with, where that is new.
    pub(super) begins: Option<Arc<Params>>,
    pub(super) frames: Vec<Sendable>,
}

impl Taken {
    /// Takes all that is there; the waker of `context` rings when there is more.
    pub(super) fn take_all(
        &mut self,
        viewer: &mut Viewer,
        context: &mut Context<'_>,
        mut cut: impl FnMut(&Frame) -> Result<Payloads, End>,
    ) {
        while let Poll::Ready(tapped) = viewer.poll_tapped(context) {
            match tapped {
                Tapped::Frame(frame) => match cut(&frame) {
                    // What cannot be cut is no frame, and nobody misses it.
                    Ok(payloads) if payloads.is_empty() => {}
                    Ok(payloads) => {
                        let sendable = Sendable { wall: frame.wall, payloads };
                        match self.runs.last_mut() {
                            Some(run) => run.frames.push(sendable),
                            None => self.runs.push(Run { begins: None, frames: vec![sendable] }),
                        }
                    }
                    Err(end) => {
                        self.over = Some(end);
                        return;
                    }
                },
                Tapped::Begin(params) => {
                    self.runs.push(Run { begins: Some(params), frames: Vec::new() });
                }
                Tapped::Closed => {
                    self.over = Some(End::Removed);
                    return;
                }
                Tapped::State(_) | Tapped::Dropped { .. } => {}
            }
        }
    }
}
