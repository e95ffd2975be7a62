//! `[sign_in.oidc]` of the configuration: who else may say who somebody is, and
//! what of that counts here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// What `[sign_in.oidc]` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// Who the provider says it is; its description is looked for under this.
    pub issuer: String,
    /// What we are called there.
    pub client_id: String,
    /// A file whose first line is our secret there; none for a client without one.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// A file with the certificates (PEM) that sign the provider's, in place of those
    /// that browsers know.
    #[serde(default)]
    pub certificate_file: Option<PathBuf>,
    /// How people's browsers reach us; the provider sends them back there.
    pub address: String,
    /// What stands on the button.
    #[serde(default = "label")]
    pub label: String,
    /// What is asked for beside `openid`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// Which claim is the name that somebody signs in by.
    #[serde(default = "name_claim")]
    pub name_claim: String,
    /// Which claim is the name that others see.
    #[serde(default = "display_name_claim")]
    pub display_name_claim: String,
    /// Which claim lists what somebody belongs to.
    #[serde(default = "groups_claim")]
    pub groups_claim: String,
    /// Whether who is not here yet is added at their first sign-in.
    #[serde(default)]
    pub make_people: bool,
    /// Whether claims may make administrators, and let them in.
    #[serde(default)]
    pub administrators: bool,
    /// Which values of `amr` or `acr` count as a second factor.
    #[serde(default)]
    pub second_factor: Vec<String>,
    /// From a value of the groups' claim to the name of a group here.
    #[serde(default)]
    pub groups: BTreeMap<String, String>,
    /// From a value of the groups' claim to a role here.
    #[serde(default)]
    pub roles: BTreeMap<String, ClaimedRole>,
}

/// A role that a claim gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimedRole {
    /// Configures.
    Administrator,
    /// Reads who did what.
    Auditor,
    /// Holds what grants give.
    Operator,
}

impl OidcConfig {
    /// Says what of it cannot work.
    pub(crate) fn check(&self) -> Result<(), String> {
        reachable("issuer", &self.issuer)?;
        let address = reachable("address", &self.address)?;
        if address.path() != "/" || address.query().is_some() || address.fragment().is_some() {
            return Err(format!(
                "address = {:?} is more than an origin; write https://NAME or https://NAME:PORT",
                self.address
            ));
        }
        if self.client_id.trim().is_empty() {
            return Err("client_id is empty; write what the provider calls khue".to_owned());
        }
        let makes_some = self.roles.values().any(|role| *role == ClaimedRole::Administrator);
        if makes_some && !self.administrators {
            return Err(
                "roles make administrators, which administrators = false forbids; say true if that \
                 is meant, or leave the role out"
                    .to_owned(),
            );
        }
        if self.make_people && self.groups.is_empty() && self.roles.is_empty() {
            return Err(
                "make_people = true adds those alone whom groups or roles name, and both are empty; \
                 name at least one"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Returns the role that somebody's groups there give, the one that does most
    /// if they give several.
    pub fn role_of(&self, groups: &[String]) -> Option<ClaimedRole> {
        groups.iter().filter_map(|group| self.roles.get(group)).min().copied()
    }

    /// Returns each group here that the provider decides on, and whether somebody
    /// with these groups there is in it.
    pub fn groups_of(&self, groups: &[String]) -> BTreeMap<&str, bool> {
        let mut decided = BTreeMap::new();
        for (there, here) in &self.groups {
            *decided.entry(here.as_str()).or_default() |= groups.contains(there);
        }
        decided
    }

    /// Returns whether anything here is said of somebody with these groups there.
    pub fn names(&self, groups: &[String]) -> bool {
        self.role_of(groups).is_some() || self.groups_of(groups).into_values().any(|is_in| is_in)
    }

    /// Returns where the provider sends people back to.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("{}/api/v1/session/oidc/callback", self.address.trim_end_matches('/'))
    }
}

/// Returns an address that nobody on the way can read or change: https, or this
/// machine itself.
pub(crate) fn reachable(field: &str, text: &str) -> Result<Url, String> {
    let bad = |why: &str| Err(format!("{field} = {text:?} {why}"));
    let Ok(url) = text.parse::<Url>() else { return bad("is no address; write https://NAME") };
    if url.password().is_some() || !url.username().is_empty() {
        return Err(format!("{field} holds a name or password; leave them out"));
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(url),
        "http" if is_this_machine(&url) => Ok(url),
        _ => bad("is not https://, so that anybody on the way could change what comes from there"),
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn label() -> String {
    "Tài khoản cơ quan".to_owned()
}

fn scopes() -> Vec<String> {
    vec!["profile".to_owned()]
}

fn name_claim() -> String {
    "preferred_username".to_owned()
}

fn display_name_claim() -> String {
    "name".to_owned()
}

fn groups_claim() -> String {
    "groups".to_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// As little as can be said.
    pub(crate) fn least(issuer: &str) -> OidcConfig {
        OidcConfig {
            issuer: issuer.to_owned(),
            client_id: "khue".to_owned(),
            client_secret_file: None,
            certificate_file: None,
            address: "https://camera.example.vn".to_owned(),
            label: label(),
            scopes: scopes(),
            name_claim: name_claim(),
            display_name_claim: display_name_claim(),
            groups_claim: groups_claim(),
            make_people: false,
            administrators: false,
            second_factor: Vec::new(),
            groups: BTreeMap::new(),
            roles: BTreeMap::new(),
        }
    }

    #[test]
    fn a_provider_that_others_could_speak_for_is_refused() {
        for issuer in [
            "http://id.example.vn",
            "http://127.0.0.1.example.vn",
            "ftp://id.example.vn",
            "id.example.vn",
            "https://khue:secret@id.example.vn",
            "",
        ] {
            let words = least(issuer).check().unwrap_err();
            assert!(words.starts_with("issuer") && !words.contains("secret@"), "{words}");
        }
        for issuer in
            ["https://id.example.vn/realms/city", "http://127.0.0.1:5556", "http://[::1]:1"]
        {
            assert_eq!(least(issuer).check(), Ok(()), "{issuer}");
        }
        let more = OidcConfig {
            address: "https://camera.example.vn/khue".to_owned(),
            ..least("https://id.example.vn")
        };
        assert!(more.check().unwrap_err().contains("more than an origin"));
    }

    #[test]
    fn claims_make_no_administrator_unless_that_is_said_and_nobody_whom_nothing_names() {
        let named = OidcConfig {
            roles: [("quan-tri".to_owned(), ClaimedRole::Administrator)].into(),
            ..least("https://id.example.vn")
        };
        assert!(named.check().unwrap_err().contains("administrators = false forbids"));
        assert_eq!(OidcConfig { administrators: true, ..named }.check(), Ok(()));
        let made = OidcConfig { make_people: true, ..least("https://id.example.vn") };
        assert!(made.check().unwrap_err().contains("name at least one"));
    }
}
