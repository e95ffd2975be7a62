//! Live pictures by WHEP, watched by players that are not ours: aiortc, and a page
//! in Debian's Chromium that has nothing but the browser's own means.
//!
//! Each frame of the simulated street has its number burnt in. What a player
//! decoded must be frames that were sent, one after the other.

use std::ops::RangeInclusive;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::Context;
use e2e::http::Person;
use e2e::program::{self, Program};
use e2e::stage::Stage;
use e2e::{players, ways};
use serde_json::{Value, json};
use simcam::scene::Scene;
use simcam::{CameraConfig, clip};

/// Frames in the loop of a stream.
const LOOP: u32 = 500;

/// How many frames aiortc decodes: several GOPs.
const FRAMES: usize = 100;

/// All that DTLS may agree on for SRTP (RFC 5764, RFC 7714).
const PROFILES: [&str; 3] =
    ["SRTP_AEAD_AES_256_GCM", "SRTP_AEAD_AES_128_GCM", "SRTP_AES128_CM_SHA1_80"];

const CHOSEN: &str = "mưa rào Hà Nội 1954";

/// A running program with one camera, and somebody who may watch it.
struct World {
    stage: Stage,
    person: Person,
    camera: String,
}

impl World {
    fn set() -> anyhow::Result<Self> {
        let scene = clip::render_all(&e2e::scenes(), &Scene::all()[..1], |_| {})?.remove(0);
        let camera = CameraConfig::new("", Arc::new(scene.main), Arc::new(scene.sub));
        let mut stage = Stage::set(vec![camera], "")?;
        let person = stage.person("trucban", CHOSEN)?;
        let camera = person.cameras()?.into_keys().next().context("there is a camera")?;
        Ok(Self { stage, person, camera })
    }

    /// A token that lets somebody watch the camera now.
    fn token(&self) -> anyhow::Result<String> {
        ways::token(&self.person, &self.camera, &["live"])
    }
}

#[test]
fn aiortc_and_chromium_play_each_frame_in_its_order() -> anyhow::Result<()> {
    let world = World::set()?;
    let session = world.person.ask("GET", "session", None)?.ok()?;
    assert_eq!(session["ways"]["whep"], true);

    // The small stream has ten frames a second, numbered as those of the large one.
    let found = aiortc(&world, "sub", FRAMES, None)?;
    assert_eq!((&found["status"], &found["sizes"]), (&json!(201), &json!([[640, 360]])), "{found}");
    assert_eq!((&found["ended"], &found["again"]), (&json!(200), &json!(404)));
    let numbers = burnt_in(&world.stage.file("pictures"))?;
    assert_eq!(numbers.len(), FRAMES);
    follow(&numbers, 2..=3);
    let times: Vec<i64> = serde_json::from_value(found["times"].clone())?;
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");

    // Its SRTP is libsrtp, which opens all that we seal, reports as well.
    for profile in PROFILES {
        let found = aiortc(&world, "sub", 30, Some(profile))?;
        let numbers = burnt_in(&world.stage.file("pictures"))?;
        assert_eq!(numbers.len(), 30, "{profile}: {found}");
        follow(&numbers, 2..=3);
        assert!(found["reported"].as_u64() > Some(0), "{profile}: {found}");
    }

    // The large one is more than Python takes on a busy machine: its kernel drops
    // packets that it does not read in time, and it shows what it then has.
    let found = aiortc(&world, "main", FRAMES, None)?;
    assert_eq!(found["sizes"], json!([[1920, 1080]]), "{found}");
    let mut numbers = burnt_in(&world.stage.file("pictures"))?;
    follow(&numbers, 0..=LOOP / 2);
    numbers.dedup();
    assert!(numbers.len() >= 25, "{numbers:?}");

    let found = chromium(&world)?;
    let (first, second) = (&found["first"], &found["second"]);
    assert_eq!((&second["codec"], &second["state"]), (&json!("video/H264"), &json!("connected")));
    assert_eq!((&second["width"], &second["height"]), (&json!(1920), &json!(1080)));
    let count = |stats: &Value, of: &str| stats[of].as_u64().unwrap_or_default();
    assert!(count(second, "decoded") >= count(first, "decoded") + 75, "{first} {second}");
    assert_eq!(found["ended"], 200);
    let numbers: Vec<u32> = serde_json::from_value(found["numbers"].clone())?;
    // A browser on a busy machine leaves frames out on screen, but never goes back.
    follow(&numbers, 0..=LOOP / 2);
    assert!(world.stage.khue.stop()?.success());
    Ok(())
}

#[test]
fn a_udp_port_that_is_taken_is_named_with_the_cure() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let taken = std::net::UdpSocket::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?;
    let config = |whep: &str| {
        let http = "[http]\nlisten = \"127.0.0.1:0\"\n";
        program::configure(folder.path(), &format!("{http}[whep]\n{whep}\n"))
    };
    let path = config(&format!("listen = \"{address}\""))?;
    let ended = Command::new(program::khue()).args(["serve", "--config"]).arg(&path).output()?;
    let words = String::from_utf8(ended.stderr)?;
    assert!(!ended.status.success());
    let wanted =
        format!("cannot serve WHEP on UDP {address}: choose another port by listen in [whep]");
    assert!(words.contains(&wanted) && words.contains("enabled = false"), "{words}");

    // Without it the port is nobody's concern.
    let path = config(&format!("listen = \"{address}\"\nenabled = false"))?;
    let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), path.as_os_str()])?;
    let address = khue.address()?;
    let mut person = Person::reach(&address, &folder.path().join("data"))?;
    person.sign_in_first("trucban", &khue.password("trucban")?, CHOSEN)?;
    let session = person.ask("GET", "session", None)?.ok()?;
    assert_eq!(session["ways"]["whep"], false);
    assert!(khue.stop()?.success());
    Ok(())
}

/// Watches with aiortc, and returns what it found.
fn aiortc(
    world: &World,
    role: &str,
    frames: usize,
    profile: Option<&str>,
) -> anyhow::Result<Value> {
    let told = json!({
        "token": world.token()?, "role": role, "frames": frames, "profile": profile,
        "pictures": world.stage.file("pictures"),
    });
    players::whep(&world.person, &world.stage.file("data/tls/ca.pem"), told)
}

/// Watches with a page in Chromium, and returns what it found.
fn chromium(world: &World) -> anyhow::Result<Value> {
    let told = json!({ "address": world.stage.address, "token": world.token()?, "role": "main" });
    players::browser("whep-story.mjs", &told)
}

/// Reads the numbers burnt into the pictures of a file of gray ones; a picture that
/// is damaged has none.
fn burnt_in(file: &Path) -> anyhow::Result<Vec<u32>> {
    let (width, height) = (640, 360);
    let bytes = std::fs::read(file)?;
    let pictures = bytes.chunks_exact(width * height);
    Ok(pictures
        .filter_map(|picture| simcam::draw::read_burnt_in(picture, width, height, width))
        .map(|burnt_in| burnt_in.frame.into())
        .collect())
}

/// Each number must come so many frames after the one before it.
fn follow(numbers: &[u32], steps: RangeInclusive<u32>) {
    for pair in numbers.windows(2) {
        let step = (pair[1] + LOOP - pair[0]) % LOOP;
        assert!(steps.contains(&step), "{} after {} in {numbers:?}", pair[1], pair[0]);
    }
}
