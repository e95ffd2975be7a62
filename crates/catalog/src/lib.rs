//! What people say: organisations, sites, cameras, users, and who may do what.
//!
//! ```text
//! Organisation ──has──▶ Organisation …              User, Group, Organisation
//!      └──owns──▶ Site ──has──▶ Camera ──▶ Stream        │ Grant
//!                                 ▲                      ▼
//!                                 └── decide(user, camera, action, now)
//! ```
//!
//! Beside them: sets of permissions that grants follow, agreements by which one body
//! lends cameras to another, and the rules that hold from a day on.
//!
//! Belongs here: what is intended, and the pure decision on it. Does not belong
//! here: what a camera actually does (`recorder`), what it recorded (`store`),
//! how a person proves who they are (`signin`), HTTP.
//!
//! The rows in the database are the truth; [`Catalog`] holds a copy of them in
//! memory, so that a decision or a list is a look-up.

mod action;
mod agreement;
pub mod camera;
mod cameras;
mod catalog;
pub mod decide;
mod error;
mod find;
#[doc(hidden)]
pub mod fuzzing;
mod grant;
mod group;
mod hours;
mod migrations;
mod org;
mod organisation_kind;
mod particulars;
mod permission_set;
mod policy;
mod rows;
mod seal;
mod seed;
mod site;
mod site_category;
mod table;
#[doc(hidden)]
pub mod testutil;
mod user;
mod words;

pub use action::{Action, Actions};
pub use agreement::{Agreement, AgreementState, AgreementTerms, Signature};
pub use camera::{
    Camera, CameraChange, Facts, IntendedStream, NewCamera, NewStream, PasswordChange, Retention,
    Stream, StreamChange, StreamRole,
};
pub use catalog::{Catalog, Tables};
pub use decide::{
    Decision, Rights, Standing, World, may_add, may_arrange, may_audit, may_grant,
    may_manage_people,
};
pub use error::Error;
pub use find::{Area, CameraFilter, Found};
pub use grant::{Class, Grant, Origin, Reach, Scope, Sight, Subject, Terms};
pub use group::Group;
pub use hours::Hours;
pub use org::{NewOrganisation, Organisation, OrganisationChange};
pub use organisation_kind::OrganisationKind;
pub use particulars::{
    LifeCycle, LinkKind, NoticeSign, Particulars, ParticularsChange, Pose, Purpose,
};
pub use permission_set::{NewPermissionSet, PermissionSet};
pub use policy::{Policy, PolicyTerms, Wish};
pub use seal::{SealKey, Secret};
pub use site::{NewSite, Position, Site, SiteChange};
pub use site_category::SiteCategory;
pub use table::{CameraRow, Laid, OrganisationRow, SiteRow};
pub use user::{NewUser, Role, User, UserChange};

/// Returns the steps by which this room's tables came to be, oldest first, as they
/// run `today`: for whoever makes them where the rows of another database come in.
pub fn steps(today: base::Day) -> db::Steps {
    migrations::all(today)
}
