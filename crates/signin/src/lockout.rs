//! How long whoever guesses passwords has to wait. Pure, in memory.
//!
//! ```text
//! failures of a name                  5       6      7    …
//! then wait                           5 s     10 s   20 s … 15 min
//! and if five came within 30 s        5 min   5 min  5 min  15 min
//! ```
//!
//! The second line is what guidance 724 of the Ministry of Information and
//! Communications asks of cameras (7 May 2024); the first is for who mistypes.
//!
//! Attempts are counted by the name that was typed, whether or not somebody has
//! it, and by the network they came from. A thousand at once are not a thousand
//! free ones, in either of two ways: an attempt that takes long to judge counts as
//! a failure until success takes it back ([`Lockout::attempt`]); of one that was
//! judged already the verdict is told only after it was counted
//! ([`Lockout::judged`]), so many who are right may come at once. Nothing outlives
//! a restart: whoever can restart the program needs to guess no password.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use base::WallTime;

/// How many failures a name may have before it waits.
const FREE_BY_NAME: u32 = 5;

/// How many failures an address may have: a control room shares one.
const FREE_BY_ADDRESS: u32 = 20;

/// The first wait; it doubles with each failure.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// Five failures of a name within this time are no mistyping.
const RUSH: Duration = Duration::from_secs(30);

/// The shortest wait after those.
const RUSHED_WAIT: Duration = Duration::from_secs(5 * 60);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// After this long without an attempt all is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);

/// How many names and addresses are remembered at most.
const MOST_KEYS: usize = 20_000;

/// Who failed how often.
#[derive(Debug, Default)]
pub(crate) struct Lockout {
    failures: HashMap<Key, Failures>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: WallTime,
    /// When the last five came, the newest at the place of its number.
    five: [WallTime; FREE_BY_NAME as usize],
    /// Whether five ever came in a rush.
    rushed: bool,
}

impl Lockout {
    /// Counts an attempt, or returns how long it has to wait.
    pub(crate) fn attempt(
        &mut self,
        name: &str,
        address: IpAddr,
        now: WallTime,
    ) -> Result<(), Duration> {
        let keys = keys(name, address);
        self.admits(&keys, now)?;
        self.count(keys, now);
        Ok(())
    }

    /// Counts nothing; returns how long an attempt would have to wait.
    pub(crate) fn look(&self, name: &str, address: IpAddr, now: WallTime) -> Result<(), Duration> {
        self.admits(&keys(name, address), now)
    }

    /// Counts an attempt that was judged already, or returns how long it has to
    /// wait.
    ///
    /// > Whoever has to wait is not told what the verdict was.
    pub(crate) fn judged(
        &mut self,
        name: &str,
        address: IpAddr,
        is_right: bool,
        now: WallTime,
    ) -> Result<(), Duration> {
        let keys = keys(name, address);
        self.admits(&keys, now)?;
        match is_right {
            // Of the network's failures none was this attempt.
            true => drop(self.failures.remove(&keys[0])),
            false => self.count(keys, now),
        }
        Ok(())
    }

    /// Takes back the attempt that turned out right, and with it the name's failures.
    pub(crate) fn succeeded(&mut self, name: &str, address: IpAddr) {
        let [name, address] = keys(name, address);
        self.failures.remove(&name);
        // Only the one: whoever has a name of their own must not wash away with it
        // what they tried on others.
        if let Some(failures) = self.failures.get_mut(&address) {
            failures.count = failures.count.saturating_sub(1);
        }
    }

    fn admits(&self, keys: &[Key; 2], now: WallTime) -> Result<(), Duration> {
        let waits = keys.iter().filter_map(|key| self.failures.get(key)?.wait(key, now));
        waits.max().map_or(Ok(()), Err)
    }

    fn count(&mut self, keys: [Key; 2], now: WallTime) {
        self.forget(now);
        for key in keys {
            let is_name = matches!(key, Key::Name(_));
            let failures = self.failures.entry(key).or_insert(Failures::none(now));
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
            failures.five[(failures.count % FREE_BY_NAME) as usize] = now;
            failures.rushed |= is_name && failures.is_rush();
        }
    }

