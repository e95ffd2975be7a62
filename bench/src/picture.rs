//! How long a person waits for a picture: a real browser against the built
//! program, driven by `web/e2e/first-picture.mjs`.

use anyhow::Context;
use e2e::players;

use crate::khue::{Khue, PASSWORD, PATIENCE, Streams};
use crate::load::Load;

const CAMERAS: usize = 16;

/// The figures of one run.
///
/// Milliseconds from the key, each change of camera.
#[derive(Clone, Debug, serde::Deserialize)]
pub(crate) struct Figures {
    /// To the first frame of the camera.
    pub(crate) first_ms: Vec<f64>,
    /// To one that is less than a second old.
    pub(crate) newest_ms: Vec<f64>,
}

/// Changes the camera of one tile many times.
pub(crate) fn measure() -> anyhow::Result<Figures> {
    let folder = tempfile::tempdir()?;
    let mut load = Load::start(CAMERAS)?;
    let mut khue = Khue::start(&load, Streams::Main, folder.path())?;
    khue.operator()?;
    load.wait_for(CAMERAS, PATIENCE)?;
    let told =
        serde_json::json!({ "address": khue.address, "password": PASSWORD, "cameras": CAMERAS });
    let found = players::browser("first-picture.mjs", &told)?;
    serde_json::from_value(found).context("the browser's part wrote no figures")
}
