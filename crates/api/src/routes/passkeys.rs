//! Passkeys: getting in by one, and one's own.
//!
//! A browser keeps a passkey to the name of the host that it was made at, so here
//! they are offered only at names by which the installation is known: what a request
//! calls us otherwise is not believed.

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use base::PasskeyId;
use serde::{Deserialize, Serialize};
use signin::{ChallengeFor, NewPasskey, PASSKEY_ALGORITHMS, Passkey, Place, UsedPasskey};
use utoipa::ToSchema;
use uuid::Uuid;

use super::session;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::{Body, Id};
use crate::person::{self, Address, AtTheDoor, Confirmed, Person, device};

/// The most characters of a name.
const LONGEST_NAME: usize = 60;

/// What an authenticator is to sign, and at which place.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyChallenge {
    /// In base64url; it holds for five minutes and for one answer.
    challenge: String,
    rp_id: String,
    /// The keys of whoever is asked for a second factor or to confirm, in base64url;
    /// empty to sign in: then the authenticator has to know whose it is.
    credentials: Vec<String>,
}

/// What a key is to be made of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewPasskeyChallenge {
    challenge: String,
    rp_id: String,
    /// Whose it will be, for the authenticator: the id in base64url.
    user_handle: String,
    name: String,
    display_name: String,
    /// How it may sign, in COSE's numbers, the best first.
    algorithms: Vec<i64>,
    /// Those there are, which are not to be made again.
    credentials: Vec<String>,
}

/// What the browser says of a key that was used: `AuthenticatorAssertionResponse`,
/// in base64url.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyUsed {
    credential: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
    user_handle: Option<String>,
}

/// What the browser says of a key just made: `AuthenticatorAttestationResponse`, in
/// base64url.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyMade {
    /// What its owner calls it.
    name: String,
    client_data: String,
    attestation: String,
}

/// A passkey's other name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyPatch {
    name: String,
}

/// A passkey just added.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyAdded {
    passkey: PasskeyRow,
    /// Told this once, where it is the first thing beside the password; else empty.
    recovery_codes: Vec<String>,
}

/// A person's own passkeys, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyList {
    passkeys: Vec<PasskeyRow>,
    /// Whether one can be added at the name by which this was asked.
    can_add: bool,
}

/// A passkey.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyRow {
    id: Uuid,
    name: String,
    /// The host at which it works.
    rp_id: String,
    made_us: i64,
    /// When it was last used; null if never.
    used_us: Option<i64>,
}

/// Makes what an authenticator is to sign: to sign in, or by whoever is signed in
/// to prove themselves.
#[utoipa::path(post, path = "/session/passkey/challenge", tag = "session",
    responses((status = 200, body = PasskeyChallenge),
        (status = 404, body = ErrorForm, description = "no passkey works at this name")))]
pub(crate) async fn passkey_challenge(
    Given(state): Given<State>,
    Address(address): Address,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<PasskeyChallenge>, Refusal> {
    person::same_origin(&headers, &uri)?;
    let place = place(&state, &headers, &uri)?;
    let person = person::find(&headers, address, &state).await?;
    let (it_is_for, credentials) = match &person {
        None => (ChallengeFor::SignIn, Vec::new()),
        Some(person) => {
            let own = state.sign_ins.passkeys(person.user.id).await?.into_iter();
            let here = own.filter(|passkey| passkey.rp_id == place.rp_id);
            let credentials = here.map(|passkey| passkey.credential).collect();
            (ChallengeFor::Proving(person.sign_in.id), credentials)
        }
    };
    let challenge = state.sign_ins.challenge(it_is_for, state.now());
    Ok(Json(PasskeyChallenge { challenge, rp_id: place.rp_id, credentials }))
}

/// Signs in by a passkey: the key and the finger or PIN are two factors. The answer
/// sets the cookie of the sign-in.
#[utoipa::path(post, path = "/session/passkey", tag = "session", request_body = PasskeyUsed,
    responses((status = 200, body = session::Session),
        (status = 400, body = ErrorForm, description = "`wrong_passkey`"),
        (status = 410, body = ErrorForm, description = "`expired`: begin anew")))]
