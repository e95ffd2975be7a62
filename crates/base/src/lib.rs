//! The words every room shares: ids, time, how a camera is reached, and how
//! Vietnamese text is found and sorted.
//!
//! Nothing enters here that has fewer than three users, and nothing that does
//! I/O or waits. What a camera *is* stands in `catalog`; what a frame is, in
//! `media`.

pub mod day;
pub mod fold;
pub mod id;
pub mod link;
pub mod time;

pub use day::{Day, WeekMinute};
pub use fold::{Hit, Needle, fold, sort_key};
pub use id::{
    AgreementId, ApiTokenId, ApprovalId, CameraId, DataRequestId, EnvelopeId, ExportId, GrantId,
    GroupId, HoldId, OrganisationId, PasskeyId, PermissionSetId, SignInId, SiteId, StreamId,
    StreamSecretId, UserId,
};
pub use link::{Link, Switch, Transport};
pub use time::{Span, WallTime};
