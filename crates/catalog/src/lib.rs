//! What people say: organisations, sites, cameras, users, and who may do what.
//!
//! ```text
//! Organisation ──has──▶ Organisation …              User, Group, Organisation
//!      └──owns──▶ Site ──has──▶ Camera ──▶ Stream        │ Grant
//!                                 ▲                      ▼
//!                                 └── decide(user, camera, action, now)
//! ```
//!
//! Belongs here: what is intended, and the pure decision on it. Does not belong
//! here: what a camera actually does (`recorder`), what it recorded (`store`),
//! how a person proves who they are (`signin`), HTTP.
//!
//! The rows in the database are the truth; [`Catalog`] holds a copy of them in
//! memory, so that a decision or a list is a look-up.

mod action;
pub mod camera;
mod cameras;
mod catalog;
pub mod decide;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod grant;
mod group;
mod hours;
mod migrations;
mod org;
mod rows;
mod seal;
mod site;
mod user;

pub use action::{Action, Actions};
pub use camera::{
    Camera, CameraChange, Facts, IntendedStream, NewCamera, NewStream, PasswordChange, Retention,
    Stream, StreamChange, StreamRole,
};
pub use catalog::{Catalog, Tables};
pub use decide::{
    Decision, Rights, Standing, World, may_add, may_audit, may_grant, may_manage_people,
};
pub use error::Error;
pub use grant::{Class, Grant, Scope, Subject, Terms};
pub use group::Group;
pub use hours::Hours;
pub use org::Organisation;
pub use seal::{SealKey, Secret};
pub use site::Site;
pub use user::{NewUser, Role, User, UserChange};

/// Returns the steps by which this room's tables came to be, oldest first: for
/// whoever makes them where the rows of another database come in.
pub fn steps() -> db::Steps {
    migrations::all()
}
