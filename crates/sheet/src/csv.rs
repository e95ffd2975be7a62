//! Text in cells: RFC 4180, and what spreadsheets make of it.
//!
//! In Viet Nam a comma parts decimals, so Excel parts cells by semicolons there; which
//! mark a file uses is found out by which gives rows of the same width.
//!
//! A text that a spreadsheet would take for a formula is written with an apostrophe
//! before it, and read without. Where such a text begins with apostrophes of its own,
//! it gets one more, so that every text reads back as it was.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::encoding;
use crate::read::{Gather, Limits, Refusal};
use crate::sheet::{Form, Sheet};
use crate::value::{Place, Value};

/// What stands between two cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delimiter {
    /// As RFC 4180 has it.
    #[default]
    Comma,
    /// As Excel has it where the comma parts decimals.
    Semicolon,
    /// A tab.
    Tab,
}

impl Delimiter {
    const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Sheet, Refusal> {
    let (text, encoding, reason) = encoding::decode(bytes)?;
    let (delimiter, text) = match announced(&text) {
        Some(announced) => announced,
        None => (likeliest(&text), &*text),
    };
    let mut gather = Gather::new(limits);
    for field in Fields::new(text, delimiter) {
        let (place, text) = field?;
        gather.put(place, Value::text(unguarded(&text)))?;
    }
    gather.end(Form::Csv(delimiter), Some((encoding, reason)), String::new(), Vec::new())
}

/// Appends a cell; what is not text, as a number, is no formula.
///
/// Whatever could part cells is quoted, whichever mark does, so that the mark is found
/// out rightly when the file is read.
pub(crate) fn push(line: &mut String, text: &str, is_text: bool) {
    let guard = if is_text && is_formula(text) { "'" } else { "" };
    if text.contains(['"', '\r', '\n', ',', ';', '\t']) || text.starts_with("sep=") {
        line.push('"');
        line.push_str(guard);
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(guard);
        line.push_str(text);
    }
}

/// Returns whether a spreadsheet would take a text for a formula, but for apostrophes.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(text)
}

/// Returns what a first line `sep=;` says, and the text behind it. Spreadsheets do not
/// count that line.
fn announced(text: &str) -> Option<(Delimiter, &str)> {
    let rest = text.strip_prefix("sep=")?;
    let delimiter =
        Delimiter::ALL.into_iter().find(|mark| rest.as_bytes().first() == Some(&mark.byte()))?;
    let rest = &rest[1..];
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\n', '\r']))?;
    Some((delimiter, rest))
}

/// Returns the mark with which most of the first rows are of one width, and wide.
fn likeliest(text: &str) -> Delimiter {
    const ROWS: u32 = 50;
    let fit = |delimiter: &Delimiter| {
        let mut widths: BTreeMap<u32, u32> = BTreeMap::new();
        let mut fields = Fields::new(text, *delimiter);
        while let Some(Ok((place, _))) = fields.next()
            && place.row < ROWS
        {
            widths.insert(place.row, place.column + 1);
        }
        let mut rows: BTreeMap<u32, u32> = BTreeMap::new();
        for width in widths.into_values().filter(|&width| width > 1) {
            *rows.entry(width).or_default() += 1;
        }
        let best = rows.into_iter().map(|(width, rows)| (rows, width)).max();
        // Cells that were parted elsewhere leave quotes in the middle.
        (!fields.has_strays, best)
    };
    // Of equals the first.
    Delimiter::ALL.into_iter().rev().max_by_key(fit).unwrap_or_default()
}

/// The cells of a text in order, each with its place.
struct Fields<'a> {
    text: &'a str,
    delimiter: u8,
    at: usize,
    place: Place,
    /// Whether a quote stood anywhere but around a cell.
    has_strays: bool,
}

impl<'a> Fields<'a> {
    fn new(text: &'a str, delimiter: Delimiter) -> Self {
        let place = Place { row: 0, column: 0 };
        Self { text, delimiter: delimiter.byte(), at: 0, place, has_strays: false }
    }

    /// Returns where the cell ends that goes on at `from`, outside quotes.
    fn end(&self, from: usize) -> usize {
        let ends = |&byte: &u8| byte == self.delimiter || byte == b'\n' || byte == b'\r';
        let rest = &self.text.as_bytes()[from..];
        from + rest.iter().position(ends).unwrap_or(rest.len())
    }

