//! Acts that are given together, under a name an office knows: a ward officer's, a
//! traffic controller's.
//!
//! > A grant that follows a set gives what the set says, also after the set was
//! > changed. One of the defence class then waits anew for somebody to agree.
//!
//! The list begins with the duties that the city's documents name, laid by the step
//! `sharing`; all of it is people's to change.

use base::PermissionSetId;
use sea_orm::EntityTrait;

use crate::catalog::Change;
use crate::{Actions, Catalog, Class, Error, error, grant, rows};

/// A set of permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionSet {
    /// Its id.
    pub id: PermissionSetId,
    /// Its name, as it is shown; no two sets share one.
    pub name: String,
    /// Its name in English, if it has one.
    pub name_en: Option<String>,
    /// What whoever holds it may do.
    pub actions: Actions,
    /// Who steers where several want to: the higher, 1 to 9.
    pub ptz_priority: u8,
    /// The finest picture, in lines; any, if not said.
    pub most_lines: Option<u16>,
    /// How many days back footage is played or taken out; all there is, if not said.
    pub playback_days: Option<u16>,
}

/// A set to be added, or as one shall be.
#[derive(Clone, Debug)]
pub struct NewPermissionSet {
    /// Its name.
    pub name: String,
    /// Its name in English.
    pub name_en: Option<String>,
    /// What it gives.
    pub actions: Actions,
    /// Who steers where several want to.
    pub ptz_priority: u8,
    /// The finest picture, in lines.
    pub most_lines: Option<u16>,
    /// How many days back.
    pub playback_days: Option<u16>,
}

impl Catalog {
    /// Adds a set.
    pub async fn add_permission_set(&self, set: NewPermissionSet) -> Result<PermissionSet, Error> {
        let mut change = self.begin().await?;
        let added = change.permission_set(PermissionSetId::new(), set)?;
        let row = rows::permission_set::ActiveModel::from(&added);
        rows::permission_set::Entity::insert(row).exec_without_returning(&change.rows).await?;
        change.tables.permission_sets.insert(added.id, added.clone());
        change.commit().await?;
        Ok(added)
    }

    /// Changes a set, and with it all that was given by it.
    pub async fn change_permission_set(
        &self,
        id: PermissionSetId,
        set: NewPermissionSet,
    ) -> Result<PermissionSet, Error> {
        let mut change = self.begin().await?;
        let there = change.tables.permission_sets.get(&id);
        let there = there.ok_or(Error::NotFound("permission set"))?.clone();
        let changed = change.permission_set(id, set)?;
        let row = rows::permission_set::ActiveModel::from(&changed);
        rows::permission_set::Entity::update(row).exec(&change.rows).await?;
        let gives_as_before = PermissionSet {
            name: there.name.clone(),
            name_en: there.name_en.clone(),
            ..changed.clone()
        } == there;
        if !gives_as_before {
            let all = change.tables.grants.values();
            let follow = all.filter(|grant| grant.terms.permission_set == Some(id));
            let follow: Vec<_> = follow.cloned().collect();
            for mut grant in follow {
                let changing = std::sync::Arc::make_mut(&mut grant);
                changing.terms.follow(&changed);
                // What somebody agreed to was another thing.
                changing.agreed =
                    changing.agreed.filter(|_| changing.terms.class == Class::Ordinary);
                change.write_grant(&grant).await?;
            }
        }
        change.tables.permission_sets.insert(id, changed.clone());
        change.commit().await?;
        Ok(changed)
    }

    /// Removes a set by which nothing is given.
    pub async fn remove_permission_set(&self, id: PermissionSetId) -> Result<PermissionSet, Error> {
        let mut change = self.begin().await?;
        let all = change.tables.grants.values();
        let using = all.filter(|grant| grant.terms.permission_set == Some(id)).count();
        if using > 0 {
            let message = format!("{using} grants follow this set; revoke them first");
            return Err(Error::InUse { field: "id", message });
        }
        let removed = change.tables.permission_sets.remove(&id);
        let removed = removed.ok_or(Error::NotFound("permission set"))?;
        rows::permission_set::Entity::delete_by_id(id.0).exec(&change.rows).await?;
        change.commit().await?;
        Ok(removed)
    }
}

impl Change {
    /// Returns a set that says something, under a name that no other has.
    fn permission_set(
        &self,
        id: PermissionSetId,
        set: NewPermissionSet,
    ) -> Result<PermissionSet, Error> {
        let NewPermissionSet { name, name_en, actions, ptz_priority, most_lines, playback_days } =
            set;
        let name = error::name("name", &name)?;
        let name_en = name_en.filter(|name| !name.trim().is_empty());
        let name_en = name_en.map(|name| error::name("name_en", &name)).transpose()?;
        let mut others = self.tables.permission_sets.values().filter(|other| other.id != id);
        if others.any(|other| other.name == name) {
            let message = format!("there is a set {name:?} already");
            return Err(Error::Taken { field: "name", message });
        }
        grant::gives_something(actions, ptz_priority)?;
        grant::limits(most_lines, playback_days)?;
        Ok(PermissionSet { id, name, name_en, actions, ptz_priority, most_lines, playback_days })
    }
}
