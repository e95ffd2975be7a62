//! A written request for footage by another agency: on what it stands, by when it is
//! to be answered, how it was.
//!
//! ```text
//! registered ──▶ approved ──▶ handed over: each copy with its hash ──▶ received
//!        └─────▶ refused, with a reason
//! ```

use std::collections::BTreeSet;

use base::{CameraId, DataRequestId, Span, UserId, WallTime};
use db::Pool;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::rows::{data_request, handed_copy};
use crate::{Error, error, migrations};

/// The most that are listed.
const MOST_LISTED: u64 = 500;

/// The most cameras that one names.
const MOST_CAMERAS: usize = 200;

/// The requests. Clones share them.
#[derive(Clone, Debug)]
pub struct DataRequests {
    pool: Pool,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRequest {
    /// Its id.
    pub id: DataRequestId,
    /// What the letter says.
    pub letter: Letter,
    /// Who registered it.
    pub registered_by: UserId,
    /// When.
    pub registered_at: WallTime,
    /// By when it is to be answered.
    pub due: WallTime,
    /// How it was decided.
    pub decision: Option<Decided>,
    /// What was handed over.
    pub copies: Vec<HandedCopy>,
    /// When whoever asked said that they have it, and who that was.
    pub received: Option<(WallTime, String)>,
}

/// What the letter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its number, such as 123/CV-PC08.
    pub number: String,
    /// The day it bears.
    pub dated: WallTime,
    /// Who asks.
    pub agency: String,
    /// On what law.
    pub legal_basis: String,
    /// What for.
    pub purpose: String,
    /// Of which cameras.
    pub cameras: BTreeSet<CameraId>,
    /// Which span.
    pub span: Span,
}

/// How it was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// By whom.
    pub by: UserId,
    /// When.
    pub at: WallTime,
    /// Whether the footage is handed over.
    pub approved: bool,
    /// In their words: where it is refused, why.
    pub note: String,
}

/// A copy that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedCopy {
    /// Of which camera.
    pub camera: CameraId,
    /// Which span.
    pub span: Span,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// How many they are.
    pub size_bytes: u64,
    /// Who made it.
    pub by: UserId,
    /// When.
    pub at: WallTime,
}

/// How a request stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for a decision.
    Registered,
    /// It is to be handed over.
    Approved,
    /// It is not.
    Refused,
    /// A copy was.
    HandedOver,
    /// Whoever asked has it.
    Received,
}

impl DataRequests {
    /// Opens the tables in `pool`.
    pub async fn open(pool: Pool) -> Result<Self, Error> {
        db::migrate(&pool, "casework", &migrations::all()).await?;
        Ok(Self { pool })
    }

    /// Registers a letter that came in.
    pub async fn register(
        &self,
        letter: Letter,
        due: WallTime,
        by: UserId,
        now: WallTime,
    ) -> Result<DataRequest, Error> {
        let letter = letter.checked()?;
        if due <= now {
            let message = "it would be due before it came in; name a later moment".to_owned();
            return Err(Error::Invalid { field: "due_us", message });
        }
        let registered = DataRequest {
            id: DataRequestId::new(),
            letter,
            registered_by: by,
            registered_at: now,
            due,
            decision: None,
            copies: Vec::new(),
            received: None,
        };
        let row = data_request::ActiveModel::from(&registered);
        data_request::Entity::insert(row).exec_without_returning(self.pool.write()).await?;
        Ok(registered)
    }

