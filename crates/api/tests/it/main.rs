//! The API over its rooms: no camera, no browser, the server's own clock.
//!
//! One program for all of it: each file of tests that is linked by itself costs
//! seconds of everybody's waiting.
#![expect(clippy::duplicate_mod, reason = "the walk runs over both databases")]

mod api_tokens;
mod audit;
mod break_glass;
mod camera_sheet;
mod cameras;
mod common;
mod door;
mod grants;
mod hls;
mod media;
mod over_postgres;
mod passkeys;
mod past;
mod people;
mod place_sheets;
mod places;
mod scim;
mod second_factor;
mod session;
mod sharing;
mod single_sign_on;
mod stream_secrets;
mod walk;
mod whep;
