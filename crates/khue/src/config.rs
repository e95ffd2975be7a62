//! The node's configuration: one TOML file, read once, unknown keys refused.
//!
//! It says where this *node* stands: folders, ports, certificates. What the
//! *city* wants (cameras, retention, people) is in the catalog. Each room
//! defines its own section; this file gathers them. `docs/ref/khue.toml` shows
//! every key with its default, and a test keeps it true.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context;
use live::whep::WhepConfig;
use serde::Deserialize;
use store::StoreConfig;

/// What `khue.toml` says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The node's own folder (see `home.rs`).
    pub(crate) data: PathBuf,
    #[serde(default)]
    pub(crate) http: Http,
    #[serde(default)]
    pub(crate) rtsp: Rtsp,
    /// `[sign_in]`: how much is asked of whoever signs in, and how long it holds.
    #[serde(default)]
    pub(crate) sign_in: signin::Config,
    /// `[store]`: where recordings lie and what they may take.
    #[serde(default)]
    pub(crate) store: StoreConfig,
    #[serde(default)]
    pub(crate) decode: Decode,
    /// `[whep]`: where live pictures by WebRTC go out.
    #[serde(default)]
    pub(crate) whep: WhepConfig,
}

/// `[decode]`: what decodes and converts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Decode {
    /// The program; `khue-decode` beside this one if not said.
    pub(crate) program: Option<PathBuf>,
    /// How many cores conversions may take; half of them if not said.
    pub(crate) cores: Option<f32>,
}

impl Decode {
    /// Returns how the worker is to be used.
    pub(crate) fn worker(&self) -> decode::Config {
        let beside = || {
            let here = std::env::current_exe().unwrap_or_default();
            here.with_file_name("khue-decode")
        };
        let config = decode::Config::new(self.program.clone().unwrap_or_else(beside));
        let cores = self.cores.unwrap_or(config.cores);
        decode::Config { cores, ..config }
    }
}

/// `[http]`: where people connect.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Http {
    /// Address and port.
    pub(crate) listen: SocketAddr,
    /// Names and addresses that the installation's own certificate carries
    /// besides those this machine knows of itself.
    pub(crate) names: Vec<String>,
    /// A certificate chain (PEM) to use in place of our own.
    pub(crate) certificate: Option<PathBuf>,
    /// Its private key (PEM).
    pub(crate) key: Option<PathBuf>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::UNSPECIFIED, 8443).into(),
            names: Vec::new(),
            certificate: None,
            key: None,
        }
    }
}

/// `[rtsp]`: where foreign programs watch live.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rtsp {
    /// Whether it is served at all.
    pub(crate) serve: bool,
    /// Address and port of `rtsps://`.
    pub(crate) listen: SocketAddr,
    /// Address and port of `rtsp://`, which anybody on the way can watch.
    pub(crate) plain: Option<SocketAddr>,
}

impl Default for Rtsp {
    fn default() -> Self {
        Self { serve: true, listen: (Ipv4Addr::UNSPECIFIED, 8322).into(), plain: None }
    }
}

impl Config {
    /// Reads the file at `path`; the error names the line and what may stand there.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| {
            format!(
                "cannot read the configuration {}: docs/ref/khue.toml shows one",
                path.display()
            )
        })?;
        let mut config: Self =
            toml::from_str(&text).with_context(|| format!("in {}", path.display()))?;
        anyhow::ensure!(
            config.http.certificate.is_some() == config.http.key.is_some(),
            "in {}: [http] certificate and key go together",
            path.display()
        );
        if let Err(words) = config.store.check() {
            anyhow::bail!("in {}: [store] {words}", path.display());
        }
        if let Err(words) = config.sign_in.check() {
            anyhow::bail!("in {}: [sign_in] {words}", path.display());
        }
        // A relative folder lies in the data folder; an absolute one stays.
        config.store.root = config.data.join(&config.store.root);
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("khue.toml");
        fs::write(&path, text).unwrap();
        Config::read(&path)
    }

    #[test]
    fn the_sample_shows_every_key_and_each_is_read() {
        let sample =
            fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ref/khue.toml"))
                .unwrap();
        read(&sample).unwrap();
        // Every commented-out key must be one that the program knows.
        let uncommented: String = sample
            .lines()
            .map(|line| line.strip_prefix("#= ").unwrap_or(line).to_owned() + "\n")
            .collect();
        let config = read(&uncommented).unwrap();
        assert!(config.http.certificate.is_some());
        let defaults =
            toml::to_string(&StoreConfig { ceiling_bytes: Some(0), ..StoreConfig::default() })
                .unwrap();
        let store_keys = defaults.lines().filter_map(|line| line.split(" = ").next());
        assert!(config.whep.public_address.is_some());
        let of_whep = WhepConfig { public_address: None, ..config.whep };
        assert_eq!(of_whep, WhepConfig::default(), "what is shown is what holds if left out");
        assert_eq!(config.sign_in, signin::Config::default(), "what is shown is what holds");
        let sign_in_keys = toml::to_string(&signin::Config::default()).unwrap();
        let sign_in_keys = sign_in_keys.lines().filter_map(|line| line.split(" = ").next());
        let keys = [
            "data",
            "listen",
            "names",
            "certificate",
            "key",
            "enabled",
            "public_address",
            "program",
            "cores",
            "serve",
            "plain",
        ];
        for key in keys.into_iter().chain(store_keys).chain(sign_in_keys) {
            let shown = uncommented.lines().any(|line| line.starts_with(&format!("{key} = ")));
            assert!(shown, "{key} is not in the sample");
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_those_that_are_known() {
        let error = format!("{:#}", read("data = '/d'\n[http]\nport = 1\n").unwrap_err());
        assert!(error.contains("unknown field `port`") && error.contains("`listen`"), "{error}");
    }

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        let error =
            format!("{:#}", read("data = '/d'\n[http]\ncertificate = 'c.pem'\n").unwrap_err());
        assert!(error.contains("certificate and key go together"), "{error}");
    }

    #[test]
    fn a_store_that_cannot_work_is_refused() {
        let error = read("data = '/d'\n[store]\nwrite_queue_bytes = 1\n").unwrap_err();
        let words = "[store] write_queue_bytes = 1 cannot work; give at least 16777216";
        assert!(error.to_string().ends_with(words), "{error}");
    }

    #[test]
    fn a_public_address_that_is_none_is_refused_with_one_that_is() {
        let error = read("data = '/d'\n[whep]\npublic_address = 'vms.vn'\n").unwrap_err();
        let words = format!("{error:#}");
        assert!(words.contains("\"vms.vn\"") && words.contains("203.0.113.7"), "{words}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = format!("{:#}", Config::read(Path::new("/nowhere/khue.toml")).unwrap_err());
        assert!(
            error.contains("/nowhere/khue.toml") && error.contains("docs/ref/khue.toml"),
            "{error}"
        );
    }
}
