//! What a device says of its network. Nothing of it can be changed here.

use super::super::xml::{element, leaf, with};
use super::Ask;

pub(super) fn interfaces(ask: &Ask<'_>) -> String {
    let info =
        leaf("tt:Name", "eth0") + &leaf("tt:HwAddress", &ask.config.mac) + &leaf("tt:MTU", 1500);
    let address = leaf("tt:Address", ask.addresses.local.ip()) + &leaf("tt:PrefixLength", 24);
    let config = element("tt:Manual", &address) + &leaf("tt:DHCP", false);
    let v4 = leaf("tt:Enabled", true) + &element("tt:Config", &config);
    let inside = leaf("tt:Enabled", true) + &element("tt:Info", &info) + &element("tt:IPv4", &v4);
    with("tds:NetworkInterfaces", &[("token", "eth0")], &inside)
}

pub(super) fn protocols(ask: &Ask<'_>) -> String {
    let one = |name: &str, enabled: bool, port: u16| {
        let inside = leaf("tt:Name", name) + &leaf("tt:Enabled", enabled) + &leaf("tt:Port", port);
        element("tds:NetworkProtocols", &inside)
    };
    one("HTTP", true, ask.addresses.local.port())
        + &one("HTTPS", false, 443)
        + &one("RTSP", true, ask.config.rtsp_port)
}

pub(super) fn hostname(ask: &Ask<'_>) -> String {
    let inside = leaf("tt:FromDHCP", false) + &leaf("tt:Name", &ask.config.name);
    element("tds:HostnameInformation", &inside)
}

pub(super) fn dns() -> String {
    let server = leaf("tt:Type", "IPv4") + &leaf("tt:IPv4Address", "192.0.2.53");
    let inside = leaf("tt:FromDHCP", false) + &element("tt:DNSManual", &server);
    element("tds:DNSInformation", &inside)
}

pub(super) fn ntp() -> String {
    let server = leaf("tt:Type", "DNS") + &leaf("tt:DNSname", "time.example");
    let inside = leaf("tt:FromDHCP", false) + &element("tt:NTPManual", &server);
    element("tds:NTPInformation", &inside)
}
