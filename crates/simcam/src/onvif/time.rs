//! The device's clock, and times and durations as they are written.
//!
//! ```text
//! machine   ──┼───────────────▶      Moment::elapsed   since the start, never goes back
//! device    ──┼──── skew ─────┼──▶   Moment::wall      what the device believes
//! ```
//!
//! Only [`Clock`] reads a clock. All that has to do with time takes a [`Moment`];
//! a test moves it on with [`Clock::advance`] and need not wait.

use std::time::{Duration, Instant};

use base::WallTime;

/// A moment as the device sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// How long ago the device started.
    pub(crate) elapsed: Duration,
    /// What its clock says.
    pub(crate) wall: WallTime,
}

/// The clock of a device.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    started_wall: WallTime,
    skew_us: i64,
    advanced: Duration,
}

impl Clock {
    /// Returns a clock that starts at the machine's time, off by `skew_s`.
    pub(crate) fn starting_at(machine: WallTime, skew_s: i64) -> Self {
        Self {
            started: Instant::now(),
            started_wall: machine,
            skew_us: skew_s.saturating_mul(1_000_000),
            advanced: Duration::ZERO,
        }
    }

    /// Returns the moment.
    pub(crate) fn now(&self) -> Moment {
        let elapsed = self.started.elapsed().saturating_add(self.advanced);
        let wall = self.started_wall.plus(elapsed);
        Moment { elapsed, wall: WallTime(wall.0.saturating_add(self.skew_us)) }
    }

    /// Sets what the clock says.
    pub(crate) fn set(&mut self, wall: WallTime) {
        self.skew_us = self.skew_us.saturating_add(wall.micros_since(self.now().wall));
    }

    /// Moves the clock on, and with it all that waits for a time.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.advanced = self.advanced.saturating_add(by);
    }
}

/// Returns a moment as SOAP has it: `2026-11-20T00:42:18Z`.
pub(crate) fn written(at: WallTime) -> String {
    let text = at.to_string();
    format!("{}Z", text.split('.').next().unwrap_or_default())
}

/// Returns year, month, day, hour, minute and second of a moment.
pub(crate) fn parts(at: WallTime) -> [i64; 6] {
    let mut parts = [0; 6];
    // A year before the first has a sign of its own; no camera is that old.
    for (part, number) in parts.iter_mut().zip(written(at).split(['-', 'T', ':', 'Z'])) {
        *part = number.parse().unwrap_or_default();
    }
    parts
}

/// Returns the moment that has these parts, if there is one.
pub(crate) fn from_parts([year, month, day, hour, minute, second]: [i64; 6]) -> Option<WallTime> {
    let fits = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        // A leap second is the first of the next minute.
        && (0..=60).contains(&second);
    if !fits {
        return None;
    }
    // Counted from March, so that the leap day is the last of a year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let midnight = WallTime(days * 86_400_000_000);
    // The 31st of April is no day.
    let [_, _, same, ..] = parts(midnight);
    (same == day).then(|| WallTime(midnight.0 + (hour * 3600 + minute * 60 + second) * 1_000_000))
}

