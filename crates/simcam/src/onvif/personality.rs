//! What kinds of devices there are, and what each of them does in its own way.
//!
//! A [`Personality`] is who a device says it is; its [`Quirks`] are where it leaves
//! the written protocol. A test takes one and switches more on:
//!
//! ```
//! use simcam::onvif::{Personality, Quirks};
//!
//! let mut dahua = Personality::named("dahua").unwrap();
//! dahua.quirks.clock_skew_s = 90;
//! assert!(Personality::named("generic").unwrap().quirks == Quirks::NONE);
//! ```
//!
//! The table is made of what others told of such devices; no vendor vouches for it.

use std::net::Ipv4Addr;

/// Who a device says it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Personality {
    /// What we call it: `hikvision`.
    pub name: &'static str,
    /// The manufacturer.
    pub manufacturer: &'static str,
    /// The model.
    pub model: &'static str,
    /// The version of its firmware.
    pub firmware: &'static str,
    /// The port on which such devices speak ONVIF.
    pub port: u16,
    /// The path of its device service.
    pub path: &'static str,
    /// The realm of its digest authentication; `{serial}` is its serial number.
    pub realm: &'static str,
    /// What its profiles' tokens begin with.
    pub tokens: &'static str,
    /// How many channels it has.
    pub channels: u16,
    /// Whether it speaks ONVIF; one that does not has a stream all the same.
    pub speaks: bool,
    /// Where it leaves the written protocol.
    pub quirks: Quirks,
}

/// Where a device leaves the written protocol.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quirks {
    /// How far its clock is ahead; behind if it is negative.
    pub clock_skew_s: i64,
    /// `GetSystemDateAndTime` tells the local time alone.
    pub no_utc_time: bool,
    /// `GetSystemDateAndTime` asks for a password.
    pub time_needs_auth: bool,
    /// It takes HTTP Digest alone.
    pub digest_only: bool,
    /// It takes a token in the header alone, and offers no challenge.
    pub token_only: bool,
    /// How far a token's time may be from the device's clock.
    pub token_window_s: u32,
    /// It refuses with 400 and a fault, not with 401.
    pub auth_400: bool,
    /// It refuses with a page for people.
    pub html_401: bool,
    /// After so many wrong passwords in a row it answers who sent them with 403, for
    /// five minutes, whatever comes then.
    pub lockout_after: Option<u32>,
    /// Its addresses name this host, where nobody outside reaches it.
    pub nat_xaddr: Option<Ipv4Addr>,
    /// Who looks for it is told of several addresses, not all of which are of use.
    pub several_xaddrs: bool,
    /// Its services' addresses name `0.0.0.0`.
    pub zero_xaddr: bool,
    /// Its addresses have the port twice: `host:80:80`.
    pub double_port: bool,
    /// Its addresses are paths without a host.
    pub relative_uri: bool,
    /// Its streams' addresses name the port of its web pages.
    pub rtsp_port_wrong: bool,
    /// It has the first media service alone.
    pub media1_only: bool,
    /// It has the second media service alone.
    pub media2_only: bool,
    /// It has no profiles.
    pub empty_profiles: bool,
    /// The first media service leaves out profiles of H.265. Without this it calls
    /// them H.264, for it has no word for them.
    pub h265_hidden: bool,
    /// Its tokens have spaces in them.
    pub profile_tokens_with_spaces: bool,
    /// Its model's name is not UTF-8.
    pub invalid_utf8: bool,
    /// It has no snapshots.
    pub snapshot_missing: bool,
    /// It takes HTTP Basic alone for snapshots.
    pub snapshot_basic_only: bool,
    /// It sends whoever asks at a service's path to another path first, or to another
    /// host.
    pub http_redirect: Redirect,
    /// Its answers come in chunks.
    pub chunked_body: bool,
    /// It ends a connection without a word when there is nothing to say: after each
    /// answer, and instead of an answer to a pull that found nothing.
    pub close_on_idle: bool,
    /// How long it thinks before each answer.
    pub slow_ms: u32,
    /// It refuses a movement that says when it ends.
    pub ptz_timeout_rejected: bool,
    /// It does not end a movement when that said it would.
    pub ptz_timeout_ignored: bool,
    /// It does not know `Stop`.
    pub stop_unimplemented: bool,
    /// It says that it has no pull points, and has them.
    pub pullpoint_flag_lies: bool,
    /// It fails if a subscription does not say when it ends.
    pub need_initial_termination: bool,
    /// Whatever duration a subscription asks for, it gets ten seconds.
    pub relative_time_broken: bool,
    /// It refuses an end that is not written with a `Z`.
    pub needs_z_suffix: bool,
    /// It refuses `Renew`.
    pub renew_400: bool,
    /// A pull does not prolong its subscription.
    pub lease_not_extended: bool,
    /// `Unsubscribe` ends all subscriptions.
    pub unsubscribe_kills_all: bool,
    /// How many pull points there may be at once.
    pub max_pullpoints: u16,
    /// It refuses a pull whose header does not say to whom it goes.
    pub need_wsa_to: bool,
    /// Its topics end with `//.`.
    pub topic_suffix: bool,
    /// Its events have times that there are not.
    pub bad_timestamps: bool,
    /// It refuses filters.
    pub filter_rejected: bool,
}

