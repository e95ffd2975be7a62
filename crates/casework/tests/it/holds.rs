//! What somebody holds stays held until it is released.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeSet;
use std::time::Duration;

use base::{CameraId, HoldId, Span, StreamId, UserId, WallTime};
use casework::{Hold, Holds, LONGEST_HOLD, NewHold};
use db::testutil::{Fresh, Kind};

const NOW: WallTime = WallTime(1_795_135_338_250_000);

struct World {
    rows: Fresh,
    holds: Holds,
}

async fn open(rows: &Fresh) -> Holds {
    Holds::open(rows.open().await).await.unwrap()
}

async fn world() -> World {
    let rows = Fresh::new(Kind::of(module_path!()));
    World { holds: open(&rows).await, rows }
}

fn new(reason: &str, length: Duration) -> NewHold {
    let span = Span::new(NOW, NOW.plus(length)).unwrap();
    let (camera, made_by) = (CameraId::new(), UserId::new());
    let streams = BTreeSet::from([StreamId::new(), StreamId::new()]);
    NewHold { camera, streams, span, reason: reason.to_owned(), made_by }
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_hold_is_there_after_a_new_start() {
    let world = world().await;
    let asked = new("  va chạm ở ngã tư,\nhồ sơ 12/2026 ", MINUTE);
    let placed = world.holds.place(asked.clone(), NOW).await.unwrap();
    let expected = Hold {
        id: placed.id,
        camera: asked.camera,
        streams: asked.streams,
        span: asked.span,
        reason: "va chạm ở ngã tư,\nhồ sơ 12/2026".to_owned(),
        made_by: asked.made_by,
        made_at: NOW,
        released_at: None,
    };
    assert_eq!(placed, expected);
    let again = open(&world.rows).await;
    assert_eq!(again.active().await.unwrap(), std::slice::from_ref(&expected));
    assert_eq!(again.find(placed.id).await.unwrap(), expected);
}

#[tokio::test]
async fn a_hold_is_released_once_and_the_others_stand() {
    let world = world().await;
    let one = world.holds.place(new("một", MINUTE), NOW).await.unwrap();
    let two = world.holds.place(new("hai", MINUTE), NOW).await.unwrap();
    assert_eq!(world.holds.active().await.unwrap(), [one.clone(), two.clone()]);
    world.holds.release(one.id, NOW).await.unwrap();
    assert_eq!(world.holds.active().await.unwrap(), [two]);
    let absent = "there is no such hold";
    assert_eq!(world.holds.release(one.id, NOW).await.unwrap_err().to_string(), absent);
    assert_eq!(world.holds.find(one.id).await.unwrap_err().to_string(), absent);
    assert_eq!(world.holds.release(HoldId::new(), NOW).await.unwrap_err().to_string(), absent);
}

#[tokio::test]
async fn a_hold_without_a_reason_or_without_an_end_is_refused_in_words() {
    let world = world().await;
    let refused = async |hold| world.holds.place(hold, NOW).await.unwrap_err().to_string();
    assert_eq!(refused(new(" \n ", MINUTE)).await, "reason is empty; say in words what it is");
    assert_eq!(
        refused(new("a\u{0}b", MINUTE)).await,
        "reason holds a control character; leave it out"
    );
    assert_eq!(
        refused(new(&"ế".repeat(1001), MINUTE)).await,
        "reason has 1001 characters; 1000 is the most"
    );
    assert_eq!(
        refused(new("hồ sơ", LONGEST_HOLD + Duration::from_micros(1))).await,
        "the span is longer than 31 days; hold what the case needs"
    );
    assert!(world.holds.place(new("hồ sơ", LONGEST_HOLD), NOW).await.is_ok());
    assert_eq!(world.holds.active().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_hold_takes_in_a_stream_that_its_camera_was_given_later() {
    let world = world().await;
    let one = world.holds.place(new("một", MINUTE), NOW).await.unwrap();
    let two = world.holds.place(new("hai", MINUTE), NOW).await.unwrap();
    let mut streams = one.streams.clone();
    streams.insert(StreamId::new());
    for _ in 0..2 {
        world.holds.add_streams(one.id, &streams).await.unwrap();
        let grown = Hold { streams: streams.clone(), ..one.clone() };
        assert_eq!(world.holds.find(one.id).await.unwrap(), grown);
        assert_eq!(world.holds.active().await.unwrap(), [grown, two.clone()]);
    }
    world.holds.add_streams(one.id, &BTreeSet::new()).await.unwrap();
    assert_eq!(world.holds.find(one.id).await.unwrap().streams, streams);
}
