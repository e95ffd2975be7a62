//! A client's connection: the only file here with a socket to read.
//!
//! Also what is decided before SOAP begins: the path, a redirect, a snapshot.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::device::{Answered, Inner, State};
use super::guard::{self, Level, Proof};
use super::http::{self, Request, Response};
use super::namespace as ns;
use super::personality::{Quirks, Redirect};
use super::profile;
use super::service::{self, Ask, NO_UTF8, Pulled, Reply};
use super::soap::{Call, Fault, envelope};
use super::token::Token;
use super::xml::leaf;
use crate::camera::lock;

/// The type of an answer in SOAP.
pub(crate) const SOAP_TYPE: &str = "application/soap+xml; charset=utf-8";
/// How long a client may say nothing.
const PATIENCE: Duration = Duration::from_secs(60);
/// What stands before a path to which a client was sent.
const MOVED: &str = "/moved";

/// Accepts clients until it is stopped.
pub(crate) async fn accept(
    listener: TcpListener,
    inner: Arc<Inner>,
    stopping: CancellationToken,
    tasks: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        // A client may be gone before its own address can be asked for.
        match accepted.and_then(|(stream, peer)| Ok((stream.local_addr()?, stream, peer))) {
            Ok((local, stream, peer)) => {
                let (inner, closing) = (Arc::clone(&inner), stopping.clone());
                tasks.spawn(async move {
                    tokio::select! {
                        () = closing.cancelled() => {}
                        served = serve(&inner, stream, peer, local) => {
                            if let Err(error) = served {
                                tracing::debug!(%peer, %error, "client of ONVIF lost");
                            }
                        }
                    }
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely: some become free in time.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(
    inner: &Inner,
    mut stream: TcpStream,
    peer: SocketAddr,
    local: SocketAddr,
) -> io::Result<()> {
    let mut received = BytesMut::with_capacity(4096);
    loop {
        match http::take(&mut received) {
            Ok(None) => {}
            Ok(Some(request)) => {
                let Some(response) = answer(inner, &request, peer, local).await else {
                    return Ok(());
                };
                let quirks = lock(&inner.state).quirks;
                let bytes = response.bytes(quirks.chunked_body, request.keep_alive);
                stream.write_all(&bytes).await?;
                if !request.keep_alive || quirks.close_on_idle {
                    return stream.shutdown().await;
                }
                continue;
            }
            Err(error) => {
                let status = match error {
                    http::Malformed::BodyTooLong => 413,
                    _ => 400,
                };
                let refusal = Response::new(status).with_body("text/plain", error.to_string());
                stream.write_all(&refusal.bytes(false, false)).await?;
                return stream.shutdown().await;
            }
        }
        match tokio::time::timeout(PATIENCE, stream.read_buf(&mut received)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0)) | Err(_) => return Ok(()),
            Ok(Err(error)) => return Err(error),
        }
    }
}

/// Answers a request; nothing if the connection ends without an answer.
async fn answer(
    inner: &Inner,
    request: &Request,
    peer: SocketAddr,
    local: SocketAddr,
) -> Option<Response> {
    let quirks = lock(&inner.state).quirks;
    if quirks.slow_ms > 0 {
        tokio::time::sleep(Duration::from_millis(quirks.slow_ms.into())).await;
    }
    let mut note = Answered {
        operation: request.method.clone(),
        target: request.target.clone(),
        scheme: guard::Scheme::None,
        status: 0,
    };
    let addresses = inner.addresses(local, quirks);
    let path = request.path();
    let path = path.strip_prefix(MOVED).unwrap_or(&path);
    let response = if !inner.config.personality.speaks {
        Some(not_found())
    } else if let Some(moved) = moved(request, path, local, &quirks) {
        Some(moved)
    } else if let Some(token) = path.strip_prefix("/snapshot/") {
        Some(snapshot(inner, request, token.trim_end_matches(".jpg"), peer, &mut note))
    } else if inner.serves(&addresses, path) {
        match request.method.as_str() {
            "POST" => soap(inner, request, (peer, local), &mut note).await,
            _ => Some(Response::new(405).with("Allow", "POST")),
        }
    } else {
        Some(not_found())
    };
    note.status = response.as_ref().map_or(0, |response| response.status);
    lock(&inner.state).note(note);
    response
}

fn not_found() -> Response {
    Response::new(404).with_body("text/html", "<html><body><h1>404 Not Found</h1></body></html>")
}

/// Returns where whoever asks is sent, if they are.
fn moved(request: &Request, path: &str, local: SocketAddr, quirks: &Quirks) -> Option<Response> {
    let mut host = local;
    match quirks.http_redirect {
        Redirect::No => return None,
        Redirect::SameHost => {}
        Redirect::To(other) => host.set_ip(other.into()),
    }
    if request.path().starts_with(MOVED) || request.method != "POST" {
        return None;
    }
    Some(Response::new(307).with("Location", format!("http://{host}{MOVED}{path}")))
}

fn snapshot(
    inner: &Inner,
    request: &Request,
    token: &str,
    peer: SocketAddr,
    note: &mut Answered,
) -> Response {
    let state = &mut *lock(&inner.state);
    let quirks = state.quirks;
    let proof = Proof {
        peer: peer.ip(),
        asked: (&request.method, &request.target),
        authorization: request.header("authorization"),
        token: None,
        secured: false,
        // A device that knows no Digest has Basic for what is no SOAP.
        basic: quirks.snapshot_basic_only || quirks.token_only,
    };
    note.scheme = proof.scheme();
    if let Err(refused) = admit(state, &proof, Level::User) {
        return refused;
    }
    let known = profile::all(&inner.config, &quirks).any(|one| one.token() == token);
    match &inner.config.snapshot {
        Some(picture) if known && !quirks.snapshot_missing => match request.method.as_str() {
            "GET" => Response::new(200).with_body("image/jpeg", &picture[..]),
            _ => Response::new(405).with("Allow", "GET"),
        },
        _ => not_found(),
    }
}

/// Lets a request in, or returns the answer that refuses it.
fn admit(state: &mut State, proof: &Proof<'_>, needed: Level) -> Result<(), Response> {
    let (quirks, now) = (state.quirks, state.now());
    state.guard.admit(proof, needed, &quirks, now).map_err(|refusal| {
        let mut entropy = [0; 16];
        match getrandom::fill(&mut entropy) {
            Ok(()) => refusal.response(proof.basic, &quirks, |stale| {
                state.guard.challenge(proof.basic, stale, entropy, now)
            }),
            // A nonce that can be guessed is worse than none.
            Err(_) => Response::new(500),
        }
    })
}

/// Answers a request in SOAP; nothing if the connection ends instead.
async fn soap(
    inner: &Inner,
    request: &Request,
    ends: (SocketAddr, SocketAddr),
    note: &mut Answered,
) -> Option<Response> {
    let call = match Call::read(&request.body) {
        Ok(call) => call,
        Err(fault) => return Some(refused(&fault)),
    };
    note.operation = call.name();
    let pull = match begun(inner, request, &call, ends, note) {
        Ok(Reply::Body(body)) => return Some(answered(&call, &body)),
        Ok(Reply::Pull(pull)) => pull,
        Err(response) => return Some(response),
    };
    // Before the first look, so that nothing is missed between two of them.
    let mut news = inner.news.subscribe();
    loop {
        news.mark_unchanged();
        let (pulled, quirks) = {
            let state = &mut *lock(&inner.state);
            let now = state.now();
            (service::pulled(&pull, state, now), state.quirks)
        };
        match pulled {
            Err(fault) => return Some(refused(&fault)),
            Ok(Pulled::Over { empty: true, .. }) if quirks.close_on_idle => return None,
            Ok(Pulled::Over { body, .. }) => return Some(answered(&call, &body)),
            Ok(Pulled::Waits(most)) => tokio::select! {
                // It ends with the device, which ends this too.
                _ = news.changed() => {}
                () = tokio::time::sleep(most) => {}
            },
        }
    }
}

/// Does what a request asks for, or returns the answer that refuses it.
fn begun(
    inner: &Inner,
    request: &Request,
    call: &Call,
    (peer, local): (SocketAddr, SocketAddr),
    note: &mut Answered,
) -> Result<Reply, Response> {
    let token = call.security().and_then(Token::read);
    let state = &mut *lock(&inner.state);
    let quirks = state.quirks;
    let proof = Proof {
        peer: peer.ip(),
        asked: (&request.method, &request.target),
        authorization: request.header("authorization"),
        token: token.as_ref(),
        secured: call.security().is_some(),
        basic: false,
    };
    note.scheme = proof.scheme();
    let needed = guard::needed(&call.operation.namespace, &call.operation.name, &quirks);
    admit(state, &proof, needed)?;
    let (config, now, news) = (&inner.config, state.now(), &inner.news);
    let addresses = &inner.addresses(local, quirks);
    let target = &request.target;
    let mut ask = Ask { config, state, addresses, call, target, now, news };
    service::answer(&mut ask).map_err(|fault| refused(&fault))
}

fn answered(call: &Call, body: &str) -> Response {
    let text = envelope(ns::PREFIXES, &addressed(call), body);
    Response::new(200).with_body(SOAP_TYPE, with_bad_letters(&text))
}

/// Returns the header of an answer to a request that has one of addressing.
fn addressed(call: &Call) -> String {
    let mut header = String::new();
    if let Some(action) = call.addressing("Action") {
        let action = action.strip_suffix("Request").unwrap_or(action);
        header += &leaf("wsa:Action", format!("{action}Response"));
    }
    if let Some(id) = call.addressing("MessageID") {
        header += &leaf("wsa:RelatesTo", id);
    }
    header
}

fn refused(fault: &Fault) -> Response {
    let text = envelope(ns::PREFIXES, "", &fault.body());
    Response::new(fault.status).with_body(SOAP_TYPE, text)
}

/// Returns a text with a byte that is no UTF-8 where a letter stands for it.
fn with_bad_letters(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for (at, piece) in text.split(NO_UTF8).enumerate() {
        if at > 0 {
            bytes.push(0xe9);
        }
        bytes.extend_from_slice(piece.as_bytes());
    }
    bytes
}
