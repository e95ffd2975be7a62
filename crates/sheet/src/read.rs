//! From bytes to a sheet: which kind of file it is, within which bounds.

use std::sync::Arc;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::encoding::{self, Encoding, Fits, Reason};
use crate::sheet::{self, Form, Row, Sheet};
use crate::value::{Place, Value, letters};
use crate::{csv, ods, package, xlsx};

/// How much a file may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Bytes of what is read of it, once unpacked.
    pub unpacked_bytes: u64,
    /// Rows in which something stands, the names of the columns among them.
    pub rows: usize,
    /// Columns from A on.
    pub columns: u32,
    /// Cells that are kept: in each row all up to its last that is filled.
    pub cells: usize,
    /// Characters in a cell.
    pub characters: usize,
}

/// Why a file is not read, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is too large.
    #[error("the file has more than {} MB; split it", limit_bytes / 1_000_000)]
    TooLarge {
        /// What it may have.
        limit_bytes: u64,
    },
    /// It is packed so that it grows beyond measure.
    #[error("the file unpacks to more than {} MB; delete what is no part of the table, or split it", limit_bytes / 1_000_000)]
    Unpacks {
        /// What it may unpack to.
        limit_bytes: u64,
    },
    /// It has too many rows.
    #[error("the table has more than {limit} rows; split it")]
    Rows {
        /// What it may have.
        limit: usize,
    },
    /// Something stands too far to the right.
    #[error("{place} lies beyond column {}, the last that is read; delete what stands there", letters(limit.saturating_sub(1)))]
    Columns {
        /// Where.
        place: Place,
        /// How many columns are read.
        limit: u32,
    },
    /// It has too many cells.
    #[error("the table has more than {limit} cells; split it")]
    Cells {
        /// What it may have.
        limit: usize,
    },
    /// A cell has too much text.
    #[error("{place} holds more than {limit} characters; shorten it")]
    Characters {
        /// Where.
        place: Place,
        /// What it may hold.
        limit: usize,
    },
    /// It is no table.
    #[error("the file is {what}; save it as .xlsx, .ods or .csv")]
    Foreign {
        /// What it is.
        what: &'static str,
    },
    /// A part of it cannot be read.
    #[error("{part} is damaged: {why}; open the file and save it anew")]
    Damaged {
        /// The part.
        part: String,
        /// What is wrong with it.
        why: String,
    },
    /// Its encoding cannot be told.
    #[error("the encoding of the text cannot be told ({fits}); save it as CSV UTF-8")]
    Encoding {
        /// How well it would fit each encoding.
        fits: Fits,
    },
    /// A quote begins and does not end.
    #[error("the quote that begins in {place} never ends; close it")]
    OpenQuote {
        /// Where.
        place: Place,
    },
    /// Nothing stands in it.
    #[error("the table is empty; its first row must name the columns")]
    Empty,
}

/// Reads the first visible table of a file. Its kind is told by its content.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Sheet, Refusal> {
    const ZIP: &[u8] = b"PK\x03\x04";
    const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    if bytes.len() > limits.bytes {
        return Err(Refusal::TooLarge { limit_bytes: limits.bytes as u64 });
    }
    if bytes.starts_with(COMPOUND) {
        return Err(Refusal::Foreign { what: "an old .xls, or has a password" });
    }
    if !bytes.starts_with(ZIP) {
        return csv::read(bytes, limits);
    }
    let mut package = package::Package::open(bytes, limits.unpacked_bytes)?;
    if package.has("content.xml") {
        ods::read(&mut package, limits)
    } else if package.has("[Content_Types].xml") && package.has("_rels/.rels") {
        xlsx::read(&mut package, limits)
    } else {
        Err(Refusal::Foreign { what: "an archive and no table" })
    }
}

impl Default for Limits {
    /// Allows a city's 40,000 cameras five times over.
    fn default() -> Self {
        Self {
            bytes: 32 << 20,
            unpacked_bytes: 256 << 20,
            rows: 200_000,
            columns: 256,
            cells: 5_000_000,
            characters: 32_767,
        }
    }
}

/// What was read of a table so far. Every cell passes here, and is held against the
/// limits before it takes room.
#[derive(Debug)]
pub(crate) struct Gather<'a> {
    limits: &'a Limits,
    rows: Vec<Row>,
    cells: usize,
    /// Of texts, counted as often as they stand in a cell.
    text_bytes: u64,
}

