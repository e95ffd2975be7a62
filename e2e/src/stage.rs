//! A running program over simulated cameras of the test's own process, which knows
//! each frame that was sent.

use std::path::PathBuf;

use simcam::{CameraConfig, Server};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::city;
use crate::http::Person;
use crate::program::{self, Program};

/// What a test plays on. Fields are ended in their order.
pub struct Stage {
    /// The program.
    pub khue: Program,
    /// Its cameras: `cam0`, `cam1`, …
    pub server: Server,
    _runtime: Runtime,
    /// Where the program serves.
    pub address: String,
    /// Its folder: the configuration, and `data`.
    pub folder: TempDir,
}

impl Stage {
    /// Starts the program over cameras, with `config` in its configuration beside
    /// free ports and a disk that is never too full.
    pub fn set(cameras: Vec<CameraConfig>, config: &str) -> anyhow::Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let folder = tempfile::tempdir()?;
        let config = program::configure(
            folder.path(),
            &format!(
                "[http]\nlisten = \"127.0.0.1:0\"\n[sign_in]\nsecond_factor = \"nobody\"\n[store]\nreserve_bytes = 16777216\n{config}"
            ),
        )?;
        let count = cameras.len();
        let server = runtime.block_on(city::serve_these(cameras))?;
        city::add(&config, &server, count)?;
        let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
        let address = khue.address()?;
        Ok(Self { khue, server, _runtime: runtime, address, folder })
    }

    /// Signs somebody in for the first time, who has `password` from then on.
    pub fn person(&mut self, name: &str, password: &str) -> anyhow::Result<Person> {
        let mut person = Person::reach(&self.address, &self.folder.path().join("data"))?;
        person.sign_in_first(name, &self.khue.password(name)?, password)?;
        Ok(person)
    }

    /// Returns a path in the program's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
