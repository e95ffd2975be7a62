//! A device of ONVIF, asked letter by letter over its own port.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

mod client;
mod devices;
mod discovery;
mod doors;
mod events;
mod media;
mod ptz;
