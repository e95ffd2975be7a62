//! By what a program asks the API in a person's name.
//!
//! ```text
//! khue_ 43 letters     256 bits, told once; of it the table has the SHA-256
//! scopes               cameras:read …: never more than its owner may, and less
//! ends                 a year at most, revoked, or its owner's password given anew
//! ```
//!
//! What a scope opens is the API's to say. None opens how people get in: a program
//! neither signs in nor chooses passwords, sets second factors or makes tokens.

use std::time::Duration;

use base::{ApiTokenId, UserId, WallTime};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

use crate::rows::api_token::{ActiveModel, Column, Entity, Model};
use crate::sign_in::{SignIn, SignIns, Way, sha256};
use crate::{Error, new_secret};

/// What every token begins with, so that one that lies about is known for what it is.
pub const API_TOKEN_PREFIX: &str = "khue_";

/// How many tokens a person may have.
const MOST: u64 = 50;

/// How exactly it is kept when a token was last used.
const USED_STEP: Duration = Duration::from_secs(60);

/// What a token opens, if its owner may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Cameras, how they are and what is recorded; no pictures.
    CamerasRead,
    /// Adding, changing and removing cameras.
    CamerasWrite,
    /// Who there is.
    PeopleRead,
    /// Adding, changing and removing people.
    PeopleWrite,
    /// Who joins, moves and leaves, as a directory says it (SCIM): people and groups.
    PeopleProvision,
    /// What is held.
    HoldsRead,
    /// Holding and letting go.
    HoldsWrite,
    /// Who did what.
    AuditRead,
    /// How the installation is.
    StatusRead,
}

/// A token, without what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: ApiTokenId,
    /// Whose it is.
    pub user: UserId,
    /// What it is for, in that person's words.
    pub name: String,
    /// What it opens.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub made: WallTime,
    /// The first moment at which it opens nothing more.
    pub expires: WallTime,
    /// When it was last used, to a minute.
    pub used: Option<WallTime>,
}

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewApiToken {
    /// Whose it will be.
    pub user: UserId,
    /// What it is for.
    pub name: String,
    /// What it opens.
    pub scopes: Vec<Scope>,
    /// How long it holds.
    pub lasts: Duration,
}

impl Scope {
    /// All there are.
    pub const ALL: [Self; 9] = [
        Self::CamerasRead,
        Self::CamerasWrite,
        Self::PeopleRead,
        Self::PeopleWrite,
        Self::PeopleProvision,
        Self::HoldsRead,
        Self::HoldsWrite,
        Self::AuditRead,
        Self::StatusRead,
    ];

    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CamerasRead => "cameras:read",
            Self::CamerasWrite => "cameras:write",
            Self::PeopleRead => "people:read",
            Self::PeopleWrite => "people:write",
            Self::PeopleProvision => "people:provision",
            Self::HoldsRead => "holds:read",
            Self::HoldsWrite => "holds:write",
            Self::AuditRead => "audit:read",
            Self::StatusRead => "status:read",
        }
    }

    /// Returns the scope that a word names.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

impl SignIns {
    /// Makes a token and returns it with what it is, which is kept nowhere; none if
    /// the person has as many as one may have.
    pub async fn make_api_token(
        &self,
        new: NewApiToken,
        now: WallTime,
    ) -> Result<Option<(ApiToken, String)>, Error> {
        let rows = self.inner.pool.begin().await?;
        let own = Entity::find().filter(Column::User.eq(new.user.0));
        let hold = own.filter(Column::ExpiresUs.gt(now.0)).count(&rows).await?;
        if hold >= MOST {
            return Ok(None);
        }
        let gone = Entity::delete_many().filter(Column::User.eq(new.user.0));
        gone.filter(Column::ExpiresUs.lte(now.0)).exec(&rows).await?;
        let text = format!("{API_TOKEN_PREFIX}{}", new_secret());
        let words: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
        let row = Model {
            id: ApiTokenId::new().0,
            user: new.user.0,
            name: new.name,
            sha256: sha256(text.as_bytes()),
            scopes: words.join(" "),
            made_us: now.0,
            expires_us: now.plus(new.lasts).0,
            used_us: None,
        };
        Entity::insert(ActiveModel::from(row.clone())).exec_without_returning(&rows).await?;
        rows.commit().await?;
        // Only now: whoever is suspended meanwhile has had theirs revoked.
        if self.is_suspended(new.user).await? {
            Entity::delete_by_id(row.id).exec(self.inner.pool.write()).await?;
            return Err(Error::WrongSignIn);
        }
        Ok(Some((ApiToken::from(row), text)))
    }

