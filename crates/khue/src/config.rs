//! The node's configuration: one TOML file, read once, unknown keys refused.
//!
//! It says where this *node* stands: folders, ports, certificates. What the
//! *city* wants (cameras, retention, people) is in the catalog. Each room
//! defines its own section; this file gathers them. `docs/ref/khue.toml` shows
//! every key with its default, and a test keeps it true.

use std::fmt;
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
    pub(crate) database: Database,
    #[serde(default)]
    pub(crate) http: Http,
    #[serde(default)]
    pub(crate) rtsp: Rtsp,
    #[serde(default)]
    pub(crate) audit: Audit,
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
    /// Where on this machine the same is served without TLS, to measure what that
    /// costs. Of the command line alone: no installation has it.
    #[serde(skip)]
    pub(crate) unsealed: Option<SocketAddr>,
}

/// `[audit]`: how long is kept who did what, and who else is told.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Audit {
    /// How many days entries are kept, at least; their roots are kept for good.
    pub(crate) keep_days: u32,
    pub(crate) syslog: Option<Syslog>,
}

/// `[audit.syslog]`: a collector that is told of each entry.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Syslog {
    /// `HOST:PORT`.
    pub(crate) server: String,
    /// The certificates (PEM) that sign the collector's.
    pub(crate) certificate_file: Option<PathBuf>,
    /// Whether entries go out unsealed, so that anybody on the way reads them.
    #[serde(default)]
    pub(crate) plain: bool,
}

/// 24 months, whichever they are.
const FEWEST_DAYS: u32 = 731;

impl Default for Audit {
    fn default() -> Self {
        Self { keep_days: FEWEST_DAYS, syslog: None }
    }
}

impl Audit {
    fn check(&self) -> Result<(), String> {
        if self.keep_days < FEWEST_DAYS {
            return Err(format!(
                "keep_days is {}: who did what is kept for 24 months at least, {FEWEST_DAYS} days",
                self.keep_days
            ));
        }
        match &self.syslog {
            Some(syslog) if syslog.plain == syslog.certificate_file.is_some() => {
                let words = "syslog: give certificate_file for a sealed way, or plain = true for \
                             one that anybody on it reads";
                Err(words.to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// `[database]`: where rows are kept, if not in a file of the data folder.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Database {
    /// A PostgreSQL database: `postgres://USER@HOST/DATABASE`.
    pub(crate) url: Option<Address>,
    /// A file whose first line is the password.
    pub(crate) password_file: Option<PathBuf>,
}

/// An address that may hold a password, so that nothing shows it.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Address(pub(crate) String);

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(hidden)")
    }
}

impl Database {
    /// Returns the server, if rows are kept on one.
    pub(crate) fn server(&self) -> anyhow::Result<Option<db::Server>> {
        let Some(Address(url)) = &self.url else {
            anyhow::ensure!(
                self.password_file.is_none(),
                "password_file goes with a url, which is missing"
            );
            return Ok(None);
        };
        let server: db::Server = url.parse().context("the url cannot be used")?;
        let Some(path) = &self.password_file else { return Ok(Some(server)) };
        anyhow::ensure!(
            !server.has_password(),
            "a password is in the url and in password_file; leave it in the file"
        );
        Ok(Some(server.with_password(&password_in(path)?)))
    }
}

/// Returns the first line of a file that holds a password.
pub(crate) fn password_in(path: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the password in {}", path.display()))?;
    let line = text.lines().next().unwrap_or_default();
    anyhow::ensure!(!line.is_empty(), "the first line of {} is empty", path.display());
    Ok(line.to_owned())
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
    /// Returns who else may say who somebody is, with what its files hold.
    pub(crate) fn provider(&self) -> anyhow::Result<Option<signin::Provider>> {
        let Some(oidc) = &self.sign_in.oidc else { return Ok(None) };
        let secret = oidc.client_secret_file.as_deref().map(password_in).transpose();
        let secret = secret.context("[sign_in.oidc] client_secret_file")?;
        let read = |path: &PathBuf| {
            let cannot = || format!("[sign_in.oidc] cannot read {}", path.display());
            fs::read(path).with_context(cannot)
        };
        let certificates = oidc.certificate_file.as_ref().map(read).transpose()?;
        signin::Provider::new(oidc.clone(), secret, certificates.as_deref())
            .map(Some)
            .map_err(|words| anyhow::anyhow!("[sign_in.oidc] {words}"))
    }

    /// Reads the file at `path`; the error names the line and what may stand there.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| {
            format!(
                "cannot read the configuration {}: docs/ref/khue.toml shows one",
                path.display()
            )
        })?;
        let mut config: Self = toml::from_str(&text)
            .map_err(quiet)
            .with_context(|| format!("in {}", path.display()))?;
        anyhow::ensure!(
            config.http.certificate.is_some() == config.http.key.is_some(),
            "in {}: [http] certificate and key go together",
            path.display()
        );
        // A password that is elsewhere is read when the database is opened.
        let database = Database { password_file: None, ..config.database.clone() };
        let of_database = match (&config.database.url, &config.database.password_file) {
            (None, Some(_)) => config.database.server(),
            _ => database.server(),
        };
        of_database.with_context(|| format!("in {}: [database]", path.display()))?;
        if let Err(words) = config.store.check() {
            anyhow::bail!("in {}: [store] {words}", path.display());
        }
        if let Err(words) = config.sign_in.check() {
            anyhow::bail!("in {}: [sign_in] {words}", path.display());
        }
        if let Err(words) = config.audit.check() {
            anyhow::bail!("in {}: [audit] {words}", path.display());
        }
        // A relative folder lies in the data folder; an absolute one stays.
        config.store.root = config.data.join(&config.store.root);
        Ok(config)
    }
}