    fn forget(&mut self, now: WallTime) {
        if self.failures.len() < MOST_KEYS {
            return;
        }
        let horizon = now.minus(FORGOTTEN_AFTER);
        self.failures.retain(|_, failures| failures.last >= horizon);
        if self.failures.len() >= MOST_KEYS {
            // A flood of names. The ones that failed least go: a name under attack stays.
            let mut counts: Vec<u32> =
                self.failures.values().map(|failures| failures.count).collect();
            counts.sort_unstable();
            let middle = counts[counts.len() / 2];
            let mut left = MOST_KEYS / 2;
            self.failures.retain(|_, failures| {
                let stays = failures.count > middle || left > 0;
                if failures.count <= middle {
                    left = left.saturating_sub(1);
                }
                stays
            });
        }
    }
}

impl Failures {
    fn none(now: WallTime) -> Self {
        Self { count: 0, last: now, five: [now; FREE_BY_NAME as usize], rushed: false }
    }

    /// Whether the last five came within 30 seconds.
    fn is_rush(self) -> bool {
        let first = self.five.iter().min().copied().unwrap_or(self.last);
        let took = self.last.micros_since(first);
        self.count >= FREE_BY_NAME
            && u128::try_from(took).is_ok_and(|took| took <= RUSH.as_micros())
    }

    /// Returns how much of the wait is left, in whole seconds.
    fn wait(self, key: &Key, now: WallTime) -> Option<Duration> {
        let free = match key {
            Key::Name(_) => FREE_BY_NAME,
            Key::Address(_) => FREE_BY_ADDRESS,
        };
        if now >= self.last.plus(FORGOTTEN_AFTER) {
            return None;
        }
        let doublings = self.count.checked_sub(free)?.min(16);
        let least = if self.rushed { RUSHED_WAIT } else { FIRST_WAIT };
        let wait = (FIRST_WAIT * 2u32.pow(doublings)).clamp(least, LONGEST_WAIT);
        let left = u64::try_from(self.last.plus(wait).micros_since(now)).ok()?;
        // A clock that was set back must not make anybody wait for years.
        let seconds = left.div_ceil(1_000_000).min(LONGEST_WAIT.as_secs());
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }
}

/// Returns what an address is counted by: itself, or its network where it is of
/// IPv6, in which whoever has one address has 2^64 of them.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 => v4,
    }
}

