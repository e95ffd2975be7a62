//! The catalog itself: the rows in SQL, and the copy of them in memory.
//!
//! ```text
//!            change ──▶ transaction ──commit──▶ new copy swapped in ──▶ version + 1
//! lists, decisions ───────────────────────────▶ the copy there is, never a row
//! ```
//!
//! One change at a time; readers hold an `Arc` of the copy they began with and
//! wait for nobody.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use base::{
    AgreementId, CameraId, Day, GrantId, GroupId, OrganisationId, PermissionSetId, SiteId,
    StreamId, UserId,
};
use db::Pool;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use crate::camera;
use crate::find::Folded;
use crate::rows;
use crate::user::fold;
use crate::{
    Agreement, Camera, CameraChange, Class, Error, Facts, Grant, Group, IntendedStream, NewCamera,
    Organisation, Particulars, PasswordChange, PermissionSet, Policy, Rights, SealKey, Site,
    Stream, StreamChange, User, World, error, migrations,
};

/// What people said. Clones share it.
#[derive(Clone, Debug)]
pub struct Catalog {
    inner: Arc<Inner>,
}

/// All rows at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// The organisations.
    pub organisations: BTreeMap<OrganisationId, Organisation>,
    /// The sites.
    pub sites: BTreeMap<SiteId, Site>,
    /// The cameras.
    pub cameras: BTreeMap<CameraId, Arc<Camera>>,
    /// The people.
    pub users: BTreeMap<UserId, User>,
    /// The groups.
    pub groups: BTreeMap<GroupId, Group>,
    /// The grants.
    pub grants: BTreeMap<GrantId, Arc<Grant>>,
    /// The sets of permissions.
    pub permission_sets: BTreeMap<PermissionSetId, PermissionSet>,
    /// The agreements.
    pub agreements: BTreeMap<AgreementId, Arc<Agreement>>,
    /// The rules, by version.
    pub policies: BTreeMap<u32, Policy>,
}

#[derive(Debug)]
struct Inner {
    pool: Pool,
    key: SealKey,
    current: RwLock<Current>,
    /// Held while rows change; in it, the version of others' writes last seen.
    changing: Arc<Mutex<Option<i64>>>,
    version: watch::Sender<u64>,
}

/// The rows of one commit.
#[derive(Clone, Debug)]
struct Current {
    tables: Arc<Tables>,
    /// Compiled when somebody asks; what changes nobody's rights shares it.
    world: Arc<OnceLock<Arc<World>>>,
    /// Folded when somebody searches.
    folded: Arc<OnceLock<Arc<Folded>>>,
    /// What was folded of an earlier commit.
    folded_before: Option<Arc<Folded>>,
}

/// A change under way: rows and copy are changed together or not at all.
pub(crate) struct Change {
    inner: Arc<Inner>,
    pub(crate) tables: Tables,
    pub(crate) rows: DatabaseTransaction,
    /// Whether everybody may do afterwards what they might before.
    pub(crate) same_rights: bool,
    _turn: OwnedMutexGuard<Option<i64>>,
}

impl Catalog {
    /// Opens the catalog in `pool`; passwords are sealed under `key`. Steps that are
    /// due run `today`.
    pub async fn open(pool: Pool, key: SealKey, today: Day) -> Result<Self, Error> {
        db::migrate(&pool, "catalog", &migrations::all(today)).await?;
        let current = RwLock::new(Current::new(read(&pool, &key).await?));
        let (changing, version) = (Arc::default(), watch::Sender::new(1));
        Ok(Self { inner: Arc::new(Inner { pool, key, current, changing, version }) })
    }

    /// Takes up what another process has written, such as `khue camera add`
    /// beside a running server. Costs one small question where there is nothing.
    pub async fn refresh(&self) -> Result<(), Error> {
        let mut foreign = self.inner.changing.clone().lock_owned().await;
        let version = self.inner.pool.foreign_version().await?;
        if *foreign == Some(version) {
            return Ok(());
        }
        let tables = read(&self.inner.pool, &self.inner.key).await?;
        *foreign = Some(version);
        if *self.tables() != tables {
            self.inner.put(self.inner.current().next(tables));
            self.inner.version.send_modify(|version| *version += 1);
        }
        Ok(())
    }

    /// Returns all rows as they stand at this moment.
    pub fn tables(&self) -> Arc<Tables> {
        self.inner.current().tables
    }

