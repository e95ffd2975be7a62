//! Events: what a request says, for `pull_point` to do.
//!
//! A pull waits, and a service never does: it returns a [`Pull`], which `connection`
//! asks again until there is something to tell or the time is over.

use std::time::Duration;

use base::WallTime;

use super::super::device::State;
use super::super::namespace as ns;
use super::super::personality::Quirks;
use super::super::pull_point::{Gone, Message, Operation, Topic};
use super::super::soap::Fault;
use super::super::time::{Moment, read, read_duration, written};
use super::super::xml::{Element, element, leaf, with};
use super::{Ask, Reply};

/// How long a pull point lasts that does not say when it ends.
const DEFAULT_LEASE: Duration = Duration::from_secs(60);
/// How long a pull point may last.
const MAX_LEASE: Duration = Duration::from_secs(3600);
/// What a device gives that does not understand durations.
const BROKEN_LEASE: Duration = Duration::from_secs(10);
/// How long a pull may wait.
const MAX_WAIT: Duration = Duration::from_secs(120);
/// How many messages a pull may ask for.
const MAX_MESSAGES: usize = 1024;
/// Topics with their prefixes, or without.
const DIALECT: &str = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet";

/// A pull that waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pull {
    id: u64,
    most: usize,
    lasts: Duration,
    until: Duration,
}

/// What a pull has come to.
#[derive(Debug)]
pub(crate) enum Pulled {
    /// It is over, with this body.
    Over {
        /// The body of the answer.
        body: String,
        /// Whether it has nothing to tell.
        empty: bool,
    },
    /// It waits; so long at most.
    Waits(Duration),
}

/// Answers an operation of the service.
pub(super) fn answer(ask: &mut Ask<'_>) -> Result<Reply, Fault> {
    let inside = match ask.call.operation.name.as_str() {
        "GetEventProperties" => properties(),
        "CreatePullPointSubscription" => open(ask)?,
        "SetSynchronizationPoint" => {
            let (id, now) = (this(ask)?, ask.now);
            ask.state.pull_points.tell_all(id, now).map_err(gone)?;
            ask.news.send_replace(());
            String::new()
        }
        "PullMessages" => return pull(ask).map(Reply::Pull),
        _ => return Err(ask.unknown()),
    };
    Ok(Reply::Body(ask.response(&inside)))
}

/// Answers an operation of notification, which a pull point knows too.
pub(super) fn answer_notification(ask: &mut Ask<'_>) -> Result<Reply, Fault> {
    let now = ask.now;
    let inside = match ask.call.operation.name.as_str() {
        "Renew" if ask.state.quirks.renew_400 => {
            return Err(Fault::sender(&["ter:InvalidArgVal"], "a lease is not renewed"));
        }
        "Renew" => {
            let id = this(ask)?;
            let lease = lease(ask.argument("TerminationTime"), &ask.state.quirks, now)?;
            ask.state.pull_points.renew(id, lease, now).map_err(gone)?;
            times("wsnt:TerminationTime", "wsnt:CurrentTime", now, lease, true)
        }
        "Unsubscribe" => {
            let (id, all) = (this(ask)?, ask.state.quirks.unsubscribe_kills_all);
            ask.state.pull_points.close(id, all, now).map_err(gone)?;
            // Whoever pulls learns of it.
            ask.news.send_replace(());
            String::new()
        }
        _ => return Err(ask.unknown()),
    };
    Ok(Reply::Body(ask.response(&inside)))
}

/// Returns what a pull has come to.
pub(crate) fn pulled(pull: &Pull, state: &mut State, now: Moment) -> Result<Pulled, Fault> {
    let quirks = state.quirks;
    let messages = state.pull_points.take(pull.id, pull.most, now).map_err(gone)?;
    if messages.is_empty() && now.elapsed < pull.until {
        return Ok(Pulled::Waits(pull.until.saturating_sub(now.elapsed)));
    }
    if !quirks.lease_not_extended {
        state.pull_points.prolong(pull.id, pull.lasts, now).map_err(gone)?;
    }
    let left = state.pull_points.ends(pull.id, now).map_err(gone)?.saturating_sub(now.elapsed);
    let mut inside = times("tev:TerminationTime", "tev:CurrentTime", now, left, false);
    for message in &messages {
        inside += &told(message, &quirks);
    }
    let body = element("tev:PullMessagesResponse", &inside);
    Ok(Pulled::Over { body, empty: messages.is_empty() })
}

