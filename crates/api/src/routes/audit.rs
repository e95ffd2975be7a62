//! Reading who did what, which is an act of its own.

use audit::search::{Filter, Page, Place, search};
use audit::{Act, Entry, Outcome};
use axum::Json;
use axum::extract::State as Given;
use base::{CameraId, Needle, UserId};
use catalog::Class;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::moment;
use crate::access;
use crate::app::State;
use crate::deed::{self, Deed};
use crate::error::{ErrorForm, Refusal};
use crate::extract::Asked;
use crate::person::Somebody;

/// How many entries a page has, at most and if nothing is said.
const MOST: usize = 500;
const USUAL: usize = 100;
/// The most characters that are looked for.
const LONGEST: usize = 200;

/// Which entries are looked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditAsked {
    /// Not before.
    from_us: Option<i64>,
    /// Before.
    to_us: Option<i64>,
    /// One act, by its word in the entries.
    #[param(value_type = Option<String>)]
    act: Option<Act>,
    /// By this person.
    user: Option<Uuid>,
    /// With this camera.
    camera: Option<Uuid>,
    /// Refused alone.
    refused: Option<bool>,
    /// Words that all occur in who it was, with which thing, why, from where, or what else
    /// is said, such as the number of a case; marks and case make no difference.
    q: Option<String>,
    /// Where the page before this one said that it begins.
    next: Option<String>,
    /// How many entries at most: 100, up to 500.
    most: Option<usize>,
}

/// A page of entries, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    entries: Vec<AuditRow>,
    /// Where the next page begins; null when all was read. A page may be short, or
    /// empty, and not the last.
    next: Option<String>,
}

/// What somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditRow {
    /// Counts up.
    n: u64,
    /// The SHA-256 of the entry.
    hash: String,
    at_us: i64,
    /// `sign_in`, `live`, `playback`, `watched`, `export`, `grant`, `user` and so on: the words
    /// of `act` in what is asked.
    act: &'static str,
    /// The code of the refusal; null for what was done.
    refused: Option<String>,
    who: Option<AuditWho>,
    /// The address that it came from.
    from: Option<String>,
    object: Option<AuditObject>,
    purpose: Option<String>,
    /// What else there is to say, by name.
    details: std::collections::BTreeMap<String, String>,
}

/// A person as they were known then.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditWho {
    user: Uuid,
    name: String,
}

/// A thing as it was known then.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditObject {
    kind: String,
    id: Uuid,
    name: String,
}

/// Reads the audit, the newest entries first. That is an entry itself, but for the
/// pages behind the first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditAsked),
    responses((status = 200, body = AuditPage), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm)))]
pub(crate) async fn read_audit(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Asked(asked): Asked<AuditAsked>,
) -> Result<Json<AuditPage>, Refusal> {
    let mut deed = Deed::by(&state, &person, Act::Audit);
    if let Err(refusal) = access::auditing(&person.user) {
        return Err(deed.refused(&state, refusal).await);
    }
    let place = asked.next.as_deref().map(place).transpose()?;
    let named = [
        ("from_us", asked.from_us.map(|us| us.to_string())),
        ("to_us", asked.to_us.map(|us| us.to_string())),
        ("act", asked.act.map(|act| act.as_str().to_owned())),
        ("user", asked.user.map(|id| id.to_string())),
        ("camera", asked.camera.map(|id| id.to_string())),
        ("refused", asked.refused.map(|refused| refused.to_string())),
        ("q", asked.q.clone()),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            deed = deed.detail(name, value);
        }
    }
    let q = asked.q.unwrap_or_default();
    if q.chars().count() > LONGEST {
        return Err(Refusal::invalid("q", "what is looked for has over 200 characters"));
    }
    let filter = Filter {
        from: asked.from_us.map(|us| moment("from_us", us)).transpose()?,
        to: asked.to_us.map(|us| moment("to_us", us)).transpose()?,
        acts: asked.act.into_iter().collect(),
        user: asked.user.map(UserId),
        camera: asked.camera.map(CameraId),
        refused: asked.refused.unwrap_or(false),
        text: Needle::new(&q),
    };
    if place.is_none() {
        deed.done(&state).await?;
    }
    let most = asked.most.unwrap_or(USUAL).clamp(1, MOST);
    let reads_all = access::reads_of_defence(&state.catalog, &person.user, state.now());
    let found = tokio::task::spawn_blocking(move || {
        let tells = |entry: &Entry| reads_all || !is_of_defence(&state, entry);
        search(&state.audit_folder, &filter, tells, place, most)
    });
    let Page { lines, next } = found.await.map_err(Refusal::broken)?.map_err(Refusal::broken)?;
    let next = next.map(|Place { first, offset }| format!("{first}.{offset}"));
    Ok(Json(AuditPage { entries: lines.into_iter().map(AuditRow::from).collect(), next }))
}

/// Whether an entry tells of a camera of defence: of one that was of the class then,
/// or is now.
fn is_of_defence(state: &State, entry: &Entry) -> bool {
    let then = entry.details.get(deed::CLASS).is_some_and(|class| class == Class::Defence.as_str());
    let camera = entry.object.as_ref().filter(|object| object.kind == "camera");
    let camera = camera.and_then(|object| state.catalog.camera(CameraId(object.id)));
    then || camera.is_some_and(|camera| camera.class == Class::Defence)
}

/// Reads where a page begins.
fn place(next: &str) -> Result<Place, Refusal> {
    let read = || {
        let (first, offset) = next.split_once('.')?;
        Some(Place { first: first.parse().ok()?, offset: offset.parse().ok()? })
    };
    let words = "next is not what the page before this one said";
    read().ok_or_else(|| Refusal::invalid("next", words))
}

impl From<audit::chain::Line> for AuditRow {
    fn from(line: audit::chain::Line) -> Self {
        let entry = line.entry;
        Self {
            n: line.link.n,
            hash: line.link.hash.to_string(),
            at_us: entry.at.0,
            act: entry.act.as_str(),
            refused: match entry.outcome {
                Outcome::Done => None,
                Outcome::Refused(why) => Some(why),
            },
            who: entry.who.map(|who| AuditWho { user: who.user.0, name: who.name }),
            from: entry.from.map(|from| from.to_string()),
            object: entry.object.map(|object| AuditObject {
                kind: object.kind,
                id: object.id,
                name: object.name,
            }),
            purpose: entry.purpose,
            details: entry.details,
        }
    }
}
