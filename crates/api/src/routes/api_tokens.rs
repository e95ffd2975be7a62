//! By what programs ask in a person's name.

use std::time::Duration;

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::{Method, StatusCode};
use base::ApiTokenId;
use serde::{Deserialize, Serialize};
use signin::{ApiToken, NewApiToken, Scope};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::{Body, Id};
use crate::person::{Confirmed, Somebody};

/// The longest a token may hold.
const MOST_DAYS: u16 = 366;

/// The most characters of a name.
const LONGEST_NAME: usize = 100;

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiTokenAsked {
    /// What it is for; its entries in the audit carry it.
    name: String,
    /// What it opens: `cameras:read`, `cameras:write`, `people:read`, `people:write`,
    /// `people:provision` (SCIM), `holds:read`, `holds:write`, `audit:read`, `status:read`.
    scopes: Vec<String>,
    /// How many days it holds: 366 at most.
    days: u16,
}

/// A token just made. It is told this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiTokenAnswer {
    id: Uuid,
    /// What the program sends: `Authorization: Bearer khue_…`.
    token: String,
    expires_us: i64,
}

/// A person's own tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiTokenList {
    tokens: Vec<ApiTokenRow>,
}

/// A token, without what it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiTokenRow {
    id: Uuid,
    name: String,
    scopes: Vec<&'static str>,
    made_us: i64,
    /// The first moment at which it opens nothing more.
    expires_us: i64,
    /// When it was last used, to a minute; null if never.
    used_us: Option<i64>,
}

/// Returns what a token must have been given to ask for a path, if there is a scope
/// that opens it. What is named nowhere here, no token opens: how people get in,
/// pictures, and what is not thought of yet.
pub(crate) fn scope_of(method: &Method, path: &str) -> Option<Scope> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if path.starts_with("/scim/v2/") {
        return Some(Scope::PeopleProvision);
    }
    let path = path.strip_prefix("/api/v1/")?;
    // A table of something is opened like the thing.
    let family = path.split(['/', '.']).next()?;
    // Passwords, second factors and sign-ins of people.
    let of_getting_in = ["/one-time-password", "/second-factor", "/devices", "/single-sign-on"];
    match (family, reads) {
        ("tree" | "cameras" | "timelines" | "organisations" | "sites", true) => {
            Some(Scope::CamerasRead)
        }
        ("cameras" | "organisations" | "sites", false) => Some(Scope::CamerasWrite),
        ("people", _) if of_getting_in.iter().any(|end| path.ends_with(end)) => None,
        ("people", true) => Some(Scope::PeopleRead),
        ("people", false) => Some(Scope::PeopleWrite),
        ("holds", true) => Some(Scope::HoldsRead),
        ("holds", false) => Some(Scope::HoldsWrite),
        ("audit", true) => Some(Scope::AuditRead),
        ("status", true) => Some(Scope::StatusRead),
        _ => None,
    }
}

/// Makes a token by which a program asks in this person's name.
#[utoipa::path(post, path = "/api-tokens", tag = "session", request_body = ApiTokenAsked,
    responses((status = 201, body = ApiTokenAnswer), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`confirm_it_is_you`"),
        (status = 503, body = ErrorForm, description = "`busy`: this person has too many")))]
pub(crate) async fn make_api_token(
    Given(state): Given<State>,
    Confirmed(person): Confirmed,
    Body(body): Body<ApiTokenAsked>,
) -> Result<(StatusCode, Json<ApiTokenAnswer>), Refusal> {
    person.is_themselves()?;
    let name = name(&body.name)?;
    let scopes = scopes(&body.scopes)?;
    if !(1..=MOST_DAYS).contains(&body.days) {
        let words = format!("a token holds from 1 to {MOST_DAYS} days");
        return Err(Refusal::invalid("days", words));
    }
    let lasts = Duration::from_secs(u64::from(body.days) * 86_400);
    let new = NewApiToken { user: person.user.id, name, scopes, lasts };
    let Some((token, text)) = state.sign_ins.make_api_token(new, state.now()).await? else {
        let words = "this person has as many API tokens as one may have; revoke one first";
        return Err(Refusal::new(Kind::Busy, words));
    };
    let deed = Deed::by(&state, &person, Act::ApiToken).with_id("api_token", token.id.0);
    let deed = deed.detail("token", &token.name).detail("scopes", words(&token).join(" "));
    let deed = deed.detail("until", token.expires).detail("change", "made");
    if let Err(refusal) = deed.done(&state).await {
        state.sign_ins.revoke_api_token(person.user.id, token.id).await?;
        return Err(refusal);
    }
    tracing::info!(user = person.user.name, token = token.name, "made an API token");
    let (id, expires_us) = (token.id.0, token.expires.0);
    Ok((StatusCode::CREATED, Json(ApiTokenAnswer { id, token: text, expires_us })))
}

