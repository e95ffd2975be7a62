//! What a person proves themselves by beside the password.
//!
//! ```text
//! phone      begin ──secret, shown──▶ waits 10 min ──a right code──▶ kept, sealed; ten recovery codes
//! sign-in    password is right ──▶ asked, 5 min ──a right code──▶ another cookie, whole
//! ```
//!
//! A sign-in of which a code is asked opens nothing else. Wrong codes are counted
//! by person, apart from passwords: whoever knows the password must not wash away
//! by it what they guessed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use base::{SignInId, UserId, WallTime};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::rows::totp;
use crate::sign_in::{Device, Opened, Opening, SignIn, SignIns};
use crate::totp::{base32, new_secret, step_of, uri};
use crate::{Error, Qr, qr, recovery};

/// How long a secret that was shown waits for its first code.
const WAITS: Duration = Duration::from_secs(10 * 60);

/// What a person has beside the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// Since when there is an authenticator, if there is one.
    pub totp: Option<WallTime>,
    /// How many recovery codes are left.
    pub recovery_codes: u64,
}

/// An authenticator to be set up: told once.
#[derive(Clone, Debug)]
pub struct NewTotp {
    /// The secret, to be typed.
    pub secret: String,
    /// The same as what a phone opens.
    pub uri: String,
    /// The same as a picture that a phone reads.
    pub qr: Qr,
}

/// By what somebody proved themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A code of their authenticator.
    Totp,
    /// A recovery code, which is gone now.
    RecoveryCode,
    /// Their password.
    Password,
    /// A passkey of theirs.
    Passkey,
}

/// What somebody typed to prove themselves once more.
#[derive(Debug)]
pub enum Given {
    /// A code of the authenticator, or a recovery code.
    Code(String),
    /// The password.
    Password(String),
}

/// Secrets that were shown and of which no code came yet.
#[derive(Debug, Default)]
pub(crate) struct Waiting(HashMap<SignInId, ([u8; 20], WallTime)>);

impl Proof {
    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::Password => "password",
            Self::Passkey => "passkey",
        }
    }
}

impl SignIns {
    /// Returns what a person has beside the password.
    pub async fn second_factor(&self, user: UserId) -> Result<SecondFactor, Error> {
        let totp = self.totp(user).await?.map(|row| WallTime(row.made_us));
        let recovery_codes = recovery::left(user, self.inner.pool.read()).await?;
        Ok(SecondFactor { totp, recovery_codes })
    }

    /// Makes a secret for the person's phone, which counts once a code of it came
    /// back. `place` and `name` are what the phone shows.
    pub fn begin_totp(
        &self,
        sign_in: &SignIn,
        place: &str,
        name: &str,
        now: WallTime,
    ) -> Result<NewTotp, Error> {
        let secret = new_secret();
        let uri = uri(&secret, place, name);
        let qr = qr::draw(&uri).ok_or(Error::Hash("the picture has no room".to_owned()))?;
        let mut waiting = self.waiting();
        waiting.0.retain(|_, (_, since)| now < since.plus(WAITS));
        waiting.0.insert(sign_in.id, (secret, now));
        Ok(NewTotp { secret: base32(&secret), uri, qr })
    }

    /// Keeps the secret if the code is one of it, in place of another one, makes
    /// recovery codes, and signs the person out everywhere else.
    pub async fn finish_totp(
        &self,
        sign_in: &SignIn,
        code: &str,
        address: IpAddr,
        now: WallTime,
    ) -> Result<Vec<String>, Error> {
        let waits = self.waiting().0.get(&sign_in.id).copied();
        let Some((secret, _)) = waits.filter(|(_, since)| now < since.plus(WAITS)) else {
            return Err(Error::TooLate);
        };
        let counted = counted(sign_in.user);
        self.admit(&counted, address, now)?;
        let step = step_of(&secret, code, now, 0).ok_or(Error::WrongCode)?;
        self.lockout().succeeded(&counted, address);
        let rows = self.inner.pool.begin().await?;
        let row = totp::ActiveModel {
            user: Set(sign_in.user.0),
            sealed: Set(self.inner.keys.seal(sign_in.user, &secret)),
            made_us: Set(now.0),
            last_step: Set(step),
        };
        let replace = OnConflict::column(totp::Column::User)
            .update_columns([totp::Column::Sealed, totp::Column::MadeUs, totp::Column::LastStep])
            .to_owned();
        totp::Entity::insert(row).on_conflict(replace).exec_without_returning(&rows).await?;
        let codes = recovery::make(sign_in.user, &self.inner.keys, now, &rows).await?;
        rows.commit().await?;
        self.waiting().0.remove(&sign_in.id);
        self.end_others(sign_in).await?;
        Ok(codes)
    }

