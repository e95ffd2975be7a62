//! Where a person is signed in: each browser, since when, from where.

use base::{SignInId, UserId, WallTime};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};

use crate::Error;
use crate::rows::sign_in;
use crate::sign_in::{SignIn, SignIns};

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedInDevice {
    /// Its sign-in.
    pub id: SignInId,
    /// When it signed in.
    pub opened: WallTime,
    /// When it was last seen, to a minute.
    pub seen: WallTime,
    /// Where it signed in from.
    pub address: String,
    /// What it calls itself.
    pub agent: String,
}

impl SignIns {
    /// Returns where a person is signed in, the latest seen first.
    pub async fn devices(&self, user: UserId, now: WallTime) -> Result<Vec<SignedInDevice>, Error> {
        let rows = sign_in::Entity::find()
            .filter(sign_in::Column::User.eq(user.0))
            .filter(sign_in::Column::Asked.eq(false))
            .order_by_desc(sign_in::Column::SeenUs)
            .all(self.inner.pool.read())
            .await?;
        let open = rows.into_iter().filter(|row| self.is_open(row, now));
        Ok(open.map(SignedInDevice::from).collect())
    }

    /// Returns whose sign-in it is.
    pub async fn owner(&self, id: SignInId) -> Result<Option<UserId>, Error> {
        let row = sign_in::Entity::find_by_id(id.0).one(self.inner.pool.read()).await?;
        Ok(row.map(|row| UserId(row.user)))
    }

    /// Ends a sign-in of this person; returns whether there was one.
    pub async fn end(&self, user: UserId, id: SignInId) -> Result<bool, Error> {
        let which = Condition::all()
            .add(sign_in::Column::User.eq(user.0))
            .add(sign_in::Column::Id.eq(id.0));
        Ok(self.revoke(which).await? > 0)
    }

    /// Ends all of a person's but this one; returns how many there were.
    pub async fn end_others(&self, sign_in: &SignIn) -> Result<u64, Error> {
        let which = Condition::all()
            .add(sign_in::Column::User.eq(sign_in.user.0))
            .add(sign_in::Column::Id.ne(sign_in.id.0));
        self.revoke(which).await
    }
}

impl From<sign_in::Model> for SignedInDevice {
    fn from(row: sign_in::Model) -> Self {
        Self {
            id: SignInId(row.id),
            opened: WallTime(row.opened_us),
            seen: WallTime(row.seen_us),
            address: row.address,
            agent: row.agent,
        }
    }
}
