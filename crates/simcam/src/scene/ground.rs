//! Sky, asphalt, pavements, water, and what is painted on the road.

use super::brush::{Brush, Stance};
use super::plan::{Corner, Plan, Road, STOP_LINE, ZEBRA};
use super::space::{Dice, V3, v3};
use super::traffic::{NORTH, SIDE, SOUTH};
use crate::draw::{Place, Rgb};

const ASPHALT: Rgb = Rgb::hex(0x6b_70_74);
const PAVING: Rgb = Rgb::hex(0xac_a5_99);
const KERB: Rgb = Rgb::hex(0xc9_c6_be);
const PAINT: Rgb = Rgb::hex(0xf2_f1_ea);
const GRASS: Rgb = Rgb::hex(0x70_8c_50);
const SOIL: Rgb = Rgb::hex(0x8d_8a_82);

/// Draws everything that lies flat.
pub(super) fn draw(brush: &mut Brush, plan: &Plan) {
    sky(brush, plan);
    brush.stance = Stance::Flat;
    rectangle(brush, (-400.0, -90.0), (400.0, 420.0), SOIL, 1.0);
    for (i, corner) in plan.corners.into_iter().enumerate() {
        let (sx, sz) = [(-1.0, 1.0), (1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)][i];
        land(brush, plan, corner, sx, sz);
    }
    pavements(brush, plan);
    let (main, cross) = (plan.main, plan.cross);
    rectangle(brush, (-main.half, -90.0), (main.half, 420.0), ASPHALT, 1.0);
    rectangle(brush, (-400.0, -cross.half), (400.0, cross.half), ASPHALT, 1.0);
    corners(brush, plan);
    wear(brush, plan);
    markings(brush, main, cross, true);
    markings(brush, cross, main, false);
    if brush.light.wet {
        puddles(brush, plan);
    }
    horizon_haze(brush);
}

/// Lets the ground end in haze and not in a line.
fn horizon_haze(brush: &mut Brush) {
    let width = brush.sheet.picture.width as f32;
    let horizon = brush.view.horizon().max(2.0);
    let (low, haze) = (brush.light.sky[1], brush.light.haze);
    let band = |y0: f32, y1: f32| [(0.0, y0), (width, y0), (width, y1), (0.0, y1)];
    let above = band(horizon - 46.0, horizon);
    brush.sheet.shaded(&above, [(low, 0.0), (haze.mix(low, 0.5), 0.85)], Place::Flat);
    let below = band(horizon, horizon + 40.0);
    brush.sheet.shaded(&below, [(haze.mix(low, 0.5), 0.85), (haze, 0.0)], Place::Flat);
}

fn sky(brush: &mut Brush, plan: &Plan) {
    let (width, height) = (brush.sheet.picture.width as f32, brush.sheet.picture.height as f32);
    let horizon = brush.view.horizon().max(2.0);
    let [top, low] = brush.light.sky;
    let band = |y0: f32, y1: f32| [(0.0, y0), (width, y0), (width, y1), (0.0, y1)];
    brush.sheet.shaded(&band(0.0, horizon), [(top, 1.0), (low, 1.0)], Place::Flat);
    let haze = brush.light.haze;
    brush.sheet.polygon(&band(horizon, height), haze, 1.0, Place::Flat);
    let mut dice = Dice::new(plan.seed ^ 0x51);
    let cloud = low.mix(Rgb::WHITE, if brush.light.lamps { 0.08 } else { 0.6 });
    for _ in 0..26 {
        let (x, y) = (dice.unit() as f32 * width, dice.unit() as f32 * horizon * 0.7);
        let wide = 90.0 + dice.unit() as f32 * 260.0;
        brush.sheet.glow((x, y), (wide, wide * 0.16), cloud, 0.5, Place::Flat);
    }
    // The city behind everything.
    for i in 0..70 {
        let x = dice.unit() as f32 * width * 1.1 - width * 0.05;
        let wide = 18.0 + dice.unit() as f32 * 52.0;
        let tall = 6.0 + dice.unit() as f32 * if i % 9 == 0 { 150.0 } else { 62.0 };
        let colour = haze
            .mix(low, 0.25)
            .mix(Rgb::hex(0x5a_66_74).under(brush.light.ambient), 0.12 + dice.unit() as f32 * 0.16);
        let tower = [
            (x, horizon - tall),
            (x + wide, horizon - tall),
            (x + wide, horizon + 8.0),
            (x, horizon + 8.0),
        ];
        brush.sheet.polygon(&tower, colour, 1.0, Place::Flat);
        if brush.light.lamps {
            for _ in 0..(tall * wide / 160.0) as usize {
                let (wx, wy) = (
                    x + 2.0 + dice.unit() as f32 * (wide - 6.0),
                    horizon - 4.0 - dice.unit() as f32 * (tall - 6.0),
                );
                let window = [(wx, wy), (wx + 2.5, wy), (wx + 2.5, wy + 2.0), (wx, wy + 2.0)];
                brush.sheet.polygon(
                    &window,
                    Rgb::hex(0xf2_cf_88),
                    0.25 + dice.unit() as f32 * 0.35,
                    Place::Flat,
                );
            }
        }
    }
}

