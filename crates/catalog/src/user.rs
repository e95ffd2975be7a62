//! A person with a name to sign in by.
//!
//! The password is `signin`'s; what the person may do is `decide.rs`'s.

use base::{OrganisationId, UserId};
use sea_orm::EntityTrait;

use crate::{Catalog, Error, Subject, error, rows};

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// What they sign in by, in lower case.
    pub name: String,
    /// What others see.
    pub display_name: String,
    /// What they are here to do.
    pub role: Role,
    /// Whom they work for, if that was said.
    pub organisation: Option<OrganisationId>,
    /// Whether they sign agreements for it.
    pub signatory: bool,
}

/// A person to be added.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// What they sign in by; case does not matter.
    pub name: String,
    /// What others see.
    pub display_name: String,
    /// What they are here to do.
    pub role: Role,
    /// Whom they work for, if that was said.
    pub organisation: Option<OrganisationId>,
}

/// What of a person is to be another; what is nothing stays.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// What others see.
    pub display_name: Option<String>,
    /// What they are here to do.
    pub role: Option<Role>,
    /// Whom they work for, or nobody.
    pub organisation: Option<Option<OrganisationId>>,
    /// Whether they sign agreements for it.
    pub signatory: Option<bool>,
}

/// What a person is here to do. No role holds everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Configures; holds no video.
    Administrator,
    /// Holds what grants give, which may be video; nothing without.
    Operator,
    /// Reads who did what; sees no camera.
    Auditor,
}

impl Role {
    /// Returns the word that rows and the API use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
        }
    }

    /// Reads the word that [`Role::as_str`] writes.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Administrator, Self::Operator, Self::Auditor]
            .into_iter()
            .find(|role| role.as_str() == word)
    }
}

impl NewUser {
    /// Checks and cleans what was typed.
    pub(crate) fn checked(self) -> Result<Self, Error> {
        let name = fold(&self.name);
        // Plain letters, so that no two names look alike and none needs a
        // special keyboard; the display name takes any.
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-@".contains(letter);
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            return Err(Error::invalid(
                "name",
                "a name to sign in by has 1 to 64 letters a–z, digits, or . _ - @",
            ));
        }
        let display_name = error::name("display_name", &self.display_name)?;
        Ok(Self { name, display_name, ..self })
    }
}

impl Catalog {
    /// Adds a person; the password is `signin`'s to make.
    pub async fn add_user(&self, user: NewUser) -> Result<User, Error> {
        let NewUser { name, display_name, role, organisation } = user.checked()?;
        let mut change = self.begin().await?;
        if change.tables.users.values().any(|other| other.name == name) {
            let message = format!("somebody signs in by the name {name} already");
            return Err(Error::Taken { field: "name", message });
        }
        change.tables.there_is(organisation)?;
        let (id, signatory) = (UserId::new(), false);
        let added = User { id, name, display_name, role, organisation, signatory };
        let row = rows::person::ActiveModel::from(&added);
        rows::person::Entity::insert(row).exec_without_returning(&change.rows).await?;
        change.tables.users.insert(added.id, added.clone());
        change.commit().await?;
        Ok(added)
    }

    /// Changes a person. By what they sign in stays: it stands in the audit.
    pub async fn change_user(&self, id: UserId, wanted: UserChange) -> Result<User, Error> {
        let display_name =
            wanted.display_name.map(|name| error::name("display_name", &name)).transpose()?;
        let mut change = self.begin().await?;
        change.tables.there_is(wanted.organisation.flatten())?;
        let user = change.tables.users.get_mut(&id).ok_or(Error::NotFound("user"))?;
        user.organisation = wanted.organisation.unwrap_or(user.organisation);
        user.signatory = wanted.signatory.unwrap_or(user.signatory);
        if user.signatory && user.organisation.is_none() {
            let words = "whoever signs for a body works for one; say for which";
            return Err(Error::invalid("signatory", words));
        }
        user.role = wanted.role.unwrap_or(user.role);
        user.display_name = display_name.unwrap_or_else(|| user.display_name.clone());
        let user = user.clone();
        rows::person::Entity::update(rows::person::ActiveModel::from(&user))
            .exec(&change.rows)
            .await?;
        change.commit().await?;
        Ok(user)
    }

    /// Removes a person, with what they were given.
    pub async fn remove_user(&self, id: UserId) -> Result<(), Error> {
        let mut change = self.begin().await?;
        change.tables.users.remove(&id).ok_or(Error::NotFound("user"))?;
        for group in change.tables.groups.values_mut() {
            group.members.remove(&id);
        }
        change.forget(Subject::User(id)).await?;
        rows::person::Entity::delete_by_id(id.0).exec(&change.rows).await?;
        change.commit().await
    }
}

/// Returns the form of a name under which it is stored and looked for.
pub(crate) fn fold(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str) -> NewUser {
        let display_name = "Nguyễn Thị Hồng".to_owned();
        NewUser { name: name.to_owned(), display_name, role: Role::Operator, organisation: None }
    }

    #[test]
    fn the_case_of_a_name_does_not_matter() {
        assert_eq!(new(" Hong.NT@ca ").checked().unwrap().name, "hong.nt@ca");
    }

    #[test]
    fn a_name_that_could_look_like_another_is_refused() {
        for name in ["", " ", "hồng", "hong nt", "һong", &"a".repeat(65)] {
            let refusal = new(name).checked().unwrap_err().to_string();
            assert!(refusal.starts_with("a name to sign in by has 1 to 64 letters"), "{name:?}");
        }
    }

    #[test]
    fn a_role_reads_back_from_its_word() {
        for role in [Role::Administrator, Role::Operator, Role::Auditor] {
            assert_eq!(Role::of(role.as_str()), Some(role));
        }
        assert_eq!(Role::of("Operator"), None);
    }
}
