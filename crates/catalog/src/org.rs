//! Who owns sites: agencies, their units, enterprises, households.
//!
//! ```text
//! UBND Thành phố ──▶ UBND phường Ba Đình  00004   from 2025-07-01
//!       └──────────▶ Quận Ba Đình         001     until 2025-06-30, then 00004 00008 00025
//! ```
//!
//! Bodies are renamed, moved and dissolved, and what they did stays theirs: nothing
//! is taken out of the tree, it ends. What has ended holds nothing that lives.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::{Day, OrganisationId};
use sea_orm::EntityTrait;

use crate::catalog::Change;
use crate::{Camera, Catalog, Class, Error, LifeCycle, OrganisationKind, Tables, error, rows};

/// An owner of sites and people; organisations form a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// What kind of body it is.
    pub kind: OrganisationKind,
    /// Its official code; no two share one.
    pub code: Option<String>,
    /// Its name, as it is shown.
    pub name: String,
    /// Its name in English.
    pub name_en: Option<String>,
    /// Names that it had before, the latest last: it is found by them as well.
    pub former_names: Vec<String>,
    /// The organisation of which it is a unit.
    pub parent: Option<OrganisationId>,
    /// Its first day, if that is known.
    pub valid_from: Option<Day>,
    /// Its last day, if it has one.
    pub valid_until: Option<Day>,
    /// Who came after it.
    pub successors: BTreeSet<OrganisationId>,
}

/// An organisation to be added.
#[derive(Clone, Debug)]
pub struct NewOrganisation {
    /// What kind of body it is.
    pub kind: OrganisationKind,
    /// Its official code.
    pub code: Option<String>,
    /// Its name.
    pub name: String,
    /// Its name in English.
    pub name_en: Option<String>,
    /// The organisation of which it is a unit.
    pub parent: Option<OrganisationId>,
    /// Its first day.
    pub valid_from: Option<Day>,
    /// Its last day.
    pub valid_until: Option<Day>,
    /// Who came after it.
    pub successors: BTreeSet<OrganisationId>,
}

/// What of an organisation is to be another; what is nothing stays.
#[derive(Clone, Debug, Default)]
pub struct OrganisationChange {
    /// Another kind.
    pub kind: Option<OrganisationKind>,
    /// Another code, or none.
    pub code: Option<Option<String>>,
    /// Another name; the one it had is kept among the former ones.
    pub name: Option<String>,
    /// Another name in English, or none.
    pub name_en: Option<Option<String>>,
    /// Another organisation of which it is a unit, or none.
    pub parent: Option<Option<OrganisationId>>,
    /// Another first day, or none.
    pub valid_from: Option<Option<Day>>,
    /// Its last day, by which it ends; or none, by which it lives again.
    pub valid_until: Option<Option<Day>>,
    /// Who comes after it.
    pub successors: Option<BTreeSet<OrganisationId>>,
    /// To whom its units, sites and cameras go.
    pub move_to: Option<OrganisationId>,
}

/// How many former names are kept.
const FORMER_NAMES: usize = 20;

impl NewOrganisation {
    /// Returns one of which no more is known than its name and whose unit it is.
    pub fn named(name: impl Into<String>, parent: Option<OrganisationId>) -> Self {
        Self {
            kind: OrganisationKind::Other,
            code: None,
            name: name.into(),
            name_en: None,
            parent,
            valid_from: None,
            valid_until: None,
            successors: BTreeSet::new(),
        }
    }

    /// Returns it under an id of its own, if it can be kept.
    pub(crate) fn checked(self) -> Result<Organisation, Error> {
        Ok(Organisation {
            id: OrganisationId::new(),
            kind: self.kind,
            code: code(self.code)?,
            name: error::name("name", &self.name)?,
            name_en: name_en(self.name_en)?,
            former_names: Vec::new(),
            parent: self.parent,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            successors: self.successors,
        })
    }
}

impl Organisation {
    /// Returns whether it has a last day.
    pub fn has_ended(&self) -> bool {
        self.valid_until.is_some()
    }

