//! What kind of body an organisation is.

use crate::words::words;

words! {
    /// What kind of body an organisation is.
    OrganisationKind {
        /// A committee that runs the city, or a body that steers for it.
        Committee = "committee",
        /// A department, board or office of the city.
        Department = "department",
        /// The police of the city.
        Police = "police",
        /// A division of a police.
        PoliceDivision = "police_division",
        /// The people's committee of a ward or commune. Its code is the ward's.
        WardCommittee = "ward_committee",
        /// The police of a ward or commune.
        WardPolice = "ward_police",
        /// A command of the armed forces or of the guard.
        Military = "military",
        /// A ministry, a broadcaster: a body outside the city that works with it.
        Partner = "partner",
        /// An enterprise.
        Enterprise = "enterprise",
        /// A household.
        Household = "household",
        /// A district as there were until 2025-06-30.
        District = "district",
        /// Any other.
        Other = "other",
    }
}
