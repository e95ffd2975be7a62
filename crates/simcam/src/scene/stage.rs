//! A scene, ready to be drawn: the backdrop, and one frame after the other on it.
//!
//! ```text
//! backdrop  ◀── ground ◀── shadows, lamps' pools ◀── houses, trees, poles: far to near
//! frame     ◀── backdrop ◀── shadows ◀── reflections ◀── figures, lights: far to near
//!           ◀── rain ◀── what is burnt in
//! ```

use std::sync::Arc;

use super::brush::{Brush, Extent, Stance};
use super::figure::Figure;
use super::furniture::{self, Furniture, Signal};
use super::houses::{self, House};
use super::light::Light;
use super::plan::{self, Plan};
use super::signal::{self, Group};
use super::space::{Dice, V3, v2};
use super::traffic::{self, Kind, Presence, Trip};
use super::view::View;
use super::{FRAME_RATE, HEIGHT, LOOP_FRAMES, Scene, VERSION, WIDTH, ground, weather};
use crate::draw::{BurntIn, Picture, Rgb, Sheet, burn_in};
use crate::truth;

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

    /// Returns the frame drawn last, and gives up drawing.
    pub(crate) fn into_picture(self) -> Picture {
        self.sheet.picture
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn painters() -> impl Iterator<Item = Painter> {
        Scene::all().into_iter().map(|scene| Painter::new(Arc::new(Stage::new(&scene))))
    }

    /// The rectangle of pixels in which two pictures differ by more than a shade.
    fn difference(one: &Picture, other: &Picture) -> Option<[f32; 4]> {
        let mut bounds: Option<[usize; 4]> = None;
        let rows = one.luma.chunks_exact(WIDTH).zip(other.luma.chunks_exact(WIDTH));
        for (y, (one, other)) in rows.enumerate() {
            for x in (0..WIDTH).filter(|&x| one[x].abs_diff(other[x]) > 24) {
                let [left, top, right, bottom] = bounds.unwrap_or([x, y, x, y]);
                bounds = Some([left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)]);
            }
        }
        bounds.map(|bounds| bounds.map(|v| v as f32))
    }

    /// The leftmost that the rectangle of ground below an object is seen.
    fn left_of_foot(view: &View, object: &truth::Object) -> f32 {
        let (at, heading) = (object.ground, object.heading);
        let (at, heading) = (v2(at[0], at[1]), v2(heading[0], heading[1]));
        let long = object.class.length() / 2.0;
        let wide = match object.class {
            Kind::Motorbike | Kind::Bicycle | Kind::Person => 0.3,
            Kind::Car => 0.9,
            Kind::Bus => 1.25,
        };
        let corners = [(-long, -wide), (-long, wide), (long, -wide), (long, wide)];
        let seen = corners.into_iter().filter_map(|(ahead, right)| {
            let corner = at.plus(heading.times(ahead)).plus(heading.right().times(right));
            view.point(corner.up(0.0))
        });
        seen.map(|(x, _)| x).fold(f32::MAX, f32::min)
    }

    #[test]
    fn a_box_is_where_the_picture_differs_without_the_object() {
        // By day an object changes nothing beyond itself but its shadow.
        let scene = &Scene::all()[0];
        let stage = Arc::new(Stage::new(scene));
        let mut painter = Painter::new(Arc::clone(&stage));
        let mut compared = 0;
        for frame in [40, 290] {
            let truth = painter.draw(frame);
            let with = painter.picture().clone();
            let whole = truth.objects.iter().filter(|object| {
                let [left, top, right, bottom] = object.bounds;
                let depth = stage.view.depth(v2(object.ground[0], object.ground[1]).up(0.0));
                object.seen_percent == 100
                    && right - left > 30.0
                    // Farther off, a pale roof is one with the haze.
                    && depth < 60.0
                    && bottom < 950.0
                    && left > 0.0
                    && top > 0.0
            });
            for object in whole.take(12) {
                painter.draw_without(frame, Some(object.id));
                let [left, top, right, bottom] = object.bounds;
                let changed = difference(&with, painter.picture()).expect("something is gone");
                // The shadow falls to the right and away from the camera: the upper rim
                // is the object's own, and so is the left one, but where the shadow's
                // foot, as wide as the handlebar and as long as the wheels, stands out.
                let foot = left_of_foot(&stage.view, object);
                assert!(changed[0] < left + 4.0, "{object:?} {changed:?}");
                assert!(changed[0] > left.min(foot) - 4.0, "{object:?} {changed:?} {foot}");
                assert!((changed[1] - top).abs() < 4.0, "{object:?} {changed:?}");
                assert!(
                    changed[2] > right - 4.0 && changed[3] > bottom - 6.0,
                    "{object:?} {changed:?}"
                );
                compared += 1;
            }
        }
        assert!(compared > 12, "only {compared} objects were compared");
    }

    #[test]
    fn a_box_stands_where_the_ground_position_is_seen() {
        for mut painter in painters() {
            let view = painter.stage.view.clone();
            for object in painter.draw(333).objects {
                let [left, top, right, bottom] = object.bounds;
                let Some((x, y)) = view.point(v2(object.ground[0], object.ground[1]).up(0.0))
                else {
                    panic!("{object:?} is behind the camera");
                };
                if left > 1.0
                    && top > 1.0
                    && right < WIDTH as f32 - 1.0
                    && bottom < HEIGHT as f32 - 1.0
                {
                    let slack = 2.0 + (right - left).max(bottom - top) * 0.15;
                    assert!(x > left - slack && x < right + slack, "{object:?} at {x}");
                    assert!(y > top && y < bottom + slack, "{object:?} at {y}");
                }
            }
        }
    }

    #[test]
    fn truth_of_a_whole_loop_holds_what_a_city_sees() {
        for mut painter in painters() {
            let name = painter.stage.plan.name;
            let mut before: HashMap<u32, f64> = HashMap::new();
            let (mut bikes, mut drive, mut passed) = (0, 0, 0);
            let mut then = None;
            // Fewer than the frames of red and amber between two greens.
            for frame in (0..LOOP_FRAMES).step_by(10) {
                let truth = painter.draw(frame);
                for object in &truth.objects {
                    let Some(to_line) = object.to_line else { continue };
                    drive += 1;
                    bikes += usize::from(object.class == Kind::Motorbike);
                    if before.get(&object.id).is_some_and(|&before| before >= 0.0) && to_line < 0.0
                    {
                        passed += 1;
                        let main = object.heading[0].abs() < 0.5;
                        let shown = |at: truth::Signals| if main { at.main } else { at.cross };
                        let was_red = then.map(shown) == Some(signal::Phase::Red);
                        assert!(
                            !was_red || shown(truth.signal) != signal::Phase::Red,
                            "{object:?} in {name} at {frame}"
                        );
                    }
                }
                before = truth.objects.iter().filter_map(|o| Some((o.id, o.to_line?))).collect();
                then = Some(truth.signal);
            }
            assert!(bikes * 2 > drive, "{bikes} of {drive} in {name}");
            assert!(passed > 15, "{passed} passed in {name}");
        }
    }

    #[test]
    fn a_frame_is_the_same_whatever_was_drawn_before_it() {
        for mut painter in painters() {
            let first = (painter.draw(7), painter.picture().clone());
            painter.draw(499);
            assert!((painter.draw(7), painter.picture().clone()) == first);
            let mut other = Painter::new(Arc::clone(&painter.stage));
            assert!((other.draw(7), other.picture().clone()) == first);
        }
    }

    #[test]
    fn the_step_where_the_loop_begins_anew_is_as_small_as_any() {
        let changed = |one: &Picture, other: &Picture| -> u64 {
            one.luma.iter().zip(&other.luma).map(|(a, b)| u64::from(a.abs_diff(*b))).sum()
        };
        for mut painter in painters() {
            // The lights change there, as they do in the middle of the loop.
            let mut frames = [498, 499, 0, 249, 250].map(|frame| {
                painter.draw(frame);
                painter.picture().clone()
            });
            // Without the burnt-in strip, whose number does jump.
            frames.iter_mut().for_each(|frame| frame.luma.truncate(WIDTH * HEIGHT * 9 / 10));
            let usual = changed(&frames[0], &frames[1]).max(changed(&frames[3], &frames[4]));
            let seam = changed(&frames[1], &frames[2]);
            assert!(seam < usual * 2, "{seam} against {usual} in {}", painter.stage.plan.name);
        }
    }

    /// Who changes what is drawn or where somebody is, raises [`VERSION`], so that
    /// nobody replays an old cache, and writes the new sums here.
    #[test]
    fn pictures_and_truth_are_those_of_this_version_on_every_machine() {
        let sums: Vec<(u32, u32)> = painters()
            .map(|mut painter| {
                let mut lines = Vec::new();
                truth::push_line(&mut lines, &painter.stage.head());
                truth::push_line(&mut lines, &painter.draw(250));
                (sum(&lines), sum(&painter.picture().luma))
            })
            .collect();
        let known = [
            (0xeecd_5d7e, 0x6441_531b),
            (0xb394_76f1, 0x27b1_c90d),
            (0xd000_1142, 0x8c62_c317),
            (0x3e68_db2f, 0xd278_5875),
        ];
        assert_eq!((VERSION, sums), (2, known.to_vec()));
    }

    /// FNV-1a.
    fn sum(bytes: &[u8]) -> u32 {
        bytes
            .iter()
            .fold(0x811c_9dc5, |sum, &byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    }
}
