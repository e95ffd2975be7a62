//! A stream that is packaged for HLS, and who asks for it.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::sync::Arc;
use std::time::Duration;

use base::{StreamId, WallTime};
use bytes::Bytes;
use live::hls::name::Track;
use live::hls::{Feed, Feeds, Reload, Unmet};
use live::{Hub, Publisher, State, StateKind};
use media::{Codec, Frame, Params};

const START: WallTime = WallTime(1_795_135_338_000_000);

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(3600);

struct World {
    hub: Hub,
    feeds: Feeds,
    stream: StreamId,
    publisher: Publisher,
    params: Arc<Params>,
}

fn world(linger: Duration) -> World {
    let hub = Hub::new(START);
    let stream = StreamId::new();
    let mut publisher = hub.publisher(stream);
    publisher.state(State { kind: StateKind::Live, since: START, reason: None });
    let config = Bytes::from_static(&[1, 77, 0, 41, 0xff, 0xe0, 0]);
    let params = Arc::new(Params { codec: Codec::H264, width: 640, height: 480, config });
    World { feeds: Feeds::new(hub.clone(), linger), hub, stream, publisher, params }
}

impl World {
    /// Publishes frames of a camera of 25 a second and a keyframe each second.
    fn publish(&mut self, numbers: std::ops::Range<i64>) {
        for number in numbers {
            let frame = Frame {
                wall: WallTime(START.0 + number * 40_000),
                composition_us: 0,
                is_key: number % 25 == 0,
                data: number.to_be_bytes().to_vec().into(),
                params: self.params.clone(),
            };
            self.publisher.push(&[frame]);
        }
    }
}

impl World {
    /// Publishes so many frames, once the packager reads; returns the playlist.
    async fn begin(&mut self, feed: &Feed, frames: i64) -> String {
        self.publish(0..20);
        feed.rendition().await.unwrap();
        self.publish(20..frames);
        feed.playlist(Track::Video, None).await.unwrap()
    }
}

/// Returns the number in what the last line of a playlist hints at.
fn hinted(playlist: &str) -> (u64, u32) {
    let (_, name) = playlist.rsplit_once("URI=\"video-").unwrap();
    let (msn, part) = name.split_once('.').unwrap();
    (msn.parse().unwrap(), part.split('.').next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn all_who_watch_share_a_packager_that_begins_with_the_first_and_ends_after_the_last() {
    let mut world = world(Duration::from_millis(1));
    let mut demand = world.publisher.demand();
    assert_eq!((world.hub.viewers(), *demand.borrow()), (0, false), "nobody watches");
    let one = world.feeds.feed(world.stream).unwrap();
    let other = world.feeds.feed(world.stream).unwrap();
    assert!(Arc::ptr_eq(&one, &other));
    demand.wait_for(|wanted| *wanted).await.unwrap();
    assert_eq!(world.hub.viewers(), 1);
    demand.wait_for(|wanted| !*wanted).await.unwrap();
    assert_eq!((world.hub.viewers(), world.feeds.running()), (0, 0));
    // Who asks again has a packager again.
    let again = world.feeds.feed(world.stream).unwrap();
    assert!(!Arc::ptr_eq(&one, &again));
    world.publish(0..1);
}

#[tokio::test]
async fn a_reload_waits_for_the_part_that_it_names() {
    let mut world = world(LONG);
    let feed = world.feeds.feed(world.stream).unwrap();
    let first = world.begin(&feed, 30).await;
    let (msn, part) = hinted(&first);
    let reload = Some(Reload { msn, part: Some(part) });
    let (waiting, named) = (feed.clone(), feed.clone());
    let waiting = tokio::spawn(async move { waiting.playlist(Track::Video, reload).await });
    let named = tokio::spawn(async move { named.part(msn, part).await });
    assert!(!waiting.is_finished() && !named.is_finished());
    world.publish(30..40);
    let playlist = waiting.await.unwrap().unwrap();
    assert!(playlist.contains(&format!("URI=\"video-{msn}.{part}.m4s\"")), "{playlist}");
    assert!(hinted(&playlist) > (msn, part));
    let bytes = named.await.unwrap().unwrap();
    assert_eq!(Ok(bytes), feed.part(msn, part).await);
}

#[tokio::test]
async fn a_segment_is_its_parts_and_holds_the_frames_bytes() {
    let mut world = world(LONG);
    let feed = world.feeds.feed(world.stream).unwrap();
    let first = world.begin(&feed, 27).await;
    let (msn, _) = hinted(&first);
    let whole: Vec<u8> = feed.segment(msn - 1).unwrap().concat();
    let mut rest = &whole[..];
    let mut numbers = Vec::new();
    while !rest.is_empty() {
        let index = media::fmp4::read_fragment_header(rest).unwrap();
        let end = index.samples.len() * 8 + index.data_offset as usize;
        let data = &rest[index.data_offset as usize..end];
        numbers.extend(data.chunks(8).map(|eight| i64::from_be_bytes(eight.try_into().unwrap())));
        rest = &rest[end..];
    }
    assert_eq!(numbers, (0..25).collect::<Vec<_>>());
    let init = feed.init(1).unwrap();
    assert_eq!(media::fmp4::read_init(&init).unwrap(), *world.params);
    let rendition = feed.rendition().await.unwrap();
    assert_eq!(rendition.frame_rate_millis, Some(25_000));
    assert_eq!((rendition.params.width, rendition.bandwidth > 0), (640, true));
}

#[tokio::test]
async fn what_is_not_there_is_said_at_once_and_what_was_removed_ends() {
    let mut world = world(LONG);
    let feed = world.feeds.feed(world.stream).unwrap();
    let first = world.begin(&feed, 30).await;
    let (msn, part) = hinted(&first);
    assert_eq!(feed.segment(msn).unwrap_err(), Unmet::Gone, "not whole yet");
    assert_eq!(feed.part(msn, part + 1).await, Err(Unmet::Gone));
    assert_eq!(feed.part(0, 0).await, Err(Unmet::Gone));
    assert_eq!(feed.init(9), Err(Unmet::Gone));
    let far = Some(Reload { msn: msn + 3, part: None });
    assert_eq!(feed.playlist(Track::Video, far).await, Err(Unmet::TooFar));

    let reload = Some(Reload { msn: msn + 1, part: None });
    let waiting = feed.clone();
    let waiting = tokio::spawn(async move { waiting.playlist(Track::Video, reload).await });
    world.hub.close(world.stream);
    assert!(waiting.await.unwrap().unwrap().ends_with("#EXT-X-ENDLIST\n"));
    assert_eq!(world.feeds.running(), 0);
}
