//! A browser's credential after a person proved who they are.
//!
//! ```text
//! credential   one_time ──signs in, once──▶ spent ──a password is chosen──▶ chosen
//! sign-in      asked for a code, 5 min ──a right one──▶ open
//!              open ──unseen for too long, too old, signed out, revoked──▶ gone
//! ```
//!
//! The cookie is 32 random bytes; the table has its SHA-256, so that a copy of
//! the database opens nothing. While the credential is `spent` the person is
//! there and may do nothing but choose a password; while it is asked for a code, a
//! sign-in opens nothing but the answer to that (`second_factor.rs`).

use std::collections::HashSet;
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

use crate::breached::Breached;
use crate::config::Config;
use crate::keys::Keys;
use crate::lockout::Lockout;
use crate::one_time::{OneTimePassword, typed};
use crate::passkey::Answered;
use crate::password::{Hasher, good_enough};
use crate::rows::{credential, sign_in};
use crate::second_factor::Waiting;
use crate::{Error, migrations, stream_secret};

/// How long somebody whose password was right may take for the code.
const ASKED: Duration = Duration::from_secs(5 * 60);

/// How long somebody who proved themselves is believed to be the one who sits there
/// still, where what they do cannot be taken back.
const CONFIRMED: Duration = Duration::from_secs(5 * 60);

/// The most of what a browser calls itself that is kept.
const LONGEST_AGENT: usize = 300;

/// How long a one-time password waits to be used.
const ONE_TIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How exactly it is kept when a sign-in was last seen: a row is not written for
/// every request.
const SEEN_STEP: Duration = Duration::from_secs(60);

const KIND_ONE_TIME: &str = "one_time";
const KIND_SPENT: &str = "spent";
pub(crate) const KIND_CHOSEN: &str = "chosen";

/// Passwords and open sign-ins. Clones share them.
#[derive(Clone, Debug)]
pub struct SignIns {
    pub(crate) inner: Arc<Inner>,
}

/// By what somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Their password.
    Password,
    /// Another installation that says so.
    Provider,
    /// A passkey of theirs.
    Passkey,
    /// The envelope for emergencies.
    Sealed,
}

/// A person who is signed in with a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Its id.
    pub id: SignInId,
    /// Who is signed in.
    pub user: UserId,
    /// When it was last seen, to a minute.
    pub seen: WallTime,
    /// When it ends, whatever happens.
    pub ends: WallTime,
    /// When they last proved who they are.
    pub confirmed: WallTime,
    /// Whether nothing is opened by it before they prove themselves by a code.
    pub asked: bool,
    /// Whether they must choose a password before anything else.
    pub must_choose_password: bool,
    /// Whether they have a second factor, or came by one.
    pub has_second_factor: bool,
    /// Whether they have an authenticator that shows codes.
    pub has_totp: bool,
    /// Whether they have passkeys.
    pub has_passkey: bool,
    /// By what they proved who they are.
    pub way: Way,
    /// Whether they have a password of their own.
    pub has_password: bool,
}

/// What is known of where somebody signs in.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// Where it is.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub agent: &'a str,
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
    pub device: Device<'a>,
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

/// A sign-in to be opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub(crate) user: UserId,
    pub(crate) way: Way,
    /// Whether a code is owed.
    pub(crate) asked: bool,
    /// Whether the way was a second factor as well.
    pub(crate) second: bool,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) pool: Pool,
    hasher: Hasher,
    breached: Option<Breached>,
    lockout: Mutex<Lockout>,
    pub(crate) keys: Keys,
    pub(crate) waiting: Mutex<Waiting>,
    pub(crate) answered: Mutex<Answered>,
    config: Config,
    revoked: watch::Sender<u64>,
}

impl Way {
    const ALL: [Self; 4] = [Self::Password, Self::Provider, Self::Passkey, Self::Sealed];

    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Provider => "provider",
            Self::Passkey => "passkey",
            Self::Sealed => "sealed",
        }
    }

    /// Returns what a row's word names; one that a later program knew is none of ours.
    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == word)
    }
}

impl SignIn {
    /// Returns whether they proved who they are a short while ago.
    pub fn is_confirmed(&self, now: WallTime) -> bool {
        // What opened it is spent: there is nothing left to prove it by once more.
        self.way == Way::Sealed || now < self.confirmed.plus(CONFIRMED)
    }
}

