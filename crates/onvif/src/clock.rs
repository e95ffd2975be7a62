//! A device's clock: what it says of the time, and how far that is from ours.
//!
//! ```text
//! sent ────── device_utc ────── received
//!        offset = device_utc − (sent + received) / 2
//! ```
//!
//! What devices write of times is read leniently: months of 0, minutes of 61, a space for
//! `T`, no `Z`. What cannot be a moment is no moment, and the caller falls back to when
//! it heard of it.

use base::WallTime;

use crate::xml::Element;

const SECOND: i64 = 1_000_000;

/// A device's clock beside ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceClock {
    /// How far it is ahead of ours, in microseconds; negative if it is behind. Told only to
    /// whole seconds by the device.
    pub offset_us: i64,
    /// Whether it is set over the network (NTP).
    pub is_ntp: bool,
    /// Whence it is known.
    pub source: ClockSource,
}

/// Whence a device's clock is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockSource {
    /// It is not: it is taken for ours.
    #[default]
    Unknown,
    /// It says the time of the world.
    Utc,
    /// It says its own time and its zone.
    Local,
    /// The date of its answer by HTTP.
    Http,
}

impl DeviceClock {
    /// Reads an answer to `GetSystemDateAndTime`; `midway` is half-way between asking and
    /// hearing, `http_date` the date of the answer's head.
    pub(crate) fn read(answer: &Element, midway: WallTime, http_date: Option<&str>) -> Self {
        let said = answer.child("SystemDateAndTime").unwrap_or(answer);
        let is_ntp = said.text_at(&["DateTimeType"]).is_some_and(|kind| kind == "NTP");
        let utc = said.child("UTCDateTime").and_then(date_and_time);
        let local = || {
            let zone = said.text_at(&["TimeZone", "TZ"]).and_then(zone_seconds)?;
            let local = said.child("LocalDateTime").and_then(date_and_time)?;
            Some(WallTime(local.0 - zone * SECOND))
        };
        let (device, source) = match (utc, local()) {
            (Some(utc), _) => (utc, ClockSource::Utc),
            (None, Some(local)) => (local, ClockSource::Local),
            (None, None) => match http_date.and_then(read_http_date) {
                Some(date) => (date, ClockSource::Http),
                None => return Self { is_ntp, ..Self::default() },
            },
        };
        Self { offset_us: device.micros_since(midway), is_ntp, source }
    }

    /// Returns what it shows at a moment of ours.
    pub fn at(self, now: WallTime) -> WallTime {
        WallTime(now.0.saturating_add(self.offset_us))
    }
}

/// Writes a moment as proofs and requests have it: whole seconds, and `Z`.
pub(crate) fn written(moment: WallTime) -> String {
    let text = moment.to_string();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

/// Reads a moment as `xs:dateTime` has it, or nearly.
pub(crate) fn read(text: &str) -> Option<WallTime> {
    let text = text.trim();
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(str::parse);
    let (first, month, last) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    // Some write the day first.
    let (year, day): (i64, i64) = if first > 31 { (first, last) } else { (last, first) };
    let zone = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at(zone);
    let mut parts = time.splitn(3, ':');
    let (hour, minute) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let seconds: f64 = parts.next().unwrap_or("0").parse().ok()?;
    let whole = moment([year, month, day], [hour, minute, seconds as i64])?;
    let micros = (seconds.fract() * 1e6).round() as i64;
    Some(WallTime(whole.0 + micros - zone_of(zone)? * SECOND))
}

/// Reads `Z`, `+07:00`, `-0700`, `+07`, or nothing.
fn zone_of(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes().first() {
        None | Some(b'Z' | b'z') => return Some(0),
        Some(b'+') => (1, &text[1..]),
        _ => (-1, text.get(1..)?),
    };
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes: i64 = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    Some(sign * offset_seconds(hours.parse().ok()?, minutes)?)
}

/// Reads `<Time>` and `<Date>` as the schema has them.
fn date_and_time(element: &Element) -> Option<WallTime> {
    let number = |path: &[&str]| element.parsed::<i64>(path);
    let date = [number(&["Date", "Year"])?, number(&["Date", "Month"])?, number(&["Date", "Day"])?];
    let time = [
        number(&["Time", "Hour"])?,
        number(&["Time", "Minute"])?,
        number(&["Time", "Second"]).unwrap_or(0),
    ];
    moment(date, time)
}

/// Reads a zone as POSIX writes it: `ICT-7`, `<+07>-7`, `CST6CDT,M3.2.0,M11.1.0`. Summer
/// time is not looked up: a clock that keeps it says the time of the world as well.
pub(crate) fn zone_seconds(text: &str) -> Option<i64> {
    let behind = match text.trim().strip_prefix('<') {
        Some(named) => named.split_once('>')?.1,
        None => text.trim().trim_start_matches(|sign: char| sign.is_ascii_alphabetic()),
    };
    let end = behind.find(|sign: char| !matches!(sign, '0'..='9' | '+' | '-' | ':'));
    let offset = &behind[..end.unwrap_or(behind.len())];
    let (sign, offset) = match offset.strip_prefix('-') {
        // West of Greenwich is positive here.
        Some(east) => (1, east),
        None => (-1, offset.strip_prefix('+').unwrap_or(offset)),
    };
    let mut parts = offset.split(':');
    let hours: i64 = parts.next()?.parse().ok()?;
    let minutes: i64 = parts.next().map_or(Some(0), |minutes| minutes.parse().ok())?;
    Some(sign * offset_seconds(hours, minutes)?)
}

/// Returns how many seconds a zone is off, if it is one.
fn offset_seconds(hours: i64, minutes: i64) -> Option<i64> {
    let is_zone = (0..=24).contains(&hours) && (0..60).contains(&minutes);
    is_zone.then(|| hours * 3600 + minutes * 60)
}

/// Reads the date of an answer by HTTP (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
fn read_http_date(text: &str) -> Option<WallTime> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, date) = text.split_once(',')?;
    let mut words = date.split_whitespace();
    let day = words.next()?.parse().ok()?;
    let named = words.next()?;
    let month = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(named))? as i64 + 1;
    let year = words.next()?.parse().ok()?;
    let mut time = words.next()?.split(':').map(|part| part.parse::<i64>().ok());
    moment([year, month, day], [time.next()??, time.next()??, time.next()??])
}

