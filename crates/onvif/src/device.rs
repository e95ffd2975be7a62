//! What a device is: its services, its name and firmware, its network.

use std::collections::BTreeMap;

use url::Url;

use crate::client::Client;
use crate::fault::Fault;
use crate::soap::{Operation, Service};
use crate::xml::Element;

/// Who made a device, and what runs in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Information {
    /// Who made it.
    pub manufacturer: String,
    /// Its model.
    pub model: String,
    /// What runs in it.
    pub firmware: String,
    /// Its number.
    pub serial: String,
    /// Its hardware, as the maker calls it.
    pub hardware: String,
}

/// How a device is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The addresses of its interfaces, in small letters with colons: `44:19:b6:0a:0b:0c`.
    pub macs: Vec<String>,
    /// The ports that it tells of, by protocol: `HTTP`, `HTTPS`, `RTSP`.
    pub ports: Vec<Port>,
}

/// A protocol that a device speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// `HTTP`, `HTTPS` or `RTSP`.
    pub protocol: String,
    /// Whether it is switched on.
    pub is_on: bool,
    /// Where.
    pub port: u16,
}

/// Whence the services of a device are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldBy {
    /// It lists them.
    Services,
    /// It tells of them as devices did before.
    Capabilities,
}

impl Client {
    /// Learns which services the device has.
    ///
    /// # Errors
    ///
    /// If it tells of none by either way.
    pub async fn learn_services(&mut self) -> Result<ToldBy, Fault> {
        let listed = Operation::new(
            Service::Device,
            "GetServices",
            "<q:IncludeCapability>false</q:IncludeCapability>".to_owned(),
        );
        match self.open_or_not(listed).await {
            Ok(answer) => {
                let services = services(&answer, |said| self.home().service(said));
                if !services.is_empty() {
                    self.set_services(services);
                    return Ok(ToldBy::Services);
                }
            }
            Err(fault) if !fault.kind.is_of_one_call() => return Err(fault),
            Err(_) => {}
        }
        let told = Operation::new(
            Service::Device,
            "GetCapabilities",
            "<q:Category>All</q:Category>".to_owned(),
        );
        let answer = self.open_or_not(told).await?;
        let services = capabilities(&answer, |said| self.home().service(said));
        self.set_services(services);
        Ok(ToldBy::Capabilities)
    }

    /// Asks without a password what should need none, and with it where it does.
    async fn open_or_not(&mut self, operation: Operation) -> Result<Element, Fault> {
        self.call(&operation.open()).await
    }

    /// Returns who made it, and what runs in it.
    ///
    /// # Errors
    ///
    /// If it does not tell.
    pub async fn information(&mut self) -> Result<Information, Fault> {
        let answer = self.call(&Operation::bare(Service::Device, "GetDeviceInformation")).await?;
        let text =
            |name: &str| answer.text_at(&[name]).map(crate::fault::short).unwrap_or_default();
        Ok(Information {
            manufacturer: text("Manufacturer"),
            model: text("Model"),
            firmware: text("FirmwareVersion"),
            serial: text("SerialNumber"),
            hardware: text("HardwareId"),
        })
    }

    /// Returns how it is reached, as far as it tells.
    ///
    /// # Errors
    ///
    /// If it tells neither of its interfaces nor of its ports.
    pub async fn network(&mut self) -> Result<Network, Fault> {
        let interfaces = Operation::bare(Service::Device, "GetNetworkInterfaces");
        let interfaces = self.call(&interfaces).await;
        let protocols = Operation::bare(Service::Device, "GetNetworkProtocols");
        let protocols = self.call(&protocols).await;
        if let (Err(_), Err(fault)) = (&interfaces, protocols.as_ref().map(|_| ())) {
            let words = fault.to_string();
            return Err(Fault::new(fault.kind, words));
        }
        let mut network = Network::default();
        if let Ok(answer) = interfaces {
            let said = answer.all("NetworkInterfaces");
            network.macs =
                said.filter_map(|one| mac(one.text_at(&["Info", "HwAddress"])?)).collect();
        }
        if let Ok(answer) = protocols {
            network.ports = answer.all("NetworkProtocols").flat_map(ports).collect();
        }
        Ok(network)
    }
}

