//! Agreements by which one agency lends cameras to another: drawn up, signed for both
//! sides, ended.
//!
//! Administrators see all; others see those of the bodies that they sign for. Of the
//! cameras that one names, whoever reads it sees those they may.

use std::sync::Arc;

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::{AgreementId, CameraId, GroupId, OrganisationId, WallTime};
use catalog::{Agreement, AgreementTerms, Signature};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::grants::{Action, ScopeForm, hours};
use super::particulars::Purpose;
use crate::access;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::{Body, Id};
use crate::person::{Person, Somebody};

/// The agreements that concern somebody, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgreementList {
    agreements: Vec<AgreementRow>,
    /// Whether whoever reads this may draw one up.
    may_draft: bool,
}

/// An agreement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgreementRow {
    id: Uuid,
    terms: AgreementForm,
    /// `draft`, `not_yet`, `in_force`, `over` or `ended`.
    state: &'static str,
    drafted: SignatureRow,
    owner_signed: Option<SignatureRow>,
    recipient_signed: Option<SignatureRow>,
    ended: Option<SignatureRow>,
    end_reason: Option<String>,
    /// Whether whoever reads this may sign it.
    may_sign: bool,
    /// Whether whoever reads this may end it.
    may_end: bool,
}

/// That somebody put their name to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignatureRow {
    by: Option<String>,
    at_us: i64,
}

/// What is agreed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgreementForm {
    /// Its number, which no other has.
    number: String,
    /// The document that it stands on.
    document: String,
    /// What the recipient needs it for.
    purpose: String,
    /// Whose cameras they are.
    owner: Uuid,
    /// To whom they are lent.
    recipient: Uuid,
    /// The group of the recipient's people that it is for; all who work there, if not
    /// said.
    people: Option<Uuid>,
    /// Which of the owner's ordinary cameras.
    scope: ScopeForm,
    /// Of these purposes; of any, if none is named.
    #[serde(default)]
    purposes: Vec<Purpose>,
    /// Of `live`, `playback`, `export`, `ptz` and `sound`.
    actions: Vec<Action>,
    hours: Option<String>,
    most_lines: Option<u16>,
    playback_days: Option<u16>,
    from_us: Option<i64>,
    until_us: i64,
}

/// Why an agreement ends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgreementEnd {
    reason: String,
}

/// Lists the agreements that concern somebody.
#[utoipa::path(get, path = "/agreements", tag = "agreements",
    responses((status = 200, body = AgreementList)))]
