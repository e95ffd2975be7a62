//! Asks the provider over HTTP: one request, one connection, a limit on each of time
//! and size, no redirects, and a certificate that has to prove itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

/// How long the provider may take for one answer, from the first packet to the last.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most bytes of an answer. Providers with many keys need some 20 KiB.
const LARGEST: usize = 512 * 1024;

/// What asks, and whom it believes.
#[derive(Clone)]
pub(crate) struct Fetcher {
    tls: TlsConnector,
    patience: Duration,
}

impl Fetcher {
    /// Believes the certificates in `pem`, or those that browsers know.
    pub(crate) fn new(pem: Option<&[u8]>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        match pem {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(pem) => {
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    let certificate = certificate.map_err(|error| error.to_string())?;
                    roots.add(certificate).map_err(|error| error.to_string())?;
                }
                if roots.is_empty() {
                    return Err("it holds no certificate; it should be PEM".to_owned());
                }
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), patience: PATIENCE })
    }

    /// The same, with as little patience as a test has.
    #[cfg(test)]
    pub(crate) fn hasty(self) -> Self {
        Self { patience: Duration::from_millis(300), ..self }
    }

    /// Returns what stands at an address.
    pub(crate) async fn get(&self, url: &Url, bearer: Option<&str>) -> Result<Bytes, String> {
        let mut request = Request::get(target(url)).header(header::ACCEPT, "application/json");
        if let Some(bearer) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        self.send(url, request, String::new()).await
    }

    /// Returns the answer to a form; `authorization` proves who sends it.
    pub(crate) async fn post(
        &self,
        url: &Url,
        form: String,
        authorization: Option<String>,
    ) -> Result<Bytes, String> {
        let mut request = Request::post(target(url))
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        self.send(url, request, form).await
    }

    async fn send(
        &self,
        url: &Url,
        request: hyper::http::request::Builder,
        body: String,
    ) -> Result<Bytes, String> {
        let asked = tokio::time::timeout(self.patience, self.exchange(url, request, body));
        let seconds = self.patience.as_secs();
        let answer = asked.await.unwrap_or_else(|_| Err(format!("no answer within {seconds} s")));
        answer.map_err(|why| format!("{}: {why}", place(url)))
    }

    async fn exchange(
        &self,
        url: &Url,
        request: hyper::http::request::Builder,
        body: String,
    ) -> Result<Bytes, String> {
        let host = url.host_str().ok_or("the address names no host")?;
        let port = url.port_or_known_default().ok_or("the address names no port")?;
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let request = request
            .header(header::HOST, authority)
            .header(header::USER_AGENT, "khue")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| error.to_string())?;
        // An address of IPv6 stands in brackets in a URL and nowhere else.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let socket = TcpStream::connect((bare, port))
            .await
            .map_err(|error| format!("cannot connect: {error}"))?;
        if url.scheme() != "https" {
            return speak(socket, request).await;
        }
        let name = ServerName::try_from(bare.to_owned()).map_err(|error| error.to_string())?;
        let secured = self.tls.connect(name, socket).await;
        let secured = secured.map_err(|error| format!("cannot be trusted: {error}"))?;
        speak(secured, request).await
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fetcher")
    }
}

async fn speak<S>(socket: S, request: Request<Full<Bytes>>) -> Result<Bytes, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| format!("the connection broke: {error}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.map_err(broken)?;
    // Polled beside the request and dropped with it: nothing runs on by itself.
    let answer = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST).collect().await;
        let body = body.map_err(|error| format!("the answer cannot be read: {error}"))?.to_bytes();
        match status {
            StatusCode::OK => Ok(body),
            status => Err(refused(status, &body)),
        }
    };
    tokio::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        ended = connection => match ended {
            // It may have ended with the last byte of the answer.
            Ok(()) => answer.await,
            Err(error) => Err(broken(error)),
        },
    }
}

/// What a refusal says for the log: its status and the code that OAuth has for it,
/// which holds no secret.
fn refused(status: StatusCode, body: &[u8]) -> String {
    let code = serde_json::from_slice::<serde_json::Value>(body).ok();
    let code = code.as_ref().and_then(|form| form["error"].as_str());
    let code = code.map(|code| code.chars().filter(char::is_ascii_graphic).take(60).collect());
    let code: String = code.unwrap_or_else(|| "no code".to_owned());
    format!("the answer is {status} ({code})")
}

/// Where a request goes within its host.
fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// What a log may say of an address.
fn place(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers one request with these bytes, and then hangs if it is to.
    async fn server(answer: Vec<u8>, hangs: bool) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            assert!(socket.read(&mut request).await.unwrap() > 0);
            let _ = socket.write_all(&answer).await;
            if hangs {
                std::future::pending::<()>().await;
            }
        });
        format!("http://{address}/keys?x=1").parse().unwrap()
    }

    async fn fetched(answer: impl Into<Vec<u8>>, hangs: bool) -> Result<Bytes, String> {
        let url = server(answer.into(), hangs).await;
        Fetcher::new(None).unwrap().hasty().get(&url, Some("geheim")).await
    }

    #[tokio::test]
    async fn an_answer_is_read_whole_whether_its_end_is_told_or_seen() {
        let told = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(fetched(told, true).await.unwrap(), "{}");
        assert_eq!(fetched("HTTP/1.1 200 OK\r\n\r\n{}", false).await.unwrap(), "{}");
    }

    #[tokio::test]
    async fn one_that_is_slow_large_elsewhere_or_a_refusal_is_told_without_what_was_sent() {
        let mut large = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        large.resize(LARGEST + 100, b' ');
        let refusal =
            b"HTTP/1.1 400 Bad\r\ncontent-length: 25\r\n\r\n{\"error\":\"invalid_grant\"}";
        for (answer, expected) in [
            (b"HTTP/1.1 200 OK\r\n".to_vec(), "no answer within"),
            (large, "length limit exceeded"),
            (b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n".to_vec(), "302"),
            (refusal.to_vec(), "400 Bad Request (invalid_grant)"),
            (b"\x16\x03\x01 no HTTP\r\n\r\n".to_vec(), "the connection broke"),
        ] {
            let words = fetched(answer, true).await.unwrap_err();
            assert!(words.contains(expected), "{words}");
            assert!(!words.contains("geheim") && !words.contains("x=1"), "{words}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        assert!(Fetcher::new(Some(b"no PEM")).unwrap_err().contains("no certificate"));
    }
}
