//! Footage that somebody wants to take out, and that waits for a second person.
//!
//! ```text
//! asked ──▶ waits ──another person──▶ approved ──▶ taken out, until its time is over
//!                         └─────────▶ refused, with a reason
//! ```
//!
//! Who may be that person is `catalog::decide`'s; here it is only not the same.

use std::time::Duration;

use base::{ApprovalId, CameraId, Span, UserId, WallTime};
use db::Pool;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::rows::approval;
use crate::{Error, error, migrations};

/// How long a wish waits before nobody needs to answer it.
pub const WAITS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The most that are listed.
const MOST_LISTED: u64 = 500;

/// The wishes and their answers. Clones share them.
#[derive(Clone, Debug)]
pub struct Approvals {
    pool: Pool,
}

/// A wish to take footage out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// What is wanted.
    pub wish: Wish,
    /// When that was said.
    pub asked_at: WallTime,
    /// What somebody else said to it.
    pub answer: Option<Answer>,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// By whom.
    pub by: UserId,
    /// Of which camera.
    pub camera: CameraId,
    /// Which span.
    pub span: Span,
    /// Whether with its sound.
    pub sound: bool,
    /// What for.
    pub purpose: String,
    /// Of which case.
    pub case: Option<String>,
}

/// What was said to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// By whom.
    pub by: UserId,
    /// When.
    pub at: WallTime,
    /// Until when it may be taken out; nothing, if it was refused.
    pub until: Option<WallTime>,
    /// In their words.
    pub note: String,
}

impl Approvals {
    /// Opens the table in `pool`.
    pub async fn open(pool: Pool) -> Result<Self, Error> {
        db::migrate(&pool, "casework", &migrations::all()).await?;
        Ok(Self { pool })
    }

    /// Asks.
    pub async fn ask(&self, wish: Wish, now: WallTime) -> Result<Approval, Error> {
        let purpose = error::words("purpose", &wish.purpose)?;
        let asked = Approval {
            id: ApprovalId::new(),
            wish: Wish { purpose, ..wish },
            asked_at: now,
            answer: None,
        };
        let row = approval::ActiveModel::from(&asked);
        approval::Entity::insert(row).exec_without_returning(self.pool.write()).await?;
        Ok(asked)
    }

    /// Returns one.
    pub async fn find(&self, id: ApprovalId) -> Result<Approval, Error> {
        let row = approval::Entity::find_by_id(id.0).one(self.pool.read()).await?;
        row.ok_or(Error::NotFound("approval"))?.try_into()
    }

    /// Returns the latest, the newest first.
    pub async fn latest(&self) -> Result<Vec<Approval>, Error> {
        let rows = approval::Entity::find()
            .order_by_desc(approval::Column::Id)
            .limit(MOST_LISTED)
            .all(self.pool.read())
            .await?;
        rows.into_iter().map(Approval::try_from).collect()
    }

    /// Answers, once, somebody else's wish.
    pub async fn answer(&self, id: ApprovalId, answer: Answer) -> Result<Approval, Error> {
        let note = match answer.until {
            Some(_) if answer.note.trim().is_empty() => String::new(),
            _ => error::words("note", &answer.note)?,
        };
        let mut asked = self.find(id).await?;
        if asked.wish.by == answer.by {
            return Err(Error::Taken("somebody else answers what you asked for"));
        }
        if asked.is_stale(answer.at) {
            return Err(Error::Taken("it waited too long; it is to be asked for anew"));
        }
        asked.answer = Some(Answer { note, ..answer });
        let row = approval::ActiveModel::from(&asked);
        let done = approval::Entity::update_many()
            .set(row)
            .filter(approval::Column::Id.eq(id.0))
            .filter(approval::Column::AnsweredBy.is_null())
            .exec(self.pool.write())
            .await?;
        match done.rows_affected {
            0 => Err(Error::Taken("it was answered already")),
            _ => Ok(asked),
        }
    }
}

impl Approval {
    /// Returns whether nobody answered it in time.
    pub fn is_stale(&self, now: WallTime) -> bool {
        self.answer.is_none() && now >= self.asked_at.plus(WAITS)
    }

    /// Returns whether this may be taken out by it now.
    pub fn covers(
        &self,
        by: UserId,
        camera: CameraId,
        span: Span,
        sound: bool,
        now: WallTime,
    ) -> bool {
        let wish = &self.wish;
        let until = self.answer.as_ref().and_then(|answer| answer.until);
        let within = wish.span.start() <= span.start() && span.end() <= wish.span.end();
        wish.by == by
            && wish.camera == camera
            && within
            && (wish.sound || !sound)
            && until.is_some_and(|until| now < until)
    }
}

impl TryFrom<approval::Model> for Approval {
    type Error = Error;

    fn try_from(row: approval::Model) -> Result<Self, Error> {
        let span = Span::new(WallTime(row.from_us), WallTime(row.to_us));
        let answer = row.answered_by.zip(row.answered_us).map(|(by, at)| Answer {
            by: UserId(by),
            at: WallTime(at),
            until: row.until_us.map(WallTime),
            note: row.note.unwrap_or_default(),
        });
        Ok(Self {
            id: ApprovalId(row.id),
            wish: Wish {
                by: UserId(row.asked_by),
                camera: CameraId(row.camera),
                span: span.ok_or(Error::BrokenRow("approvals", row.id))?,
                sound: row.sound,
                purpose: row.purpose,
                case: row.case_number,
            },
            asked_at: WallTime(row.asked_us),
            answer,
        })
    }
}

impl From<&Approval> for approval::ActiveModel {
    fn from(value: &Approval) -> Self {
        let (wish, answer) = (&value.wish, value.answer.as_ref());
        Self {
            id: Set(value.id.0),
            asked_by: Set(wish.by.0),
            camera: Set(wish.camera.0),
            from_us: Set(wish.span.start().0),
            to_us: Set(wish.span.end().0),
            sound: Set(wish.sound),
            purpose: Set(wish.purpose.clone()),
            case_number: Set(wish.case.clone()),
            asked_us: Set(value.asked_at.0),
            answered_by: Set(answer.map(|answer| answer.by.0)),
            answered_us: Set(answer.map(|answer| answer.at.0)),
            until_us: Set(answer.and_then(|answer| answer.until).map(|until| until.0)),
            note: Set(answer.map(|answer| answer.note.clone())),
        }
    }
}
