//! What is proved between us and a device: our password to it, its certificate to us.
//!
//! Belongs here: the proofs, as pure values, which are the same for RTSP and for HTTP.
//! Does not belong here: connections, when a proof is given, and what a refusal means,
//! which are the matter of who asks (`ingest`, `onvif`); how people prove themselves to
//! us (`signin`).

mod certificate;
mod login;

use std::fmt;

pub use certificate::{Digest, OneCertificate};
pub use login::Login;

/// A user name and its password at a camera.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_does_not_show() {
        let credentials = Credentials { user: "admin".to_owned(), password: "secret7".to_owned() };
        let shown = format!("{credentials:?}");
        assert!(shown.contains("admin") && !shown.contains("secret7"), "{shown}");
    }
}
