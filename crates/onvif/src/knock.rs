//! Finding a device's own service where only a host is known.
//!
//! Makers put it behind different ports and paths. Each likely one is asked what time it
//! is, which needs no password: a service answers, or says in an envelope that it does not.

use futures::stream::{self, StreamExt};
use url::Url;

use crate::client::Client;
use crate::fault::{Fault, FaultKind};
use crate::http::Limits;

/// Where makers put it: most at the first, Tapo at 2020, Reolink at 8000, modules of XM at
/// 8899.
const PORTS: [u16; 7] = [80, 8080, 8000, 8899, 2020, 8081, 5000];

const PATHS: [&str; 2] = ["/onvif/device_service", "/onvif/service"];

/// How many doors of one host are knocked at at once.
const AT_ONCE: usize = 4;

/// Returns where the device's own service stands; `url` may be as little as `http://host`.
///
/// # Errors
///
/// If nothing of the kind is there, in the words of the likeliest place.
pub async fn knock(url: &Url, limits: Limits) -> Result<Url, Fault> {
    let asking = doors(url).into_iter().map(|door| async move { (ask(&door, limits).await, door) });
    let mut asking = stream::iter(asking).buffered(AT_ONCE);
    let (mut why, mut perhaps) = (None, None);
    while let Some((answered, door)) = asking.next().await {
        let fault = match answered {
            Ok(()) => return Ok(door),
            Err(fault) if fault.is_soap => return Ok(door),
            Err(fault) => fault,
        };
        // A page that asks for a password may be a router's; a device that tells even the
        // time to nobody looks the same.
        if fault.kind == FaultKind::WrongCredentials {
            perhaps.get_or_insert(door);
            continue;
        }
        // That something is there and is none says more than that nothing is.
        let says_more = |old: &Fault| {
            old.kind == FaultKind::Unreachable && fault.kind != FaultKind::Unreachable
        };
        if why.as_ref().is_none_or(says_more) {
            why = Some(fault);
        }
    }
    let none = || Fault::new(FaultKind::Protocol, "that is no address of a device");
    perhaps.ok_or_else(|| why.unwrap_or_else(none))
}

/// Returns the places that are asked: only what is said, where a port or path is.
fn doors(url: &Url) -> Vec<Url> {
    let has_path = !matches!(url.path(), "" | "/");
    let ports = match (url.port(), url.scheme()) {
        (Some(port), _) => vec![Some(port)],
        (None, "https") => vec![None],
        (None, _) if has_path => vec![None],
        (None, _) => PORTS.map(Some).to_vec(),
    };
    let paths = if has_path { vec![url.path()] } else { PATHS.to_vec() };
    let mut all = Vec::new();
    for path in paths {
        for port in &ports {
            let mut door = url.clone();
            door.set_path(path);
            if door.set_port(*port).is_ok() {
                all.push(door);
            }
        }
    }
    all
}

async fn ask(door: &Url, limits: Limits) -> Result<(), Fault> {
    Client::new(door.clone(), None, None, limits)?.read_clock_openly().await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(url: &str) -> Vec<String> {
        let url = Url::parse(url).unwrap();
        doors(&url).into_iter().map(|door| door.to_string()).collect()
    }

    #[test]
    fn what_is_not_said_is_tried_and_what_is_said_is_kept() {
        let all = asked("http://10.0.0.7");
        assert_eq!(all.len(), 14);
        assert_eq!(all[0], "http://10.0.0.7/onvif/device_service");
        assert!(all.contains(&"http://10.0.0.7:2020/onvif/service".to_owned()));
        assert_eq!(
            asked("http://10.0.0.7:8899"),
            ["http://10.0.0.7:8899/onvif/device_service", "http://10.0.0.7:8899/onvif/service"]
        );
        assert_eq!(asked("http://10.0.0.7/own"), ["http://10.0.0.7/own"]);
        assert_eq!(asked("https://10.0.0.7").len(), 2);
    }
}
