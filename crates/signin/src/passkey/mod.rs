//! Passkeys: keys that a phone, a computer or a stick keeps, and uses for whoever
//! shows it a finger or a PIN.
//!
//! ```text
//! adding      challenge ──▶ a key is made ──▶ kept: its id, its public half
//! signing in  challenge ──▶ signed ──▶ whose it is, whole: the key and the finger are two factors
//! owing       password was right ──▶ challenge ──▶ signed ──▶ another cookie, whole
//! ```
//!
//! A passkey is bound to the host's name by the browser itself: to a page that only
//! looks like ours it gives nothing. What of it we keep opens nothing either.

use base::{PasskeyId, UserId, WallTime};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

use crate::rows::passkey::{ActiveModel, Column, Entity, Model};
use crate::second_factor::Proof;
use crate::sign_in::{Device, Opened, Opening, SignIn, SignIns, Way};
use crate::{Error, recovery};

mod cbor;
mod challenge;
#[doc(hidden)]
pub mod testutil;
pub(crate) mod webauthn;

pub(crate) use challenge::Answered;
pub use challenge::ChallengeFor;
pub use webauthn::{PASSKEY_ALGORITHMS, Place};

/// The most passkeys of a person.
const MOST: u64 = 20;

/// A passkey, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// Its id with us.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: String,
    /// At which host it works.
    pub rp_id: String,
    /// Its id with the authenticator, in base64url.
    pub credential: String,
    /// When it was added.
    pub made: WallTime,
    /// When it was last used.
    pub used: Option<WallTime>,
}

/// What a browser sends of a key that was made, in base64url.
#[derive(Clone, Copy, Debug)]
pub struct NewPasskey<'a> {
    /// What its owner calls it.
    pub name: &'a str,
    /// What the browser says happened.
    pub client_data: &'a str,
    /// What the authenticator says.
    pub attestation: &'a str,
}

/// What a browser sends of a key that was used, in base64url.
#[derive(Clone, Copy, Debug)]
pub struct UsedPasskey<'a> {
    /// The key's id.
    pub credential: &'a str,
    /// What the browser says happened.
    pub client_data: &'a str,
    /// What the authenticator says.
    pub authenticator_data: &'a str,
    /// Over both.
    pub signature: &'a str,
    /// Whose the authenticator thinks it is, if it says.
    pub user_handle: Option<&'a str>,
}

impl Passkey {
    /// Returns by what an authenticator tells people apart, in base64url.
    pub fn user_handle(user: UserId) -> String {
        URL_SAFE_NO_PAD.encode(user.0.as_bytes())
    }
}

impl SignIns {
    /// Makes what an authenticator is to sign.
    pub fn challenge(&self, it_is_for: ChallengeFor, now: WallTime) -> String {
        challenge::new(&self.inner.keys.challenge, it_is_for, now)
    }

    /// Adds a passkey of the person's. Returns recovery codes with it, if it is the
    /// first thing beside the password that they have; then whatever was open
    /// elsewhere ends, as it was opened without.
    pub async fn add_passkey(
        &self,
        sign_in: &SignIn,
        place: &Place,
        new: NewPasskey<'_>,
        now: WallTime,
    ) -> Result<(Passkey, Vec<String>), Error> {
        let client_data = webauthn::decoded(new.client_data).map_err(Error::Passkey)?;
        let attestation = webauthn::decoded(new.attestation).map_err(Error::Passkey)?;
        let (made, challenge) =
            webauthn::made(place, &client_data, &attestation).map_err(Error::Passkey)?;
        self.take_challenge(ChallengeFor::Adding(sign_in.id), &challenge, now)?;
        let first = !self.has_own_second_factor(sign_in.user).await?;
        let rows = self.inner.pool.begin().await?;
        let own = Entity::find().filter(Column::User.eq(sign_in.user.0));
        if own.count(&rows).await? >= MOST {
            return Err(Error::Passkey("there are 20 of them already; remove one first"));
        }
        let known = Entity::find().filter(Column::Credential.eq(made.credential.clone()));
        if known.count(&rows).await? > 0 {
            return Err(Error::Passkey("it is known here already"));
        }
        let row = Model {
            id: PasskeyId::new().0,
            user: sign_in.user.0,
            name: new.name.to_owned(),
            rp_id: place.rp_id.clone(),
            credential: made.credential,
            public_key: made.key,
            counted: made.count.into(),
            made_us: now.0,
            used_us: None,
        };
        Entity::insert(ActiveModel::from(row.clone())).exec_without_returning(&rows).await?;
        let codes = match first {
            true => recovery::make(sign_in.user, &self.inner.keys, now, &rows).await?,
            false => Vec::new(),
        };
        rows.commit().await?;
        if first {
            self.end_others(sign_in).await?;
        }
        Ok((Passkey::from(row), codes))
    }

    /// Opens a sign-in for whoever used a passkey of theirs.
    pub async fn sign_in_by_passkey(
        &self,
        place: &Place,
        used: UsedPasskey<'_>,
        device: Device<'_>,
        now: WallTime,
    ) -> Result<Opened, Error> {
        let user = self.judge_passkey(None, ChallengeFor::SignIn, place, used, now).await?;
        let opening = Opening { user, way: Way::Passkey, asked: false, second: true };
        self.open_for(opening, device, now).await
    }

    /// Makes a sign-in whole of which a second factor was asked, by a passkey.
    pub async fn prove_by_passkey(
        &self,
        sign_in: &SignIn,
        place: &Place,
        used: UsedPasskey<'_>,
        device: Device<'_>,
        now: WallTime,
    ) -> Result<(Opened, Proof), Error> {
        let it_is_for = ChallengeFor::Proving(sign_in.id);
        self.judge_passkey(Some(sign_in.user), it_is_for, place, used, now).await?;
        Ok((self.made_whole(sign_in, device, now).await?, Proof::Passkey))
    }

