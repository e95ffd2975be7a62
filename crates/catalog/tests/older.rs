//! A catalog that an older program kept is brought up to now, and nobody loses
//! what they could do.

use base::WallTime;
use catalog::{Action, Catalog, Class, SealKey};
use db::Pool;
use sea_orm::ConnectionTrait;

#[tokio::test]
async fn who_was_an_operator_before_there_were_grants_keeps_every_camera_by_a_grant() {
    let pool = Pool::memory().await.unwrap();
    for statement in include_str!("testdata/links.sql").split(";\n") {
        pool.write().execute_unprepared(statement).await.unwrap();
    }
    let catalog = Catalog::open(pool, SealKey::new(&[1; 32])).await.unwrap();
    let tables = catalog.tables();
    let camera = tables.cameras.values().next().unwrap();
    assert_eq!((camera.number, camera.class, camera.sound), (101, Class::Ordinary, true));
    let may = |name: &str| {
        let rights = catalog.rights(catalog.user_by_name(name).unwrap().id).unwrap();
        let may = |action| rights.decide(camera.id, action, WallTime(0)).is_allowed();
        Action::ALL.into_iter().filter(|&action| may(action)).collect::<Vec<_>>()
    };
    use Action::{Configure, Export, Live, Plan, Playback, Ptz, See, Share, Sound};
    assert_eq!(may("trucban"), [See, Live, Playback, Export, Ptz, Sound]);
    assert_eq!(may("quantri"), [See, Configure, Share, Plan]);
    assert_eq!(may("kiemtra"), []);

    // It is a grant like any other.
    let grant = tables.grants.values().next().unwrap();
    assert!(tables.grants.len() == 1 && grant.by.is_none());
    catalog.revoke(grant.id).await.unwrap();
    assert_eq!(may("trucban"), []);
}
