//! What older programs held stays held, and what a newer one keeps is left alone.

use casework::Holds;
use db::testutil::Kept;
use sea_orm::ConnectionTrait;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testdata");

#[tokio::test]
async fn every_older_database_is_brought_up_and_read_right() {
    for kept in Kept::all(FOLDER, &casework::steps()) {
        let (rows, name) = (kept.fill().await, &kept.name);
        let holds = Holds::open(rows.open().await).await.unwrap();
        let active = holds.active().await.unwrap();
        let [hold] = &active[..] else { panic!("{name}: {active:?}") };
        assert_eq!(hold.reason, "va chạm ở ngã tư,\nhồ sơ 12/2026", "{name}");
        assert_eq!(hold.span.duration().as_secs(), 60, "{name}");
        assert_eq!(hold.made_at, hold.span.start(), "{name}");
        // From before holds named streams: the recorder adds them.
        let streams = if name.starts_with("0001") { 0 } else { 2 };
        assert_eq!(hold.streams.len(), streams, "{name}");
        holds.release(hold.id, hold.made_at).await.unwrap();
        assert!(holds.active().await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn the_database_of_a_newer_program_is_refused_in_words() {
    for kept in Kept::all(FOLDER, &casework::steps()) {
        let pool = kept.fill().await.open().await;
        let later = "INSERT INTO casework_steps VALUES (99, 'verdicts')";
        pool.write().execute_unprepared(later).await.unwrap();
        let refusal = Holds::open(pool).await.unwrap_err().to_string();
        assert!(
            refusal.starts_with("the tables of casework were changed by a newer program"),
            "{}: {refusal}",
            kept.name
        );
    }
}
