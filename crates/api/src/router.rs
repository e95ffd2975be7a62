//! The table of routes.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, State};
use crate::routes::{
    agreements, api_tokens, approvals, audit, break_glass, camera_list, camera_sheet,
    camera_survey, cameras, data_requests, devices, emergencies, exports, grants, groups, hls,
    holds, media_tokens, metrics, organisation_sheet, organisations, passkeys, people,
    permission_sets, policies, rights, second_factor, session, single_sign_on, site_sheet, sites,
    status, stream_secrets, thumbnails, timeline, tree, whep,
};
use crate::{headers, media_socket, rest, scim, table, ui};

/// The most bytes of a body, but for tables and directories. The longest that is sent is a hold's
/// reason.
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
    api.route("/api/v1/media", get(media_socket::media))
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
        .layer(axum::middleware::from_fn(rest::take_in))
        .with_state(state)
}

/// Returns the OpenAPI description, as JSON to be read by people as well.
pub fn openapi() -> String {
    let (_, mut description) = api().split_for_parts();
    for (path, item) in &mut description.paths.paths {
        let is_scim = path.starts_with("/scim/");
        let methods =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in methods.into_iter().flatten() {
            let form = if is_scim { "ScimErrorForm" } else { "ErrorForm" };
            refusals(operation, form);
            if is_scim {
                scim::say_type(operation);
            }
        }
    }
    // What is described is plain data.
    description.to_pretty_json().expect("a description can be written as JSON")
}

fn api() -> OpenApiRouter<State> {
    let tables = OpenApiRouter::new()
        .routes(routes!(camera_sheet::import_cameras))
        .routes(routes!(organisation_sheet::import_organisations))
        .routes(routes!(site_sheet::import_sites))
        .layer(DefaultBodyLimit::max(table::LARGEST));
    let directory = scim::routes().layer(DefaultBodyLimit::max(scim::LARGEST));
    let v1 = OpenApiRouter::new()
        .routes(routes!(session::sign_in, session::session, session::sign_out))
        .routes(routes!(session::choose_password))
        .routes(routes!(single_sign_on::sign_in_ways))
        .routes(routes!(single_sign_on::begin_oidc))
        .routes(routes!(single_sign_on::oidc_callback))
        .routes(routes!(single_sign_on::begin_confirm_oidc))
        .routes(routes!(single_sign_on::remove_single_sign_on))
        .routes(routes!(
            second_factor::prove,
            second_factor::second_factor,
            second_factor::remove_own
        ))
        .routes(routes!(second_factor::begin_totp, second_factor::finish_totp))
        .routes(routes!(second_factor::new_recovery_codes))
        .routes(routes!(second_factor::remove_of_person))
        .routes(routes!(second_factor::confirm))
        .routes(routes!(break_glass::open_envelope))
        .routes(routes!(break_glass::envelopes))
        .routes(routes!(break_glass::review_envelope))
        .routes(routes!(passkeys::passkey_challenge))
        .routes(routes!(passkeys::sign_in_by_passkey))
        .routes(routes!(passkeys::prove_by_passkey))
        .routes(routes!(passkeys::confirm_by_passkey))
        .routes(routes!(passkeys::new_passkey_challenge))
        .routes(routes!(passkeys::passkeys, passkeys::add_passkey))
        .routes(routes!(passkeys::rename_passkey, passkeys::remove_passkey))
        .routes(routes!(devices::devices, devices::end_other_devices))
        .routes(routes!(devices::end_device))
        .routes(routes!(devices::devices_of_person))
        .routes(routes!(api_tokens::api_tokens, api_tokens::make_api_token))
        .routes(routes!(api_tokens::revoke_api_token))
        .routes(routes!(tree::tree))
        .routes(routes!(camera_list::cameras, cameras::add_camera))
        .routes(routes!(cameras::probe_camera))
        .routes(routes!(camera_survey::survey_device))
        .routes(routes!(camera_survey::find_devices))
        .routes(routes!(camera_sheet::cameras_xlsx))
        .routes(routes!(camera_sheet::cameras_csv))
        .merge(tables)
        .routes(routes!(cameras::camera, cameras::change_camera, cameras::remove_camera))
        .routes(routes!(organisations::organisations, organisations::add_organisation))
        .routes(routes!(organisation_sheet::organisations_xlsx))
        .routes(routes!(organisation_sheet::organisations_csv))
        .routes(routes!(organisations::change_organisation))
        .routes(routes!(sites::sites, sites::add_site))
        .routes(routes!(site_sheet::sites_xlsx))
        .routes(routes!(site_sheet::sites_csv))
        .routes(routes!(sites::change_site))
        .routes(routes!(timeline::timeline))
        .routes(routes!(timeline::timelines))
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
        .routes(routes!(permission_sets::permission_sets, permission_sets::add_permission_set))
        .routes(routes!(
            permission_sets::change_permission_set,
            permission_sets::remove_permission_set
        ))
        .routes(routes!(agreements::agreements, agreements::draft_agreement))
        .routes(routes!(agreements::sign_agreement))
        .routes(routes!(agreements::end_agreement))
        .routes(routes!(policies::policies, policies::lay_down_policy))
        .routes(routes!(approvals::approvals, approvals::ask_approval))
        .routes(routes!(approvals::answer_approval))
        .routes(routes!(emergencies::emergencies, emergencies::open_in_emergency))
        .routes(routes!(emergencies::review_emergency))
        .routes(routes!(data_requests::data_requests, data_requests::register_data_request))
        .routes(routes!(data_requests::decide_data_request))
        .routes(routes!(data_requests::receive_data_request))
        .routes(routes!(audit::read_audit))
        .routes(routes!(status::status));
    OpenApiRouter::with_openapi(Description::openapi())
        .nest("/api/v1", v1)
        .nest("/scim/v2", directory)
}

/// Adds what every operation may answer that asks who somebody is, reads a path or
/// reads a body: said here once, since extractors refuse before any handler.
fn refusals(operation: &mut Operation, form: &str) {
    let is_of_path = |one: &RefOr<Parameter>| match one {
        RefOr::T(one) => one.parameter_in == ParameterIn::Path,
        RefOr::Ref(_) => false,
    };
    let of_path = operation.parameters.iter().flatten().any(is_of_path);
    let codes = [
        ("400", operation.parameters.is_some() || operation.request_body.is_some()),
        ("401", true),
        ("403", true),
        ("404", of_path),
        ("413", operation.request_body.is_some()),
        ("415", operation.request_body.is_some()),
    ];
    for (code, _) in codes.into_iter().filter(|(_, may)| *may) {
        let responses = &mut operation.responses.responses;
        responses.entry(code.to_owned()).or_insert_with(|| {
            let form = Ref::from_schema_name(form);
            let content = ContentBuilder::new().schema(Some(form)).build();
            let response = ResponseBuilder::new().content("application/json", content);
            RefOr::T(response.build())
        });
    }
}

async fn description() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], openapi())
}