pub(crate) async fn sign_in_by_passkey(
    Given(state): Given<State>,
    Address(address): Address,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body<PasskeyUsed>,
) -> Result<Response, Refusal> {
    person::same_origin(&headers, &uri)?;
    let place = place(&state, &headers, &uri)?;
    let device = device(&headers, address);
    let opened = state.sign_ins.sign_in_by_passkey(&place, body.used(), device, state.now()).await;
    let opened = match opened {
        Ok(opened) => opened,
        Err(error) => {
            tracing::warn!(%address, %error, "somebody was not let in by a passkey");
            let deed = Deed::new(state.now(), Act::SignIn, Some(address)).detail("way", "passkey");
            return Err(deed.refused(&state, error.into()).await);
        }
    };
    // A passkey is somebody's only for as long as they are there.
    let Some(user) = state.catalog.user(opened.sign_in.user) else {
        state.sign_ins.sign_out(opened.sign_in.id).await?;
        return Err(Refusal::new(Kind::WrongSignIn, "whose passkey it was is not here any more"));
    };
    session::signed_in(&state, &user, address, opened, None).await
}

/// Makes a sign-in whole of which a second factor was asked, by a passkey. The answer
/// sets another cookie.
#[utoipa::path(post, path = "/session/second-factor/passkey", tag = "session",
    request_body = PasskeyUsed,
    responses((status = 200, body = session::Session),
        (status = 400, body = ErrorForm, description = "`wrong_passkey`")))]
pub(crate) async fn prove_by_passkey(
    Given(state): Given<State>,
    AtTheDoor(person): AtTheDoor,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body<PasskeyUsed>,
) -> Result<Response, Refusal> {
    if !person.sign_in.asked {
        return Err(Refusal::new(Kind::Invalid, "no second factor is asked for"));
    }
    let place = place(&state, &headers, &uri)?;
    let (device, now) = (device(&headers, person.address), state.now());
    let proved =
        state.sign_ins.prove_by_passkey(&person.sign_in, &place, body.used(), device, now).await;
    let (opened, proof) = match proved {
        Ok(proved) => proved,
        Err(error) => {
            let deed = Deed::by(&state, &person, Act::SignIn).detail("way", "passkey");
            return Err(deed.refused(&state, error.into()).await);
        }
    };
    session::signed_in(&state, &person.user, person.address, opened, Some(proof)).await
}

/// Confirms by a passkey that one is still who signed in.
#[utoipa::path(post, path = "/session/confirm/passkey", tag = "session",
    request_body = PasskeyUsed,
    responses((status = 204),
        (status = 400, body = ErrorForm, description = "`wrong_passkey`")))]
pub(crate) async fn confirm_by_passkey(
    Given(state): Given<State>,
    person: Person,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body<PasskeyUsed>,
) -> Result<StatusCode, Refusal> {
    let place = place(&state, &headers, &uri)?;
    let deed = Deed::by(&state, &person, Act::Confirm);
    let (sign_in, now) = (&person.sign_in, state.now());
    match state.sign_ins.confirm_by_passkey(sign_in, &place, body.used(), now).await {
        Ok(proof) => deed.detail("by", proof.as_str()).done(&state).await?,
        Err(error) => return Err(deed.refused(&state, error.into()).await),
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the person's own passkeys.
#[utoipa::path(get, path = "/session/passkeys", tag = "session",
    responses((status = 200, body = PasskeyList)))]
pub(crate) async fn passkeys(
    Given(state): Given<State>,
    person: Person,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<PasskeyList>, Refusal> {
    let passkeys = state.sign_ins.passkeys(person.user.id).await?;
    let can_add = place(&state, &headers, &uri).is_ok();
    Ok(Json(PasskeyList {
        passkeys: passkeys.into_iter().map(PasskeyRow::from).collect(),
        can_add,
    }))
}

/// Makes what a new passkey is to be made of.
#[utoipa::path(post, path = "/session/passkeys/challenge", tag = "session",
    responses((status = 200, body = NewPasskeyChallenge),
        (status = 403, body = ErrorForm, description = "`confirm_it_is_you`"),
        (status = 404, body = ErrorForm, description = "no passkey works at this name")))]