    /// Returns it with what is wanted otherwise; whether that fits among the others is
    /// not asked, nor who takes what it has.
    pub(crate) fn merged(&self, wanted: OrganisationChange) -> Result<Self, Error> {
        let mut changed = self.clone();
        changed.kind = wanted.kind.unwrap_or(changed.kind);
        changed.code = wanted.code.map(code).transpose()?.unwrap_or(changed.code);
        changed.name_en = wanted.name_en.map(name_en).transpose()?.unwrap_or(changed.name_en);
        changed.parent = wanted.parent.unwrap_or(changed.parent);
        changed.valid_from = wanted.valid_from.unwrap_or(changed.valid_from);
        changed.valid_until = wanted.valid_until.unwrap_or(changed.valid_until);
        changed.successors = wanted.successors.unwrap_or(changed.successors);
        let name = wanted.name.map(|name| error::name("name", &name)).transpose()?;
        if let Some(name) = name.filter(|name| *name != changed.name) {
            changed.former_names.retain(|former| *former != name);
            changed.former_names.push(std::mem::replace(&mut changed.name, name));
            let too_many = changed.former_names.len().saturating_sub(FORMER_NAMES);
            changed.former_names.drain(..too_many);
        }
        Ok(changed)
    }
}

impl Catalog {
    /// Adds an organisation.
    pub async fn add_organisation(&self, new: NewOrganisation) -> Result<Organisation, Error> {
        let added = new.checked()?;
        let mut change = self.begin().await?;
        change.tables.fits(&added)?;
        let row = rows::organisation::ActiveModel::from(&added);
        rows::organisation::Entity::insert(row).exec_without_returning(&change.rows).await?;
        change.tables.organisations.insert(added.id, added.clone());
        change.commit().await?;
        Ok(added)
    }

    /// Changes an organisation: renames it, moves it, ends it.
    ///
    /// > One that ends has no living unit, site or camera, unless it is said to whom
    /// > they go.
    ///
    /// Cameras of the defence class that name it keep that name: a refusal would
    /// tell of them.
    pub async fn change_organisation(
        &self,
        id: OrganisationId,
        wanted: OrganisationChange,
    ) -> Result<Organisation, Error> {
        let move_to = wanted.move_to;
        let mut change = self.begin().await?;
        let there = change.tables.organisations.get(&id).ok_or(Error::NotFound("organisation"))?;
        let changed = there.merged(wanted)?;
        change.tables.fits(&changed)?;
        if let Some(to) = move_to {
            change.move_all(id, to).await?;
        }
        if changed.has_ended() {
            change.tables.is_empty(&changed)?;
        }
        let row = rows::organisation::ActiveModel::from(&changed);
        rows::organisation::Entity::update(row).exec(&change.rows).await?;
        change.tables.organisations.insert(id, changed.clone());
        change.commit().await?;
        Ok(changed)
    }
}

impl Change {
    /// Gives another organisation the units, sites and cameras of one.
    async fn move_all(&mut self, from: OrganisationId, to: OrganisationId) -> Result<(), Error> {
        self.tables.is_living("move_to", Some(to))?;
        if self.tables.is_within(to, from) {
            let message = "what an organisation has cannot go to itself or to a unit of it";
            return Err(Error::invalid("move_to", message));
        }
        for unit in self.tables.organisations.values_mut() {
            if unit.parent == Some(from) && !unit.has_ended() {
                unit.parent = Some(to);
                let row = rows::organisation::ActiveModel::from(&*unit);
                rows::organisation::Entity::update(row).exec(&self.rows).await?;
            }
        }
        for site in self.tables.sites.values_mut().filter(|site| site.organisation == from) {
            site.organisation = to;
            let row = rows::site::ActiveModel::from(&*site);
            rows::site::Entity::update(row).exec(&self.rows).await?;
        }
        for camera in self.tables.cameras.values_mut().filter(|camera| camera.names(from)) {
            let particulars = &mut Arc::make_mut(camera).particulars;
            let bodies = [
                &mut particulars.owner,
                &mut particulars.investor,
                &mut particulars.operator,
                &mut particulars.maintainer,
            ];
            bodies.into_iter().filter(|body| **body == Some(from)).for_each(|body| {
                *body = Some(to);
            });
            let row = rows::camera::ActiveModel::from(&**camera);
            rows::camera::Entity::update(row).exec(&self.rows).await?;
        }
        Ok(())
    }
}

impl Camera {
    /// Returns whether it lives and names an organisation.
    fn names(&self, organisation: OrganisationId) -> bool {
        let particulars = &self.particulars;
        particulars.life_cycle != LifeCycle::Retired
            && particulars.organisations().any(|one| one == organisation)
    }
}

impl Tables {
    /// Returns the organisation of an official code.
    pub fn organisation_of(&self, code: &str) -> Option<&Organisation> {
        let has = |one: &&Organisation| one.code.as_deref().is_some_and(|its| same(its, code));
        self.organisations.values().find(has)
    }