/// Draws a rectangle of ground, in pieces that are short enough for the haze to
/// change from one to the next.
fn rectangle(brush: &mut Brush, from: (f64, f64), to: (f64, f64), colour: Rgb, alpha: f32) {
    let mut z = from.1;
    while z < to.1 {
        let depth = brush.view.depth(v3((from.0 + to.0) / 2.0, 0.0, z)).max(6.0);
        let next = (z + (depth * 0.1).clamp(0.8, 12.0)).min(to.1);
        let mut x = from.0;
        while x < to.0 {
            let wide = if to.0 - from.0 > 40.0 { 14.0 } else { 400.0 };
            let east = (x + wide).min(to.0);
            // A hair of overlap, so that no seam shows where two pieces meet.
            let (o, e) = (depth * 0.0008, depth * 0.0008);
            brush.on_ground(
                &[
                    v3(x, 0.0, z),
                    v3(east + e, 0.0, z),
                    v3(east + e, 0.0, next + o),
                    v3(x, 0.0, next + o),
                ],
                colour,
                alpha,
            );
            x = east;
        }
        z = next;
    }
}

/// Draws what a corner's ground is.
fn land(brush: &mut Brush, plan: &Plan, corner: Corner, sx: f64, sz: f64) {
    let (x0, z0) = (plan.main.half + plan.main.pavement, plan.cross.half + plan.cross.pavement);
    let far = if sz > 0.0 { 400.0 } else { 80.0 };
    let span = |a: f64, b: f64, s: f64| if s > 0.0 { (a, b) } else { (-b, -a) };
    let ((xa, xb), (za, zb)) = (span(x0, 390.0, sx), span(z0, far, sz));
    match corner {
        Corner::Houses(..) => {}
        Corner::Park => rectangle(brush, (xa, za), (xb, zb), GRASS, 1.0),
        Corner::Lake => lake(brush, plan, (xa, za), (xb, zb)),
    }
}

fn lake(brush: &mut Brush, plan: &Plan, from: (f64, f64), to: (f64, f64)) {
    let water = brush.light.sky[1].mix(Rgb::hex(0x2c_58_5c), 0.5);
    let deep = brush.light.sky[0].mix(Rgb::hex(0x1e_40_46), 0.45);
    rectangle(brush, (from.0, from.1), (from.0 + 2.0, to.1), GRASS, 1.0);
    rectangle(brush, (from.0, from.1), (to.0, from.1 + 2.0), GRASS, 1.0);
    let mut z = from.1 + 2.0;
    while z < 130.0 {
        let next = z + 4.0;
        let t = ((z - from.1) / 110.0).clamp(0.0, 1.0) as f32;
        let quad = [
            v3(from.0 + 2.0, 0.0, z),
            v3(to.0, 0.0, z),
            v3(to.0, 0.0, next + 0.2),
            v3(from.0 + 2.0, 0.0, next + 0.2),
        ];
        brush.shining(&quad, deep.mix(water, t), 1.0);
        z = next;
    }
    let mut dice = Dice::new(plan.seed ^ 0x1a);
    for _ in 0..260 {
        let z = from.1 + 3.0 + dice.unit() * dice.unit() * 115.0;
        let x = from.0 + 3.0 + dice.unit() * (20.0 + z);
        let wide = 0.6 + dice.unit() * 2.6;
        let ripple = [
            v3(x, 0.0, z),
            v3(x + wide, 0.0, z),
            v3(x + wide, 0.0, z + 0.18),
            v3(x, 0.0, z + 0.18),
        ];
        let shine = brush.light.sky[1].mix(Rgb::WHITE, 0.25);
        brush.shining(&ripple, shine, 0.3);
    }
    // The far shore.
    for i in 0..60 {
        let x = from.0 + f64::from(i) * 4.0 + dice.unit() * 3.0;
        let shore = v3(x, 0.0, 128.0 + dice.unit() * 4.0);
        let tall = 4.0 + dice.unit() * 4.0;
        brush.ball(
            shore.plus(v3(0.0, tall * 0.5, 0.0)),
            tall * 0.62,
            Rgb::hex(0x4a_66_44).times(0.7 + dice.unit() as f32 * 0.3),
        );
    }
    // Its islet with a small tower of three storeys.
    let islet = v3(from.0 + 26.0, 0.0, 66.0);
    for i in -4..=4 {
        brush.ball(
            islet.plus(v3(f64::from(i) * 1.1, 0.1, 0.0)),
            0.9 - f64::from(i * i) * 0.03,
            Rgb::hex(0x5c_78_48),
        );
    }
    for (storey, half) in [(0.0, 2.2), (2.6, 1.7), (4.8, 1.2)] {
        let foot = islet.plus(v3(0.0, storey + 0.7, 0.0));
        let wall = |x: f64, y: f64| foot.plus(v3(x, y, 0.0));
        let tall = 2.1;
        brush.face(
            &[wall(-half, 0.0), wall(half, 0.0), wall(half, tall), wall(-half, tall)],
            v3(-0.3, 0.2, -0.9),
            Rgb::hex(0xb0_a4_8e),
        );
        let roof = [
            wall(-half - 0.5, tall),
            wall(half + 0.5, tall),
            wall(half - 0.2, tall + 0.6),
            wall(0.2 - half, tall + 0.6),
        ];
        brush.face(&roof, v3(0.0, 0.7, -0.7), Rgb::hex(0x7c_70_62));
        for x in [-0.55, 0.55] {
            let x = x * half;
            let colour = Rgb::hex(if brush.light.lamps { 0xff_d8_8a } else { 0x4a_44_3c });
            brush.shining(
                &[wall(x - 0.3, 0.3), wall(x + 0.3, 0.3), wall(x + 0.3, 1.5), wall(x - 0.3, 1.5)],
                colour,
                0.9,
            );
        }
    }
}

