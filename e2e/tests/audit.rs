//! What the built program notes of who watched, and what its own commands find out
//! about that: after a kill, on a copy, by another installation.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use e2e::collector::Collector;
use e2e::http::Person;
use e2e::program::{self, Program};
use e2e::socket::Socket;
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::{city, ways};
use serde_json::{Value, json};

const CHOSEN: &str = "mưa rào Hà Nội 1954";

fn audit(arguments: &[&str]) -> anyhow::Result<Output> {
    Ok(Command::new(program::khue()).arg("audit").args(arguments).output()?)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns the entries that the program's own command prints.
fn entries(config: &Path) -> anyhow::Result<Vec<Value>> {
    let printed = audit(&["export", "--config", &config.to_string_lossy()])?;
    ensure!(printed.status.success(), "{printed:?}");
    text(&printed).lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

#[test]
fn what_was_watched_is_in_the_audit_after_a_kill_and_nothing_of_it_can_be_changed_unseen()
-> anyhow::Result<()> {
    let clip = city::small_clip()?;
    let camera = simcam::CameraConfig::new("cam0", clip.clone(), clip);
    let mut stage = Stage::set(vec![camera], "")?;
    let operator = stage.person("trucban", CHOSEN)?;
    let auditor = stage.person("kiemtra", CHOSEN)?;
    let cameras = operator.cameras()?;
    let camera = cameras.keys().next().context("there is a camera")?;
    let mut socket = Socket::open(&operator)?;
    let live = ways::token(&operator, camera, &["live"])?;
    socket.say(&json!({"op": "live", "ref": "a", "token": live, "role": "main"}))?;
    socket.until("opened")?;
    let past = format!("Bearer {}", ways::token(&operator, camera, &["playback"])?);
    let glance = |at_us: u128| -> anyhow::Result<bool> {
        let path = format!("/api/v1/cameras/{camera}/thumbnail?at_us={at_us}");
        let answer = operator.request("GET", &path, &[("authorization", &past)], None)?;
        Ok(answer.status() == 200)
    };
    let at_us = until("a small picture", || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let at_us = since.saturating_sub(Duration::from_secs(1)).as_micros();
        Ok(glance(at_us)?.then_some(at_us))
    })?;
    // The next is the same glance.
    assert!(glance(at_us)?);
    let glances = auditor.ask("GET", "audit?act=playback", None)?.ok()?;
    let details: Vec<_> = glances["entries"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| (entry["details"].clone(), entry["purpose"].clone()))
        .collect();
    let [(details, purpose)] = &details[..] else { panic!("{details:?}") };
    assert_eq!((&details["way"], purpose), (&json!("thumbnails"), &json!("kiểm tra")));
    assert_eq!((&details["case"], &details["policy"]), (&json!("12/2026"), &json!("1")));
    let refused = auditor.ask(
        "POST",
        "media-tokens",
        Some(json!({"camera": camera, "actions": ["live"]})),
    )?;
    assert_eq!(refused.status, 404);
    let read = auditor.ask("GET", &format!("audit?camera={camera}"), None)?.ok()?;
    let acts = |entries: &Value| -> Vec<(String, bool)> {
        let all = entries["entries"].as_array().into_iter().flatten();
        all.map(|entry| (entry["act"].to_string(), entry["refused"].is_null())).collect()
    };
    // The last is the command that added it.
    let expected = [("live", false), ("playback", true), ("live", true), ("camera", true)];
    assert_eq!(acts(&read), expected.map(|(act, done)| (format!("{act:?}"), done)));

    let (config, data) = (stage.file("khue.toml"), stage.file("data"));
    let Stage { khue, folder, .. } = stage;
    khue.kill()?;
    let config_text = config.to_string_lossy().into_owned();
    let whole = audit(&["verify", "--config", &config_text])?;
    assert!(whole.status.success(), "{whole:?}");
    assert!(text(&whole).contains("nothing was altered, deleted, moved or cut off"), "{whole:?}");
    let noted = entries(&config)?;
    let opened = noted.iter().find(|entry| entry["act"] == "live" && entry["outcome"] == "done");
    let opened = opened.context("who watched was noted")?;
    assert_eq!(
        (&opened["who"]["name"], &opened["object"]["id"]),
        (&json!("trucban"), &json!(camera))
    );
    let cef = text(&audit(&["export", "--form", "cef", "--config", &config_text])?);
    assert_eq!(cef.lines().count(), noted.len());
    assert!(cef.lines().all(|line| line.starts_with("CEF:0|Khuê|khue|")), "{cef}");

    // A copy and the public key are enough, and show what somebody did to it.
    let key = text(&audit(&["key", "--config", &config_text])?);
    let copy = folder.path().join("copy");
    fs::create_dir(&copy)?;
    for entry in fs::read_dir(data.join("audit"))? {
        let path = entry?.path();
        fs::copy(&path, copy.join(path.file_name().context("a file has a name")?))?;
    }
    let copied = copy.to_string_lossy().into_owned();
    let offline = ["verify", "--folder", &copied, "--key", key.trim()];
    let found = audit(&offline)?;
    assert!(found.status.success(), "{found:?}");
    let log = fs::read_dir(&copy)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|tail| tail == "log"))
        .context("there is a log")?;
    let lines = fs::read_to_string(&log)?;
    let n = opened["n"].as_u64().context("an entry has a number")?;
    let gone: String =
        lines.split_inclusive('\n').filter(|line| !line.contains(&format!("\"n\":{n},"))).collect();
    fs::write(&log, gone)?;
    let found = audit(&offline)?;
    assert!(!found.status.success());
    assert!(text(&found).contains(&format!("entry {n} is missing")), "{found:?}");
    fs::write(&log, lines.replace("trucban", "quantri"))?;
    let found = audit(&offline)?;
    assert!(text(&found).contains(&format!("entry {n} was altered")), "{found:?}");

    // The next start goes on behind what is there.
    let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
    let mut again = Person::reach(&khue.address()?, &data)?;
    again.sign_in("kiemtra", CHOSEN)?;
    let starts = again.ask("GET", "audit?act=start", None)?.ok()?;
    assert_eq!(starts["entries"].as_array().map(Vec::len), Some(2));
    assert!(khue.stop()?.success());
    let found = audit(&["verify", "--config", &config_text])?;
    assert!(found.status.success(), "{found:?}");
    Ok(())
}

