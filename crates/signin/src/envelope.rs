//! An envelope for emergencies: one long secret on paper, which lets somebody in as
//! an administrator when nobody else can, once.
//!
//! ```text
//! sealed ──opened──▶ spent: a sign-in of a few hours, told to every administrator
//!    │                  └── reviewed, by one of them
//!    └── sealed anew ──▶ gone
//! ```
//!
//! Of the secret the table has the SHA-256: 147 bits are not searched. Whose account
//! it is, is the catalog's; here it has neither password nor phone, and gets none.

use base::{EnvelopeId, SignInId, UserId, WallTime};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

use crate::Error;
use crate::one_time::{letters, typed};
use crate::rows::envelope::{ActiveModel, Column, Entity, Model};
use crate::sign_in::{Device, Opened, Opening, SignIns, Way, sha256};

/// The letters of a secret.
const LENGTH: usize = 30;

/// How many that were opened are told of.
const MOST_TOLD: u64 = 50;

/// An envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Its id.
    pub id: EnvelopeId,
    /// Whose account it opens.
    pub user: UserId,
    /// When it was sealed.
    pub sealed: WallTime,
    /// How it was opened, if it was.
    pub opened: Option<OpenedEnvelope>,
    /// Who looked into that since, if anybody did.
    pub reviewed: Option<Reviewed>,
}

/// How an envelope was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedEnvelope {
    /// When.
    pub at: WallTime,
    /// From where.
    pub address: String,
    /// Why, in the words of whoever did.
    pub reason: String,
    /// The sign-in it opened.
    pub sign_in: Option<SignInId>,
}

/// That somebody looked into the opening of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// When.
    pub at: WallTime,
    /// Who.
    pub by: UserId,
    /// What they found.
    pub note: String,
}

impl SignIns {
    /// Seals an envelope for an account, in place of one that nobody opened, and
    /// returns the secret. It is told once.
    pub async fn seal_envelope(&self, user: UserId, now: WallTime) -> Result<String, Error> {
        let secret = letters(LENGTH);
        let rows = self.inner.pool.begin().await?;
        Entity::delete_many().filter(Column::OpenedUs.is_null()).exec(&rows).await?;
        let row = Model {
            id: EnvelopeId::new().0,
            user: user.0,
            sha256: sha256(secret.as_bytes()),
            sealed_us: now.0,
            opened_us: None,
            address: String::new(),
            reason: String::new(),
            sign_in: None,
            reviewed_us: None,
            reviewed_by: None,
            note: String::new(),
        };
        Entity::insert(ActiveModel::from(row)).exec_without_returning(&rows).await?;
        rows.commit().await?;
        let groups: Vec<&str> = (0..LENGTH).step_by(5).map(|at| &secret[at..at + 5]).collect();
        Ok(groups.join("-"))
    }

    /// Returns the envelope that a secret opens, still sealed.
    pub async fn find_envelope(
        &self,
        secret: &str,
        device: Device<'_>,
        now: WallTime,
    ) -> Result<Envelope, Error> {
        // No name that anybody types, and of each network its own: guessing is no way
        // to keep everybody else from it.
        let counted = format!("\u{2}{}", crate::network(device.address));
        self.admit(&counted, device.address, now)?;
        let secret = typed(secret);
        let row = Entity::find()
            .filter(Column::Sha256.eq(sha256(secret.as_bytes())))
            .filter(Column::OpenedUs.is_null())
            .one(self.inner.pool.read())
            .await?;
        let row = row.ok_or(Error::WrongSignIn)?;
        self.lockout().succeeded(&counted, device.address);
        Ok(row.into())
    }

    /// Opens an envelope, which is spent by that: of two at once, one is too late. It
    /// stays sealed where nobody could be let in.
    pub async fn open_envelope(
        &self,
        envelope: &Envelope,
        reason: &str,
        device: Device<'_>,
        now: WallTime,
    ) -> Result<Opened, Error> {
        let user = envelope.user;
        let opening = Opening { user, way: Way::Sealed, asked: false, second: true };
        let opened = self.open_for(opening, device, now).await?;
        let spent = Entity::update_many()
            .set(ActiveModel {
                opened_us: Set(Some(now.0)),
                address: Set(device.address.to_string()),
                reason: Set(reason.to_owned()),
                sign_in: Set(Some(opened.sign_in.id.0)),
                ..ActiveModel::default()
            })
            .filter(Column::Id.eq(envelope.id.0))
            .filter(Column::OpenedUs.is_null())
            .exec(self.inner.pool.write())
            .await;
        // Whose cookie nobody was told of: it ends here.
        let refusal = match spent {
            Ok(spent) if spent.rows_affected == 1 => return Ok(opened),
            Ok(_) => Error::WrongSignIn,
            Err(error) => error.into(),
        };
        self.sign_out(opened.sign_in.id).await?;
        Err(refusal)
    }

    /// Makes an envelope worthless that nobody opened; returns whether there was one.
    pub async fn forget_sealed(&self) -> Result<bool, Error> {
        let sealed = Entity::delete_many().filter(Column::OpenedUs.is_null());
        Ok(sealed.exec(self.inner.pool.write()).await?.rows_affected > 0)
    }

    /// Returns the envelopes, the latest sealed first.
    pub async fn envelopes(&self) -> Result<Vec<Envelope>, Error> {
        let rows = Entity::find()
            .order_by_desc(Column::Id)
            .paginate(self.inner.pool.read(), MOST_TOLD)
            .fetch_page(0)
            .await?;
        Ok(rows.into_iter().map(Envelope::from).collect())
    }

    /// Returns whether an account is one that an envelope opens or opened.
    pub async fn is_sealed(&self, user: UserId) -> Result<bool, Error> {
        let of_user = Entity::find().filter(Column::User.eq(user.0));
        Ok(of_user.count(self.inner.pool.read()).await? > 0)
    }

    /// Notes that somebody looked into the opening of an envelope; returns whether
    /// there was one that nobody had looked into.
    pub async fn review_envelope(
        &self,
        id: EnvelopeId,
        by: UserId,
        note: &str,
        now: WallTime,
    ) -> Result<bool, Error> {
        let noted = Entity::update_many()
            .set(ActiveModel {
                reviewed_us: Set(Some(now.0)),
                reviewed_by: Set(Some(by.0)),
                note: Set(note.to_owned()),
                ..ActiveModel::default()
            })
            .filter(Column::Id.eq(id.0))
            .filter(Column::OpenedUs.is_not_null())
            .filter(Column::ReviewedUs.is_null())
            .exec(self.inner.pool.write())
            .await?;
        Ok(noted.rows_affected == 1)
    }
}

impl From<Model> for Envelope {
    fn from(row: Model) -> Self {
        let sign_in = row.sign_in.map(SignInId);
        let opened = row.opened_us.map(|at| OpenedEnvelope {
            at: WallTime(at),
            address: row.address,
            reason: row.reason,
            sign_in,
        });
        let reviewed = row.reviewed_us.zip(row.reviewed_by).map(|(at, by)| Reviewed {
            at: WallTime(at),
            by: UserId(by),
            note: row.note,
        });
        Self {
            id: EnvelopeId(row.id),
            user: UserId(row.user),
            sealed: WallTime(row.sealed_us),
            opened,
            reviewed,
        }
    }
}
