//! Who owns sites: agencies, their units, enterprises, households.

use base::OrganisationId;
use sea_orm::EntityTrait;

use crate::{Catalog, Error, error, rows};

/// An owner of sites and people; organisations form a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// Its name, as it is shown.
    pub name: String,
    /// The organisation of which it is a unit.
    pub parent: Option<OrganisationId>,
}

impl Catalog {
    /// Adds an organisation, as a unit of `parent` if one is given.
    pub async fn add_organisation(
        &self,
        name: &str,
        parent: Option<OrganisationId>,
    ) -> Result<Organisation, Error> {
        let name = error::name("name", name)?;
        let mut change = self.begin().await?;
        change.tables.there_is(parent)?;
        let added = Organisation { id: OrganisationId::new(), name, parent };
        let row = rows::organisation::ActiveModel::from(&added);
        rows::organisation::Entity::insert(row).exec_without_returning(&change.rows).await?;
        change.tables.organisations.insert(added.id, added.clone());
        change.commit().await?;
        Ok(added)
    }
}