    /// Makes recovery codes in place of those there are; they are told once.
    pub async fn new_recovery_codes(
        &self,
        user: UserId,
        now: WallTime,
    ) -> Result<Vec<String>, Error> {
        let rows = self.inner.pool.begin().await?;
        let codes = recovery::make(user, &self.inner.keys, now, &rows).await?;
        rows.commit().await?;
        Ok(codes)
    }

    /// Takes all away that is asked beside the password; returns whether there was
    /// anything.
    pub async fn remove_second_factor(&self, user: UserId) -> Result<bool, Error> {
        let had_passkeys = self.remove_passkeys(user).await?;
        Ok(self.remove_totp(user).await? || had_passkeys)
    }

    /// Takes the authenticator away; returns whether there was one. With the last
    /// thing beside the password go the recovery codes.
    pub async fn remove_totp(&self, user: UserId) -> Result<bool, Error> {
        let keeps_codes = self.has_passkeys(user).await?;
        let rows = self.inner.pool.begin().await?;
        let gone = totp::Entity::delete_by_id(user.0).exec(&rows).await?;
        if !keeps_codes {
            recovery::forget(user, &rows).await?;
        }
        rows.commit().await?;
        Ok(gone.rows_affected > 0)
    }

    /// Makes a sign-in whole of which a code was asked: another one, with another
    /// cookie, so that one that somebody saw before is worth nothing.
    pub async fn prove(
        &self,
        sign_in: &SignIn,
        code: &str,
        device: Device<'_>,
        now: WallTime,
    ) -> Result<(Opened, Proof), Error> {
        let proof = self.judge_code(sign_in.user, code, device.address, now).await?;
        Ok((self.made_whole(sign_in, device, now).await?, proof))
    }

    /// Opens another sign-in in place of one of which something was asked.
    pub(crate) async fn made_whole(
        &self,
        sign_in: &SignIn,
        device: Device<'_>,
        now: WallTime,
    ) -> Result<Opened, Error> {
        self.sign_out(sign_in.id).await?;
        let opening = Opening { user: sign_in.user, way: sign_in.way, asked: false, second: false };
        self.open_for(opening, device, now).await
    }

    /// Notes that the person is still who they were.
    pub async fn confirm(
        &self,
        sign_in: &SignIn,
        name: &str,
        given: Given,
        address: IpAddr,
        now: WallTime,
    ) -> Result<Proof, Error> {
        let proof = match given {
            Given::Code(code) => self.judge_code(sign_in.user, &code, address, now).await?,
            Given::Password(password) => {
                self.judge_password(sign_in.user, name, password, address, now).await?;
                Proof::Password
            }
        };
        self.note_confirmed(sign_in.id, now).await?;
        Ok(proof)
    }

    /// Returns whether something beside the password is asked of a person here.
    pub(crate) async fn has_own_second_factor(&self, user: UserId) -> Result<bool, Error> {
        Ok(self.has_totp(user).await? || self.has_passkeys(user).await?)
    }

    pub(crate) async fn has_totp(&self, user: UserId) -> Result<bool, Error> {
        Ok(self.totp(user).await?.is_some())
    }

    async fn totp(&self, user: UserId) -> Result<Option<totp::Model>, Error> {
        Ok(totp::Entity::find_by_id(user.0).one(self.inner.pool.read()).await?)
    }

    async fn judge_code(
        &self,
        user: UserId,
        code: &str,
        address: IpAddr,
        now: WallTime,
    ) -> Result<Proof, Error> {
        let counted = counted(user);
        self.admit(&counted, address, now)?;
        let proof = match self.takes_totp(user, code, now).await? {
            true => Proof::Totp,
            false => {
                let (keys, rows) = (&self.inner.keys, self.inner.pool.write());
                if !recovery::spend(user, code, keys, rows).await? {
                    return Err(Error::WrongCode);
                }
                Proof::RecoveryCode
            }
        };
        self.lockout().succeeded(&counted, address);
        Ok(proof)
    }

    /// Returns whether a code is one of now; of two at once with the same one, one
    /// is too late.
    async fn takes_totp(&self, user: UserId, code: &str, now: WallTime) -> Result<bool, Error> {
        let Some(row) = self.totp(user).await? else { return Ok(false) };
        let secret = self.inner.keys.unseal(user, &row.sealed);
        let secret = secret.ok_or_else(|| {
            Error::Hash("the secret of an authenticator is not sealed by our key".to_owned())
        })?;
        let Some(step) = step_of(&secret, code, now, row.last_step) else { return Ok(false) };
        let taken = totp::Entity::update_many()
            .set(totp::ActiveModel { last_step: Set(step), ..totp::ActiveModel::default() })
            .filter(totp::Column::User.eq(user.0))
            .filter(totp::Column::LastStep.lt(step))
            .exec(self.inner.pool.write())
            .await?;
        Ok(taken.rows_affected == 1)
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.inner.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// By what name wrong codes are counted: none that anybody types.
fn counted(user: UserId) -> String {
    format!("\u{1}{user}")
}