fn pavements(brush: &mut Brush, plan: &Plan) {
    let (main, cross) = (plan.main, plan.cross);
    for side in [-1.0, 1.0] {
        let outer = side * (main.half + main.pavement);
        let inner = side * main.half;
        rectangle(brush, (outer.min(inner), -80.0), (outer.max(inner), NORTH + 60.0), PAVING, 1.0);
        let (outer, inner) = (side * (cross.half + cross.pavement), side * cross.half);
        for (x0, x1) in [(-200.0, -main.half), (main.half, 200.0)] {
            rectangle(brush, (x0, outer.min(inner)), (x1, outer.max(inner)), PAVING, 1.0);
        }
    }
    // Joints between slabs, near enough to be seen.
    let joint = PAVING.times(0.82);
    for side in [-1.0, 1.0] {
        let (inner, outer) = (side * main.half, side * (main.half + main.pavement));
        let mut z = -60.0;
        while z < 60.0 {
            if f64::abs(z) > cross.half {
                line(brush, v3(inner, 0.0, z), v3(outer, 0.0, z), 0.06, joint, 0.6);
            }
            z += 1.2;
        }
        for step in 1..4 {
            let x = inner + side * main.pavement * f64::from(step) / 4.0;
            for (from, to) in [(-60.0, -cross.half), (cross.half, 70.0)] {
                line(brush, v3(x, 0.0, from), v3(x, 0.0, to), 0.05, joint, 0.5);
            }
        }
        // The kerb.
        for (from, to) in [(-80.0, -cross.half - 2.0), (cross.half + 2.0, NORTH)] {
            line(brush, v3(inner, 0.0, from), v3(inner, 0.0, to), 0.28, KERB, 1.0);
            line(
                brush,
                v3(inner - side * 0.2, 0.0, from),
                v3(inner - side * 0.2, 0.0, to),
                0.14,
                Rgb::hex(0x50_52_54),
                0.8,
            );
        }
        for (from, to) in [(-140.0, -main.half - 2.0), (main.half + 2.0, 140.0)] {
            let z = side * cross.half;
            line(brush, v3(from, 0.0, z), v3(to, 0.0, z), 0.28, KERB, 1.0);
        }
    }
}

