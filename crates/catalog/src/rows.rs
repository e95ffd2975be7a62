//! The catalog's rows as they stand in its tables, and their way in and out.
#![expect(unreachable_pub, reason = "the derives ask for public names")]

mod sharing;

use std::collections::BTreeSet;

use base::{
    AgreementId, CameraId, Day, GrantId, GroupId, Link, OrganisationId, PermissionSetId, SiteId,
    StreamId, Switch, Transport, UserId, WallTime,
};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use url::Url;

use crate::{
    Actions, Camera, Class, Error, Facts, Grant, LifeCycle, LinkKind, NoticeSign, Organisation,
    OrganisationKind, Origin, Particulars, Pose, Position, Purpose, Retention, Role, Scope,
    SealKey, Site, SiteCategory, Stream, StreamRole, Subject, Terms, User,
};

pub(crate) use sharing::{agreement, permission_set, policy};

pub(crate) mod organisation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "organisation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub parent: Option<Uuid>,
        pub kind: String,
        pub code: Option<String>,
        pub name_en: Option<String>,
        /// Names with line breaks between.
        pub former_names: String,
        /// As `2026-11-29`, like every day here.
        pub valid_from: Option<String>,
        pub valid_until: Option<String>,
        /// Ids with spaces between.
        pub successors: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod site {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "site")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub organisation: Uuid,
        pub category: String,
        pub ward: Option<String>,
        pub address: Option<String>,
        pub lat_udeg: Option<i32>,
        pub lon_udeg: Option<i32>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod camera {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "camera")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub number: i32,
        pub name: String,
        pub site: Uuid,
        pub make: Option<String>,
        pub recording: bool,
        pub retention_days: i32,
        pub retention_bytes: Option<i64>,
        pub sound: bool,
        pub transport: String,
        /// Words with spaces between.
        pub switches: String,
        pub certificate: Option<Vec<u8>>,
        pub class: String,
        pub owner: Option<Uuid>,
        pub investor: Option<Uuid>,
        pub operator: Option<Uuid>,
        pub maintainer: Option<Uuid>,
        /// Words with spaces between.
        pub purposes: String,
        pub legal_basis: Option<String>,
        pub heading_deg: Option<i32>,
        pub tilt_deg: Option<i32>,
        pub height_cm: Option<i32>,
        pub fov_deg: Option<i32>,
        pub link_kind: Option<String>,
        pub life_cycle: String,
        pub life_cycle_since: Option<String>,
        pub notice_sign: Option<String>,
        pub notice_sign_reason: Option<String>,
        pub inherited_until: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod stream {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "stream")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub camera: Uuid,
        pub role: String,
        pub url: String,
        pub user_name: Option<String>,
        pub password_sealed: Option<Vec<u8>>,
        pub codec: Option<String>,
        pub width: Option<i32>,
        pub height: Option<i32>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod person {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "person")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(unique)]
        pub name: String,
        pub display_name: String,
        pub role: String,
        pub organisation: Option<Uuid>,
        pub signatory: bool,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod group {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "people_group")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(unique)]
        pub name: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod member {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "group_member")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub people_group: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub person: Uuid,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod grant {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "access_grant")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// `user`, `group` or `organisation`.
        pub subject: String,
        pub subject_id: Uuid,
        /// `all`, `organisation`, `site` or `cameras`.
        pub scope: String,
        /// Ids with spaces between.
        pub scope_ids: String,
        pub class: String,
        /// Words with spaces between.
        pub actions: String,
        pub ptz_priority: i32,
        pub from_us: Option<i64>,
        pub until_us: Option<i64>,
        pub hours: Option<String>,
        pub basis: String,
        pub given_by: Option<Uuid>,
        pub given_at_us: i64,
        pub agreed_by: Option<Uuid>,
        /// Words with spaces between.
        pub purposes: String,
        pub most_lines: Option<i32>,
        pub playback_days: Option<i32>,
        pub permission_set: Option<Uuid>,
        /// `office`, `grant`, `agreement` or `emergency`.
        pub origin: String,
        /// The grant or agreement.
        pub origin_id: Option<Uuid>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

impl TryFrom<grant::Model> for Grant {
    type Error = Error;

