//! Who was given what: grants seen, given, agreed to and revoked, and why
//! somebody may or may not do something.
//!
//! Administrators give of all there is; whoever was given to share, out of the grant
//! that says so, and sees what reaches them and what they gave.
//!
//! A grant that names the defence class is seen by whoever gives grants, the
//! cameras that it names only by whoever may see those.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::{CameraId, GrantId, GroupId, OrganisationId, PermissionSetId, SiteId, UserId, WallTime};
use base::{Needle, fold};
use catalog::{Grant, Hours, Origin, Rights, Scope, Sight, Standing, Subject, Tables, Terms};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::moment;
use super::particulars::Purpose;
use crate::access;
use crate::app::State;
use crate::deed::{self, Deed};
use crate::error::{ErrorForm, Refusal};
use crate::extract::{Asked, Body, Id};
use crate::person::{Person, Somebody};

/// How many grants stand on a page, at most.
const MOST: usize = 1_000;

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
    /// Open, in an emergency and for minutes, what was not given.
    Override,
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
    /// Only cameras that watch for one of these; whatever they watch for, if none is
    /// named.
    #[serde(default)]
    purposes: Vec<Purpose>,
    /// The set of permissions that says what may be done, how fine and how far back:
    /// then these are left out here.
    permission_set: Option<Uuid>,
    /// The grant that gives to share, out of which this one is given. Administrators
    /// may leave it out.
    out_of: Option<Uuid>,
    /// What may be done; each includes knowing that the camera exists.
    #[serde(default)]
    actions: Vec<Action>,
    /// Who steers where several want to: the higher, 1 to 9; 5 if not said.
    ptz_priority: Option<u8>,
    /// The finest picture that is shown or taken out, in lines; any, if not said.
    most_lines: Option<u16>,
    /// How many days back footage is played or taken out; all there is, if not said.
    playback_days: Option<u16>,
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
    /// Out of what it was given: `office` (an administrator), `grant` (shared),
    /// `agreement` or `emergency`.
    origin: &'static str,
    /// The basis of the grant that it came out of, where it did.
    out_of_basis: Option<String>,
    /// The agreement that it stands by.
    agreement: Option<Uuid>,
    /// Whether whoever asks may revoke it.
    may_revoke: bool,
}

/// Some grants, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantList {
    grants: Vec<GrantRow>,
    /// How many there are that fit, on all pages.
    total: usize,
    /// The grant that the next page begins with; null on the last.
    next: Option<Uuid>,
}

/// Which grants.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantsAsked {
    /// Those alone that wait for somebody's agreement, or wait for nobody's.
    pending: Option<bool>,
    /// Words of the basis, or of the name of whom they were given to.
    q: Option<String>,
    /// The grant that the page begins with, as the page before said. One that was
    /// revoked meanwhile shifts nothing.
    next: Option<Uuid>,
    /// How many at most: 200 if left out, 1000 at most.
    most: Option<usize>,
}

/// About whom, what and which camera an explanation is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExplanationAsked {
    person: Uuid,
    camera: Uuid,
    action: Action,
    /// About pictures from this moment; any, if not said.
    from_us: Option<i64>,
    /// About pictures of so many lines; any, if not said.
    lines: Option<u16>,
}

/// Why somebody may or may not do something now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Explanation {
    allowed: bool,
    /// Why not, in words for whoever reads a log.
    denied: Option<&'static str>,
    /// How each grant stands to it that names the person or covers the camera.
    grants: Vec<GrantStanding>,
    /// What the rules ask beside that.
    rules: RulesTold,
}

/// What the rules that hold now ask of whoever does something.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RulesTold {
    /// Their version.
    version: u32,
    /// From how many hours back the number of a case is asked for: 0 where it always is,
    /// null where it never is.
    case_after_hours: Option<u32>,
    /// From how many minutes on it waits for a second person to agree: 0 where it always
    /// does, null where it never does.
    approval_after_minutes: Option<u32>,
}

/// How a grant stands to a question.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantStanding {
    grant: GrantRow,
    /// `allows`, `other_subject`, `other_class`, `other_camera`, `other_action`,
    /// `not_agreed`, `not_yet`, `over`, `other_hours`, `too_fine`, `too_old`, `role`
    /// (administrators and auditors hold no video) or `no_sound`.
    standing: &'static str,
}

