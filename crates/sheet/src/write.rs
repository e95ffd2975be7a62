//! Tables for people: workbooks of Excel, and CSV.

use base::WallTime;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use crate::csv::{self, Delimiter};
use crate::value::{Place, Value};

/// A table to write. Rows may be shorter than the row of names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Its name, on the tab of a workbook; what may not stand there is left out.
    pub name: String,
    /// The names of its columns.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Value>>,
}

/// Why a table has no form as a workbook.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// A cell has more text than a workbook takes.
    #[error("{place} holds more than 32,767 characters; shorten it, or write it as CSV")]
    Characters {
        /// Where.
        place: Place,
    },
    /// It has more rows or columns than a workbook takes.
    #[error("the table has more than 1,048,576 rows or 16,384 columns; write it as CSV")]
    TooLarge,
    /// The library that writes it failed.
    #[error("the workbook cannot be written")]
    Library(#[source] XlsxError),
}

/// Writes a workbook of one sheet: the names of the columns bold and always in sight,
/// text as text even where it is all digits, days as days. `now` is when it was made.
pub fn write_xlsx(table: &Table, now: WallTime) -> Result<Vec<u8>, Unwritable> {
    let mut workbook = Workbook::new();
    if let Ok(made) = ExcelDateTime::from_timestamp(now.0.div_euclid(1_000_000)) {
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
    }
    let formats = Formats::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name(tab_name(&table.name)).map_err(Unwritable::Library)?;
    sheet.set_freeze_panes(1, 0).map_err(Unwritable::Library)?;
    for (column, name) in (0..).zip(&table.columns) {
        let (_, column) = size(0, column)?;
        sheet
            .write_string_with_format(0, column, name, &formats.name)
            .and_then(|sheet| sheet.set_column_width(column, width(table, column)))
            .map_err(|error| unwritable(error, 0, column))?;
    }
    for (row, values) in (1..).zip(&table.rows) {
        for (column, value) in (0..).zip(values) {
            let (row, column) = size(row, column)?;
            put(sheet, row, column, value, &formats)
                .map_err(|error| unwritable(error, row, column))?;
        }
    }
    workbook.save_to_buffer().map_err(Unwritable::Library)
}

/// Writes UTF-8 with a byte order mark, by which Excel knows it, and cells as
/// [`csv`](crate) says. All of it is text for whoever reads it: of a code, Excel shows
/// no zeros at the front, so codes go out as XLSX.
pub fn write_csv(table: &Table, delimiter: Delimiter) -> Vec<u8> {
    let mark = char::from(delimiter.byte());
    let mut text = String::from("\u{feff}");
    for (at, name) in table.columns.iter().enumerate() {
        if at > 0 {
            text.push(mark);
        }
        csv::push(&mut text, name, true);
    }
    text.push_str("\r\n");
    for row in &table.rows {
        for at in 0..row.len().max(table.columns.len()) {
            if at > 0 {
                text.push(mark);
            }
            let value = row.get(at).unwrap_or(&Value::Empty);
            csv::push(&mut text, &value.to_string(), matches!(value, Value::Text(_)));
        }
        text.push_str("\r\n");
    }
    text.into_bytes()
}

struct Formats {
    name: Format,
    code: Format,
    date: Format,
    moment: Format,
}

impl Formats {
    fn new() -> Self {
        Self {
            name: Format::new().set_bold().set_num_format("@"),
            code: Format::new().set_num_format("@"),
            date: Format::new().set_num_format("dd/mm/yyyy"),
            moment: Format::new().set_num_format("dd/mm/yyyy hh:mm:ss"),
        }
    }
}

fn put(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    value: &Value,
    formats: &Formats,
) -> Result<(), XlsxError> {
    match value {
        Value::Empty => return Ok(()),
        // What looks like a number stays text when somebody edits it.
        Value::Text(text) if text.parse::<f64>().is_ok() => {
            sheet.write_string_with_format(row, column, &**text, &formats.code)
        }
        Value::Text(text) | Value::Fault(text) => sheet.write_string(row, column, &**text),
        Value::Number(number) => sheet.write_number(row, column, *number),
        Value::Date(day) => {
            sheet.write_number_with_format(row, column, serial(day.start()), &formats.date)
        }
        Value::Moment(moment) => {
            sheet.write_number_with_format(row, column, serial(*moment), &formats.moment)
        }
        Value::Bool(is) => sheet.write_boolean(row, column, *is),
    }
    .map(|_| ())
}

/// Returns the days since the end of 1899, as workbooks count them, on the clocks of
/// Viet Nam.
fn serial(moment: WallTime) -> f64 {
    let local = moment.0.saturating_add(base::day::OFFSET_US);
    // 25,569 days are up to 1970. Before March 1900 workbooks count a day too few.
    let days = local as f64 / 86_400e6 + 25_569.0;
    if days < 61.0 { days - 1.0 } else { days }
}

/// Returns how wide a column must be for its name and its first values.
fn width(table: &Table, column: u16) -> f64 {
    const SEEN: usize = 500;
    let at = usize::from(column);
    let values = table.rows.iter().take(SEEN).filter_map(|row| row.get(at));
    let widest = values.map(|value| value.to_string().chars().count()).max().unwrap_or(0);
    // A moment is shown as long as it is written; Excel's unit is a digit's width.
    let name = table.columns.get(at).map_or(0, |name| name.chars().count());
    widest.max(name).clamp(6, 60) as f64 + 2.0
}

/// Returns what may stand on a tab.
fn tab_name(name: &str) -> String {
    let kept = name.chars().filter(|sign| !sign.is_control() && !"[]:*?/\\'".contains(*sign));
    // Counted as Excel counts.
    let mut units = 0;
    let short: String = kept
        .take_while(|sign| {
            units += sign.len_utf16();
            units <= 31
        })
        .collect();
    if short.trim().is_empty() { "Sheet1".to_owned() } else { short.trim().to_owned() }
}

fn size(row: u32, column: u32) -> Result<(u32, u16), Unwritable> {
    let column = u16::try_from(column).ok().filter(|&column| column < 16_384);
    column.filter(|_| row < 1_048_576).map(|column| (row, column)).ok_or(Unwritable::TooLarge)
}

fn unwritable(error: XlsxError, row: u32, column: u16) -> Unwritable {
    match error {
        XlsxError::MaxStringLengthExceeded => {
            Unwritable::Characters { place: Place { row, column: column.into() } }
        }
        error => Unwritable::Library(error),
    }
}
