//! Wall time: the axis of every timeline.
//!
//! ```text
//! WallTime   ──────────┼───────────────────┼──────────▶  µs since 1970, UTC
//! Span                 [ start             ) end
//! ```
//!
//! Wall time is the *server's* clock. A camera's clock is an offset to it that
//! `ingest` measures. Nothing here reads a clock: time comes in as an argument.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment: microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WallTime(pub i64);

/// A stretch of wall time: `start` belongs to it, `end` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    // Invariant: start < end, so a span is never empty.
    start: WallTime,
    end: WallTime,
}

impl WallTime {
    /// Returns the moment `by` later; the far end of time stays where it is.
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Returns the moment `by` earlier; the far end of time stays where it is.
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Returns the microseconds from `earlier` to `self`; negative if it is later.
    pub fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for WallTime {
    /// Writes RFC 3339 in UTC with microseconds: `2026-11-20T00:42:18.000000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, micros) = (self.0.div_euclid(86_400_000_000), self.0.rem_euclid(86_400_000_000));
        let (year, month, day) = civil_from_days(days);
        let seconds = micros / 1_000_000;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let fraction = micros % 1_000_000;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
    }
}

impl Span {
    /// Returns the span from `start` to `end`, unless that is no time at all.
    pub fn new(start: WallTime, end: WallTime) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// Returns the first moment in it.
    pub fn start(self) -> WallTime {
        self.start
    }

    /// Returns the first moment after it.
    pub fn end(self) -> WallTime {
        self.end
    }

    /// Returns its length.
    pub fn duration(self) -> Duration {
        Duration::from_micros(self.end.0.abs_diff(self.start.0))
    }

    /// Returns whether `moment` lies in it.
    pub fn contains(self, moment: WallTime) -> bool {
        self.start <= moment && moment < self.end
    }

    /// Returns the stretch that both spans cover.
    pub fn intersection(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}

/// Returns year, month and day of a count of days since 1970-01-01, in the
/// proleptic Gregorian calendar, by counting from March of year 0 so that the
/// leap day is the last of a year.
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_as_rfc_3339() {
        assert_eq!(WallTime(0).to_string(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(WallTime(-1).to_string(), "1969-12-31T23:59:59.999999Z");
        assert_eq!(WallTime(951_782_400_000_000).to_string(), "2000-02-29T00:00:00.000000Z");
        assert_eq!(WallTime(1_795_135_338_250_000).to_string(), "2026-11-20T00:42:18.250000Z");
    }

    #[test]
    fn days_follow_one_another_through_leap_years_and_centuries() {
        let mut last = civil_from_days(-800_000);
        for days in -799_999..800_000 {
            let next = civil_from_days(days);
            let follows = (next.0 == last.0 && next.1 == last.1 && next.2 == last.2 + 1)
                || (next.0 == last.0 && next.1 == last.1 + 1 && next.2 == 1)
                || (next.0 == last.0 + 1 && (next.1, next.2) == (1, 1));
            assert!(follows && (1..=31).contains(&next.2), "{last:?} then {next:?}");
            last = next;
        }
    }

    #[test]
    fn a_span_is_never_empty() {
        assert_eq!(Span::new(WallTime(7), WallTime(7)), None);
        assert_eq!(Span::new(WallTime(8), WallTime(7)), None);
        let span = Span::new(WallTime(7), WallTime(8)).unwrap();
        assert!(span.contains(WallTime(7)) && !span.contains(WallTime(8)));
    }

    #[test]
    fn the_ends_of_time_do_not_wrap() {
        assert_eq!(WallTime(i64::MAX).plus(Duration::MAX), WallTime(i64::MAX));
        assert_eq!(WallTime(i64::MIN).minus(Duration::MAX), WallTime(i64::MIN));
        assert_eq!(WallTime(i64::MAX).micros_since(WallTime(-1)), i64::MAX);
    }
}
