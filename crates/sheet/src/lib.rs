//! Tables in and out: files of spreadsheets that people fill, and those they are given.
//!
//! ```text
//! bytes ─▶ read ──xlsx: package, xlsx ──┐
//!               ├─ods:  package, ods ───┼─▶ Gather ─▶ Sheet ─▶ Row ─▶ Cell ─▶ a text, a number,
//!               └─csv:  encoding, csv ──┘   limits    columns, rows            a day, or why not
//!
//! Table ─▶ write_xlsx, write_csv ─▶ bytes
//! ```
//!
//! > Whatever the bytes are, [`read`] ends, takes no more memory than its [`Limits`]
//! > allow, and either says what each cell holds or what to do about the file.
//!
//! The readers of XLSX and ODS are our own, over an XML parser: those of others trust
//! what a file says about itself, and reserve memory or repeat rows as it asks for.
//!
//! Does not belong here: which columns there must be and what they mean (the rooms
//! that read and write tables), files and uploads.

mod csv;
mod encoding;
mod ods;
mod package;
mod read;
mod sheet;
mod syllable;
mod value;
mod write;
mod xlsx;

pub use csv::Delimiter;
pub use encoding::{Encoding, Reason};
pub use read::{Limits, Refusal, read};
pub use sheet::{Column, Form, NoColumn, Row, Sheet};
pub use value::{Cell, Place, Unfit, Value, Wanted};
pub use write::{Table, Unwritable, write_csv, write_xlsx};
