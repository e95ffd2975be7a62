//! Getting in by what another installation says: there and back, and what of it
//! counts here.
//!
//! ```text
//! POST oidc ──▶ address of the provider, sealed cookie
//! GET  oidc/callback ──▶ whom it means: bound ─┐
//!                        of that name ── binds ┤  (no administrator, unless it is said)
//!                        nobody ──── is added ─┤  (where it is said, and something names them)
//!                                              ▼
//!                        role and groups as the claims have them ──▶ signed in
//! ```
//!
//! The browser comes back by an address, so it is answered by one: what went wrong is
//! a word in it, and the page has the sentence.

use std::net::IpAddr;

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base::UserId;
use catalog::{NewUser, Role, User, UserChange};
use serde::{Deserialize, Serialize};
use signin::{BegunOidc, Claimed, ClaimedRole, OidcError, Provider, Returned};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{passkeys, session};
use crate::access;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::{Asked, Id};
use crate::person::{self, Address, Confirmed, Person, cookie, device};

/// What the browser keeps while somebody is at the provider. It comes from there by
/// a link, with which a stricter cookie would not be sent.
const COOKIE: &str = "__Host-khue-oidc";

/// How one may sign in here, beside by a password.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignInWays {
    /// What stands on the button of another installation that says who somebody is;
    /// null where there is none.
    oidc: Option<String>,
    /// Whether passkeys work at the name by which this was asked.
    passkey: bool,
}

/// Where the browser goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GoOn {
    url: String,
}

/// What the provider sends back.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Callback {
    code: Option<String>,
    state: Option<String>,
    /// Who answers.
    iss: Option<String>,
    /// Why the provider let nobody in.
    error: Option<String>,
}

/// Why somebody who came back is not let in: the word in the address, and what the
/// audit has.
struct Turned {
    word: &'static str,
    refusal: Refusal,
    user: Option<Box<User>>,
}

/// Tells how one may sign in here, beside by a password.
#[utoipa::path(get, path = "/session/ways", tag = "session",
    responses((status = 200, body = SignInWays)))]
pub(crate) async fn sign_in_ways(
    Given(state): Given<State>,
    uri: Uri,
    headers: HeaderMap,
) -> Json<SignInWays> {
    let oidc = state.provider.as_ref().map(|provider| provider.config().label.clone());
    let passkey = passkeys::place(&state, &headers, &uri).is_ok();
    Json(SignInWays { oidc, passkey })
}

/// Begins a sign-in by another installation. The answer sets a cookie that the
/// browser brings back from there within ten minutes.
#[utoipa::path(post, path = "/session/oidc", tag = "session",
    responses((status = 200, body = GoOn),
        (status = 404, body = ErrorForm, description = "there is no other installation to ask"),
        (status = 503, body = ErrorForm, description = "`busy`: it does not answer")))]
pub(crate) async fn begin_oidc(
    Given(state): Given<State>,
    Address(address): Address,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    person::same_origin(&headers, &uri)?;
    let before = person::find(&headers, address, &state).await?;
    let (url, mut begun) = begun(&state, None).await?;
    // The browser has one sign-in at a time.
    begun.replaces = before.map(|before| before.sign_in.id);
    Ok(go_on(&state, url, &begun))
}

/// Begins to confirm by another installation that one is still who signed in.
#[utoipa::path(post, path = "/session/confirm/oidc", tag = "session",
    responses((status = 200, body = GoOn), (status = 404, body = ErrorForm),
        (status = 503, body = ErrorForm, description = "`busy`: it does not answer")))]
pub(crate) async fn begin_confirm_oidc(
    Given(state): Given<State>,
    person: Person,
) -> Result<Response, Refusal> {
    let (url, begun) = begun(&state, Some(&person)).await?;
    Ok(go_on(&state, url, &begun))
}

/// Where the browser comes back to. Signs in, or confirms; then leads to the client,
/// with `sso=` and a word where something is to be said.
#[utoipa::path(get, path = "/session/oidc/callback", tag = "session", params(Callback),
    responses((status = 303, description = "to the client")))]