impl<'a> Gather<'a> {
    pub(crate) fn new(limits: &'a Limits) -> Self {
        Self { limits, rows: Vec::new(), cells: 0, text_bytes: 0 }
    }

    /// Takes a cell that stands behind all that were taken before, or anew one of the
    /// last row.
    pub(crate) fn put(&mut self, place: Place, value: Value) -> Result<(), Refusal> {
        if value.is_empty() {
            return Ok(());
        }
        if place.column >= self.limits.columns {
            return Err(Refusal::Columns { place, limit: self.limits.columns });
        }
        let value = match value {
            Value::Text(text) => Value::Text(self.fitting(place, text)?),
            Value::Fault(text) => Value::Fault(self.fitting(place, text)?),
            value => value,
        };
        let number = place.row.saturating_add(1);
        if self.rows.last().is_none_or(|row| row.number < number) {
            self.begin(number)?;
        }
        let Some(row) = self.rows.last_mut().filter(|row| row.number == number) else {
            let why = "its rows are out of order".to_owned();
            return Err(Refusal::Damaged { part: format!("row {number}"), why });
        };
        let wide = place.column as usize + 1;
        let more = wide.saturating_sub(row.values.len());
        self.cells += more;
        if self.cells > self.limits.cells {
            return Err(Refusal::Cells { limit: self.limits.cells });
        }
        if more > 0 {
            row.values.resize(wide, Value::Empty);
        }
        row.values[wide - 1] = value;
        Ok(())
    }

    /// Repeats the last row below itself.
    pub(crate) fn repeat(&mut self, times: u32) -> Result<(), Refusal> {
        let Some(last) = self.rows.last().cloned() else { return Ok(()) };
        let first = last.number - 1;
        for below in 1..=times {
            for (column, value) in (0..).zip(&last.values) {
                self.put(Place { row: first.saturating_add(below), column }, value.clone())?;
            }
        }
        Ok(())
    }

    fn begin(&mut self, number: u32) -> Result<(), Refusal> {
        if self.rows.len() >= self.limits.rows {
            return Err(Refusal::Rows { limit: self.limits.rows });
        }
        self.rows.push(Row { number, values: Vec::new() });
        Ok(())
    }

    /// Returns a text composed, if it is not too long.
    fn fitting(&mut self, place: Place, text: Arc<str>) -> Result<Arc<str>, Refusal> {
        // One text may stand in many cells, and is read as often.
        self.text_bytes += text.len() as u64;
        if self.text_bytes > self.limits.unpacked_bytes {
            return Err(Refusal::Unpacks { limit_bytes: self.limits.unpacked_bytes });
        }
        let limit = self.limits.characters;
        // A text of so many bytes cannot have more characters.
        if text.len() > limit && text.chars().count() > limit {
            return Err(Refusal::Characters { place, limit });
        }
        Ok(if is_nfc(&text) { text } else { text.nfc().collect::<String>().into() })
    }

    /// Returns the sheet. Text that was typed with an old Vietnamese font is put right.
    pub(crate) fn end(
        mut self,
        form: Form,
        known: Option<(Encoding, Reason)>,
        name: String,
        others: Vec<String>,
    ) -> Result<Sheet, Refusal> {
        let (encoding, reason) = match known {
            Some((encoding, reason)) if encoding != Encoding::Utf8 => (encoding, reason),
            known => match self.retype() {
                Some(retyped) => retyped,
                None => known.unwrap_or((Encoding::Utf8, Reason::Given)),
            },
        };
        let (columns, rows) = sheet::split_columns(self.rows).ok_or(Refusal::Empty)?;
        Ok(Sheet {
            form,
            encoding,
            reason,
            name,
            others,
            columns: columns.values.iter().map(|name| name.to_string().trim().to_owned()).collect(),
            columns_row: columns.number,
            rows,
        })
    }

    /// Decodes text that is Unicode in name only: the bytes of an old encoding, a
    /// character each, which a font showed as Vietnamese.
    fn retype(&mut self) -> Option<(Encoding, Reason)> {
        let texts = self.rows.iter().flat_map(|row| &row.values).filter_map(|value| match value {
            Value::Text(text) => Some(&**text),
            _ => None,
        });
        let (encoding, reason) = encoding::behind_unicode(texts)?;
        for value in self.rows.iter_mut().flat_map(|row| &mut row.values) {
            if let Value::Text(text) = value
                && let Some(bytes) = encoding::bytes_behind(text)
            {
                *text = encoding.decode(&bytes).into();
            }
        }
        Some((encoding, reason))
    }
}
