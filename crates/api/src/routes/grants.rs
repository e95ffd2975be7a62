//! Who was given what: grants seen, given, agreed to and revoked, and why
//! somebody may or may not do something.
//!
//! A grant that names the defence class is seen by whoever gives grants, the
//! cameras that it names only by whoever may see those.

use std::collections::BTreeSet;
use std::sync::Arc;

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::{CameraId, GrantId, GroupId, OrganisationId, SiteId, UserId, WallTime};
use catalog::{Grant, Hours, Rights, Scope, Standing, Subject, Terms};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access;
use crate::app::State;
use crate::deed::{self, Deed};
use crate::error::{ErrorForm, Refusal};
use crate::extract::{Asked, Body, Id};
use crate::person::{Person, Somebody};

/// How closely a camera is guarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Class {
    /// As most are.
    #[default]
    Ordinary,
    /// Of defence: without a grant that names the class it is not there.
    Defence,
}

/// What somebody wants to do with a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    See,
    Live,
    Playback,
    Export,
    Ptz,
    Sound,
    Configure,
    Share,
    Plan,
    Review,
}

/// To whom something is given.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub(crate) enum SubjectForm {
    /// One person.
    Person(Uuid),
    /// Whoever is in a group.
    Group(Uuid),
    /// Whoever works for an organisation or a unit of it.
    Organisation(Uuid),
}

/// With which cameras of a class.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub(crate) enum ScopeForm {
    /// All of them.
    All,
    /// Those on sites of an organisation or a unit of it.
    Organisation(Uuid),
    /// Those of a site.
    Site(Uuid),
    /// These; of those that there are, whoever reads it sees those they may.
    Cameras(BTreeSet<Uuid>),
}

/// A grant to be given.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantTerms {
    subject: SubjectForm,
    scope: ScopeForm,
    /// `ordinary` if not said. A grant covers cameras of this class alone.
    #[serde(default)]
    class: Class,
    /// What may be done; each includes knowing that the camera exists.
    actions: Vec<Action>,
    /// Who steers where several want to: the higher, 1 to 9; 5 if not said.
    ptz_priority: Option<u8>,
    /// From when on; at once, if not said.
    from_us: Option<i64>,
    /// Until when; until it is revoked, if not said.
    until_us: Option<i64>,
    /// In which hours of the week, such as `1-5 07:00-17:30; 6,7 22:00-06:00`
    /// (1 is Monday); always, if not said.
    hours: Option<String>,
    /// On what it stands, such as the number of a decision.
    basis: String,
}

/// A grant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantRow {
    id: Uuid,
    terms: GrantTerms,
    /// Who gave it; nobody, if the installation did or they are no more.
    given_by: Option<String>,
    given_at_us: i64,
    /// Whether it names the defence class and waits for a second person to agree.
    pending: bool,
}

/// All grants, in the order in which they were given.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantList {
    grants: Vec<GrantRow>,
}

/// About whom, what and which camera an explanation is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExplanationAsked {
    person: Uuid,
    camera: Uuid,
    action: Action,
}

/// Why somebody may or may not do something now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Explanation {
    allowed: bool,
    /// Why not, in words for whoever reads a log.
    denied: Option<&'static str>,
    /// How each grant stands to it that names the person or covers the camera.
    grants: Vec<GrantStanding>,
}

/// How a grant stands to a question.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantStanding {
    grant: GrantRow,
    /// `allows`, `other_subject`, `other_class`, `other_camera`, `other_action`,
    /// `not_agreed`, `not_yet`, `over`, `other_hours`, `role` (administrators and
    /// auditors hold no video) or `no_sound`.
    standing: &'static str,
}

/// Lists the grants.
#[utoipa::path(get, path = "/grants", tag = "grants",
    responses((status = 200, body = GrantList), (status = 403, body = ErrorForm)))]
