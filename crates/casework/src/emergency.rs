//! What somebody opened in an emergency, and what somebody else says to it.
//!
//! > Each is reviewed. Whoever has one that is overdue opens no other.

use std::collections::BTreeSet;

use base::{CameraId, GrantId, UserId, WallTime};
use db::Pool;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::rows::emergency;
use crate::{Error, error, migrations};

/// The most that are listed.
const MOST_LISTED: u64 = 500;

/// The emergencies. Clones share them.
#[derive(Clone, Debug)]
pub struct Emergencies {
    pool: Pool,
}

/// One of them, known by the grant by which the cameras were opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// The grant.
    pub grant: GrantId,
    /// Who opened.
    pub by: UserId,
    /// What.
    pub cameras: BTreeSet<CameraId>,
    /// Why, in their words.
    pub reason: String,
    /// When.
    pub at: WallTime,
    /// Until when it was open.
    pub until: WallTime,
    /// By when somebody else is to review it.
    pub due: WallTime,
    /// What they said.
    pub review: Option<Review>,
}

/// What somebody said to an emergency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: WallTime,
    /// Whether it was justified.
    pub justified: bool,
    /// In their words.
    pub note: String,
}

impl Emergencies {
    /// Opens the table in `pool`.
    pub async fn open(pool: Pool) -> Result<Self, Error> {
        db::migrate(&pool, "casework", &migrations::all()).await?;
        Ok(Self { pool })
    }

    /// Notes one.
    pub async fn note(&self, one: &Emergency) -> Result<(), Error> {
        let row = emergency::ActiveModel::from(one);
        emergency::Entity::insert(row).exec_without_returning(self.pool.write()).await?;
        Ok(())
    }

    /// Returns the latest, the newest first.
    pub async fn latest(&self) -> Result<Vec<Emergency>, Error> {
        let rows = emergency::Entity::find()
            .order_by_desc(emergency::Column::Grant)
            .limit(MOST_LISTED)
            .all(self.pool.read())
            .await?;
        rows.into_iter().map(Emergency::try_from).collect()
    }

    /// Returns whether a person has one that should have been reviewed by now.
    pub async fn is_overdue(&self, by: UserId, now: WallTime) -> Result<bool, Error> {
        let overdue = emergency::Entity::find()
            .filter(emergency::Column::OpenedBy.eq(by.0))
            .filter(emergency::Column::ReviewedBy.is_null())
            .filter(emergency::Column::DueUs.lte(now.0))
            .count(self.pool.read())
            .await?;
        Ok(overdue > 0)
    }

    /// Reviews somebody else's, once.
    pub async fn review(&self, grant: GrantId, review: Review) -> Result<Emergency, Error> {
        let note = error::words("note", &review.note)?;
        let row = emergency::Entity::find_by_id(grant.0).one(self.pool.read()).await?;
        let mut reviewed = Emergency::try_from(row.ok_or(Error::NotFound("emergency"))?)?;
        if reviewed.by == review.by {
            return Err(Error::Taken("somebody else reviews what you opened"));
        }
        reviewed.review = Some(Review { note, ..review });
        let done = emergency::Entity::update_many()
            .set(emergency::ActiveModel::from(&reviewed))
            .filter(emergency::Column::Grant.eq(grant.0))
            .filter(emergency::Column::ReviewedBy.is_null())
            .exec(self.pool.write())
            .await?;
        match done.rows_affected {
            0 => Err(Error::Taken("it was reviewed already")),
            _ => Ok(reviewed),
        }
    }
}

impl TryFrom<emergency::Model> for Emergency {
    type Error = Error;

    fn try_from(row: emergency::Model) -> Result<Self, Error> {
        let cameras: Result<_, _> =
            row.cameras.split_whitespace().map(|id| id.parse::<Uuid>().map(CameraId)).collect();
        let (by, at) = (row.reviewed_by, row.reviewed_us);
        let review = by.zip(at).zip(row.justified).map(|((by, at), justified)| Review {
            by: UserId(by),
            at: WallTime(at),
            justified,
            note: row.note.unwrap_or_default(),
        });
        Ok(Self {
            grant: GrantId(row.grant),
            by: UserId(row.opened_by),
            cameras: cameras.map_err(|_| Error::BrokenRow("emergencies", row.grant))?,
            reason: row.reason,
            at: WallTime(row.opened_us),
            until: WallTime(row.until_us),
            due: WallTime(row.due_us),
            review,
        })
    }
}

impl From<&Emergency> for emergency::ActiveModel {
    fn from(value: &Emergency) -> Self {
        let cameras: Vec<_> = value.cameras.iter().map(ToString::to_string).collect();
        let review = value.review.as_ref();
        Self {
            grant: Set(value.grant.0),
            opened_by: Set(value.by.0),
            cameras: Set(cameras.join(" ")),
            reason: Set(value.reason.clone()),
            opened_us: Set(value.at.0),
            until_us: Set(value.until.0),
            due_us: Set(value.due.0),
            reviewed_by: Set(review.map(|review| review.by.0)),
            reviewed_us: Set(review.map(|review| review.at.0)),
            justified: Set(review.map(|review| review.justified)),
            note: Set(review.map(|review| review.note.clone())),
        }
    }
}
