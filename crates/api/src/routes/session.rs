//! Signing in and out, and choosing a password.

use std::net::IpAddr;

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use catalog::{Role, User};
use serde::{Deserialize, Serialize};
use signin::{Attempt, Choice, Opened, Proof, SignIn, Way};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Refusal};
use crate::extract::Body;
use crate::person::{self, Address, AtTheDoor, COOKIE, Person, device};

/// Who is signed in, and what the client needs to go on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    user: SessionUser,
    /// What unsafe requests carry in the header `x-khue-csrf`.
    csrf: String,
    server_time_us: i64,
    version: &'static str,
    /// Whether the cameras are simulated.
    demo: bool,
    ways: Ways,
}

/// What this installation has of what not every one has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ways {
    /// Whether WHEP is served.
    whep: bool,
    /// Whether there are thumbnails and conversions.
    worker: bool,
}

/// The person who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionUser {
    id: Uuid,
    name: String,
    display_name: String,
    /// `administrator`, `operator` or `auditor`.
    role: &'static str,
    /// Nothing else is answered before a password is chosen.
    must_choose_password: bool,
    /// Whether there is a password to confirm by that it is them.
    has_password: bool,
    /// Whether there are passkeys to do that by.
    has_passkey: bool,
    /// Whether there is an authenticator to do that by, which shows codes.
    has_totp: bool,
    /// By what they signed in: `password`, `provider`, `passkey` or `sealed`, the
    /// envelope for emergencies.
    way: &'static str,
    /// `none`, `set`, `asked`: nothing else is answered before a code came, or
    /// `required`: nothing else is answered before it is set up.
    second_factor: &'static str,
}

/// What somebody typed to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    name: String,
    password: String,
}

/// What somebody typed to choose a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The one until now, also a one-time one that was just used.
    current: String,
    new: String,
}

/// Signs in. The answer sets the cookie of the sign-in; where `second_factor` in it
/// is `asked`, that opens nothing but `POST /session/second-factor`, for five minutes.
#[utoipa::path(post, path = "/session", tag = "session", request_body = Credentials,
    responses((status = 200, body = Session),
        (status = 401, body = ErrorForm, description = "`wrong_sign_in`"),
        (status = 429, body = ErrorForm, description = "`locked_out`, with `retry_after_s`")))]
pub(crate) async fn sign_in(
    Given(state): Given<State>,
    Address(address): Address,
    uri: Uri,
    headers: HeaderMap,
    Body(Credentials { name, password }): Body<Credentials>,
) -> Result<Response, Refusal> {
    // Nobody is signed in yet whom a CSRF value could belong to; a page of
    // another site must not sign somebody in all the same.
    person::same_origin(&headers, &uri)?;
    let user = state.catalog.user_by_name(&name);
    let device = device(&headers, address);
    let attempt =
        Attempt { name: &name, user: user.as_ref().map(|user| user.id), password, device };
    let opened = match state.sign_ins.sign_in(attempt, state.now()).await {
        Ok(opened) => opened,
        Err(error) => {
            tracing::warn!(%address, %error, "somebody was not let in");
            let deed = match &user {
                Some(user) => Deed::of(state.now(), user, None, Some(address), Act::SignIn),
                // What was typed may be a password in the wrong field.
                None => Deed::new(state.now(), Act::SignIn, Some(address)),
            };
            return Err(deed.refused(&state, error.into()).await);
        }
    };
    // The browser has one sign-in at a time.
    if let Some(before) = person::find(&headers, address, &state).await? {
        state.sign_ins.sign_out(before.sign_in.id).await?;
    }
    // A password is right only for somebody who is there.
    let user = user.ok_or_else(|| Refusal::broken("a sign-in was opened for nobody"))?;
    signed_in(&state, &user, address, opened, None).await
}

