//! What was done, and by whom: a journal in which nothing can be altered unseen.
//!
//! ```text
//! act ─▶ Entry ─▶ Journal ──group commit──▶ DAY-N.log     entries, each with the hash of the one before
//!                    ├─────────────────────▶ head          the last entry so far, signed
//!                    └──when a day is over──▶ DAY-N.root    the day's last entry, signed; may be published
//!                                               │
//! slips of commands ──take──▶ Journal           Follower ◀── whoever hands entries on
//!                                               │
//! verify ◀──── offline, with the public key ────┘
//! ```
//!
//! > What [`Journal::note`] has answered for is on disk for good, and whoever
//! > deletes, alters, moves or cuts off an entry afterwards is found out.
//!
//! Belongs here: entries, their chain, its files, its roots, its verifier. Does not
//! belong here: who may do what (`catalog`), which acts are worth an entry (`api`),
//! where to search for one.

mod cef;
pub mod chain;
mod disk;
pub mod entry;
pub mod expire;
mod follow;
mod journal;
mod prefix;
mod publish;
pub mod root;
pub mod search;
pub mod slip;
#[doc(hidden)]
pub mod testutil;
pub mod verify;

pub use cef::cef;
pub use disk::Disk;
pub use entry::{Act, Entry, Object, Outcome, Who};
pub use follow::Follower;
pub use journal::{Error, Journal, logs};
pub use prefix::{Prefix, prefix};
pub use publish::{Published, publish};
pub use root::{Root, RootKey};
pub use verify::{Fault, Report, verify};