    fn try_from(row: grant::Model) -> Result<Self, Error> {
        let subject = match row.subject.as_str() {
            "user" => Subject::User(UserId(row.subject_id)),
            "group" => Subject::Group(GroupId(row.subject_id)),
            "organisation" => Subject::Organisation(OrganisationId(row.subject_id)),
            _ => return Err(broken("subject of a grant", row.subject)),
        };
        let scope = read_scope(&row.scope, &row.scope_ids)?;
        let hours = row.hours.as_deref().map(str::parse).transpose();
        let terms = Terms {
            subject,
            scope,
            class: Class::of(&row.class).ok_or_else(|| broken("class", row.class))?,
            purposes: read_purposes(&row.purposes)?,
            permission_set: row.permission_set.map(PermissionSetId),
            actions: Actions::of(&row.actions).ok_or_else(|| broken("actions", row.actions))?,
            ptz_priority: narrow("priority", row.ptz_priority)?,
            most_lines: row.most_lines.map(|lines| narrow("lines", lines)).transpose()?,
            playback_days: row.playback_days.map(|days| narrow("days", days)).transpose()?,
            from: row.from_us.map(WallTime),
            until: row.until_us.map(WallTime),
            hours: hours.map_err(|_| broken("hours", row.hours.unwrap_or_default()))?,
            basis: row.basis,
        };
        let (id, by, at) = (GrantId(row.id), row.given_by.map(UserId), WallTime(row.given_at_us));
        let origin = match (row.origin.as_str(), row.origin_id) {
            ("office", None) => Origin::Office,
            ("grant", Some(id)) => Origin::Grant(GrantId(id)),
            ("agreement", Some(id)) => Origin::Agreement(AgreementId(id)),
            ("emergency", None) => Origin::Emergency,
            _ => return Err(broken("origin of a grant", row.origin)),
        };
        Ok(Self { id, terms, by, at, agreed: row.agreed_by.map(UserId), origin })
    }
}

fn read_scope(scope: &str, ids: &str) -> Result<Scope, Error> {
    let all: Result<Vec<Uuid>, _> = ids.split_whitespace().map(str::parse).collect();
    let all = all.map_err(|_| broken("scope", ids))?;
    Ok(match (scope, &all[..]) {
        ("all", []) => Scope::All,
        ("organisation", [id]) => Scope::Organisation(OrganisationId(*id)),
        ("site", [id]) => Scope::Site(SiteId(*id)),
        ("cameras", ids) => Scope::Cameras(ids.iter().copied().map(CameraId).collect()),
        _ => return Err(broken("scope", scope)),
    })
}

/// Returns the word for a scope, and its ids with spaces between.
fn scope_row(scope: &Scope) -> (&'static str, String) {
    let (word, ids) = match scope {
        Scope::All => ("all", Vec::new()),
        Scope::Organisation(id) => ("organisation", vec![id.0]),
        Scope::Site(id) => ("site", vec![id.0]),
        Scope::Cameras(ids) => ("cameras", ids.iter().map(|id| id.0).collect()),
    };
    (word, ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(" "))
}

fn narrow<T: TryFrom<i32>>(what: &'static str, value: i32) -> Result<T, Error> {
    T::try_from(value).map_err(|_| broken(what, value))
}

impl From<&Grant> for grant::ActiveModel {
    fn from(value: &Grant) -> Self {
        let terms = &value.terms;
        let (subject, subject_id) = terms.subject.row();
        let (scope, ids) = scope_row(&terms.scope);
        let (origin, origin_id) = match value.origin {
            Origin::Office => ("office", None),
            Origin::Grant(id) => ("grant", Some(id.0)),
            Origin::Agreement(id) => ("agreement", Some(id.0)),
            Origin::Emergency => ("emergency", None),
        };
        Self {
            id: Set(value.id.0),
            subject: Set(subject.to_owned()),
            subject_id: Set(subject_id),
            scope: Set(scope.to_owned()),
            scope_ids: Set(ids),
            class: Set(terms.class.as_str().to_owned()),
            actions: Set(terms.actions.words()),
            ptz_priority: Set(i32::from(terms.ptz_priority)),
            from_us: Set(terms.from.map(|from| from.0)),
            until_us: Set(terms.until.map(|until| until.0)),
            hours: Set(terms.hours.as_ref().map(ToString::to_string)),
            basis: Set(terms.basis.clone()),
            given_by: Set(value.by.map(|by| by.0)),
            given_at_us: Set(value.at.0),
            agreed_by: Set(value.agreed.map(|by| by.0)),
            purposes: Set(purpose_words(&terms.purposes)),
            most_lines: Set(terms.most_lines.map(i32::from)),
            playback_days: Set(terms.playback_days.map(i32::from)),
            permission_set: Set(terms.permission_set.map(|set| set.0)),
            origin: Set(origin.to_owned()),
            origin_id: Set(origin_id),
        }
    }
}

