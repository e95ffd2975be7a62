//! Many organisations, sites or cameras at once: all that a table says, or nothing.
//!
//! ```text
//! rows ──known by──▶ code, or name and whose unit        organisations
//!                    name and whose it is                sites
//!                    id, which its number leads to       cameras
//!        ──▶ of each: added, changed, the same, or why not
//! ```
//!
//! What a table has no column for stays as it is. Which columns there are and how a
//! cell is read is `api`'s.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use base::{CameraId, Day, OrganisationId, SiteId, fold};
use sea_orm::EntityTrait;

use crate::catalog::{Change, Numbers};
use crate::{
    Camera, CameraChange, Catalog, Error, NewCamera, NewOrganisation, NewSite, Organisation,
    OrganisationChange, OrganisationKind, Position, Site, SiteCategory, SiteChange, Tables, rows,
};

/// How many rows are written at once: SQLite takes 32,766 values.
const AT_ONCE: usize = 500;

/// What came of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Laid<T> {
    /// It was not there.
    Added(T),
    /// It was there, and is another.
    Changed {
        /// As it was.
        before: T,
        /// As it is from now on.
        after: T,
    },
    /// It was there as the row says.
    Same(T),
}

/// A row of a table of organisations. It is known by its code; without one, by its name
/// and whose unit it is.
#[derive(Clone, Debug, Default)]
pub struct OrganisationRow {
    /// Its official code.
    pub code: Option<String>,
    /// Its name.
    pub name: String,
    /// What kind of body it is; a new one is of another kind if not said.
    pub kind: Option<OrganisationKind>,
    /// Its name in English, or none.
    pub name_en: Option<Option<String>>,
    /// The code or the name of the organisation of which it is a unit, or none. It may
    /// stand further down in the table.
    pub parent: Option<Option<String>>,
    /// Its first day, or none.
    pub valid_from: Option<Option<Day>>,
    /// Its last day, or none.
    pub valid_until: Option<Option<Day>>,
    /// The codes or the names of who came after it.
    pub successors: Option<Vec<String>>,
}

/// A row of a table of sites. One is known by its name and whose it is.
#[derive(Clone, Debug)]
pub struct SiteRow {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// What kind of place it is; a new one is of another kind if not said.
    pub category: Option<SiteCategory>,
    /// The official code of its ward, or none.
    pub ward: Option<Option<String>>,
    /// How to find it, or nothing.
    pub address: Option<Option<String>>,
    /// Where it is, or nowhere that is known.
    pub position: Option<Option<Position>>,
}

/// A row of a table of cameras.
#[derive(Clone, Debug)]
pub enum CameraRow {
    /// One that is not there yet.
    New(Box<NewCamera>),
    /// One that is there, and what of it shall be different.
    Change(CameraId, Box<CameraChange>),
}

/// What came of each row, in their order.
type Outcomes<T> = Vec<Result<Laid<T>, Error>>;

impl Catalog {
    /// Takes the organisations of a table, if each of its rows can be; otherwise none,
    /// and says of each why not. Where they are not to be kept, that is all it does.
    pub async fn take_organisations(
        &self,
        rows: Vec<OrganisationRow>,
        keep: bool,
    ) -> Result<Outcomes<Organisation>, Error> {
        let mut change = self.begin().await?;
        let outcomes = change.tables.take_organisations(rows);
        if keep && outcomes.iter().all(Result::is_ok) {
            change.write_organisations(outcomes.iter().flatten()).await?;
            change.commit().await?;
        }
        Ok(outcomes)
    }

    /// The same for sites.
    pub async fn take_sites(
        &self,
        rows: Vec<SiteRow>,
        keep: bool,
    ) -> Result<Outcomes<Site>, Error> {
        let mut change = self.begin().await?;
        let outcomes = change.tables.take_sites(rows);
        if keep && outcomes.iter().all(Result::is_ok) {
            change.write_sites(outcomes.iter().flatten()).await?;
            change.commit().await?;
        }
        Ok(outcomes)
    }

    /// The same for cameras.
    pub async fn take_cameras(
        &self,
        rows: Vec<CameraRow>,
        keep: bool,
    ) -> Result<Outcomes<Arc<Camera>>, Error> {
        let mut change = self.begin().await?;
        let outcomes = change.tables.take_cameras(rows);
        if keep && outcomes.iter().all(Result::is_ok) {
            change.write_laid_cameras(outcomes.iter().flatten()).await?;
            change.commit().await?;
        }
        Ok(outcomes)
    }
}

