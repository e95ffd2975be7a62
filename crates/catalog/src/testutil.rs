//! Tables laid as rows without asking whether anybody may say so, for tests of what
//! comes back.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use base::Day;
use db::Pool;
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;

use crate::catalog::Tables;
use crate::{Catalog, SealKey, rows};

/// Writes every row of `tables` into a database that has none, and opens a catalog
/// over it, which reads them.
pub async fn laid(pool: &Pool, tables: &Tables, today: Day) -> Catalog {
    drop(Catalog::open(pool.clone(), SealKey::new(&[7; 32]), today).await.unwrap());
    let turn = pool.begin().await.unwrap();
    macro_rules! lay {
        ($entity:ident, $of:expr) => {
            for one in $of {
                let row = rows::$entity::ActiveModel::from(&*one);
                rows::$entity::Entity::insert(row).exec_without_returning(&turn).await.unwrap();
            }
        };
    }
    lay!(organisation, tables.organisations.values());
    lay!(site, tables.sites.values());
    lay!(person, tables.users.values());
    lay!(camera, tables.cameras.values().cloned());
    lay!(agreement, tables.agreements.values().cloned());
    lay!(grant, tables.grants.values().cloned());
    for group in tables.groups.values() {
        let row = rows::group::ActiveModel { id: Set(group.id.0), name: Set(group.name.clone()) };
        rows::group::Entity::insert(row).exec_without_returning(&turn).await.unwrap();
        for member in &group.members {
            let (people_group, person) = (Set(group.id.0), Set(member.0));
            let row = rows::member::ActiveModel { people_group, person };
            rows::member::Entity::insert(row).exec_without_returning(&turn).await.unwrap();
        }
    }
    turn.commit().await.unwrap();
    Catalog::open(pool.clone(), SealKey::new(&[7; 32]), today).await.unwrap()
}
