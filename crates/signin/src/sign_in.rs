//! A browser's credential after a person proved who they are.
//!
//! ```text
//! credential   one_time ──signs in, once──▶ spent ──a password is chosen──▶ chosen
//! sign-in      open ──12 h unseen, 7 d in all, signed out, revoked──▶ gone
//! ```
//!
//! The cookie is 32 random bytes; the table has its SHA-256, so that a copy of
//! the database opens nothing. While the credential is `spent` the person is
//! there and may do nothing but choose a password.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::{digest, hmac};
use base::{SignInId, UserId, WallTime};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::Pool;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use tokio::sync::watch;

use crate::lockout::Lockout;
use crate::one_time::{OneTimePassword, typed};
use crate::password::{Hasher, good_enough};
use crate::rows::{credential, sign_in};
use crate::{Error, migrations, stream_secret};

/// How long a sign-in lasts that nobody uses.
const IDLE: Duration = Duration::from_secs(12 * 60 * 60);

/// How long a sign-in lasts.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long a one-time password waits to be used.
const ONE_TIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How exactly it is kept when a sign-in was last seen: a row is not written for
/// every request.
const SEEN_STEP: Duration = Duration::from_secs(60);

const KIND_ONE_TIME: &str = "one_time";
const KIND_SPENT: &str = "spent";
const KIND_CHOSEN: &str = "chosen";

/// Passwords and open sign-ins. Clones share them.
#[derive(Clone, Debug)]
pub struct SignIns {
    inner: Arc<Inner>,
}

/// A person who is signed in with a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Its id.
    pub id: SignInId,
    /// Who is signed in.
    pub user: UserId,
    /// When it ends, whatever happens.
    pub ends: WallTime,
    /// Whether they must choose a password before anything else.
    pub must_choose_password: bool,
}

/// A sign-in that was just opened.
#[derive(Debug)]
pub struct Opened {
    /// The sign-in.
    pub sign_in: SignIn,
    /// The cookie's value; it is not kept and cannot be asked for again.
    pub cookie: String,
}

/// What somebody typed to sign in.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The name as it was typed.
    pub name: &'a str,
    /// Who has that name, if anybody has.
    pub user: Option<UserId>,
    /// The password.
    pub password: String,
    /// Where it came from.
    pub address: IpAddr,
}

/// What somebody typed to choose a password.
#[derive(Debug)]
pub struct Choice<'a> {
    /// The name of the person.
    pub name: &'a str,
    /// The password until now.
    pub current: String,
    /// The password from now on.
    pub new: String,
    /// Where it came from.
    pub address: IpAddr,
}

#[derive(Debug)]
struct Inner {
    pool: Pool,
    hasher: Hasher,
    lockout: Mutex<Lockout>,
    csrf: hmac::Key,
    revoked: watch::Sender<u64>,
}

