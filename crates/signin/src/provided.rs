//! Whom of us a provider means: bound at the first sign-in, by what the provider
//! never gives to anybody else (`sub`), so that a name that changes there leads to
//! nobody else here.

use base::{UserId, WallTime};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter};

use crate::Error;
use crate::rows::provided::{ActiveModel, Column, Entity};
use crate::sign_in::{Device, Opened, Opening, SignIns, Way};

impl SignIns {
    /// Returns whom a provider means, if that was bound.
    pub async fn provided(&self, issuer: &str, subject: &str) -> Result<Option<UserId>, Error> {
        let row = Entity::find_by_id((issuer.to_owned(), subject.to_owned()))
            .one(self.inner.pool.read())
            .await?;
        Ok(row.map(|row| UserId(row.user)))
    }

    /// Binds a person to whom a provider means; returns whether neither was bound
    /// there before.
    pub async fn provide(
        &self,
        issuer: &str,
        subject: &str,
        user: UserId,
        now: WallTime,
    ) -> Result<bool, Error> {
        let rows = self.inner.pool.begin().await?;
        let either = Condition::any().add(Column::Subject.eq(subject)).add(Column::User.eq(user.0));
        let bound = Entity::find().filter(Column::Issuer.eq(issuer)).filter(either);
        if bound.count(&rows).await? > 0 {
            return Ok(false);
        }
        let row = ActiveModel {
            issuer: Set(issuer.to_owned()),
            subject: Set(subject.to_owned()),
            user: Set(user.0),
            made_us: Set(now.0),
        };
        Entity::insert(row).exec_without_returning(&rows).await?;
        rows.commit().await?;
        Ok(true)
    }

    /// Returns whether a provider may say that somebody is this person.
    pub async fn is_provided(&self, user: UserId) -> Result<bool, Error> {
        let bound = Entity::find().filter(Column::User.eq(user.0));
        Ok(bound.count(self.inner.pool.read()).await? > 0)
    }

    /// Takes that away, and ends what was opened by it; returns whether there was
    /// anything.
    pub async fn unprovide(&self, user: UserId) -> Result<bool, Error> {
        let all = Entity::delete_many().filter(Column::User.eq(user.0));
        let gone = all.exec(self.inner.pool.write()).await?.rows_affected > 0;
        if gone {
            self.revoke_user(user).await?;
        }
        Ok(gone)
    }

    /// Opens a sign-in for whoever a provider says this person is. A code is asked
    /// of who has a phone set up here, unless they proved as much there.
    pub async fn sign_in_provided(
        &self,
        user: UserId,
        second: bool,
        device: Device<'_>,
        now: WallTime,
    ) -> Result<Opened, Error> {
        let asked = !second && self.has_own_second_factor(user).await?;
        self.open_for(Opening { user, way: Way::Provider, asked, second }, device, now).await
    }

    /// Notes that whoever is signed in proved once more that they are this person.
    pub async fn confirm_provided(
        &self,
        sign_in: base::SignInId,
        user: UserId,
        now: WallTime,
    ) -> Result<bool, Error> {
        let open = self.look(sign_in, now).await?;
        let theirs = open.is_some_and(|open| open.user == user && !open.asked);
        if theirs {
            self.note_confirmed(sign_in, now).await?;
        }
        Ok(theirs)
    }
}
