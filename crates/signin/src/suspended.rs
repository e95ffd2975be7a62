//! Who is not let in for the time being: whoever left, or is not here for a while.
//!
//! > While somebody is suspended no sign-in of theirs is open, and none opens.

use base::{UserId, WallTime};
use db::Pool;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, PaginatorTrait};

use crate::rows::suspended::{ActiveModel, Column, Entity};
use crate::sign_in::SignIns;
use crate::{Error, stream_secret};

impl SignIns {
    /// Lets nobody in as this person: sign-ins, API tokens and stream secrets end at
    /// once, whether they were suspended before or not.
    pub async fn suspend(&self, user: UserId, now: WallTime) -> Result<(), Error> {
        let row = ActiveModel { user: Set(user.0), since_us: Set(now.0) };
        // First what keeps others from opening, then what ends those that are open.
        let again = OnConflict::column(Column::User).do_nothing().to_owned();
        let insert = Entity::insert(row).on_conflict(again);
        insert.exec_without_returning(self.inner.pool.write()).await?;
        self.revoke_user(user).await?;
        self.revoke_api_tokens(user).await?;
        stream_secret::revoke_all_of(user, &self.inner.pool).await
    }

    /// Lets them in again; returns whether they were suspended.
    pub async fn restore(&self, user: UserId) -> Result<bool, Error> {
        let gone = Entity::delete_by_id(user.0).exec(self.inner.pool.write()).await?;
        Ok(gone.rows_affected > 0)
    }

    /// Returns whether nobody is let in as this person.
    pub async fn is_suspended(&self, user: UserId) -> Result<bool, Error> {
        is(user, &self.inner.pool).await
    }
}

/// Returns whether nobody is let in as this person.
pub(crate) async fn is(user: UserId, pool: &Pool) -> Result<bool, Error> {
    let row = Entity::find_by_id(user.0).count(pool.read()).await?;
    Ok(row > 0)
}