    /// Returns one.
    pub async fn find(&self, id: DataRequestId) -> Result<DataRequest, Error> {
        let row = data_request::Entity::find_by_id(id.0).one(self.pool.read()).await?;
        let mut found = DataRequest::try_from(row.ok_or(Error::NotFound("request"))?)?;
        let copies = handed_copy::Entity::find()
            .filter(handed_copy::Column::Request.eq(id.0))
            .order_by_asc(handed_copy::Column::Id)
            .all(self.pool.read())
            .await?;
        found.copies = copies.into_iter().map(HandedCopy::try_from).collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// Returns the latest, the newest first.
    pub async fn latest(&self) -> Result<Vec<DataRequest>, Error> {
        let rows = data_request::Entity::find()
            .order_by_desc(data_request::Column::Id)
            .limit(MOST_LISTED)
            .all(self.pool.read())
            .await?;
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let mut all: Vec<_> =
            rows.into_iter().map(DataRequest::try_from).collect::<Result<_, _>>()?;
        let copies = handed_copy::Entity::find()
            .filter(handed_copy::Column::Request.is_in(ids))
            .order_by_asc(handed_copy::Column::Id)
            .all(self.pool.read())
            .await?;
        for copy in copies {
            let request = all.iter_mut().find(|request| request.id.0 == copy.request);
            if let Some(request) = request {
                request.copies.push(HandedCopy::try_from(copy)?);
            }
        }
        Ok(all)
    }

    /// Decides, once.
    pub async fn decide(&self, id: DataRequestId, decided: Decided) -> Result<DataRequest, Error> {
        let note = match decided.approved {
            true if decided.note.trim().is_empty() => String::new(),
            _ => error::words("note", &decided.note)?,
        };
        let mut request = self.find(id).await?;
        request.decision = Some(Decided { note, ..decided });
        let done = data_request::Entity::update_many()
            .set(data_request::ActiveModel::from(&request))
            .filter(data_request::Column::Id.eq(id.0))
            .filter(data_request::Column::DecidedBy.is_null())
            .exec(self.pool.write())
            .await?;
        match done.rows_affected {
            0 => Err(Error::Taken("it was decided already")),
            _ => Ok(request),
        }
    }

    /// Notes a copy that was made for an approved request.
    pub async fn hand_over(&self, id: DataRequestId, copy: &HandedCopy) -> Result<(), Error> {
        let row = handed_copy::ActiveModel {
            id: Set(Uuid::now_v7()),
            request: Set(id.0),
            camera: Set(copy.camera.0),
            from_us: Set(copy.span.start().0),
            to_us: Set(copy.span.end().0),
            sha256: Set(copy.sha256.clone()),
            size_bytes: Set(i64::try_from(copy.size_bytes).unwrap_or(i64::MAX)),
            made_by: Set(copy.by.0),
            made_us: Set(copy.at.0),
        };
        handed_copy::Entity::insert(row).exec_without_returning(self.pool.write()).await?;
        Ok(())
    }

    /// Notes who received what was handed over.
    pub async fn receive(
        &self,
        id: DataRequestId,
        by: &str,
        now: WallTime,
    ) -> Result<DataRequest, Error> {
        let by = error::words("received_by", by)?;
        let mut request = self.find(id).await?;
        match request.standing() {
            Standing::HandedOver => {}
            Standing::Received => return Err(Error::Taken("it was received already")),
            Standing::Registered | Standing::Approved | Standing::Refused => {
                return Err(Error::Taken("nothing was handed over yet"));
            }
        }
        request.received = Some((now, by));
        data_request::Entity::update(data_request::ActiveModel::from(&request))
            .exec(self.pool.write())
            .await?;
        Ok(request)
    }
}

impl DataRequest {
    /// Returns how it stands.
    pub fn standing(&self) -> Standing {
        match &self.decision {
            _ if self.received.is_some() => Standing::Received,
            _ if !self.copies.is_empty() => Standing::HandedOver,
            None => Standing::Registered,
            Some(Decided { approved: true, .. }) => Standing::Approved,
            Some(_) => Standing::Refused,
        }
    }

    /// Returns whether it is late at a moment: neither refused nor handed over in time.
    pub fn is_late(&self, now: WallTime) -> bool {
        matches!(self.standing(), Standing::Registered | Standing::Approved) && now >= self.due
    }