/// Lists the grants: to administrators all, to others those that reach them and those
/// that they gave.
#[utoipa::path(get, path = "/grants", tag = "grants",
    params(GrantsAsked), responses((status = 200, body = GrantList)))]
pub(crate) async fn grants(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Asked(asked): Asked<GrantsAsked>,
) -> Result<Json<GrantList>, Refusal> {
    let shown = Shown::to(&state, &person);
    let tables = state.catalog.tables();
    let needle = asked.q.as_deref().map(str::trim).filter(|q| !q.is_empty()).map(Needle::new);
    // A city has a few bases, and ten times as many grants as people.
    let mut known: HashMap<(Subject, &str), bool> = HashMap::new();
    let mut is_found = |grant: &Grant, basis| {
        let Some(needle) = &needle else { return true };
        let is_it = || needle.matches(&fold(&format!("{} {basis}", named(&tables, grant))));
        *known.entry((grant.terms.subject, basis)).or_insert_with(is_it)
    };
    // Ids are in the order in which they were made.
    let all = tables.grants.values().rev().filter(|grant| {
        asked.pending.is_none_or(|pending| grant.is_pending() == pending)
            && shown.concerns(grant)
            && is_found(grant, &grant.terms.basis)
            && shown.tells(grant)
    });
    let all: Vec<_> = all.collect();
    let most = asked.most.unwrap_or(200).clamp(1, MOST);
    let mut behind = all.iter().filter(|one| asked.next.is_none_or(|from| one.id.0 <= from));
    let page: Vec<_> = behind.by_ref().take(most).collect();
    let next = behind.next().map(|grant| grant.id.0);
    let grants = page.into_iter().filter_map(|grant| shown.row(&state, grant)).collect();
    Ok(Json(GrantList { grants, total: all.len(), next }))
}

