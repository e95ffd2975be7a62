//! A certificate that an administrator gives, as a city with its own authority
//! would: it is the one that is served, and nothing of our own is.

use std::path::Path;
use std::process::Command;

use anyhow::Context;
use e2e::http::Person;
use e2e::program::{self, Program};

#[test]
fn a_given_certificate_is_the_one_that_is_served() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let authority = ["-subj", "/CN=Thành phố", "-addext", "keyUsage=critical,keyCertSign"];
    make(folder.path(), "authority", &authority)?;
    let names = "subjectAltName=DNS:localhost";
    let by_it = ["-CA", "authority.pem", "-CAkey", "authority.key"];
    let leaf = ["-subj", "/CN=localhost", "-addext", names, "-addext", "basicConstraints=CA:FALSE"];
    make(folder.path(), "node", &[&by_it[..], &leaf[..]].concat())?;

    let [certificate, key] = ["node.pem", "node.key"].map(|name| folder.path().join(name));
    let http =
        format!("[http]\nlisten = \"127.0.0.1:0\"\ncertificate = {certificate:?}\nkey = {key:?}\n");
    let config = program::configure(folder.path(), &http)?;
    let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
    let address = khue.address()?;
    let authority = std::fs::read(folder.path().join("authority.pem"))?;
    let mut person = Person::trusting(&address, &authority)?;
    person.sign_in_first("trucban", &khue.password("trucban")?, "mưa rào Hà Nội 1954")?;
    let session = person.ask("GET", "session", None)?.ok()?;
    assert_eq!(session["user"]["name"], "trucban");

    // Who trusts somebody else is not served by it, and there is nothing of ours to trust.
    make(folder.path(), "other", &["-subj", "/CN=Thành phố"])?;
    let other = std::fs::read(folder.path().join("other.pem"))?;
    let stranger = Person::trusting(&address, &other)?;
    let error = format!("{:#}", stranger.ask("GET", "session", None).unwrap_err());
    assert!(error.contains("certificate"), "{error}");
    assert!(!folder.path().join("data/tls/ca.pem").exists());
    assert_eq!(person.ask("GET", "../../ca.crt", None)?.status, 404);
    assert!(khue.stop()?.success());
    Ok(())
}

/// Makes `NAME.pem` and `NAME.key` in a folder.
fn make(folder: &Path, name: &str, told: &[&str]) -> anyhow::Result<()> {
    let output = Command::new("openssl")
        .current_dir(folder)
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
        .args(["-nodes", "-days", "2", "-utf8", "-keyout"])
        .args([&format!("{name}.key"), "-out", &format!("{name}.pem")])
        .args(told)
        .output()
        .context("install the Debian package openssl")?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
