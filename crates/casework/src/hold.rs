//! What stops expiry: a camera's span that somebody needs, and why.
//!
//! ```text
//! recording   ──────[══ placed ═════════]──────▶      kept past its retention
//!                        └ released: retention counts again, from the next round
//! ```
//!
//! A hold names its streams: they are held whatever becomes of the camera's
//! addresses, and of the camera. A released hold stays in the table: that
//! something was held, by whom and why, is part of what was done.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use base::{CameraId, HoldId, Span, StreamId, UserId, WallTime};
use db::Pool;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::rows::{hold, hold_stream};
use crate::{Error, error, migrations};

/// The longest span of one hold: a case needs hours, and a year of a camera is
/// not a case but a change of retention.
pub const LONGEST_HOLD: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// The holds. Clones share them.
#[derive(Clone, Debug)]
pub struct Holds {
    pool: Pool,
}

/// A span of a camera that expiry must spare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// The camera.
    pub camera: CameraId,
    /// The streams that are held: all that the camera has had since.
    pub streams: BTreeSet<StreamId>,
    /// The span.
    pub span: Span,
    /// Why.
    pub reason: String,
    /// Who placed it.
    pub made_by: UserId,
    /// When.
    pub made_at: WallTime,
    /// When it was released, if it was.
    pub released_at: Option<WallTime>,
}

/// A hold to be placed.
#[derive(Clone, Debug)]
pub struct NewHold {
    /// The camera.
    pub camera: CameraId,
    /// All streams of it.
    pub streams: BTreeSet<StreamId>,
    /// The span.
    pub span: Span,
    /// Why.
    pub reason: String,
    /// Who places it.
    pub made_by: UserId,
}

impl Holds {
    /// Opens the table in `pool`.
    pub async fn open(pool: Pool) -> Result<Self, Error> {
        db::migrate(&pool, "casework", &migrations::all()).await?;
        Ok(Self { pool })
    }

    /// Returns the holds that stand, oldest first.
    pub async fn active(&self) -> Result<Vec<Hold>, Error> {
        let rows = hold::Entity::find()
            .filter(hold::Column::ReleasedUs.is_null())
            .order_by_asc(hold::Column::Id)
            .all(self.pool.read())
            .await?;
        let standing = Query::select()
            .column(hold::Column::Id)
            .from(hold::Entity)
            .and_where(hold::Column::ReleasedUs.is_null())
            .take();
        let mut streams: HashMap<_, BTreeSet<_>> = HashMap::new();
        for row in hold_stream::Entity::find()
            .filter(hold_stream::Column::Hold.in_subquery(standing))
            .all(self.pool.read())
            .await?
        {
            streams.entry(row.hold).or_default().insert(StreamId(row.stream));
        }
        rows.into_iter()
            .map(|row| {
                let streams = streams.remove(&row.id).unwrap_or_default();
                Hold::read(row, streams)
            })
            .collect()
    }

    /// Returns a hold that stands.
    pub async fn find(&self, id: HoldId) -> Result<Hold, Error> {
        let row = hold::Entity::find_by_id(id.0)
            .filter(hold::Column::ReleasedUs.is_null())
            .one(self.pool.read())
            .await?;
        let row = row.ok_or(Error::NotFound("hold"))?;
        let streams = hold_stream::Entity::find()
            .filter(hold_stream::Column::Hold.eq(id.0))
            .all(self.pool.read())
            .await?;
        Hold::read(row, streams.into_iter().map(|row| StreamId(row.stream)).collect())
    }

    /// Places a hold. It is a row from the moment this returns, and spares what
    /// it names once the recorder has handed it to the store.
    pub async fn place(&self, hold: NewHold, now: WallTime) -> Result<Hold, Error> {
        let NewHold { camera, streams, span, reason, made_by } = hold;
        let reason = error::words("reason", &reason)?;
        if span.duration() > LONGEST_HOLD {
            let message = "the span is longer than 31 days; hold what the case needs".to_owned();
            return Err(Error::Invalid { field: "to_us", message });
        }
        let placed = Hold {
            id: HoldId::new(),
            camera,
            streams,
            span,
            reason,
            made_by,
            made_at: now,
            released_at: None,
        };
        let row = hold::ActiveModel {
            id: Set(placed.id.0),
            camera: Set(camera.0),
            from_us: Set(span.start().0),
            to_us: Set(span.end().0),
            reason: Set(placed.reason.clone()),
            made_by: Set(made_by.0),
            made_us: Set(now.0),
            released_us: Set(None),
        };
        let rows = self.pool.begin().await?;
        hold::Entity::insert(row).exec_without_returning(&rows).await?;
        write_streams(&rows, placed.id, &placed.streams).await?;
        rows.commit().await?;
        Ok(placed)
    }

    /// Has a hold stand for these streams too; those it stands for already stay.
    pub async fn add_streams(&self, id: HoldId, streams: &BTreeSet<StreamId>) -> Result<(), Error> {
        write_streams(self.pool.write(), id, streams).await
    }

    /// Releases a hold, once.
    pub async fn release(&self, id: HoldId, now: WallTime) -> Result<(), Error> {
        let released = hold::Entity::update_many()
            .set(hold::ActiveModel {
                released_us: Set(Some(now.0)),
                ..hold::ActiveModel::default()
            })
            .filter(hold::Column::Id.eq(id.0))
            .filter(hold::Column::ReleasedUs.is_null())
            .exec(self.pool.write())
            .await?;
        if released.rows_affected == 0 { Err(Error::NotFound("hold")) } else { Ok(()) }
    }
}

impl Hold {
    fn read(row: hold::Model, streams: BTreeSet<StreamId>) -> Result<Self, Error> {
        let id = HoldId(row.id);
        let span = Span::new(WallTime(row.from_us), WallTime(row.to_us));
        Ok(Self {
            id,
            camera: CameraId(row.camera),
            streams,
            span: span.ok_or(Error::Broken(id))?,
            reason: row.reason,
            made_by: UserId(row.made_by),
            made_at: WallTime(row.made_us),
            released_at: row.released_us.map(WallTime),
        })
    }
}

async fn write_streams(
    rows: &impl ConnectionTrait,
    hold: HoldId,
    streams: &BTreeSet<StreamId>,
) -> Result<(), Error> {
    let row =
        |stream: &StreamId| hold_stream::ActiveModel { hold: Set(hold.0), stream: Set(stream.0) };
    hold_stream::Entity::insert_many(streams.iter().map(row))
        .on_conflict_do_nothing()
        .exec_without_returning(rows)
        .await?;
    Ok(())
}
