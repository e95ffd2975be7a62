//! What is held is there, whatever the store must let go of and whatever becomes
//! of the camera.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use base::{Span, StreamId, UserId, WallTime};
use casework::NewHold;
use catalog::{Camera, CameraChange, PasswordChange, StreamChange, StreamRole};
use common::{World, world};
use ingest::Clock;
use store::Rule;

const SECOND: Duration = Duration::from_secs(1);

/// So much holds a segment that is closed and does not begin in its first half second.
const ENOUGH: Duration = Duration::from_secs(4);

/// Places a hold and has it applied, as the API does.
async fn hold(world: &World, camera: &Camera, streams: &[StreamId], span: Span) {
    let hold = NewHold {
        camera: camera.id,
        streams: streams.iter().copied().collect(),
        span,
        reason: "va chạm, hồ sơ 12/2026".to_owned(),
        made_by: UserId::new(),
    };
    world.holds.place(hold, WallTime(0)).await.unwrap();
    world.recorder.apply_holds().await.unwrap();
}

/// Leaves a camera its main stream alone.
async fn take_sub_away(world: &World, camera: &Camera) {
    let (role, user) = (StreamRole::Main, None);
    let (url, password) = (world.url(&camera.name, role), PasswordChange::Keep);
    let streams = Some(vec![StreamChange { role, url, user, password }]);
    let change = CameraChange { streams, ..CameraChange::default() };
    world.catalog.change_camera(camera.id, change).await.unwrap();
}

/// The rules by which something of a stream is gone.
fn gone(world: &World, stream: StreamId, span: Span) -> BTreeSet<Rule> {
    let answer = world.store.timeline(stream, span);
    answer.deleted.iter().map(|deletion| deletion.rule).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_spared_from_the_moment_it_was_applied_while_all_else_makes_room() {
    let world = world(Clock::system()).await;
    world.recorder.apply_holds().await.unwrap();
    let camera = world.camera("cam1").await;
    let [main, sub] =
        [StreamRole::Main, StreamRole::Sub].map(|role| camera.stream(role).unwrap().id);
    world.recorded(sub, SECOND).await;
    let whole = world.recorded(main, ENOUGH).await;
    let held = Span::new(whole.start(), whole.start().plus(SECOND / 2)).unwrap();
    hold(&world, &camera, &[main, sub], held).await;
    let frames = [main, sub].map(|stream| world.frames(stream, held));
    assert!(frames.iter().all(|frames| frames.len() > 5));
    world.let_go().await;
    assert_eq!([main, sub].map(|stream| world.frames(stream, held)), frames);
    assert_eq!(gone(&world, main, whole), [Rule::Age].into());
    world.recorder.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_stays_held_when_its_stream_is_taken_from_the_camera_and_the_camera_removed() {
    for named in [true, false] {
        let world = world(Clock::system()).await;
        let camera = world.camera("cam1").await;
        let sub = camera.stream(StreamRole::Sub).unwrap().id;
        let whole = world.recorded(sub, ENOUGH).await;
        let held = Span::new(whole.start(), whole.start().plus(SECOND / 2)).unwrap();
        // A hold from before holds named their streams names none.
        let streams: Vec<_> = camera.streams.iter().map(|stream| stream.id).collect();
        hold(&world, &camera, if named { &streams } else { &[] }, held).await;
        let frames = world.frames(sub, held);
        assert!(frames.len() > 5);
        take_sub_away(&world, &camera).await;
        world.recorder.apply_holds().await.unwrap();
        world.let_go().await;
        assert_eq!(world.frames(sub, held), frames, "named: {named}");
        assert_eq!(gone(&world, sub, whole), [Rule::Age].into());
        world.catalog.remove_camera(camera.id).await.unwrap();
        world.recorder.apply_holds().await.unwrap();
        world.let_go().await;
        assert_eq!(world.frames(sub, held), frames, "named: {named}");
        world.recorder.stop().await;
    }
}
