//! A real collector of logs (rsyslog), which is told over TLS.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::players::Playing;

/// A collector that writes what it is told into a file, one line each.
pub struct Collector {
    folder: PathBuf,
    port: u16,
}

impl Collector {
    /// Makes its certificate, and takes a port that is free now.
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        let make = |name: &str, more: &[&str]| -> anyhow::Result<()> {
            let made = Command::new("openssl")
                .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
                .args(["-nodes", "-days", "2", "-keyout"])
                .arg(format!("{name}-key.pem"))
                .args(["-out", &format!("{name}.pem")])
                .args(more)
                .current_dir(folder)
                .output()?;
            ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            Ok(())
        };
        make("collector-ca", &["-subj", "/CN=ca"])?;
        let of_ca = ["-CA", "collector-ca.pem", "-CAkey", "collector-ca-key.pem"];
        let own = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
        let leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
        make("collector", &[&of_ca[..], &own, &leaf].concat())?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self { folder: folder.to_owned(), port })
    }

    /// Returns what the program's configuration says of it.
    pub fn config(&self) -> String {
        let certificate = self.folder.join("collector-ca.pem");
        let port = self.port;
        format!(
            "[audit.syslog]\nserver = \"localhost:{port}\"\ncertificate_file = {certificate:?}\n"
        )
    }

    /// Starts it; dropped, it ends.
    pub fn start(&self) -> anyhow::Result<Playing> {
        let (folder, port) = (self.folder.display(), self.port);
        let config = format!(
            r#"global(workDirectory="{folder}" defaultNetstreamDriver="ossl"
  defaultNetstreamDriverCAFile="{folder}/collector-ca.pem"
  defaultNetstreamDriverCertFile="{folder}/collector.pem"
  defaultNetstreamDriverKeyFile="{folder}/collector-key.pem")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="told" type="string"
  string="%syslogfacility-text%.%syslogseverity-text% %app-name% %msgid% %msg%\n")
*.* action(type="omfile" file="{folder}/told" template="told")
"#
        );
        let path = self.folder.join("rsyslog.conf");
        std::fs::write(&path, config)?;
        let mut command = Command::new("rsyslogd");
        command.arg("-n").arg("-f").arg(&path).arg("-i").arg(self.folder.join("rsyslog.pid"));
        Playing::start(&mut command).context("rsyslog is needed; scripts/need test brings it")
    }

    /// Returns what it was told, a line each.
    pub fn told(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.join("told")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}