pub(crate) async fn agreements(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Json<AgreementList>, Refusal> {
    let tables = state.catalog.tables();
    let concerning = tables.agreements.values().rev();
    let concerning = concerning.filter(|one| concerns(&state, &person, &one.terms));
    let agreements = concerning.map(|one| row(&state, &person, one)).collect();
    let may_draft = administers(&person) || person.user.signatory;
    Ok(Json(AgreementList { agreements, may_draft }))
}

/// Draws an agreement up: a signatory of either side, or an administrator.
#[utoipa::path(post, path = "/agreements", tag = "agreements", request_body = AgreementForm,
    responses((status = 201, body = AgreementRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`taken`: the number")))]
pub(crate) async fn draft_agreement(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<AgreementForm>,
) -> Result<(StatusCode, Json<AgreementRow>), Refusal> {
    let terms = body.read()?;
    if !concerns(&state, &person, &terms) {
        let words = "agreements are drawn up by signatories of either side, or administrators";
        let refusal = Refusal::new(Kind::Forbidden, words);
        return Err(Deed::by(&state, &person, Act::Agreement).refused(&state, refusal).await);
    }
    let drafted = state.catalog.draft_agreement(terms, person.user.id, state.now()).await?;
    note(&state, &person, &drafted, "drafted").await?;
    Ok((StatusCode::CREATED, Json(row(&state, &person, &drafted))))
}

/// Signs an agreement for the side that one signs for. With the second signature the
/// recipient has what it says.
#[utoipa::path(post, path = "/agreements/{id}/signature", tag = "agreements",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = AgreementRow),
        (status = 403, body = ErrorForm, description = "`confirm_it_is_you`"),
        (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`taken`: it is signed, or not one's to sign")))]
pub(crate) async fn sign_agreement(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<Json<AgreementRow>, Refusal> {
    find(&state, &person, id)?;
    person.is_confirmed(&state)?;
    let (id, by) = (AgreementId(id), person.user.id);
    let signed = state.catalog.sign_agreement(id, by, state.now()).await?;
    note(&state, &person, &signed, "signed").await?;
    Ok(Json(row(&state, &person, &signed)))
}

/// Ends an agreement; what plays by it ends within seconds. A signatory of either side
/// may, or an administrator.
#[utoipa::path(post, path = "/agreements/{id}/end", tag = "agreements",
    params(("id" = Uuid, Path)), request_body = AgreementEnd,
    responses((status = 200, body = AgreementRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`confirm_it_is_you`"),
        (status = 404, body = ErrorForm), (status = 409, body = ErrorForm)))]
pub(crate) async fn end_agreement(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
    Body(body): Body<AgreementEnd>,
) -> Result<Json<AgreementRow>, Refusal> {
    find(&state, &person, id)?;
    person.is_confirmed(&state)?;
    let (id, by) = (AgreementId(id), person.user.id);
    let ended = state.catalog.end_agreement(id, &body.reason, by, state.now()).await?;
    note(&state, &person, &ended, "ended").await?;
    Ok(Json(row(&state, &person, &ended)))
}

fn administers(person: &Person) -> bool {
    access::granting(&person.user).is_ok()
}

/// Returns whether an agreement is any of somebody's business.
fn concerns(state: &State, person: &Person, terms: &AgreementTerms) -> bool {
    let tables = state.catalog.tables();
    let signs = |side| tables.signs_for(&person.user, side);
    administers(person) || signs(terms.owner) || signs(terms.recipient)
}

fn find(state: &State, person: &Person, id: Uuid) -> Result<Arc<Agreement>, Refusal> {
    let there = state.catalog.tables().agreements.get(&AgreementId(id)).cloned();
    let there = there.filter(|there| concerns(state, person, &there.terms));
    there.ok_or_else(|| Refusal::not_found("agreement"))
}

async fn note(
    state: &State,
    person: &Person,
    one: &Agreement,
    change: &'static str,
) -> Result<(), Refusal> {
    let terms = &one.terms;
    let deed = Deed::by(state, person, Act::Agreement);
    let deed = deed.with_named("agreement", one.id.0, &terms.number).because(&terms.purpose);
    let deed = deed.detail("change", change).detail("document", &terms.document);
    let deed = deed.detail("owner", terms.owner).detail("recipient", terms.recipient);
    let deed = deed.detail("actions", terms.actions.words()).detail("until", terms.until);
    let reason = one.ended.iter().map(|(_, reason)| reason);
    let deed = reason.fold(deed, |deed, reason| deed.detail("reason", reason));
    deed.done(state).await?;
    tracing::info!(user = person.user.name, agreement = terms.number, change, "an agreement");
    Ok(())
}

fn row(state: &State, person: &Person, one: &Agreement) -> AgreementRow {
    let signature = |signature: &Signature| SignatureRow {
        by: state.catalog.user(signature.by).map(|user| user.display_name),
        at_us: signature.at.0,
    };
    let (tables, now) = (state.catalog.tables(), state.now());
    let waits =
        |side, signed: &Option<Signature>| signed.is_none() && tables.signs_for(&person.user, side);
    let signed = [one.owner_signed, one.recipient_signed];
    let has_signed = signed.iter().flatten().any(|signature| signature.by == person.user.id);
    let lives = one.ended.is_none() && now < one.terms.until;
    let waits = waits(one.terms.owner, &one.owner_signed)
        || waits(one.terms.recipient, &one.recipient_signed);
    AgreementRow {
        id: one.id.0,
        terms: AgreementForm::shown(state, person, &one.terms),
        state: one.state(now).as_str(),
        drafted: signature(&one.drafted),
        owner_signed: one.owner_signed.as_ref().map(signature),
        recipient_signed: one.recipient_signed.as_ref().map(signature),
        ended: one.ended.as_ref().map(|(ended, _)| signature(ended)),
        end_reason: one.ended.as_ref().map(|(_, reason)| reason.clone()),
        may_sign: lives && waits && !has_signed,
        may_end: lives && concerns(state, person, &one.terms),
    }
}

impl AgreementForm {
    fn read(self) -> Result<AgreementTerms, Refusal> {
        Ok(AgreementTerms {
            number: self.number,
            document: self.document,
            purpose: self.purpose,
            owner: OrganisationId(self.owner),
            recipient: OrganisationId(self.recipient),
            people: self.people.map(GroupId),
            scope: self.scope.read(),
            purposes: self.purposes.into_iter().map(catalog::Purpose::from).collect(),
            actions: self.actions.into_iter().map(catalog::Action::from).collect(),
            hours: hours(self.hours)?,
            most_lines: self.most_lines,
            playback_days: self.playback_days,
            from: self.from_us.map(WallTime),
            until: WallTime(self.until_us),
        })
    }

    fn shown(state: &State, person: &Person, terms: &AgreementTerms) -> Self {
        let mut scope = ScopeForm::of(&terms.scope);
        if let ScopeForm::Cameras(cameras) = &mut scope {
            let (rights, now) = (state.catalog.rights(person.user.id), state.now());
            cameras.retain(|&id| {
                let see = catalog::Action::See;
                rights.as_ref().is_some_and(|one| access::lists(one, CameraId(id), see, now))
            });
        }
        Self {
            number: terms.number.clone(),
            document: terms.document.clone(),
            purpose: terms.purpose.clone(),
            owner: terms.owner.0,
            recipient: terms.recipient.0,
            people: terms.people.map(|people| people.0),
            scope,
            purposes: terms.purposes.iter().copied().map(Purpose::from).collect(),
            actions: terms.actions.iter().map(Action::from).collect(),
            hours: terms.hours.as_ref().map(ToString::to_string),
            most_lines: terms.most_lines,
            playback_days: terms.playback_days,
            from_us: terms.from.map(|from| from.0),
            until_us: terms.until.0,
        }
    }
}
