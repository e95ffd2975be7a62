//! What is in each frame of a scene, as JSON lines beside its clip.
//!
//! The first line is the [`Head`], each following one a [`Frame`] of the loop:
//!
//! ```text
//! {"scene":"nga-tu-sang","scene_id":0,"version":1,"width":1920,…,"camera":{…}}
//! {"frame":0,"signal":{"main":"green","cross":"red"},"objects":[
//!   {"id":8,"class":"car","box":[812.4,301.0,96.2,71.5],"ground":[1.55,-12.04],
//!    "heading":[0,1],"speed":8.12,"to_line":-3.1,"seen_percent":100}, …]}
//! ```
//!
//! `box` is left, top, width and height in pixels of the main stream, cut to the
//! picture; the sub stream's are a third. It goes around the whole object as if
//! nothing stood before it; `seen_percent` says how much of that is seen. A rider
//! is part of the vehicle. `ground` is metres east and north of the junction's
//! middle, `speed` metres in a second. `to_line` is the metres from a vehicle's front
//! to the stop line of its signal, negative beyond it; who walks or parks has none.
//!
//! An object keeps its `id` through the loop. Where the loop begins anew, those
//! still on the way get the next id: id + 1.

use serde::{Serialize, Serializer};

use crate::scene::{Kind, Phase};

/// What holds for a whole scene.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Head {
    pub(crate) scene: String,
    pub(crate) scene_id: u8,
    pub(crate) version: u32,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) frame_rate: usize,
    pub(crate) frames: usize,
    pub(crate) camera: Camera,
}

/// The pinhole that sees it: no roll, no distortion, square pixels.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Camera {
    /// Metres east, up and north.
    pub(crate) position: [f64; 3],
    pub(crate) heading_degrees: f64,
    pub(crate) tilt_degrees: f64,
    /// From the left to the right rim of the picture.
    pub(crate) width_degrees: f64,
}

/// One frame of the loop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Frame {
    pub(crate) frame: usize,
    pub(crate) signal: Signals,
    pub(crate) objects: Vec<Object>,
}

/// What the lights of the two streets show.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Signals {
    pub(crate) main: Phase,
    pub(crate) cross: Phase,
}

/// One object in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Object {
    pub(crate) id: u32,
    pub(crate) class: Kind,
    /// Left, top, right, bottom.
    #[serde(rename = "box", serialize_with = "left_top_width_height")]
    pub(crate) bounds: [f32; 4],
    #[serde(serialize_with = "hundredths")]
    pub(crate) ground: [f64; 2],
    #[serde(serialize_with = "hundredths")]
    pub(crate) heading: [f64; 2],
    #[serde(serialize_with = "hundredth")]
    pub(crate) speed: f64,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "maybe_hundredth")]
    pub(crate) to_line: Option<f64>,
    pub(crate) seen_percent: u8,
}

/// Returns the id of a trip's object after so many laps.
pub(crate) fn object_id(trip: usize, lap: usize) -> u32 {
    (trip * 16 + lap.min(15)) as u32
}

/// Appends a value as one line.
pub(crate) fn push_line(lines: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(&mut *lines, value).expect("plain values are written to memory");
    lines.push(b'\n');
}

fn left_top_width_height<S: Serializer>(bounds: &[f32; 4], to: S) -> Result<S::Ok, S::Error> {
    let [left, top, right, bottom] = bounds.map(f64::from);
    let tenths = |v: f64| (v * 10.0).round() / 10.0;
    let (left, top) = (tenths(left), tenths(top));
    [left, top, tenths(right - left), tenths(bottom - top)].serialize(to)
}

fn hundredths<S: Serializer>(values: &[f64; 2], to: S) -> Result<S::Ok, S::Error> {
    values.map(rounded).serialize(to)
}

fn hundredth<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
    rounded(*value).serialize(to)
}

fn maybe_hundredth<S: Serializer>(value: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
    value.map(rounded).serialize(to)
}

fn rounded(value: f64) -> f64 {
    // Adding zero turns -0 into 0.
    (value * 100.0).round() / 100.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_as_the_drawing_says() {
        let frame = Frame {
            frame: 3,
            signal: Signals { main: Phase::Green, cross: Phase::Red },
            objects: vec![Object {
                id: object_id(2, 1),
                class: Kind::Motorbike,
                bounds: [1.0, 2.0, 11.25, 22.5],
                ground: [-0.001, 3.456],
                heading: [0.0, 1.0],
                speed: 7.5,
                to_line: Some(-2.0),
                seen_percent: 88,
            }],
        };
        let mut lines = Vec::new();
        push_line(&mut lines, &frame);
        assert_eq!(
            String::from_utf8(lines).unwrap(),
            concat!(
                r#"{"frame":3,"signal":{"main":"green","cross":"red"},"objects":[{"id":33,"class":"motorbike","#,
                r#""box":[1.0,2.0,10.3,20.5],"ground":[0.0,3.46],"heading":[0.0,1.0],"speed":7.5,"to_line":-2.0,"seen_percent":88}]}"#,
                "\n"
            )
        );
    }
}