/// Gives a right. One that names the defence class holds once a second
/// administrator has agreed. Whoever is no administrator gives out of a grant that
/// gives them to share, and no more than it gives.
#[utoipa::path(post, path = "/grants", tag = "grants", request_body = GrantTerms,
    responses((status = 201, body = GrantRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn give_grant(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<GrantTerms>,
) -> Result<(StatusCode, Json<GrantRow>), Refusal> {
    let out_of = body.out_of.map(GrantId);
    match out_of {
        Some(whole) if shares(&state, &person, whole) => {}
        _ => admit(&state, &person).await?,
    }
    person.is_confirmed(&state)?;
    let terms = body.read()?;
    let given = match out_of {
        None => give(&state, &person, terms).await?,
        Some(whole) => {
            let (by, now) = (person.user.id, state.now());
            let given = state.catalog.share(whole, terms, by, now).await?;
            note(&state, &person, &given, "shared").await?;
            given
        }
    };
    Ok((StatusCode::CREATED, Json(Shown::to(&state, &person).whole(&state, &given))))
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
    Ok(Json(Shown::to(&state, &person).whole(&state, &agreed)))
}

/// Takes a right away; what plays by it ends within seconds.
#[utoipa::path(delete, path = "/grants/{id}", tag = "grants", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn revoke_grant(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Refusal> {
    let tables = state.catalog.tables();
    let theirs = |grant: &Arc<Grant>| shared_by(grant, &person);
    if !tables.grants.get(&GrantId(id)).is_some_and(theirs) {
        admit(&state, &person).await?;
    }
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
    let of = deed::camera(&state, &person, camera, catalog::Action::See, Act::Grant).await?;
    let user = UserId(asked.person);
    let user = state.catalog.user(user).ok_or_else(|| Refusal::not_found("person"))?;
    let (world, shown) = (state.catalog.world(), Shown::to(&state, &person));
    let action = asked.action.into();
    let from = asked.from_us.map(|us| moment("from_us", us)).transpose()?;
    let sight = (from.is_some() || asked.lines.is_some()).then(|| Sight {
        // What is not asked about is within whatever is shown.
        lines: Some(asked.lines.unwrap_or(0)),
        from: from.unwrap_or(now),
    });
    let rights = world.rights(&user);
    let decision = match sight {
        Some(sight) => rights.shows(camera, action, sight, now),
        None => rights.decide(camera, action, now),
    };
    let told = world.explain(&user, camera, action, sight, now);
    let told = told.into_iter().filter_map(|(grant, standing)| {
        let standing = words(standing);
        shown.row(&state, &grant).map(|grant| GrantStanding { grant, standing })
    });
    let denied = match decision {
        catalog::Decision::Allowed => None,
        catalog::Decision::Denied(why) => Some(why),
    };
    let policy = state.catalog.tables().policy(now);
    let waits = action == catalog::Action::Export;
    let rules = RulesTold {
        version: policy.version,
        case_after_hours: policy.terms.case_after_hours(action),
        approval_after_minutes: waits.then(|| policy.terms.approval_after_minutes(of.class)),
    };
    Ok(Json(Explanation { allowed: denied.is_none(), denied, grants: told.collect(), rules }))
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
        .detail("origin", origin_word(grant.origin))
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

/// Returns whether somebody was given to share by this grant, and it holds.
fn shares(state: &State, person: &Person, whole: GrantId) -> bool {
    let (rights, now) = (state.catalog.rights(person.user.id), state.now());
    let gives = |grant: &Arc<Grant>| {
        let terms = &grant.terms;
        let open = terms.is_in_force(now) && terms.is_open_to(catalog::Action::Share, now);
        grant.id == whole && open && terms.actions.contains(catalog::Action::Share)
    };
    let is_operator = person.user.role == catalog::Role::Operator;
    is_operator && rights.is_some_and(|rights| rights.given().iter().any(gives))
}

/// Returns whether somebody gave this out of what they were given to share.
fn shared_by(grant: &Grant, person: &Person) -> bool {
    matches!(grant.origin, Origin::Grant(_)) && grant.by == Some(person.user.id)
}

/// What of grants somebody is shown.
struct Shown<'a> {
    person: &'a Person,
    rights: Option<Arc<Rights>>,
    /// What reaches them.
    given: HashSet<GrantId>,
    now: WallTime,
}

impl<'a> Shown<'a> {
    fn to(state: &State, person: &'a Person) -> Self {
        let rights = state.catalog.rights(person.user.id);
        let given = rights.iter().flat_map(|rights| rights.given()).map(|grant| grant.id);
        Self { person, given: given.collect(), rights, now: state.now() }
    }

    /// Returns whether a grant is any of their business.
    fn concerns(&self, grant: &Grant) -> bool {
        let gives_grants = access::granting(&self.person.user).is_ok();
        gives_grants || grant.by == Some(self.person.user.id) || self.given.contains(&grant.id)
    }

    /// Returns a grant with all that it names.
    fn whole(&self, state: &State, grant: &Grant) -> GrantRow {
        let gives_grants = access::granting(&self.person.user).is_ok();
        let by_agreement = matches!(grant.origin, Origin::Agreement(_));
        let may_revoke = (gives_grants && !by_agreement) || shared_by(grant, self.person);
        GrantRow { may_revoke, ..row(state, grant) }
    }

    /// Returns whether there is anything of a grant that may be told: of one that names
    /// cameras of defence, whoever reads it may see one.
    fn tells(&self, grant: &Grant) -> bool {
        match (&grant.terms.scope, grant.terms.class) {
            (Scope::Cameras(cameras), catalog::Class::Defence) => {
                let sees = |rights: &Arc<Rights>, id| {
                    access::lists(rights, id, catalog::Action::See, self.now)
                };
                self.rights.as_ref().is_some_and(|rights| {
                    grant.is_pending() || cameras.iter().any(|&id| sees(rights, id))
                })
            }
            _ => true,
        }
    }

    /// Returns a grant as it is shown, without the cameras of defence that whoever
    /// reads it may not see.
    fn row(&self, state: &State, grant: &Grant) -> Option<GrantRow> {
        let mut row = self.whole(state, grant);
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

/// Returns the names of whom something was given to.
fn named(tables: &Tables, grant: &Grant) -> String {
    match grant.terms.subject {
        Subject::User(id) => tables
            .users
            .get(&id)
            .map(|user| format!("{} {}", user.display_name, user.name))
            .unwrap_or_default(),
        Subject::Group(id) => {
            tables.groups.get(&id).map(|group| group.name.clone()).unwrap_or_default()
        }
        Subject::Organisation(id) => {
            tables.organisations.get(&id).map(|body| body.name.clone()).unwrap_or_default()
        }
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
            scope: ScopeForm::of(&terms.scope),
            class: terms.class.into(),
            purposes: terms.purposes.iter().copied().map(Purpose::from).collect(),
            permission_set: terms.permission_set.map(|set| set.0),
            out_of: match grant.origin {
                Origin::Grant(whole) => Some(whole.0),
                _ => None,
            },
            actions: terms.actions.iter().map(Action::from).collect(),
            ptz_priority: Some(terms.ptz_priority),
            most_lines: terms.most_lines,
            playback_days: terms.playback_days,
            from_us: terms.from.map(|from| from.0),
            until_us: terms.until.map(|until| until.0),
            hours: terms.hours.as_ref().map(ToString::to_string),
            basis: terms.basis.clone(),
        },
        given_by: by,
        given_at_us: grant.at.0,
        pending: grant.is_pending(),
        origin: origin_word(grant.origin),
        out_of_basis: match grant.origin {
            Origin::Grant(whole) => {
                let tables = state.catalog.tables();
                tables.grants.get(&whole).map(|whole| whole.terms.basis.clone())
            }
            _ => None,
        },
        agreement: match grant.origin {
            Origin::Agreement(id) => Some(id.0),
            _ => None,
        },
        may_revoke: false,
    }
}

fn origin_word(origin: Origin) -> &'static str {
    match origin {
        Origin::Office => "office",
        Origin::Grant(_) => "grant",
        Origin::Agreement(_) => "agreement",
        Origin::Emergency => "emergency",
    }
}

impl GrantTerms {
    fn read(self) -> Result<Terms, Refusal> {
        let by_hand = !self.actions.is_empty()
            || self.ptz_priority.is_some()
            || self.most_lines.is_some()
            || self.playback_days.is_some();
        if self.permission_set.is_some() && by_hand {
            let words = "the set of permissions says what may be done, how fine and how far back; \
                         leave those out, or the set";
            return Err(Refusal::invalid("permission_set", words));
        }
        Ok(Terms {
            subject: match self.subject {
                SubjectForm::Person(id) => Subject::User(UserId(id)),
                SubjectForm::Group(id) => Subject::Group(GroupId(id)),
                SubjectForm::Organisation(id) => Subject::Organisation(OrganisationId(id)),
            },
            scope: self.scope.read(),
            class: self.class.into(),
            purposes: self.purposes.into_iter().map(catalog::Purpose::from).collect(),
            permission_set: self.permission_set.map(PermissionSetId),
            actions: self.actions.into_iter().map(catalog::Action::from).collect(),
            ptz_priority: self.ptz_priority.unwrap_or(5),
            most_lines: self.most_lines,
            playback_days: self.playback_days,
            from: self.from_us.map(WallTime),
            until: self.until_us.map(WallTime),
            hours: hours(self.hours)?,
            basis: self.basis,
        })
    }
}

impl ScopeForm {
    /// Returns what it means.
    pub(super) fn read(self) -> Scope {
        match self {
            Self::All => Scope::All,
            Self::Organisation(id) => Scope::Organisation(OrganisationId(id)),
            Self::Site(id) => Scope::Site(SiteId(id)),
            Self::Cameras(ids) => Scope::Cameras(ids.into_iter().map(CameraId).collect()),
        }
    }

    /// Returns how it is said.
    pub(super) fn of(scope: &Scope) -> Self {
        match scope {
            Scope::All => Self::All,
            Scope::Organisation(id) => Self::Organisation(id.0),
            Scope::Site(id) => Self::Site(id.0),
            Scope::Cameras(ids) => Self::Cameras(ids.iter().map(|id| id.0).collect()),
        }
    }
}

/// Returns the hours that a field says, if it says any.
pub(super) fn hours(hours: Option<String>) -> Result<Option<Hours>, Refusal> {
    let said = hours.filter(|hours| !hours.trim().is_empty());
    said.map(|hours| hours.parse().map_err(|error| Refusal::invalid("hours", format!("{error}"))))
        .transpose()
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
        Standing::TooFine => "too_fine",
        Standing::TooOld => "too_old",
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

same_actions! { See Live Playback Export Ptz Sound Configure Share Plan Review Override }