fn open(ask: &mut Ask<'_>) -> Result<String, Fault> {
    let (quirks, now) = (ask.state.quirks, ask.now);
    let told = ask.argument("InitialTerminationTime");
    if told.is_none() && quirks.need_initial_termination {
        return Err(Fault::receiver(&["ter:Action"], "internal error"));
    }
    let lease = lease(told, &quirks, now)?;
    let topics = match ask.call.operation.child(ns::EVENTS, "Filter") {
        None => Vec::new(),
        Some(filter) => topics(filter, &quirks)?,
    };
    let most = quirks.max_pullpoints.into();
    let opened = ask.state.pull_points.open(topics, lease, most, now);
    let id = opened.map_err(|_| {
        let detail = element(
            "wsnt:UnableToCreatePullPointFault",
            &leaf("wsnt:Timestamp", written(now.wall)),
        );
        Fault::receiver(&["ter:ResourceProblem"], "there are too many pull points")
            .with_detail(detail)
    })?;
    let address = leaf("wsa:Address", ask.addresses.pull_point(id));
    Ok(element("tev:SubscriptionReference", &address)
        + &times("wsnt:TerminationTime", "wsnt:CurrentTime", now, lease, false))
}

fn pull(ask: &Ask<'_>) -> Result<Pull, Fault> {
    let id = this(ask)?;
    let timeout = ask.needed("Timeout")?;
    let bad = |what: &str| Fault::sender(&["ter:InvalidArgVal"], what);
    let lasts = read_duration(timeout).ok_or_else(|| bad("no such timeout"))?;
    let limit = ask.argument("MessageLimit").unwrap_or("100").parse::<usize>();
    let most = limit.ok().filter(|most| *most > 0).ok_or_else(|| bad("no such limit"))?;
    if lasts > MAX_WAIT || most > MAX_MESSAGES {
        let inside = leaf("tev:MaxTimeout", format!("PT{}S", MAX_WAIT.as_secs()))
            + &leaf("tev:MaxMessageLimit", MAX_MESSAGES);
        let detail = element("tev:PullMessagesFaultResponse", &inside);
        return Err(bad("too long, or too many").with_detail(detail));
    }
    Ok(Pull { id, most, lasts, until: ask.now.elapsed.saturating_add(lasts) })
}

/// Returns the pull point to which a request goes: its address says which.
fn this(ask: &Ask<'_>) -> Result<u64, Fault> {
    let to = ask.call.addressing("To").unwrap_or_default();
    if ask.state.quirks.need_wsa_to && !to.ends_with(ask.target) {
        return Err(Fault::sender(&["ter:InvalidArgVal"], "to whom is not said"));
    }
    let id = ask.target.rsplit(['/', '=']).next().unwrap_or_default();
    id.parse().map_err(|_| gone(Gone))
}

fn gone(_: Gone) -> Fault {
    let detail = element("wsrf:ResourceUnknownFault", "");
    Fault::sender(&["wsrf:ResourceUnknownFault"], "there is no such pull point").with_detail(detail)
}

/// Returns how long a pull point lasts, from how its end is written: a duration or a
/// moment of the device's clock.
fn lease(told: Option<&str>, quirks: &Quirks, now: Moment) -> Result<Duration, Fault> {
    let bad = |words: &str| {
        let detail = element("wsnt:UnacceptableInitialTerminationTimeFault", "");
        Fault::sender(&["ter:InvalidArgVal"], words).with_detail(detail)
    };
    let lease = match told {
        None | Some("") => DEFAULT_LEASE,
        Some(text) if text.starts_with('P') => match quirks.relative_time_broken {
            true => BROKEN_LEASE,
            false => read_duration(text).ok_or_else(|| bad("no such duration"))?,
        },
        Some(text) if quirks.needs_z_suffix && !text.ends_with('Z') => {
            return Err(bad("a time ends with Z"));
        }
        Some(text) => {
            let ends = read(text).ok_or_else(|| bad("no such time"))?;
            let lasts = u64::try_from(ends.micros_since(now.wall));
            Duration::from_micros(lasts.map_err(|_| bad("that time is over"))?)
        }
    };
    if lease.is_zero() { Err(bad("that is no time")) } else { Ok(lease.min(MAX_LEASE)) }
}