pub(crate) async fn grants(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Json<GrantList>, Refusal> {
    admit(&state, &person).await?;
    let shown = Shown::to(&state, &person);
    let tables = state.catalog.tables();
    let grants = tables.grants.values().filter_map(|grant| shown.row(&state, grant)).collect();
    Ok(Json(GrantList { grants }))
}

/// Gives a right. One that names the defence class holds once a second
/// administrator has agreed.
#[utoipa::path(post, path = "/grants", tag = "grants", request_body = GrantTerms,
    responses((status = 201, body = GrantRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn give_grant(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<GrantTerms>,
) -> Result<(StatusCode, Json<GrantRow>), Refusal> {
    admit(&state, &person).await?;
    person.is_confirmed(&state)?;
    let given = give(&state, &person, body.read()?).await?;
    Ok((StatusCode::CREATED, Json(row(&state, &given))))
}

/// Agrees to a grant of the defence class that somebody else gave.
#[utoipa::path(post, path = "/grants/{id}/agreement", tag = "grants", params(("id" = Uuid, Path)),
    responses((status = 200, body = GrantRow), (status = 403, body = ErrorForm),
        (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`taken`: it is one's own, or waits for nobody")))]
pub(crate) async fn agree_to_grant(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<Json<GrantRow>, Refusal> {
    admit(&state, &person).await?;
    person.is_confirmed(&state)?;
    let agreed = state.catalog.agree(GrantId(id), person.user.id).await?;
    note(&state, &person, &agreed, "agreed").await?;
    Ok(Json(row(&state, &agreed)))
}

/// Takes a right away; what plays by it ends within seconds.
#[utoipa::path(delete, path = "/grants/{id}", tag = "grants", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn revoke_grant(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Refusal> {
    admit(&state, &person).await?;
    person.is_confirmed(&state)?;
    let revoked = state.catalog.revoke(GrantId(id)).await?;
    note(&state, &person, &revoked, "revoked").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says why somebody may or may not do something now.
#[utoipa::path(get, path = "/explanations", tag = "grants", params(ExplanationAsked),
    responses((status = 200, body = Explanation), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn explain(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Asked(asked): Asked<ExplanationAsked>,
) -> Result<Json<Explanation>, Refusal> {
    admit(&state, &person).await?;
    let (camera, now) = (CameraId(asked.camera), state.now());
    // Whoever may not see the camera learns nothing of it by asking for others.
    access::camera(&state.catalog, &person.user, camera, catalog::Action::See, now)?;
    let user = UserId(asked.person);
    let user = state.catalog.user(user).ok_or_else(|| Refusal::not_found("person"))?;
    let (world, shown) = (state.catalog.world(), Shown::to(&state, &person));
    let decision = world.rights(&user).decide(camera, asked.action.into(), now);
    let told = world.explain(&user, camera, asked.action.into(), now);
    let told = told.into_iter().filter_map(|(grant, standing)| {
        let standing = words(standing);
        shown.row(&state, &grant).map(|grant| GrantStanding { grant, standing })
    });
    let denied = match decision {
        catalog::Decision::Allowed => None,
        catalog::Decision::Denied(why) => Some(why),
    };
    Ok(Json(Explanation { allowed: denied.is_none(), denied, grants: told.collect() }))
}

/// Gives a right, with its entry in the audit.
pub(super) async fn give(
    state: &State,
    person: &Person,
    terms: Terms,
) -> Result<Arc<Grant>, Refusal> {
    let given = state.catalog.give(terms, Some(person.user.id), state.now()).await?;
    note(state, person, &given, "given").await?;
    Ok(given)
}

async fn note(
    state: &State,
    person: &Person,
    grant: &Grant,
    change: &'static str,
) -> Result<(), Refusal> {
    let terms = &grant.terms;
    let (kind, id) = terms.subject.row();
    let scope = match &terms.scope {
        Scope::All => "all".to_owned(),
        Scope::Organisation(id) => format!("organisation {id}"),
        Scope::Site(id) => format!("site {id}"),
        Scope::Cameras(cameras) => {
            let cameras: Vec<_> = cameras.iter().map(ToString::to_string).collect();
            format!("cameras {}", cameras.join(" "))
        }
    };
    let deed = Deed::by(state, person, Act::Grant).with_id("grant", grant.id.0);
    deed.detail("change", change)
        .detail("subject", format!("{kind} {id}"))
        .detail("scope", scope)
        .detail(deed::CLASS, terms.class.as_str())
        .detail("actions", terms.actions.words())
        .detail("hours", terms.hours.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string))
        .detail("basis", &terms.basis)
        .done(state)
        .await?;
    tracing::info!(user = person.user.name, grant = %grant.id, change, "a grant");
    Ok(())
}

async fn admit(state: &State, person: &Person) -> Result<(), Refusal> {
    match access::granting(&person.user) {
        Ok(()) => Ok(()),
        Err(refusal) => Err(Deed::by(state, person, Act::Grant).refused(state, refusal).await),
    }
}

/// What of grants somebody is shown.
struct Shown {
    rights: Option<Arc<Rights>>,
    now: WallTime,
}

impl Shown {
    fn to(state: &State, person: &Person) -> Self {
        Self { rights: state.catalog.rights(person.user.id), now: state.now() }
    }

    /// Returns a grant as it is shown, without the cameras of defence that whoever
    /// reads it may not see.
    fn row(&self, state: &State, grant: &Grant) -> Option<GrantRow> {
        let mut row = row(state, grant);
        if let (ScopeForm::Cameras(cameras), Class::Defence) =
            (&mut row.terms.scope, row.terms.class)
        {
            let rights = self.rights.as_ref()?;
            cameras
                .retain(|&id| access::lists(rights, CameraId(id), catalog::Action::See, self.now));
            if cameras.is_empty() && !grant.is_pending() {
                return None;
            }
        }
        Some(row)
    }
}

fn row(state: &State, grant: &Grant) -> GrantRow {
    let terms = &grant.terms;
    let by = grant.by.and_then(|by| state.catalog.user(by)).map(|by| by.display_name);
    GrantRow {
        id: grant.id.0,
        terms: GrantTerms {
            subject: match terms.subject {
                Subject::User(id) => SubjectForm::Person(id.0),
                Subject::Group(id) => SubjectForm::Group(id.0),
                Subject::Organisation(id) => SubjectForm::Organisation(id.0),
            },
            scope: match &terms.scope {
                Scope::All => ScopeForm::All,
                Scope::Organisation(id) => ScopeForm::Organisation(id.0),
                Scope::Site(id) => ScopeForm::Site(id.0),
                Scope::Cameras(ids) => ScopeForm::Cameras(ids.iter().map(|id| id.0).collect()),
            },
            class: terms.class.into(),
            actions: terms.actions.iter().map(Action::from).collect(),
            ptz_priority: Some(terms.ptz_priority),
            from_us: terms.from.map(|from| from.0),
            until_us: terms.until.map(|until| until.0),
            hours: terms.hours.as_ref().map(ToString::to_string),
            basis: terms.basis.clone(),
        },
        given_by: by,
        given_at_us: grant.at.0,
        pending: grant.is_pending(),
    }
}

impl GrantTerms {
    fn read(self) -> Result<Terms, Refusal> {
        let hours = self.hours.filter(|hours| !hours.trim().is_empty());
        let hours: Option<Hours> = hours
            .map(|hours| {
                hours.parse().map_err(|error| Refusal::invalid("hours", format!("{error}")))
            })
            .transpose()?;
        Ok(Terms {
            subject: match self.subject {
                SubjectForm::Person(id) => Subject::User(UserId(id)),
                SubjectForm::Group(id) => Subject::Group(GroupId(id)),
                SubjectForm::Organisation(id) => Subject::Organisation(OrganisationId(id)),
            },
            scope: match self.scope {
                ScopeForm::All => Scope::All,
                ScopeForm::Organisation(id) => Scope::Organisation(OrganisationId(id)),
                ScopeForm::Site(id) => Scope::Site(SiteId(id)),
                ScopeForm::Cameras(ids) => Scope::Cameras(ids.into_iter().map(CameraId).collect()),
            },
            class: self.class.into(),
            actions: self.actions.into_iter().map(catalog::Action::from).collect(),
            ptz_priority: self.ptz_priority.unwrap_or(5),
            from: self.from_us.map(WallTime),
            until: self.until_us.map(WallTime),
            hours,
            basis: self.basis,
        })
    }
}

fn words(standing: Standing) -> &'static str {
    match standing {
        Standing::Allows => "allows",
        Standing::OtherSubject => "other_subject",
        Standing::OtherClass => "other_class",
        Standing::OtherCamera => "other_camera",
        Standing::OtherAction => "other_action",
        Standing::NotAgreed => "not_agreed",
        Standing::NotYet => "not_yet",
        Standing::Over => "over",
        Standing::OtherHours => "other_hours",
        Standing::Role => "role",
        Standing::NoSound => "no_sound",
    }
}

impl From<Class> for catalog::Class {
    fn from(class: Class) -> Self {
        match class {
            Class::Ordinary => Self::Ordinary,
            Class::Defence => Self::Defence,
        }
    }
}

impl From<catalog::Class> for Class {
    fn from(class: catalog::Class) -> Self {
        match class {
            catalog::Class::Ordinary => Self::Ordinary,
            catalog::Class::Defence => Self::Defence,
        }
    }
}

macro_rules! same_actions {
    ($($name:ident)*) => {
        impl From<Action> for catalog::Action {
            fn from(action: Action) -> Self {
                match action { $(Action::$name => Self::$name,)* }
            }
        }

        impl From<catalog::Action> for Action {
            fn from(action: catalog::Action) -> Self {
                match action { $(catalog::Action::$name => Self::$name,)* }
            }
        }
    };
}

same_actions! { See Live Playback Export Ptz Sound Configure Share Plan Review }
