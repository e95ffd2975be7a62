//! A table as it was read: the names of its columns, and its rows.
//!
//! ```text
//!      A        B             C
//! 1    DANH SÁCH CAMERA                      titles: a lone cell each, passed over
//! 2
//! 3    STT      Tên           Phường         the names of the columns
//! 4    1        Hàng Đào      00004          a row, number 4
//! ```

use std::fmt;

use base::fold;

use crate::csv::Delimiter;
use crate::encoding::{Encoding, Reason};
use crate::value::{Cell, Place, Value, letters};

/// A table that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// What kind of file it was in.
    pub form: Form,
    /// How its text was encoded.
    pub encoding: Encoding,
    /// Why it was taken for that.
    pub reason: Reason,
    /// Its name, where a file of several has names.
    pub name: String,
    /// The names of the visible tables of the file that were not read.
    pub others: Vec<String>,
    /// The names of the columns, from column A on.
    pub columns: Vec<String>,
    /// The number of the row, as a spreadsheet shows it, that has the names.
    pub columns_row: u32,
    /// The rows below that, but for those in which nothing stands.
    pub rows: Vec<Row>,
}

/// What kind of file a table was in, told by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Of Excel.
    Xlsx,
    /// Of LibreOffice.
    Ods,
    /// Text.
    Csv(Delimiter),
}

/// A row in which something stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number as a spreadsheet shows it, from 1.
    pub number: u32,
    /// What stands in it, from column A on, without the empty cells at its end.
    pub values: Vec<Value>,
}

/// A column that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Column(pub u32);

/// No column has a name, or it cannot be told which is meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoColumn {
    /// None has it.
    #[error("no column is named {wanted:?}; row {row} names {}", .found.join(", "))]
    Missing {
        /// The first of the names it may have.
        wanted: String,
        /// The number of the row with the names.
        row: u32,
        /// The names there are, as far as they are worth showing.
        found: Vec<String>,
    },
    /// Two have one.
    #[error("columns {} and {} are both named {wanted:?}; rename one", letters(.first.0), letters(.second.0))]
    Twice {
        /// The first of the names it may have.
        wanted: String,
        /// The first of the two.
        first: Column,
        /// The other.
        second: Column,
    },
}

impl Sheet {
    /// Finds the column that has one of several names, the first of them before the
    /// others, whatever their case, accents, spaces and punctuation.
    pub fn column(&self, names: &[&str]) -> Result<Column, NoColumn> {
        let folded: Vec<String> = self.columns.iter().map(|name| plain(name)).collect();
        let wanted = names.first().copied().unwrap_or_default().to_owned();
        for name in names.iter().map(|name| plain(name)) {
            let mut alike = (0..).map(Column).zip(&folded).filter(|(_, column)| **column == name);
            match (alike.next(), alike.next()) {
                (Some((first, _)), Some((second, _))) => {
                    return Err(NoColumn::Twice { wanted, first, second });
                }
                (Some((column, _)), None) => return Ok(column),
                (None, _) => {}
            }
        }
        let named = self.columns.iter().filter(|name| !name.is_empty());
        let found = named.take(30).map(|name| name.chars().take(40).collect()).collect();
        Err(NoColumn::Missing { wanted, row: self.columns_row, found })
    }
}

impl Row {
    /// Returns the cell of a column; an empty one, if the row does not reach so far.
    pub fn cell(&self, column: Column) -> Cell<'_> {
        let place = Place { row: self.number.saturating_sub(1), column: column.0 };
        let value = self.values.get(column.0 as usize).unwrap_or(&Value::Empty);
        Cell { place, value }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Xlsx => "XLSX",
            Self::Ods => "ODS",
            Self::Csv(_) => "CSV",
        })
    }
}

/// Splits off the row with the names of the columns: the first in which two cells
/// stand, among those at the top; the first of all where no row is so wide.
pub(crate) fn split_columns(mut rows: Vec<Row>) -> Option<(Row, Vec<Row>)> {
    const TITLES: usize = 20;
    let filled = |row: &Row| row.values.iter().filter(|value| !value.is_empty()).count();
    let at = rows.iter().take(TITLES).position(|row| filled(row) > 1).unwrap_or(0);
    if rows.is_empty() {
        return None;
    }
    let below = rows.split_off(at + 1);
    rows.pop().map(|columns| (columns, below))
}

/// Returns the letters and digits of a name, folded.
fn plain(name: &str) -> String {
    fold(name).chars().filter(|letter| letter.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u32, texts: &[&str]) -> Row {
        Row { number, values: texts.iter().map(|text| Value::text(text)).collect() }
    }

    fn sheet(columns: &[&str]) -> Sheet {
        Sheet {
            form: Form::Xlsx,
            encoding: Encoding::Utf8,
            reason: Reason::Given,
            name: String::new(),
            others: Vec::new(),
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            columns_row: 3,
            rows: vec![row(4, &["1", "Hàng Đào"])],
        }
    }

    #[test]
    fn a_column_is_found_by_any_of_its_names_however_it_is_written() {
        let sheet = sheet(&["STT", "Tên  camera", "Vĩ độ (lat)", "Quận/Huyện"]);
        let names = ["Tên camera", "Camera name"];
        assert_eq!(sheet.column(&names), Ok(Column(1)));
        for name in ["TÊN CAMERA", "ten_camera", "Te\u{302}n camera", "tencamera"] {
            assert_eq!(sheet.column(&["Name", name]), Ok(Column(1)), "{name}");
        }
        assert_eq!(sheet.column(&["quan huyen"]), Ok(Column(3)));
        assert_eq!(
            sheet.column(&["Kinh độ", "Longitude"]).unwrap_err().to_string(),
            "no column is named \"Kinh độ\"; row 3 names STT, Tên  camera, Vĩ độ (lat), Quận/Huyện"
        );
    }

    #[test]
    fn two_columns_of_one_name_are_not_chosen_between() {
        let sheet = sheet(&["Tên", "Địa chỉ", "TÊN", "Name"]);
        assert_eq!(
            sheet.column(&["Tên"]).unwrap_err().to_string(),
            "columns A and C are both named \"Tên\"; rename one"
        );
        assert_eq!(sheet.column(&["Name", "Tên"]), Ok(Column(3)));
    }

    #[test]
    fn a_cell_knows_its_place_even_behind_the_end_of_its_row() {
        let sheet = sheet(&["STT", "Tên", "Ghi chú"]);
        let cell = |column| sheet.rows[0].cell(Column(column));
        assert_eq!(
            (cell(1).place.to_string(), cell(1).text().unwrap()),
            ("B4".into(), "Hàng Đào".into())
        );
        assert_eq!(cell(2).text().unwrap_err().to_string(), "C4 is empty; write a text");
    }

    #[test]
    fn titles_above_the_names_of_the_columns_are_passed_over() {
        let titled =
            vec![row(1, &["DANH SÁCH"]), row(3, &["", "Tên", "Số"]), row(4, &["", "a", "1"])];
        let (columns, below) = split_columns(titled).unwrap();
        assert_eq!((columns.number, below.len()), (3, 1));
        let narrow = vec![row(2, &["Tên"]), row(3, &["a"]), row(4, &["b"])];
        let (columns, below) = split_columns(narrow).unwrap();
        assert_eq!((columns.number, below.len()), (2, 2));
        assert!(split_columns(Vec::new()).is_none());
    }
}
