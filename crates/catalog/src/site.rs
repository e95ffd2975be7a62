//! Where cameras hang.

use base::{OrganisationId, SiteId};
use sea_orm::EntityTrait;

use crate::particulars::text;
use crate::{Catalog, Error, OrganisationKind, SiteCategory, Tables, error, rows};

/// A place with cameras.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Its name, as it is shown.
    pub name: String,
    /// Who owns it.
    pub organisation: OrganisationId,
    /// What kind of place it is.
    pub category: SiteCategory,
    /// The official code of the ward or commune that it lies in.
    pub ward: Option<String>,
    /// How to find it.
    pub address: Option<String>,
    /// Where it is.
    pub position: Option<Position>,
}

/// A place on the map (WGS 84), in millionths of a degree: some 10 cm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// North of the equator.
    pub lat_udeg: i32,
    /// East of Greenwich.
    pub lon_udeg: i32,
}

/// A site to be added.
#[derive(Clone, Debug)]
pub struct NewSite {
    /// Its name.
    pub name: String,
    /// Who owns it.
    pub organisation: OrganisationId,
    /// What kind of place it is.
    pub category: SiteCategory,
    /// The official code of its ward.
    pub ward: Option<String>,
    /// How to find it.
    pub address: Option<String>,
    /// Where it is.
    pub position: Option<Position>,
}

/// What of a site is to be another; what is nothing stays.
#[derive(Clone, Debug, Default)]
pub struct SiteChange {
    /// Another name.
    pub name: Option<String>,
    /// Another owner.
    pub organisation: Option<OrganisationId>,
    /// Another category.
    pub category: Option<SiteCategory>,
    /// Another ward, or none.
    pub ward: Option<Option<String>>,
    /// Another address, or none.
    pub address: Option<Option<String>>,
    /// Another place on the map, or none.
    pub position: Option<Option<Position>>,
}

impl Position {
    /// Returns the place of a latitude and a longitude in degrees, if there is one.
    pub fn of(latitude: f64, longitude: f64) -> Result<Self, Error> {
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(Error::invalid("latitude", "a latitude is from -90 to 90 degrees"));
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(Error::invalid("longitude", "a longitude is from -180 to 180 degrees"));
        }
        // Within what was just checked, both fit.
        let udeg = |degrees: f64| (degrees * 1e6).round() as i32;
        Ok(Self { lat_udeg: udeg(latitude), lon_udeg: udeg(longitude) })
    }

    /// Returns its latitude in degrees.
    pub fn latitude(self) -> f64 {
        f64::from(self.lat_udeg) / 1e6
    }

    /// Returns its longitude in degrees.
    pub fn longitude(self) -> f64 {
        f64::from(self.lon_udeg) / 1e6
    }
}

impl NewSite {
    /// Returns one of which no more is known than its name and whose it is.
    pub fn named(name: impl Into<String>, organisation: OrganisationId) -> Self {
        let (category, name) = (SiteCategory::Other, name.into());
        Self { name, organisation, category, ward: None, address: None, position: None }
    }
}

impl Catalog {
    /// Adds a site.
    pub async fn add_site(&self, new: NewSite) -> Result<Site, Error> {
        let mut change = self.begin().await?;
        let added = change.tables.new_site(new)?;
        let row = rows::site::ActiveModel::from(&added);
        rows::site::Entity::insert(row).exec_without_returning(&change.rows).await?;
        change.tables.sites.insert(added.id, added.clone());
        change.commit().await?;
        Ok(added)
    }

    /// Changes a site.
    pub async fn change_site(&self, id: SiteId, wanted: SiteChange) -> Result<Site, Error> {
        let mut change = self.begin().await?;
        let there = change.tables.sites.get(&id).ok_or(Error::NotFound("site"))?;
        let changed = change.tables.changed_site(there, wanted)?;
        let row = rows::site::ActiveModel::from(&changed);
        rows::site::Entity::update(row).exec(&change.rows).await?;
        change.tables.sites.insert(id, changed.clone());
        change.commit().await?;
        Ok(changed)
    }
}

impl Tables {
    /// Returns a site as it is added, if it can be.
    pub(crate) fn new_site(&self, new: NewSite) -> Result<Site, Error> {
        self.is_living("organisation", Some(new.organisation))?;
        Ok(Site {
            id: SiteId::new(),
            name: error::name("name", &new.name)?,
            organisation: new.organisation,
            category: new.category,
            ward: self.ward(new.ward)?,
            address: text("address", new.address)?,
            position: new.position,
        })
    }

    /// Returns a site as it is changed, if it can be.
    pub(crate) fn changed_site(&self, there: &Site, wanted: SiteChange) -> Result<Site, Error> {
        let mut changed = there.clone();
        if wanted.organisation.is_some_and(|one| one != changed.organisation) {
            self.is_living("organisation", wanted.organisation)?;
        }
        if let Some(name) = wanted.name {
            changed.name = error::name("name", &name)?;
        }
        changed.organisation = wanted.organisation.unwrap_or(changed.organisation);
        changed.category = wanted.category.unwrap_or(changed.category);
        if let Some(ward) = wanted.ward {
            changed.ward = self.ward(ward)?;
        }
        if let Some(address) = wanted.address {
            changed.address = text("address", address)?;
        }
        changed.position = wanted.position.unwrap_or(changed.position);
        Ok(changed)
    }

    /// Returns the code of a ward as it stands with its committee; none for none.
    pub(crate) fn ward(&self, code: Option<String>) -> Result<Option<String>, Error> {
        let Some(code) = code.filter(|code| !code.trim().is_empty()) else { return Ok(None) };
        let ward = self.organisation_of(code.trim());
        match ward.filter(|one| one.kind == OrganisationKind::WardCommittee) {
            Some(ward) => Ok(ward.code.clone()),
            None => {
                let message = format!(
                    "no ward or commune has the code {:?}; give the five digits of one that is \
                     among the organisations",
                    code.trim()
                );
                Err(Error::invalid("ward", message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_on_the_globe_and_reads_back() {
        let hoan_kiem = Position::of(21.028_511, 105.852_4).unwrap();
        assert_eq!((hoan_kiem.lat_udeg, hoan_kiem.lon_udeg), (21_028_511, 105_852_400));
        let again = Position::of(hoan_kiem.latitude(), hoan_kiem.longitude()).unwrap();
        assert_eq!(again, hoan_kiem);
        assert!(Position::of(-90.0, 180.0).is_ok());
        // Latitude and longitude mistaken for one another.
        let words = Position::of(105.85, 21.03).unwrap_err().to_string();
        assert_eq!(words, "a latitude is from -90 to 90 degrees");
        assert!(Position::of(0.0, 180.1).is_err() && Position::of(f64::NAN, 0.0).is_err());
    }
}
