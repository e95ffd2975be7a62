//! One connection to a device at a time, for whatever is asked of it by HTTP/1.1.
//!
//! What comes has bounds for its time and size, so that neither a byte a second nor a
//! body without end keeps anybody. Nothing is followed: where an answer points elsewhere,
//! `client` decides.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use credentials::{Digest, OneCertificate};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;

use crate::fault::{Fault, FaultKind};

/// How long a device may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// To let us connect, and to agree on TLS.
    pub connect: Duration,
    /// To answer, from the first byte of the request to the last of the answer.
    pub answer: Duration,
}

impl Default for Limits {
    /// What a good device behind a bad line needs.
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), answer: Duration::from_secs(15) }
    }
}

/// A request.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    /// Whether it goes over a connection of its own: one that was kept may be ended by the
    /// other side just then, and what tries a password is not sent twice.
    pub(crate) is_fresh: bool,
    /// Whether it may be sent again where nobody knows if it was read.
    pub(crate) is_repeatable: bool,
    pub(crate) content_type: Option<String>,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Bytes,
    /// The most bytes of the answer's body.
    pub(crate) largest: usize,
    /// How long it may take beside what an answer usually may.
    pub(crate) longer: Duration,
}

/// What came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) challenges: Vec<String>,
    pub(crate) date: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Bytes,
}

/// Whoever asks one device.
pub(crate) struct Http {
    limits: Limits,
    verifier: Arc<OneCertificate>,
    tls: TlsConnector,
    open: Option<Open>,
}

/// A connection that may be used again.
struct Open {
    origin: url::Origin,
    sender: http1::SendRequest<Full<Bytes>>,
    /// Ends with the connection, and is ended with us.
    driving: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

impl Http {
    /// Takes any certificate, or `certificate` alone.
    pub(crate) fn new(limits: Limits, certificate: Option<Digest>) -> Result<Self, Fault> {
        let configured = OneCertificate::config(certificate);
        let (verifier, config): (_, ClientConfig) = configured.map_err(|error| {
            Fault::new(FaultKind::Protocol, "TLS cannot be spoken").with_source(error)
        })?;
        Ok(Self { limits, verifier, tls: TlsConnector::from(Arc::new(config)), open: None })
    }

    /// Returns which certificate the device showed last.
    pub(crate) fn certificate(&self) -> Option<Digest> {
        self.verifier.shown()
    }

