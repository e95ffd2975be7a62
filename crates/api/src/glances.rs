//! Who looked at a camera's small pictures of the past of late: each glance is no
//! entry, all of them together are one in ten minutes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base::{CameraId, SignInId, WallTime};

/// How long glances are one.
const ONE: Duration = Duration::from_secs(600);
/// How many are kept in mind; beyond, all are forgotten and noted anew.
const MOST: usize = 10_000;

/// When each was noted last.
#[derive(Debug, Default)]
pub(crate) struct Glances {
    noted: Mutex<HashMap<(SignInId, CameraId), WallTime>>,
}

impl Glances {
    /// Returns whether a glance is another than those before: then it is to be noted.
    pub(crate) fn is_new(&self, sign_in: SignInId, camera: CameraId, now: WallTime) -> bool {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back makes it new as well.
        noted.get(&(sign_in, camera)).is_none_or(|&at| now < at || now >= at.plus(ONE))
    }

    /// Keeps in mind that it was noted.
    pub(crate) fn note(&self, sign_in: SignInId, camera: CameraId, now: WallTime) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= MOST {
            noted.clear();
        }
        noted.insert((sign_in, camera), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glances_within_ten_minutes_are_one() {
        let (glances, sign_in, camera) = (Glances::default(), SignInId::new(), CameraId::new());
        let at = |seconds| WallTime(0).plus(Duration::from_secs(seconds));
        assert!(glances.is_new(sign_in, camera, at(1000)));
        // Not noted, as where the disk refused it: it is new still.
        assert!(glances.is_new(sign_in, camera, at(1001)));
        glances.note(sign_in, camera, at(1001));
        assert!(!glances.is_new(sign_in, camera, at(1600)));
        assert!(glances.is_new(sign_in, CameraId::new(), at(1600)));
        assert!(glances.is_new(SignInId::new(), camera, at(1600)));
        assert!(glances.is_new(sign_in, camera, at(1601)));
        assert!(glances.is_new(sign_in, camera, at(900)));
    }

    #[test]
    fn who_is_forgotten_is_noted_anew() {
        let (glances, camera) = (Glances::default(), CameraId::new());
        let first = SignInId::new();
        glances.note(first, camera, WallTime(0));
        (0..MOST).for_each(|_| glances.note(SignInId::new(), camera, WallTime(0)));
        assert!(glances.is_new(first, camera, WallTime(1)));
    }
}
