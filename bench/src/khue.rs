//! The program itself, started as its users would: `khue camera add` for each
//! camera, then `khue serve`, and somebody who signs in.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use e2e::city;
use e2e::http::Person;
use e2e::program::{self, Program};
use serde_json::json;
use simcam::clip::{self, Rendered};

use crate::load::Load;

/// The operator's password, once the first one was used.
pub(crate) const PASSWORD: &str = "mưa rào Hà Nội 1954";

/// How long the program may take to read all cameras.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Which streams are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Streams {
    /// The large one.
    Main,
    /// Both.
    Both,
}

/// A running `khue serve`.
pub(crate) struct Khue {
    program: Program,
    /// Where it serves.
    pub(crate) address: String,
    /// Where it serves the same without TLS.
    pub(crate) unsealed: SocketAddr,
    /// Where it records.
    pub(crate) recordings: PathBuf,
}

impl Khue {
    /// Starts it over an empty folder, with every camera of a load: the camera at
    /// `cam3/main` is called `cam3`.
    pub(crate) fn start(load: &Load, streams: Streams, folder: &Path) -> anyhow::Result<Self> {
        Self::start_bounded(load, streams, folder, "")
    }

    /// The same, with more said of its store.
    pub(crate) fn start_bounded(
        load: &Load,
        streams: Streams,
        folder: &Path,
        store: &str,
    ) -> anyhow::Result<Self> {
        let config = configure(load, streams, folder, store)?;
        Self::serve(&config, folder)
    }

    /// Serves what is in a folder already.
    pub(crate) fn serve(config: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut program = Program::start([
            "serve".as_ref(),
            "--unsealed".as_ref(),
            "127.0.0.1:0".as_ref(),
            "--config".as_ref(),
            config.as_os_str(),
        ])?;
        let address = program.address()?;
        let unsealed = program.wait_for("unsealed")?;
        let (_, unsealed) = unsealed.rsplit_once(' ').context("an address stands last")?;
        let (unsealed, recordings) = (unsealed.parse()?, folder.join("data/recordings"));
        Ok(Self { program, address, unsealed, recordings })
    }

    /// Signs in as the operator, who has [`PASSWORD`] from then on.
    pub(crate) fn operator(&mut self) -> anyhow::Result<Person> {
        let data = self.recordings.parent().context("recordings lie below the data")?;
        let mut person = Person::reach(&self.address, data)?;
        person.sign_in_first("trucban", &self.program.password("trucban")?, PASSWORD)?;
        Ok(person)
    }

    /// Signs in as the operator who has signed in before.
    pub(crate) fn signed_in(&self) -> anyhow::Result<Person> {
        let data = self.recordings.parent().context("recordings lie below the data")?;
        let mut person = Person::reach(&self.address, data)?;
        person.sign_in("trucban", PASSWORD)?;
        Ok(person)
    }

    /// Adds another operator, for what one person may not have alone.
    pub(crate) fn second_operator(&mut self) -> anyhow::Result<Person> {
        const NAME: &str = "trucban2";
        let data = self.recordings.parent().context("recordings lie below the data")?;
        let mut admin = Person::reach(&self.address, data)?;
        admin.sign_in_first("quantri", &self.program.password("quantri")?, PASSWORD)?;
        let body = json!({ "name": NAME, "display_name": NAME, "role": "operator" });
        let added = admin.ask("POST", "people", Some(body))?.ok()?;
        let one_time = added["one_time_password"].as_str().context("a password")?;
        let mut person = Person::reach(&self.address, data)?;
        person.sign_in_first(NAME, one_time, PASSWORD)?;
        Ok(person)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.program.pid()
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        let status = self.program.stop()?;
        anyhow::ensure!(status.success(), "khue ended with {status}");
        Ok(())
    }
}

/// Writes an empty installation with every camera of a load into `folder`, and
/// returns its configuration.
pub(crate) fn configure(
    load: &Load,
    streams: Streams,
    folder: &Path,
    store: &str,
) -> anyhow::Result<PathBuf> {
    let config = program::configure(
        folder,
        &format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n[sign_in]\nsecond_factor = \"nobody\"\n[rtsp]\nserve = false\n\
                 [store]\nreserve_bytes = 16777216\n{store}"
        ),
    )?;
    for (number, url) in load.urls.iter().enumerate() {
        let mut adding = Command::new(program::khue());
        adding.args(["camera", "add", url, "--untried", "--name", &format!("cam{number}")]);
        adding.args(city::RECORDED_FOR);
        if streams == Streams::Both {
            adding.args(["--sub", &url.replace("/main", "/sub")]);
        }
        let added = adding.arg("--config").arg(&config).output().context("cannot start khue")?;
        anyhow::ensure!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    }
    Ok(config)
}

/// Returns each camera's name by its id.
pub(crate) fn names(person: &Person) -> anyhow::Result<BTreeMap<String, String>> {
    let tree = person.ask("GET", "tree", None)?.ok()?;
    let cameras = tree["cameras"].as_array().context("a tree has cameras")?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    Ok(cameras.iter().map(|camera| (text(&camera["id"]), text(&camera["name"]))).collect())
}

/// Asks for a media token of one camera.
pub(crate) fn token(person: &Person, camera: &str, action: &str) -> anyhow::Result<String> {
    let asked = json!({ "camera": camera, "actions": [action] });
    let given = person.ask("POST", "media-tokens", Some(asked))?.ok()?;
    Ok(given["token"].as_str().with_context(|| format!("no token: {given}"))?.to_owned())
}

/// Returns the first street, drawn once and kept.
pub(crate) fn scene() -> anyhow::Result<Rendered> {
    let scenes = simcam::scene::Scene::all();
    let first = scenes.get(..1).context("there is a scene")?;
    let rendered = clip::render_all(&e2e::scenes(), first, |_| {})?;
    rendered.into_iter().next().context("the scene was asked for")
}
