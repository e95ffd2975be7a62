//! Who owns sites: agencies, their units, enterprises, households.

use base::OrganisationId;

/// An owner of sites and people; organisations form a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// Its name, as it is shown.
    pub name: String,
    /// The organisation of which it is a unit.
    pub parent: Option<OrganisationId>,
}