/// Lists the person's own tokens.
#[utoipa::path(get, path = "/api-tokens", tag = "session",
    responses((status = 200, body = ApiTokenList)))]
pub(crate) async fn api_tokens(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Json<ApiTokenList>, Refusal> {
    let tokens = state.sign_ins.api_tokens(person.user.id, state.now()).await?;
    Ok(Json(ApiTokenList { tokens: tokens.into_iter().map(ApiTokenRow::from).collect() }))
}

/// Revokes one of the person's own tokens.
#[utoipa::path(delete, path = "/api-tokens/{id}", tag = "session", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ErrorForm)))]
pub(crate) async fn revoke_api_token(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Refusal> {
    let revoked = state.sign_ins.revoke_api_token(person.user.id, ApiTokenId(id)).await?;
    let token = revoked.ok_or_else(|| Refusal::not_found("API token"))?;
    let deed = Deed::by(&state, &person, Act::ApiToken).with_id("api_token", id);
    deed.detail("token", &token.name).detail("change", "revoked").done(&state).await?;
    tracing::info!(user = person.user.name, token = token.name, "revoked an API token");
    Ok(StatusCode::NO_CONTENT)
}

impl From<ApiToken> for ApiTokenRow {
    fn from(token: ApiToken) -> Self {
        Self {
            id: token.id.0,
            scopes: words(&token),
            name: token.name,
            made_us: token.made.0,
            expires_us: token.expires.0,
            used_us: token.used.map(|used| used.0),
        }
    }
}

fn words(token: &ApiToken) -> Vec<&'static str> {
    token.scopes.iter().map(|scope| scope.as_str()).collect()
}

fn scopes(words: &[String]) -> Result<Vec<Scope>, Refusal> {
    let mut scopes = Vec::new();
    for word in words {
        let known = || {
            let all: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
            let words = format!("there is no scope {word:?}; there are {}", all.join(", "));
            Refusal::invalid("scopes", words)
        };
        scopes.push(Scope::of(word).ok_or_else(known)?);
    }
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(Refusal::invalid("scopes", "a token without scopes opens nothing; give one"));
    }
    Ok(scopes)
}

fn name(name: &str) -> Result<String, Refusal> {
    let name = name.trim();
    let refused = |words: &str| Err(Refusal::invalid("name", words));
    if name.is_empty() {
        return refused("the name is empty; say which program the token is for");
    }
    if name.chars().count() > LONGEST_NAME {
        return refused("the name is longer than 100 characters");
    }
    if name.chars().any(char::is_control) {
        return refused("the name holds a control character");
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_opens_how_people_get_in_pictures_or_what_is_not_named() {
        for path in [
            "/api/v1/session",
            "/api/v1/session/password",
            "/api/v1/session/second-factor/totp",
            "/api/v1/devices",
            "/api/v1/api-tokens",
            "/api/v1/people/{id}/one-time-password",
            "/api/v1/people/{id}/second-factor",
            "/api/v1/people/{id}/devices",
            "/api/v1/people/{id}/single-sign-on",
            "/api/v1/stream-secrets",
            "/api/v1/media-tokens",
            "/api/v1/media",
            "/api/v1/exports",
            "/api/v1/something/new",
            "/api/v1/session/break-glass",
            "/api/v1/break-glass",
            "/metrics",
        ] {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                assert_eq!(scope_of(&method, path), None, "{method} {path}");
            }
        }
        let of = |method, path| scope_of(&method, path);
        assert_eq!(of(Method::GET, "/api/v1/cameras/{id}/timeline"), Some(Scope::CamerasRead));
        assert_eq!(of(Method::GET, "/api/v1/timelines"), Some(Scope::CamerasRead));
        assert_eq!(of(Method::POST, "/api/v1/timelines"), None);
        assert_eq!(of(Method::POST, "/api/v1/cameras/probe"), Some(Scope::CamerasWrite));
        assert_eq!(of(Method::GET, "/api/v1/organisations"), Some(Scope::CamerasRead));
        assert_eq!(of(Method::GET, "/api/v1/sites.xlsx"), Some(Scope::CamerasRead));
        assert_eq!(of(Method::POST, "/api/v1/sites/import"), Some(Scope::CamerasWrite));
        assert_eq!(of(Method::PATCH, "/api/v1/sites/{id}"), Some(Scope::CamerasWrite));
        assert_eq!(of(Method::PATCH, "/api/v1/people/{id}"), Some(Scope::PeopleWrite));
        assert_eq!(of(Method::POST, "/api/v1/audit"), None);
        assert_eq!(of(Method::PATCH, "/scim/v2/Users/{id}"), Some(Scope::PeopleProvision));
    }
}