    /// Returns all that decisions are made of at this moment.
    pub fn world(&self) -> Arc<World> {
        self.inner.current().world()
    }

    /// Makes what decisions and searches rest on, before the first of them asks: half
    /// a second in a whole city. Blocks.
    pub fn warm(&self) {
        let current = self.inner.current();
        current.world();
        current.folded();
    }

    /// Returns what a person's search goes by, as of one commit: all rows, what they may
    /// do, what cameras are found by.
    pub(crate) fn finding(&self, user: UserId) -> Option<(Arc<Tables>, Arc<Rights>, Arc<Folded>)> {
        let current = self.inner.current();
        Some((current.tables.clone(), current.rights(user)?, current.folded()))
    }

    /// Returns what a person may do, if there is such a person.
    pub fn rights(&self, user: UserId) -> Option<Arc<Rights>> {
        self.inner.current().rights(user)
    }

    /// Returns a version that counts up with each change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.version.subscribe()
    }

    /// Returns the camera of this id.
    pub fn camera(&self, id: CameraId) -> Option<Arc<Camera>> {
        self.tables().cameras.get(&id).cloned()
    }

    /// Returns the person of this id.
    pub fn user(&self, id: UserId) -> Option<User> {
        self.tables().users.get(&id).cloned()
    }

    /// Returns the person who signs in by this name, in whatever case it is typed.
    pub fn user_by_name(&self, name: &str) -> Option<User> {
        let name = fold(name);
        self.tables().users.values().find(|user| user.name == name).cloned()
    }

    /// Returns the streams that shall be recorded, with all it takes to reach them.
    pub fn intended_streams(&self) -> Vec<IntendedStream> {
        let tables = self.tables();
        let recorded = tables.cameras.values().filter(|camera| camera.recording);
        recorded
            .flat_map(|camera| camera.streams.iter().map(|stream| intent(camera, stream)))
            .collect()
    }

    /// Adds a camera with its streams.
    pub async fn add_camera(&self, camera: NewCamera) -> Result<Arc<Camera>, Error> {
        let mut change = self.begin().await?;
        let numbers = Numbers::of(&change.tables);
        let added = Arc::new(change.tables.new_camera(camera, &numbers)?);
        change.write_cameras(std::slice::from_ref(&added)).await?;
        change.tables.cameras.insert(added.id, added.clone());
        change.commit().await?;
        Ok(added)
    }

    /// Changes a camera.
    pub async fn change_camera(
        &self,
        id: CameraId,
        wanted: CameraChange,
    ) -> Result<Arc<Camera>, Error> {
        let mut change = self.begin().await?;
        let there = change.tables.cameras.get(&id).cloned().ok_or(Error::NotFound("camera"))?;
        let another_class = wanted.class.is_some_and(|class| class != there.class);
        let numbers = match wanted.number.is_some() || another_class {
            true => Numbers::of(&change.tables),
            false => Numbers::default(),
        };
        let changed = Arc::new(change.tables.changed_camera(&there, wanted, &numbers)?);
        change.write_changed(&there, &changed).await?;
        change.tables.cameras.insert(id, changed.clone());
        change.commit().await?;
        Ok(changed)
    }

    /// Removes a camera and its streams; what they recorded stays in the store.
    pub async fn remove_camera(&self, id: CameraId) -> Result<(), Error> {
        let mut change = self.begin().await?;
        change.tables.cameras.remove(&id).ok_or(Error::NotFound("camera"))?;
        rows::camera::Entity::delete_by_id(id.0).exec(&change.rows).await?;
        change.commit().await
    }

    /// Notes what a stream turned out to carry; says so to nobody if it is no news.
    pub async fn note_facts(&self, stream: StreamId, facts: Facts) -> Result<(), Error> {
        let mut change = self.begin().await?;
        let cameras = &mut change.tables.cameras;
        let of = |camera: &&mut Arc<Camera>| camera.streams.iter().any(|one| one.id == stream);
        let camera = cameras.values_mut().find(of).ok_or(Error::NotFound("stream"))?;
        if camera.streams.iter().any(|one| one.id == stream && one.facts.as_ref() == Some(&facts)) {
            return Ok(());
        }
        let noted = Arc::make_mut(camera);
        for one in noted.streams.iter_mut().filter(|one| one.id == stream) {
            one.facts = Some(facts.clone());
        }
        let noted = camera.clone();
        change.same_rights = true;
        change.write_streams(&noted).await?;
        change.commit().await
    }

    pub(crate) async fn begin(&self) -> Result<Change, Error> {
        let turn = self.inner.changing.clone().lock_owned().await;
        let rows = self.inner.pool.begin().await?;
        let tables = Tables::clone(&self.tables());
        Ok(Change { inner: self.inner.clone(), tables, rows, same_rights: false, _turn: turn })
    }
}