    /// Returns whether a copy of this may be made for it.
    pub fn covers(&self, camera: CameraId, span: Span) -> bool {
        let letter = &self.letter;
        let within = letter.span.start() <= span.start() && span.end() <= letter.span.end();
        let approved = self.decision.as_ref().is_some_and(|decided| decided.approved);
        approved && within && letter.cameras.contains(&camera)
    }
}

impl Standing {
    /// Returns the word that the API uses.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::HandedOver => "handed_over",
            Self::Received => "received",
        }
    }
}

impl Letter {
    fn checked(self) -> Result<Self, Error> {
        if !(1..=MOST_CAMERAS).contains(&self.cameras.len()) {
            let message = format!("a request names 1 to {MOST_CAMERAS} cameras");
            return Err(Error::Invalid { field: "cameras", message });
        }
        Ok(Self {
            number: error::words("number", &self.number)?,
            agency: error::words("agency", &self.agency)?,
            legal_basis: error::words("legal_basis", &self.legal_basis)?,
            purpose: error::words("purpose", &self.purpose)?,
            ..self
        })
    }
}

impl TryFrom<data_request::Model> for DataRequest {
    type Error = Error;

    fn try_from(row: data_request::Model) -> Result<Self, Error> {
        let broken = || Error::BrokenRow("data requests", row.id);
        let cameras: Result<_, _> =
            row.cameras.split_whitespace().map(|id| id.parse::<Uuid>().map(CameraId)).collect();
        let decision = row.decided_by.zip(row.decided_us).zip(row.approved);
        Ok(Self {
            id: DataRequestId(row.id),
            letter: Letter {
                number: row.number,
                dated: WallTime(row.dated_us),
                agency: row.agency,
                legal_basis: row.legal_basis,
                purpose: row.purpose,
                cameras: cameras.map_err(|_| broken())?,
                span: Span::new(WallTime(row.from_us), WallTime(row.to_us)).ok_or_else(broken)?,
            },
            registered_by: UserId(row.registered_by),
            registered_at: WallTime(row.registered_us),
            due: WallTime(row.due_us),
            decision: decision.map(|((by, at), approved)| Decided {
                by: UserId(by),
                at: WallTime(at),
                approved,
                note: row.note.unwrap_or_default(),
            }),
            copies: Vec::new(),
            received: row.received_us.map(WallTime).zip(row.received_by),
        })
    }
}

impl From<&DataRequest> for data_request::ActiveModel {
    fn from(value: &DataRequest) -> Self {
        let (letter, decided) = (&value.letter, value.decision.as_ref());
        let cameras: Vec<_> = letter.cameras.iter().map(ToString::to_string).collect();
        Self {
            id: Set(value.id.0),
            number: Set(letter.number.clone()),
            dated_us: Set(letter.dated.0),
            agency: Set(letter.agency.clone()),
            legal_basis: Set(letter.legal_basis.clone()),
            purpose: Set(letter.purpose.clone()),
            cameras: Set(cameras.join(" ")),
            from_us: Set(letter.span.start().0),
            to_us: Set(letter.span.end().0),
            registered_by: Set(value.registered_by.0),
            registered_us: Set(value.registered_at.0),
            due_us: Set(value.due.0),
            decided_by: Set(decided.map(|decided| decided.by.0)),
            decided_us: Set(decided.map(|decided| decided.at.0)),
            approved: Set(decided.map(|decided| decided.approved)),
            note: Set(decided.map(|decided| decided.note.clone())),
            received_us: Set(value.received.as_ref().map(|(at, _)| at.0)),
            received_by: Set(value.received.as_ref().map(|(_, by)| by.clone())),
        }
    }
}

impl TryFrom<handed_copy::Model> for HandedCopy {
    type Error = Error;

    fn try_from(row: handed_copy::Model) -> Result<Self, Error> {
        let span = Span::new(WallTime(row.from_us), WallTime(row.to_us));
        Ok(Self {
            camera: CameraId(row.camera),
            span: span.ok_or(Error::BrokenRow("copies", row.id))?,
            sha256: row.sha256,
            size_bytes: u64::try_from(row.size_bytes).unwrap_or(0),
            by: UserId(row.made_by),
            at: WallTime(row.made_us),
        })
    }
}
