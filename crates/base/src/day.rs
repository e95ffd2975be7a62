//! A day of the calendar, as it is lived in Viet Nam.
//!
//! Papers are valid from a day to a day, not from a microsecond on. The country
//! has one offset the whole year, UTC+7, so that a day is 24 hours wherever it is.

use std::fmt;
use std::str::FromStr;

use crate::WallTime;
use crate::time::civil_from_days;

/// What the country's clocks show ahead of UTC.
pub const OFFSET_US: i64 = 7 * 3600 * 1_000_000;

const DAY_US: i64 = 86_400 * 1_000_000;

/// A day: whole days since 1970-01-01, in UTC+7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// What was given is no day.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no day; write it as 2026-11-29")]
pub struct NoDay(String);

/// A moment of the week, as a clock on the wall shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeekMinute {
    /// 0 is Monday, 6 is Sunday.
    pub weekday: u8,
    /// Minutes since midnight.
    pub minute: u16,
}

impl Day {
    /// Returns the day on which a moment falls.
    pub fn of(moment: WallTime) -> Self {
        let days = moment.0.saturating_add(OFFSET_US).div_euclid(DAY_US);
        Self(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
    }

    /// Returns the day `days` later.
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Returns its first moment.
    pub fn start(self) -> WallTime {
        WallTime(i64::from(self.0) * DAY_US - OFFSET_US)
    }
}

impl WeekMinute {
    /// Returns what clocks on the wall show at a moment.
    pub fn of(moment: WallTime) -> Self {
        let local = moment.0.saturating_add(OFFSET_US);
        // 1970-01-01 was a Thursday. Both remainders fit.
        let weekday = (local.div_euclid(DAY_US) + 3).rem_euclid(7) as u8;
        Self { weekday, minute: (local.rem_euclid(DAY_US) / 60_000_000) as u16 }
    }
}

impl fmt::Display for Day {
    /// Writes `2026-11-29`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(i64::from(self.0));
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Day {
    type Err = NoDay;

    /// Reads `2026-11-29`, of the years 1900 to 9999.
    fn from_str(text: &str) -> Result<Self, NoDay> {
        let wrong = || NoDay(text.chars().take(40).collect());
        let mut parts = text.split('-');
        let mut part = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i64>().ok())?
        };
        let (Some(year), Some(month), Some(day)) = (part(4), part(2), part(2)) else {
            return Err(wrong());
        };
        if parts.next().is_some() || !(1900..=9999).contains(&year) {
            return Err(wrong());
        }
        // Counted from March, so that the leap day is the last of a year.
        let (years, month_from_march) =
            if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
        let days = years * 365 + years / 4 - years / 100 + years / 400 + day_of_year - 719_468;
        // A day that is not there reads back as another.
        let is_there = civil_from_days(days) == (year, month, day);
        i32::try_from(days).ok().filter(|_| is_there).map(Self).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_reads_back_from_its_text() {
        let first: Day = "1900-01-01".parse().unwrap();
        for days in 0..200_000 {
            let day = first.plus(days);
            assert_eq!(day.to_string().parse(), Ok(day));
            assert_eq!(Day::of(day.start()), day);
            assert_eq!(Day::of(WallTime(day.start().0 - 1)), day.plus(-1));
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2026",
            "2026-2-3",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-11-31",
            "1899-12-31",
            "2026-11-29T00:00",
            "2026-11-29-1",
            "+026-11-29",
            "٢٠٢٦-11-29",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
        let words = "29/11/2026".parse::<Day>().unwrap_err().to_string();
        assert_eq!(words, "\"29/11/2026\" is no day; write it as 2026-11-29");
    }

    #[test]
    fn a_day_begins_at_midnight_in_viet_nam() {
        // 2026-11-29T00:00:00+07:00, a Sunday.
        let midnight = WallTime(1_795_885_200_000_000);
        let day: Day = "2026-11-29".parse().unwrap();
        assert_eq!(day.start(), midnight);
        assert_eq!(WeekMinute::of(midnight), WeekMinute { weekday: 6, minute: 0 });
        let before = WallTime(midnight.0 - 1);
        assert_eq!(WeekMinute::of(before), WeekMinute { weekday: 5, minute: 1439 });
    }
}