impl<T> Laid<T> {
    /// Returns it as it is from now on.
    pub fn after(&self) -> &T {
        match self {
            Self::Added(after) | Self::Changed { after, .. } | Self::Same(after) => after,
        }
    }
}

impl<T: PartialEq> Laid<T> {
    fn of(before: Option<T>, after: T) -> Self {
        match before {
            None => Self::Added(after),
            Some(before) if before == after => Self::Same(after),
            Some(before) => Self::Changed { before, after },
        }
    }
}

impl Tables {
    fn take_organisations(&mut self, rows: Vec<OrganisationRow>) -> Outcomes<Organisation> {
        let mut names = Names::of(self);
        let mut taken: HashMap<OrganisationId, Option<Organisation>> = HashMap::new();
        let mut ids: Vec<Result<OrganisationId, Error>> =
            rows.iter().map(|_| Err(Error::NotFound("organisation"))).collect();
        for at in order(&rows) {
            ids[at] = self.take_organisation(&rows[at], &mut names, &mut taken);
        }
        // Who comes after a body may stand anywhere, and its units may go elsewhere in a
        // row below.
        for (row, id) in rows.iter().zip(&mut ids) {
            let Ok(known) = id else { continue };
            let settled = self.settle(*known, row, &names);
            if let Err(error) = settled {
                *id = Err(error);
            }
        }
        let mut laid = |id| {
            let after = self.organisations.get(&id).cloned();
            let after = after.ok_or(Error::NotFound("organisation"))?;
            Ok(Laid::of(taken.remove(&id).flatten(), after))
        };
        ids.into_iter().map(|id| id.and_then(&mut laid)).collect()
    }

    /// Adds or changes the organisation of a row, but for who comes after it.
    fn take_organisation(
        &mut self,
        row: &OrganisationRow,
        names: &mut Names,
        taken: &mut HashMap<OrganisationId, Option<Organisation>>,
    ) -> Result<OrganisationId, Error> {
        let parent = match &row.parent {
            Some(Some(name)) => Some(Some(names.one("parent", name)?)),
            Some(None) => Some(None),
            None => None,
        };
        let there = self.known_as(row, parent, names)?;
        let after = match there {
            Some(there) => there.merged(OrganisationChange {
                kind: row.kind,
                // A row without a code says nothing of it.
                code: row.code.clone().map(Some),
                name: Some(row.name.clone()),
                name_en: row.name_en.clone(),
                parent,
                valid_from: row.valid_from,
                valid_until: row.valid_until,
                ..OrganisationChange::default()
            })?,
            None => NewOrganisation {
                kind: row.kind.unwrap_or(OrganisationKind::Other),
                code: row.code.clone(),
                name_en: row.name_en.clone().flatten(),
                valid_from: row.valid_from.flatten(),
                valid_until: row.valid_until.flatten(),
                ..NewOrganisation::named(row.name.clone(), parent.flatten())
            }
            .checked()?,
        };
        let before = there.cloned();
        if taken.contains_key(&after.id) {
            let message = format!("another row of the table is about {:?}", after.name);
            return Err(Error::Taken { field: "name", message });
        }
        self.fits(&after)?;
        let id = after.id;
        before.iter().for_each(|before| names.forget(before));
        names.add(&after);
        taken.insert(id, before);
        self.organisations.insert(id, after);
        Ok(id)
    }

    /// Returns the organisation that a row is about, if it is there.
    fn known_as(
        &self,
        row: &OrganisationRow,
        parent: Option<Option<OrganisationId>>,
        names: &Names,
    ) -> Result<Option<&Organisation>, Error> {
        let code = row.code.as_deref().map(str::trim).filter(|code| !code.is_empty());
        if let Some(there) = code.and_then(|code| self.organisation_of(code)) {
            return Ok(Some(there));
        }
        // One that has a code is another than a row without, or with another code.
        let fits = |one: &&Organisation| {
            one.code.is_none() && parent.is_none_or(|parent| one.parent == parent)
        };
        let named = names.all(&row.name).iter().filter_map(|id| self.organisations.get(id));
        let mut named = named.filter(fits);
        let (first, second) = (named.next(), named.next());
        match second {
            Some(_) => {
                let message = "several organisations have this name; say whose unit it is";
                Err(Error::invalid("name", message))
            }
            None => Ok(first),
        }
    }

