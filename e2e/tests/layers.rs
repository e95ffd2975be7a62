//! The floors of the house: a crate uses only crates on lower floors, and each
//! outside library lives in its room. The test names the arrow that breaks it.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// From the ground up; rooms on one floor never use one another. One exception
/// is written into the table: `simcam` stands beside floor 3 on `media` alone.
const FLOORS: &[&[&str]] = &[
    &["base"],
    &["media", "audit", "backup", "credentials", "db", "sheet"],
    // A step above `media`, whose frames one carries, and `credentials`, which the other
    // proves; below all that may ask them.
    &["decode", "onvif"],
    &["ingest", "store", "live", "catalog", "signin", "casework", "simcam"],
    &["recorder"],
    &["api"],
    &["khue", "decode-worker"],
    &["e2e"],
    // Starts and asks the program as the tests of the whole do.
    &["bench"],
];

/// Outside libraries that only these rooms may name.
const ROOMS: &[(&str, &[&str])] = &[
    ("str0m", &["live", "bench"]),
    ("quinn-udp", &["live", "bench"]),
    ("if-addrs", &["live"]),
    // Entities and statements stand in each room that owns tables.
    ("sea-orm", &["db", "catalog", "signin", "casework", "store"]),
    ("sea-orm-migration", &["db", "catalog", "signin", "casework"]),
    ("sqlx", &["db"]),
    // The API tells the hash of a copy that answers a written request.
    (
        "aws-lc-rs",
        &[
            "api",
            "audit",
            "backup",
            "catalog",
            "credentials",
            "onvif",
            "signin",
            "live",
            "khue",
            "simcam",
        ],
    ),
    // A table, what devices say, and a double that says it.
    ("quick-xml", &["sheet", "onvif", "simcam"]),
    ("rust_xlsxwriter", &["sheet"]),
    ("zip", &["sheet"]),
    ("rtsp-types", &["live"]),
    // One proves a password, one asks for it, and a double asks as cameras do.
    ("md-5", &["credentials", "simcam", "live"]),
    // One proves a person, the other makes a key.
    ("argon2", &["signin", "backup"]),
    ("qrcodegen", &["signin"]),
    // What another installation says of people, and how it is asked.
    ("jsonwebtoken", &["signin"]),
    // And a device, and the connection beneath a media socket.
    ("hyper", &["signin", "onvif", "api"]),
    ("axum", &["api", "khue"]),
    ("utoipa", &["api"]),
    ("utoipa-axum", &["api"]),
    ("axum-server", &["khue"]),
    ("rcgen", &["khue", "simcam"]),
    ("clap", &["khue", "simcam", "bench"]),
    ("toml", &["khue"]),
    ("tracing-subscriber", &["khue", "simcam", "bench"]),
    ("rust-embed", &["khue"]),
    // Hostile bitstreams and the GPL stay out of the main program.
    ("ffmpeg-sys-next", &["decode-worker"]),
    ("seccompiler", &["decode-worker"]),
    ("ab_glyph", &["decode-worker"]),
    ("anyhow", &["khue", "e2e", "bench"]),
];

/// Returns each crate of the workspace with what it depends on outside its tests.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--locked"])
        .current_dir(e2e::root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let text = |value: &Value| value.as_str().expect("a name is text").to_owned();
    let packages = metadata["packages"].as_array().expect("there are packages");
    packages
        .iter()
        .map(|package| {
            let all = package["dependencies"].as_array().expect("a list");
            let used = all.iter().filter(|dependency| dependency["kind"] != "dev");
            (text(&package["name"]), used.map(|dependency| text(&dependency["name"])).collect())
        })
        .collect()
}

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&name))
}

#[test]
fn every_crate_has_its_floor_and_no_arrow_goes_up_or_sideways() {
    let dependencies = dependencies();
    let mut broken = Vec::new();
    for (name, used) in &dependencies {
        let Some(here) = floor(name) else {
            broken.push(format!("{name} stands on no floor: add it to FLOORS"));
            continue;
        };
        for other in used.iter().filter(|other| dependencies.contains_key(*other)) {
            let sideways_or_up = floor(other).is_none_or(|there| there >= here);
            let double = name == "simcam" && !["base", "media"].contains(&other.as_str());
            if sideways_or_up || double {
                broken.push(format!("{name} -> {other}"));
            }
        }
    }
    assert!(broken.is_empty(), "arrows that break the floors: {broken:#?}");
}

#[test]
fn an_outside_library_lives_in_its_room() {
    let mut broken = Vec::new();
    for (name, used) in &dependencies() {
        for (library, rooms) in ROOMS {
            if used.iter().any(|other| other == library) && !rooms.contains(&name.as_str()) {
                broken.push(format!("{name} -> {library}, which lives in {rooms:?}"));
            }
        }
    }
    assert!(broken.is_empty(), "libraries out of their rooms: {broken:#?}");
}
