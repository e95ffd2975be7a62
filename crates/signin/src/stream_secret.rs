//! Names and passwords by which foreign programs watch one camera.
//!
//! ```text
//! row       name, whose, which camera, label, until when         no password
//! password  HMAC-SHA-256( the installation's key, name )         144 bits, told once
//! ```
//!
//! Digest authentication needs the password itself or what is as good as it, so
//! a hash is no way to keep it. It is not kept at all: it follows from the name
//! and a key that is in no table, so a copy of the database opens nothing.
//!
//! That a password is the right one can so be told of a name that is no secret any
//! more. A row is there only as long as its secret: revoked, it is deleted;
//! expired, when the next one is made.
//!
//! What a secret opens is decided at each opening by who knows cameras and
//! people; here is only whether it is one, and whether it holds still.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use base::{CameraId, StreamSecretId, UserId, WallTime};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::Pool;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

use crate::lockout::Lockout;
use crate::rows::stream_secret::{ActiveModel, Column, Entity, Model};
use crate::suspended;
use crate::{Error, migrations};

/// How many bytes of the HMAC are the password.
const PASSWORD_BYTES: usize = 18;

/// How many secrets a person may have that hold.
const MOST: u64 = 200;

/// The letters of a name: nothing in it looks like anything else in it.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// How many of them; 60 bits are never drawn twice.
const NAME_LENGTH: usize = 12;

/// The secrets of the installation. Clones share them.
#[derive(Clone, Debug)]
pub struct StreamSecrets {
    inner: Arc<Inner>,
}

/// A name that opens one camera for somebody's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSecret {
    /// Its id.
    pub id: StreamSecretId,
    /// The user name that the program sends.
    pub name: String,
    /// Whose it is.
    pub user: UserId,
    /// What it opens.
    pub camera: CameraId,
    /// What it is for, in that person's words.
    pub label: String,
    /// For which case, if that was said.
    pub case: Option<String>,
    /// When it was made.
    pub made: WallTime,
    /// The first moment at which it opens nothing more.
    pub expires: WallTime,
}

/// A secret to be made.
#[derive(Clone, Debug)]
pub struct NewStreamSecret {
    /// Whose it will be.
    pub user: UserId,
    /// What it opens.
    pub camera: CameraId,
    /// What it is for.
    pub label: String,
    /// For which case, where the rules ask for one.
    pub case: Option<String>,
    /// How long it holds.
    pub lasts: Duration,
}

#[derive(Debug)]
struct Inner {
    pool: Pool,
    key: hmac::Key,
    lockout: Mutex<Lockout>,
}

impl StreamSecrets {
    /// Opens the table in `pool`; passwords follow from `key`.
    pub async fn open(pool: Pool, key: &[u8; 32]) -> Result<Self, Error> {
        db::migrate(&pool, "signin", &migrations::all()).await?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        Ok(Self { inner: Arc::new(Inner { pool, key, lockout: Mutex::default() }) })
    }

    /// Makes a secret; `None` if the person has too many. Its password is told by
    /// [`StreamSecrets::password`].
    pub async fn make(
        &self,
        new: NewStreamSecret,
        now: WallTime,
    ) -> Result<Option<StreamSecret>, Error> {
        // Those that are over are cleared here: there is no other moment at which
        // their number could grow.
        Entity::delete_many().filter(holding(now).not()).exec(self.inner.pool.write()).await?;
        let held = Entity::find().filter(Column::User.eq(new.user.0)).filter(holding(now));
        if held.count(self.inner.pool.read()).await? >= MOST {
            return Ok(None);
        }
        let NewStreamSecret { user, camera, label, case, lasts } = new;
        let (id, name, expires) = (StreamSecretId::new(), new_name(), now.plus(lasts));
        let row = ActiveModel {
            id: Set(id.0),
            name: Set(name.clone()),
            user: Set(user.0),
            camera: Set(camera.0),
            label: Set(label.clone()),
            made_us: Set(now.0),
            expires_us: Set(expires.0),
            revoked_us: Set(None),
            case_number: Set(case.clone()),
        };
        Entity::insert(row).exec_without_returning(self.inner.pool.write()).await?;
        // Only now: whoever is suspended meanwhile has had theirs revoked.
        if self.is_suspended(user).await? {
            Entity::delete_by_id(id.0).exec(self.inner.pool.write()).await?;
            return Err(Error::WrongSignIn);
        }
        Ok(Some(StreamSecret { id, name, user, camera, label, case, made: now, expires }))
    }