/// Where a device sends whoever asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redirect {
    /// Nowhere: it answers.
    #[default]
    No,
    /// To another path of its own.
    SameHost,
    /// To another host.
    To(Ipv4Addr),
}

impl Quirks {
    /// A device that does everything as it is written.
    pub const NONE: Self = Self {
        clock_skew_s: 0,
        no_utc_time: false,
        time_needs_auth: false,
        digest_only: false,
        token_only: false,
        token_window_s: 15,
        auth_400: false,
        html_401: false,
        lockout_after: None,
        nat_xaddr: None,
        several_xaddrs: false,
        zero_xaddr: false,
        double_port: false,
        relative_uri: false,
        rtsp_port_wrong: false,
        media1_only: false,
        media2_only: false,
        empty_profiles: false,
        h265_hidden: false,
        profile_tokens_with_spaces: false,
        invalid_utf8: false,
        snapshot_missing: false,
        snapshot_basic_only: false,
        http_redirect: Redirect::No,
        chunked_body: false,
        close_on_idle: false,
        slow_ms: 0,
        ptz_timeout_rejected: false,
        ptz_timeout_ignored: false,
        stop_unimplemented: false,
        pullpoint_flag_lies: false,
        need_initial_termination: false,
        relative_time_broken: false,
        needs_z_suffix: false,
        renew_400: false,
        lease_not_extended: false,
        unsubscribe_kills_all: false,
        max_pullpoints: 5,
        need_wsa_to: false,
        topic_suffix: false,
        bad_timestamps: false,
        filter_rejected: false,
    };
}

impl Personality {
    /// Returns the personality that we call so.
    pub fn named(name: &str) -> Option<Self> {
        PERSONALITIES.iter().find(|one| one.name == name).copied()
    }

    /// Returns the same with other quirks.
    pub fn with(mut self, change: impl FnOnce(&mut Quirks)) -> Self {
        change(&mut self.quirks);
        self
    }
}

const GENERIC: Personality = Personality {
    name: "generic",
    manufacturer: "Khue",
    model: "SimCam",
    firmware: "1.0.0",
    port: 80,
    path: "/onvif/device_service",
    realm: "simcam",
    tokens: "Profile_",
    channels: 1,
    speaks: true,
    quirks: Quirks::NONE,
};