#[test]
fn what_commands_do_and_all_else_reaches_a_collector_over_tls_also_after_it_was_away()
-> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let collector = Collector::new(home.path())?;
    let mut stage = Stage::set(vec![], &collector.config())?;
    let administrator = stage.person("quantri", CHOSEN)?;
    let auditor = stage.person("kiemtra", CHOSEN)?;
    // The collector comes later than the server, and hears of all that was before it.
    let here = collector.start()?;
    let config = stage.file("khue.toml");
    let sealed = Command::new(program::khue())
        .args(["break-glass", "seal", "--config"])
        .arg(&config)
        .output()?;
    ensure!(sealed.status.success(), "{}", String::from_utf8_lossy(&sealed.stderr));
    let secret = text(&sealed).trim().to_owned();
    let told = until("the collector to be told of the envelope", || {
        let told = collector.told();
        Ok(told.iter().any(|line| line.contains("khue break_glass")).then_some(told))
    })?;
    let numbers = |told: &[String]| -> Vec<u64> {
        let of = |line: &String| {
            let (_, rest) = line.split_once("externalId=")?;
            rest.split(' ').next()?.parse().ok()
        };
        told.iter().filter_map(of).collect()
    };
    let all: Vec<u64> = (1..=numbers(&told).len() as u64).collect();
    assert_eq!(numbers(&told), all, "each once, from the first on: {told:#?}");
    let line = told.iter().find(|line| line.contains("khue break_glass")).context("its line")?;
    assert!(line.starts_with("audit.info khue break_glass \u{feff}CEF:0|Khuê|khue|"), "{line}");
    assert!(
        line.contains("\"by\":\"command\"") && line.contains("\"change\":\"sealed\""),
        "{line}"
    );
    assert!(!told.iter().any(|line| line.contains(&secret)), "the secret was told");
    let read = auditor.ask("GET", "audit?act=break_glass", None)?.ok()?;
    let entry = &read["entries"][0];
    assert_eq!((&entry["details"]["by"], &entry["who"]), (&json!("command"), &Value::Null));
    assert_eq!(entry["object"]["name"], "khancap");

    // Away, and back.
    drop(here);
    let stranger = Person::reach(&stage.address, &stage.file("data"))?;
    let opening = json!({"secret": secret, "reason": "mất điện thoại"});
    assert_eq!(stranger.ask("POST", "session/break-glass", Some(opening))?.status, 200);
    let list = administrator.ask("GET", "break-glass", None)?.ok()?;
    assert_eq!(list["opened"][0]["reason"], "mất điện thoại");
    let _here = collector.start()?;
    let told = until("the collector to be told what it missed", || {
        let told = collector.told();
        Ok(told.iter().any(|line| line.contains("mất điện thoại")).then_some(told))
    })?;
    // What was on its way when it went may come twice, and none is missing.
    let mut heard = numbers(&told);
    heard.sort_unstable();
    heard.dedup();
    assert_eq!(heard, (1..=heard.len() as u64).collect::<Vec<_>>());
    Ok(())
}
