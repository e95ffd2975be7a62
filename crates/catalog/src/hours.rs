//! The hours of a week in which something may be done.
//!
//! ```text
//! 1-5 07:00-17:30; 6,7 22:00-06:00        1 is Monday; the last runs past midnight
//! ```

use std::fmt;
use std::str::FromStr;

use base::{WallTime, WeekMinute};

/// The most windows of a week: more than anybody would read.
const MOST: usize = 21;

/// Some windows of a week, by the clocks of Viet Nam; not none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hours {
    // Invariant: 1 to MOST windows.
    windows: Vec<Window>,
    /// Of these, only what lies in those too.
    within: Option<Box<Self>>,
}

/// The same hours of some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Window {
    /// Bit 0 is Monday. Not none.
    days: u8,
    /// Minutes since midnight, 0 to 1439.
    from: u16,
    /// Minutes since midnight, 1 to 1440. Not after `from`: on the day that follows.
    to: u16,
}

/// What was given are no hours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} are no hours; write them as 1-5 07:00-17:30; 6,7 22:00-06:00 (1 is Monday)")]
pub struct NoHours(String);

impl Hours {
    /// Returns whether `moment` lies in them.
    pub fn contain(&self, moment: WallTime) -> bool {
        self.in_windows(moment) && self.within.as_ref().is_none_or(|hours| hours.contain(moment))
    }

    /// Returns what lies in these and in those.
    pub(crate) fn within(mut self, those: &Self) -> Self {
        if self != *those {
            let all = match self.within.take() {
                Some(within) => within.within(those),
                None => those.clone(),
            };
            self.within = Some(Box::new(all));
        }
        self
    }

    fn in_windows(&self, moment: WallTime) -> bool {
        let WeekMinute { weekday, minute } = WeekMinute::of(moment);
        let before = (weekday + 6) % 7;
        self.windows.iter().any(|window| {
            let on = |day: u8| window.days >> day & 1 == 1;
            match window.from < window.to {
                true => on(weekday) && (window.from..window.to).contains(&minute),
                false => {
                    (on(weekday) && minute >= window.from) || (on(before) && minute < window.to)
                }
            }
        })
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Window { days, from, to }) in self.windows.iter().enumerate() {
            let days: Vec<_> = (0..7)
                .filter(|day| days >> day & 1 == 1)
                .map(|day| (day + 1).to_string())
                .collect();
            let between = if at == 0 { "" } else { "; " };
            let (days, from, to) = (days.join(","), clock(*from), clock(*to));
            write!(f, "{between}{days} {from}-{to}")?;
        }
        match &self.within {
            Some(within) => write!(f, " & {within}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Hours {
    type Err = NoHours;

    fn from_str(text: &str) -> Result<Self, NoHours> {
        let windows: Option<Vec<_>> = text.split(';').map(window).collect();
        match windows {
            Some(windows) if windows.len() <= MOST => Ok(Self { windows, within: None }),
            _ => Err(NoHours(text.chars().take(100).collect())),
        }
    }
}

fn window(text: &str) -> Option<Window> {
    let (days, hours) = text.trim().split_once(' ')?;
    let (from, to) = hours.trim().split_once('-')?;
    let mut bits = 0;
    for part in days.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (weekday(first)?, weekday(last)?);
        if first > last {
            return None;
        }
        (first..=last).for_each(|day| bits |= 1 << day);
    }
    let (from, to) = (minute(from)?, minute(to)?);
    // The whole day is written 00:00-24:00.
    (from < 1440 && to > 0 && from != to).then_some(Window { days: bits, from, to })
}

fn weekday(text: &str) -> Option<u8> {
    text.parse().ok().filter(|day| (1..=7).contains(day)).map(|day: u8| day - 1)
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str| {
        let plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse::<u16>().ok())?
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    (minute < 60 && hour * 60 + minute <= 1440).then_some(hour * 60 + minute)
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use base::Day;

    use super::*;

    /// Whether each minute of a week is in them, counted by hand.
    fn plain(days: &[u8], from: u16, to: u16) -> Vec<bool> {
        let mut week = vec![false; 7 * 1440];
        for day in days {
            let start = usize::from(*day) * 1440 + usize::from(from);
            let length = if from < to { to - from } else { to + 1440 - from };
            for minute in start..start + usize::from(length) {
                week[minute % (7 * 1440)] = true;
            }
        }
        week
    }

    #[test]
    fn each_minute_of_a_week_is_in_them_or_not() {
        let monday: Day = "2026-11-23".parse().unwrap();
        for (text, days, from, to) in [
            ("1-5 07:00-17:30", &[0, 1, 2, 3, 4][..], 420, 1050),
            ("6,7 22:00-06:00", &[5, 6], 1320, 360),
            ("1-7 00:00-24:00", &[0, 1, 2, 3, 4, 5, 6], 0, 1440),
            ("7 23:59-00:01", &[6], 1439, 1),
        ] {
            let hours: Hours = text.parse().unwrap();
            for (minute, expected) in plain(days, from, to).into_iter().enumerate() {
                let moment = WallTime(monday.start().0 + minute as i64 * 60_000_000);
                assert_eq!(hours.contain(moment), expected, "{text}, minute {minute}");
            }
            assert_eq!(hours.to_string().parse(), Ok(hours));
        }
    }

    #[test]
    fn what_are_no_hours_is_refused_in_words() {
        for text in [
            "",
            "1",
            "1 7-8",
            "0 07:00-08:00",
            "8 07:00-08:00",
            "5-1 07:00-08:00",
            "1 07:00-07:00",
            "1 24:00-01:00",
            "1 07:60-08:00",
            "1 07:00-24:01",
            "1 07:00",
            ";",
            "1 +7:00-08:00",
        ] {
            assert!(text.parse::<Hours>().is_err(), "{text:?}");
        }
        assert!(vec!["1 07:00-08:00"; 22].join(";").parse::<Hours>().is_err());
        let words = "lúc nào cũng được".parse::<Hours>().unwrap_err().to_string();
        assert!(words.contains("are no hours; write them as 1-5 07:00-17:30"));
    }
}
