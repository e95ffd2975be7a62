//! The demo as somebody meets it: a city that records, on plain
//! `http://localhost`, and is still there the next time.
//!
//! The person is `web/e2e/demo.mjs`, in a real browser: the session's cookie is
//! one that only a browser takes over HTTP from its own machine.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Context;
use e2e::program::{self, Program};
use e2e::{city, players};
use serde_json::{Value, json};
use simcam::scene::Scene;
use simcam::{StreamRole, clip};

const CHOSEN: &str = "cơm tấm Sài Gòn 1976";

#[test]
fn the_demo_is_a_city_that_records_and_is_still_there_the_next_time() -> anyhow::Result<()> {
    let (folder, scenes) = (tempfile::tempdir()?, e2e::scenes());
    // Drawn here, so that how long that takes is nobody's patience.
    clip::render_all(&scenes, &Scene::all(), |_| {})?;
    let words = ["demo", "--port", "0", "--data", "{data}", "--scenes", "{scenes}"];
    let command = words.map(|word| match word {
        "{data}" => folder.path().into(),
        "{scenes}" => scenes.clone().into_os_string(),
        word => OsString::from(word),
    });

    let mut demo = Program::start(&command)?;
    let address = demo.address()?;
    assert!(address.starts_with("http://localhost:"), "{address}");
    let [operator, administrator] = [demo.password("trucban")?, demo.password("quantri")?];
    assert_ne!(operator, administrator);

    // One by mistake beside it says so, and disturbs nobody.
    let second = Command::new(program::khue()).args(&command).output()?;
    let words = String::from_utf8(second.stderr)?;
    let wanted = format!("another khue (process {}) runs over", demo.pid());
    assert!(!second.status.success() && words.contains(&wanted), "{words}");

    let person = json!({ "name": "trucban", "password": operator, "choose": CHOSEN });
    let first = visit(&address, person, 12)?;
    assert_eq!(recording(&first), 12, "{first}");
    let began = beginnings(&first)?;
    assert_eq!(began.len(), 12);

    // A thirteenth, a real one as far as the program can tell, added in the client.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let clip = city::small_clip()?;
    let other = runtime.block_on(city::serve(1, &clip, &clip))?;
    let (user, password) = city::CREDENTIALS;
    let [url, sub_url] = [StreamRole::Main, StreamRole::Sub].map(|role| other.url("cam0", role));
    let add = json!({
        "url": url, "sub_url": sub_url, "user": user, "password": password, "name": "Cổng sau",
        "legal_basis": "12/QĐ-UBND, 5/1/2026",
    });
    let person = json!({
        "name": "quantri", "password": administrator, "choose": CHOSEN, "add": add
    });
    let settings = visit(&address, person, 13)?;
    let ceiling = settings["status"]["disk"]["ceiling_bytes"].as_u64();
    assert!(ceiling.is_some_and(|bytes| bytes <= 8_000_000_000), "{settings}");
    assert_eq!(settings["tiles"], 0, "an administrator sees no video");
    assert!(demo.stop()?.success());

    let mut demo = Program::start(&command)?;
    let address = demo.address()?;
    let line = demo.wait_for("trucban")?;
    assert!(line.contains("mật khẩu đã chọn"), "{line}");
    let again = visit(&address, json!({ "name": "trucban", "password": CHOSEN }), 13)?;
    let (of_city, added): (Vec<_>, Vec<_>) = beginnings(&again)?
        .into_iter()
        .partition(|(number, _)| began.iter().any(|(known, _)| known == number));
    assert_eq!((of_city, added.len()), (began, 1));
    assert!(demo.stop()?.success());

    let log = std::fs::read_to_string(folder.path().join("khue.log"))?;
    assert!(log.contains("live opened user=\"trucban\""), "{log}");
    assert!(!log.contains(&operator) && !log.contains(CHOSEN));
    Ok(())
}

/// Has a person sign in and do what is told of them; returns what is found there
/// once so many cameras are recorded.
fn visit(address: &str, mut told: Value, cameras: u64) -> anyhow::Result<Value> {
    told["address"] = address.into();
    told["cameras"] = cameras.into();
    players::browser("demo.mjs", &told)
}

fn recording(found: &Value) -> u64 {
    found["status"]["cameras"]["recording"].as_u64().unwrap_or_default()
}

/// Returns the first moment recorded of each camera, by its number.
fn beginnings(found: &Value) -> anyhow::Result<Vec<(u64, i64)>> {
    let cameras = found["began"].as_array().context("cameras")?;
    let each = cameras.iter().map(|camera| Some((camera[0].as_u64()?, camera[1].as_i64()?)));
    each.collect::<Option<_>>().context("each camera has a number and a beginning")
}