impl TryFrom<organisation::Model> for Organisation {
    type Error = Error;

    fn try_from(row: organisation::Model) -> Result<Self, Error> {
        let successors = row.successors.split_whitespace().map(str::parse);
        let successors: Result<_, _> = successors.collect();
        Ok(Self {
            id: OrganisationId(row.id),
            kind: OrganisationKind::of(&row.kind)
                .ok_or_else(|| broken("kind of organisation", row.kind))?,
            code: row.code,
            name: row.name,
            name_en: row.name_en,
            former_names: row.former_names.lines().map(str::to_owned).collect(),
            parent: row.parent.map(OrganisationId),
            valid_from: read_day(row.valid_from)?,
            valid_until: read_day(row.valid_until)?,
            successors: successors
                .map_err(|_| broken("successors of an organisation", &row.successors))?,
        })
    }
}

impl From<&Organisation> for organisation::ActiveModel {
    fn from(value: &Organisation) -> Self {
        let successors: Vec<_> = value.successors.iter().map(ToString::to_string).collect();
        Self {
            id: Set(value.id.0),
            name: Set(value.name.clone()),
            parent: Set(value.parent.map(|parent| parent.0)),
            kind: Set(value.kind.as_str().to_owned()),
            code: Set(value.code.clone()),
            name_en: Set(value.name_en.clone()),
            former_names: Set(value.former_names.join("\n")),
            valid_from: Set(day(value.valid_from)),
            valid_until: Set(day(value.valid_until)),
            successors: Set(successors.join(" ")),
        }
    }
}

impl TryFrom<site::Model> for Site {
    type Error = Error;

    fn try_from(row: site::Model) -> Result<Self, Error> {
        let position = match (row.lat_udeg, row.lon_udeg) {
            (Some(lat_udeg), Some(lon_udeg)) => Some(Position { lat_udeg, lon_udeg }),
            _ => None,
        };
        Ok(Self {
            id: SiteId(row.id),
            name: row.name,
            organisation: OrganisationId(row.organisation),
            category: SiteCategory::of(&row.category)
                .ok_or_else(|| broken("category of a site", row.category))?,
            ward: row.ward,
            address: row.address,
            position,
        })
    }
}

impl From<&Site> for site::ActiveModel {
    fn from(value: &Site) -> Self {
        Self {
            id: Set(value.id.0),
            name: Set(value.name.clone()),
            organisation: Set(value.organisation.0),
            category: Set(value.category.as_str().to_owned()),
            ward: Set(value.ward.clone()),
            address: Set(value.address.clone()),
            lat_udeg: Set(value.position.map(|position| position.lat_udeg)),
            lon_udeg: Set(value.position.map(|position| position.lon_udeg)),
        }
    }
}

fn read_purposes(words: &str) -> Result<BTreeSet<Purpose>, Error> {
    let purpose = |word| Purpose::of(word).ok_or_else(|| broken("purpose", word));
    words.split_whitespace().map(purpose).collect()
}

fn purpose_words(purposes: &BTreeSet<Purpose>) -> String {
    purposes.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(" ")
}

impl TryFrom<person::Model> for User {
    type Error = Error;

    fn try_from(row: person::Model) -> Result<Self, Error> {
        let Some(role) = Role::of(&row.role) else { return Err(broken("role", row.role)) };
        let (id, display_name) = (UserId(row.id), row.display_name);
        let organisation = row.organisation.map(OrganisationId);
        let signatory = row.signatory;
        Ok(Self { id, name: row.name, display_name, role, organisation, signatory })
    }
}