impl Inner {
    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, current: Current) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
    }
}

impl Current {
    fn new(tables: Tables) -> Self {
        let (tables, world) = (Arc::new(tables), Arc::default());
        Self { tables, world, folded: Arc::default(), folded_before: None }
    }

    /// Returns the rows of the commit after this one.
    fn next(self, tables: Tables) -> Self {
        let folded_before = self.folded.get().cloned().or(self.folded_before);
        Self { folded_before, ..Self::new(tables) }
    }

    fn folded(&self) -> Arc<Folded> {
        let fold = || Folded::new(&self.tables, self.folded_before.as_deref());
        self.folded.get_or_init(|| Arc::new(fold())).clone()
    }

    fn rights(&self, user: UserId) -> Option<Arc<Rights>> {
        self.tables.users.get(&user).map(|user| self.world().rights(user))
    }

    fn world(&self) -> Arc<World> {
        self.world.get_or_init(|| Arc::new(World::new(&self.tables))).clone()
    }
}

impl Change {
    /// Makes rows and copy agree with what was changed.
    ///
    /// In a task of its own: whoever asked may go away at any moment, and between
    /// the commit and the swap that must not leave the copy behind the rows.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        let Self { inner, tables, rows, same_rights, _turn: turn } = self;
        let committing = tokio::spawn(async move {
            rows.commit().await?;
            let current = inner.current();
            let world = current.world.clone();
            let mut next = current.next(tables);
            if same_rights {
                next.world = world;
            }
            inner.put(next);
            inner.version.send_modify(|version| *version += 1);
            drop(turn);
            Ok(())
        });
        match committing.await {
            Ok(result) => result,
            // The runtime is shutting down; a panic is not possible in there.
            Err(_) => Err(sea_orm::DbErr::Custom("the program is stopping".to_owned()).into()),
        }
    }

    /// Writes new cameras with their streams.
    pub(crate) async fn write_cameras(&self, cameras: &[Arc<Camera>]) -> Result<(), Error> {
        // SQLite takes 32,766 values at once.
        for some in cameras.chunks(500) {
            let all = some.iter().map(|camera| rows::camera::ActiveModel::from(&**camera));
            rows::camera::Entity::insert_many(all).exec_without_returning(&self.rows).await?;
            let key = &self.inner.key;
            let streams = some.iter().flat_map(|camera| {
                camera.streams.iter().map(|stream| rows::stream_row(camera.id, stream, key))
            });
            rows::stream::Entity::insert_many(streams).exec_without_returning(&self.rows).await?;
        }
        Ok(())
    }

    /// Writes what is another in a camera than it was.
    pub(crate) async fn write_changed(&self, before: &Camera, after: &Camera) -> Result<(), Error> {
        rows::camera::Entity::update(rows::camera::ActiveModel::from(after))
            .exec(&self.rows)
            .await?;
        if before.streams != after.streams {
            self.write_streams(after).await?;
        }
        Ok(())
    }

    /// Writes the streams of `camera` over those that stand in its rows.
    async fn write_streams(&self, camera: &Camera) -> Result<(), Error> {
        rows::stream::Entity::delete_many()
            .filter(rows::stream::Column::Camera.eq(camera.id.0))
            .exec(&self.rows)
            .await?;
        let key = &self.inner.key;
        let all = camera.streams.iter().map(|stream| rows::stream_row(camera.id, stream, key));
        rows::stream::Entity::insert_many(all).exec_without_returning(&self.rows).await?;
        Ok(())
    }
}

impl Tables {
    /// Returns a camera as it is added, if it can be.
    pub(crate) fn new_camera(&self, new: NewCamera, numbers: &Numbers) -> Result<Camera, Error> {
        if !self.sites.contains_key(&new.site) {
            return Err(Error::NotFound("site"));
        }
        self.names_living(&new.particulars, None)?;
        let number = match new.number {
            Some(number) => numbers.free(camera::number(number, new.class)?, None)?,
            None => numbers.next(new.class)?,
        };
        new.checked(number)
    }