impl SignIns {
    /// Opens the tables in `pool`; `key` signs the values against forged requests.
    pub async fn open(pool: Pool, key: &[u8; 32]) -> Result<Self, Error> {
        db::migrate(&pool, "signin", &migrations::all()).await?;
        let inner = Inner {
            pool,
            hasher: Hasher::new().await?,
            lockout: Mutex::default(),
            csrf: hmac::Key::new(hmac::HMAC_SHA256, key),
            revoked: watch::Sender::new(0),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Makes a password for `user` to be used once, in place of any other, signs
    /// the person out everywhere, and revokes what they let programs watch by:
    /// whoever had their password may have made themselves a stream secret with it.
    pub async fn issue_one_time(
        &self,
        user: UserId,
        now: WallTime,
    ) -> Result<OneTimePassword, Error> {
        let password = OneTimePassword::new();
        let hash = self.inner.hasher.hash(password.letters().to_owned()).await?;
        self.keep(user, KIND_ONE_TIME, hash, now).await?;
        self.revoke_user(user).await?;
        stream_secret::revoke_all_of(user, &self.inner.pool).await?;
        Ok(password)
    }

    /// Lets nobody in as `user` any more: password, sign-ins and what they let
    /// programs watch by are gone.
    pub async fn forget(&self, user: UserId) -> Result<(), Error> {
        credential::Entity::delete_by_id(user.0).exec(self.inner.pool.write()).await?;
        self.revoke_user(user).await?;
        stream_secret::revoke_all_of(user, &self.inner.pool).await
    }

    /// Returns whether `user` has chosen a password.
    pub async fn has_chosen(&self, user: UserId) -> Result<bool, Error> {
        Ok(self.credential(user).await?.is_some_and(|kept| kept.kind == KIND_CHOSEN))
    }

    /// Opens a sign-in for whoever typed the right password.
    pub async fn sign_in(&self, attempt: Attempt<'_>, now: WallTime) -> Result<Opened, Error> {
        let Attempt { name, user, password, address } = attempt;
        self.admit(name, address, now)?;
        let kept = match user {
            Some(user) => self.credential(user).await?,
            None => None,
        };
        // Whatever is missing below, a hash is computed: an answer that comes
        // sooner would tell that nobody has the name.
        let kept = kept.filter(|kept| match kept.kind.as_str() {
            KIND_CHOSEN => true,
            KIND_ONE_TIME => now < WallTime(kept.made_us).plus(ONE_TIME),
            _ => false,
        });
        let one_time = kept.as_ref().is_some_and(|kept| kept.kind == KIND_ONE_TIME);
        let password = if one_time { typed(&password) } else { password };
        let hash = kept.as_ref().map(|kept| kept.hash.clone());
        let right = self.inner.hasher.verify(password, hash).await?;
        let (true, Some(kept)) = (right, kept) else { return Err(Error::WrongSignIn) };
        if one_time && !self.spend(&kept).await? {
            return Err(Error::WrongSignIn);
        }
        self.lockout().succeeded(name, address);
        self.open_for(UserId(kept.user), one_time, now).await
    }

    /// Returns the sign-in that a cookie opens, and notes that it was seen.
    pub async fn find(&self, cookie: &str, now: WallTime) -> Result<Option<SignIn>, Error> {
        let Ok(cookie) = URL_SAFE_NO_PAD.decode(cookie) else { return Ok(None) };
        let row = sign_in::Entity::find()
            .filter(sign_in::Column::CookieSha256.eq(sha256(&cookie)))
            .one(self.inner.pool.read())
            .await?;
        self.still_open(row, now).await
    }

    /// Returns a sign-in by its id while it lasts; the way for a connection that
    /// outlives its request.
    pub async fn look(&self, id: SignInId, now: WallTime) -> Result<Option<SignIn>, Error> {
        let row = sign_in::Entity::find_by_id(id.0).one(self.inner.pool.read()).await?;
        self.still_open(row, now).await
    }

    /// Replaces the password, and signs the person out everywhere else.
    pub async fn choose(
        &self,
        sign_in: &SignIn,
        choice: Choice<'_>,
        now: WallTime,
    ) -> Result<(), Error> {
        let Choice { name, current, new, address } = choice;
        self.admit(name, address, now)?;
        let kept = self.credential(sign_in.user).await?;
        let chosen = kept.as_ref().is_some_and(|kept| kept.kind == KIND_CHOSEN);
        let given = if chosen { current.clone() } else { typed(&current) };
        let hash = kept.map(|kept| kept.hash);
        if !self.inner.hasher.verify(given, hash).await? {
            return Err(Error::WrongCurrent);
        }
        self.lockout().succeeded(name, address);
        if new == current || (!chosen && typed(&new) == typed(&current)) {
            return Err(Error::Weak(
                "the new password is the current one; choose another".to_owned(),
            ));
        }
        good_enough(&new, name)?;
        let hash = self.inner.hasher.hash(new).await?;
        self.keep(sign_in.user, KIND_CHOSEN, hash, now).await?;
        self.revoke(
            Condition::all()
                .add(sign_in::Column::User.eq(sign_in.user.0))
                .add(sign_in::Column::Id.ne(sign_in.id.0)),
        )
        .await
    }

    /// Ends a sign-in.
    pub async fn sign_out(&self, id: SignInId) -> Result<(), Error> {
        self.revoke(Condition::all().add(sign_in::Column::Id.eq(id.0))).await
    }

    /// Ends all sign-ins of a person.
    pub async fn revoke_user(&self, user: UserId) -> Result<(), Error> {
        self.revoke(Condition::all().add(sign_in::Column::User.eq(user.0))).await
    }

    /// Returns a number that counts up whenever sign-ins were ended, so that what
    /// runs on one looks again whether it is still there.
    pub fn revocations(&self) -> watch::Receiver<u64> {
        self.inner.revoked.subscribe()
    }

    /// Returns the value that unsafe requests of this sign-in must carry.
    pub fn csrf(&self, id: SignInId) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.inner.csrf, id.0.as_bytes()))
    }

    /// Returns whether `value` is what [`SignIns::csrf`] gave for this sign-in.
    pub fn csrf_holds(&self, id: SignInId, value: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(value)
            .is_ok_and(|value| hmac::verify(&self.inner.csrf, id.0.as_bytes(), &value).is_ok())
    }

    fn admit(&self, name: &str, address: IpAddr, now: WallTime) -> Result<(), Error> {
        let admitted = self.lockout().attempt(name, address, now);
        admitted.map_err(|retry_after| Error::LockedOut { retry_after })
    }

    fn lockout(&self) -> std::sync::MutexGuard<'_, Lockout> {
        self.inner.lockout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn credential(&self, user: UserId) -> Result<Option<credential::Model>, Error> {
        Ok(credential::Entity::find_by_id(user.0).one(self.inner.pool.read()).await?)
    }

    async fn keep(
        &self,
        user: UserId,
        kind: &str,
        hash: String,
        now: WallTime,
    ) -> Result<(), Error> {
        let row = credential::ActiveModel {
            user: Set(user.0),
            kind: Set(kind.to_owned()),
            hash: Set(hash),
            made_us: Set(now.0),
        };
        let replace = OnConflict::column(credential::Column::User)
            .update_columns([
                credential::Column::Kind,
                credential::Column::Hash,
                credential::Column::MadeUs,
            ])
            .to_owned();
        credential::Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(self.inner.pool.write())
            .await?;
        Ok(())
    }

    /// Uses up a one-time password; of two at once, one is too late.
    async fn spend(&self, kept: &credential::Model) -> Result<bool, Error> {
        let spent = credential::Entity::update_many()
            .set(credential::ActiveModel {
                kind: Set(KIND_SPENT.to_owned()),
                ..credential::ActiveModel::default()
            })
            .filter(credential::Column::User.eq(kept.user))
            .filter(credential::Column::Kind.eq(KIND_ONE_TIME))
            .filter(credential::Column::Hash.eq(&kept.hash))
            .exec(self.inner.pool.write())
            .await?;
        Ok(spent.rows_affected == 1)
    }

    async fn open_for(
        &self,
        user: UserId,
        must_choose_password: bool,
        now: WallTime,
    ) -> Result<Opened, Error> {
        // Those that ended by themselves are cleared here: there is no other
        // moment at which their number could grow.
        sign_in::Entity::delete_many()
            .filter(
                Condition::any()
                    .add(sign_in::Column::OpenedUs.lte(now.minus(LONGEST).0))
                    .add(sign_in::Column::SeenUs.lte(now.minus(IDLE).0)),
            )
            .exec(self.inner.pool.write())
            .await?;
        let mut cookie = [0; 32];
        aws_lc_rs::rand::fill(&mut cookie).expect("the system has randomness");
        let id = SignInId::new();
        let row = sign_in::ActiveModel {
            id: Set(id.0),
            user: Set(user.0),
            cookie_sha256: Set(sha256(&cookie)),
            opened_us: Set(now.0),
            seen_us: Set(now.0),
        };
        sign_in::Entity::insert(row).exec_without_returning(self.inner.pool.write()).await?;
        let sign_in = SignIn { id, user, ends: now.plus(LONGEST), must_choose_password };
        Ok(Opened { sign_in, cookie: URL_SAFE_NO_PAD.encode(cookie) })
    }

    async fn still_open(
        &self,
        row: Option<sign_in::Model>,
        now: WallTime,
    ) -> Result<Option<SignIn>, Error> {
        let Some(row) = row else { return Ok(None) };
        let (ends, seen) = (WallTime(row.opened_us).plus(LONGEST), WallTime(row.seen_us));
        if now >= ends || now >= seen.plus(IDLE) {
            return Ok(None);
        }
        if now >= seen.plus(SEEN_STEP) {
            sign_in::Entity::update_many()
                .set(sign_in::ActiveModel {
                    seen_us: Set(now.0),
                    ..sign_in::ActiveModel::default()
                })
                .filter(sign_in::Column::Id.eq(row.id))
                .exec(self.inner.pool.write())
                .await?;
        }
        let user = UserId(row.user);
        let Some(kept) = self.credential(user).await? else { return Ok(None) };
        let must_choose_password = kept.kind != KIND_CHOSEN;
        Ok(Some(SignIn { id: SignInId(row.id), user, ends, must_choose_password }))
    }

    async fn revoke(&self, which: Condition) -> Result<(), Error> {
        let gone =
            sign_in::Entity::delete_many().filter(which).exec(self.inner.pool.write()).await?;
        if gone.rows_affected > 0 {
            self.inner.revoked.send_modify(|count| *count += 1);
        }
        Ok(())
    }
}

fn sha256(cookie: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, cookie).as_ref().to_vec()
}