pub(crate) async fn new_passkey_challenge(
    Given(state): Given<State>,
    person: Person,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<NewPasskeyChallenge>, Refusal> {
    person.has_chosen()?;
    person.is_themselves()?;
    person.is_confirmed(&state)?;
    let place = place(&state, &headers, &uri)?;
    let own = state.sign_ins.passkeys(person.user.id).await?;
    let it_is_for = ChallengeFor::Adding(person.sign_in.id);
    Ok(Json(NewPasskeyChallenge {
        challenge: state.sign_ins.challenge(it_is_for, state.now()),
        rp_id: place.rp_id,
        user_handle: Passkey::user_handle(person.user.id),
        name: person.user.name.clone(),
        display_name: person.user.display_name.clone(),
        algorithms: PASSKEY_ALGORITHMS.to_vec(),
        credentials: own.into_iter().map(|passkey| passkey.credential).collect(),
    }))
}

/// Adds a passkey. Where it is the first thing beside the password, whatever was open
/// elsewhere ends, and recovery codes are told.
#[utoipa::path(post, path = "/session/passkeys", tag = "session", request_body = PasskeyMade,
    responses((status = 201, body = PasskeyAdded),
        (status = 400, body = ErrorForm, description = "`invalid`, `wrong_passkey`"),
        (status = 403, body = ErrorForm, description = "`confirm_it_is_you`"),
        (status = 410, body = ErrorForm, description = "`expired`: begin anew")))]
pub(crate) async fn add_passkey(
    Given(state): Given<State>,
    person: Person,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body<PasskeyMade>,
) -> Result<(StatusCode, Json<PasskeyAdded>), Refusal> {
    person.has_chosen()?;
    person.is_themselves()?;
    person.is_confirmed(&state)?;
    let place = place(&state, &headers, &uri)?;
    let name = name(&body.name)?;
    let PasskeyMade { client_data, attestation, .. } = &body;
    let new = NewPasskey { name: &name, client_data, attestation };
    let deed = Deed::by(&state, &person, Act::SecondFactor);
    let added = state.sign_ins.add_passkey(&person.sign_in, &place, new, state.now()).await;
    let (passkey, recovery_codes) = match added {
        Ok(added) => added,
        Err(error) => return Err(deed.refused(&state, error.into()).await),
    };
    let deed = deed.with_named("passkey", passkey.id.0, &passkey.name);
    if let Err(refusal) = deed.detail("change", "passkey added").done(&state).await {
        state.sign_ins.remove_passkey(person.user.id, passkey.id).await?;
        return Err(refusal);
    }
    tracing::info!(user = person.user.name, "added a passkey");
    let added = PasskeyAdded { passkey: PasskeyRow::from(passkey), recovery_codes };
    Ok((StatusCode::CREATED, Json(added)))
}

/// Gives a passkey of one's own another name.
#[utoipa::path(patch, path = "/session/passkeys/{id}", tag = "session",
    params(("id" = Uuid, Path)), request_body = PasskeyPatch,
    responses((status = 200, body = PasskeyRow), (status = 400, body = ErrorForm),
        (status = 404, body = ErrorForm)))]
pub(crate) async fn rename_passkey(
    Given(state): Given<State>,
    person: Person,
    Id(id): Id<Uuid>,
    Body(body): Body<PasskeyPatch>,
) -> Result<Json<PasskeyRow>, Refusal> {
    person.is_in(&state)?;
    let name = name(&body.name)?;
    let renamed = state.sign_ins.rename_passkey(person.user.id, PasskeyId(id), &name).await?;
    let renamed = renamed.ok_or_else(absent)?;
    let deed = Deed::by(&state, &person, Act::SecondFactor).with_named("passkey", id, &name);
    deed.detail("change", "passkey renamed").done(&state).await?;
    Ok(Json(PasskeyRow::from(renamed)))
}

/// Removes a passkey of one's own.
#[utoipa::path(delete, path = "/session/passkeys/{id}", tag = "session",
    params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`confirm_it_is_you`"),
        (status = 409, body = ErrorForm,
            description = "`in_use`: it is the last second factor of who must have one")))]