    /// Returns a camera as it is changed, if it can be. `numbers` are asked where
    /// another number or class is wanted.
    pub(crate) fn changed_camera(
        &self,
        there: &Camera,
        wanted: CameraChange,
        numbers: &Numbers,
    ) -> Result<Camera, Error> {
        let mut changed = there.clone();
        changed.class = wanted.class.unwrap_or(changed.class);
        if let Some(number) = wanted.number {
            let number = camera::number(number, changed.class)?;
            changed.number = numbers.free(number, Some(there.id))?;
        } else if changed.class != there.class {
            changed.number = numbers.next(changed.class)?;
        }
        if let Some(name) = wanted.name {
            changed.name = error::name("name", &name)?;
        }
        if let Some(site) = wanted.site {
            if !self.sites.contains_key(&site) {
                return Err(Error::NotFound("site"));
            }
            changed.site = site;
        }
        if let Some(make) = wanted.make {
            changed.make = camera::make(make)?;
        }
        if let Some(retention) = wanted.retention {
            changed.retention = retention.checked()?;
        }
        changed.recording = wanted.recording.unwrap_or(changed.recording);
        changed.link = wanted.link.unwrap_or(changed.link);
        changed.sound = wanted.sound.unwrap_or(changed.sound);
        changed.particulars = there.particulars.changed(wanted.particulars)?;
        if let Some(streams) = wanted.streams {
            changed.streams = changed_streams(&changed.streams, streams)?;
        }
        self.names_living(&changed.particulars, Some(&there.particulars))?;
        if changed.particulars.is_settled() {
            changed.inherited_until = None;
        }
        let goes_on = there.recording && changed.inherited_until.is_some();
        if changed.recording && !goes_on {
            changed.particulars.may_record()?;
        }
        Ok(changed)
    }

    /// Refuses to name organisations that are not there, or that have ended and were
    /// not named before.
    fn names_living(&self, new: &Particulars, old: Option<&Particulars>) -> Result<(), Error> {
        let bodies = |of: &Particulars| [of.owner, of.investor, of.operator, of.maintainer];
        let before = old.map_or([None; 4], bodies);
        let fields = ["owner", "investor", "operator", "maintainer"];
        for ((field, body), before) in fields.into_iter().zip(bodies(new)).zip(before) {
            if body != before {
                self.is_living(field, body)?;
            }
        }
        Ok(())
    }
}

/// Which camera has which number.
#[derive(Default)]
pub(crate) struct Numbers {
    taken: BTreeMap<u32, Arc<Camera>>,
}

impl Numbers {
    pub(crate) fn of(tables: &Tables) -> Self {
        let taken = tables.cameras.values().map(|camera| (camera.number, camera.clone()));
        Self { taken: taken.collect() }
    }

    /// From now on this camera has its number.
    pub(crate) fn take(&mut self, camera: &Arc<Camera>) {
        self.taken.insert(camera.number, camera.clone());
    }

    /// From now on nobody has this number.
    pub(crate) fn give_back(&mut self, number: u32) {
        self.taken.remove(&number);
    }

    /// Returns `number` if no camera but `camera` has it.
    fn free(&self, number: u32, camera: Option<CameraId>) -> Result<u32, Error> {
        let other = self.taken.get(&number).filter(|other| Some(other.id) != camera);
        let Some(other) = other else { return Ok(number) };
        let message = match other.class {
            Class::Ordinary => format!("camera {:?} has the number {number} already", other.name),
            // Whoever keeps some of that class need not know of the others.
            Class::Defence => format!("the number {number} is taken"),
        };
        Err(Error::Taken { field: "number", message })
    }

    /// Returns the number after the highest of a class, or the lowest that is free.
    fn next(&self, class: Class) -> Result<u32, Error> {
        let mut numbers = camera::numbers(class);
        let highest = self.taken.range(numbers.clone()).next_back();
        let next = highest.map_or(*numbers.start(), |(highest, _)| highest + 1);
        if numbers.contains(&next) {
            return Ok(next);
        }
        numbers.find(|number| !self.taken.contains_key(number)).ok_or_else(|| Error::Taken {
            field: "number",
            message: "all numbers are taken".to_owned(),
        })
    }
}

