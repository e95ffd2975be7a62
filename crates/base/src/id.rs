//! One type for each kind of id, in one alphabetical list.
//!
//! An id is a UUID of version 7: it sorts by the time it was made and needs no
//! counter that nodes would have to share. In text it is the usual hyphenated
//! form, in lower case.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Makes an id that no other node makes.
            #[expect(clippy::new_without_default, reason = "a default that differs each time would surprise")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// Cameras that one agency lends another, on a document that both signed.
    AgreementId,
    /// What a program asks by in a person's name.
    ApiTokenId,
    /// A wish to take footage out that waits for somebody else's yes.
    ApprovalId,
    /// One video source of a device, with a name and a pose.
    CameraId,
    /// A written request for footage by another agency.
    DataRequestId,
    /// A secret on paper that lets somebody in when nobody else can.
    EnvelopeId,
    /// A file made for somebody from a span of a recording.
    ExportId,
    /// A right that somebody gave to somebody.
    GrantId,
    /// Some people who share their rights.
    GroupId,
    /// What stops expiry of a camera's span.
    HoldId,
    /// An agency, unit, enterprise or household that owns sites and people.
    OrganisationId,
    /// A key that somebody's phone or stick keeps.
    PasskeyId,
    /// Acts that are given together, under a name.
    PermissionSetId,
    /// A browser's credential after a person proved who they are.
    SignInId,
    /// A place with cameras.
    SiteId,
    /// One encoded flow of a camera.
    StreamId,
    /// A name and password by which a foreign program watches one camera.
    StreamSecretId,
    /// A person with a name to sign in by.
    UserId,
}

impl StreamId {
    /// Returns the id of a camera's sound, which lies beside its streams of
    /// pictures and is always the same (a UUID of version 8: the camera's, with
    /// some bits turned, so that no table has to keep it).
    pub fn sound_of(camera: CameraId) -> Self {
        Self(turned(camera.0, b"khue-sound-track"))
    }

    /// Returns the id of a stream that is made of this one, and always the same
    /// for the same `what`.
    pub fn made_into(self, what: &[u8; 16]) -> Self {
        Self(turned(self.0, what))
    }
}

fn turned(id: Uuid, mask: &[u8; 16]) -> Uuid {
    let mut bytes = id.into_bytes();
    bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id = CameraId::new();
        assert_eq!(id.to_string().parse::<CameraId>().unwrap(), id);
        assert!("camera-1".parse::<CameraId>().is_err());
    }

    #[test]
    fn the_sound_of_a_camera_is_one_stream_and_no_other_cameras() {
        let cameras: Vec<_> = (0..100).map(|_| CameraId::new()).collect();
        let sounds: std::collections::BTreeSet<_> =
            cameras.iter().map(|&camera| StreamId::sound_of(camera)).collect();
        assert_eq!(sounds.len(), 100);
        assert!(sounds.contains(&StreamId::sound_of(cameras[7])));
        assert!(cameras.iter().all(|camera| !sounds.contains(&StreamId(camera.0))));
    }

    #[test]
    fn a_later_id_sorts_after_an_earlier_one() {
        let ids: Vec<_> = (0..100).map(|_| StreamId::new()).collect();
        assert!(ids.is_sorted());
    }
}
