//! The way in for the fuzz targets of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use bytes::Bytes;

use crate::connection;

/// Returns what is kept of an access unit, and whether it is a keyframe.
pub fn kept(data: Vec<u8>) -> Option<(Bytes, bool)> {
    connection::slices_and_sei(data)
}
