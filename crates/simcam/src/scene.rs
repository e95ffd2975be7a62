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
mod traffic;
mod view;
mod weather;

use std::sync::Arc;

use crate::draw::{BurntIn, Picture, Rgb, Sheet, burn_in};
use crate::truth;
use brush::{Brush, Extent, Stance};
use figure::Figure;
use furniture::{Furniture, Signal};
use houses::House;
use light::Light;
use plan::Plan;
pub(crate) use signal::{Group, Phase};
use space::{Dice, V3, v2};
pub(crate) use traffic::Kind;
use traffic::{Presence, Trip};
use view::View;

/// Frames in a second of the main stream.
pub const FRAME_RATE: usize = 25;
/// Frames in a loop of the main stream.
pub const LOOP_FRAMES: usize = 500;
/// Width of the main stream's picture.
pub const WIDTH: usize = 1920;
/// Height of the main stream's picture.
pub const HEIGHT: usize = 1080;
/// Raised whenever a picture or its truth changes, so that caches are made anew.
pub const VERSION: u32 = 1;

/// A street junction at some hour.
#[derive(Clone, Debug)]
pub struct Scene {
    plan: Plan,
}

/// A scene, ready to be drawn.
pub(crate) struct Stage {
    plan: Plan,
    view: View,
    light: Light,
    trips: Vec<Trip>,
    signals: [Signal; 4],
    /// Where street lamps light the ground.
    lamps: Vec<V3>,
    backdrop: Sheet,
}

/// Draws frames of a stage; each thread has its own.
pub(crate) struct Painter {
    stage: Arc<Stage>,
    sheet: Sheet,
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
        painter.sheet.picture
    }
}

impl Stage {
    /// Plays the traffic and draws the backdrop.
    pub(crate) fn new(scene: &Scene) -> Self {
        let plan = scene.plan.clone();
        let mut trips = traffic::play(&plan);
        trips.extend(parked(&plan));
        let mut stage = Self {
            view: View::new(plan.pose, WIDTH, HEIGHT),
            light: Light::of(plan.hour),
            trips,
            signals: Signal::all(&plan),
            lamps: Vec::new(),
            backdrop: Sheet::new(WIDTH, HEIGHT),
            plan,
        };
        stage.draw_backdrop();
        stage
    }

    /// Returns what stands at the head of the scene's truth.
    pub(crate) fn head(&self) -> truth::Head {
        let pose = self.plan.pose;
        truth::Head {
            scene: self.plan.name.to_owned(),
            scene_id: self.plan.id,
            version: VERSION,
            width: WIDTH,
            height: HEIGHT,
            frame_rate: FRAME_RATE,
            frames: LOOP_FRAMES,
            camera: truth::Camera {
                position: [pose.x, pose.height, pose.z],
                heading_degrees: pose.heading,
                tilt_degrees: pose.tilt,
                width_degrees: pose.wide,
            },
        }
    }

    fn draw_backdrop(&mut self) {
        enum Thing {
            House(House),
            Furniture(Furniture),
            Signal(Signal),
        }
        let mut brush = Brush::new(&mut self.backdrop, &self.view, &self.light);
        ground::draw(&mut brush, &self.plan);
        let houses =
            houses::plan_rows(&self.plan).into_iter().map(|h| (h.middle(), Thing::House(h)));
        let furniture = furniture::plan_all(&self.plan);
        let night = self.light.sun.r <= 0.0 && !self.light.wet;
        for piece in &furniture {
            piece.draw_shadow(&mut brush);
            if let Some(at) = piece.lights().filter(|_| self.light.lamps) {
                self.lamps.push(at);
                let strength = if night { 0.34 } else { 0.1 };
                brush.stance = Stance::Flat;
                for (radius, k) in [(13.0, 0.5), (8.0, 0.6), (4.5, 0.4)] {
                    brush.pool(at, radius, furniture::LAMPLIGHT, strength * k);
                }
            }
        }
        let furniture =
            furniture.into_iter().map(|piece| (piece.middle(), Thing::Furniture(piece)));
        let signals =
            self.signals.into_iter().map(|signal| (signal.middle(), Thing::Signal(signal)));
        let mut things: Vec<(V3, Thing)> = houses.chain(furniture).chain(signals).collect();
        things.sort_by(|(a, _), (b, _)| self.view.depth(*b).total_cmp(&self.view.depth(*a)));
        for (middle, thing) in things {
            if self.view.depth(middle) < -12.0 {
                continue;
            }
            brush.lamplight = if night { Rgb::hex(0xff_d0_90).times(0.12) } else { Rgb::BLACK };
            match thing {
                Thing::House(house) => house.draw(&mut brush),
                Thing::Furniture(piece) => piece.draw(&mut brush),
                Thing::Signal(signal) => signal.draw(&mut brush),
            }
        }
    }

