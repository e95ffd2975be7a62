//! The catalog's rows as they stand in its tables, and their way in and out.
#![expect(unreachable_pub, reason = "the derives ask for public names")]

use std::collections::BTreeSet;

use base::{CameraId, Link, OrganisationId, SiteId, StreamId, Switch, Transport, UserId};
use sea_orm::ActiveValue::Set;
use url::Url;

use crate::{
    Camera, Error, Facts, Organisation, Retention, Role, SealKey, Site, Stream, StreamRole, User,
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
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
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
        Ok(Self { id, name: row.name, display_name, role })
    }
}

impl From<&User> for person::ActiveModel {
    fn from(value: &User) -> Self {
        Self {
            id: Set(value.id.0),
            name: Set(value.name.clone()),
            display_name: Set(value.display_name.clone()),
            role: Set(value.role.as_str().to_owned()),
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