/// Reads a moment: with `Z`, with an offset, or with neither, which is UTC too.
pub(crate) fn read(text: &str) -> Option<WallTime> {
    let (date, time) = text.trim().split_once('T')?;
    let (time, offset_minutes) = match time.find(['Z', '+', '-']) {
        None => (time, 0),
        Some(at) => match time.split_at(at) {
            (time, "Z") => (time, 0),
            (time, offset) => {
                let (hours, minutes) = offset.get(1..)?.split_once(':')?;
                let minutes = digits(hours)? * 60 + digits(minutes)?;
                (time, if offset.starts_with('-') { -minutes } else { minutes })
            }
        },
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = [0; 6];
    let mut numbers = date.splitn(3, '-').chain(time.splitn(3, ':'));
    for part in &mut parts {
        *part = digits(numbers.next()?)?;
    }
    if numbers.next().is_some() || offset_minutes.abs() > 24 * 60 {
        return None;
    }
    let micros: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let whole = from_parts(parts)?;
    Some(WallTime(whole.0 + digits(&micros)? - offset_minutes * 60_000_000))
}

/// Reads a duration: `PT10M`, `PT0.5S`, `P1DT2H`. A month has 30 days, a year 365.
pub(crate) fn read_duration(text: &str) -> Option<Duration> {
    let (days, time) = match text.trim().strip_prefix('P')?.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return None,
        None => (text.trim().strip_prefix('P')?, ""),
    };
    let of_days = sum(days, &[('Y', 365.0 * 86_400.0), ('M', 30.0 * 86_400.0), ('D', 86_400.0)])?;
    let of_time = sum(time, &[('H', 3600.0), ('M', 60.0), ('S', 1.0)])?;
    (!days.is_empty() || !time.is_empty()).then_some(())?;
    Duration::try_from_secs_f64(of_days + of_time).ok()
}

/// Adds up numbers with their units, which stand in this order.
fn sum(mut text: &str, units: &[(char, f64)]) -> Option<f64> {
    let mut total = 0.0;
    for (unit, seconds) in units {
        let Some((number, rest)) = text.split_once(*unit) else { continue };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return None;
        }
        total += number.parse::<f64>().ok()? * seconds;
        text = rest;
    }
    text.is_empty().then_some(total)
}

fn digits(text: &str) -> Option<i64> {
    let plain = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: WallTime = WallTime(1_795_135_338_000_000);

    #[test]
    fn a_moment_is_written_and_read_back() {
        assert_eq!(written(AT), "2026-11-20T00:42:18Z");
        assert_eq!(parts(AT), [2026, 11, 20, 0, 42, 18]);
        for day in (0..200_000).step_by(13) {
            let at = WallTime(day * 86_400_000_000 + 86_399_000_000);
            assert_eq!(read(&written(at)), Some(at));
            assert_eq!(from_parts(parts(at)), Some(at));
        }
    }

    #[test]
    fn offsets_and_fractions_are_understood() {
        for text in [
            "2026-11-20T00:42:18",
            "2026-11-20T00:42:18+00:00",
            "2026-11-20T07:42:18+07:00",
            "2026-11-19T17:12:18-07:30",
            "2026-11-20T00:42:18.000Z",
        ] {
            assert_eq!(read(text), Some(AT), "{text}");
        }
        assert_eq!(read("2026-11-20T00:42:18.25Z"), Some(WallTime(AT.0 + 250_000)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "T",
            "2026-11-20",
            "2026-11-20 00:42:18Z",
            "2026-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "0000-00-00T00:00:00Z",
            "2026-11-20T00:61:18Z",
            "2026-11-20T00:42:18+",
            "2026-11-20T00:42:18+ộ1:00",
            "2026-11-20T00:42:18Z+01:00",
            "99999999999-11-20T00:42:18Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_read() {
        let read = |text| read_duration(text).map(|duration| duration.as_millis());
        assert_eq!(read("PT10M"), Some(600_000));
        assert_eq!(read("PT60S"), Some(60_000));
        assert_eq!(read("P1DT2H3M4.5S"), Some(93_784_500));
        assert_eq!(read("P1M"), Some(30 * 86_400_000));
        for text in
            ["", "P", "PT", "10", "PT5", "PTS", "PT-5S", "PT5S6", "PTNaNS", "PT1S1M", "-P1D"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&format!("P{}Y", "9".repeat(400))), None);
    }

    #[test]
    fn a_clock_that_is_set_or_moved_on_says_so() {
        let mut clock = Clock::starting_at(AT, -3600);
        let before = clock.now();
        assert!(before.wall < AT);
        clock.set(AT);
        clock.advance(Duration::from_secs(60));
        let after = clock.now();
        assert!(after.wall >= AT.plus(Duration::from_secs(60)));
        assert!(after.elapsed >= before.elapsed + Duration::from_secs(60));
    }
}
