//! The way in for the fuzz target of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use crate::seal::{CHEAP, Sealing};

/// Seals bytes that need be no entries, at a cost that nobody pays who means it.
pub fn seal(plain: &[u8], passphrase: &str) -> Vec<u8> {
    let mut sealing = Sealing::begin_at(CHEAP, Vec::new(), passphrase).expect("a long passphrase");
    sealing.write(plain).expect("memory takes what comes");
    sealing.finish().expect("memory takes what comes")
}