    /// The light of the street lamps on something that stands here.
    fn lamplight(&self, at: V3) -> Rgb {
        if !self.light.lamps {
            return Rgb::BLACK;
        }
        let sum: f64 = self
            .lamps
            .iter()
            .map(|lamp| {
                let apart = lamp.minus(at);
                1.0 / (1.0 + apart.dot(apart) / 30.0)
            })
            .sum();
        let strength = if self.light.sun.r <= 0.0 && !self.light.wet { 0.5 } else { 0.1 };
        furniture::LAMPLIGHT.times(sum.min(1.3) as f32 * strength)
    }

    /// Everybody at a frame who is ahead of the camera, the farthest first.
    fn present(&self, frame: usize) -> Vec<(f64, u32, &Trip, Presence)> {
        let mut present = Vec::new();
        for (number, trip) in self.trips.iter().enumerate() {
            for presence in trip.at(frame) {
                let depth = self.view.depth(presence.stand.at.up(0.0));
                if depth > 2.5 {
                    present.push((depth, truth::object_id(number, presence.lap), trip, presence));
                }
            }
        }
        present.sort_by(|a, b| b.0.total_cmp(&a.0));
        present
    }
}

impl Painter {
    pub(crate) fn new(stage: Arc<Stage>) -> Self {
        let sheet = stage.backdrop.clone();
        Self { stage, sheet }
    }

    /// Returns the frame drawn last.
    pub(crate) fn picture(&self) -> &Picture {
        &self.sheet.picture
    }

    /// Draws a frame of the loop and returns its truth.
    pub(crate) fn draw(&mut self, frame: usize) -> truth::Frame {
        self.draw_without(frame, None)
    }

