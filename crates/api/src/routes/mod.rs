//! The routes, one file for each noun. A handler reads what was asked, asks
//! `access` whether it may be, calls a room, and translates.

pub(crate) mod agreements;
pub(crate) mod api_tokens;
pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod break_glass;
pub(crate) mod camera_list;
pub(crate) mod camera_sheet;
pub(crate) mod camera_survey;
pub(crate) mod cameras;
pub(crate) mod data_requests;
pub(crate) mod devices;
pub(crate) mod emergencies;
pub(crate) mod exports;
pub(crate) mod grants;
pub(crate) mod groups;
pub(crate) mod hls;
pub(crate) mod holds;
pub(crate) mod media_tokens;
pub(crate) mod metrics;
pub(crate) mod organisation_sheet;
pub(crate) mod organisations;
pub(crate) mod particulars;
pub(crate) mod passkeys;
pub(crate) mod people;
pub(crate) mod permission_sets;
pub(crate) mod policies;
pub(crate) mod rights;
pub(crate) mod second_factor;
pub(crate) mod session;
pub(crate) mod single_sign_on;
pub(crate) mod site_sheet;
pub(crate) mod sites;
pub(crate) mod status;
pub(crate) mod stream_secrets;
pub(crate) mod thumbnails;
pub(crate) mod timeline;
pub(crate) mod tree;
pub(crate) mod whep;

use base::{Day, Span, StreamId, WallTime};
use catalog::{Camera, StreamRole};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::error::Refusal;

/// Which of a camera's flows is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// The best picture.
    Main,
    /// A small one.
    Sub,
    /// Its sound, which is a stream of its own.
    Sound,
}

/// The end of the times that a JavaScript number holds exactly: the year 2255.
const LAST_US: i64 = 1 << 53;

impl Role {
    /// Returns the word that the API uses.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Sub => "sub",
            Self::Sound => "sound",
        }
    }

    /// Returns the camera's stream of this role.
    pub(crate) fn stream(self, camera: &Camera) -> Result<StreamId, Refusal> {
        let of = |role| camera.stream(role).map(|stream| stream.id);
        let stream = match self {
            Self::Main => of(StreamRole::Main),
            Self::Sub => of(StreamRole::Sub),
            Self::Sound => camera.sound_stream(),
        };
        stream.ok_or_else(|| Refusal::not_found("stream"))
    }
}

impl From<StreamRole> for Role {
    fn from(role: StreamRole) -> Self {
        match role {
            StreamRole::Main => Self::Main,
            StreamRole::Sub => Self::Sub,
        }
    }
}

/// Makes enums of the API that have the members, and the words, of one of the catalog.
macro_rules! same_words {
    ($($(#[$doc:meta])* $name:ident { $($member:ident),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[derive(utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name { $($member,)* }

        impl From<$name> for catalog::$name {
            fn from(one: $name) -> Self {
                match one { $($name::$member => Self::$member,)* }
            }
        }

        impl From<catalog::$name> for $name {
            fn from(one: catalog::$name) -> Self {
                match one { $(catalog::$name::$member => Self::$member,)* }
            }
        }
    )*};
}

pub(crate) use same_words;

/// Tells `null`, which takes away, from nothing, which leaves as it is.
pub(crate) fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// Returns the day that a field names.
pub(crate) fn day(field: &'static str, text: &str) -> Result<Day, Refusal> {
    text.trim()
        .parse()
        .map_err(|error: base::day::NoDay| Refusal::invalid(field, error.to_string()))
}

/// Returns the moment that a field names.
pub(crate) fn moment(field: &'static str, us: i64) -> Result<WallTime, Refusal> {
    if (0..LAST_US).contains(&us) {
        return Ok(WallTime(us));
    }
    let words = format!("{field} is no moment in microseconds from 1970 to 2255");
    Err(Refusal::invalid(field, words))
}

/// Returns the span between two fields.
pub(crate) fn span(from_us: i64, to_us: i64) -> Result<Span, Refusal> {
    let (from, to) = (moment("from_us", from_us)?, moment("to_us", to_us)?);
    let empty = || Refusal::invalid("to_us", "the span is empty; to_us must be after from_us");
    Span::new(from, to).ok_or_else(empty)
}

/// Returns why something is wanted, if it says anything.
pub(crate) fn purpose(purpose: &str) -> Result<String, Refusal> {
    let purpose = purpose.trim();
    if purpose.is_empty() {
        return Err(Refusal::invalid(
            "purpose",
            "looking back needs a purpose; say what it is for",
        ));
    }
    if purpose.chars().count() > 300 {
        return Err(Refusal::invalid("purpose", "the purpose is longer than 300 characters"));
    }
    if purpose.chars().any(char::is_control) {
        return Err(Refusal::invalid("purpose", "the purpose holds a control character"));
    }
    Ok(purpose.to_owned())
}
