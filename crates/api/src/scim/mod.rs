//! SCIM 2.0 (RFC 7643, 7644): a city's directory says who joins, moves and leaves.
//!
//! ```text
//! API token with the scope people:provision ──▶ /scim/v2/Users, /scim/v2/Groups
//!    joins    POST Users                  an operator or auditor, who holds nothing yet
//!    moves    PATCH, PUT Groups           what groups hold, they hold
//!    leaves   PATCH active=false, DELETE  signed out, programs and players too, at once
//! ```
//!
//! As much of the standard as directories use: filters by one `eq`, PATCH of what we
//! keep; what we keep nothing of is passed over. Nobody becomes an administrator by
//! it, and no password comes or goes.

mod group;
mod patch;
mod user;

use audit::Act;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::path::Operation;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{Kind, Refusal};
use crate::person::{Person, Somebody};

const TYPE: HeaderValue = HeaderValue::from_static("application/scim+json");
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// The most bytes of a body: a group of everybody in a city, with their names.
pub(crate) const LARGEST: usize = 4 << 20;

/// The most resources of an answer.
const MOST: usize = 200;

/// The routes, beside those of our own API.
pub(crate) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(service_provider_config))
        .routes(routes!(resource_types))
        .routes(routes!(schemas))
        .routes(routes!(user::scim_users, user::scim_add_user))
        .routes(routes!(
            user::scim_user,
            user::scim_replace_user,
            user::scim_patch_user,
            user::scim_remove_user
        ))
        .routes(routes!(group::scim_groups, group::scim_add_group))
        .routes(routes!(
            group::scim_group,
            group::scim_replace_group,
            group::scim_patch_group,
            group::scim_remove_group
        ))
}

/// Says in the description by which type its bodies go (RFC 7644, 8.1).
pub(crate) fn say_type(operation: &mut Operation) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        rename(&mut body.content);
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            rename(&mut response.content);
        }
    }
}

fn rename<V, C>(content: &mut C)
where
    C: Default + IntoIterator<Item = (String, V)> + FromIterator<(String, V)>,
{
    let own = |(name, content): (String, V)| match name.as_str() {
        "application/json" => ("application/scim+json".to_owned(), content),
        _ => (name, content),
    };
    *content = std::mem::take(content).into_iter().map(own).collect();
}

/// A refusal in the form of RFC 7644, 3.12.
#[derive(Debug)]
pub(crate) struct ScimError {
    status: StatusCode,
    /// The standard's word, where it has one.
    kind: Option<&'static str>,
    detail: String,
    /// Ours.
    code: &'static str,
}

/// The form of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimErrorForm {
    schemas: [&'static str; 1],
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scim_type: Option<&'static str>,
    detail: String,
    /// What is wrong, as the rest of the API says it.
    code: &'static str,
}

/// Whoever may say who joins, moves and leaves.
pub(crate) struct Provisioner(pub(crate) Person);

/// A JSON body, whatever its type is called.
pub(crate) struct ScimBody<T>(pub(crate) T);

/// An answer of this type.
pub(crate) struct Scim<T>(pub(crate) T);

/// Which resources, and how many.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimAsked {
    /// `ATTRIBUTE eq "VALUE"`, of `userName`, `displayName` and `id`.
    filter: Option<String>,
    /// From which on, from 1.
    start_index: Option<i64>,
    /// How many at most.
    count: Option<i64>,
}

/// A list of resources.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimList<T> {
    schemas: [&'static str; 1],
    total_results: usize,
    start_index: usize,
    items_per_page: usize,
    #[serde(rename = "Resources")]
    resources: Vec<T>,
}

/// What is known of a resource itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimMeta {
    resource_type: &'static str,
    location: String,
}

/// A reference from one resource to another.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScimReference {
    value: String,
    display: String,
}