impl From<&User> for person::ActiveModel {
    fn from(value: &User) -> Self {
        Self {
            id: Set(value.id.0),
            name: Set(value.name.clone()),
            display_name: Set(value.display_name.clone()),
            role: Set(value.role.as_str().to_owned()),
            organisation: Set(value.organisation.map(|organisation| organisation.0)),
            signatory: Set(value.signatory),
        }
    }
}

/// Reads a camera, still without its streams.
impl TryFrom<camera::Model> for Camera {
    type Error = Error;

    fn try_from(row: camera::Model) -> Result<Self, Error> {
        let number = u32::try_from(row.number).map_err(|_| broken("number", row.number))?;
        let days = u16::try_from(row.retention_days)
            .map_err(|_| broken("retention in days", row.retention_days))?;
        let bytes = row
            .retention_bytes
            .map(|bytes| u64::try_from(bytes).map_err(|_| broken("retention in bytes", bytes)))
            .transpose()?;
        Ok(Self {
            id: CameraId(row.id),
            number,
            name: row.name.clone(),
            site: SiteId(row.site),
            make: row.make.clone(),
            recording: row.recording,
            retention: Retention { days, bytes },
            link: Link {
                transport: Transport::of(&row.transport)
                    .ok_or_else(|| broken("transport", &row.transport))?,
                switches: read_switches(&row.switches)?,
                certificate: row.certificate.clone().map(read_certificate).transpose()?,
            },
            class: Class::of(&row.class).ok_or_else(|| broken("class", &row.class))?,
            sound: row.sound,
            inherited_until: read_day(row.inherited_until.clone())?,
            particulars: read_particulars(row)?,
            streams: Vec::new(),
        })
    }
}

impl From<&Camera> for camera::ActiveModel {
    fn from(value: &Camera) -> Self {
        let particulars = &value.particulars;
        let Pose { heading_deg, tilt_deg, height_cm, fov_deg } = particulars.pose;
        let sign = particulars.notice_sign.as_ref();
        // What was checked on its way into the catalog fits its column.
        Self {
            id: Set(value.id.0),
            number: Set(i32::try_from(value.number).unwrap_or(i32::MAX)),
            name: Set(value.name.clone()),
            site: Set(value.site.0),
            make: Set(value.make.clone()),
            recording: Set(value.recording),
            retention_days: Set(i32::from(value.retention.days)),
            retention_bytes: Set(value
                .retention
                .bytes
                .map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX))),
            sound: Set(value.sound),
            transport: Set(value.link.transport.as_str().to_owned()),
            switches: Set(words(&value.link.switches)),
            certificate: Set(value.link.certificate.map(Vec::from)),
            class: Set(value.class.as_str().to_owned()),
            owner: Set(particulars.owner.map(|body| body.0)),
            investor: Set(particulars.investor.map(|body| body.0)),
            operator: Set(particulars.operator.map(|body| body.0)),
            maintainer: Set(particulars.maintainer.map(|body| body.0)),
            purposes: Set(purpose_words(&particulars.purposes)),
            legal_basis: Set(particulars.legal_basis.clone()),
            heading_deg: Set(heading_deg.map(i32::from)),
            tilt_deg: Set(tilt_deg.map(i32::from)),
            height_cm: Set(height_cm.map(|height| i32::try_from(height).unwrap_or(i32::MAX))),
            fov_deg: Set(fov_deg.map(i32::from)),
            link_kind: Set(particulars.link_kind.map(|kind| kind.as_str().to_owned())),
            life_cycle: Set(particulars.life_cycle.as_str().to_owned()),
            life_cycle_since: Set(day(particulars.life_cycle_since)),
            notice_sign: Set(sign.map(|sign| sign.as_str().to_owned())),
            notice_sign_reason: Set(sign.and_then(|sign| sign.reason()).map(str::to_owned)),
            inherited_until: Set(day(value.inherited_until)),
        }
    }
}

