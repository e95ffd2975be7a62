//! The file of a backup: named entries in, one sealed file out, and back.
//!
//! ```text
//! entries     name, bytes …  ──▶ Writer ──▶ chunks, each sealed ──▶ file
//!   file ──▶ Reader ──▶ each chunk opened ──▶ name, bytes …
//! passphrase ──argon2id──▶ key
//! ```
//!
//! > What a [`Reader`] gives was written by who knew the passphrase, in this file,
//! > at this place. That all of it came is known when it gave its last.
//!
//! Belongs here: the form of the file and its seal. Does not belong here: what is
//! backed up, where it lies, how it gets back (`khue`), rows (`db`).

mod entries;
#[doc(hidden)]
pub mod fuzzing;
mod seal;

pub use entries::{Item, Reader, Writer};
pub use seal::Error;
