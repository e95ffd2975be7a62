//! A device becomes cameras: found, asked what it is, added by its address, and recorded.
//! The device is `simcam`'s, as one of the makes is it; its streams are real.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;
use e2e::city::{self, CREDENTIALS, RECORDED_FOR};
use e2e::http::Person;
use e2e::program::{self, Program};
use e2e::wait::until;
use serde_json::{Value, json};
use simcam::onvif::{Channel, Device, DeviceConfig, Discovery, Personality, StreamConfig};
use simcam::{Server, StreamRole};

const CHOSEN: &str = "mưa rào Hà Nội 1954";

const CONFIG: &str = "[http]\nlisten = \"127.0.0.1:0\"\n[sign_in]\nsecond_factor = \"nobody\"\n";

/// A device of two channels, whose streams `server` has.
async fn device(server: &Server, make: &str) -> anyhow::Result<Device> {
    let clip = city::small_clip()?;
    let channel = |number: usize| {
        let name = format!("cam{number}");
        let stream = |role| StreamConfig::of(&clip, server.url(&name, role));
        // Smaller by what it says of itself alone: the clip is the same.
        let sub = StreamConfig { width: 160, height: 90, ..stream(StreamRole::Sub) };
        Channel { main: stream(StreamRole::Main), sub, name, ptz: false }
    };
    let listen = ([127, 0, 0, 1], 0).into();
    let make = Personality::named(make).context("a known make")?;
    let config = DeviceConfig {
        credentials: Some(simcam::Credentials {
            user: CREDENTIALS.0.to_owned(),
            password: CREDENTIALS.1.to_owned(),
        }),
        discovery: Some(Discovery::Unicast(listen)),
        ..DeviceConfig::new(listen, make, 7, vec![channel(0), channel(1)])
    };
    Ok(Device::start(config).await?)
}

/// Runs the program with the device's password on standard input; returns what it printed.
fn run(arguments: &[&str], password: &str) -> anyhow::Result<(bool, String)> {
    let mut child = Command::new(program::khue())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start khue")?;
    // One that needs no password may have ended before.
    let _ = writeln!(child.stdin.take().context("standard input was asked for")?, "{password}");
    let output = child.wait_with_output()?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8(said)?))
}

fn serve(config: &Path, folder: &Path, who: &str) -> anyhow::Result<(Program, Person)> {
    let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
    let address = khue.address()?;
    let password = khue.password(who)?;
    let mut person = Person::reach(&address, &folder.join("data"))?;
    person.sign_in_first(who, &password, CHOSEN)?;
    Ok((khue, person))
}

#[test]
fn each_channel_of_a_device_becomes_a_camera_by_the_device_s_address_alone() -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let clip = city::small_clip()?;
    let server = runtime.block_on(city::serve(2, &clip, &clip))?;
    let device = runtime.block_on(device(&server, "hikvision"))?;
    let folder = tempfile::tempdir()?;
    let config = program::configure(folder.path(), CONFIG)?;
    let (khue, operator) = serve(&config, folder.path(), "trucban")?;

    let place = device.discovery_addr().context("it may be asked")?.to_string();
    let (is_well, found) = run(&["camera", "find", &place, "--seconds", "1"], "")?;
    assert!(
        is_well && found.contains(&device.url()) && found.contains("DS-2CD2143G2-I"),
        "{found}"
    );

    let bare = format!("http://{}", device.addr());
    let shown = ["camera", "show", &bare, "--user", CREDENTIALS.0];
    let (is_well, told) = run(&shown, CREDENTIALS.1)?;
    assert!(is_well, "{told}");
    for words in
        ["HIKVISION", "SIM00000007", "channel 2", "digest", &server.url("cam1", StreamRole::Main)]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    let (is_well, told) = run(&shown, "sai mật khẩu")?;
    assert!(!is_well && told.contains("takes neither this user name nor this password"), "{told}");
    assert!(!told.contains("sai mật khẩu"), "{told}");

    let config_at = config.to_str().context("a path is text")?;
    let add =
        ["camera", "add", &bare, "--user", CREDENTIALS.0, "--name", "Cổng", "--config", config_at];
    let (is_well, told) = run(&[&add[..], &RECORDED_FOR[..]].concat(), CREDENTIALS.1)?;
    assert!(is_well && told.contains("Cổng · 1") && told.contains("Cổng · 2"), "{told}");
    until("both channels to be recorded", || {
        let tree = operator.ask("GET", "tree", None)?.ok()?;
        let rows = tree["cameras"].as_array().context("a tree has cameras")?;
        let are_recorded = rows.iter().all(|camera| camera["state"]["kind"] == "recording");
        Ok((rows.len() == 2 && are_recorded).then_some(()))
    })?;
    assert!(khue.stop()?.success());
    Ok(())
}

#[test]
fn an_administrator_asks_a_device_what_it_is_before_it_is_a_camera() -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let clip = city::small_clip()?;
    let server = runtime.block_on(city::serve(2, &clip, &clip))?;
    let device = runtime.block_on(device(&server, "tapo"))?;
    let folder = tempfile::tempdir()?;
    let config = program::configure(folder.path(), CONFIG)?;
    let (khue, administrator) = serve(&config, folder.path(), "quantri")?;
    let ask = |path: &str, body: Value| administrator.ask("POST", path, Some(body));

    let place = device.discovery_addr().context("it may be asked")?.to_string();
    let found = ask("cameras/find", json!({"addresses": [place]}))?.ok()?;
    assert_eq!(found[0]["urls"], json!([device.url()]), "{found}");
    let refused = ask("cameras/find", json!({"addresses": ["10.0.0.0/8"]}))?;
    assert_eq!((refused.status, &refused.json["field"]), (400, &json!("addresses")));

    let bare = format!("http://{}", device.addr());
    let (user, password) = CREDENTIALS;
    let asked = |password| json!({"url": bare, "user": user, "password": password});
    let told = ask("cameras/survey", asked(password))?.ok()?;
    assert_eq!((&told["make"], &told["model"]), (&json!("tp-link"), &json!("Tapo C225")));
    assert_eq!(told["channels"].as_array().map(Vec::len), Some(2), "{told}");
    let likeliest = &told["channels"][1]["main"]["urls"][0];
    assert_eq!(likeliest, &json!(server.url("cam1", StreamRole::Main)));
    let features = told["features"].as_array().context("what was found")?;
    let of = |name: &str| features.iter().find(|one| one["feature"] == name);
    let snapshot = of("snapshot").context("it was tried")?;
    assert_eq!(snapshot["found"], "failed", "{snapshot}");
    assert!(!told.to_string().contains(password), "{told}");

    let refused = ask("cameras/survey", asked("sai mật khẩu"))?;
    assert_eq!((refused.status, &refused.json["code"]), (422, &json!("wrong_credentials")));
    let refused =
        ask("cameras/survey", json!({"url": format!("http://{user}:x@{}", device.addr())}))?;
    assert_eq!((refused.status, &refused.json["field"]), (422, &json!("url")));
    assert!(khue.stop()?.success());
    Ok(())
}
