//! What a cell holds, where it stands, and what it can be taken for.
//!
//! People type numbers as text, codes as numbers and days in three ways. A cell says
//! what it can be read as; if it cannot, the error names the cell and the cure.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base::{Day, WallTime, fold};

/// What a cell holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Empty,
    /// Text, and whatever a spreadsheet shows as digits that begin with a zero: `00004`.
    Text(Arc<str>),
    /// A number, never infinite.
    Number(f64),
    /// A day.
    Date(Day),
    /// A day with a time of the day, as clocks in Viet Nam show it.
    Moment(WallTime),
    /// Yes or no.
    Bool(bool),
    /// What a formula came to that cannot be worked out: `#REF!`.
    Fault(Arc<str>),
}

/// Where a cell stands, from 0; shown as in a spreadsheet, `C17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The row.
    pub row: u32,
    /// The column.
    pub column: u32,
}

/// A cell in its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell<'a> {
    /// Where it stands.
    pub place: Place,
    /// What it holds.
    pub value: &'a Value,
}

/// What a cell should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A day.
    Date,
    /// Yes or no.
    Bool,
}

/// A cell that does not hold what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Nothing stands there.
    #[error("{place} is empty; write {}", .wanted.cure())]
    Empty {
        /// Where.
        place: Place,
        /// What should stand there.
        wanted: Wanted,
    },
    /// Something else stands there.
    #[error("{place} holds {found}, which is no {}; write {}", .wanted.noun(), .wanted.cure())]
    Other {
        /// Where.
        place: Place,
        /// What stands there, cut if it is long.
        found: String,
        /// What should.
        wanted: Wanted,
    },
    /// A number that means one thing here and another abroad.
    #[error(
        "{place} holds {found}, where the comma may part decimals or thousands; write a point for decimals, and nothing between thousands"
    )]
    Ambiguous {
        /// Where.
        place: Place,
        /// The number.
        found: String,
    },
    /// A formula that cannot be worked out.
    #[error("{place} holds the fault {found} of a formula; mend it, or write the value itself")]
    Fault {
        /// Where.
        place: Place,
        /// The fault.
        found: String,
    },
}

impl Value {
    /// Returns a text, or nothing if it is empty.
    pub fn text(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text.into()) }
    }

    /// Returns whether a cell holds nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::Empty
    }
}

impl fmt::Display for Value {
    /// Writes what a spreadsheet shows, with the point for decimals, days as
    /// 2026-11-29 and moments as 2026-11-29 14:05:00.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Text(text) | Self::Fault(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Date(day) => day.fmt(f),
            Self::Moment(moment) => {
                let second = moment.0.saturating_add(base::day::OFFSET_US).div_euclid(1_000_000);
                let second = second.rem_euclid(86_400);
                let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
                write!(f, "{} {hour:02}:{minute:02}:{second:02}", Day::of(*moment))
            }
            Self::Bool(true) => f.write_str("TRUE"),
            Self::Bool(false) => f.write_str("FALSE"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", letters(self.column), u64::from(self.row) + 1)
    }
}

