//! Events, and those who wait for them: pull points with leases and queues.
//!
//! ```text
//! raise ──▶ properties (what holds now) ──▶ every new pull point, every SetSynchronizationPoint
//!   └─────▶ the queue of each pull point that asked for its topic ──▶ take
//! ```
//!
//! Time comes in as an argument. What a request says of all this is `service/events`'.

use std::collections::VecDeque;
use std::time::Duration;

use base::WallTime;

use super::time::Moment;

/// How many messages wait for one pull point; the oldest go first.
const MAX_WAITING: usize = 1000;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The topic without the prefix of its namespace: `VideoSource/MotionAlarm`.
    pub topic: String,
    /// Whether it tells how something is, so that it can be told again to whoever asks
    /// later; if not, it only happened.
    pub property: bool,
    /// What it happened to.
    pub source: Vec<(String, String)>,
    /// What tells it apart from others of the same source.
    pub key: Vec<(String, String)>,
    /// What happened.
    pub data: Vec<(String, String)>,
}

/// What a message tells of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// It is so.
    Initialized,
    /// It became so.
    Changed,
}

/// One message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) event: Event,
    /// Nothing for what only happened.
    pub(crate) operation: Option<Operation>,
    /// When, on the device's clock.
    pub(crate) at: WallTime,
}

/// Which topics a pull point wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// This one.
    Exactly(String),
    /// This one and all below it.
    Below(String),
}

/// All pull points of a device.
#[derive(Debug, Default)]
pub(crate) struct PullPoints {
    next: u64,
    points: Vec<PullPoint>,
    /// The last event of each property.
    properties: Vec<(Event, WallTime)>,
}

#[derive(Debug)]
struct PullPoint {
    id: u64,
    ends: Duration,
    /// All if it is empty.
    topics: Vec<Topic>,
    waiting: VecDeque<Message>,
}

/// There is no room for another pull point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// There is no such pull point, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

impl Event {
    /// Returns an event of a topic that tells how something is.
    pub fn new(topic: &str) -> Self {
        let (source, key, data) = (Vec::new(), Vec::new(), Vec::new());
        Self { topic: topic.to_owned(), property: true, source, key, data }
    }

    /// Returns the motion of a channel, counted from nought.
    pub fn motion(channel: usize, moves: bool) -> Self {
        Self::new("RuleEngine/CellMotionDetector/Motion")
            .source("VideoSourceConfigurationToken", &super::profile::source_configuration(channel))
            .source("VideoAnalyticsConfigurationToken", "VideoAnalytics_1")
            .source("Rule", "MyMotionDetectorRule")
            .data("IsMotion", if moves { "true" } else { "false" })
    }