/// Reads a list of services; one whose address makes no sense is left out.
fn services(answer: &Element, asked: impl Fn(&str) -> Option<Url>) -> BTreeMap<Service, Url> {
    let said = answer.all("Service").filter_map(|one| {
        let service = Service::of_namespace(one.text_at(&["Namespace"])?)?;
        Some((service, asked(one.text_at(&["XAddr"])?)?))
    });
    said.collect()
}

/// Reads what devices told of before there was a list.
fn capabilities(answer: &Element, asked: impl Fn(&str) -> Option<Url>) -> BTreeMap<Service, Url> {
    const PLACES: [(Service, &[&str]); 10] = [
        (Service::Device, &["Device"]),
        (Service::Media1, &["Media"]),
        (Service::Ptz, &["PTZ"]),
        (Service::Imaging, &["Imaging"]),
        (Service::Events, &["Events"]),
        (Service::Analytics, &["Analytics"]),
        (Service::DeviceIo, &["Extension", "DeviceIO"]),
        (Service::Recording, &["Extension", "Recording"]),
        (Service::Search, &["Extension", "Search"]),
        (Service::Replay, &["Extension", "Replay"]),
    ];
    let Some(told) = answer.child("Capabilities") else { return BTreeMap::new() };
    let said = PLACES.iter().filter_map(|(service, path)| {
        let address = told.at(path)?.text_at(&["XAddr"])?;
        Some((*service, asked(address)?))
    });
    said.collect()
}

/// Reads an interface's address, with colons, dashes or nothing between its bytes.
fn mac(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    if digits.len() != 12 || digits.bytes().all(|digit| digit == b'0') {
        return None;
    }
    let pairs =
        digits.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).to_lowercase());
    Some(pairs.collect::<Vec<_>>().join(":"))
}

fn ports(element: &Element) -> Vec<Port> {
    let protocol = element.text_at(&["Name"]).unwrap_or_default().to_ascii_uppercase();
    let is_on = element.is_true(&["Enabled"]);
    let said = element.all("Port").filter_map(|port| port.text.parse().ok());
    said.map(|port| Port { protocol: protocol.clone(), is_on, port }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Element {
        Element::read(text.as_bytes()).unwrap()
    }

    fn same(said: &str) -> Option<Url> {
        Url::parse(said).ok()
    }

    #[test]
    fn services_are_read_from_either_telling() {
        let list = read(
            "<r><Service><Namespace>http://www.onvif.org/ver20/media/wsdl</Namespace><XAddr>http://h/m2</XAddr></Service>\
             <Service><Namespace>http://maker.example/own</Namespace><XAddr>http://h/x</XAddr></Service>\
             <Service><Namespace>http://www.onvif.org/ver20/ptz/wsdl</Namespace><XAddr>nonsense</XAddr></Service></r>",
        );
        let found = services(&list, same);
        assert_eq!(
            found.into_iter().map(|(service, url)| (service, url.to_string())).collect::<Vec<_>>(),
            [(Service::Media2, "http://h/m2".to_owned())]
        );
        let told = read(
            "<r><Capabilities><Media><XAddr>http://h/m</XAddr></Media><Extension><Replay><XAddr>http://h/r</XAddr>\
             </Replay></Extension></Capabilities></r>",
        );
        let found = capabilities(&told, same);
        assert_eq!(found.into_keys().collect::<Vec<_>>(), [Service::Media1, Service::Replay]);
        assert_eq!(capabilities(&read("<r/>"), same), BTreeMap::new());
    }

    #[test]
    fn an_interface_is_known_by_one_form_of_its_address() {
        for text in ["44:19:B6:0A:0B:0C", "44-19-b6-0a-0b-0c", "4419b60a0b0c"] {
            assert_eq!(mac(text).as_deref(), Some("44:19:b6:0a:0b:0c"), "{text}");
        }
        for text in ["", "44:19", "00:00:00:00:00:00", "none"] {
            assert_eq!(mac(text), None, "{text}");
        }
    }

    #[test]
    fn ports_are_those_that_are_numbers() {
        let read =
            read("<n><Name>rtsp</Name><Enabled>true</Enabled><Port>554</Port><Port>x</Port></n>");
        let expected = Port { protocol: "RTSP".to_owned(), is_on: true, port: 554 };
        assert_eq!(ports(&read), [expected]);
    }
}