/// Says what is wrong with the file without the line's address, should it have one:
/// what shows an error shows the line, and there may be a password in it.
fn quiet(error: toml::de::Error) -> anyhow::Error {
    let shown = error.to_string();
    let is_address = |line: &str| line.to_ascii_lowercase().contains("postgres");
    if !shown.lines().any(is_address) {
        return error.into();
    }
    let lines = shown.lines().map(|line| match (is_address(line), line.find("://")) {
        (true, Some(at)) => format!("{}://…", &line[..at]),
        _ => line.to_owned(),
    });
    anyhow::anyhow!("{}", lines.collect::<Vec<_>>().join("\n"))
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
    fn the_audit_is_kept_for_two_years_and_no_configuration_makes_it_less() {
        let keeps = |text: &str| {
            read(&format!("data = \"khue\"\n{text}")).map(|config| config.audit.keep_days)
        };
        assert_eq!(keeps("").unwrap(), 731);
        assert_eq!(keeps("[audit]\nkeep_days = 3650").unwrap(), 3650);
        let told = format!("{:#}", keeps("[audit]\nkeep_days = 730").unwrap_err());
        assert!(told.contains("24 months"), "{told}");
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
        assert!(config.database.url.is_some() && config.database.password_file.is_some());
        let defaults =
            toml::to_string(&StoreConfig { ceiling_bytes: Some(0), ..StoreConfig::default() })
                .unwrap();
        let store_keys = defaults.lines().filter_map(|line| line.split(" = ").next());
        assert!(config.whep.public_address.is_some());
        let of_whep = WhepConfig { public_address: None, ..config.whep };
        assert_eq!(of_whep, WhepConfig::default(), "what is shown is what holds if left out");
        let oidc = config.sign_in.oidc.clone().unwrap();
        assert!(oidc.client_secret_file.is_some() && oidc.certificate_file.is_some());
        assert!(config.sign_in.breached_file.is_some());
        let of_sign_in = signin::Config { oidc: None, breached_file: None, ..config.sign_in };
        assert_eq!(of_sign_in, signin::Config::default(), "what is shown is what holds");
        let oidc_keys = toml::to_string(&oidc).unwrap();
        // Below them stand groups and roles, whose keys are the provider's.
        let oidc_keys = oidc_keys.lines().take_while(|line| !line.starts_with('['));
        let oidc_keys = oidc_keys.filter_map(|line| Some(line.split_once(" = ")?.0));
        let sign_in_keys = toml::to_string(&signin::Config::default()).unwrap();
        let sign_in_keys = sign_in_keys.lines().filter_map(|line| line.split(" = ").next());
        let keys = [
            "data",
            "url",
            "password_file",
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
        for key in keys.into_iter().chain(store_keys).chain(sign_in_keys).chain(oidc_keys) {
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
    fn a_database_on_a_server_takes_one_line_and_a_password_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        fs::write(&file, "mật khẩu\nmore\n").unwrap();
        let config = read("data = '/d'\n[database]\nurl = 'postgres://khue@db/khue'\n").unwrap();
        let server = config.database.server().unwrap().unwrap();
        assert_eq!(server.to_string(), "postgres://khue@db/khue");
        assert!(!server.has_password());
        let with = format!(
            "data = '/d'\n[database]\nurl = 'postgres://khue@db/khue'\npassword_file = {file:?}\n"
        );
        assert!(read(&with).unwrap().database.server().unwrap().unwrap().has_password());
        assert!(read("data = '/d'\n").unwrap().database.server().unwrap().is_none());
        fs::write(&file, "\n").unwrap();
        let words = format!("{:#}", read(&with).unwrap().database.server().unwrap_err());
        assert!(words.ends_with("password is empty"), "{words}");
    }

    #[test]
    fn a_database_that_cannot_be_used_is_refused_without_its_password() {
        for (text, expected) in [
            (
                "[database]\nurl = 'mysql://khue:hunter2@db/khue'\n",
                "write postgres://USER@HOST/DATABASE",
            ),
            ("[database]\nurl = 'postgres://khue:hunter2@db'\n", "it names no database"),
            ("[database]\npassword_file = '/p'\n", "goes with a url"),
            ("[database]\nurl = postgres://khue:hunter2@db/khue\n", "line 3"),
            ("database = 'postgres://khue:hunter2@db/khue'\n", "line 2"),
            ("database = { url = 'postgres://khue:hunter2@db/khue', port = 1 }\n", "`port`"),
            ("[database]\nuri = 'postgres://khue:hunter2@db/khue'\n", "unknown field `uri`"),
        ] {
            let error = read(&format!("data = '/d'\n{text}")).unwrap_err();
            let words = format!("{error:#} {error:?}");
            assert!(words.contains(expected), "{text}: {words}");
            assert!(!words.contains("hunter2"), "{words}");
        }
        let config =
            read("data = '/d'\n[database]\nurl = 'postgres://khue:hunter2@db/khue'\n").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
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
