//! The catalog's rows as they stand in its tables, and their way in and out.
#![expect(unreachable_pub, reason = "the derives ask for public names")]

use std::collections::BTreeSet;

use base::{
    CameraId, GrantId, GroupId, Link, OrganisationId, SiteId, StreamId, Switch, Transport, UserId,
    WallTime,
};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use url::Url;

use crate::{
    Actions, Camera, Class, Error, Facts, Grant, Organisation, Retention, Role, Scope, SealKey,
    Site, Stream, StreamRole, Subject, Terms, User,
};

pub(crate) mod organisation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "organisation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub parent: Option<Uuid>,
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
        let ids: Result<Vec<Uuid>, _> = row.scope_ids.split_whitespace().map(str::parse).collect();
        let ids = ids.map_err(|_| broken("scope of a grant", &row.scope_ids))?;
        let scope = match (row.scope.as_str(), &ids[..]) {
            ("all", []) => Scope::All,
            ("organisation", [id]) => Scope::Organisation(OrganisationId(*id)),
            ("site", [id]) => Scope::Site(SiteId(*id)),
            ("cameras", ids) => Scope::Cameras(ids.iter().copied().map(CameraId).collect()),
            _ => return Err(broken("scope of a grant", row.scope)),
        };
        let hours = row.hours.as_deref().map(str::parse).transpose();
        let terms = Terms {
            subject,
            scope,
            class: Class::of(&row.class).ok_or_else(|| broken("class", row.class))?,
            actions: Actions::of(&row.actions).ok_or_else(|| broken("actions", row.actions))?,
            ptz_priority: u8::try_from(row.ptz_priority)
                .map_err(|_| broken("priority", row.ptz_priority))?,
            from: row.from_us.map(WallTime),
            until: row.until_us.map(WallTime),
            hours: hours.map_err(|_| broken("hours", row.hours.unwrap_or_default()))?,
            basis: row.basis,
        };
        let (id, by, at) = (GrantId(row.id), row.given_by.map(UserId), WallTime(row.given_at_us));
        Ok(Self { id, terms, by, at, agreed: row.agreed_by.map(UserId) })
    }
}

impl From<&Grant> for grant::ActiveModel {
    fn from(value: &Grant) -> Self {
        let terms = &value.terms;
        let (subject, subject_id) = terms.subject.row();
        let (scope, ids) = match &terms.scope {
            Scope::All => ("all", Vec::new()),
            Scope::Organisation(id) => ("organisation", vec![id.0]),
            Scope::Site(id) => ("site", vec![id.0]),
            Scope::Cameras(ids) => ("cameras", ids.iter().map(|id| id.0).collect()),
        };
        let ids: Vec<_> = ids.iter().map(Uuid::to_string).collect();
        Self {
            id: Set(value.id.0),
            subject: Set(subject.to_owned()),
            subject_id: Set(subject_id),
            scope: Set(scope.to_owned()),
            scope_ids: Set(ids.join(" ")),
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
        }
    }
}

impl From<organisation::Model> for Organisation {
    fn from(row: organisation::Model) -> Self {
        let parent = row.parent.map(OrganisationId);
        Self { id: OrganisationId(row.id), name: row.name, parent }
    }
}

impl From<&Organisation> for organisation::ActiveModel {
    fn from(value: &Organisation) -> Self {
        let parent = value.parent.map(|parent| parent.0);
        Self { id: Set(value.id.0), name: Set(value.name.clone()), parent: Set(parent) }
    }
}

impl From<site::Model> for Site {
    fn from(row: site::Model) -> Self {
        let organisation = OrganisationId(row.organisation);
        Self { id: SiteId(row.id), name: row.name, organisation }
    }
}

impl From<&Site> for site::ActiveModel {
    fn from(value: &Site) -> Self {
        let organisation = Set(value.organisation.0);
        Self { id: Set(value.id.0), name: Set(value.name.clone()), organisation }
    }
}

impl TryFrom<person::Model> for User {
    type Error = Error;

    fn try_from(row: person::Model) -> Result<Self, Error> {
        let Some(role) = Role::of(&row.role) else { return Err(broken("role", row.role)) };
        let (id, display_name) = (UserId(row.id), row.display_name);
        let organisation = row.organisation.map(OrganisationId);
        Ok(Self { id, name: row.name, display_name, role, organisation })
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
            name: row.name,
            site: SiteId(row.site),
            make: row.make,
            recording: row.recording,
            retention: Retention { days, bytes },
            link: Link {
                transport: Transport::of(&row.transport)
                    .ok_or_else(|| broken("transport", row.transport))?,
                switches: read_switches(&row.switches)?,
                certificate: row.certificate.map(read_certificate).transpose()?,
            },
            class: Class::of(&row.class).ok_or_else(|| broken("class", row.class))?,
            sound: row.sound,
            streams: Vec::new(),
        })
    }
}

impl From<&Camera> for camera::ActiveModel {
    fn from(value: &Camera) -> Self {
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
        }
    }
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
    let read = |word| Switch::of(word).ok_or_else(|| broken("switch", word));
    words.split_whitespace().map(read).collect()
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
