//! The program itself, started as its users would: `khue camera add` for each
//! camera, then `khue serve`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use simcam::clip::{self, Clip};

/// A running `khue serve`.
pub(crate) struct Khue {
    child: Child,
    /// Where it serves.
    pub(crate) address: String,
    /// The operator's one-time password.
    pub(crate) password: String,
}

impl Khue {
    /// Starts it over an empty folder, with a camera for each of `urls`.
    pub(crate) fn start(urls: &[String], folder: &Path) -> anyhow::Result<Self> {
        let config = folder.join("khue.toml");
        let data = folder.join("data");
        std::fs::write(
            &config,
            format!(
                "data = {data:?}\n[http]\nlisten = \"127.0.0.1:0\"\n[whep]\nlisten = \"127.0.0.1:0\"\n\
                 [rtsp]\nserve = false\n"
            ),
        )?;
        for url in urls {
            let added = Command::new(program()?)
                .args(["camera", "add", url, "--untried", "--config"])
                .arg(&config)
                .output()
                .context("cannot start khue")?;
            anyhow::ensure!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        }
        let mut child = Command::new(program()?)
            .args(["serve", "--config"])
            .arg(&config)
            .env("KHUE_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start khue")?;
        let output = child.stdout.take().context("standard output was asked for")?;
        let (mut address, mut password) = (None, None);
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                [one] if one.starts_with("https://") => address = Some(one.to_owned()),
                ["trucban", one, ..] => password = Some(one.to_owned()),
                _ => {}
            }
            if address.is_some() && password.is_some() {
                break;
            }
        }
        let address = address.context("khue ended before it served")?;
        let password = password.context("khue printed no password")?;
        Ok(Self { child, address, password })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Khue {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the main stream of the first street, drawn once and kept.
pub(crate) fn scene() -> anyhow::Result<Clip> {
    let home = std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    let scenes = simcam::scene::Scene::all();
    let first = scenes.get(..1).context("there is a scene")?;
    let rendered = clip::render_all(&home.join(".cache/khue/scenes"), first, |_| {})?;
    Ok(rendered.into_iter().next().context("the scene was asked for")?.main)
}

/// Returns the built program beside this one.
fn program() -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("khue");
    anyhow::ensure!(
        path.exists(),
        "{} is not there: cargo build --release -p khue",
        path.display()
    );
    Ok(path)
}