/// Answers with a sign-in that was just opened, once the audit has it.
pub(crate) async fn signed_in(
    state: &State,
    user: &User,
    address: IpAddr,
    opened: Opened,
    proof: Option<Proof>,
) -> Result<Response, Refusal> {
    let deed = Deed::of(state.now(), user, Some(opened.sign_in.id), Some(address), Act::SignIn);
    let deed = match opened.sign_in.way {
        Way::Password => deed,
        way => deed.detail("way", way.as_str()),
    };
    let deed =
        proof.into_iter().fold(deed, |deed, proof| deed.detail("second_factor", proof.as_str()));
    let cookie = noted(state, user, address, &opened, deed).await?;
    let session = describe(state, user, opened.sign_in);
    Ok(([(header::SET_COOKIE, cookie)], Json(session)).into_response())
}

/// Notes a sign-in that was just opened, and returns its cookie; where it cannot be
/// noted, it is ended again.
pub(crate) async fn noted(
    state: &State,
    user: &User,
    address: IpAddr,
    opened: &Opened,
    deed: Deed,
) -> Result<String, Refusal> {
    let deed = match opened.sign_in.asked {
        true => deed.detail("second_factor", "asked"),
        false => deed,
    };
    if let Err(refusal) = deed.done(state).await {
        state.sign_ins.sign_out(opened.sign_in.id).await?;
        return Err(refusal);
    }
    let (asked, way) = (opened.sign_in.asked, opened.sign_in.way.as_str());
    tracing::info!(user = user.name, %address, asked, way, "signed in");
    Ok(format!(
        "{COOKIE}={}; Path=/; Max-Age={}; Secure; HttpOnly; SameSite=Strict",
        opened.cookie,
        state.sign_ins.config().longest().as_secs()
    ))
}

/// Tells who is signed in.
#[utoipa::path(get, path = "/session", tag = "session",
    responses((status = 200, body = Session),
        (status = 401, body = ErrorForm, description = "`signed_out`")))]
pub(crate) async fn session(
    Given(state): Given<State>,
    AtTheDoor(person): AtTheDoor,
) -> Json<Session> {
    Json(describe(&state, &person.user, person.sign_in))
}

/// Signs out.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
pub(crate) async fn sign_out(
    Given(state): Given<State>,
    AtTheDoor(person): AtTheDoor,
) -> Result<Response, Refusal> {
    state.sign_ins.sign_out(person.sign_in.id).await?;
    Deed::by(&state, &person, Act::SignOut).done(&state).await?;
    let cookie = format!("{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Chooses a password, and signs the person out everywhere else.
#[utoipa::path(put, path = "/session/password", tag = "session", request_body = NewPassword,
    responses((status = 204),
        (status = 400, body = ErrorForm, description = "`wrong_password`, `weak_password`")))]
pub(crate) async fn choose_password(
    Given(state): Given<State>,
    person: Person,
    Address(address): Address,
    Body(NewPassword { current, new }): Body<NewPassword>,
) -> Result<StatusCode, Refusal> {
    let choice = Choice { name: &person.user.name, current, new, address };
    let deed = Deed::by(&state, &person, Act::Password);
    if let Err(error) = state.sign_ins.choose(&person.sign_in, choice, state.now()).await {
        return Err(deed.refused(&state, error.into()).await);
    }
    deed.done(&state).await?;
    tracing::info!(user = person.user.name, "chose a password");
    Ok(StatusCode::NO_CONTENT)
}

fn describe(state: &State, user: &User, sign_in: SignIn) -> Session {
    let needs = state.sign_ins.config().asks(user.role == Role::Administrator);
    let second_factor = match (sign_in.asked, sign_in.has_second_factor, needs) {
        (true, ..) => "asked",
        (false, true, _) => "set",
        (false, false, true) => "required",
        (false, false, false) => "none",
    };
    Session {
        user: SessionUser {
            id: user.id.0,
            name: user.name.clone(),
            display_name: user.display_name.clone(),
            role: user.role.as_str(),
            must_choose_password: sign_in.must_choose_password,
            has_password: sign_in.has_password,
            has_passkey: sign_in.has_passkey,
            has_totp: sign_in.has_totp,
            way: sign_in.way.as_str(),
            second_factor,
        },
        csrf: state.sign_ins.csrf(sign_in.id),
        server_time_us: state.now().0,
        version: state.version,
        demo: state.demo,
        ways: Ways { whep: state.whep.is_some(), worker: state.converter.decoder().is_installed() },
    }
}
