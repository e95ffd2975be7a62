//! The way in for the fuzz targets of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use base::StreamId;

use crate::{SealKey, Secret};

/// Seals the password of a stream.
pub fn seal(key: &SealKey, stream: StreamId, secret: &Secret) -> Vec<u8> {
    key.seal(stream, secret)
}

/// Opens what was sealed.
pub fn unseal(key: &SealKey, stream: StreamId, sealed: &[u8]) -> Option<Secret> {
    key.unseal(stream, sealed)
}