/// Returns the streams as they shall be; a role that stays keeps its stream.
fn changed_streams(there: &[Stream], wanted: Vec<StreamChange>) -> Result<Vec<Stream>, Error> {
    camera::roles(wanted.iter().map(|stream| stream.role))?;
    let mut streams = Vec::new();
    for StreamChange { role, url, user, password } in wanted {
        let url = camera::address(&url)?;
        let before = there.iter().find(|stream| stream.role == role);
        let password = match password {
            PasswordChange::Set(password) => password,
            PasswordChange::Keep => {
                let kept = before.and_then(|before| before.password.clone());
                let moved = before.is_some_and(|before| before.url.host() != url.host());
                // Nobody can read a password here; sending it to a host of one's
                // choice would be a way to.
                if kept.is_some() && moved {
                    return Err(Error::invalid(
                        "password",
                        "the address names another host; enter the password again",
                    ));
                }
                kept
            }
        };
        let (user, password) = camera::credentials(user, password)?;
        let same = before.filter(|before| before.url == url);
        let facts = same.and_then(|before| before.facts.clone());
        let id = before.map_or_else(StreamId::new, |before| before.id);
        streams.push(Stream { id, role, url, user, password, facts });
    }
    streams.sort_by_key(|stream| stream.role);
    Ok(streams)
}

fn intent(camera: &Camera, stream: &Stream) -> IntendedStream {
    // Sound is fetched once, with the best picture there is.
    let brings_sound = camera.streams.first().is_some_and(|first| first.id == stream.id);
    IntendedStream {
        stream: stream.id,
        camera: camera.id,
        role: stream.role,
        url: stream.url.clone(),
        user: stream.user.clone(),
        password: stream.password.clone(),
        link: camera.link.clone(),
        sound: camera.sound_stream().filter(|_| brings_sound),
    }
}

async fn read(pool: &Pool, key: &SealKey) -> Result<Tables, Error> {
    let rows = pool.read();
    let mut tables = Tables::default();
    for row in rows::group::Entity::find().all(rows).await? {
        let (id, members) = (GroupId(row.id), Default::default());
        tables.groups.insert(id, Group { id, name: row.name, members });
    }
    for row in rows::member::Entity::find().all(rows).await? {
        if let Some(group) = tables.groups.get_mut(&GroupId(row.people_group)) {
            group.members.insert(UserId(row.person));
        }
    }
    for row in rows::grant::Entity::find().all(rows).await? {
        let grant = Grant::try_from(row)?;
        tables.grants.insert(grant.id, Arc::new(grant));
    }
    for row in rows::permission_set::Entity::find().all(rows).await? {
        let set = PermissionSet::try_from(row)?;
        tables.permission_sets.insert(set.id, set);
    }
    for row in rows::agreement::Entity::find().all(rows).await? {
        let agreement = Agreement::try_from(row)?;
        tables.agreements.insert(agreement.id, Arc::new(agreement));
    }
    for row in rows::policy::Entity::find().all(rows).await? {
        let policy = Policy::try_from(row)?;
        tables.policies.insert(policy.version, policy);
    }
    for row in rows::organisation::Entity::find().all(rows).await? {
        let organisation = Organisation::try_from(row)?;
        tables.organisations.insert(organisation.id, organisation);
    }
    for row in rows::site::Entity::find().all(rows).await? {
        let site = Site::try_from(row)?;
        tables.sites.insert(site.id, site);
    }
    for row in rows::person::Entity::find().all(rows).await? {
        let user = User::try_from(row)?;
        tables.users.insert(user.id, user);
    }
    let mut cameras = BTreeMap::new();
    for row in rows::camera::Entity::find().all(rows).await? {
        let camera = Camera::try_from(row)?;
        cameras.insert(camera.id, camera);
    }
    // In order of role, so that main stands before sub.
    let streams = rows::stream::Entity::find().order_by_asc(rows::stream::Column::Role);
    for row in streams.all(rows).await? {
        let camera = CameraId(row.camera);
        let stream = rows::read_stream(row, key)?;
        if let Some(camera) = cameras.get_mut(&camera) {
            camera.streams.push(stream);
        }
    }
    tables.cameras = cameras.into_iter().map(|(id, camera)| (id, Arc::new(camera))).collect();
    Ok(tables)
}
