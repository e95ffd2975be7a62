//! Which fault an error is, and the words that name its cure.
//!
//! Here stands all that people read when a camera fails; what a fault *is* stands
//! in `fault`, where errors come from in `connection`.

use std::error::Error;
use std::io;
use std::time::Duration;

use base::Transport;

use crate::fault::{Fault, FaultKind};
use crate::rtsp::description::NotADescription;
use crate::rtsp::message::Malformed;
use crate::rtsp::wire::Broken;
use crate::source::Source;

/// Names why there is no connection.
pub(crate) fn not_connected(authority: &str, error: io::Error) -> Fault {
    let (kind, message) = match error.kind() {
        io::ErrorKind::ConnectionRefused => (
            FaultKind::Refused,
            format!(
                "{authority} refuses the connection; check the port, and that RTSP is switched on \
                 in the camera"
            ),
        ),
        _ => (
            FaultKind::Unreachable,
            format!("{authority} cannot be reached; check its address, its power and the network"),
        ),
    };
    Fault::new(kind, message).with_source(error)
}

/// Names a host that says nothing at all.
pub(crate) fn not_reached(authority: &str) -> Fault {
    Fault::new(
        FaultKind::Unreachable,
        format!("{authority} does not answer; check its address, its power and the network"),
    )
}

/// Names a request that stays without an answer.
pub(crate) fn does_not_answer(authority: &str, method: &str) -> Fault {
    Fault::new(
        FaultKind::Silent,
        format!(
            "{authority} takes the connection and does not answer {method}; restart the camera, \
             and check that the port is its RTSP port"
        ),
    )
}

/// Names a refusal.
pub(crate) fn by_status(status: u16, source: &Source) -> Fault {
    // Not its path: some cameras have the password in there.
    let authority = source.authority();
    let (kind, message) = match (status, &source.credentials) {
        (401, None) => {
            (FaultKind::WrongCredentials, "the camera asks for a user name and password".to_owned())
        }
        (401, Some(_)) => (
            FaultKind::WrongCredentials,
            "the camera refuses this user name or password".to_owned(),
        ),
        (403, _) => (
            FaultKind::WrongCredentials,
            "the camera does not let this user watch; give the user the right in the camera"
                .to_owned(),
        ),
        (404 | 410, _) => (
            FaultKind::NotFound,
            format!("{authority} has no stream at this path; look the path up in its manual"),
        ),
        (453 | 503, _) => (
            FaultKind::Refused,
            format!("{authority} serves no more viewers ({status}); end other connections to it"),
        ),
        (461 | 501 | 505 | 551, _) => (
            FaultKind::Unsupported,
            match source.link.transport {
                Transport::Udp => {
                    format!("{authority} does not send by UDP ({status}); choose TCP for it")
                }
                Transport::Tcp => {
                    format!("{authority} does not send over TCP ({status}); choose UDP for it")
                }
                Transport::Auto => format!(
                    "{authority} sends neither over TCP nor by UDP ({status}); switch one on there"
                ),
            },
        ),
        _ => (
            FaultKind::Protocol,
            format!("{authority} answers {status}; restart the camera, or update its firmware"),
        ),
    };
    Fault::new(kind, message).with_status(status)
}

/// Names why an answer did not come, or could not be read.
pub(crate) fn answers_badly(authority: &str, method: &str, error: Broken) -> Fault {
    let message = match &error {
        Broken::Malformed(Malformed::Message(_)) => format!(
            "{authority} answers {method} in a way that is not understood; update the camera's \
             firmware"
        ),
        Broken::Malformed(Malformed::NotRtsp) | Broken::Closed | Broken::Io(_) => format!(
            "{authority} does not answer {method} in RTSP; check that the port is its RTSP port"
        ),
    };
    Fault::new(FaultKind::Protocol, message).with_source(error)
}

/// Names a description that is none.
pub(crate) fn describes_badly(authority: &str, error: NotADescription) -> Fault {
    let message = format!(
        "{authority} describes its stream in a way that is not understood; update the camera's \
         firmware"
    );
    Fault::new(FaultKind::Protocol, message).with_source(error)
}

/// Names why a stream that played broke off.
pub(crate) fn broke_off(authority: &str, error: Broken) -> Fault {
    match error {
        Broken::Closed | Broken::Io(_) => lost(authority).with_source(error),
        Broken::Malformed(_) => no_stream(authority, error),
    }
}

