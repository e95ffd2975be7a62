//! The node's own folder: what must survive a restart besides recordings.
//!
//! ```text
//! DATA/
//!   khue.sqlite           catalog, sign-ins, holds, unless they are on a server
//!   installation.key      32 random bytes, readable by the owner alone
//!   tls/                  the installation's CA and this node's certificate
//!   running               held by the server that runs over it, with its process id
//!   audit/                who did what: a journal that cannot be altered unseen
//!   slips/                acts of commands, until the server has them in audit/
//!   syslog.sent           up to which entry the collector of logs was told
//!   khue.log              of the demo: who watched and took out what
//!   recordings/           the store, unless the configuration puts it elsewhere
//! ```

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use aws_lc_rs::{hkdf, rand};

/// The folder, made if need be and closed to others.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    root: PathBuf,
}

/// The right to run a server over the folder, until it is dropped.
#[derive(Debug)]
pub(crate) struct Alone(fs::File);

impl Drop for Alone {
    fn drop(&mut self) {
        // Closing the file is not enough: a child that is just being started
        // holds a copy of it for a moment, and with it the lock.
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the data folder is let go of only when its file is closed");
        }
    }
}

impl Home {
    pub(crate) fn open(root: &Path) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(root)
            .with_context(|| format!("cannot make the data folder {}", root.display()))?;
        Ok(Self { root: root.to_owned() })
    }

    /// Takes the folder for one server. Whoever only reads or writes the database
    /// does that beside it.
    pub(crate) fn alone(&self) -> anyhow::Result<Alone> {
        let path = self.root.join("running");
        let cannot = || format!("cannot take {}", path.display());
        // Not cut before it is taken: what stands in it may be another's.
        let mut options = fs::OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).with_context(cannot)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let mut process = String::new();
                let _ = file.read_to_string(&mut process);
                bail!(
                    "another khue (process {}) runs over {}: end it, or give this one a folder of its own",
                    process.trim_end(),
                    self.root.display()
                );
            }
            Err(fs::TryLockError::Error(error)) => return Err(error).with_context(cannot),
        }
        file.set_len(0).with_context(cannot)?;
        writeln!(file, "{}", std::process::id()).with_context(cannot)?;
        Ok(Alone(file))
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.root.join("installation.key")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("khue.sqlite")
    }

    pub(crate) fn audit(&self) -> PathBuf {
        self.root.join("audit")
    }

    pub(crate) fn slips(&self) -> PathBuf {
        self.root.join("slips")
    }

    pub(crate) fn syslog_sent(&self) -> PathBuf {
        self.root.join("syslog.sent")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("khue.log")
    }

    pub(crate) fn tls(&self) -> PathBuf {
        self.root.join("tls")
    }

    pub(crate) fn scenes(&self) -> PathBuf {
        self.root.join("scenes")
    }

    /// Returns the key for one use, derived from the installation's key (HKDF,
    /// RFC 5869), so that no two uses share one.
    pub(crate) fn key(&self, used_for: &str) -> anyhow::Result<[u8; 32]> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"khue");
        let mut key = [0; 32];
        salt.extract(&self.installation_key()?)
            .expand(&[used_for.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|derived| derived.fill(&mut key))
            .map_err(|_| anyhow::anyhow!("no key could be derived"))?;
        Ok(key)
    }

    /// Returns the installation's key, made at the first call.
    fn installation_key(&self) -> anyhow::Result<[u8; 32]> {
        let path = self.key_file();
        match fs::read(&path) {
            Ok(bytes) => {
                let mode = fs::metadata(&path)?.permissions().mode();
                if mode & 0o077 != 0 {
                    bail!(
                        "{} can be read by others (mode {:o}): run chmod 600 on it, and if they may have read it, replace it",
                        path.display(),
                        mode & 0o777
                    );
                }
                bytes.try_into().map_err(|bytes: Vec<u8>| {
                    anyhow::anyhow!(
                        "{} holds {} bytes where 32 belong: bring it back from a backup (without it no camera password can be read)",
                        path.display(),
                        bytes.len()
                    )
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut key = [0; 32];
                rand::fill(&mut key)
                    .map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
                write_private(&path, &key)?;
                Ok(key)
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }
}

/// Writes a file that its owner alone can read, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let temporary = path.with_extension("new");
    let written = (|| {
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    })();
    written.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("data")).unwrap();
        let key = home.key("seal").unwrap();
        assert_ne!(key, [0; 32]);
        assert_eq!(home.key("seal").unwrap(), key);
        assert_ne!(home.key("sign-in").unwrap(), key);
        let mode =
            fs::metadata(folder.path().join("data/installation.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_folder_is_one_servers_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let alone = home.alone().unwrap();
        let words = home.alone().unwrap_err().to_string();
        let process = format!("another khue (process {}) runs over", std::process::id());
        assert!(words.starts_with(&process) && words.contains("end it"), "{words}");
        drop(alone);
        home.alone().unwrap();
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_cut_is_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        let path = folder.path().join("installation.key");
        write_private(&path, b"short").unwrap();
        assert!(home.key("seal").unwrap_err().to_string().contains("5 bytes where 32 belong"));
        home.key("seal").unwrap_err();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(home.key("seal").unwrap_err().to_string().contains("chmod 600"));
    }
}
