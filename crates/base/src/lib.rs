//! The words every room shares: ids, time, and how a camera is reached.
//!
//! Nothing enters here that has fewer than three users, and nothing that does
//! I/O or waits. What a camera *is* stands in `catalog`; what a frame is, in
//! `media`.

pub mod day;
pub mod id;
pub mod link;
pub mod time;

pub use day::{Day, WeekMinute};
pub use id::{
    ApiTokenId, CameraId, ExportId, GrantId, GroupId, HoldId, OrganisationId, PermissionSetId,
    SignInId, SiteId, StreamId, StreamSecretId, UserId,
};
pub use link::{Link, Switch, Transport};
pub use time::{Span, WallTime};