    /// Notes that the person is still who they were, by a passkey.
    pub async fn confirm_by_passkey(
        &self,
        sign_in: &SignIn,
        place: &Place,
        used: UsedPasskey<'_>,
        now: WallTime,
    ) -> Result<Proof, Error> {
        let it_is_for = ChallengeFor::Proving(sign_in.id);
        self.judge_passkey(Some(sign_in.user), it_is_for, place, used, now).await?;
        self.note_confirmed(sign_in.id, now).await?;
        Ok(Proof::Passkey)
    }

    /// Returns a person's passkeys, the oldest first.
    pub async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>, Error> {
        let rows = Entity::find()
            .filter(Column::User.eq(user.0))
            .order_by_asc(Column::Id)
            .all(self.inner.pool.read())
            .await?;
        Ok(rows.into_iter().map(Passkey::from).collect())
    }

    /// Gives a passkey of this person another name; returns it, if there is one.
    pub async fn rename_passkey(
        &self,
        user: UserId,
        id: PasskeyId,
        name: &str,
    ) -> Result<Option<Passkey>, Error> {
        Entity::update_many()
            .set(ActiveModel { name: Set(name.to_owned()), ..ActiveModel::default() })
            .filter(Column::Id.eq(id.0))
            .filter(Column::User.eq(user.0))
            .exec(self.inner.pool.write())
            .await?;
        Ok(self.passkeys(user).await?.into_iter().find(|passkey| passkey.id == id))
    }

    /// Removes a passkey of this person; returns whether there was one. With the last
    /// thing beside the password go the recovery codes.
    pub async fn remove_passkey(&self, user: UserId, id: PasskeyId) -> Result<bool, Error> {
        let which = Condition::all().add(Column::Id.eq(id.0)).add(Column::User.eq(user.0));
        let gone = Entity::delete_many().filter(which).exec(self.inner.pool.write()).await?;
        if !self.has_own_second_factor(user).await? {
            recovery::forget(user, self.inner.pool.write()).await?;
        }
        Ok(gone.rows_affected > 0)
    }

    pub(crate) async fn has_passkeys(&self, user: UserId) -> Result<bool, Error> {
        let own = Entity::find().filter(Column::User.eq(user.0));
        Ok(own.count(self.inner.pool.read()).await? > 0)
    }

    pub(crate) async fn remove_passkeys(&self, user: UserId) -> Result<bool, Error> {
        let all = Entity::delete_many().filter(Column::User.eq(user.0));
        Ok(all.exec(self.inner.pool.write()).await?.rows_affected > 0)
    }

    /// Returns whose passkey was used, if it was and may be: of `of`, if that is said.
    async fn judge_passkey(
        &self,
        of: Option<UserId>,
        it_is_for: ChallengeFor,
        place: &Place,
        used: UsedPasskey<'_>,
        now: WallTime,
    ) -> Result<UserId, Error> {
        let decoded = |text| webauthn::decoded(text).map_err(Error::Passkey);
        let row = Entity::find()
            .filter(Column::Credential.eq(decoded(used.credential)?))
            .one(self.inner.pool.read())
            .await?;
        let row = row.filter(|row| of.is_none_or(|user| row.user == user.0));
        let row = row.ok_or(Error::Passkey("it is not known here; it may have been removed"))?;
        let handle =
            used.user_handle.filter(|handle| !handle.is_empty()).map(decoded).transpose()?;
        // Whoever signs in by it alone is told from others by that.
        let theirs = handle.as_deref().map(|handle| handle == row.user.as_bytes());
        if theirs == Some(false) || (theirs.is_none() && of.is_none()) {
            return Err(Error::Passkey("it is another person's"));
        }
        let (client_data, data) = (decoded(used.client_data)?, decoded(used.authenticator_data)?);
        let signature = decoded(used.signature)?;
        let (challenge, count) =
            webauthn::answered(place, &row.public_key, &client_data, &data, &signature)
                .map_err(Error::Passkey)?;
        self.take_challenge(it_is_for, &challenge, now)?;
        // Where an authenticator counts, one that counts less is a copy. Of two at
        // once with one count, one is too late.
        let count = i64::from(count);
        let counts = count > 0 || row.counted > 0;
        let taken = Entity::update_many()
            .set(ActiveModel {
                counted: Set(count),
                used_us: Set(Some(now.0)),
                ..ActiveModel::default()
            })
            .filter(Column::Id.eq(row.id))
            .filter(match counts {
                true => Column::Counted.lt(count),
                false => Column::Counted.eq(0),
            })
            .exec(self.inner.pool.write())
            .await?;
        match taken.rows_affected {
            1 => Ok(UserId(row.user)),
            _ => Err(Error::Passkey("it was copied; remove it and make another")),
        }
    }

    fn take_challenge(
        &self,
        it_is_for: ChallengeFor,
        challenge: &str,
        now: WallTime,
    ) -> Result<(), Error> {
        let mut answered =
            self.inner.answered.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match answered.take(&self.inner.keys.challenge, it_is_for, challenge, now) {
            true => Ok(()),
            false => Err(Error::TooLate),
        }
    }
}

impl From<Model> for Passkey {
    fn from(row: Model) -> Self {
        Self {
            id: PasskeyId(row.id),
            name: row.name,
            rp_id: row.rp_id,
            credential: URL_SAFE_NO_PAD.encode(row.credential),
            made: WallTime(row.made_us),
            used: row.used_us.map(WallTime),
        }
    }
}
