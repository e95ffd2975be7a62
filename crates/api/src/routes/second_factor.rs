//! A second factor: being asked for it, setting it up, losing it; and confirming
//! that one is still who signed in.

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use base::UserId;
use serde::{Deserialize, Serialize};
use signin::Qr;
use utoipa::ToSchema;
use uuid::Uuid;

use super::session;
use crate::access;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::{Body, Id};
use crate::person::{AtTheDoor, Confirmed, Person, device};

/// What a phone shows that this sets up, beside the name.
const PLACE: &str = "Khuê";

/// A code of an authenticator, or a recovery code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    code: String,
}

/// What a person has beside the password.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecondFactorAnswer {
    /// Since when there is an authenticator; null where there is none.
    totp_since_us: Option<i64>,
    /// How many recovery codes are left.
    recovery_codes: u64,
    /// Whether this installation asks it of this person: then it is replaced and
    /// not removed.
    required: bool,
}

/// An authenticator to be set up. It counts once a code of it came back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewTotpAnswer {
    /// The secret in letters, to be typed.
    secret: String,
    /// The same as what a phone opens.
    uri: String,
    /// The same as a picture that a phone reads: a square of so many units, and its
    /// dark parts as the `d` of an SVG path.
    qr_size: u32,
    qr_path: String,
}

/// Codes that are told this once, each good once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// What somebody typed to prove themselves once more: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmation {
    password: Option<String>,
    code: Option<String>,
}

/// Makes a sign-in whole of which a code was asked. The answer sets another cookie.
#[utoipa::path(post, path = "/session/second-factor", tag = "session", request_body = Code,
    responses((status = 200, body = session::Session),
        (status = 400, body = ErrorForm, description = "`wrong_code`"),
        (status = 429, body = ErrorForm, description = "`locked_out`, with `retry_after_s`")))]
pub(crate) async fn prove(
    Given(state): Given<State>,
    AtTheDoor(person): AtTheDoor,
    headers: HeaderMap,
    Body(Code { code }): Body<Code>,
) -> Result<Response, Refusal> {
    if !person.sign_in.asked {
        return Err(Refusal::new(Kind::Invalid, "no code is asked for"));
    }
    let device = device(&headers, person.address);
    let proved = state.sign_ins.prove(&person.sign_in, &code, device, state.now()).await;
    let (opened, proof) = match proved {
        Ok(proved) => proved,
        Err(error) => {
            tracing::warn!(user = person.user.name, address = %person.address, %error, "a code was not taken");
            return Err(Deed::by(&state, &person, Act::SignIn).refused(&state, error.into()).await);
        }
    };
    session::signed_in(&state, &person.user, person.address, opened, Some(proof)).await
}

/// Tells what the person has beside the password.
#[utoipa::path(get, path = "/session/second-factor", tag = "session",
    responses((status = 200, body = SecondFactorAnswer)))]
pub(crate) async fn second_factor(
    Given(state): Given<State>,
    person: Person,
) -> Result<Json<SecondFactorAnswer>, Refusal> {
    let has = state.sign_ins.second_factor(person.user.id).await?;
    Ok(Json(SecondFactorAnswer {
        totp_since_us: has.totp.map(|since| since.0),
        recovery_codes: has.recovery_codes,
        required: person.needs_second_factor(&state),
    }))
}

/// Makes a secret for the person's authenticator, which waits ten minutes for its
/// first code.
#[utoipa::path(post, path = "/session/second-factor/totp", tag = "session",
    responses((status = 200, body = NewTotpAnswer),
        (status = 403, body = ErrorForm, description = "`confirm_it_is_you`")))]
pub(crate) async fn begin_totp(
    Given(state): Given<State>,
    person: Person,
) -> Result<Json<NewTotpAnswer>, Refusal> {
    person.has_chosen()?;
    person.is_themselves()?;
    person.is_confirmed(&state)?;
    let name = &person.user.name;
    let new = state.sign_ins.begin_totp(&person.sign_in, PLACE, name, state.now())?;
    let Qr { size, path } = new.qr;
    Ok(Json(NewTotpAnswer { secret: new.secret, uri: new.uri, qr_size: size, qr_path: path }))
}

/// Takes the authenticator on by a code of it, in place of another one, and signs
/// the person out everywhere else.
#[utoipa::path(put, path = "/session/second-factor/totp", tag = "session", request_body = Code,
    responses((status = 200, body = RecoveryCodes),
        (status = 400, body = ErrorForm, description = "`wrong_code`"),
        (status = 410, body = ErrorForm, description = "`expired`: begin anew")))]
pub(crate) async fn finish_totp(
    Given(state): Given<State>,
    person: Person,
    Body(Code { code }): Body<Code>,
) -> Result<Json<RecoveryCodes>, Refusal> {
    person.has_chosen()?;
    let deed = Deed::by(&state, &person, Act::SecondFactor);
    let (address, now) = (person.address, state.now());
    let codes = match state.sign_ins.finish_totp(&person.sign_in, &code, address, now).await {
        Ok(codes) => codes,
        Err(error) => return Err(deed.refused(&state, error.into()).await),
    };
    deed.detail("change", "set").done(&state).await?;
    tracing::info!(user = person.user.name, "set a second factor");
    Ok(Json(RecoveryCodes { recovery_codes: codes }))
}

