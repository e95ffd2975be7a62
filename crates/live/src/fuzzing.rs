//! The way in for the fuzz targets of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use std::sync::Arc;

use media::Frame;

use crate::whep::{Refused, demux, offer, packets};

/// Returns for whom a datagram is that is a check: `Some(None)` if it is of whoever
/// sends from its address, `None` if it is nobody's.
pub fn datagram(bytes: &[u8]) -> Option<Option<&str>> {
    match demux::Datagram::read(bytes)? {
        demux::Datagram::Check { ufrag } => Some(Some(ufrag)),
        demux::Datagram::Media => Some(None),
    }
}

/// Returns an offer as it is to be answered, and the names of its media.
pub fn offer(offer: &str) -> Result<(String, Vec<String>), Refused> {
    offer::checked(offer).map(|checked| (checked.sdp, checked.mids))
}

/// Returns the RTP payloads of a frame.
pub fn payloads(frame: &Frame) -> Vec<Arc<[u8]>> {
    packets::cut(frame)
}
