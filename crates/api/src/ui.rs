//! The client's files, and the pages that are outside it: the authority's
//! certificate, and how to install it.

use axum::extract::State as Given;
use axum::http::{HeaderValue, Method, Uri, header};
use axum::response::{Html, IntoResponse, Response};

use crate::app::State;
use crate::error::{Kind, Refusal};
use crate::extract::unknown_path;

/// Whatever no route has: a file of the client, or for the paths of its screens
/// the page that draws them.
pub(crate) async fn file(Given(state): Given<State>, method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return unknown_path().into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        return wrong_method().await.into_response();
    }
    // The bundle is a table of names, not a folder; `..` names nothing in it all
    // the same, should a development build read one.
    let plain = path.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && !path.contains(['\\', '\0', '%']);
    if plain && let Some((bytes, media_type)) = (state.ui)(path) {
        // Names under assets/ have a digest of their content in them.
        let lasting = path.starts_with("assets/");
        let cache = if lasting { "public, max-age=31536000, immutable" } else { "no-cache" };
        return page(bytes, media_type, cache);
    }
    // A screen's path has no dot in its last part; a file that is missing has.
    let is_screen = !path.rsplit('/').next().unwrap_or_default().contains('.');
    match (state.ui)("index.html").filter(|_| is_screen && !path.starts_with("assets/")) {
        Some((bytes, media_type)) => page(bytes, media_type, "no-cache"),
        None => unknown_path().into_response(),
    }
}

/// A path that is there, asked in a way it is not.
pub(crate) async fn wrong_method() -> Refusal {
    Refusal::new(Kind::MethodNotAllowed, "this path is not asked in this way")
}

/// The certificate of the installation's authority.
pub(crate) async fn certificate(Given(state): Given<State>) -> Response {
    let Some(pem) = state.ca_pem.clone() else { return unknown_path().into_response() };
    let kind = [
        (header::CONTENT_TYPE, "application/x-x509-ca-cert"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"khue-ca.crt\""),
    ];
    (kind, pem).into_response()
}

/// How to install it.
pub(crate) async fn how_to_install(Given(state): Given<State>) -> Response {
    if state.ca_pem.is_none() {
        return unknown_path().into_response();
    }
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(include_str!("ca.html"))).into_response()
}

fn page(bytes: bytes::Bytes, media_type: &'static str, cache: &'static str) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}
