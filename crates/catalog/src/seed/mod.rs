//! The bodies that a city's catalog begins with: those of the city, its wards and
//! communes with their police, and the districts that were there before.
//!
//! They are laid once, by their codes, and are people's to change from then on:
//! what has a code of the list is left as it is. `SOURCES.md` says where the list
//! comes from.

use base::Day;
use sea_orm::EntityTrait;

use crate::{Catalog, Error, NewOrganisation, Organisation, OrganisationKind, rows};

/// In the order in which each row names only rows above it.
const ORGANISATIONS: &str = include_str!("organisations.csv");

/// A row of the list.
struct Row {
    new: NewOrganisation,
    code: &'static str,
    parent: &'static str,
    successors: &'static str,
}

impl Catalog {
    /// Adds those bodies of the list whose codes nobody has, and returns them.
    pub async fn lay_organisations(&self) -> Result<Vec<Organisation>, Error> {
        let mut change = self.begin().await?;
        let mut laid = Vec::new();
        for row in list() {
            if change.tables.organisation_of(row.code).is_some() {
                continue;
            }
            let of = |code: &str| change.tables.organisation_of(code).map(|one| one.id);
            let added = NewOrganisation {
                parent: of(row.parent),
                successors: row.successors.split(' ').filter_map(of).collect(),
                ..row.new
            };
            let added = added.checked()?;
            change.tables.organisations.insert(added.id, added.clone());
            laid.push(added);
        }
        if laid.is_empty() {
            return Ok(laid);
        }
        let rows = laid.iter().map(rows::organisation::ActiveModel::from);
        rows::organisation::Entity::insert_many(rows).exec_without_returning(&change.rows).await?;
        change.commit().await?;
        Ok(laid)
    }
}

/// Returns the rows of the list.
fn list() -> impl Iterator<Item = Row> {
    ORGANISATIONS.lines().skip(1).map(|line| {
        // No field of the list holds a comma; a test reads it.
        let mut fields = line.split(',');
        let mut next = || fields.next().unwrap_or_default();
        let (code, kind, name, name_en) = (next(), next(), next(), next());
        let (parent, from, until, successors) = (next(), next(), next(), next());
        let new = NewOrganisation {
            kind: OrganisationKind::of(kind).unwrap_or(OrganisationKind::Other),
            code: Some(code.to_owned()),
            name_en: Some(name_en.to_owned()),
            valid_from: from.parse::<Day>().ok(),
            valid_until: until.parse::<Day>().ok(),
            ..NewOrganisation::named(name, None)
        };
        Row { new, code, parent, successors }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use base::OrganisationId;

    use super::*;
    use crate::Tables;

    #[test]
    fn every_row_is_whole_and_names_only_rows_above_it() {
        let mut tables = Tables::default();
        let header = "code,kind,name,name_en,parent,valid_from,valid_until,successors";
        assert_eq!(ORGANISATIONS.lines().next(), Some(header));
        for (line, row) in ORGANISATIONS.lines().skip(1).zip(list()) {
            let fields: Vec<_> = line.split(',').collect();
            assert_eq!(fields.len(), 8, "{line}");
            assert_eq!(row.new.kind.as_str(), fields[1], "{line}");
            let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
            assert_eq!(
                (day(row.new.valid_from).as_str(), day(row.new.valid_until).as_str()),
                (fields[5], fields[6])
            );
            let of = |code: &str| tables.organisation_of(code).map(|one| one.id);
            assert_eq!(of(row.parent).is_some(), !row.parent.is_empty(), "{line}");
            let successors: Vec<OrganisationId> =
                row.successors.split_whitespace().map(|code| of(code).unwrap()).collect();
            let new = NewOrganisation {
                parent: of(row.parent),
                successors: successors.into_iter().collect(),
                ..row.new
            };
            let added = new.checked().unwrap();
            tables.fits(&added).unwrap();
            tables.organisations.insert(added.id, added);
        }
        let mut kinds: BTreeMap<_, usize> = BTreeMap::new();
        for one in tables.organisations.values() {
            *kinds.entry(one.kind.as_str()).or_default() += 1;
        }
        assert_eq!(
            (kinds["ward_committee"], kinds["ward_police"], kinds["district"]),
            (126, 126, 30)
        );
        let wards = tables.organisations.values();
        let wards = wards.filter(|one| one.kind == OrganisationKind::WardCommittee);
        assert_eq!(wards.filter(|one| one.name.starts_with("UBND phường")).count(), 51);
    }
}