    /// Adds to what it happened to.
    pub fn source(mut self, name: &str, value: &str) -> Self {
        self.source.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds to what happened.
    pub fn data(mut self, name: &str, value: &str) -> Self {
        self.data.push((name.to_owned(), value.to_owned()));
        self
    }

    fn is_of(&self, other: &Self) -> bool {
        self.topic == other.topic && self.source == other.source && self.key == other.key
    }
}

impl Topic {
    fn holds(&self, topic: &str) -> bool {
        match self {
            Self::Exactly(this) => topic == this,
            Self::Below(this) => topic
                .strip_prefix(this.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }
}

impl PullPoints {
    /// Opens a pull point and returns its number.
    pub(crate) fn open(
        &mut self,
        topics: Vec<Topic>,
        lease: Duration,
        most: usize,
        now: Moment,
    ) -> Result<u64, Full> {
        if self.count(now) >= most {
            return Err(Full);
        }
        self.next += 1;
        let ends = now.elapsed.saturating_add(lease);
        let waiting = VecDeque::new();
        self.points.push(PullPoint { id: self.next, ends, topics, waiting });
        let _ = self.tell_all(self.next, now);
        Ok(self.next)
    }

    /// Returns how many pull points there are.
    pub(crate) fn count(&mut self, now: Moment) -> usize {
        self.points.retain(|point| now.elapsed < point.ends);
        self.points.len()
    }

    /// Tells all that want to hear of it.
    pub(crate) fn raise(&mut self, event: Event, now: Moment) {
        let operation = event.property.then_some(Operation::Changed);
        if event.property {
            self.properties.retain(|(other, _)| !other.is_of(&event));
            self.properties.push((event.clone(), now.wall));
        }
        for point in &mut self.points {
            point.add(Message { event: event.clone(), operation, at: now.wall });
        }
    }

    /// Tells a pull point how everything is.
    pub(crate) fn tell_all(&mut self, id: u64, now: Moment) -> Result<(), Gone> {
        let messages: Vec<_> = self
            .properties
            .iter()
            .map(|(event, at)| (event.clone(), *at))
            .map(|(event, at)| Message { event, operation: Some(Operation::Initialized), at })
            .collect();
        let point = self.find(id, now)?;
        messages.into_iter().for_each(|message| point.add(message));
        Ok(())
    }

    /// Returns messages that wait, the oldest first, and forgets them.
    pub(crate) fn take(&mut self, id: u64, most: usize, now: Moment) -> Result<Vec<Message>, Gone> {
        let waiting = &mut self.find(id, now)?.waiting;
        Ok(waiting.drain(..most.min(waiting.len())).collect())
    }

    /// Returns when a pull point ends, from the device's start on.
    pub(crate) fn ends(&mut self, id: u64, now: Moment) -> Result<Duration, Gone> {
        self.find(id, now).map(|point| point.ends)
    }

    /// Has a pull point end so long from now.
    pub(crate) fn renew(&mut self, id: u64, lease: Duration, now: Moment) -> Result<(), Gone> {
        self.find(id, now)?.ends = now.elapsed.saturating_add(lease);
        Ok(())
    }

    /// Has a pull point end no earlier than so long from now.
    pub(crate) fn prolong(&mut self, id: u64, lease: Duration, now: Moment) -> Result<(), Gone> {
        let point = self.find(id, now)?;
        point.ends = point.ends.max(now.elapsed.saturating_add(lease));
        Ok(())
    }

    /// Closes a pull point, or with it all.
    pub(crate) fn close(&mut self, id: u64, all: bool, now: Moment) -> Result<(), Gone> {
        self.find(id, now)?;
        self.points.retain(|point| !all && point.id != id);
        Ok(())
    }

    fn find(&mut self, id: u64, now: Moment) -> Result<&mut PullPoint, Gone> {
        self.points.iter_mut().find(|point| point.id == id && now.elapsed < point.ends).ok_or(Gone)
    }
}

impl PullPoint {
    fn add(&mut self, message: Message) {
        let wanted = |topic: &Topic| topic.holds(&message.event.topic);
        if !self.topics.is_empty() && !self.topics.iter().any(wanted) {
            return;
        }
        if self.waiting.len() == MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Moment {
        let elapsed = Duration::from_secs(seconds);
        Moment { elapsed, wall: WallTime(0).plus(elapsed) }
    }

    fn told(points: &mut PullPoints, id: u64, now: Moment) -> Vec<(String, Option<Operation>)> {
        let messages = points.take(id, 100, now).unwrap();
        messages.into_iter().map(|one| (one.event.topic, one.operation)).collect()
    }

    #[test]
    fn what_happens_waits_for_each_pull_point_and_is_taken_once() {
        let mut points = PullPoints::default();
        let one = points.open(Vec::new(), MINUTE, 5, at(0)).unwrap();
        points.raise(Event { property: false, ..Event::new("a/b") }, at(1));
        let two = points.open(Vec::new(), MINUTE, 5, at(2)).unwrap();
        points.raise(Event::new("a/c"), at(3));
        let changed = Some(Operation::Changed);
        assert_eq!(
            told(&mut points, one, at(4)),
            [("a/b".to_owned(), None), ("a/c".to_owned(), changed)]
        );
        assert_eq!(told(&mut points, one, at(4)), []);
        assert_eq!(told(&mut points, two, at(4)), [("a/c".to_owned(), changed)]);
    }

    #[test]
    fn how_things_are_is_told_first_and_whenever_it_is_asked() {
        let mut points = PullPoints::default();
        for moves in [true, false, true] {
            points.raise(Event::motion(0, moves), at(0));
            points.raise(Event::motion(1, !moves), at(0));
        }
        let one = points.open(Vec::new(), MINUTE, 5, at(1)).unwrap();
        let first = points.take(one, 100, at(1)).unwrap();
        let values: Vec<_> = first.iter().map(|one| one.event.data[0].1.as_str()).collect();
        assert_eq!(values, ["true", "false"]);
        assert!(first.iter().all(|one| one.operation == Some(Operation::Initialized)));
        assert_eq!(points.take(one, 100, at(1)).unwrap(), []);
        points.tell_all(one, at(2)).unwrap();
        assert_eq!(points.take(one, 1, at(2)).unwrap().len(), 1);
        assert_eq!(points.take(one, 100, at(2)).unwrap().len(), 1);
    }

    #[test]
    fn a_lease_ends_unless_it_is_renewed() {
        let mut points = PullPoints::default();
        let one = points.open(Vec::new(), MINUTE, 1, at(0)).unwrap();
        assert_eq!(points.open(Vec::new(), MINUTE, 1, at(59)), Err(Full));
        points.prolong(one, Duration::from_secs(1), at(59)).unwrap();
        points.prolong(one, Duration::ZERO, at(59)).unwrap();
        points.renew(one, MINUTE, at(59)).unwrap();
        assert_eq!(points.ends(one, at(60)), Ok(Duration::from_secs(119)));
        assert_eq!(points.take(one, 1, at(119)), Err(Gone));
        assert_eq!(points.renew(one, MINUTE, at(119)), Err(Gone));
        let two = points.open(Vec::new(), MINUTE, 1, at(119)).unwrap();
        assert_ne!(one, two);
        points.close(two, false, at(119)).unwrap();
        assert_eq!(points.close(two, false, at(119)), Err(Gone));
        assert_eq!(points.count(at(119)), 0);
    }

    #[test]
    fn closing_one_may_close_all() {
        let mut points = PullPoints::default();
        let one = points.open(Vec::new(), MINUTE, 5, at(0)).unwrap();
        let two = points.open(Vec::new(), MINUTE, 5, at(0)).unwrap();
        points.close(one, true, at(0)).unwrap();
        assert_eq!(points.take(two, 1, at(0)), Err(Gone));
    }

    #[test]
    fn only_what_was_asked_for_waits_and_not_without_bound() {
        let mut points = PullPoints::default();
        let topics =
            vec![Topic::Below("RuleEngine".to_owned()), Topic::Exactly("VideoSource/A".to_owned())];
        let one = points.open(topics, MINUTE, 5, at(0)).unwrap();
        for topic in
            ["RuleEngine/x/y", "RuleEngine", "RuleEngines", "VideoSource/A", "VideoSource/A/B"]
        {
            points.raise(Event::new(topic), at(0));
        }
        let heard: Vec<_> =
            told(&mut points, one, at(0)).into_iter().map(|(topic, _)| topic).collect();
        assert_eq!(heard, ["RuleEngine/x/y", "RuleEngine", "VideoSource/A"]);
        for _ in 0..=MAX_WAITING {
            points.raise(Event::new("RuleEngine"), at(0));
        }
        assert_eq!(points.take(one, usize::MAX, at(0)).unwrap().len(), MAX_WAITING);
    }
}