    /// Says who comes after an organisation, and refuses one that has ended and has
    /// something that lives.
    fn settle(
        &mut self,
        id: OrganisationId,
        row: &OrganisationRow,
        names: &Names,
    ) -> Result<(), Error> {
        let one = self.organisations.get(&id).ok_or(Error::NotFound("organisation"))?;
        let mut settled = one.clone();
        if let Some(successors) = &row.successors {
            let ids = successors.iter().map(|name| names.one("successors", name));
            settled.successors = ids.collect::<Result<BTreeSet<_>, _>>()?;
            self.fits(&settled)?;
        }
        if settled.has_ended() {
            self.is_empty(&settled)?;
        }
        self.organisations.insert(id, settled);
        Ok(())
    }

    fn take_sites(&mut self, rows: Vec<SiteRow>) -> Outcomes<Site> {
        let mut known: HashMap<(OrganisationId, String), Vec<SiteId>> = HashMap::new();
        for site in self.sites.values() {
            known.entry((site.organisation, fold(&site.name))).or_default().push(site.id);
        }
        let mut taken = HashSet::new();
        let mut take = |row: SiteRow| {
            let ids = known.entry((row.organisation, fold(&row.name))).or_default();
            let before = match ids.as_slice() {
                [] => None,
                [id] => self.sites.get(id).cloned(),
                _ => {
                    let message = "the organisation has several sites of this name; \
                                   rename all but one";
                    return Err(Error::invalid("name", message));
                }
            };
            let SiteRow { name, organisation, category, ward, address, position } = row;
            let after = match &before {
                Some(there) => self.changed_site(
                    there,
                    SiteChange {
                        name: Some(name),
                        organisation: None,
                        category,
                        ward,
                        address,
                        position,
                    },
                )?,
                None => self.new_site(NewSite {
                    category: category.unwrap_or(SiteCategory::Other),
                    ward: ward.flatten(),
                    address: address.flatten(),
                    position: position.flatten(),
                    ..NewSite::named(name, organisation)
                })?,
            };
            if !taken.insert(after.id) {
                let message = format!("another row of the table is about {:?}", after.name);
                return Err(Error::Taken { field: "name", message });
            }
            if before.is_none() {
                ids.push(after.id);
            }
            self.sites.insert(after.id, after.clone());
            Ok(Laid::of(before, after))
        };
        rows.into_iter().map(&mut take).collect()
    }

    fn take_cameras(&mut self, rows: Vec<CameraRow>) -> Outcomes<Arc<Camera>> {
        let mut numbers = Numbers::of(self);
        let mut taken = HashSet::new();
        let mut outcomes: Vec<_> = rows.iter().map(|_| Err(Error::NotFound("camera"))).collect();
        // Those that say their number have it; the others have what is left.
        let is_free = |row: &CameraRow| matches!(row, CameraRow::New(new) if new.number.is_none());
        let (free, said): (Vec<_>, Vec<_>) =
            rows.into_iter().enumerate().partition(|(_, row)| is_free(row));
        for (at, row) in said.into_iter().chain(free) {
            let laid = match row {
                CameraRow::New(new) => self.new_camera(*new, &numbers).map(|new| (None, new)),
                CameraRow::Change(id, wanted) => self.cameras.get(&id).cloned().map_or_else(
                    || Err(Error::NotFound("camera")),
                    |there| match taken.insert(id) {
                        true => self
                            .changed_camera(&there, *wanted, &numbers)
                            .map(|after| (Some(there), after)),
                        false => {
                            let (field, number) = ("number", there.number);
                            let message =
                                format!("another row of the table is about number {number}");
                            Err(Error::Taken { field, message })
                        }
                    },
                ),
            };
            outcomes[at] = laid.map(|(before, after)| {
                let after = Arc::new(after);
                if let Some(before) = &before {
                    numbers.give_back(before.number);
                }
                numbers.take(&after);
                self.cameras.insert(after.id, after.clone());
                Laid::of(before, after)
            });
        }
        outcomes
    }
}

