//! Tells a collector of logs of each entry of the audit.
//!
//! ```text
//! audit/ ──Follower──▶ RFC 5424, CEF ──octet-counted (RFC 6587), TLS (RFC 5425)──▶ collector
//!                                            └ up to which entry: syslog.sent
//! ```
//!
//! The journal does not wait for it: a collector that is away is told later, from where
//! it was left. Syslog knows no answer, so what was sent in the last seconds before a
//! connection broke is sent again; the entry's number tells it apart.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use audit::chain::Line;
use audit::{Follower, Outcome};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use crate::config::Syslog;
use crate::home::{Home, write_private};

/// How often the journal is looked into.
const LOOK: Duration = Duration::from_secs(1);

/// How long a collector that is away is left alone.
const AWAY: Duration = Duration::from_secs(10);

/// How long it may take to connect, or to take one batch.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was sent so long ago and no break since, is taken to be there.
const SURE: Duration = Duration::from_secs(5);

/// How many entries go out at once.
const BATCH: usize = 500;

/// Facility 13, log audit (RFC 5424, 6.2.1).
const FACILITY: u8 = 13;

/// Who tells the collector.
pub(crate) struct Teller {
    server: String,
    host: ServerName<'static>,
    tls: Option<TlsConnector>,
    audit: PathBuf,
    sent: PathBuf,
    node: String,
}

/// Up to which entry the collector was told.
struct Position {
    /// So far when it was kept last.
    sure: u64,
    told: u64,
    since: Instant,
}

impl Teller {
    /// Returns who tells, with what its files hold.
    pub(crate) fn new(config: &Syslog, home: &Home) -> anyhow::Result<Self> {
        let host = config.server.rsplit_once(':').map_or("", |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let host = ServerName::try_from(host)
            .with_context(|| format!("server is {:?}: write HOST:PORT", config.server))?;
        let tls = config.certificate_file.as_deref().map(connector).transpose()?;
        // "-" where it has no name that a message may carry (RFC 5424, 6.2.4).
        let node = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let node = node.trim().to_owned();
        let is_name = !node.is_empty() && node.bytes().all(|byte| byte.is_ascii_graphic());
        let node = if is_name { node } else { "-".to_owned() };
        let (server, audit, sent) = (config.server.clone(), home.audit(), home.syslog_sent());
        Ok(Self { server, host, tls, audit, sent, node })
    }

    /// Tells until it is asked to stop.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        let mut away = false;
        let work = async {
            loop {
                let error = match self.tell(&mut away).await {
                    Ok(never) => match never {},
                    Err(error) => error,
                };
                if !std::mem::replace(&mut away, true) {
                    tracing::warn!(server = self.server, %error, "the collector of logs is not told; it will be, from where it was left");
                }
                sleep(AWAY).await;
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = work => {}
        }
    }

    /// Tells until the connection breaks.
    async fn tell(&self, away: &mut bool) -> io::Result<std::convert::Infallible> {
        let stream = timeout(PATIENCE, TcpStream::connect(&self.server)).await??;
        match &self.tls {
            None => self.tell_by(stream, away).await,
            Some(tls) => {
                let stream = timeout(PATIENCE, tls.connect(self.host.clone(), stream)).await??;
                self.tell_by(stream, away).await
            }
        }
    }

    async fn tell_by<S>(&self, stream: S, away: &mut bool) -> io::Result<std::convert::Infallible>
    where
        S: tokio::io::AsyncRead + AsyncWrite + Unpin,
    {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut kept = self.position()?;
        let mut follower = Follower::new(&self.audit, kept);
        let mut at = Position { sure: kept, told: kept, since: Instant::now() };
        if std::mem::replace(away, false) {
            tracing::info!(server = self.server, "the collector of logs is there again");
        }
        loop {
            let read = move || {
                let lines = follower.read(BATCH);
                (follower, lines)
            };
            let read = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?;
            let lines;
            (follower, lines) = read;
            let lines = lines?;
            if let Some(last) = lines.last().map(|line| line.link.n) {
                let bytes: Vec<u8> =
                    lines.iter().flat_map(|line| framed(&message(line, &self.node))).collect();
                let sending = async {
                    writer.write_all(&bytes).await?;
                    writer.flush().await
                };
                timeout(PATIENCE, sending).await??;
                at.told = last;
            }
            if at.since.elapsed() >= SURE {
                // What was sent at the last such moment: nothing broke since.
                if at.sure != kept {
                    self.keep(at.sure)?;
                    kept = at.sure;
                }
                at = Position { sure: at.told, told: at.told, since: Instant::now() };
            }
            if lines.len() < BATCH {
                // It says nothing; that it closed is heard here and not at the next entry.
                let mut byte = [0];
                match timeout(LOOK, reader.read(&mut byte)).await {
                    Ok(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    Ok(Err(error)) => return Err(error),
                    Ok(Ok(_)) | Err(_) => {}
                }
            }
        }
    }

    /// Up to which entry the collector was told.
    fn position(&self) -> io::Result<u64> {
        match fs::read_to_string(&self.sent) {
            // Not a number: told again from the first.
            Ok(text) => Ok(text.trim().parse().unwrap_or(0)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn keep(&self, n: u64) -> io::Result<()> {
        write_private(&self.sent, format!("{n}\n").as_bytes()).map_err(io::Error::other)
    }
}

/// Returns what connects, and believes the certificates of a file.
fn connector(path: &Path) -> anyhow::Result<TlsConnector> {
    let pem = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let cannot = || format!("{} holds what is no certificate", path.display());
        roots.add(certificate.with_context(cannot)?).with_context(cannot)?;
    }
    anyhow::ensure!(!roots.is_empty(), "{} holds no certificate (PEM)", path.display());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Writes an entry as a message (RFC 5424, 6).
fn message(line: &Line, node: &str) -> String {
    let severity = match line.entry.outcome {
        Outcome::Done => 6,
        Outcome::Refused(_) => 4,
    };
    let priority = FACILITY * 8 + severity;
    let (at, act) = (line.entry.at, line.entry.act.as_str());
    let process = std::process::id();
    let text = audit::cef(line, env!("CARGO_PKG_VERSION"));
    // The text is said to be UTF-8 by what stands in front of it (6.4).
    format!("<{priority}>1 {at} {node} khue {process} {act} - \u{feff}{text}")
}

/// Puts its length in front of a message (RFC 6587, 3.4.1).
fn framed(message: &str) -> Vec<u8> {
    format!("{} {message}", message.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use audit::chain::Link;
    use audit::{Act, Entry};
    use base::WallTime;

    use super::*;

    #[test]
    fn an_entry_is_a_message_with_its_length_in_front() {
        let refused = Outcome::Refused("forbidden".to_owned());
        let entry = Entry::new(WallTime(1_795_887_900_000_000), Act::Playback, refused);
        let mut bytes = Vec::new();
        Link::START.write(entry, &mut bytes);
        let line = Line::read(bytes.trim_ascii_end()).unwrap();
        let text = message(&line, "nut-1");
        let begin = format!(
            "<108>1 2026-11-28T17:45:00.000000Z nut-1 khue {} playback - \u{feff}CEF:0|Khuê|",
            std::process::id()
        );
        assert!(text.starts_with(&begin), "{text}");
        assert_eq!(framed("ê"), "2 ê".as_bytes());
    }
}
