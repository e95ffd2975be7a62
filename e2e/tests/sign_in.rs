//! Getting in otherwise than by a password, in Debian's Chromium against the built
//! program: by another installation that says who one is, and by a passkey.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use e2e::http::Person;
use e2e::program::{self, Program};
use serde_json::{Value, json};

const CHOSEN: &str = "mưa rào Hà Nội 1954";

/// A real provider (npm's `oidc-provider`), which ends with its standard input.
struct Provider {
    issuer: String,
    _child: Child,
}

impl Provider {
    fn start(address: &str) -> anyhow::Result<Self> {
        let folder = e2e::root().join("e2e/provider");
        let installed = folder.join("node_modules/oidc-provider").exists();
        anyhow::ensure!(installed, "the provider is not installed: cd e2e/provider && npm ci");
        let redirect_uri = format!("{address}/api/v1/session/oidc/callback");
        let told =
            json!({"redirect_uri": redirect_uri, "client_secret": "khue-secret"}).to_string();
        let mut child = Command::new("node")
            .arg(folder.join("provider.mjs"))
            .arg(told)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run node")?;
        let said = BufReader::new(child.stdout.take().context("standard output was asked for")?);
        let mut lines = said.lines().map_while(Result::ok);
        let issuer = lines.find_map(|line| Some(line.strip_prefix("listening ")?.to_owned()));
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { issuer: issuer.context("the provider ended")?, _child: child })
    }
}

/// Runs a story of `web/e2e` and returns what it tells.
fn story(name: &str, told: &Value) -> anyhow::Result<Vec<Value>> {
    let output = Command::new("node")
        .arg(e2e::root().join("web/e2e").join(name))
        .arg(told.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run node")?;
    anyhow::ensure!(output.status.success(), "the story broke off");
    let lines = output.stdout.lines();
    lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}

#[test]
fn somebody_comes_in_by_another_installation_and_confirms_there() -> anyhow::Result<()> {
    // The provider has to know where to send people before we are there.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let address = format!("https://localhost:{port}");
    let provider = Provider::start(&address)?;
    let folder = tempfile::tempdir()?;
    let secret = folder.path().join("oidc-secret");
    std::fs::write(&secret, "khue-secret\n")?;
    let issuer = &provider.issuer;
    let config = program::configure(
        folder.path(),
        &format!(
            "[http]\nlisten = \"127.0.0.1:{port}\"\n[sign_in.oidc]\nissuer = \"{issuer}\"\n\
             client_id = \"khue\"\nclient_secret_file = {secret:?}\naddress = \"{address}\"\n\
             make_people = true\n[sign_in.oidc.groups]\n\"truc-ban\" = \"Trực ban\"\n"
        ),
    )?;
    let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
    assert_eq!(khue.address()?, address);
    let told = story("sso-story.mjs", &json!({"address": address}))?;
    assert_eq!(told, [json!({"name": "hong", "way": "provider", "refused": "khach"})]);

    // Whom nobody put into a group here was added all the same, and holds nothing.
    let mut auditor = Person::reach(&address, &folder.path().join("data"))?;
    auditor.sign_in_first("kiemtra", &khue.password("kiemtra")?, CHOSEN)?;
    let entries = auditor.ask("GET", "audit?act=user", None)?.ok()?;
    let text = entries.to_string();
    assert!(text.contains("single sign-on bound") && !text.contains("khue-secret"), "{text}");
    assert!(khue.stop()?.success());
    Ok(())
}

#[test]
fn an_administrator_gets_in_by_a_passkey_with_a_finger_and_without_a_phone() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let config = program::configure(folder.path(), "[http]\nlisten = \"127.0.0.1:0\"\n")?;
    let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
    let address = khue.address()?;
    let password = khue.password("quantri")?;
    let ca = folder.path().join("data/tls/ca.pem");
    let told = json!({"address": address, "password": password, "ca": ca});
    let told = story("passkey-story.mjs", &told)?;
    assert_eq!(told, [json!({"ways": ["password", "passkey", "password"]})]);

    let mut auditor = Person::reach(&address, &folder.path().join("data"))?;
    auditor.sign_in_first("kiemtra", &khue.password("kiemtra")?, CHOSEN)?;
    let entries = auditor.ask("GET", "audit?act=second_factor", None)?.ok()?.to_string();
    assert!(entries.contains("passkey added") && entries.contains("passkey renamed"), "{entries}");
    let confirmed = auditor.ask("GET", "audit?act=confirm", None)?.ok()?.to_string();
    assert!(confirmed.contains("passkey"), "{confirmed}");
    assert!(khue.stop()?.success());
    Ok(())
}