/// What of the standard there is.
#[utoipa::path(get, path = "/ServiceProviderConfig", tag = "scim", responses((status = 200)))]
pub(crate) async fn service_provider_config(_: Provisioner) -> Scim<Value> {
    let no = json!({"supported": false});
    Scim(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": MOST},
        "changePassword": no, "sort": no, "etag": no,
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "API token",
            "description": "Authorization: Bearer khue_…, a token with the scope people:provision",
        }],
    }))
}

/// Which resources there are.
#[utoipa::path(get, path = "/ResourceTypes", tag = "scim", responses((status = 200)))]
pub(crate) async fn resource_types(_: Provisioner) -> Scim<ScimList<Value>> {
    let of = |name: &str, endpoint: &str, schema: &str| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": name, "name": name, "endpoint": endpoint, "schema": schema,
        })
    };
    let all = vec![of("User", "/Users", user::SCHEMA), of("Group", "/Groups", group::SCHEMA)];
    Scim(ScimList::whole(all))
}

/// What of each resource is kept.
#[utoipa::path(get, path = "/Schemas", tag = "scim", responses((status = 200)))]
pub(crate) async fn schemas(_: Provisioner) -> Scim<ScimList<Value>> {
    let attribute = |name: &str, kind: &str, mutability: &str, required: bool| {
        json!({
            "name": name, "type": kind, "multiValued": kind == "complex", "required": required,
            "mutability": mutability, "returned": "default", "caseExact": false,
            "uniqueness": if required { "server" } else { "none" },
        })
    };
    let user = json!({
        "id": user::SCHEMA, "name": "User",
        "attributes": [
            attribute("userName", "string", "immutable", true),
            attribute("displayName", "string", "readWrite", false),
            attribute("active", "boolean", "readWrite", false),
            attribute("roles", "complex", "readWrite", false),
            attribute("groups", "complex", "readOnly", false),
        ],
    });
    let group = json!({
        "id": group::SCHEMA, "name": "Group",
        "attributes": [
            attribute("displayName", "string", "readWrite", true),
            attribute("members", "complex", "readWrite", false),
        ],
    });
    Scim(ScimList::whole(vec![user, group]))
}

impl<T> ScimList<T> {
    fn whole(all: Vec<T>) -> Self {
        let count = all.len();
        Self {
            schemas: [LIST],
            total_results: count,
            start_index: 1,
            items_per_page: count,
            resources: all,
        }
    }

    /// The part that was asked for.
    fn part(all: Vec<T>, asked: &ScimAsked) -> Self {
        let total_results = all.len();
        let from = usize::try_from(asked.start_index.unwrap_or(1)).unwrap_or(1).max(1);
        let count = asked.count.map_or(MOST, |count| usize::try_from(count).unwrap_or(0)).min(MOST);
        let resources: Vec<T> = all.into_iter().skip(from - 1).take(count).collect();
        Self {
            schemas: [LIST],
            total_results,
            start_index: from,
            items_per_page: resources.len(),
            resources,
        }
    }
}

/// Reads a filter: its attribute in lower case, and the value.
fn filter(asked: &ScimAsked) -> Result<Option<(String, String)>, ScimError> {
    let Some(filter) = asked.filter.as_deref().map(str::trim).filter(|text| !text.is_empty())
    else {
        return Ok(None);
    };
    let unknown = || {
        let detail = format!("the filter {filter:?} is not known; write ATTRIBUTE eq \"VALUE\"");
        ScimError::invalid("invalidFilter", detail)
    };
    let (attribute, rest) = filter.split_once(' ').ok_or_else(unknown)?;
    let (operator, value) = rest.trim_start().split_once(' ').ok_or_else(unknown)?;
    let value: String = serde_json::from_str(value.trim()).map_err(|_| unknown())?;
    match operator.eq_ignore_ascii_case("eq") {
        true => Ok(Some((attribute.to_ascii_lowercase(), value))),
        false => Err(unknown()),
    }
}

/// For [`crate::fuzzing`].
pub(crate) fn fuzzed_filter(filter: &str) -> Result<Option<(String, String)>, &'static str> {
    let asked = ScimAsked { filter: Some(filter.to_owned()), start_index: None, count: None };
    self::filter(&asked).map_err(|error| error.kind.unwrap_or_default())
}