    /// Returns the text of a cell that begins with a quote, and where it ends. What
    /// stands between the closing quote and the end belongs to it.
    fn quoted(&mut self) -> Result<(String, usize), Refusal> {
        let (mut text, mut from) = (String::new(), self.at + 1);
        loop {
            let Some(length) = self.text[from..].find('"') else {
                return Err(Refusal::OpenQuote { place: self.place });
            };
            text.push_str(&self.text[from..from + length]);
            from += length + 1;
            if !self.text[from..].starts_with('"') {
                break;
            }
            text.push('"');
            from += 1;
        }
        let end = self.end(from);
        self.has_strays |= end > from;
        text.push_str(&self.text[from..end]);
        Ok((text, end))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(Place, Cow<'a, str>), Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.text.len() {
            return None;
        }
        let (text, end) = if self.text[self.at..].starts_with('"') {
            match self.quoted() {
                Ok((text, end)) => (Cow::Owned(text), end),
                Err(refusal) => {
                    self.at = self.text.len();
                    return Some(Err(refusal));
                }
            }
        } else {
            let end = self.end(self.at);
            self.has_strays |= self.text[self.at..end].contains('"');
            (Cow::Borrowed(&self.text[self.at..end]), end)
        };
        let place = self.place;
        let rest = &self.text[end..];
        if rest.as_bytes().first() == Some(&self.delimiter) {
            self.place.column = place.column.saturating_add(1);
            self.at = end + 1;
        } else {
            self.place = Place { row: place.row.saturating_add(1), column: 0 };
            self.at = end + if rest.starts_with("\r\n") { 2 } else { 1 };
        }
        Some(Ok((place, text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str, delimiter: Delimiter) -> Vec<(String, String)> {
        let fields = Fields::new(text, delimiter).map(Result::unwrap);
        fields.map(|(place, text)| (place.to_string(), text.into_owned())).collect()
    }

    fn table(text: &str) -> Vec<Vec<String>> {
        let sheet = read(text.as_bytes(), &Limits::default()).unwrap();
        let row = |row: crate::Row| row.values.iter().map(Value::to_string).collect();
        std::iter::once(sheet.columns).chain(sheet.rows.into_iter().map(row)).collect()
    }

    #[test]
    fn cells_are_parted_as_rfc_4180_says() {
        let text = "a,\"b,\"\"c\"\"\r\nd\"\r\n,e\"f\ng\r\"\",h";
        let expected = [
            ("A1", "a"),
            ("B1", "b,\"c\"\r\nd"),
            ("A2", ""),
            ("B2", "e\"f"),
            ("A3", "g"),
            ("A4", ""),
            ("B4", "h"),
        ];
        let expected = expected.map(|(place, text)| (place.to_owned(), text.to_owned()));
        assert_eq!(fields(text, Delimiter::Comma), expected);
    }

    #[test]
    fn a_quote_that_never_ends_is_named() {
        let refusal = read(b"Name,Ward\nA,\"B\nC,D\n", &Limits::default()).unwrap_err();
        assert_eq!(refusal.to_string(), "the quote that begins in B2 never ends; close it");
    }

    #[test]
    fn the_mark_between_cells_is_found_out() {
        let expected = [["Tên", "Vĩ độ"], ["Hàng Đào", "21,0285"]];
        for text in [
            "Tên;Vĩ độ\nHàng Đào;21,0285\n",
            "Tên\tVĩ độ\r\nHàng Đào\t21,0285",
            "Tên,Vĩ độ\nHàng Đào,\"21,0285\"\n",
            "sep=;\r\nTên;Vĩ độ\nHàng Đào;21,0285",
            "DANH SÁCH CAMERA, QUẬN HOÀN KIẾM\n\n\"Tên\";\"Vĩ độ\"\n\"Hàng Đào\";\"21,0285\"\n",
        ] {
            let table = table(text);
            let found = &table[table.len() - 2..];
            assert_eq!(found, expected, "{text}");
        }
        assert_eq!(table("Tên\nHàng Đào\n"), [["Tên"], ["Hàng Đào"]]);
    }

    #[test]
    fn a_formula_is_defused_and_reads_back_as_it_was() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("@cmd", "'@cmd"),
            ("-5", "'-5"),
            ("+84 24", "'+84 24"),
            ("\tx", "\"'\tx\""),
            ("'=1", "''=1"),
            ("'quoted'", "'quoted'"),
            ("a=b", "a=b"),
            ("=A1,\"x\"", "\"'=A1,\"\"x\"\"\""),
        ] {
            let mut line = String::new();
            push(&mut line, text, true);
            assert_eq!(line, written);
            let fields = fields(&line, Delimiter::Comma);
            assert_eq!((fields.len(), unguarded(&fields[0].1)), (1, text));
        }
    }
}
