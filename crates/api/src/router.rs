//! The table of routes.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{any, get};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, State};
use crate::routes::{
    api_tokens, audit, cameras, devices, exports, grants, groups, hls, holds, media_tokens,
    metrics, people, rights, second_factor, session, status, stream_secrets, thumbnails, timeline,
    tree, whep,
};
use crate::{headers, media_socket, ui};

/// The most bytes of a body. The longest that is sent is a hold's reason.
const LARGEST_BODY: usize = 64 * 1024;

#[derive(OpenApi)]
#[openapi(info(
    title = "Khuê",
    description = "The HTTP API. Refusals have one form, `ErrorForm`; a client goes by its `code`. \
        Times are microseconds since 1970, UTC. The media socket `GET /api/v1/media` is described in docs/ref/api.md.",
    license(name = "Apache-2.0", identifier = "Apache-2.0")
))]
struct Description;

/// Returns the whole API over the rooms of `app`, to be served with the peer's
/// address as `ConnectInfo<SocketAddr>`.
pub fn router(app: App) -> Router {
    let state = State::new(app);
    let (api, _) = api().split_for_parts();
    let small = SizeAbove::new(1024)
        .and(NotForContentType::const_new("video/"))
        .and(NotForContentType::const_new("audio/"));
    api.route("/api/v1/media", any(media_socket::media))
        .route("/api/openapi.json", get(description))
        .route("/healthz", get(metrics::healthz))
        .route("/metrics", get(metrics::metrics))
        .route("/ca.crt", get(ui::certificate))
        .route("/ca", get(ui::how_to_install))
        .fallback(ui::file)
        .method_not_allowed_fallback(ui::wrong_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(CompressionLayer::new().compress_when(small))
        .layer(axum::middleware::from_fn(headers::secure))
        .with_state(state)
}

/// Returns the OpenAPI description, as JSON to be read by people as well.
pub fn openapi() -> String {
    let (_, description) = api().split_for_parts();
    // What is described is plain data.
    description.to_pretty_json().expect("a description can be written as JSON")
}

fn api() -> OpenApiRouter<State> {
    let v1 = OpenApiRouter::new()
        .routes(routes!(session::sign_in, session::session, session::sign_out))
        .routes(routes!(session::choose_password))
        .routes(routes!(
            second_factor::prove,
            second_factor::second_factor,
            second_factor::remove_own
        ))
        .routes(routes!(second_factor::begin_totp, second_factor::finish_totp))
        .routes(routes!(second_factor::new_recovery_codes))
        .routes(routes!(second_factor::remove_of_person))
        .routes(routes!(second_factor::confirm))
        .routes(routes!(devices::devices, devices::end_other_devices))
        .routes(routes!(devices::end_device))
        .routes(routes!(devices::devices_of_person))
        .routes(routes!(api_tokens::api_tokens, api_tokens::make_api_token))
        .routes(routes!(api_tokens::revoke_api_token))
        .routes(routes!(tree::tree))
        .routes(routes!(cameras::add_camera))
        .routes(routes!(cameras::probe_camera))
        .routes(routes!(cameras::camera, cameras::change_camera, cameras::remove_camera))
        .routes(routes!(timeline::timeline))
        .routes(routes!(thumbnails::thumbnail))
        .routes(routes!(media_tokens::media_token))
        .routes(routes!(whep::open))
        .routes(routes!(whep::end))
        .routes(routes!(whep::renew))
        .routes(routes!(hls::open_hls))
        .routes(routes!(hls::end_hls))
        .routes(routes!(hls::renew_hls))
        .routes(routes!(hls::fetch_hls))
        .routes(routes!(stream_secrets::secrets, stream_secrets::make_secret))
        .routes(routes!(stream_secrets::revoke_secret))
        .routes(routes!(exports::make_export))
        .routes(routes!(exports::fetch_export))
        .routes(routes!(holds::holds, holds::place_hold))
        .routes(routes!(holds::release_hold))
        .routes(routes!(people::people, people::add_person))
        .routes(routes!(people::change_person, people::remove_person))
        .routes(routes!(people::reset_password))
        .routes(routes!(grants::grants, grants::give_grant))
        .routes(routes!(grants::revoke_grant))
        .routes(routes!(grants::agree_to_grant))
        .routes(routes!(grants::explain))
        .routes(routes!(rights::camera_rights))
        .routes(routes!(rights::person_rights))
        .routes(routes!(groups::groups, groups::add_group))
        .routes(routes!(groups::change_group, groups::remove_group))
        .routes(routes!(audit::read_audit))
        .routes(routes!(status::status));
    OpenApiRouter::with_openapi(Description::openapi()).nest("/api/v1", v1)
}

async fn description() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], openapi())
}