fn keys(name: &str, address: IpAddr) -> [Key; 2] {
    let address = network(address);
    // Names are shorter than this; what was typed may be a megabyte.
    let name = name.trim().to_ascii_lowercase().chars().take(64).collect();
    [Key::Name(name), Key::Address(address)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    fn at(seconds: i64) -> WallTime {
        WallTime(seconds * 1_000_000)
    }

    fn other(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    /// Five failures so many seconds apart, and the waits that come of more.
    fn waits(apart: i64) -> Vec<u64> {
        let mut lockout = Lockout::default();
        for failure in 0..5 {
            let now = at(i64::from(failure) * apart);
            assert_eq!(lockout.attempt("hong", other(failure), now), Ok(()), "{failure}");
        }
        let (mut now, mut waits) = (4 * apart, Vec::new());
        for failure in 5..15 {
            let wait = lockout.attempt("hong", other(failure), at(now)).unwrap_err().as_secs();
            waits.push(wait);
            now += i64::try_from(wait).unwrap();
            assert_eq!(lockout.attempt("hong", other(failure), at(now)), Ok(()));
        }
        waits
    }

    #[test]
    fn five_failures_are_free_and_then_the_wait_grows_to_a_quarter_of_an_hour() {
        assert_eq!(waits(60), [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
    }

    #[test]
    fn five_failures_within_half_a_minute_lock_for_five_minutes_and_more() {
        for apart in [0, 7] {
            assert_eq!(waits(apart), [300, 300, 300, 300, 300, 300, 320, 640, 900, 900]);
        }
        // Whatever came before: the five that count are the last.
        let mut lockout = Lockout::default();
        for now in [0, 1000, 2000, 2001, 2002, 2007, 2017] {
            assert_eq!(lockout.attempt("hong", HERE, at(now)), Ok(()), "{now}");
        }
        let wait = lockout.attempt("hong", HERE, at(2018)).unwrap_err();
        assert_eq!(wait, Duration::from_secs(299));
    }

    #[test]
    fn an_attempt_within_the_wait_does_not_lengthen_it() {
        let mut lockout = Lockout::default();
        for failure in 0..5 {
            lockout.attempt("hong", other(failure), at(0)).unwrap();
        }
        assert_eq!(lockout.attempt("hong", HERE, at(1)), Err(Duration::from_secs(299)));
        assert_eq!(lockout.attempt(" HONG ", HERE, at(299)), Err(Duration::from_secs(1)));
        assert_eq!(lockout.attempt("hong", HERE, at(300)), Ok(()));
    }

    #[test]
    fn success_frees_the_name_and_not_what_the_address_tried_on_others() {
        let mut lockout = Lockout::default();
        for failure in 0..20 {
            lockout.attempt(&format!("name {failure}"), HERE, at(0)).unwrap();
        }
        assert!(lockout.attempt("own", HERE, at(0)).is_err());
        lockout.attempt("own", HERE, at(5)).unwrap();
        lockout.succeeded("own", HERE);
        assert!(lockout.attempt("own", HERE, at(5)).is_err());
        assert!(lockout.attempt("own", other(9), at(5)).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let mut lockout = Lockout::default();
        let address = |last: u128| IpAddr::V6((0x2001_0db8 << 96 | last).into());
        for failure in 0..20 {
            lockout.attempt(&format!("name {failure}"), address(failure), at(0)).unwrap();
        }
        assert!(lockout.attempt("another", address(99), at(0)).is_err());
        assert!(lockout.attempt("another", address(1 << 64), at(0)).is_ok());
    }

    #[test]
    fn a_quiet_hour_and_a_clock_set_back_forgive() {
        let mut lockout = Lockout::default();
        for failure in 0..5 {
            lockout.attempt("hong", other(failure), at(10_000)).unwrap();
        }
        let wait = lockout.attempt("hong", HERE, at(-1_000_000)).unwrap_err();
        assert_eq!(wait, Duration::from_secs(900));
        assert_eq!(lockout.attempt("hong", HERE, at(13_600)), Ok(()));
    }

    #[test]
    fn many_who_are_right_come_at_once_and_many_guesses_at_once_are_few() {
        let mut lockout = Lockout::default();
        for _ in 0..1000 {
            assert_eq!(lockout.look("hong", HERE, at(0)), Ok(()));
        }
        for _ in 0..1000 {
            assert_eq!(lockout.judged("hong", HERE, true, at(0)), Ok(()));
        }
        let guesses = |lockout: &mut Lockout, name: &dyn Fn(u32) -> String| {
            let told = (0..1000).filter(|n| lockout.judged(&name(*n), HERE, false, at(0)).is_ok());
            told.count()
        };
        assert_eq!(guesses(&mut lockout, &|_| "hong".to_owned()), 5);
        assert_eq!(guesses(&mut lockout, &|n| format!("name {n}")), 15, "20 of the address");
        let wait = lockout.judged("lan", HERE, true, at(0)).unwrap_err();
        assert_eq!(wait, Duration::from_secs(5), "the right one is told as little");
    }

    #[test]
    fn who_was_right_has_the_failures_of_the_name_taken_back_and_none_of_the_network() {
        let mut lockout = Lockout::default();
        for failure in 0..20 {
            let (name, is_right) = if failure < 4 { ("hong", false) } else { ("lan", true) };
            lockout.judged(name, HERE, is_right, at(0)).unwrap();
        }
        lockout.judged("hong", HERE, true, at(0)).unwrap();
        for failure in 0..16 {
            lockout.judged(&failure.to_string(), HERE, false, at(0)).unwrap();
        }
        assert!(lockout.look("lan", HERE, at(0)).is_err(), "4 and 16");
    }

    #[test]
    fn a_flood_of_names_neither_fills_the_memory_nor_frees_a_name_under_attack() {
        let mut lockout = Lockout::default();
        for failure in 0..5 {
            lockout.attempt("hong", other(failure), at(0)).unwrap();
        }
        for flood in 0..100_000 {
            let _ = lockout.attempt(&format!("name {flood}"), other(flood), at(0));
            assert!(lockout.failures.len() <= MOST_KEYS + 2);
        }
        assert!(lockout.attempt("hong", HERE, at(0)).is_err());
    }
}