pub(crate) async fn remove_passkey(
    Given(state): Given<State>,
    Confirmed(person): Confirmed,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Refusal> {
    let own = state.sign_ins.passkeys(person.user.id).await?;
    let passkey = own.iter().find(|passkey| passkey.id.0 == id).ok_or_else(absent)?;
    if own.len() == 1 && person.needs_second_factor(&state) && !person.sign_in.has_totp {
        let words = "a second factor is asked of this person; add another passkey or a phone first";
        return Err(Refusal::new(Kind::InUse, words));
    }
    if !state.sign_ins.remove_passkey(person.user.id, passkey.id).await? {
        return Err(absent());
    }
    let deed = Deed::by(&state, &person, Act::SecondFactor);
    let deed = deed.with_named("passkey", id, &passkey.name);
    deed.detail("change", "passkey removed").done(&state).await?;
    tracing::info!(user = person.user.name, "removed a passkey");
    Ok(StatusCode::NO_CONTENT)
}

/// Returns where the browser is, if that is a name of ours.
pub(crate) fn place(state: &State, headers: &HeaderMap, uri: &Uri) -> Result<Place, Refusal> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| uri.authority().map(|authority| authority.as_str()));
    let place = host.and_then(|host| place_of(host, &state.passkey_hosts));
    place.ok_or_else(|| {
        let words = "no passkey works at this name: open the installation by a host name that \
                     [http] names";
        Refusal::new(Kind::NotFound, words)
    })
}

/// An address is no name that a passkey could be kept to.
fn place_of(host: &str, known: &[String]) -> Option<Place> {
    let host = host.to_ascii_lowercase();
    let bare = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
    let rp_id = known.iter().find(|name| name.eq_ignore_ascii_case(bare))?.to_ascii_lowercase();
    let host = host.strip_suffix(":443").unwrap_or(&host);
    let mut origins = vec![format!("https://{host}")];
    if rp_id == "localhost" {
        origins.push(format!("http://{}", host.strip_suffix(":80").unwrap_or(host)));
    }
    Some(Place { rp_id, origins })
}

impl PasskeyUsed {
    fn used(&self) -> UsedPasskey<'_> {
        UsedPasskey {
            credential: &self.credential,
            client_data: &self.client_data,
            authenticator_data: &self.authenticator_data,
            signature: &self.signature,
            user_handle: self.user_handle.as_deref(),
        }
    }
}

impl From<Passkey> for PasskeyRow {
    fn from(passkey: Passkey) -> Self {
        Self {
            id: passkey.id.0,
            name: passkey.name,
            rp_id: passkey.rp_id,
            made_us: passkey.made.0,
            used_us: passkey.used.map(|used| used.0),
        }
    }
}

fn name(name: &str) -> Result<String, Refusal> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control)
    {
        let words = format!("a passkey's name has 1 to {LONGEST_NAME} characters");
        return Err(Refusal::invalid("name", words));
    }
    Ok(name.to_owned())
}

fn absent() -> Refusal {
    Refusal::not_found("passkey")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passkey_is_kept_to_a_name_of_ours_and_to_no_address() {
        let known = ["camera.example.vn".to_owned(), "localhost".to_owned()];
        let place = |host| place_of(host, &known);
        let of = |rp_id: &str, origins: &[&str]| {
            let origins = origins.iter().map(|&origin| origin.to_owned()).collect();
            Some(Place { rp_id: rp_id.to_owned(), origins })
        };
        let plain = of("camera.example.vn", &["https://camera.example.vn"]);
        assert_eq!(place("camera.example.vn"), plain);
        assert_eq!(place("CAMERA.example.vn:443"), plain);
        let other_port = of("camera.example.vn", &["https://camera.example.vn:8443"]);
        assert_eq!(place("camera.example.vn:8443"), other_port);
        let local = of("localhost", &["https://localhost:80", "http://localhost"]);
        assert_eq!(place("localhost:80"), local);
        for host in
            ["evil.example", "camera.example.vn.evil.example", "127.0.0.1", "[::1]:8443", ""]
        {
            assert_eq!(place(host), None, "{host}");
        }
    }
}