    /// Returns the token that a program sent, if it opens anything, with the sign-in
    /// as which it counts; and notes that it was used.
    pub async fn find_api_token(
        &self,
        text: &str,
        now: WallTime,
    ) -> Result<Option<(ApiToken, SignIn)>, Error> {
        let row = Entity::find()
            .filter(Column::Sha256.eq(sha256(text.as_bytes())))
            .one(self.inner.pool.read())
            .await?;
        let Some(row) = row.filter(|row| now.0 < row.expires_us) else { return Ok(None) };
        if self.is_suspended(UserId(row.user)).await? {
            return Ok(None);
        }
        if row.used_us.is_none_or(|used| now >= WallTime(used).plus(USED_STEP)) {
            Entity::update_many()
                .set(ActiveModel { used_us: Set(Some(now.0)), ..ActiveModel::default() })
                .filter(Column::Id.eq(row.id))
                .exec(self.inner.pool.write())
                .await?;
        }
        let token = ApiToken::from(row);
        let has_password = self.has_chosen(token.user).await?;
        let has_totp = self.has_totp(token.user).await?;
        let has_passkey = self.has_passkeys(token.user).await?;
        let is_provided = self.is_provided(token.user).await?;
        let sign_in = SignIn {
            id: base::SignInId(token.id.0),
            user: token.user,
            seen: now,
            ends: token.expires,
            // A program is nobody who could be asked.
            confirmed: WallTime(0),
            asked: false,
            must_choose_password: !has_password && !is_provided,
            // Whoever comes by a provider proves themselves there.
            has_second_factor: is_provided || has_totp || has_passkey,
            has_totp,
            has_passkey,
            way: Way::Password,
            has_password,
        };
        Ok(Some((token, sign_in)))
    }

    /// Returns a person's tokens, the newest first.
    pub async fn api_tokens(&self, user: UserId, now: WallTime) -> Result<Vec<ApiToken>, Error> {
        let rows = Entity::find()
            .filter(Column::User.eq(user.0))
            .filter(Column::ExpiresUs.gt(now.0))
            .order_by_desc(Column::Id)
            .all(self.inner.pool.read())
            .await?;
        Ok(rows.into_iter().map(ApiToken::from).collect())
    }

    /// Revokes a token of this person; returns it, if there was one.
    pub async fn revoke_api_token(
        &self,
        user: UserId,
        id: ApiTokenId,
    ) -> Result<Option<ApiToken>, Error> {
        let row = Entity::find_by_id(id.0).one(self.inner.pool.read()).await?;
        let Some(row) = row.filter(|row| row.user == user.0) else { return Ok(None) };
        Entity::delete_by_id(id.0).exec(self.inner.pool.write()).await?;
        Ok(Some(ApiToken::from(row)))
    }

    pub(crate) async fn revoke_api_tokens(&self, user: UserId) -> Result<(), Error> {
        let all = Entity::delete_many().filter(Column::User.eq(user.0));
        all.exec(self.inner.pool.write()).await?;
        Ok(())
    }
}

impl From<Model> for ApiToken {
    fn from(row: Model) -> Self {
        Self {
            id: ApiTokenId(row.id),
            user: UserId(row.user),
            name: row.name,
            // One that a later program knew opens nothing here.
            scopes: row.scopes.split(' ').filter_map(Scope::of).collect(),
            made: WallTime(row.made_us),
            expires: WallTime(row.expires_us),
            used: row.used_us.map(WallTime),
        }
    }
}
