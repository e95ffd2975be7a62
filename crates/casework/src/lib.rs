//! What people decide on what was seen.
//!
//! Belongs here: holds, exports that wait for a second person, what was opened in an
//! emergency, written requests of other agencies, and later alarms, incidents,
//! violations and evidence. Does not belong here: how a clip is cut or a segment spared
//! (`store`), who may decide (`catalog::decide`).

mod approval;
mod data_request;
mod emergency;
mod error;
mod hold;
mod migrations;
mod rows;

pub use approval::{Answer, Approval, Approvals, WAITS, Wish};
pub use data_request::{DataRequest, DataRequests, Decided, HandedCopy, Letter, Standing};
pub use emergency::{Emergencies, Emergency, Review};
pub use error::Error;
pub use hold::{Hold, Holds, LONGEST_HOLD, NewHold};

/// Returns the steps by which this room's tables came to be, oldest first: for
/// whoever makes them where the rows of another database come in.
pub fn steps() -> db::Steps {
    migrations::all()
}