/// Names packets that are no stream.
pub(crate) fn no_stream(authority: &str, why: impl Into<Box<dyn Error + Send + Sync>>) -> Fault {
    let message = format!(
        "{authority} sends what is no valid stream; restart the camera, or update its firmware"
    );
    Fault::new(FaultKind::Protocol, message).with_source(why)
}

/// Names a connection that ended in mid-stream.
pub(crate) fn lost(authority: &str) -> Fault {
    Fault::new(
        FaultKind::Unreachable,
        format!("the connection to {authority} was lost; check the camera's power and the network"),
    )
}

/// Names a stream without pictures.
pub(crate) fn no_picture(authority: &str, silence: Duration) -> Fault {
    let seconds = silence.as_secs_f32();
    Fault::new(
        FaultKind::Silent,
        format!("{authority} has sent no picture for {seconds} s; restart the camera"),
    )
}

/// Names a stream that was to come by UDP and of which nothing came.
pub(crate) fn nothing_by_udp(authority: &str, chosen: Transport, silence: Duration) -> Fault {
    let seconds = silence.as_secs_f32();
    // Where it was not chosen, TCP was refused.
    let cure = match chosen {
        Transport::Udp => "choose TCP for it",
        Transport::Auto | Transport::Tcp => "let its UDP through the firewall",
    };
    Fault::new(
        FaultKind::Silent,
        format!("{authority} plays, and nothing has come by UDP for {seconds} s; {cure}"),
    )
}

/// Names a stream that its camera ended.
pub(crate) fn said_goodbye(authority: &str) -> Fault {
    Fault::new(
        FaultKind::Silent,
        format!("{authority} has ended the stream; look whether it was restarted or set anew"),
    )
}

/// Names a stream of which nobody knows how to decode it.
pub(crate) fn no_sets(authority: &str, limit: Duration) -> Fault {
    let seconds = limit.as_secs_f32();
    Fault::new(
        FaultKind::Unsupported,
        format!(
            "{authority} has sent no parameter sets for {seconds} s; update the camera's firmware, \
             or set another codec or profile in it"
        ),
    )
}

/// Names a stream that cannot be joined, nor be cut into segments.
pub(crate) fn no_keyframe(authority: &str, limit: Duration) -> Fault {
    let seconds = limit.as_secs_f32();
    Fault::new(
        FaultKind::Unsupported,
        format!(
            "{authority} has sent no keyframe for {seconds} s; set a shorter keyframe interval in \
             the camera"
        ),
    )
}

/// Names a TLS connection that did not come about.
pub(crate) fn no_tls(authority: &str, error: io::Error) -> Fault {
    let message = format!(
        "{authority} does not speak TLS as it should; write rtsp:// if it has none, or renew its \
         certificate"
    );
    Fault::new(FaultKind::Protocol, message).with_source(error)
}

/// Names a camera that shows another certificate than the one that was set.
pub(crate) fn other_certificate(authority: &str) -> Fault {
    let message = format!(
        "{authority} shows another certificate than the one set for it; check that it is the \
         camera, then set its new certificate"
    );
    Fault::new(FaultKind::WrongCredentials, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_told_by_their_cure() {
        let url = "rtsp://10.0.0.7/user=admin_password=secret7_channel=1".parse().unwrap();
        let mut source = Source::new(url, None);
        let told = |status, source: &Source| {
            let fault = by_status(status, source);
            (fault.kind, fault.to_string())
        };
        let (kind, words) = told(401, &source);
        assert_eq!(kind, FaultKind::WrongCredentials);
        assert_eq!(words, "the camera asks for a user name and password");
        let (user, password) = ("admin".to_owned(), "x".to_owned());
        source.credentials = Some(crate::Credentials { user, password });
        assert_eq!(told(401, &source).1, "the camera refuses this user name or password");
        assert_eq!(told(403, &source).0, FaultKind::WrongCredentials);
        assert_eq!(
            told(404, &source).1,
            "10.0.0.7:554 has no stream at this path; look the path up in its manual"
        );
        for status in [302, 401, 403, 404, 453, 461, 500] {
            assert!(!told(status, &source).1.contains("secret7"));
        }
        assert_eq!(told(453, &source).0, FaultKind::Refused);
        assert_eq!(told(461, &source).0, FaultKind::Unsupported);
        assert_eq!(told(500, &source).0, FaultKind::Protocol);
    }
}
