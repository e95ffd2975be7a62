//! Where cameras hang.

use base::{OrganisationId, SiteId};
use sea_orm::EntityTrait;

use crate::{Catalog, Error, error, rows};

/// A place with cameras.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Its name, as it is shown.
    pub name: String,
    /// Who owns it.
    pub organisation: OrganisationId,
}

impl Catalog {
    /// Adds a site.
    pub async fn add_site(&self, name: &str, organisation: OrganisationId) -> Result<Site, Error> {
        let name = error::name("name", name)?;
        let mut change = self.begin().await?;
        change.tables.there_is(Some(organisation))?;
        let added = Site { id: SiteId::new(), name, organisation };
        let row = rows::site::ActiveModel::from(&added);
        rows::site::Entity::insert(row).exec_without_returning(&change.rows).await?;
        change.tables.sites.insert(added.id, added.clone());
        change.commit().await?;
        Ok(added)
    }
}