    /// Draws a frame, leaving one object out.
    fn draw_without(&mut self, frame: usize, left_out: Option<u32>) -> truth::Frame {
        let stage = Arc::clone(&self.stage);
        self.sheet.start_from(&stage.backdrop.picture);
        let mut brush = Brush::new(&mut self.sheet, &stage.view, &stage.light);
        let present = stage.present(frame);
        let present: Vec<_> =
            present.into_iter().filter(|(_, id, ..)| Some(*id) != left_out).collect();
        let figures: Vec<Figure> = present
            .iter()
            .map(|(_, _, trip, now)| Figure::new(trip.kind, trip.look, now))
            .collect();
        for (figure, (.., now)) in figures.iter().zip(&present) {
            brush.alpha = now.faded as f32;
            figure.draw_ground(&mut brush);
        }
        if stage.light.wet {
            for (figure, (depth, .., now)) in figures.iter().zip(&present) {
                // Farther off, the haze leaves nothing of a reflection.
                if *depth < 60.0 {
                    brush.alpha = now.faded as f32;
                    brush.lamplight = stage.lamplight(now.stand.at.up(0.0));
                    figure.draw_mirrored(&mut brush);
                }
            }
        }
        let mut objects = Vec::new();
        let mut signals: Vec<Signal> = stage.signals.to_vec();
        signals
            .sort_by(|a, b| stage.view.depth(a.middle()).total_cmp(&stage.view.depth(b.middle())));
        for (figure, (depth, id, trip, now)) in figures.iter().zip(&present) {
            while signals.last().is_some_and(|signal| stage.view.depth(signal.middle()) > *depth) {
                brush.alpha = 1.0;
                signals.pop().expect("there is a last one").draw_lights(&mut brush, frame);
            }
            let number = brush.sheet.open_thing();
            brush.extent = Extent::default();
            brush.alpha = now.faded as f32;
            brush.lamplight = stage.lamplight(now.stand.at.up(0.0));
            figure.draw(&mut brush);
            let extent = brush.extent.within(WIDTH as f32, HEIGHT as f32);
            if let Some(extent) = extent.filter(|_| now.faded >= 0.5) {
                objects.push((number, object(*id, trip, now, extent)));
            }
            figure.draw_shine(&mut brush);
        }
        brush.alpha = 1.0;
        for signal in signals.into_iter().rev() {
            signal.draw_lights(&mut brush, frame);
        }
        let seen = brush.sheet.seen_percent();
        if stage.light.wet {
            weather::rain(&mut self.sheet, frame);
        }
        let burnt_in = BurntIn { scene_id: stage.plan.id, frame: frame as u16 };
        burn_in(&mut self.sheet, stage.plan.name, burnt_in);
        let mut objects: Vec<truth::Object> = objects
            .into_iter()
            .map(|(number, object)| truth::Object {
                seen_percent: seen[usize::from(number)],
                ..object
            })
            .collect();
        objects.sort_by_key(|object| object.id);
        truth::Frame {
            frame,
            signal: truth::Signals {
                main: signal::phase(Group::Main, frame),
                cross: signal::phase(Group::Cross, frame),
            },
            objects,
        }
    }
}

fn object(id: u32, trip: &Trip, now: &Presence, extent: Extent) -> truth::Object {
    truth::Object {
        id,
        class: trip.kind,
        bounds: [extent.left, extent.top, extent.right, extent.bottom],
        ground: [now.stand.at.x, now.stand.at.z],
        heading: [now.stand.heading.x, now.stand.heading.z],
        speed: now.speed,
        to_line: trip.line.map(|(_, stop)| stop - now.metres - trip.kind.length() / 2.0),
        seen_percent: 0,
    }
}

/// Motorbikes parked before the shops, and somebody beside them now and then.
fn parked(plan: &Plan) -> Vec<Trip> {
    let mut dice = Dice::new(plan.seed ^ 0xaa);
    let mut trips = Vec::new();
    for side in [-1.0, 1.0] {
        for (from, to) in [(plan.cross.half + 9.0, 48.0), (-22.0, -plan.cross.half - 11.0)] {
            let has_houses = {
                let corner = match (side > 0.0, from > 0.0) {
                    (false, true) => 0,
                    (true, true) => 1,
                    (true, false) => 2,
                    (false, false) => 3,
                };
                matches!(plan.corners[corner], plan::Corner::Houses(..))
            };
            let mut left = if has_houses { plan.demand.parked } else { 0 };
            let mut z = from + dice.between(0.0, 3.0);
            while left > 0 && z < to {
                for _ in 0..(2 + dice.below(4)).min(left) {
                    let at = v2(side * (plan.main.half + plan.main.pavement - 1.15), z);
                    let heading = v2(-side, dice.between(-0.2, 0.2)).unit();
                    trips.push(Trip::still(Kind::Motorbike, dice.next(), at, heading));
                    z += 0.85;
                    left = left.saturating_sub(1);
                }
                if dice.chance(0.5) {
                    let at = v2(
                        side * (plan.main.half + plan.main.pavement - dice.between(0.5, 0.9)),
                        z + 0.6,
                    );
                    let heading = v2(-side, dice.between(-0.7, 0.7)).unit();
                    trips.push(Trip::still(Kind::Person, dice.next(), at, heading));
                }
                z += dice.between(3.0, 7.0);
            }
        }
    }
    trips
}