/// Rounds the four corners of the pavement.
fn corners(brush: &mut Brush, plan: &Plan) {
    let radius = 2.4;
    for (sx, sz) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
        let (x, z) = (sx * plan.main.half, sz * plan.cross.half);
        let middle = v3(x + sx * radius, 0.0, z + sz * radius);
        let arc: Vec<V3> = (0..=6)
            .map(|i| {
                let (sin, cos) = super::space::sin_cos(f64::from(i) * 15.0);
                middle.plus(v3(-sx * radius * cos, 0.0, -sz * radius * sin))
            })
            .collect();
        let mut cut = arc.clone();
        cut.push(v3(x, 0.0, z));
        brush.on_ground(&cut, ASPHALT, 1.0);
        for pair in arc.windows(2) {
            line(brush, pair[0], pair[1], 0.28, KERB, 1.0);
        }
    }
}

/// Darkens the wheels' ways, scatters patches and covers.
fn wear(brush: &mut Brush, plan: &Plan) {
    let mut dice = Dice::new(plan.seed ^ 0x77);
    let dark = ASPHALT.times(0.8);
    for side in [-1.0, 1.0] {
        for track in plan.main.car_tracks() {
            for wheel in [-0.75, 0.75] {
                let x = side * track + wheel;
                rectangle(brush, (x - 0.28, -60.0), (x + 0.28, NORTH), dark, 0.22);
            }
        }
        let bikes: Vec<f64> = plan.main.motorbike_tracks().collect();
        let (from, to) = (bikes[0] - 0.5, bikes[bikes.len() - 1] + 0.5);
        rectangle(
            brush,
            ((side * from).min(side * to), -60.0),
            ((side * from).max(side * to), NORTH),
            dark,
            0.12,
        );
    }
    for _ in 0..46 {
        let along_main = dice.chance(0.6);
        let (half, reach) =
            if along_main { (plan.main.half, 60.0) } else { (plan.cross.half, 50.0) };
        let (across, along) = (dice.between(-half + 1.0, half - 1.0), dice.between(-45.0, reach));
        let (wide, long) = (dice.between(0.4, 1.4), dice.between(1.0, 4.5));
        let shade = ASPHALT.times(dice.between(0.78, 1.1) as f32);
        let (x, z, w, l) =
            if along_main { (across, along, wide, long) } else { (along, across, long, wide) };
        brush.on_ground(
            &[
                v3(x, 0.0, z),
                v3(x + w, 0.0, z + 0.1),
                v3(x + w, 0.0, z + l),
                v3(x - 0.1, 0.0, z + l),
            ],
            shade,
            0.5,
        );
    }
    for _ in 0..7 {
        let (x, z) =
            (dice.between(-plan.main.half + 1.5, plan.main.half - 1.5), dice.between(-26.0, 30.0));
        round(brush, v3(x, 0.0, z), 0.42, Rgb::hex(0x3e_42_45));
        round(brush, v3(x, 0.0, z), 0.32, Rgb::hex(0x56_5a_5c));
    }
}

/// Paints one street's lines. `main` runs north, the other one east.
fn markings(brush: &mut Brush, road: Road, other: Road, main: bool) {
    let place = |across: f64, along: f64| {
        if main { v3(across, 0.0, along) } else { v3(along, 0.0, across) }
    };
    let (near, far) = if main { (SOUTH, NORTH) } else { (SIDE, SIDE) };
    for (arm, reach) in [(-1.0, near), (1.0, far)] {
        let stop = other.half + STOP_LINE;
        let along = |metres: f64| arm * metres;
        // One drives on the right, so who comes is on the other side on each arm.
        let coming = if main { -arm } else { arm };
        let across = |metres: f64| coming * metres;
        // The zebra.
        let mut x = -road.half + 0.7;
        while x < road.half - 0.6 {
            let bar = [(x, ZEBRA.0), (x + 0.55, ZEBRA.0), (x + 0.55, ZEBRA.1), (x, ZEBRA.1)];
            let bar = bar.map(|(x, z)| place(x, along(other.half + z)));
            brush.on_ground(&bar, PAINT, 0.86);
            x += 1.12;
        }
        // The stop line, before those who come.
        let bar = [
            (road.median + 0.15, stop),
            (road.half - 0.3, stop),
            (road.half - 0.3, stop + 0.42),
            (road.median + 0.15, stop + 0.42),
        ];
        brush.on_ground(&bar.map(|(x, z)| place(across(x), along(z))), PAINT, 0.9);
        // The middle, and the lanes.
        if road.median == 0.0 {
            let yellow = Rgb::hex(0xf0_c2_48);
            for x in [-0.11, 0.11] {
                dashes(
                    brush,
                    |z| place(x, along(z)),
                    (stop, reach),
                    (6.0, 6.0),
                    0.11,
                    yellow,
                    0.85,
                );
            }
        } else {
            green_strip(brush, road, &|x, z| place(x, along(z)), (stop + 1.5, reach));
        }
        for x in road.lane_lines() {
            for side in [-1.0, 1.0] {
                let solid = (stop, stop + 18.0);
                dashes(brush, |z| place(side * x, along(z)), solid, (6.0, 6.0), 0.12, PAINT, 0.75);
                dashes(
                    brush,
                    |z| place(side * x, along(z)),
                    (stop + 20.0, reach),
                    (3.0, 7.5),
                    0.12,
                    PAINT,
                    0.7,
                );
            }
        }
        for side in [-1.0, 1.0] {
            dashes(
                brush,
                |z| place(side * (road.half - 0.32), along(z)),
                (stop, reach),
                (6.0, 6.0),
                0.1,
                PAINT,
                0.4,
            );
        }
        // An arrow on each lane for cars.
        for x in road.car_tracks() {
            for at in [stop + 5.0, stop + 24.0] {
                let arrow = [
                    (-0.1, 3.0),
                    (-0.1, 1.3),
                    (-0.35, 1.3),
                    (0.0, 0.0),
                    (0.35, 1.3),
                    (0.1, 1.3),
                    (0.1, 3.0),
                ];
                let arrow = arrow.map(|(dx, dz)| place(across(x) + dx, along(at + dz)));
                brush.on_ground(&arrow, PAINT, 0.75);
            }
        }
    }
}

