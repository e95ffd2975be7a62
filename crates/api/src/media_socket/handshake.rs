//! How a request becomes a socket (RFC 6455 §4.2).
//!
//! The framework has the same; this one hands out the connection itself, which frames go
//! out on without a task of the socket's (`outgoing`).

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::beneath::Beneath;
use crate::error::{Kind, Refusal};

/// A request that asks for it, as it should.
pub(crate) struct Upgrade {
    /// What shows the browser that it was understood.
    accept: HeaderValue,
    on_upgrade: OnUpgrade,
}

impl Upgrade {
    /// Agrees, and has `serve` serve the connection.
    pub(super) fn then<F>(self, serve: impl FnOnce(Beneath) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let on_upgrade = self.on_upgrade;
        tokio::spawn(async move {
            match on_upgrade.await {
                Ok(upgraded) => serve(upgraded.into()).await,
                Err(error) => tracing::debug!(%error, "a media socket ended before it began"),
            }
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        response
    }
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let headers = &parts.headers;
        let asks = parts.method == Method::GET
            && has(headers, CONNECTION, "upgrade")
            && has(headers, UPGRADE, "websocket")
            && has(headers, SEC_WEBSOCKET_VERSION, "13");
        let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| asks);
        let accept = key.map(|key| HeaderValue::try_from(derive_accept_key(key.as_bytes())));
        match (accept, parts.extensions.remove::<OnUpgrade>()) {
            (Some(Ok(accept)), Some(on_upgrade)) => Ok(Self { accept, on_upgrade }),
            _ => Err(Refusal::new(Kind::Invalid, "this path is opened as a WebSocket")),
        }
    }
}

/// Returns whether a header has a word, among others.
fn has(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    let mut words = values.flat_map(|value| value.split(','));
    words.any(|one| one.trim().eq_ignore_ascii_case(word))
}