impl SignIns {
    /// Opens the tables in `pool`; from `key` comes what signs and seals in them.
    pub async fn open(pool: Pool, key: &[u8; 32], config: Config) -> Result<Self, Error> {
        db::migrate(&pool, "signin", &migrations::all()).await?;
        let breached = config.breached_file.as_deref().map(Breached::open).transpose();
        let inner = Inner {
            pool,
            hasher: Hasher::new().await?,
            breached: breached.map_err(Error::Breached)?,
            lockout: Mutex::default(),
            keys: Keys::new(key),
            waiting: Mutex::default(),
            answered: Mutex::default(),
            config,
            revoked: watch::Sender::new(0),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Returns how much is asked of whoever signs in.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Makes a password for `user` to be used once, in place of any other, signs
    /// the person out everywhere, removes their passkeys and revokes what they let
    /// programs watch and ask by: whoever had their password may have made themselves
    /// one of those with it.
    pub async fn issue_one_time(
        &self,
        user: UserId,
        now: WallTime,
    ) -> Result<OneTimePassword, Error> {
        let password = OneTimePassword::new();
        let hash = self.inner.hasher.hash(password.letters().to_owned()).await?;
        self.keep(user, KIND_ONE_TIME, hash, now).await?;
        self.remove_passkeys(user).await?;
        self.revoke_user(user).await?;
        self.revoke_api_tokens(user).await?;
        stream_secret::revoke_all_of(user, &self.inner.pool).await?;
        Ok(password)
    }

    /// Lets nobody in as `user` any more: password, second factor, sign-ins and what
    /// they let programs watch and ask by are gone.
    pub async fn forget(&self, user: UserId) -> Result<(), Error> {
        credential::Entity::delete_by_id(user.0).exec(self.inner.pool.write()).await?;
        self.remove_second_factor(user).await?;
        self.unprovide(user).await?;
        self.restore(user).await?;
        self.revoke_api_tokens(user).await?;
        self.revoke_user(user).await?;
        stream_secret::revoke_all_of(user, &self.inner.pool).await
    }

    /// Returns whether `user` has chosen a password.
    pub async fn has_chosen(&self, user: UserId) -> Result<bool, Error> {
        Ok(self.credential(user).await?.is_some_and(|kept| kept.kind == KIND_CHOSEN))
    }

    /// Opens a sign-in for whoever typed the right password.
    pub async fn sign_in(&self, attempt: Attempt<'_>, now: WallTime) -> Result<Opened, Error> {
        let Attempt { name, user, password, device } = attempt;
        self.admit(name, device.address, now)?;
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
        self.lockout().succeeded(name, device.address);
        let user = UserId(kept.user);
        let asked = self.has_own_second_factor(user).await?;
        self.open_for(Opening { user, way: Way::Password, asked, second: false }, device, now).await
    }

    /// Returns the sign-in that a cookie opens, and notes that it was seen if it is
    /// somebody who asks: a page that nobody looks at asks by itself.
    pub async fn find(
        &self,
        cookie: &str,
        is_somebody: bool,
        now: WallTime,
    ) -> Result<Option<SignIn>, Error> {
        let Ok(cookie) = URL_SAFE_NO_PAD.decode(cookie) else { return Ok(None) };
        let row = sign_in::Entity::find()
            .filter(sign_in::Column::CookieSha256.eq(sha256(&cookie)))
            .one(self.inner.pool.read())
            .await?;
        self.still_open(row, is_somebody, now).await
    }

    /// Returns a sign-in by its id while it lasts; the way for a connection that
    /// outlives its request, and by which something is watched.
    pub async fn look(&self, id: SignInId, now: WallTime) -> Result<Option<SignIn>, Error> {
        let row = sign_in::Entity::find_by_id(id.0).one(self.inner.pool.read()).await?;
        self.still_open(row, true, now).await
    }

    /// Returns those of some sign-ins that last, each looked at as [`look`](Self::look) does.
    pub async fn look_all(
        &self,
        ids: impl IntoIterator<Item = SignInId>,
        now: WallTime,
    ) -> Result<HashSet<SignInId>, Error> {
        /// As many as a database takes in one question.
        const AT_ONCE: usize = 500;
        let ids: Vec<_> = ids.into_iter().map(|id| id.0).collect();
        let mut last = HashSet::new();
        for some in ids.chunks(AT_ONCE) {
            let asked = sign_in::Column::Id.is_in(some.iter().copied());
            let rows = sign_in::Entity::find().filter(asked).all(self.inner.pool.read()).await?;
            for row in rows {
                let open = self.still_open(Some(row), true, now).await?;
                last.extend(open.map(|sign_in| sign_in.id));
            }
        }
        Ok(last)
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
        self.has_not_leaked(&new).await?;
        let hash = self.inner.hasher.hash(new).await?;
        self.keep(sign_in.user, KIND_CHOSEN, hash, now).await?;
        self.note_confirmed(sign_in.id, now).await?;
        self.end_others(sign_in).await.map(drop)
    }

    /// Ends a sign-in.
    pub async fn sign_out(&self, id: SignInId) -> Result<(), Error> {
        self.revoke(Condition::all().add(sign_in::Column::Id.eq(id.0))).await.map(drop)
    }

    /// Ends all sign-ins of a person.
    pub async fn revoke_user(&self, user: UserId) -> Result<(), Error> {
        self.revoke(Condition::all().add(sign_in::Column::User.eq(user.0))).await.map(drop)
    }

    /// Returns a number that counts up whenever sign-ins were ended, so that what
    /// runs on one looks again whether it is still there.
    pub fn revocations(&self) -> watch::Receiver<u64> {
        self.inner.revoked.subscribe()
    }

    /// Returns the value that unsafe requests of this sign-in must carry.
    pub fn csrf(&self, id: SignInId) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.inner.keys.csrf, id.0.as_bytes()))
    }

    /// Returns whether `value` is what [`SignIns::csrf`] gave for this sign-in.
    pub fn csrf_holds(&self, id: SignInId, value: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(value)
            .is_ok_and(|value| hmac::verify(&self.inner.keys.csrf, id.0.as_bytes(), &value).is_ok())
    }

    pub(crate) fn admit(&self, name: &str, address: IpAddr, now: WallTime) -> Result<(), Error> {
        let admitted = self.lockout().attempt(name, address, now);
        admitted.map_err(|retry_after| Error::LockedOut { retry_after })
    }

    pub(crate) fn lockout(&self) -> std::sync::MutexGuard<'_, Lockout> {
        self.inner.lockout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses whoever does not know a person's password.
    pub(crate) async fn judge_password(
        &self,
        user: UserId,
        name: &str,
        password: String,
        address: IpAddr,
        now: WallTime,
    ) -> Result<(), Error> {
        self.admit(name, address, now)?;
        let kept = self.credential(user).await?.filter(|kept| kept.kind == KIND_CHOSEN);
        if !self.inner.hasher.verify(password, kept.map(|kept| kept.hash)).await? {
            return Err(Error::WrongCurrent);
        }
        self.lockout().succeeded(name, address);
        Ok(())
    }

    pub(crate) async fn note_confirmed(&self, id: SignInId, now: WallTime) -> Result<(), Error> {
        sign_in::Entity::update_many()
            .set(sign_in::ActiveModel {
                confirmed_us: Set(now.0),
                ..sign_in::ActiveModel::default()
            })
            .filter(sign_in::Column::Id.eq(id.0))
            .exec(self.inner.pool.write())
            .await?;
        Ok(())
    }

    /// Refuses a password that is in the list of those that leaked, if there is one.
    async fn has_not_leaked(&self, password: &str) -> Result<(), Error> {
        let Some(list) = self.inner.breached.clone() else { return Ok(()) };
        let password = password.to_owned();
        let looked = tokio::task::spawn_blocking(move || list.holds(&password)).await;
        let broken = |error: &dyn std::fmt::Display| {
            Error::Breached(format!("the list of passwords that leaked cannot be read: {error}"))
        };
        match looked.map_err(|error| broken(&error))?.map_err(|error| broken(&error))? {
            true => Err(Error::Weak(
                "the password has leaked somewhere, and is among the first that are tried; choose another"
                    .to_owned(),
            )),
            false => Ok(()),
        }
    }

    /// Returns whether somebody was ever given a password, of whatever kind.
    pub async fn was_given_a_password(&self, user: UserId) -> Result<bool, Error> {
        Ok(self.credential(user).await?.is_some())
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

    pub(crate) async fn open_for(
        &self,
        Opening { user, way, asked, second }: Opening,
        device: Device<'_>,
        now: WallTime,
    ) -> Result<Opened, Error> {
        // Those that ended by themselves are cleared here: there is no other
        // moment at which their number could grow.
        let config = &self.inner.config;
        let (longest, idle) = (config.longest(), config.idle(false));
        let sealed = sign_in::Column::Way.eq(Way::Sealed.as_str());
        let others = sign_in::Column::Way.ne(Way::Sealed.as_str());
        let sealed_over = sign_in::Column::OpenedUs.lte(now.minus(config.break_glass()).0);
        let over = Condition::any()
            .add(sign_in::Column::OpenedUs.lte(now.minus(longest).0))
            .add(sign_in::Column::SeenUs.lte(now.minus(idle).0));
        sign_in::Entity::delete_many()
            .filter(
                Condition::any()
                    .add(Condition::all().add(sealed).add(sealed_over))
                    .add(Condition::all().add(others).add(over)),
            )
            .exec(self.inner.pool.write())
            .await?;
        let mut cookie = [0; 32];
        aws_lc_rs::rand::fill(&mut cookie).expect("the system has randomness");
        let agent = device.agent;
        let row = sign_in::Model {
            id: SignInId::new().0,
            user: user.0,
            cookie_sha256: sha256(&cookie),
            asked,
            opened_us: now.0,
            seen_us: now.0,
            confirmed_us: now.0,
            address: device.address.to_string(),
            agent: agent[..agent.floor_char_boundary(LONGEST_AGENT)].to_owned(),
            way: way.as_str().to_owned(),
            second,
        };
        let written = sign_in::ActiveModel::from(row.clone());
        sign_in::Entity::insert(written).exec_without_returning(self.inner.pool.write()).await?;
        // Only now: whoever is suspended meanwhile has had their sign-ins ended.
        if self.is_suspended(user).await? {
            self.sign_out(SignInId(row.id)).await?;
            return Err(Error::WrongSignIn);
        }
        let sign_in = self.still_open(Some(row), false, now).await?;
        let sign_in = sign_in.ok_or(Error::WrongSignIn)?;
        Ok(Opened { sign_in, cookie: URL_SAFE_NO_PAD.encode(cookie) })
    }

    fn longest(&self, is_sealed: bool) -> Duration {
        let config = &self.inner.config;
        if is_sealed { config.break_glass() } else { config.longest() }
    }

    /// Returns whether a sign-in has not ended by itself.
    pub(crate) fn is_open(&self, row: &sign_in::Model, now: WallTime) -> bool {
        let (opened, seen) = (WallTime(row.opened_us), WallTime(row.seen_us));
        let config = &self.inner.config;
        let is_sealed = Way::of(&row.way) == Some(Way::Sealed);
        // What was opened by an envelope is not opened again by somebody who was away.
        now < opened.plus(self.longest(is_sealed))
            && (is_sealed || now < seen.plus(config.idle(false)))
            && (!row.asked || now < opened.plus(ASKED))
    }

    async fn still_open(
        &self,
        row: Option<sign_in::Model>,
        is_somebody: bool,
        now: WallTime,
    ) -> Result<Option<SignIn>, Error> {
        let Some(row) = row.filter(|row| self.is_open(row, now)) else { return Ok(None) };
        let seen = WallTime(row.seen_us);
        if is_somebody && now >= seen.plus(SEEN_STEP) {
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
        let Some(way) = Way::of(&row.way) else { return Ok(None) };
        let kept = self.credential(user).await?.map(|kept| kept.kind);
        if way == Way::Password && kept.is_none() {
            return Ok(None);
        }
        let has_password = kept.is_some_and(|kind| kind == KIND_CHOSEN);
        let (has_totp, has_passkey) = (self.has_totp(user).await?, self.has_passkeys(user).await?);
        Ok(Some(SignIn {
            id: SignInId(row.id),
            user,
            seen,
            ends: WallTime(row.opened_us).plus(self.longest(way == Way::Sealed)),
            confirmed: WallTime(row.confirmed_us),
            asked: row.asked,
            must_choose_password: way == Way::Password && !has_password,
            has_second_factor: row.second || has_totp || has_passkey,
            has_totp,
            has_passkey,
            way,
            has_password,
        }))
    }

    /// Ends sign-ins, tells who runs on one, and returns how many there were.
    pub(crate) async fn revoke(&self, which: Condition) -> Result<u64, Error> {
        let gone =
            sign_in::Entity::delete_many().filter(which).exec(self.inner.pool.write()).await?;
        if gone.rows_affected > 0 {
            self.inner.revoked.send_modify(|count| *count += 1);
        }
        Ok(gone.rows_affected)
    }
}

pub(crate) fn sha256(cookie: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, cookie).as_ref().to_vec()
}
