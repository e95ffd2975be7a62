//! The rules that are asked by: read by whoever works here, laid down by
//! administrators, in versions.

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::WallTime;
use catalog::{Policy, PolicyTerms};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Refusal};
use crate::extract::Body;
use crate::person::Somebody;

/// All versions, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyList {
    /// The version that holds now.
    holds: u32,
    versions: Vec<PolicyRow>,
}

/// One version of the rules.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyRow {
    version: u32,
    terms: PolicyForm,
    /// Who laid it down; nobody, if the installation did.
    by: Option<String>,
    at_us: i64,
}

/// What a version says.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyForm {
    /// From when on; at once, if that has passed.
    from_us: i64,
    /// The document that it stands on.
    basis: String,
    /// Whoever plays footage older than this names a case, in hours; 0 asks always.
    case_after_hours: u32,
    /// Whether whoever takes footage out names a case.
    case_for_export: bool,
    /// Whether whoever listens names a case.
    case_for_sound: bool,
    /// Whether each export of an ordinary camera waits for a second person.
    approve_ordinary: bool,
    /// Whether each export of a camera of defence does.
    approve_defence: bool,
    /// Longer exports wait for a second person, in minutes.
    approve_longer_minutes: u32,
    /// How long their yes holds, in hours.
    approval_hours: u32,
    /// How long cameras opened in an emergency stay open, in minutes.
    emergency_minutes: u32,
    /// Within how many hours that is reviewed.
    review_hours: u32,
}

/// Lists the versions of the rules.
#[utoipa::path(get, path = "/policies", tag = "policies",
    responses((status = 200, body = PolicyList)))]
pub(crate) async fn policies(
    Given(state): Given<State>,
    Somebody(_person): Somebody,
) -> Result<Json<PolicyList>, Refusal> {
    let tables = state.catalog.tables();
    let versions = tables.policies.values().rev().map(|policy| row(&state, policy)).collect();
    Ok(Json(PolicyList { holds: tables.policy(state.now()).version, versions }))
}

/// Lays down another version.
#[utoipa::path(post, path = "/policies", tag = "policies", request_body = PolicyForm,
    responses((status = 201, body = PolicyRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`forbidden`, `confirm_it_is_you`")))]
pub(crate) async fn lay_down_policy(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<PolicyForm>,
) -> Result<(StatusCode, Json<PolicyRow>), Refusal> {
    let deed = Deed::by(&state, &person, Act::Policy);
    if let Err(refusal) = access::ruling(&person.user) {
        return Err(deed.refused(&state, refusal).await);
    }
    person.is_confirmed(&state)?;
    let laid = state.catalog.lay_down_policy(body.into(), person.user.id, state.now()).await?;
    let terms = &laid.terms;
    let said = [
        ("case_after_hours", terms.case_after_hours.to_string()),
        ("case_for_export", terms.case_for_export.to_string()),
        ("case_for_sound", terms.case_for_sound.to_string()),
        ("approve_ordinary", terms.approve_ordinary.to_string()),
        ("approve_defence", terms.approve_defence.to_string()),
        ("approve_longer_minutes", terms.approve_longer_minutes.to_string()),
        ("approval_hours", terms.approval_hours.to_string()),
        ("emergency_minutes", terms.emergency_minutes.to_string()),
        ("review_hours", terms.review_hours.to_string()),
    ];
    let deed = deed.detail("version", laid.version).detail("from", terms.from);
    let deed = deed.detail("basis", &terms.basis);
    let deed = said.into_iter().fold(deed, |deed, (name, value)| deed.detail(name, value));
    deed.done(&state).await?;
    tracing::info!(user = person.user.name, version = laid.version, "laid down rules");
    Ok((StatusCode::CREATED, Json(row(&state, &laid))))
}

fn row(state: &State, policy: &Policy) -> PolicyRow {
    let by = policy.by.and_then(|by| state.catalog.user(by)).map(|by| by.display_name);
    let terms = policy.terms.clone().into();
    PolicyRow { version: policy.version, terms, by, at_us: policy.at.0 }
}

impl From<PolicyForm> for PolicyTerms {
    fn from(form: PolicyForm) -> Self {
        Self {
            from: WallTime(form.from_us),
            basis: form.basis,
            case_after_hours: form.case_after_hours,
            case_for_export: form.case_for_export,
            case_for_sound: form.case_for_sound,
            approve_ordinary: form.approve_ordinary,
            approve_defence: form.approve_defence,
            approve_longer_minutes: form.approve_longer_minutes,
            approval_hours: form.approval_hours,
            emergency_minutes: form.emergency_minutes,
            review_hours: form.review_hours,
        }
    }
}

impl From<PolicyTerms> for PolicyForm {
    fn from(terms: PolicyTerms) -> Self {
        Self {
            from_us: terms.from.0,
            basis: terms.basis,
            case_after_hours: terms.case_after_hours,
            case_for_export: terms.case_for_export,
            case_for_sound: terms.case_for_sound,
            approve_ordinary: terms.approve_ordinary,
            approve_defence: terms.approve_defence,
            approve_longer_minutes: terms.approve_longer_minutes,
            approval_hours: terms.approval_hours,
            emergency_minutes: terms.emergency_minutes,
            review_hours: terms.review_hours,
        }
    }
}