/// Returns the letters of a column: A to Z, AA to ZZ, and so on.
pub(crate) fn letters(column: u32) -> String {
    let (mut letters, mut rest) = (Vec::new(), u64::from(column) + 1);
    while rest > 0 {
        rest -= 1;
        // Less than 26.
        letters.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

impl<'a> Cell<'a> {
    /// Returns the cell if anything but space stands in it: for what may be left out.
    pub fn filled(self) -> Option<Self> {
        match self.value {
            Value::Empty => None,
            Value::Text(text) if text.trim().is_empty() => None,
            _ => Some(self),
        }
    }

    /// Returns the text without the space around it. Numbers are text as a spreadsheet
    /// shows them, 4 as `4`.
    pub fn text(self) -> Result<Cow<'a, str>, Unfit> {
        match self.value {
            Value::Text(text) if !text.trim().is_empty() => Ok(text.trim().into()),
            Value::Empty | Value::Text(_) | Value::Fault(_) => Err(self.unfit(Wanted::Text)),
            value => Ok(value.to_string().into()),
        }
    }

    /// Returns the whole number, also one that was typed as text.
    pub fn integer(self) -> Result<i64, Unfit> {
        // Up to here every whole number is one that a spreadsheet can keep.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let number = match self.value {
            Value::Number(number) if number.fract() == 0.0 && number.abs() <= EXACT => {
                Some(*number as i64)
            }
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| self.unfit(Wanted::Integer))
    }

    /// Returns the number, also one that was typed as text: `21.0285`, `21,0285`,
    /// `1.234.567,5`. A comma before three digits may be either, and is refused.
    pub fn number(self) -> Result<f64, Unfit> {
        match self.value {
            Value::Number(number) => Ok(*number),
            Value::Text(text) => match typed_number(text.trim()) {
                Typed::Number(number) => Ok(number),
                Typed::Ambiguous => {
                    Err(Unfit::Ambiguous { place: self.place, found: quoted(text) })
                }
                Typed::Other => Err(self.unfit(Wanted::Number)),
            },
            _ => Err(self.unfit(Wanted::Number)),
        }
    }

    /// Returns the day, also one that was typed as text: `29/11/2026`, with points or
    /// hyphens as well, or `2026-11-29`. The day comes first, as in Viet Nam.
    pub fn date(self) -> Result<Day, Unfit> {
        let day = match self.value {
            Value::Date(day) => Some(*day),
            Value::Moment(moment) => Some(Day::of(*moment)),
            Value::Text(text) => typed_day(text.trim()),
            _ => None,
        };
        day.ok_or_else(|| self.unfit(Wanted::Date))
    }

    /// Returns whether it is so: yes or no in Vietnamese or English, a cross, 1 or 0.
    pub fn bool(self) -> Result<bool, Unfit> {
        let said = match self.value {
            Value::Bool(said) => return Ok(*said),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => fold(text),
            _ => return Err(self.unfit(Wanted::Bool)),
        };
        match said.as_str() {
            "co" | "yes" | "y" | "true" | "dung" | "x" | "1" => Ok(true),
            "khong" | "no" | "n" | "false" | "sai" | "0" => Ok(false),
            _ => Err(self.unfit(Wanted::Bool)),
        }
    }

    fn unfit(self, wanted: Wanted) -> Unfit {
        let place = self.place;
        match self.value {
            Value::Fault(fault) => Unfit::Fault { place, found: fault.to_string() },
            _ if self.filled().is_none() => Unfit::Empty { place, wanted },
            Value::Text(text) => Unfit::Other { place, found: quoted(text), wanted },
            value => Unfit::Other { place, found: value.to_string(), wanted },
        }
    }
}

impl Wanted {
    fn noun(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "whole number",
            Self::Number => "number",
            Self::Date => "day",
            Self::Bool => "yes or no",
        }
    }

    fn cure(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "digits only, as 12",
            Self::Number => "digits and a point, as 21.0285",
            Self::Date => "it as 29/11/2026",
            Self::Bool => "có or không",
        }
    }
}

fn quoted(text: &str) -> String {
    let (text, short): (_, String) = (text.trim(), text.trim().chars().take(40).collect());
    if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
}

enum Typed {
    Number(f64),
    Ambiguous,
    Other,
}

fn typed_number(text: &str) -> Typed {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_plain = unsigned.bytes().all(|byte| byte.is_ascii_digit() || b".,".contains(&byte));
    if !is_plain || unsigned.len() > 40 {
        return Typed::Other;
    }
    let last = unsigned.rfind(['.', ',']).map(|at| unsigned.split_at(at));
    let plain = match last {
        None => text.to_owned(),
        Some((whole, rest)) => {
            let (mark, decimals) = rest.split_at(1);
            let other = if mark == "," { "." } else { "," };
            let is_thousands = whole.contains(mark);
            if is_thousands && (whole.contains(other) || !in_threes(unsigned, mark)) {
                return Typed::Other;
            }
            if !is_thousands && whole.contains(other) && !in_threes(whole, other) {
                return Typed::Other;
            }
            let is_short = (1..=3).contains(&whole.len()) && whole != "0";
            if mark == "," && decimals.len() == 3 && is_short {
                return Typed::Ambiguous;
            }
            match is_thousands {
                true => text.replace(mark, ""),
                false => text.replace(other, "").replace(mark, "."),
            }
        }
    };
    match plain.parse::<f64>() {
        Ok(number) if number.is_finite() => Typed::Number(number),
        _ => Typed::Other,
    }
}

/// Returns whether a mark parts groups of three digits: `1.234.567`.
fn in_threes(number: &str, mark: &str) -> bool {
    let mut groups = number.split(mark);
    groups.next().is_some_and(|first| (1..=3).contains(&first.len()))
        && groups.all(|group| group.len() == 3)
}