/// Reads a filter: topics with `|` between them, each with `//.` if all below it is
/// meant too.
fn topics(filter: &Element, quirks: &Quirks) -> Result<Vec<Topic>, Fault> {
    let refused = |words: &str| {
        let detail = element("wsnt:InvalidFilterFault", "");
        Fault::sender(&["ter:InvalidArgVal", "ter:InvalidFilter"], words).with_detail(detail)
    };
    if quirks.filter_rejected {
        return Err(refused("filters are not supported"));
    }
    let mut topics = Vec::new();
    for expression in filter.all(ns::NOTIFICATION, "TopicExpression") {
        for one in expression.text().split('|') {
            let (prefix, topic) = one.trim().split_once(':').unwrap_or(("", one.trim()));
            if expression.meaning(prefix) != Some(ns::TOPICS) {
                return Err(refused("there is no such topic"));
            }
            // Some write the prefix at each step.
            let steps: Vec<_> =
                topic.split('/').map(|step| step.rsplit(':').next().unwrap_or(step)).collect();
            let topic = steps.join("/");
            topics.push(match topic.strip_suffix("//.") {
                Some(above) => Topic::Below(above.to_owned()),
                None => Topic::Exactly(topic),
            });
        }
    }
    Ok(topics)
}

/// Returns the end of a lease and the time now, in the order that each answer has.
fn times(end: &str, current: &str, now: Moment, lease: Duration, end_first: bool) -> String {
    let end = leaf(end, written(now.wall.plus(lease)));
    let current = leaf(current, written(now.wall));
    if end_first { end + &current } else { current + &end }
}

fn told(message: &Message, quirks: &Quirks) -> String {
    let Message { event, operation, at } = message;
    let suffix = if quirks.topic_suffix { "//." } else { "" };
    let topic = with(
        "wsnt:Topic",
        &[("Dialect", DIALECT)],
        &super::super::xml::escaped(&format!("tns1:{}{suffix}", event.topic)),
    );
    let group = |name: &str, items: &[(String, String)]| {
        let one = |(name, value): &(String, String)| {
            with("tt:SimpleItem", &[("Name", name.as_str()), ("Value", value)], "")
        };
        element(name, &items.iter().map(one).collect::<String>())
    };
    let mut inside = group("tt:Source", &event.source);
    if !event.key.is_empty() {
        inside += &group("tt:Key", &event.key);
    }
    inside += &group("tt:Data", &event.data);
    let at = time_of(*at, quirks);
    let mut attributes = vec![("UtcTime", at.as_str())];
    match operation {
        None => {}
        Some(Operation::Initialized) => attributes.push(("PropertyOperation", "Initialized")),
        Some(Operation::Changed) => attributes.push(("PropertyOperation", "Changed")),
    }
    let message = with("tt:Message", &attributes, &inside);
    element("wsnt:NotificationMessage", &(topic + &element("wsnt:Message", &message)))
}

fn time_of(at: WallTime, quirks: &Quirks) -> String {
    match quirks.bad_timestamps {
        true => "0000-00-00T25:61:00Z".to_owned(),
        false => written(at),
    }
}