/// Makes recovery codes in place of those there are.
#[utoipa::path(post, path = "/session/second-factor/recovery-codes", tag = "session",
    responses((status = 200, body = RecoveryCodes),
        (status = 403, body = ErrorForm, description = "`confirm_it_is_you`"),
        (status = 404, body = ErrorForm, description = "there is no second factor")))]
pub(crate) async fn new_recovery_codes(
    Given(state): Given<State>,
    Confirmed(person): Confirmed,
) -> Result<Json<RecoveryCodes>, Refusal> {
    person.is_themselves()?;
    if !person.sign_in.has_second_factor {
        return Err(absent());
    }
    let deed = Deed::by(&state, &person, Act::SecondFactor);
    deed.detail("change", "recovery codes made").done(&state).await?;
    let codes = state.sign_ins.new_recovery_codes(person.user.id, state.now()).await?;
    Ok(Json(RecoveryCodes { recovery_codes: codes }))
}

/// Takes the person's own authenticator away, where no second factor is asked of them
/// or they have passkeys beside it.
#[utoipa::path(delete, path = "/session/second-factor", tag = "session",
    responses((status = 204), (status = 404, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`confirm_it_is_you`"),
        (status = 409, body = ErrorForm, description = "`in_use`: it is asked of this person")))]
pub(crate) async fn remove_own(
    Given(state): Given<State>,
    Confirmed(person): Confirmed,
) -> Result<StatusCode, Refusal> {
    if person.needs_second_factor(&state) && !person.sign_in.has_passkey {
        let words = "a second factor is asked of this person; set up another one in its place";
        return Err(Refusal::new(Kind::InUse, words));
    }
    if !state.sign_ins.remove_totp(person.user.id).await? {
        return Err(absent());
    }
    Deed::by(&state, &person, Act::SecondFactor).detail("change", "removed").done(&state).await?;
    tracing::info!(user = person.user.name, "removed their second factor");
    Ok(StatusCode::NO_CONTENT)
}

/// Takes away the second factor of somebody who lost it, passkeys as well. They set up another one,
/// where it is asked of them, as they sign in by their password next.
#[utoipa::path(delete, path = "/people/{id}/second-factor", tag = "people",
    params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`forbidden`, `confirm_it_is_you`"),
        (status = 409, body = ErrorForm, description = "`in_use`: it is oneself")))]
pub(crate) async fn remove_of_person(
    Given(state): Given<State>,
    Confirmed(person): Confirmed,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Refusal> {
    let deed = Deed::by(&state, &person, Act::SecondFactor);
    if let Err(refusal) = access::managing_people(&person.user) {
        return Err(deed.with_id("user", id).refused(&state, refusal).await);
    }
    if UserId(id) == person.user.id {
        let words = "nobody takes their own away here; another administrator can";
        return Err(Refusal::new(Kind::InUse, words));
    }
    let other = state.catalog.user(UserId(id)).ok_or_else(|| Refusal::not_found("person"))?;
    if !state.sign_ins.remove_second_factor(other.id).await? {
        return Err(absent());
    }
    // Whoever has the phone that was lost may be signed in with it.
    state.sign_ins.revoke_user(other.id).await?;
    deed.with_user(&other).detail("change", "removed").done(&state).await?;
    tracing::info!(user = person.user.name, of = other.name, "removed a second factor");
    Ok(StatusCode::NO_CONTENT)
}

/// Confirms that one is still who signed in, by password or code: for five minutes
/// what cannot be taken back is done without being asked again.
#[utoipa::path(post, path = "/session/confirm", tag = "session", request_body = Confirmation,
    responses((status = 204),
        (status = 400, body = ErrorForm, description = "`wrong_password`, `wrong_code`"),
        (status = 429, body = ErrorForm, description = "`locked_out`, with `retry_after_s`")))]
pub(crate) async fn confirm(
    Given(state): Given<State>,
    person: Person,
    Body(body): Body<Confirmation>,
) -> Result<StatusCode, Refusal> {
    let given = match body {
        Confirmation { password: Some(password), code: None } => signin::Given::Password(password),
        Confirmation { password: None, code: Some(code) } => signin::Given::Code(code),
        _ => return Err(Refusal::new(Kind::Invalid, "give a password or a code, one of the two")),
    };
    let deed = Deed::by(&state, &person, Act::Confirm);
    let (name, address) = (&person.user.name, person.address);
    let confirmed = state.sign_ins.confirm(&person.sign_in, name, given, address, state.now());
    match confirmed.await {
        Ok(proof) => deed.detail("by", proof.as_str()).done(&state).await?,
        Err(error) => {
            let mut refusal = Refusal::from(error);
            if refusal.kind == Kind::WrongPassword {
                refusal = refusal.about("password");
            }
            return Err(deed.refused(&state, refusal).await);
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

fn absent() -> Refusal {
    Refusal::not_found("second factor")
}
