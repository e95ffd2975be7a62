//! Street junctions whose truth is known, as loops of 20 seconds.
//!
//! ```text
//! plan ──▶ traffic (who is where)  ─┐
//!      ──▶ ground, houses, furniture │──▶ Stage ──▶ a Painter for each thread
//!      ──▶ light, view              ─┘             frame n ──▶ picture + truth
//! ```
//!
//! What does not move is drawn once, on a backdrop that remembers how near it is;
//! each frame draws only what moves. Frame [`LOOP_FRAMES`] is frame 0 again.
//! Everything is seeded: a frame and its truth are the same on each machine.
//!
//! Belongs here: what a street looks like and who is on it. How a frame is
//! encoded is `clip`'s, how a polygon is filled `draw`'s, how truth is written
//! `truth`'s.

mod brush;
mod figure;
mod furniture;
mod ground;
mod houses;
mod light;
mod path;
mod plan;
mod signal;
mod space;
mod stage;
mod traffic;
mod view;
mod weather;

use std::sync::Arc;

use crate::draw::Picture;
use plan::Plan;
pub(crate) use signal::Phase;
pub(crate) use stage::{Painter, Stage};
pub(crate) use traffic::Kind;

/// Frames in a second of the main stream.
pub const FRAME_RATE: usize = 25;
/// Frames in a loop of the main stream.
pub const LOOP_FRAMES: usize = 500;
/// Width of the main stream's picture.
pub const WIDTH: usize = 1920;
/// Height of the main stream's picture.
pub const HEIGHT: usize = 1080;
/// Raised whenever a picture or its truth changes, so that caches are made anew.
pub const VERSION: u32 = 2;

/// A street junction at some hour.
#[derive(Clone, Debug)]
pub struct Scene {
    plan: Plan,
}

impl Scene {
    /// Returns every scene there is, in the order of their numbers.
    pub fn all() -> Vec<Self> {
        plan::all().into_iter().map(|plan| Self { plan }).collect()
    }

    /// Returns the scene's name: lower-case letters, digits and `-`. It is burnt
    /// into the picture in capitals.
    pub fn name(&self) -> &'static str {
        self.plan.name
    }

    /// Returns the scene's number, which is burnt into the picture as well.
    pub fn id(&self) -> u8 {
        self.plan.id
    }

    /// Draws one frame of the loop, to be looked at.
    pub fn still(&self, frame: usize) -> Picture {
        let mut painter = Painter::new(Arc::new(Stage::new(self)));
        painter.draw(frame % LOOP_FRAMES);
        painter.into_picture()
    }
}
