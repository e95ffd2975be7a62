//! Where cameras hang.

use base::{OrganisationId, SiteId};

/// A place with cameras.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Its name, as it is shown.
    pub name: String,
    /// Who owns it.
    pub organisation: OrganisationId,
}
