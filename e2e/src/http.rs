//! A person's way in: HTTPS with the installation's own CA, a sign-in, JSON.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use base::StreamId;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, http::Response};

use crate::wait::PATIENCE;

/// Somebody who talks to the API.
#[derive(Debug)]
pub struct Person {
    agent: Agent,
    address: String,
    ca_pem: Vec<u8>,
    csrf: String,
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, as JSON; null where there is none.
    pub json: Value,
}

impl Person {
    /// Reaches `address`, trusting the CA in `data` and nothing else.
    pub fn reach(address: &str, data: &Path) -> anyhow::Result<Self> {
        let ca = std::fs::read(data.join("tls/ca.pem")).context("the installation's CA")?;
        Self::trusting(address, &ca)
    }

    /// Reaches `address`, trusting a certificate (PEM) and nothing else.
    pub fn trusting(address: &str, ca_pem: &[u8]) -> anyhow::Result<Self> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let roots = RootCerts::Specific(Arc::new(vec![Certificate::from_pem(ca_pem)?]));
        let tls = TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(
            Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
        );
        let config = Agent::config_builder().http_status_as_error(false).tls_config(tls.build());
        let (address, ca_pem) = (address.to_owned(), ca_pem.to_owned());
        Ok(Self { agent: config.build().into(), address, ca_pem, csrf: String::new() })
    }

    /// Where the server is, as a URL without a path.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The value that goes with every unsafe request of this sign-in.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// Opens a TLS connection to the server.
    pub fn dial(&self) -> anyhow::Result<StreamOwned<ClientConnection, TcpStream>> {
        dial(&self.address, &self.ca_pem)
    }

    /// Signs in with a one-time password and chooses `chosen` in its place.
    pub fn sign_in_first(
        &mut self,
        name: &str,
        one_time: &str,
        chosen: &str,
    ) -> anyhow::Result<()> {
        self.sign_in(name, one_time)?;
        self.ask("PUT", "session/password", Some(json!({ "current": one_time, "new": chosen })))?
            .ok()?;
        // Choosing a password may end the sign-in that chose it.
        self.sign_in(name, chosen)
    }

    /// Signs in.
    pub fn sign_in(&mut self, name: &str, password: &str) -> anyhow::Result<()> {
        self.ask("POST", "session", Some(json!({ "name": name, "password": password })))?.ok()?;
        let session = self.ask("GET", "session", None)?.ok()?;
        self.csrf = session["csrf"].as_str().context("a session has a csrf value")?.to_owned();
        Ok(())
    }

    /// Sends a request to `/api/v1/PATH`.
    pub fn ask(&self, method: &str, path: &str, body: Option<Value>) -> anyhow::Result<Answer> {
        let mut response = self.send(method, &format!("/api/v1/{path}"), body)?;
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string()?;
        let json = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).with_context(|| text.clone())?
        };
        Ok(Answer { status, json })
    }

    /// Posts to `/api/v1/PATH`; returns the answer with the cookie that it sets.
    pub fn ask_for_cookie(&self, path: &str, body: Value) -> anyhow::Result<(Value, String)> {
        let mut response = self.send("POST", &format!("/api/v1/{path}"), Some(body))?;
        let status = response.status().as_u16();
        let cookie = response.headers().get("set-cookie").and_then(|value| value.to_str().ok());
        let cookie = cookie.and_then(|cookie| cookie.split(';').next()).unwrap_or_default();
        let cookie = cookie.to_owned();
        let json = serde_json::from_str(&response.body_mut().read_to_string()?)?;
        Ok((Answer { status, json }.ok()?, cookie))
    }

    /// Returns each camera that this person may see, with its main stream.
    pub fn cameras(&self) -> anyhow::Result<BTreeMap<String, StreamId>> {
        let tree = self.ask("GET", "tree", None)?.ok()?;
        let cameras = tree["cameras"].as_array().context("a tree has cameras")?;
        cameras
            .iter()
            .map(|camera| {
                let streams = camera["streams"].as_array().context("a camera has streams")?;
                let main = streams
                    .iter()
                    .find(|stream| stream["role"] == "main")
                    .context("a main stream")?;
                let id = |value: &Value| value.as_str().map(str::to_owned).context("an id is text");
                Ok((id(&camera["id"])?, id(&main["id"])?.parse()?))
            })
            .collect()
    }

    /// Returns all that is known of the recording of a camera's main stream.
    pub fn timeline(&self, camera: &str) -> anyhow::Result<Value> {
        let path = format!("cameras/{camera}/timeline?role=main&from_us=0&to_us=9000000000000000");
        self.ask("GET", &path, None)?.ok()
    }

    /// Gets the bytes at an absolute path, with the cookies this person has.
    pub fn download(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let mut response = self.send("GET", path, None)?;
        anyhow::ensure!(response.status().is_success(), "{path}: {}", response.status());
        Ok(response.body_mut().with_config().limit(1 << 30).read_to_vec()?)
    }

    /// Returns the cookie of the sign-in, as a header has it.
    pub fn cookie(&self) -> anyhow::Result<String> {
        let jar = self.agent.cookie_jar_lock();
        let ours = jar.iter().find(|cookie| cookie.name() == "__Host-khue");
        let cookie = ours.context("nobody has signed in")?;
        Ok(format!("{}={}", cookie.name(), cookie.value()))
    }

    /// Sends a request to an absolute path with headers of one's own.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> anyhow::Result<Response<Body>> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address))
            .header("x-khue-csrf", &self.csrf)
            .header("origin", &self.address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Ok(match body {
            Some(body) => self.agent.run(request.body(body)?)?,
            None => self.agent.run(request.body(())?)?,
        })
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Response<Body>> {
        let is_json = [("content-type", "application/json")];
        let headers = if body.is_some() { &is_json[..] } else { &[] };
        self.request(method, path, headers, body.map(|body| body.to_string()))
    }
}

/// Opens a TLS connection to `address`, a URL, trusting a certificate (PEM) and
/// nothing else. Who says nothing on it for far too long is given up.
pub fn dial(
    address: &str,
    ca_pem: &[u8],
) -> anyhow::Result<StreamOwned<ClientConnection, TcpStream>> {
    let host = address.trim_start_matches("https://");
    let (name, port) = host.rsplit_once(':').context("an address has a port")?;
    let connection =
        ClientConnection::new(trusting(ca_pem)?, ServerName::try_from(name.to_owned())?)?;
    let stream = TcpStream::connect((name, port.parse()?))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // As browsers do.
    stream.set_nodelay(true)?;
    Ok(StreamOwned::new(connection, stream))
}

/// Returns how TLS is spoken with who has this certificate (PEM), and nobody else.
pub fn trusting(ca_pem: &[u8]) -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem)?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

impl Answer {
    /// Returns the body of a success; tells the words of a refusal.
    pub fn ok(self) -> anyhow::Result<Value> {
        if !(200..300).contains(&self.status) {
            bail!("{}: {}", self.status, self.json);
        }
        Ok(self.json)
    }
}
