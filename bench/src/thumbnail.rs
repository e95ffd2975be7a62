//! How long a small picture of the past takes, as whoever scrubs waits for it.

use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::http::Person;
use serde_json::json;

use crate::khue::{Khue, PATIENCE, Streams};
use crate::load::Load;

const CAMERAS: usize = 8;
/// How much is recorded before the first is asked for.
const RECORDED: Duration = Duration::from_secs(40);
/// Keyframes of a small stream are so far apart.
const KEYFRAMES_US: i64 = 2_000_000;
const OF_EACH: i64 = 15;

/// The figures of one run, in milliseconds at the client.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// The first that each process of the worker makes: it is started for it.
    pub(crate) first_ms: f64,
    /// Pictures that nobody has asked for before.
    pub(crate) cold_ms: Vec<f64>,
    /// The same again.
    pub(crate) cached_ms: Vec<f64>,
}

/// Asks for pictures of every keyframe of half a minute, twice.
pub(crate) fn measure() -> anyhow::Result<Figures> {
    let folder = tempfile::tempdir()?;
    let mut load = Load::start(CAMERAS)?;
    let mut khue = Khue::start(&load, Streams::Both, folder.path())?;
    let person = khue.operator()?;
    load.wait_for(2 * CAMERAS, PATIENCE)?;
    std::thread::sleep(RECORDED);
    let mut asked = Vec::new();
    for camera in person.cameras()?.into_keys() {
        let body = json!({ "camera": camera, "actions": ["playback"], "purpose": "đo", "case": "12/2026" });
        let given = person.ask("POST", "media-tokens", Some(body))?.ok()?;
        let token = given["token"].as_str().context("a token is text")?;
        let authorization = format!("Bearer {token}");
        let timeline = person.timeline(&camera)?;
        let last = timeline["runs"][0]["to_us"].as_i64().context("something was recorded")?;
        for back in 1..=OF_EACH {
            let at = last - 5_000_000 - back * KEYFRAMES_US;
            let path = format!("/api/v1/cameras/{camera}/thumbnail?at_us={at}&height=90");
            asked.push((path, authorization.clone()));
        }
    }
    let (first, rest) = asked.split_first().context("there are cameras")?;
    let first_ms = ask(&person, first)?;
    let all = |of: &[(String, String)]| of.iter().map(|one| ask(&person, one)).collect();
    let cold_ms: anyhow::Result<Vec<f64>> = all(rest);
    let (cold_ms, cached_ms): (_, anyhow::Result<Vec<f64>>) = (cold_ms?, all(rest));
    Ok(Figures { first_ms, cold_ms, cached_ms: cached_ms? })
}

/// Asks for one, and returns how long it took to be there whole.
fn ask(person: &Person, (path, authorization): &(String, String)) -> anyhow::Result<f64> {
    let began = Instant::now();
    let mut answer = person.request("GET", path, &[("authorization", authorization)], None)?;
    let bytes = answer.body_mut().read_to_vec()?;
    let took = began.elapsed();
    anyhow::ensure!(answer.status() == 200, "{}", String::from_utf8_lossy(&bytes));
    anyhow::ensure!(bytes.starts_with(&[0xff, 0xd8]), "no JPEG came");
    Ok(took.as_secs_f64() * 1e3)
}