/// Returns the moment of a date and a time, if there is one; a second of 60 is the next.
fn moment([year, month, day]: [i64; 3], [hour, minute, second]: [i64; 3]) -> Option<WallTime> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_of = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    let is_time =
        (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    if !(1970..=9999).contains(&year) || !(1..=days_of).contains(&day) || !is_time {
        return None;
    }
    // Years are counted from March, so that a leap day is the last of one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year / 4 - year / 100 + year / 400;
    let days = 365 * year + leaps + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(WallTime((days * 86_400 + hour * 3600 + minute * 60 + second) * SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20T00:42:18Z.
    const MOMENT: WallTime = WallTime(1_795_135_338_000_000);

    fn clock(text: &str, http_date: Option<&str>) -> DeviceClock {
        let answer = format!("<r><SystemDateAndTime>{text}</SystemDateAndTime></r>");
        DeviceClock::read(&Element::read(answer.as_bytes()).unwrap(), MOMENT, http_date)
    }

    const UTC: &str = "<UTCDateTime><Time><Hour>0</Hour><Minute>43</Minute><Second>18</Second></Time>\
        <Date><Year>2026</Year><Month>11</Month><Day>20</Day></Date></UTCDateTime>";

    #[test]
    fn the_time_of_the_world_comes_first() {
        let read = clock(&format!("<DateTimeType>NTP</DateTimeType>{UTC}"), None);
        let expected =
            DeviceClock { offset_us: 60 * SECOND, is_ntp: true, source: ClockSource::Utc };
        assert_eq!(read, expected);
        assert_eq!(read.at(MOMENT).micros_since(MOMENT), 60 * SECOND);
    }

    #[test]
    fn its_own_time_and_zone_come_next_then_the_date_of_the_answer() {
        let local = "<TimeZone><TZ>ICT-7</TZ></TimeZone><LocalDateTime><Time><Hour>7</Hour><Minute>42</Minute>\
            <Second>20</Second></Time><Date><Year>2026</Year><Month>11</Month><Day>20</Day></Date></LocalDateTime>";
        let read = clock(local, None);
        assert_eq!((read.offset_us, read.source), (2 * SECOND, ClockSource::Local));
        let read = clock("", Some("Fri, 20 Nov 2026 00:42:08 GMT"));
        assert_eq!((read.offset_us, read.source), (-10 * SECOND, ClockSource::Http));
        assert_eq!(clock(&UTC.replace("<Month>11", "<Month>0"), None), DeviceClock::default());
    }

    #[test]
    fn a_zone_is_read_as_posix_writes_it() {
        for (text, hours) in
            [("ICT-7", 7.0), ("<+07>-7", 7.0), ("UTC0", 0.0), ("EST5EDT,M3.2.0,M11.1.0", -5.0)]
        {
            assert_eq!(zone_seconds(text), Some((hours * 3600.0) as i64), "{text}");
        }
        assert_eq!(zone_seconds("IST-5:30"), Some(5 * 3600 + 1800));
        let far = ["X9223372036854775807", "X--9223372036854775808", "X1:99", "X1:-1"];
        for text in ["", "ICT", "<+07", "X99", "+"].into_iter().chain(far) {
            assert_eq!(zone_seconds(text), None, "{text}");
        }
    }

    #[test]
    fn moments_are_read_as_devices_write_them() {
        for text in [
            "2026-11-20T00:42:18Z",
            "2026-11-20T00:42:18",
            " 2026-11-20 07:42:18+07:00 ",
            "2026-11-20T07:42:18+0700",
            "2026-11-19T17:42:18-07",
            "20-11-2026T00:42:18Z",
        ] {
            assert_eq!(read(text), Some(MOMENT), "{text}");
        }
        assert_eq!(read("2026-11-20T00:42:18.250Z"), Some(WallTime(MOMENT.0 + 250_000)));
        for text in [
            "",
            "0000-00-00T00:00:00Z",
            "2026-11-20",
            "2026-11-20T00:61:18Z",
            "2026-02-29T00:00:00Z",
            "2026-11-20T00:00:00+x",
            "2026-11-20T00:00:00+079223372036854775807",
            "T:",
            "99999999999999999999-1-1T0:0:0",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for days in (0..40_000).step_by(13) {
            let moment = WallTime(days * 86_400 * SECOND + 3_723 * SECOND);
            assert_eq!(read(&written(moment)), Some(moment));
        }
    }
}
