//! The certificate that browsers see.
//!
//! ```text
//! tls/ca.key  tls/ca.pem      made once; ca.pem is what people install (GET /ca.crt)
//!        └── signs ──▶ a node certificate in memory, new at each start and renewed while running
//! ```
//!
//! A given certificate (`[http] certificate`, `key`) replaces all of it.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::home::write_private;

/// How long a node's certificate lives. Apple's systems refuse more than 398 days.
const NODE_LIFE: Duration = Duration::from_secs(397 * 86_400);
const CA_LIFE: Duration = Duration::from_secs(20 * 365 * 86_400);
/// Clocks of visitors may be behind ours.
const BACKDATED: Duration = Duration::from_secs(86_400);

/// The installation's own certificate authority.
pub(crate) struct Authority {
    /// The CA's certificate, for people to install.
    pub(crate) certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate chain and its key, as rustls takes them.
pub(crate) struct Identity {
    pub(crate) chain_pem: Vec<u8>,
    pub(crate) key_pem: Vec<u8>,
}

impl Authority {
    /// Loads the authority from `folder`, or makes it.
    pub(crate) fn open(folder: &Path, now: SystemTime) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let (key_path, certificate_path) = (folder.join("ca.key"), folder.join("ca.pem"));
        match (key_path.exists(), certificate_path.exists()) {
            (true, true) => {
                let key =
                    KeyPair::from_pem(&fs::read_to_string(&key_path)?).with_context(|| {
                        format!(
                            "{} is no private key: bring it back from a backup",
                            key_path.display()
                        )
                    })?;
                let certificate_pem = fs::read_to_string(&certificate_path)?;
                Ok(Self { certificate_pem, issuer: Issuer::new(ca_params(now), key) })
            }
            (true, false) => bail!(
                "{} is missing though its key is there: bring it back from a backup",
                certificate_path.display()
            ),
            (false, _) => {
                let key = KeyPair::generate()?;
                let params = ca_params(now);
                let certificate_pem = params.self_signed(&key)?.pem();
                fs::write(&certificate_path, &certificate_pem)
                    .with_context(|| format!("cannot write {}", certificate_path.display()))?;
                write_private(&key_path, key.serialize_pem().as_bytes())?;
                Ok(Self { certificate_pem, issuer: Issuer::new(params, key) })
            }
        }
    }

    /// Issues a certificate for this node under `names` and the names it has anyway.
    pub(crate) fn issue(&self, names: &[String], now: SystemTime) -> anyhow::Result<Identity> {
        let mut all = names.to_vec();
        all.extend(own_names());
        all.sort();
        all.dedup();
        let mut params = CertificateParams::new(all)
            .context("a name in [http] names is no host name or address")?;
        params.distinguished_name.push(DnType::CommonName, "Khuê");
        params.not_before = (now - BACKDATED).into();
        params.not_after = (now + NODE_LIFE).into();
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let chain = format!("{}{}", certificate.pem(), self.certificate_pem);
        Ok(Identity { chain_pem: chain.into_bytes(), key_pem: key.serialize_pem().into_bytes() })
    }
}

/// Reads a given certificate and key.
pub(crate) fn given(certificate: &Path, key: &Path) -> anyhow::Result<Identity> {
    let read = |path: &Path| {
        fs::read(path)
            .with_context(|| format!("cannot read {}, which [http] names", path.display()))
    };
    Ok(Identity { chain_pem: read(certificate)?, key_pem: read(key)? })
}

/// The same at each start, so that what the CA signs always names it as issuer.
fn ca_params(now: SystemTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Khuê installation CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = (now - BACKDATED).into();
    params.not_after = (now + CA_LIFE).into();
    params
}

/// Returns the names, and not the addresses, under which people reach this machine.
pub(crate) fn hosts(names: &[String]) -> Vec<String> {
    let all = names.iter().cloned().chain(own_names());
    all.filter(|name| name.parse::<IpAddr>().is_err()).collect()
}

/// Returns the names and addresses under which this machine is reached.
fn own_names() -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string(), "::1".to_owned()];
    if let Ok(name) = fs::read_to_string("/etc/hostname") {
        let name = name.trim();
        if !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
        {
            names.push(name.to_owned());
        }
    }
    // Connecting a datagram socket sends nothing: it only asks the kernel which
    // of our addresses faces the world. 192.0.2.1 is kept for documents (RFC 5737).
    let facing = UdpSocket::bind("0.0.0.0:0")
        .and_then(|socket| socket.connect("192.0.2.1:9").and(socket.local_addr()));
    if let Ok(IpAddr::V4(address)) = facing.map(|address| address.ip())
        && !address.is_unspecified()
    {
        names.push(address.to_string());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_stays_the_same_and_its_certificates_verify() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let first = Authority::open(folder.path(), now).unwrap().certificate_pem;
        let authority = Authority::open(folder.path(), now).unwrap();
        assert_eq!(authority.certificate_pem, first);
        let identity = authority.issue(&["vms.example.vn".to_owned()], now).unwrap();
        fs::write(folder.path().join("node.pem"), identity.chain_pem).unwrap();
        let verified = std::process::Command::new("openssl")
            .args(["verify", "-CAfile", "ca.pem", "-verify_hostname", "vms.example.vn", "node.pem"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    }

    #[test]
    fn an_authority_without_its_certificate_is_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        Authority::open(folder.path(), SystemTime::now()).unwrap();
        fs::remove_file(folder.path().join("ca.pem")).unwrap();
        let error = Authority::open(folder.path(), SystemTime::now()).err().unwrap();
        assert!(error.to_string().contains("bring it back from a backup"), "{error}");
    }
}