/// For [`crate::fuzzing`].
pub(crate) fn fuzzed_steps(
    patch: &[u8],
) -> Result<Vec<(String, Option<String>)>, Option<&'static str>> {
    let patch: patch::ScimPatch = serde_json::from_slice(patch).map_err(|_| None)?;
    let steps = patch.steps().map_err(|error| error.kind)?;
    Ok(steps.into_iter().map(|step| (step.attribute, step.picked)).collect())
}

fn unfiltered(attribute: &str) -> ScimError {
    let detail = format!("nothing is found by {attribute}; filter by userName, displayName or id");
    ScimError::invalid("invalidFilter", detail)
}

impl ScimError {
    fn invalid(kind: &'static str, detail: impl Into<String>) -> Self {
        let (status, code) = (StatusCode::BAD_REQUEST, "invalid");
        Self { status, kind: Some(kind), detail: detail.into(), code }
    }

    fn forbidden(detail: &str) -> Self {
        Refusal::new(Kind::Forbidden, detail).into()
    }

    fn not_found(what: &'static str) -> Self {
        Refusal::not_found(what).into()
    }
}

impl From<Refusal> for ScimError {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = refusal.kind.row();
        let kind = match refusal.kind {
            Kind::Taken => Some("uniqueness"),
            Kind::Invalid => Some("invalidValue"),
            _ => None,
        };
        Self { status, kind, detail: refusal.message().to_owned(), code }
    }
}

impl From<catalog::Error> for ScimError {
    fn from(error: catalog::Error) -> Self {
        Refusal::from(error).into()
    }
}

impl From<signin::Error> for ScimError {
    fn from(error: signin::Error) -> Self {
        Refusal::from(error).into()
    }
}

impl IntoResponse for ScimError {
    fn into_response(self) -> Response {
        let Self { status, kind, detail, code } = self;
        let status_text = status.as_u16().to_string();
        let form =
            ScimErrorForm { schemas: [ERROR], status: status_text, scim_type: kind, detail, code };
        (status, Scim(form)).into_response()
    }
}

impl<T: Serialize> IntoResponse for Scim<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => ([(header::CONTENT_TYPE, TYPE)], bytes).into_response(),
            Err(error) => Refusal::broken(error).into_response(),
        }
    }
}

impl FromRequestParts<State> for Provisioner {
    type Rejection = ScimError;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, ScimError> {
        let Somebody(person) = Somebody::from_request_parts(parts, state).await?;
        // By a token alone: at a screen these things ask whether it is oneself.
        let words = "a directory asks by an API token with the scope people:provision";
        let by_token = match person.token {
            Some(_) => Ok(()),
            None => Err(Refusal::new(Kind::Forbidden, words)),
        };
        if let Err(refusal) = access::managing_people(&person.user).and(by_token) {
            let deed = Deed::by(state, &person, Act::User).detail("by", "scim");
            return Err(deed.refused(state, refusal).await.into());
        }
        Ok(Self(person))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for ScimBody<T> {
    type Rejection = ScimError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ScimError> {
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            ScimError::from(Refusal::new(Kind::TooLarge, rejection.body_text()))
        })?;
        let read = serde_json::from_slice(&bytes);
        read.map(Self).map_err(|error| {
            ScimError::invalid("invalidSyntax", format!("the body cannot be read: {error}"))
        })
    }
}

/// What stands behind the question mark.
pub(crate) struct ScimQuery(pub(crate) ScimAsked);

impl<S: Send + Sync> FromRequestParts<S> for ScimQuery {
    type Rejection = ScimError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ScimError> {
        let query = Query::from_request_parts(parts, state).await;
        query
            .map(|Query(asked)| Self(asked))
            .map_err(|rejection| ScimError::invalid("invalidSyntax", rejection.body_text()))
    }
}
