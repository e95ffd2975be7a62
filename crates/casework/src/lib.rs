//! What people decide on what was seen.
//!
//! Belongs here: holds, and later alarms, incidents, violations, evidence and
//! requests. Does not belong here: how a clip is cut or a segment spared
//! (`store`), who may decide (`catalog::decide`).

mod hold;
mod migrations;
mod rows;

pub use hold::{Error, Hold, Holds, LONGEST_HOLD, NewHold};

/// Returns the steps by which this room's tables came to be, oldest first: for
/// whoever makes them where the rows of another database come in.
pub fn steps() -> db::Steps {
    migrations::all()
}
