//! The device service: who the device is, what time it has, who may use it.
//!
//! Its network is `network`'s, what it can do `capabilities`'.

use super::super::address::Service;
use super::super::guard::{Level, User};
use super::super::namespace as ns;
use super::super::pull_point::Event;
use super::super::soap::Fault;
use super::super::time::{self, from_parts};
use super::super::xml::{self, Element, element, leaf};
use super::{Ask, capabilities, has, network};

/// Vietnam, as POSIX writes it: the sign is the other way round.
const TIME_ZONE: &str = "ICT-7";
const TIME_ZONE_S: i64 = 7 * 3600;
/// A letter that nobody uses; it leaves as a byte that is no UTF-8.
pub(crate) const NO_UTF8: char = '\u{e000}';

/// Answers an operation of the service.
pub(super) fn answer(ask: &mut Ask<'_>) -> Result<String, Fault> {
    let inside = match ask.call.operation.name.as_str() {
        "GetSystemDateAndTime" => date_and_time(ask),
        "SetSystemDateAndTime" => set_date_and_time(ask)?,
        "GetServices" => services(ask),
        "GetCapabilities" => capabilities::all(ask)?,
        "GetDeviceInformation" => information(ask),
        "GetScopes" => scopes(ask),
        "GetUsers" => users(ask),
        "SetUser" => set_users(ask, false)?,
        "CreateUsers" => set_users(ask, true)?,
        "GetRelayOutputs" => relays(),
        "SetRelayOutputState" => set_relay(ask)?,
        "SystemReboot" => {
            ask.state.reboots += 1;
            leaf("tds:Message", "Rebooting in 5 seconds")
        }
        "GetNetworkInterfaces" => network::interfaces(ask),
        "GetNetworkProtocols" => network::protocols(ask),
        "GetHostname" => network::hostname(ask),
        "GetDNS" => network::dns(),
        "GetNTP" => network::ntp(),
        _ => return Err(ask.unknown()),
    };
    Ok(ask.response(&inside))
}

fn information(ask: &Ask<'_>) -> String {
    let config = ask.config;
    let mut model = config.personality.model.to_owned();
    if ask.state.quirks.invalid_utf8 {
        model.push(NO_UTF8);
    }
    [
        leaf("tds:Manufacturer", config.personality.manufacturer),
        leaf("tds:Model", model),
        leaf("tds:FirmwareVersion", config.personality.firmware),
        leaf("tds:SerialNumber", &config.serial),
        leaf("tds:HardwareId", "1.0"),
    ]
    .concat()
}

fn date_and_time(ask: &Ask<'_>) -> String {
    let one = |name: &str, [year, month, day, hour, minute, second]: [i64; 6]| {
        let time = [leaf("tt:Hour", hour), leaf("tt:Minute", minute), leaf("tt:Second", second)];
        let date = [leaf("tt:Year", year), leaf("tt:Month", month), leaf("tt:Day", day)];
        let inside = element("tt:Time", &time.concat()) + &element("tt:Date", &date.concat());
        element(name, &inside)
    };
    let mut inside = [
        leaf("tt:DateTimeType", if ask.state.ntp { "NTP" } else { "Manual" }),
        leaf("tt:DaylightSavings", false),
        element("tt:TimeZone", &leaf("tt:TZ", TIME_ZONE)),
    ]
    .concat();
    let wall = ask.now.wall;
    if !ask.state.quirks.no_utc_time {
        inside += &one("tt:UTCDateTime", time::parts(wall));
    }
    let local = base::WallTime(wall.0.saturating_add(TIME_ZONE_S * 1_000_000));
    inside += &one("tt:LocalDateTime", time::parts(local));
    element("tds:SystemDateAndTime", &inside)
}

fn set_date_and_time(ask: &mut Ask<'_>) -> Result<String, Fault> {
    let bad = || Fault::sender(&["ter:InvalidArgVal", "ter:InvalidDateTime"], "no such time");
    match ask.needed("DateTimeType")? {
        // A server of the time is never wrong here.
        "NTP" => {
            ask.state.ntp = true;
            ask.state.clock.set(super::super::device::machine_time());
        }
        "Manual" => {
            let operation = &ask.call.operation;
            let told = operation.child(ns::DEVICE, "UTCDateTime").ok_or_else(bad)?;
            let number = |group: &str, name: &str| {
                let group = told.child(ns::SCHEMA, group)?;
                group.text_of(ns::SCHEMA, name)?.parse::<i64>().ok()
            };
            let parts = [
                ("Date", "Year"),
                ("Date", "Month"),
                ("Date", "Day"),
                ("Time", "Hour"),
                ("Time", "Minute"),
                ("Time", "Second"),
            ];
            let mut numbers = [0; 6];
            for (part, (group, name)) in numbers.iter_mut().zip(parts) {
                *part = number(group, name).ok_or_else(bad)?;
            }
            ask.state.clock.set(from_parts(numbers).ok_or_else(bad)?);
            ask.state.ntp = false;
        }
        _ => return Err(bad()),
    }
    Ok(String::new())
}