impl Change {
    async fn write_organisations(
        &self,
        laid: impl Iterator<Item = &Laid<Organisation>>,
    ) -> Result<(), Error> {
        let (added, changed) = parted(laid);
        for some in added.chunks(AT_ONCE) {
            let all = some.iter().map(|one| rows::organisation::ActiveModel::from(*one));
            rows::organisation::Entity::insert_many(all).exec_without_returning(&self.rows).await?;
        }
        for one in changed {
            let row = rows::organisation::ActiveModel::from(one);
            rows::organisation::Entity::update(row).exec(&self.rows).await?;
        }
        Ok(())
    }

    async fn write_sites(&self, laid: impl Iterator<Item = &Laid<Site>>) -> Result<(), Error> {
        let (added, changed) = parted(laid);
        for some in added.chunks(AT_ONCE) {
            let all = some.iter().map(|one| rows::site::ActiveModel::from(*one));
            rows::site::Entity::insert_many(all).exec_without_returning(&self.rows).await?;
        }
        for one in changed {
            let row = rows::site::ActiveModel::from(one);
            rows::site::Entity::update(row).exec(&self.rows).await?;
        }
        Ok(())
    }

    async fn write_laid_cameras(
        &self,
        laid: impl Iterator<Item = &Laid<Arc<Camera>>>,
    ) -> Result<(), Error> {
        let mut added = Vec::new();
        for one in laid {
            match one {
                Laid::Added(camera) => added.push(camera.clone()),
                Laid::Changed { before, after } => self.write_changed(before, after).await?,
                Laid::Same(_) => {}
            }
        }
        self.write_cameras(&added).await
    }
}

/// Returns what was added, and what was changed.
fn parted<'a, T: 'a>(laid: impl Iterator<Item = &'a Laid<T>>) -> (Vec<&'a T>, Vec<&'a T>) {
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for one in laid {
        match one {
            Laid::Added(after) => added.push(after),
            Laid::Changed { after, .. } => changed.push(after),
            Laid::Same(_) => {}
        }
    }
    (added, changed)
}

/// Which organisations have a code or a name, folded.
struct Names(HashMap<String, Vec<OrganisationId>>);

impl Names {
    fn of(tables: &Tables) -> Self {
        let mut names = Self(HashMap::new());
        tables.organisations.values().for_each(|one| names.add(one));
        names
    }

    fn add(&mut self, one: &Organisation) {
        for name in one.code.iter().chain([&one.name]) {
            let all = self.0.entry(fold(name)).or_default();
            if !all.contains(&one.id) {
                all.push(one.id);
            }
        }
    }

    fn forget(&mut self, one: &Organisation) {
        for name in one.code.iter().chain([&one.name]) {
            if let Some(all) = self.0.get_mut(&fold(name)) {
                all.retain(|id| *id != one.id);
            }
        }
    }

    fn all(&self, name: &str) -> &[OrganisationId] {
        self.0.get(&fold(name)).map_or(&[], Vec::as_slice)
    }

    /// Returns the organisation that a cell names by its code or its name.
    fn one(&self, field: &'static str, name: &str) -> Result<OrganisationId, Error> {
        match self.all(name) {
            [one] => Ok(*one),
            [] => {
                let message = format!("no organisation has the code or the name {name:?}");
                Err(Error::invalid(field, message))
            }
            _ => {
                let message = format!("several organisations are named {name:?}; write its code");
                Err(Error::invalid(field, message))
            }
        }
    }
}

/// Returns the rows in an order in which none is before the one whose unit it is.
fn order(rows: &[OrganisationRow]) -> Vec<usize> {
    let mut known: HashMap<String, usize> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        known.entry(fold(&row.name)).or_insert(at);
    }
    for (at, row) in rows.iter().enumerate() {
        if let Some(code) = &row.code {
            known.insert(fold(code), at);
        }
    }
    let mut placed = vec![false; rows.len()];
    let mut order = Vec::with_capacity(rows.len());
    for start in 0..rows.len() {
        let (mut way, mut next) = (Vec::new(), Some(start));
        // A circle ends at a row that is placed already; that it is one is found later.
        while let Some(at) = next.filter(|at| !placed[*at]) {
            placed[at] = true;
            way.push(at);
            let parent = rows[at].parent.as_ref().and_then(Option::as_ref);
            next = parent.and_then(|name| known.get(&fold(name))).copied();
        }
        order.extend(way.into_iter().rev());
    }
    order
}
