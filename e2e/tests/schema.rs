//! The API against its own description, by a program that is not ours: schemathesis
//! asks each operation for what the description allows and for what it does not.
//!
//! > Nothing fails inside (5xx), and nothing is answered that is not described.
//!
//! Three minutes with a seed; `SCHEMA_SECONDS` and `SCHEMA_SEED` ask for more.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use e2e::stage::Stage;
use e2e::{city, players};
use serde_json::json;
use simcam::CameraConfig;

const CHOSEN: &str = "Ô Quan Chưởng 1749";

/// What would end the sign-in by which is asked, or takes no JSON.
const LEFT_OUT: &str = "^/scim/|/session|/devices|/exports/|/hls|/whep|/import|/people/";

/// No failure inside, no status and no type of answer but those that are described.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance";

#[test]
fn nothing_fails_inside_and_nothing_is_answered_that_is_not_described() -> anyhow::Result<()> {
    let number = |name, usual| std::env::var(name).map_or(Ok(usual), |text| text.parse::<u64>());
    let (seconds, seed) = (number("SCHEMA_SECONDS", 180)?, number("SCHEMA_SEED", 2026)?);
    let clip = city::small_clip()?;
    let mut stage = Stage::set(vec![CameraConfig::new("", clip.clone(), clip)], "")?;
    let people = ["quantri", "trucban", "kiemtra"];
    let turn = Duration::from_secs(seconds / (people.len() as u64 + 1));
    for name in people {
        let person = stage.person(name, CHOSEN)?;
        let headers = [
            format!("cookie: {}", person.cookie()?),
            format!("x-khue-csrf: {}", person.csrf()),
            format!("origin: {}", person.address()),
        ];
        ask(&stage, person.address(), &headers, ["--exclude-path-regex", LEFT_OUT], turn, seed)
            .with_context(|| format!("asked as {name}, seed {seed}"))?;
        if name == "quantri" {
            // What a directory asks, it asks by a token.
            let new = json!({"name": "thư mục", "scopes": ["people:provision"], "days": 1});
            let made = person.ask("POST", "api-tokens", Some(new))?.ok()?;
            let token = made["token"].as_str().context("a token")?;
            let header = [format!("authorization: Bearer {token}")];
            ask(&stage, person.address(), &header, ["--include-path-regex", "^/scim/"], turn, seed)
                .with_context(|| format!("asked as a directory, seed {seed}"))?;
        }
    }
    assert!(stage.khue.stop()?.success());
    Ok(())
}

/// Asks with these headers for so long.
fn ask(
    stage: &Stage,
    address: &str,
    headers: &[String],
    paths: [&str; 2],
    turn: Duration,
    seed: u64,
) -> anyhow::Result<()> {
    let python = players::python("e2e/schemathesis")?;
    let asking = Command::new(python)
        .args(["-c", "from schemathesis.cli import schemathesis; schemathesis()", "run"])
        .arg(e2e::root().join("crates/api/openapi.json"))
        .args(["--url", address])
        .arg("--tls-verify")
        .arg(stage.file("data/tls/ca.pem"))
        .args(headers.iter().flat_map(|header| ["--header", header]))
        .args(["--seed", &seed.to_string(), "--max-time", &turn.as_secs().to_string()])
        .args(["--phases", "examples,coverage,fuzzing", "--max-failures", "20", "--no-color"])
        .args(paths)
        .args(["--checks", CHECKS])
        .args(["--suppress-health-check", "all"])
        .current_dir(stage.folder.path())
        .stdin(Stdio::null())
        .output()
        .context("cannot run schemathesis")?;
    let words = String::from_utf8_lossy(&asking.stdout);
    anyhow::ensure!(asking.status.success(), "{words}{}", String::from_utf8_lossy(&asking.stderr));
    // It counts what it asked: a run that asked for nothing shows nothing.
    let count = |line: &str| line.trim().split_once(" generated")?.0.parse::<u64>().ok();
    let asked = words.lines().find_map(count).context("how much was asked")?;
    anyhow::ensure!(asked > 100, "only {asked} requests: {words}");
    println!("{asked} requests");
    Ok(())
}
