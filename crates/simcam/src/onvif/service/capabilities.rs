//! What a device says it can do: for each service, and in the older form for all.
//!
//! What it says and what it does are two things; quirks see to that.

use super::super::address::Service;
use super::super::device::DeviceConfig;
use super::super::namespace as ns;
use super::super::personality::Quirks;
use super::super::soap::Fault;
use super::super::xml::{element, leaf, with};
use super::{Ask, has};

/// Returns what a service can do, as an element of its own.
pub(super) fn of(service: Service, config: &DeviceConfig, quirks: &Quirks) -> String {
    let snapshot = (!quirks.snapshot_missing && config.snapshot.is_some()).to_string();
    let digest = (!quirks.token_only).to_string();
    let token = (!quirks.digest_only).to_string();
    let pull_points = quirks.max_pullpoints.to_string();
    let pull_point = (!quirks.pullpoint_flag_lies).to_string();
    let profiles = (2 * config.channels.len()).to_string();
    match service {
        Service::Device => {
            let network = with("tds:Network", &[("IPVersion6", "false"), ("NTP", "1")], "");
            let security = [
                ("UsernameToken", token.as_str()),
                ("HttpDigest", digest.as_str()),
                ("MaxUsers", "32"),
            ];
            let system = [("DiscoveryResolve", "false"), ("DiscoveryBye", "true")];
            let inside =
                network + &with("tds:Security", &security, "") + &with("tds:System", &system, "");
            element("tds:Capabilities", &inside)
        }
        Service::Media => {
            let inside =
                with("trt:ProfileCapabilities", &[("MaximumNumberOfProfiles", &profiles)], "")
                    + &with(
                        "trt:StreamingCapabilities",
                        &[("RTPMulticast", "false"), ("RTP_TCP", "true"), ("RTP_RTSP_TCP", "true")],
                        "",
                    );
            with("trt:Capabilities", &[("SnapshotUri", &snapshot), ("Rotation", "false")], &inside)
        }
        Service::Media2 => {
            let profile = [
                ("MaximumNumberOfProfiles", profiles.as_str()),
                ("ConfigurationsSupported", "VideoSource VideoEncoder PTZ"),
            ];
            let streaming = [("RTSPStreaming", "true"), ("RTPMulticast", "false")];
            let inside = with("tr2:ProfileCapabilities", &profile, "")
                + &with("tr2:StreamingCapabilities", &streaming, "");
            with("tr2:Capabilities", &[("SnapshotUri", &snapshot), ("Rotation", "false")], &inside)
        }
        Service::Ptz => with("tptz:Capabilities", &[("EFlip", "false"), ("Reverse", "false")], ""),
        Service::Imaging => with("timg:Capabilities", &[("ImageStabilization", "false")], ""),
        Service::Events => with(
            "tev:Capabilities",
            &[
                ("WSSubscriptionPolicySupport", "false"),
                ("WSPullPointSupport", &pull_point),
                ("WSPausableSubscriptionManagerInterfaceSupport", "false"),
                ("MaxPullPoints", &pull_points),
                ("PersistentNotificationStorage", "false"),
            ],
            "",
        ),
        Service::DeviceIo => {
            let sources = config.channels.len().to_string();
            let inside = [("VideoSources", sources.as_str()), ("RelayOutputs", "1")];
            with("tmd:Capabilities", &inside, "")
        }
    }
}

/// Answers `GetCapabilities`.
pub(super) fn all(ask: &Ask<'_>) -> Result<String, Fault> {
    let asked: Vec<_> = ask.call.operation.all(ns::DEVICE, "Category").collect();
    for category in &asked {
        let known = ["All", "Analytics", "Device", "Events", "Imaging", "Media", "PTZ"];
        if !known.contains(&category.text()) {
            let codes = ["ter:ActionNotSupported", "ter:NoSuchService"];
            return Err(Fault::receiver(&codes, "there is no such category"));
        }
    }
    // Who names none means the device itself, or all: devices differ, and these do the
    // more useful.
    let wants = |name: &str| {
        asked.is_empty() || asked.iter().any(|one| one.text() == "All" || one.text() == name)
    };
    let quirks = &ask.state.quirks;
    let address = |service| leaf("tt:XAddr", ask.addresses.service(service));
    let mut inside = String::new();
    if wants("Device") {
        inside += &element("tt:Device", &(address(Service::Device) + &device()));
    }
    if wants("Events") {
        let flags = address(Service::Events)
            + &leaf("tt:WSSubscriptionPolicySupport", false)
            + &leaf("tt:WSPullPointSupport", !quirks.pullpoint_flag_lies)
            + &leaf("tt:WSPausableSubscriptionManagerInterfaceSupport", false);
        inside += &element("tt:Events", &flags);
    }
    if wants("Imaging") {
        inside += &element("tt:Imaging", &address(Service::Imaging));
    }
    if wants("Media") && has(ask.config, quirks, Service::Media) {
        let streaming = leaf("tt:RTPMulticast", false)
            + &leaf("tt:RTP_TCP", true)
            + &leaf("tt:RTP_RTSP_TCP", true);
        let media = address(Service::Media) + &element("tt:StreamingCapabilities", &streaming);
        inside += &element("tt:Media", &media);
    }
    if wants("PTZ") && has(ask.config, quirks, Service::Ptz) {
        inside += &element("tt:PTZ", &address(Service::Ptz));
    }
    if wants("All") {
        let io = address(Service::DeviceIo)
            + &leaf("tt:VideoSources", ask.config.channels.len())
            + &leaf("tt:VideoOutputs", 0)
            + &leaf("tt:AudioSources", 0)
            + &leaf("tt:AudioOutputs", 0)
            + &leaf("tt:RelayOutputs", 1);
        inside += &element("tt:Extension", &element("tt:DeviceIO", &io));
    }
    Ok(element("tds:Capabilities", &inside))
}

fn device() -> String {
    let flags = |names: &[&str]| names.iter().map(|name| leaf(name, false)).collect::<String>();
    let network = ["tt:IPFilter", "tt:ZeroConfiguration", "tt:IPVersion6", "tt:DynDNS"];
    let system = flags(&["tt:DiscoveryResolve"])
        + &leaf("tt:DiscoveryBye", true)
        + &flags(&[
            "tt:RemoteDiscovery",
            "tt:SystemBackup",
            "tt:SystemLogging",
            "tt:FirmwareUpgrade",
        ])
        + &element("tt:SupportedVersions", &(leaf("tt:Major", 2) + &leaf("tt:Minor", 60)));
    let io = leaf("tt:InputConnectors", 0) + &leaf("tt:RelayOutputs", 1);
    let security = flags(&[
        "tt:TLS1.1",
        "tt:TLS1.2",
        "tt:OnboardKeyGeneration",
        "tt:AccessPolicyConfig",
        "tt:X.509Token",
        "tt:SAMLToken",
        "tt:KerberosToken",
        "tt:RELToken",
    ]);
    element("tt:Network", &flags(&network))
        + &element("tt:System", &system)
        + &element("tt:IO", &io)
        + &element("tt:Security", &security)
}
