//! `khue.toml`, as whoever runs a node writes it.
//!
//! What is read has certificate and key together, and its store under the data
//! folder or where it says, and a user and a name in the address of its database;
//! written out again, it is read the same. What is refused names the file.
#![no_main]

// The program is no library, so its file is taken as it stands.
#[path = "../../crates/khue/src/config.rs"]
mod config;

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

use config::{Address, Config};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("khue.toml");
    let read = |text: &str| {
        std::fs::write(&path, text).expect("a file can be written");
        Config::read(&path)
    };
    let config = match read(text) {
        Ok(config) => config,
        Err(error) => {
            assert!(format!("{error:#}").contains("khue.toml"));
            return;
        }
    };
    assert_eq!(config.http.certificate.is_some(), config.http.key.is_some());
    assert!(config.store.root.is_absolute() || config.store.root.starts_with(&config.data));

    assert!(config.database.password_file.is_none() || config.database.url.is_some());

    let mut written = String::new();
    let quoted = |path: &Path| toml::Value::from(path.to_str().expect("it came out of text"));
    let _ = writeln!(written, "data = {}\n[http]", quoted(&config.data));
    let _ = writeln!(written, "listen = \"{}\"", config.http.listen);
    let _ = writeln!(written, "names = {}", toml::Value::from(config.http.names.clone()));
    if let (Some(certificate), Some(key)) = (&config.http.certificate, &config.http.key) {
        let _ = writeln!(written, "certificate = {}\nkey = {}", quoted(certificate), quoted(key));
    }
    if let Some(Address(url)) = &config.database.url {
        let _ = writeln!(written, "[database]\nurl = {}", toml::Value::from(url.clone()));
        if let Some(file) = &config.database.password_file {
            let _ = writeln!(written, "password_file = {}", quoted(file));
        }
    }
    let mut whep = format!("\n[whep]\nenabled = {}\nlisten = \"{}\"", config.whep.enabled, config.whep.listen);
    if let Some(live::whep::PublicAddress { ip, port }) = config.whep.public_address {
        let shown = port.map_or_else(|| ip.to_string(), |port| SocketAddr::new(ip, port).to_string());
        let _ = write!(whep, "\npublic_address = \"{shown}\"");
    }
    let mut store = config.store.clone();
    if let Ok(within) = store.root.strip_prefix(&config.data) {
        store.root = within.to_owned();
    }
    let _ = writeln!(written, "{whep}");
    let _ = writeln!(written, "[store]\n{}", toml::to_string(&store).expect("numbers and a path"));
    assert_eq!(read(&written).expect("our own"), config, "{written}");
});
