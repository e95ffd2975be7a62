//! Some people who share their rights: a shift, a team.

use std::collections::BTreeSet;

use base::{GroupId, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::catalog::Change;
use crate::{Catalog, Error, Subject, error, rows};

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name, as it is shown; no two groups share one.
    pub name: String,
    /// Who is in it.
    pub members: BTreeSet<UserId>,
}

impl Catalog {
    /// Adds a group of some people.
    pub async fn add_group(&self, name: &str, members: BTreeSet<UserId>) -> Result<Group, Error> {
        let mut change = self.begin().await?;
        let added = Group { id: GroupId::new(), name: change.group_name(name, None)?, members };
        let row = rows::group::ActiveModel { id: Set(added.id.0), name: Set(added.name.clone()) };
        rows::group::Entity::insert(row).exec_without_returning(&change.rows).await?;
        change.write_members(&added).await?;
        change.tables.groups.insert(added.id, added.clone());
        change.commit().await?;
        Ok(added)
    }

    /// Gives a group another name or other members. `to` is told the group as it is at
    /// that moment: what others change meanwhile is neither undone nor lost. Returns it
    /// as it was and as it is.
    pub async fn change_group(
        &self,
        id: GroupId,
        to: impl FnOnce(&mut Group),
    ) -> Result<(Group, Group), Error> {
        let mut change = self.begin().await?;
        let before = change.tables.groups.get(&id).ok_or(Error::NotFound("group"))?.clone();
        let mut group = before.clone();
        to(&mut group);
        group.id = id;
        group.name = change.group_name(&group.name, Some(id))?;
        if group == before {
            return Ok((before, group));
        }
        let row = rows::group::ActiveModel { id: Set(id.0), name: Set(group.name.clone()) };
        rows::group::Entity::update(row).exec(&change.rows).await?;
        change.write_members(&group).await?;
        change.tables.groups.insert(id, group.clone());
        change.commit().await?;
        Ok((before, group))
    }

    /// Puts a person into a group or takes them out; returns the group if that
    /// changed anything. Who else is in it stays, whoever changes that meanwhile.
    pub async fn set_member(
        &self,
        id: GroupId,
        user: UserId,
        is_member: bool,
    ) -> Result<Option<Group>, Error> {
        let mut change = self.begin().await?;
        let group = change.tables.groups.get_mut(&id).ok_or(Error::NotFound("group"))?;
        let changed = match is_member {
            true => group.members.insert(user),
            false => group.members.remove(&user),
        };
        if !changed {
            return Ok(None);
        }
        let group = group.clone();
        change.write_members(&group).await?;
        change.commit().await?;
        Ok(Some(group))
    }

    /// Removes a group, with what it was given.
    pub async fn remove_group(&self, id: GroupId) -> Result<Group, Error> {
        let mut change = self.begin().await?;
        let removed = change.tables.groups.remove(&id).ok_or(Error::NotFound("group"))?;
        let lent = change
            .tables
            .agreements
            .values()
            .find(|one| one.terms.people == Some(id) && one.ended.is_none());
        if let Some(lent) = lent {
            let message =
                format!("agreement {} lends to this group; end it first", lent.terms.number);
            return Err(Error::InUse { field: "id", message });
        }
        change.forget(Subject::Group(id)).await?;
        rows::group::Entity::delete_by_id(id.0).exec(&change.rows).await?;
        change.commit().await?;
        Ok(removed)
    }
}

impl Change {
    /// Returns a name that no other group has.
    fn group_name(&self, name: &str, of: Option<GroupId>) -> Result<String, Error> {
        let name = error::name("name", name)?;
        let mut others = self.tables.groups.values().filter(|group| Some(group.id) != of);
        if others.any(|group| group.name == name) {
            let message = format!("there is a group {name:?} already");
            return Err(Error::Taken { field: "name", message });
        }
        Ok(name)
    }

    /// Writes the members of a group over those that stand in its rows.
    async fn write_members(&self, group: &Group) -> Result<(), Error> {
        if !group.members.iter().all(|member| self.tables.users.contains_key(member)) {
            return Err(Error::NotFound("user"));
        }
        rows::member::Entity::delete_many()
            .filter(rows::member::Column::PeopleGroup.eq(group.id.0))
            .exec(&self.rows)
            .await?;
        let all = group.members.iter().map(|member| rows::member::ActiveModel {
            people_group: Set(group.id.0),
            person: Set(member.0),
        });
        if !group.members.is_empty() {
            rows::member::Entity::insert_many(all).exec_without_returning(&self.rows).await?;
        }
        Ok(())
    }
}