fn services(ask: &Ask<'_>) -> String {
    let with_capabilities = matches!(ask.argument("IncludeCapability"), Some("true" | "1"));
    let one = |service: Service| {
        let (major, minor) = service.version();
        let mut inside = leaf("tds:Namespace", service.namespace());
        inside += &leaf("tds:XAddr", ask.addresses.service(service));
        if with_capabilities {
            let of = capabilities::of(service, ask.config, &ask.state.quirks);
            inside += &element("tds:Capabilities", &of);
        }
        inside += &element("tds:Version", &(leaf("tt:Major", major) + &leaf("tt:Minor", minor)));
        element("tds:Service", &inside)
    };
    let quirks = &ask.state.quirks;
    Service::ALL.into_iter().filter(|one| has(ask.config, quirks, *one)).map(one).collect()
}

fn scopes(ask: &Ask<'_>) -> String {
    let one = |scope: &String| {
        let kind = leaf("tt:ScopeDef", "Fixed");
        element("tds:Scopes", &(kind + &leaf("tt:ScopeItem", scope)))
    };
    ask.config.scopes().iter().map(one).collect()
}

fn users(ask: &Ask<'_>) -> String {
    let one = |user: &User| {
        let name = leaf("tt:Username", &user.name);
        element("tds:User", &(name + &leaf("tt:UserLevel", user.level.as_str())))
    };
    ask.state.guard.users.iter().map(one).collect()
}

fn set_users(ask: &mut Ask<'_>, new: bool) -> Result<String, Fault> {
    let operation = &ask.call.operation;
    let told: Vec<_> = operation.all(ns::DEVICE, "User").map(user).collect::<Result<_, _>>()?;
    if told.is_empty() {
        return Err(Fault::missing("User"));
    }
    let known = &mut ask.state.guard.users;
    // All of them or none.
    for (name, ..) in &told {
        match (new, known.iter().any(|user| user.name == *name)) {
            (true, true) => {
                let codes = ["ter:OperationProhibited", "ter:UsernameClash"];
                return Err(Fault::sender(&codes, "there is a user of this name"));
            }
            (false, false) => {
                let codes = ["ter:InvalidArgVal", "ter:UsernameMissing"];
                return Err(Fault::sender(&codes, "there is no user of this name"));
            }
            _ => {}
        }
    }
    if known.len() + told.len() > 32 && new {
        let codes = ["ter:MaxUsers"];
        return Err(Fault::receiver(&codes, "there are too many users"));
    }
    for (name, password, level) in told {
        match known.iter_mut().find(|user| user.name == name) {
            Some(user) => {
                user.level = level;
                user.password = password.unwrap_or_else(|| user.password.clone());
            }
            None => {
                let password = password.unwrap_or_default();
                known.push(User { name, password, level });
            }
        }
    }
    Ok(String::new())
}

/// Reads a user: name, password if there is one, level.
fn user(told: &Element) -> Result<(String, Option<String>, Level), Fault> {
    let text = |name| told.text_of(ns::SCHEMA, name);
    let name = text("Username").filter(|name| !name.is_empty());
    let level = text("UserLevel").and_then(Level::read);
    let (Some(name), Some(level)) = (name, level) else {
        return Err(Fault::sender(&["ter:InvalidArgVal"], "a user has a name and a level"));
    };
    Ok((name.to_owned(), text("Password").map(str::to_owned), level))
}

/// The token of the one relay.
const RELAY: &str = "RelayOutput_1";

fn relays() -> String {
    let properties =
        leaf("tt:Mode", "Bistable") + &leaf("tt:DelayTime", "PT0S") + &leaf("tt:IdleState", "open");
    xml::with("tds:RelayOutputs", &[("token", RELAY)], &element("tt:Properties", &properties))
}

fn set_relay(ask: &mut Ask<'_>) -> Result<String, Fault> {
    if ask.needed("RelayOutputToken")? != RELAY {
        let codes = ["ter:InvalidArgVal", "ter:RelayToken"];
        return Err(Fault::sender(&codes, "there is no such relay"));
    }
    let state = ask.needed("LogicalState")?;
    ask.state.relay = match state {
        "active" => true,
        "inactive" => false,
        _ => return Err(Fault::sender(&["ter:InvalidArgVal"], "active or inactive")),
    };
    let event =
        Event::new("Device/Trigger/Relay").source("RelayToken", RELAY).data("LogicalState", state);
    ask.state.pull_points.raise(event, ask.now);
    ask.news.send_replace(());
    Ok(String::new())
}