pub(crate) async fn oidc_callback(
    Given(state): Given<State>,
    Address(address): Address,
    headers: HeaderMap,
    Asked(callback): Asked<Callback>,
) -> Response {
    let gone = format!("{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
    let (cookies, place) = match came_back(&state, address, &headers, callback).await {
        Ok(Some(cookie)) => (vec![cookie, gone], "/".to_owned()),
        Ok(None) => (vec![gone], "/?sso=confirmed".to_owned()),
        Err(turned) => {
            let Turned { word, refusal, user } = turned;
            tracing::warn!(%address, word, why = refusal.message(), "the provider let nobody in");
            let deed = match &user {
                Some(user) => Deed::of(state.now(), user, None, Some(address), Act::SignIn),
                None => Deed::new(state.now(), Act::SignIn, Some(address)),
            };
            deed.detail("way", "provider").detail("why", word).refused(&state, refusal).await;
            (vec![gone], format!("/?sso={word}"))
        }
    };
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response();
    for cookie in cookies {
        // Written of letters that a header takes.
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// Takes away whom the provider means by this person, as after a wrong name there;
/// ends their sign-ins.
#[utoipa::path(delete, path = "/people/{id}/single-sign-on", tag = "people",
    params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`forbidden`, `confirm_it_is_you`")))]
pub(crate) async fn remove_single_sign_on(
    Given(state): Given<State>,
    Confirmed(person): Confirmed,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Refusal> {
    let deed = Deed::by(&state, &person, Act::User);
    if let Err(refusal) = access::managing_people(&person.user) {
        return Err(deed.with_id("user", id).refused(&state, refusal).await);
    }
    let other = state.catalog.user(UserId(id)).ok_or_else(|| Refusal::not_found("person"))?;
    if !state.sign_ins.unprovide(other.id).await? {
        return Err(Refusal::not_found("single sign-on"));
    }
    deed.with_user(&other).detail("change", "single sign-on removed").done(&state).await?;
    tracing::info!(user = person.user.name, of = other.name, "removed a single sign-on");
    Ok(StatusCode::NO_CONTENT)
}

async fn begun(state: &State, person: Option<&Person>) -> Result<(String, BegunOidc), Refusal> {
    let provider = provider(state)?;
    let _turn = turn(state)?;
    let confirms = person.map(|person| person.sign_in.id);
    let (url, begun) = provider.begin(confirms, state.now()).await.map_err(|error| {
        tracing::error!(%error, "nobody can sign in by the provider");
        away()
    })?;
    Ok((url.to_string(), begun))
}

fn go_on(state: &State, url: String, begun: &BegunOidc) -> Response {
    let sealed = state.sign_ins.seal_oidc(begun);
    let cookie = format!("{COOKIE}={sealed}; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax");
    ([(header::SET_COOKIE, cookie)], Json(GoOn { url })).into_response()
}

/// Returns the cookie of a sign-in, or none where one was confirmed.
async fn came_back(
    state: &State,
    address: IpAddr,
    headers: &HeaderMap,
    callback: Callback,
) -> Result<Option<String>, Turned> {
    let provider = provider(state)?;
    let begun = cookie(headers, COOKIE).and_then(|sealed| state.sign_ins.unseal_oidc(sealed));
    let begun = begun.ok_or(OidcError::Stale)?;
    let sent = callback.state.unwrap_or_default();
    begun.answers(&sent, state.now())?;
    let Some(code) = callback.code.filter(|_| callback.error.is_none()) else {
        let said = callback.error.unwrap_or_default();
        let said: String = said.chars().filter(char::is_ascii_graphic).take(60).collect();
        let words = format!("the provider let nobody in ({said})");
        return Err(Turned::new("refused", Refusal::new(Kind::WrongSignIn, words)));
    };
    let returned = Returned { code: &code, state: &sent, issuer: callback.iss.as_deref() };
    let claimed = {
        let _turn = turn(state)?;
        provider.finish(&begun, returned, state.now()).await?
    };
    if let Some(sign_in) = begun.confirms {
        let user = state.sign_ins.provided(&claimed.issuer, &claimed.subject).await?;
        let user = user.and_then(|user| state.catalog.user(user));
        let user = user.ok_or_else(|| Turned::forbidden("unknown_person", None))?;
        if !state.sign_ins.confirm_provided(sign_in, user.id, state.now()).await? {
            return Err(Turned::forbidden("another_person", Some(user)));
        }
        let deed = Deed::of(state.now(), &user, Some(sign_in), Some(address), Act::Confirm);
        deed.detail("by", "provider").done(state).await?;
        return Ok(None);
    }
    let user = whom(state, provider, &claimed, address).await?;
    let user = as_claimed(state, provider, user, &claimed, address).await?;
    let (second, now) = (claimed.second_factor, state.now());
    let device = device(headers, address);
    let opened = state.sign_ins.sign_in_provided(user.id, second, device, now).await?;
    if let Some(before) = begun.replaces {
        state.sign_ins.sign_out(before).await?;
    }
    let deed = Deed::of(now, &user, Some(opened.sign_in.id), Some(address), Act::SignIn);
    let mut deed = deed.detail("way", "provider");
    if second {
        deed = deed.detail("second_factor", "provider");
    }
    Ok(Some(session::noted(state, &user, address, &opened, deed).await?))
}

/// Returns whom of us the provider means.
async fn whom(
    state: &State,
    provider: &Provider,
    claimed: &Claimed,
    address: IpAddr,
) -> Result<User, Turned> {
    let config = provider.config();
    let bound = state.sign_ins.provided(&claimed.issuer, &claimed.subject).await?;
    if let Some(user) = bound.and_then(|user| state.catalog.user(user)) {
        return may_come(state, provider, user).await;
    }
    let name = claimed.name.as_deref().ok_or_else(|| Turned::forbidden("no_name", None))?;
    let user = match state.catalog.user_by_name(name) {
        Some(user) => may_come(state, provider, user).await?,
        None if config.make_people && config.names(&claimed.groups) => {
            added(state, claimed, name, address).await?
        }
        None if config.make_people => return Err(Turned::forbidden("no_group", None)),
        None => return Err(Turned::forbidden("unknown_person", None)),
    };
    let (issuer, subject) = (&claimed.issuer, &claimed.subject);
    if !state.sign_ins.provide(issuer, subject, user.id, state.now()).await? {
        // Somebody else there had the name before.
        return Err(Turned::forbidden("another_person", Some(user)));
    }
    let deed = Deed::of(state.now(), &user, None, Some(address), Act::User).with_user(&user);
    deed.detail("change", "single sign-on bound").detail("by", "provider").done(state).await?;
    Ok(user)
}

/// Refuses administrators, unless it is said that the provider may let them in; the
/// account of the envelope in any case, which is opened by its secret alone.
async fn may_come(state: &State, provider: &Provider, user: User) -> Result<User, Turned> {
    let is_kept_out = user.role == Role::Administrator && !provider.config().administrators;
    match is_kept_out || state.sign_ins.is_sealed(user.id).await? {
        true => Err(Turned::forbidden("administrator", Some(user))),
        false => Ok(user),
    }
}

/// Adds somebody who was not here. They hold nothing but what their groups do.
async fn added(
    state: &State,
    claimed: &Claimed,
    name: &str,
    address: IpAddr,
) -> Result<User, Turned> {
    let display_name = claimed.display_name.clone().unwrap_or_else(|| name.to_owned());
    let user =
        NewUser { name: name.to_owned(), display_name, role: Role::Operator, organisation: None };
    let user = state.catalog.add_user(user).await.map_err(|error| {
        Turned::new("no_name", Refusal::new(Kind::Forbidden, error.to_string()))
    })?;
    let deed = Deed::of(state.now(), &user, None, Some(address), Act::User).with_user(&user);
    deed.detail("change", "added").detail("by", "provider").done(state).await?;
    Ok(user)
}

/// Makes role and groups as the claims have them, as far as the configuration has
/// the provider decide.
async fn as_claimed(
    state: &State,
    provider: &Provider,
    user: User,
    claimed: &Claimed,
    address: IpAddr,
) -> Result<User, Turned> {
    let config = provider.config();
    let deed = |act| Deed::of(state.now(), &user, None, Some(address), act);
    for (name, is_in) in config.groups_of(&claimed.groups) {
        let known = {
            let tables = state.catalog.tables();
            tables.groups.values().find(|group| group.name == name).map(|group| group.id)
        };
        let Some(known) = known else {
            tracing::warn!(group = name, "[sign_in.oidc.groups] names a group that is not there");
            continue;
        };
        if let Some(group) = state.catalog.set_member(known, user.id, is_in).await? {
            let change = if is_in { "joined" } else { "left" };
            let deed = deed(Act::Group).with_named("group", group.id.0, &group.name);
            deed.detail("change", change).detail("by", "provider").done(state).await?;
        }
    }
    if config.roles.is_empty() {
        return Ok(user);
    }
    let role = match config.role_of(&claimed.groups) {
        Some(ClaimedRole::Administrator) => Role::Administrator,
        Some(ClaimedRole::Auditor) => Role::Auditor,
        Some(ClaimedRole::Operator) | None => Role::Operator,
    };
    let is_last = user.role == Role::Administrator && {
        let tables = state.catalog.tables();
        tables.users.values().filter(|one| one.role == Role::Administrator).count() == 1
    };
    if role == user.role || is_last {
        return Ok(user);
    }
    let change = UserChange { role: Some(role), ..UserChange::default() };
    let changed = state.catalog.change_user(user.id, change).await?;
    let words = format!("{} → {}", user.role.as_str(), role.as_str());
    let deed = deed(Act::User).with_user(&changed).detail("role", words);
    deed.detail("change", "changed").detail("by", "provider").done(state).await?;
    Ok(changed)
}

/// One of the few who may have the provider asked at once: whoever asks us often
/// must not make us ask it often.
fn turn(state: &State) -> Result<tokio::sync::SemaphorePermit<'_>, Refusal> {
    state.provider_turns.try_acquire().map_err(|_| away())
}

fn provider(state: &State) -> Result<&Provider, Refusal> {
    state.provider.as_ref().ok_or_else(|| Refusal::not_found("way to sign in"))
}

fn away() -> Refusal {
    let words = "the other installation does not answer; try again, or sign in by a password";
    Refusal::new(Kind::Busy, words)
}

impl Turned {
    fn new(word: &'static str, refusal: Refusal) -> Self {
        Self { word, refusal, user: None }
    }

    fn forbidden(word: &'static str, user: Option<User>) -> Self {
        let refusal = Refusal::new(Kind::Forbidden, format!("not let in here: {word}"));
        Self { word, refusal, user: user.map(Box::new) }
    }
}

impl From<OidcError> for Turned {
    fn from(error: OidcError) -> Self {
        let (word, kind) = match &error {
            OidcError::Stale => ("stale", Kind::Expired),
            OidcError::Unreachable(_) => ("unreachable", Kind::Busy),
            OidcError::Disbelieved(_) => ("disbelieved", Kind::WrongSignIn),
        };
        Self::new(word, Refusal::new(kind, error.to_string()))
    }
}

impl From<Refusal> for Turned {
    fn from(refusal: Refusal) -> Self {
        Self::new("broken", refusal)
    }
}

impl From<signin::Error> for Turned {
    fn from(error: signin::Error) -> Self {
        Refusal::from(error).into()
    }
}

impl From<catalog::Error> for Turned {
    fn from(error: catalog::Error) -> Self {
        Refusal::from(error).into()
    }
}