fn read_particulars(row: camera::Model) -> Result<Particulars, Error> {
    let link_kind = |word: String| LinkKind::of(&word).ok_or_else(|| broken("kind of link", word));
    let (sign, reason) = (row.notice_sign, row.notice_sign_reason);
    let notice_sign =
        |word: String| NoticeSign::of(&word, reason).ok_or_else(|| broken("sign", word));
    Ok(Particulars {
        owner: row.owner.map(OrganisationId),
        investor: row.investor.map(OrganisationId),
        operator: row.operator.map(OrganisationId),
        maintainer: row.maintainer.map(OrganisationId),
        purposes: read_purposes(&row.purposes)?,
        legal_basis: row.legal_basis,
        pose: Pose {
            heading_deg: whole("heading", row.heading_deg)?,
            tilt_deg: whole("tilt", row.tilt_deg)?,
            height_cm: whole("height", row.height_cm)?,
            fov_deg: whole("field of view", row.fov_deg)?,
        },
        link_kind: row.link_kind.map(link_kind).transpose()?,
        life_cycle: LifeCycle::of(&row.life_cycle)
            .ok_or_else(|| broken("life cycle", row.life_cycle))?,
        life_cycle_since: read_day(row.life_cycle_since)?,
        notice_sign: sign.map(notice_sign).transpose()?,
    })
}

fn whole<T: TryFrom<i32>>(what: &'static str, value: Option<i32>) -> Result<Option<T>, Error> {
    value.map(|value| T::try_from(value).map_err(|_| broken(what, value))).transpose()
}

fn day(day: Option<Day>) -> Option<String> {
    day.map(|day| day.to_string())
}

fn read_day(text: Option<String>) -> Result<Option<Day>, Error> {
    text.map(|text| text.parse().map_err(|_| broken("day", text))).transpose()
}

/// Reads a stream and opens its password.
pub(crate) fn read_stream(row: stream::Model, key: &SealKey) -> Result<Stream, Error> {
    let id = StreamId(row.id);
    let Some(role) = StreamRole::of(&row.role) else { return Err(broken("stream role", row.role)) };
    let url = Url::parse(&row.url).map_err(|_| broken("stream address", &row.url))?;
    let open = |sealed: Vec<u8>| key.unseal(id, &sealed).ok_or(Error::Unseal { stream: id });
    let password = row.password_sealed.map(open).transpose()?;
    let side = |side: Option<i32>| u16::try_from(side?).ok();
    let facts = match (row.codec, side(row.width), side(row.height)) {
        (Some(codec), Some(width), Some(height)) => Some(Facts { codec, width, height }),
        _ => None,
    };
    Ok(Stream { id, role, url, user: row.user_name, password, facts })
}

/// Writes a stream of `camera`, its password sealed.
pub(crate) fn stream_row(camera: CameraId, stream: &Stream, key: &SealKey) -> stream::ActiveModel {
    let facts = stream.facts.as_ref();
    stream::ActiveModel {
        id: Set(stream.id.0),
        camera: Set(camera.0),
        role: Set(stream.role.as_str().to_owned()),
        url: Set(stream.url.to_string()),
        user_name: Set(stream.user.clone()),
        password_sealed: Set(stream.password.as_ref().map(|secret| key.seal(stream.id, secret))),
        codec: Set(facts.map(|facts| facts.codec.clone())),
        width: Set(facts.map(|facts| i32::from(facts.width))),
        height: Set(facts.map(|facts| i32::from(facts.height))),
    }
}

fn read_switches(words: &str) -> Result<BTreeSet<Switch>, Error> {
    /// Of programs that had to be told what is understood by itself since.
    const NEEDED_NO_MORE: [&str; 2] = ["first_session_id", "ignore_first_sequence"];
    let needed = words.split_whitespace().filter(|word| !NEEDED_NO_MORE.contains(word));
    needed.map(|word| Switch::of(word).ok_or_else(|| broken("switch", word))).collect()
}

fn words(switches: &BTreeSet<Switch>) -> String {
    switches.iter().map(|switch| switch.as_str()).collect::<Vec<_>>().join(" ")
}

fn read_certificate(digest: Vec<u8>) -> Result<[u8; 32], Error> {
    digest.try_into().map_err(|digest: Vec<u8>| broken("certificate digest of bytes", digest.len()))
}

fn broken(what: &'static str, value: impl ToString) -> Error {
    Error::Broken { what, value: value.to_string() }
}