/// All personalities.
pub const PERSONALITIES: &[Personality] = &[
    GENERIC,
    // Digest alone is a setting of its own there, and the usual one; wrong passwords
    // lock the caller's address.
    Personality {
        name: "hikvision",
        manufacturer: "HIKVISION",
        model: "DS-2CD2143G2-I",
        firmware: "V5.7.15 build 230313",
        realm: "IP Camera({serial})",
        quirks: Quirks {
            digest_only: true,
            lockout_after: Some(5),
            ptz_timeout_rejected: true,
            ..Quirks::NONE
        },
        ..GENERIC
    },
    // The first media service does not tell of H.265 streams; times of events may be
    // no times.
    Personality {
        name: "dahua",
        manufacturer: "Dahua",
        model: "IPC-HFW2431S-S-S2",
        firmware: "2.800.0000000.31.R",
        realm: "Login to {serial}",
        tokens: "MediaProfile00",
        quirks: Quirks {
            h265_hidden: true,
            bad_timestamps: true,
            relative_time_broken: true,
            ..Quirks::NONE
        },
        ..GENERIC
    },
    // Tokens of several words, a flag that says there are no pull points.
    Personality {
        name: "axis",
        manufacturer: "AXIS",
        model: "P3245-LVE",
        firmware: "10.12.206",
        realm: "AXIS_{serial}",
        tokens: "profile_",
        quirks: Quirks {
            pullpoint_flag_lies: true,
            profile_tokens_with_spaces: true,
            ..Quirks::NONE
        },
        ..GENERIC
    },
    Personality {
        name: "hanwha",
        manufacturer: "Hanwha Techwin",
        model: "XNV-8080R",
        firmware: "1.41.11",
        realm: "iPolis_{serial}",
        tokens: "DefaultProfile",
        quirks: Quirks { several_xaddrs: true, ..Quirks::NONE },
        ..GENERIC
    },
    Personality {
        name: "uniview",
        manufacturer: "UNIVIEW",
        model: "IPC322LB-ADF28K-G",
        firmware: "IPC_D1213-B0013P70D1906",
        realm: "{serial}",
        tokens: "media_profile",
        ..GENERIC
    },
    // A port and a path of its own, one path for all services; a subscription must say
    // when it ends.
    Personality {
        name: "tapo",
        manufacturer: "tp-link",
        model: "Tapo C225",
        firmware: "1.0.11 Build 230728",
        port: 2020,
        path: "/onvif/service",
        realm: "TP-Link IP-Camera",
        tokens: "profile_",
        quirks: Quirks {
            token_only: true,
            media1_only: true,
            need_initial_termination: true,
            snapshot_missing: true,
            max_pullpoints: 2,
            ..Quirks::NONE
        },
        ..GENERIC
    },
    // In effect one listener for events, at an address with a query that must be named
    // in the header.
    Personality {
        name: "reolink",
        manufacturer: "REOLINK",
        model: "RLC-810A",
        firmware: "v3.1.0.1162_22070701",
        port: 8000,
        realm: "IPC",
        tokens: "00",
        quirks: Quirks {
            token_only: true,
            media1_only: true,
            max_pullpoints: 1,
            need_wsa_to: true,
            ..Quirks::NONE
        },
        ..GENERIC
    },
    Personality {
        name: "imou",
        manufacturer: "Imou",
        model: "IPC-A22E",
        firmware: "2.680.0000000.25.R",
        realm: "Login to {serial}",
        tokens: "MediaProfile00",
        quirks: Quirks { unsubscribe_kills_all: true, topic_suffix: true, ..Quirks::NONE },
        ..GENERIC
    },
    // RTSP alone.
    Personality {
        name: "ezviz",
        manufacturer: "EZVIZ",
        model: "CS-C6N",
        firmware: "V5.3.0 build 210301",
        speaks: false,
        ..GENERIC
    },
    // No lease is prolonged: neither by Renew nor by a pull.
    Personality {
        name: "xm",
        manufacturer: "H264",
        model: "XM530_50X50-WG_S38",
        firmware: "V5.00.R02.000807D7.10010.346624",
        port: 8899,
        realm: "XM",
        tokens: "PROFILE_",
        quirks: Quirks {
            token_only: true,
            auth_400: true,
            media1_only: true,
            renew_400: true,
            lease_not_extended: true,
            filter_rejected: true,
            zero_xaddr: true,
            snapshot_basic_only: true,
            ..Quirks::NONE
        },
        ..GENERIC
    },
    Personality {
        name: "nvr",
        manufacturer: "Generic",
        model: "NVR-8",
        firmware: "3.2.1",
        channels: 8,
        tokens: "Channel",
        ..GENERIC
    },
    // Somebody put it up half a year before its first look at a clock.
    Personality {
        name: "wrong-clock",
        model: "SimCam Unset",
        quirks: Quirks { clock_skew_s: -180 * 86_400, ..Quirks::NONE },
        ..GENERIC
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_personality_has_a_name_of_its_own_and_all_that_a_client_looks_for() {
        for (at, one) in PERSONALITIES.iter().enumerate() {
            assert_eq!(Personality::named(one.name), Some(*one));
            assert!(PERSONALITIES[..at].iter().all(|other| other.name != one.name));
            assert!(one.path.starts_with("/onvif/") && one.channels > 0 && one.port > 0);
            for text in [one.manufacturer, one.model, one.firmware, one.realm, one.tokens] {
                assert!(!text.is_empty(), "{}", one.name);
            }
            let quirks = one.quirks;
            assert!(!(quirks.digest_only && quirks.token_only), "{}", one.name);
            assert!(!(quirks.media1_only && quirks.media2_only), "{}", one.name);
        }
        assert_eq!(Personality::named("nobody"), None);
    }

    #[test]
    fn more_can_be_switched_on() {
        let one = GENERIC.with(|quirks| quirks.slow_ms = 5);
        assert_eq!((one.quirks.slow_ms, GENERIC.quirks.slow_ms), (5, 0));
    }
}