    /// Returns the password that belongs to a name.
    pub fn password(&self, name: &str) -> String {
        let tag = hmac::sign(&self.inner.key, name.as_bytes());
        URL_SAFE_NO_PAD.encode(&tag.as_ref()[..PASSWORD_BYTES])
    }

    /// Returns a person's secrets that hold, the oldest first.
    pub async fn of_user(&self, user: UserId, now: WallTime) -> Result<Vec<StreamSecret>, Error> {
        let rows = Entity::find()
            .filter(Column::User.eq(user.0))
            .filter(holding(now))
            .order_by_asc(Column::Id)
            .all(self.inner.pool.read())
            .await?;
        Ok(rows.into_iter().map(StreamSecret::from).collect())
    }

    /// Returns the secret of a name while it holds.
    pub async fn find(&self, name: &str, now: WallTime) -> Result<Option<StreamSecret>, Error> {
        let row = Entity::find()
            .filter(Column::Name.eq(name))
            .filter(holding(now))
            .one(self.inner.pool.read())
            .await?;
        match row {
            Some(row) if self.is_suspended(UserId(row.user)).await? => Ok(None),
            row => Ok(row.map(StreamSecret::from)),
        }
    }

    async fn is_suspended(&self, user: UserId) -> Result<bool, Error> {
        suspended::is(user, &self.inner.pool).await
    }

    /// Revokes a secret of a person's; returns whether there was one.
    pub async fn revoke(&self, id: StreamSecretId, user: UserId) -> Result<bool, Error> {
        let revoked = Entity::delete_many()
            .filter(Column::Id.eq(id.0))
            .filter(Column::User.eq(user.0))
            .filter(Column::RevokedUs.is_null())
            .exec(self.inner.pool.write())
            .await?;
        Ok(revoked.rows_affected > 0)
    }

    /// Returns whether an answer for a name is looked at; counts nothing.
    ///
    /// # Errors
    /// How long to wait after too many that were wrong.
    pub fn admits(&self, name: &str, from: IpAddr, now: WallTime) -> Result<(), Duration> {
        self.lockout().look(name, from, now)
    }

    /// Counts an answer for a name that was judged.
    ///
    /// > Nothing is told of the verdict where this fails: of many guesses at once,
    /// > all may be judged before the first is counted.
    ///
    /// # Errors
    /// How long to wait after too many that were wrong.
    pub fn judged(
        &self,
        name: &str,
        from: IpAddr,
        is_right: bool,
        now: WallTime,
    ) -> Result<(), Duration> {
        self.lockout().judged(name, from, is_right, now)
    }

    fn lockout(&self) -> std::sync::MutexGuard<'_, Lockout> {
        self.inner.lockout.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Revokes all secrets of a person.
pub(crate) async fn revoke_all_of(user: UserId, pool: &Pool) -> Result<(), Error> {
    Entity::delete_many().filter(Column::User.eq(user.0)).exec(pool.write()).await?;
    Ok(())
}

/// Returns which rows hold. A row that says it was revoked is one of a version
/// that kept such rows.
fn holding(now: WallTime) -> Condition {
    Condition::all().add(Column::RevokedUs.is_null()).add(Column::ExpiresUs.gt(now.0))
}

impl From<Model> for StreamSecret {
    fn from(row: Model) -> Self {
        Self {
            id: StreamSecretId(row.id),
            name: row.name,
            user: UserId(row.user),
            camera: CameraId(row.camera),
            label: row.label,
            case: row.case_number,
            made: WallTime(row.made_us),
            expires: WallTime(row.expires_us),
        }
    }
}

fn new_name() -> String {
    let mut bytes = [0; NAME_LENGTH];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
    // 32 letters: of a byte five bits, each as likely as the others.
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}