    /// Returns whether an organisation is another or a unit of it, however far below.
    pub fn is_within(&self, organisation: OrganisationId, of: OrganisationId) -> bool {
        let mut next = Some(organisation);
        // A tree has no circle, and what another program wrote may.
        for _ in 0..=self.organisations.len() {
            match next {
                Some(id) if id == of => return true,
                Some(id) => next = self.organisations.get(&id).and_then(|one| one.parent),
                None => return false,
            }
        }
        false
    }

    /// Refuses an organisation that is not there.
    pub(crate) fn there_is(&self, organisation: Option<OrganisationId>) -> Result<(), Error> {
        match organisation {
            Some(id) if !self.organisations.contains_key(&id) => {
                Err(Error::NotFound("organisation"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses one that is not there, or that takes nothing more as it has ended.
    pub(crate) fn is_living(
        &self,
        field: &'static str,
        organisation: Option<OrganisationId>,
    ) -> Result<(), Error> {
        self.there_is(organisation)?;
        let ended = organisation
            .and_then(|id| self.organisations.get(&id))
            .and_then(|one| one.valid_until.map(|day| (one, day)));
        let Some((one, day)) = ended else { return Ok(()) };
        let message = format!("{:?} has its last day on {day}; name who came after it", one.name);
        Err(Error::invalid(field, message))
    }

    /// Refuses an organisation that cannot stand in the tree as it is.
    pub(crate) fn fits(&self, new: &Organisation) -> Result<(), Error> {
        let is_moved = self.organisations.get(&new.id).is_none_or(|old| old.parent != new.parent);
        match new.parent {
            Some(parent) if is_moved && !new.has_ended() => {
                self.is_living("parent", Some(parent))?;
            }
            parent => self.there_is(parent)?,
        }
        if new.parent.is_some_and(|parent| self.is_within(parent, new.id)) {
            let message = "an organisation cannot be a unit of itself or of a unit of its own";
            return Err(Error::invalid("parent", message));
        }
        if let (Some(from), Some(until)) = (new.valid_from, new.valid_until)
            && from > until
        {
            let message = format!("its last day, {until}, is before its first, {from}");
            return Err(Error::invalid("valid_until", message));
        }
        for successor in &new.successors {
            self.there_is(Some(*successor))?;
            if *successor == new.id {
                return Err(Error::invalid("successors", "nobody comes after themselves"));
            }
        }
        let other = new.code.as_deref().and_then(|code| self.organisation_of(code));
        if let Some(other) = other.filter(|other| other.id != new.id) {
            let code = new.code.as_deref().unwrap_or_default();
            let message = format!("{:?} has the code {code} already", other.name);
            return Err(Error::Taken { field: "code", message });
        }
        Ok(())
    }

    /// Refuses to end an organisation with something that lives.
    pub(crate) fn is_empty(&self, ending: &Organisation) -> Result<(), Error> {
        let id = ending.id;
        let units = self.organisations.values();
        let units = units.filter(|one| one.parent == Some(id) && !one.has_ended()).count();
        let sites = self.sites.values().filter(|site| site.organisation == id).count();
        // Whoever ends it need not know of those of defence.
        let cameras = self.cameras.values().filter(|camera| camera.class == Class::Ordinary);
        let cameras = cameras.filter(|camera| camera.names(id)).count();
        if units + sites + cameras == 0 {
            return Ok(());
        }
        let message = format!(
            "{:?} still has units: {units}, sites: {sites}, cameras: {cameras}; \
             say in move_to whose they are from then on, or move them first",
            ending.name
        );
        Err(Error::InUse { field: "valid_until", message })
    }
}

/// Returns a code as it is kept, where an empty one is none.
fn code(code: Option<String>) -> Result<Option<String>, Error> {
    let Some(code) = code.map(|code| code.trim().to_owned()).filter(|code| !code.is_empty()) else {
        return Ok(None);
    };
    let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_/".contains(letter);
    if code.len() > 32 || !code.chars().all(plain) {
        let message = "a code has up to 32 letters A–Z, digits, or . - _ /";
        return Err(Error::invalid("code", message));
    }
    Ok(Some(code))
}

fn name_en(name: Option<String>) -> Result<Option<String>, Error> {
    name.filter(|name| !name.trim().is_empty())
        .map(|name| error::name("name_en", &name))
        .transpose()
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
