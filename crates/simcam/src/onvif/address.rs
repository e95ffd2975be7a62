//! The addresses that a device tells of itself, true or not.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::http::percent_encoded;
use super::namespace as ns;
use super::personality::{Personality, Quirks};

/// One of a device's services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Device,
    Media,
    Media2,
    Ptz,
    Imaging,
    Events,
    DeviceIo,
}

/// What a device's addresses are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    /// Where whoever asks has reached it.
    pub(crate) local: SocketAddr,
    /// The path of its device service.
    pub(crate) path: &'static str,
    pub(crate) quirks: Quirks,
}

/// The path of the first of all services, where each has a path of its own.
const USUAL_PATH: &str = "/onvif/device_service";

impl Service {
    /// All services, in the order in which a device tells of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Device,
        Self::Media,
        Self::Media2,
        Self::Ptz,
        Self::Imaging,
        Self::Events,
        Self::DeviceIo,
    ];

    /// Returns its namespace.
    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::Device => ns::DEVICE,
            Self::Media => ns::MEDIA,
            Self::Media2 => ns::MEDIA2,
            Self::Ptz => ns::PTZ,
            Self::Imaging => ns::IMAGING,
            Self::Events => ns::EVENTS,
            Self::DeviceIo => ns::DEVICE_IO,
        }
    }

    /// Returns its version.
    pub(crate) fn version(self) -> (u8, u8) {
        match self {
            Self::Media => (2, 60),
            Self::Events | Self::Imaging => (2, 60),
            Self::Device | Self::Media2 | Self::Ptz | Self::DeviceIo => (20, 12),
        }
    }

    fn usual_path(self) -> &'static str {
        match self {
            Self::Device => USUAL_PATH,
            Self::Media => "/onvif/media_service",
            Self::Media2 => "/onvif/media2_service",
            Self::Ptz => "/onvif/ptz_service",
            Self::Imaging => "/onvif/imaging_service",
            Self::Events => "/onvif/event_service",
            Self::DeviceIo => "/onvif/deviceio_service",
        }
    }
}

impl Addresses {
    /// Returns the addresses of a device that is reached at `local`.
    pub(crate) fn new(local: SocketAddr, personality: &Personality, quirks: Quirks) -> Self {
        Self { local, path: personality.path, quirks }
    }

    /// Returns the path of a service.
    pub(crate) fn service_path(&self, service: Service) -> &'static str {
        if self.path == USUAL_PATH { service.usual_path() } else { self.path }
    }

    /// Returns the address of a service.
    pub(crate) fn service(&self, service: Service) -> String {
        let host = match self.quirks.zero_xaddr {
            true => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            false => self.host(),
        };
        self.at(host, self.service_path(service))
    }

    /// Returns the address of a profile's snapshot.
    pub(crate) fn snapshot(&self, token: &str) -> String {
        self.at(self.host(), &format!("/snapshot/{}.jpg", percent_encoded(token)))
    }

    /// Returns the address of a pull point.
    pub(crate) fn pull_point(&self, id: u64) -> String {
        // Where a pull must name whom it goes to, the path alone does not tell.
        let path = match self.quirks.need_wsa_to {
            true => format!("/onvif/Notification?Idx={id}"),
            false => format!("/onvif/event/sub/{id}"),
        };
        self.at(self.host(), &path)
    }

    /// Returns the address of a stream, from the one at which it really is.
    pub(crate) fn stream(&self, url: &str) -> String {
        let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let Ok(truly) = authority.parse::<SocketAddr>() else { return url.to_owned() };
        let mut told = truly;
        if let Some(host) = self.quirks.nat_xaddr {
            told.set_ip(IpAddr::V4(host));
        }
        if self.quirks.rtsp_port_wrong {
            told.set_port(self.local.port());
        }
        let twice = match self.quirks.double_port {
            true => format!(":{}", told.port()),
            false => String::new(),
        };
        format!("{scheme}://{told}{twice}{path}")
    }

    fn host(&self) -> IpAddr {
        self.quirks.nat_xaddr.map_or(self.local.ip(), IpAddr::V4)
    }

    fn at(&self, host: IpAddr, path: &str) -> String {
        let authority = SocketAddr::new(host, self.local.port());
        if self.quirks.relative_uri {
            return path.to_owned();
        }
        match self.quirks.double_port {
            true => format!("http://{authority}:{}{path}", authority.port()),
            false => format!("http://{authority}{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(change: impl FnOnce(&mut Quirks)) -> Addresses {
        let personality = Personality::named("generic").unwrap().with(change);
        Addresses::new(([127, 0, 0, 1], 8000).into(), &personality, personality.quirks)
    }

    #[test]
    fn addresses_are_true_unless_the_device_is_told_otherwise() {
        let stream = "rtsp://127.0.0.1:8554/cam1/main";
        let plain = addresses(|_| ());
        assert_eq!(plain.service(Service::Ptz), "http://127.0.0.1:8000/onvif/ptz_service");
        assert_eq!(plain.snapshot("a b"), "http://127.0.0.1:8000/snapshot/a%20b.jpg");
        assert_eq!(plain.pull_point(3), "http://127.0.0.1:8000/onvif/event/sub/3");
        assert_eq!(plain.stream(stream), stream);
        let nat = addresses(|quirks| quirks.nat_xaddr = Some([192, 168, 1, 9].into()));
        assert_eq!(nat.service(Service::Device), "http://192.168.1.9:8000/onvif/device_service");
        assert_eq!(nat.stream(stream), "rtsp://192.168.1.9:8554/cam1/main");
        let zero = addresses(|quirks| quirks.zero_xaddr = true);
        assert_eq!(zero.service(Service::Device), "http://0.0.0.0:8000/onvif/device_service");
        let twice = addresses(|quirks| quirks.double_port = true);
        assert_eq!(twice.snapshot("a"), "http://127.0.0.1:8000:8000/snapshot/a.jpg");
        assert_eq!(twice.stream(stream), "rtsp://127.0.0.1:8554:8554/cam1/main");
        let relative = addresses(|quirks| quirks.relative_uri = true);
        assert_eq!(relative.service(Service::Events), "/onvif/event_service");
        let wrong = addresses(|quirks| quirks.rtsp_port_wrong = true);
        assert_eq!(wrong.stream(stream), "rtsp://127.0.0.1:8000/cam1/main");
        assert_eq!(wrong.stream("rtsp://camera.example/a"), "rtsp://camera.example/a");
    }

    #[test]
    fn a_device_with_a_path_of_its_own_has_one_for_all_services() {
        let tapo = Personality::named("tapo").unwrap();
        let tapo = Addresses::new(([127, 0, 0, 1], 2020).into(), &tapo, tapo.quirks);
        for service in Service::ALL {
            assert_eq!(tapo.service(service), "http://127.0.0.1:2020/onvif/service");
        }
    }
}
