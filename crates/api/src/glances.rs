//! What comes again and again and is one: small pictures of the past that somebody
//! glances at, a player that is refused and tries on. All of ten minutes are one entry.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base::WallTime;

/// How long glances are one.
const ONE: Duration = Duration::from_secs(600);
/// How many are kept in mind; beyond, all are forgotten and noted anew.
const MOST: usize = 10_000;

/// When each was noted last.
#[derive(Debug)]
pub(crate) struct Glances<Of> {
    noted: Mutex<HashMap<Of, WallTime>>,
}

impl<Of> Default for Glances<Of> {
    fn default() -> Self {
        Self { noted: Mutex::default() }
    }
}

impl<Of: Eq + Hash> Glances<Of> {
    /// Returns whether a glance is another than those before: then it is to be noted.
    pub(crate) fn is_new(&self, of: &Of, now: WallTime) -> bool {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back makes it new as well.
        noted.get(of).is_none_or(|&at| now < at || now >= at.plus(ONE))
    }

    /// Keeps in mind that it was noted.
    pub(crate) fn note(&self, of: Of, now: WallTime) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= MOST {
            noted.clear();
        }
        noted.insert(of, now);
    }
}

#[cfg(test)]
mod tests {
    use base::{CameraId, SignInId};

    use super::*;

    #[test]
    fn glances_within_ten_minutes_are_one() {
        let (glances, one) = (Glances::default(), (SignInId::new(), CameraId::new()));
        let at = |seconds| WallTime(0).plus(Duration::from_secs(seconds));
        assert!(glances.is_new(&one, at(1000)));
        // Not noted, as where the disk refused it: it is new still.
        assert!(glances.is_new(&one, at(1001)));
        glances.note(one, at(1001));
        assert!(!glances.is_new(&one, at(1600)));
        assert!(glances.is_new(&(one.0, CameraId::new()), at(1600)));
        assert!(glances.is_new(&(SignInId::new(), one.1), at(1600)));
        assert!(glances.is_new(&one, at(1601)));
        assert!(glances.is_new(&one, at(900)));
    }

    #[test]
    fn who_is_forgotten_is_noted_anew() {
        let (glances, first) = (Glances::default(), SignInId::new());
        glances.note(first, WallTime(0));
        (0..MOST).for_each(|_| glances.note(SignInId::new(), WallTime(0)));
        assert!(glances.is_new(&first, WallTime(1)));
    }
}