fn typed_day(text: &str) -> Option<Day> {
    if let Ok(day) = text.parse() {
        return Some(day);
    }
    let mut parts = text.split(['/', '-', '.']);
    let mut part = |most: usize| {
        let part = parts.next().filter(|part| (1..=most).contains(&part.len()))?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then_some(part)
    };
    let (day, month, year) = (part(2)?, part(2)?, part(4)?);
    // No year of two digits, which may be of either century.
    let ended = parts.next().is_none() && year.len() == 4;
    ended.then(|| format!("{year}-{month:0>2}-{day:0>2}").parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const C17: Place = Place { row: 16, column: 2 };

    fn of(value: &Value) -> Cell<'_> {
        Cell { place: C17, value }
    }

    #[test]
    fn a_place_is_named_as_spreadsheets_do() {
        assert_eq!(C17.to_string(), "C17");
        let named = [0, 25, 26, 51, 255, 701, 702, 16_383].map(letters);
        assert_eq!(named, ["A", "Z", "AA", "AZ", "IV", "ZZ", "AAA", "XFD"]);
        assert_eq!(letters(u32::MAX), "MWLQKWV");
    }

    #[test]
    fn a_code_is_the_text_it_was_typed_as_and_a_number_too() {
        let code = Value::text(" 00004 ");
        assert_eq!(of(&code).text().unwrap(), "00004");
        assert_eq!(of(&code).integer(), Ok(4));
        assert_eq!(of(&Value::Number(4.0)).text().unwrap(), "4");
        assert_eq!(of(&Value::Number(21.0285)).text().unwrap(), "21.0285");
        assert_eq!(of(&Value::Number(1e15)).text().unwrap(), "1000000000000000");
    }

    #[test]
    fn numbers_are_read_as_they_are_typed_in_viet_nam_and_abroad() {
        let number = |text: &str| of(&Value::text(text)).number().ok();
        for (text, meant) in [
            ("21.0285", 21.0285),
            ("105,8342", 105.8342),
            ("-0,125", -0.125),
            ("0,125", 0.125),
            ("105.834", 105.834),
            ("1234", 1234.0),
            ("1234,567", 1234.567),
            ("1.234.567", 1_234_567.0),
            ("1.234.567,5", 1_234_567.5),
            ("1,234,567.5", 1_234_567.5),
            ("+7", 7.0),
        ] {
            assert_eq!(number(text), Some(meant), "{text}");
        }
        for text in ["", "x", "1e5", "inf", "NaN", "1.23.456", "1,2,3", "12 345", "-", ".", "1..2"]
        {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(
            of(&Value::text("1,234")).number().unwrap_err().to_string(),
            "C17 holds \"1,234\", where the comma may part decimals or thousands; write a point \
             for decimals, and nothing between thousands"
        );
    }

    #[test]
    fn days_are_read_with_the_day_first() {
        let day = |text: &str| of(&Value::text(text)).date().ok().map(|day| day.to_string());
        for text in ["29/11/2026", "29-11-2026", "29.11.2026", "2026-11-29", " 29/11/2026 "] {
            assert_eq!(day(text).as_deref(), Some("2026-11-29"), "{text}");
        }
        assert_eq!(day("1/2/2026").as_deref(), Some("2026-02-01"));
        for text in ["11/29/2026", "29/11/26", "29/11", "29/11/2026/1", "hôm nay", "46355"] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn yes_and_no_are_read_in_both_languages() {
        for yes in ["Có", "x", "X", "yes", "TRUE", "đúng", "1"] {
            assert_eq!(of(&Value::text(yes)).bool(), Ok(true), "{yes}");
        }
        for no in ["không", "KHÔNG", "no", "false", "0"] {
            assert_eq!(of(&Value::text(no)).bool(), Ok(false), "{no}");
        }
        assert_eq!(of(&Value::Number(1.0)).bool(), Ok(true));
        assert!(of(&Value::Number(2.0)).bool().is_err());
    }

    #[test]
    fn an_error_names_the_cell_and_the_cure() {
        let cases = [
            (of(&Value::Empty).date().unwrap_err(), "C17 is empty; write it as 29/11/2026"),
            (
                of(&Value::text("12a")).integer().unwrap_err(),
                "C17 holds \"12a\", which is no whole number; write digits only, as 12",
            ),
            (
                of(&Value::Number(4.5)).integer().unwrap_err(),
                "C17 holds 4.5, which is no whole number; write digits only, as 12",
            ),
            (
                of(&Value::Number(46355.0)).date().unwrap_err(),
                "C17 holds 46355, which is no day; write it as 29/11/2026",
            ),
            (
                of(&Value::Fault("#REF!".into())).text().unwrap_err(),
                "C17 holds the fault #REF! of a formula; mend it, or write the value itself",
            ),
            (of(&Value::text("  ")).text().unwrap_err(), "C17 is empty; write a text"),
        ];
        for (error, words) in cases {
            assert_eq!(error.to_string(), words);
        }
        let long = Value::text(&"ơ".repeat(5000));
        assert!(of(&long).integer().unwrap_err().to_string().len() < 200);
    }

    #[test]
    fn what_may_be_left_out_is_asked_for_only_where_it_is_filled() {
        let empty = Value::text(" \u{a0}");
        let read = |value| of(value).filled().map(Cell::integer).transpose();
        assert_eq!(read(&empty), Ok(None));
        assert_eq!(read(&Value::Number(7.0)), Ok(Some(7)));
    }
}