/// The raised strip between the two directions: kerb, grass, hedge.
fn green_strip(
    brush: &mut Brush,
    road: Road,
    place: &dyn Fn(f64, f64) -> V3,
    (from, to): (f64, f64),
) {
    let mut at = from;
    while at < to {
        let next = (at + 3.0).min(to);
        let quad = |half: f64| {
            [(-half, at), (half, at), (half, next + 0.05), (-half, next + 0.05)]
                .map(|(x, z)| place(x, z))
        };
        brush.on_ground(&quad(road.median - 0.1), KERB, 1.0);
        brush.on_ground(&quad(road.median - 0.32), GRASS, 1.0);
        at = next;
    }
}

fn dashes(
    brush: &mut Brush,
    place: impl Fn(f64) -> V3,
    (from, to): (f64, f64),
    (long, every): (f64, f64),
    wide: f64,
    colour: Rgb,
    alpha: f32,
) {
    let mut at = from;
    while at < to {
        line(brush, place(at), place((at + long).min(to)), wide, colour, alpha);
        at += every;
    }
}

/// Draws a line on the ground, so many metres wide.
pub(super) fn line(brush: &mut Brush, from: V3, to: V3, wide: f64, colour: Rgb, alpha: f32) {
    let along = to.minus(from).unit();
    let aside = v3(along.z, 0.0, -along.x).times(wide / 2.0);
    let length = to.minus(from).dot(along);
    let pieces = (length / 8.0).ceil().max(1.0) as u32;
    for i in 0..pieces {
        let at = |i: u32| from.to(to, f64::from(i) / f64::from(pieces));
        let (a, b) = (at(i), at(i + 1));
        brush.on_ground(
            &[a.minus(aside), a.plus(aside), b.plus(aside), b.minus(aside)],
            colour,
            alpha,
        );
    }
}

fn round(brush: &mut Brush, middle: V3, radius: f64, colour: Rgb) {
    let rim: Vec<V3> = (0..14)
        .map(|i| {
            let (sin, cos) = super::space::sin_cos(f64::from(i) * 360.0 / 14.0);
            middle.plus(v3(radius * cos, 0.0, radius * sin))
        })
        .collect();
    brush.on_ground(&rim, colour, 0.8);
}

/// Lays the sky's shine over the wet road.
fn puddles(brush: &mut Brush, plan: &Plan) {
    let sky = brush.light.sky[1];
    let mut dice = Dice::new(plan.seed ^ 0x99);
    for _ in 0..70 {
        let along_main = dice.chance(0.75);
        let half = if along_main { plan.main.half } else { plan.cross.half };
        let (across, along) = (dice.between(-half, half), dice.between(-36.0, 60.0));
        let (x, z) = if along_main { (across, along) } else { (along, across) };
        brush.pool(v3(x, 0.0, z), dice.between(0.8, 3.4), sky, dice.between(0.1, 0.42) as f32);
    }
    for _ in 0..20 {
        let side = dice.pick(&[-1.0, 1.0]);
        let z = dice.between(-34.0, 50.0);
        brush.pool(v3(side * (plan.main.half - 0.6), 0.0, z), dice.between(1.0, 2.4), sky, 0.55);
    }
}