    /// Asks once; a connection that was kept and is gone meanwhile is made anew.
    pub(crate) async fn ask(&mut self, asked: &Asked<'_>) -> Result<Answer, Fault> {
        let place = place(asked.url);
        let patience = self.limits.answer + asked.longer;
        let origin = asked.url.origin();
        let is_of_use =
            |open: &Open| !asked.is_fresh && open.origin == origin && !open.sender.is_closed();
        if !self.open.as_ref().is_some_and(is_of_use) {
            self.open = None;
        }
        let was_kept = self.open.is_some();
        if !was_kept {
            self.open = Some(self.connect(asked.url, &place).await?);
        }
        let answered = timeout(patience, self.exchange(asked, &place)).await;
        let is_to_be_repeated = match &answered {
            Ok(Err(Broken::Unsent(_))) => was_kept,
            Ok(Err(Broken::Unanswered(_))) => was_kept && asked.is_repeatable,
            _ => false,
        };
        let answered = match answered {
            _ if is_to_be_repeated => {
                self.open = Some(self.connect(asked.url, &place).await?);
                timeout(patience, self.exchange(asked, &place)).await
            }
            answered => answered,
        };
        match answered {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Broken::Unsent(fault) | Broken::Unanswered(fault) | Broken::Midway(fault))) => {
                self.open = None;
                Err(fault)
            }
            Err(_) => {
                self.open = None;
                let seconds = patience.as_secs();
                let words = format!("{place} has not answered within {seconds} s");
                Err(Fault::new(FaultKind::Silent, words))
            }
        }
    }

    async fn connect(&self, url: &Url, place: &str) -> Result<Open, Fault> {
        let unreachable = |error: io::Error| {
            let words =
                format!("{place} cannot be reached ({error}); is it on, and is this its port?");
            Fault::new(FaultKind::Unreachable, words).with_source(error)
        };
        let late = |what: &str| {
            let seconds = self.limits.connect.as_secs();
            Fault::new(FaultKind::Unreachable, format!("{place} has not {what} within {seconds} s"))
        };
        let none = || Fault::new(FaultKind::Protocol, format!("{place} is no address of a device"));
        let host = url.host_str().ok_or_else(none)?;
        let port = url.port_or_known_default().ok_or_else(none)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let connecting = timeout(self.limits.connect, TcpStream::connect((bare, port))).await;
        let socket = connecting.map_err(|_| late("let us connect"))?.map_err(unreachable)?;
        // Requests are small, and answered before the next.
        let _ = socket.set_nodelay(true);
        let origin = url.origin();
        if url.scheme() != "https" {
            return drive(socket, origin, place).await;
        }
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| none())?;
        let shaken = timeout(self.limits.connect, self.tls.connect(name, socket)).await;
        match shaken.map_err(|_| late("agreed on TLS"))? {
            Ok(sealed) => drive(sealed, origin, place).await,
            Err(_) if self.verifier.refused() => Err(Fault::new(
                FaultKind::OtherCertificate,
                format!(
                    "{place} shows another certificate than the one that was set for it; if the \
                     device was exchanged or renewed it, look at it and set the new one"
                ),
            )),
            Err(error) => {
                let words = format!(
                    "{place} does not agree on TLS ({error}); old devices speak none that is safe"
                );
                Err(Fault::new(FaultKind::Protocol, words).with_source(error))
            }
        }
    }

    async fn exchange(&mut self, asked: &Asked<'_>, place: &str) -> Result<Answer, Broken> {
        let broken = |error: hyper::Error| {
            let words = format!("the connection to {place} broke ({error})");
            Fault::new(FaultKind::Unreachable, words).with_source(error)
        };
        let none = || {
            let words = format!("there is no connection to {place}");
            Broken::Midway(Fault::new(FaultKind::Unreachable, words))
        };
        let open = self.open.as_mut().ok_or_else(none)?;
        open.sender.ready().await.map_err(|error| Broken::Unsent(broken(error)))?;
        let request = request(asked).map_err(Broken::Midway)?;
        let sent = open.sender.send_request(request).await;
        let response = sent.map_err(|error| match error.is_canceled() {
            true => Broken::Unsent(broken(error)),
            false if error.is_incomplete_message() => Broken::Unanswered(broken(error)),
            false if error.is_parse() => {
                let words = format!("{place} answers with something that is no HTTP ({error})");
                Broken::Midway(Fault::new(FaultKind::Protocol, words).with_source(error))
            }
            false => Broken::Midway(broken(error)),
        })?;
        let (head, body) = response.into_parts();
        let text = |name| head.headers.get(name).map(|value: &header::HeaderValue| lossy(value));
        let body = Limited::new(body, asked.largest).collect().await.map_err(|error| {
            let words = match error.is::<LengthLimitError>() {
                true => format!("the answer of {place} is longer than {} kB", asked.largest >> 10),
                false => format!("the answer of {place} breaks off ({error})"),
            };
            Broken::Midway(Fault::new(FaultKind::Protocol, words).with_source(error))
        })?;
        Ok(Answer {
            status: head.status.as_u16(),
            challenges: head.headers.get_all(header::WWW_AUTHENTICATE).iter().map(lossy).collect(),
            date: text(header::DATE),
            location: text(header::LOCATION),
            content_type: text(header::CONTENT_TYPE),
            body: body.to_bytes(),
        })
    }
}

/// How an exchange failed.
enum Broken {
    /// Before the device can have read anything.
    Unsent(Fault),
    /// It ended without a word of an answer; whether it had read the request, nobody knows.
    Unanswered(Fault),
    /// In another way: it may have been done.
    Midway(Fault),
}

async fn drive<S>(socket: S, origin: url::Origin, place: &str) -> Result<Open, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    // As devices write them.
    builder
        .ignore_invalid_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .max_buf_size(64 << 10);
    let (sender, connection) = builder.handshake(TokioIo::new(socket)).await.map_err(|error| {
        Fault::new(FaultKind::Unreachable, format!("the connection to {place} broke"))
            .with_source(error)
    })?;
    let driving = tokio::spawn(async move {
        // Whoever asks hears of it by their own request.
        let _ = connection.await;
    });
    Ok(Open { origin, sender, driving })
}

fn request(asked: &Asked<'_>) -> Result<Request<Full<Bytes>>, Fault> {
    let url = asked.url;
    let host = url.host_str().unwrap_or_default();
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let mut request = Request::builder()
        .method(asked.method.clone())
        .uri(target(url))
        .header(header::HOST, authority)
        .header(header::USER_AGENT, "khue")
        .header(header::ACCEPT, "*/*");
    if let Some(content_type) = &asked.content_type {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    if let Some(authorization) = &asked.authorization {
        request = request.header(header::AUTHORIZATION, authorization.as_bytes());
    }
    request.body(Full::new(asked.body.clone())).map_err(|error| {
        let words = format!("{} cannot be asked: {error}", place(url));
        Fault::new(FaultKind::Protocol, words)
    })
}

/// Returns where a request goes within its host.
pub(crate) fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// Returns what people and logs are told of an address: neither path nor query, in which
/// devices hide passwords.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn lossy(value: &header::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