/// Returns the topics that there may be events of.
fn properties() -> String {
    let items = |name: &str, items: &[(&str, &str)]| {
        let one = |(name, kind): &(&str, &str)| {
            with("tt:SimpleItemDescription", &[("Name", *name), ("Type", *kind)], "")
        };
        element(name, &items.iter().map(one).collect::<String>())
    };
    let topic = |name: &str, source: &[(&str, &str)], data: &[(&str, &str)]| {
        let described = items("tt:Source", source) + &items("tt:Data", data);
        let message = with("tt:MessageDescription", &[("IsProperty", "true")], &described);
        with(name, &[("wstop:topic", "true")], &message)
    };
    let token = "tt:ReferenceToken";
    let motion = topic("MotionAlarm", &[("Source", token)], &[("State", "xs:boolean")]);
    let tamper = element(
        "GlobalSceneChange",
        &topic("ImagingService", &[("Source", token)], &[("State", "xs:boolean")]),
    );
    let source = [
        ("VideoSourceConfigurationToken", token),
        ("VideoAnalyticsConfigurationToken", token),
        ("Rule", "xs:string"),
    ];
    let cells =
        element("CellMotionDetector", &topic("Motion", &source, &[("IsMotion", "xs:boolean")]));
    let crossed =
        element("LineDetector", &topic("Crossed", &source, &[("ObjectId", "xs:integer")]));
    let relay =
        topic("Relay", &[("RelayToken", token)], &[("LogicalState", "tt:RelayLogicalState")]);
    let input = topic("DigitalInput", &[("InputToken", token)], &[("LogicalState", "xs:boolean")]);
    let set = element("tns1:VideoSource", &(motion + &tamper))
        + &element("tns1:RuleEngine", &(cells + &crossed))
        + &element("tns1:Device", &element("Trigger", &(relay + &input)));
    leaf("tev:TopicNamespaceLocation", "http://www.onvif.org/onvif/ver10/topics/topicns.xml")
        + &leaf("wsnt:FixedTopicSet", true)
        + &element("wstop:TopicSet", &set)
        + &leaf("wsnt:TopicExpressionDialect", DIALECT)
        + &leaf(
            "wsnt:TopicExpressionDialect",
            "http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete",
        )
        + &leaf(
            "tev:MessageContentFilterDialect",
            "http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter",
        )
        + &leaf(
            "tev:MessageContentSchemaLocation",
            "http://www.onvif.org/onvif/ver10/schema/onvif.xsd",
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onvif::xml;

    const NOW: Moment = Moment { elapsed: Duration::ZERO, wall: WallTime(1_795_135_338_000_000) };

    fn lasts(text: &str, change: impl FnOnce(&mut Quirks)) -> Option<u64> {
        let mut quirks = Quirks::NONE;
        change(&mut quirks);
        lease(Some(text), &quirks, NOW).ok().map(|lease| lease.as_secs())
    }

    #[test]
    fn a_lease_is_a_duration_or_a_moment_of_the_devices_clock() {
        assert_eq!(lasts("PT10M", |_| ()), Some(600));
        assert_eq!(lasts("P1D", |_| ()), Some(3600));
        assert_eq!(lasts("2026-11-20T00:52:18Z", |_| ()), Some(600));
        assert_eq!(lasts("2026-11-20T00:52:18+00:00", |_| ()), Some(600));
        for text in ["PT0S", "P", "soon", "2026-11-20T00:42:18Z", "2020-01-01T00:00:00Z"] {
            assert_eq!(lasts(text, |_| ()), None, "{text}");
        }
        assert_eq!(lasts("PT10M", |quirks| quirks.relative_time_broken = true), Some(10));
        let z = |quirks: &mut Quirks| quirks.needs_z_suffix = true;
        assert_eq!(lasts("2026-11-20T00:52:18+00:00", z), None);
        assert_eq!(lasts("2026-11-20T00:52:18Z", z), Some(600));
        assert_eq!(lease(None, &Quirks::NONE, NOW), Ok(DEFAULT_LEASE));
    }

    #[test]
    fn a_filter_names_topics_by_any_prefix_of_their_namespace() {
        let read = |text: &str, quirks: &Quirks| {
            let text = format!(
                "<f xmlns:n='{}' xmlns:o='{}' xmlns:q='urn:q'><n:TopicExpression>{text}\
                 </n:TopicExpression></f>",
                ns::NOTIFICATION,
                ns::TOPICS
            );
            topics(&xml::read(text.as_bytes()).unwrap(), quirks).ok()
        };
        assert_eq!(
            read(" o:RuleEngine//. | o:VideoSource/MotionAlarm|o:Device/o:Trigger", &Quirks::NONE),
            Some(vec![
                Topic::Below("RuleEngine".to_owned()),
                Topic::Exactly("VideoSource/MotionAlarm".to_owned()),
                Topic::Exactly("Device/Trigger".to_owned()),
            ])
        );
        for text in ["", "RuleEngine", "q:RuleEngine", "x:RuleEngine", "|", "o"] {
            assert_eq!(read(text, &Quirks::NONE), None, "{text}");
        }
        let quirks = Quirks { filter_rejected: true, ..Quirks::NONE };
        assert_eq!(read("o:RuleEngine//.", &quirks), None);
    }
}
