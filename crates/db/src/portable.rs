//! Rows in a form that every database takes, and that form as bytes.
//!
//! ```text
//! bytes    { table, row, row, … } { table, … } … end
//! table    'T' │ name │ columns (2) │ { name │ kind (1) } …
//! row      'R' │ a value for each column of the table before it
//! end      'E' │ rows in all (8)
//! value    0 nothing │ 1, and by the kind of its column:
//!          boolean (1) · integer (8) · real (8) · id (16) · text, bytes: length (4), content
//! ```
//!
//! Numbers are little-endian; a name is a length of 4 bytes and UTF-8. What comes
//! to a [`Decoder`] may be anything: it gives rows or a [`Malformed`], never more
//! memory than the bytes that came.
//!
//! Belongs here: values and bytes. Does not belong here: where rows come from and
//! go to (`tables.rs`), in what file the bytes lie and how they are sealed.

use std::hash::{DefaultHasher, Hash, Hasher};

use uuid::Uuid;

/// The most columns of a table; more than any database takes.
const MOST_COLUMNS: u16 = 2000;
/// The most bytes of a name.
const LONGEST_NAME: usize = 200;

const TABLE: u8 = b'T';
const ROW: u8 = b'R';
const END: u8 = b'E';

/// A table and what stands in its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in the order of their values.
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What stands in it.
    pub kind: Kind,
}

/// What may stand in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// True or false.
    Boolean,
    /// A whole number, of whatever width.
    Integer,
    /// A number with a fraction.
    Real,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// An id.
    Id,
}

/// What stands in a column of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An id.
    Id(Uuid),
}

/// A row, in the order of its table's columns.
pub type Row = Vec<Value>;

/// What a [`Decoder`] gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// The rows that follow are of this table.
    Table(Table),
    /// A row of the table before it.
    Row(Row),
    /// Nothing follows; so many rows came.
    End(u64),
}

/// Why bytes are no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Something starts with a byte that starts nothing.
    #[error("byte {0:#04x} begins neither table nor row")]
    Mark(u8),
    /// A column has a kind that is not known here.
    #[error("kind {0} of a column is not known")]
    Kind(u8),
    /// A value begins with neither 0 nor 1, or a boolean is neither.
    #[error("{0} is neither 0 nor 1")]
    Flag(u8),
    /// A row has no table before it.
    #[error("a row comes before its table")]
    NoTable,
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    Text,
    /// A name is too long, or there are too many of them.
    #[error("a table has too long a name or too many columns")]
    TooMuch,
    /// The number of rows at the end is another than came.
    #[error("{counted} rows came where {told} were told")]
    Count {
        /// How many came.
        counted: u64,
        /// How many the end tells of.
        told: u64,
    },
    /// Something follows the end.
    #[error("something follows the end")]
    Behind,
    /// The bytes end before the end was told.
    #[error("the rows end too soon")]
    CutOff,
}

/// How many rows there are and what is in them, whatever their order. Two that are
/// equal were made, in one process, of the same rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub rows: u64,
    contents: [u64; 2],
}

impl Sum {
    /// Adds a row.
    pub fn add(&mut self, row: &[Value]) {
        let mut bytes = Vec::new();
        write_row(row, &mut bytes);
        self.rows += 1;
        // Against accidents, not against a person: both sides are ours.
        for (salt, contents) in self.contents.iter_mut().enumerate() {
            let mut hasher = DefaultHasher::new();
            (salt, &bytes).hash(&mut hasher);
            *contents = contents.wrapping_add(hasher.finish());
        }
    }
}

/// Writes a table, whose rows come next.
pub fn write_table(table: &Table, out: &mut Vec<u8>) {
    out.push(TABLE);
    write_bytes(table.name.as_bytes(), out);
    let columns = u16::try_from(table.columns.len()).unwrap_or(u16::MAX);
    out.extend(columns.to_le_bytes());
    for column in &table.columns {
        write_bytes(column.name.as_bytes(), out);
        out.push(column.kind.code());
    }
}

/// Writes a row of the table before it.
pub fn write_row(row: &[Value], out: &mut Vec<u8>) {
    out.push(ROW);
    for value in row {
        out.push(u8::from(*value != Value::Null));
        match value {
            Value::Null => {}
            Value::Boolean(value) => out.push(u8::from(*value)),
            Value::Integer(value) => out.extend(value.to_le_bytes()),
            Value::Real(value) => out.extend(value.to_bits().to_le_bytes()),
            Value::Text(text) => write_bytes(text.as_bytes(), out),
            Value::Bytes(bytes) => write_bytes(bytes, out),
            Value::Id(id) => out.extend(id.as_bytes()),
        }
    }
}

/// Writes that nothing follows `rows` rows.
pub fn write_end(rows: u64, out: &mut Vec<u8>) {
    out.push(END);
    out.extend(rows.to_le_bytes());
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    // A database takes no value of 4 GiB, so it gives none.
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend(len.to_le_bytes());
    out.extend(bytes);
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Boolean, Self::Integer, Self::Real, Self::Text, Self::Bytes, Self::Id];

    fn code(self) -> u8 {
        match self {
            Self::Boolean => 1,
            Self::Integer => 2,
            Self::Real => 3,
            Self::Text => 4,
            Self::Bytes => 5,
            Self::Id => 6,
        }
    }

    fn of(code: u8) -> Result<Self, Malformed> {
        Self::ALL.into_iter().find(|kind| kind.code() == code).ok_or(Malformed::Kind(code))
    }
}

/// Reads tables and rows out of bytes that come in pieces.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// How many of them were read.
    read: usize,
    columns: Option<Vec<Kind>>,
    rows: u64,
    is_over: bool,
}

impl Decoder {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.read);
        self.read = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns what the bytes so far hold next; none if more must come first.
    pub fn next_item(&mut self) -> Result<Option<Item>, Malformed> {
        let mut left = Left(&self.bytes[self.read..]);
        if self.is_over {
            return if left.0.is_empty() { Ok(None) } else { Err(Malformed::Behind) };
        }
        let Some(item) = left.item(self.columns.as_deref())? else { return Ok(None) };
        self.read = self.bytes.len() - left.0.len();
        match &item {
            Item::Table(table) => {
                self.columns = Some(table.columns.iter().map(|column| column.kind).collect());
            }
            Item::Row(_) => self.rows += 1,
            Item::End(told) if *told != self.rows => {
                return Err(Malformed::Count { counted: self.rows, told: *told });
            }
            Item::End(_) => self.is_over = true,
        }
        Ok(Some(item))
    }

    /// Says whether all came; asked when no more bytes do.
    pub fn finish(self) -> Result<(), Malformed> {
        if self.is_over { Ok(()) } else { Err(Malformed::CutOff) }
    }
}

/// What of the bytes was not read yet. Each step returns none where they end.
struct Left<'bytes>(&'bytes [u8]);

impl<'bytes> Left<'bytes> {
    fn item(&mut self, columns: Option<&[Kind]>) -> Result<Option<Item>, Malformed> {
        let Some([mark]) = self.take() else { return Ok(None) };
        match mark {
            TABLE => Ok(self.table()?.map(Item::Table)),
            ROW => {
                let kinds = columns.ok_or(Malformed::NoTable)?;
                let mut row = Vec::with_capacity(kinds.len());
                for kind in kinds {
                    let Some(value) = self.value(*kind)? else { return Ok(None) };
                    row.push(value);
                }
                Ok(Some(Item::Row(row)))
            }
            END => Ok(self.take().map(|told| Item::End(u64::from_le_bytes(told)))),
            other => Err(Malformed::Mark(other)),
        }
    }

    fn table(&mut self) -> Result<Option<Table>, Malformed> {
        let Some(name) = self.name()? else { return Ok(None) };
        let Some(count) = self.take().map(u16::from_le_bytes) else { return Ok(None) };
        if count > MOST_COLUMNS {
            return Err(Malformed::TooMuch);
        }
        let mut columns = Vec::new();
        for _ in 0..count {
            let Some(name) = self.name()? else { return Ok(None) };
            let Some([code]) = self.take() else { return Ok(None) };
            columns.push(Column { name, kind: Kind::of(code)? });
        }
        Ok(Some(Table { name, columns }))
    }

    fn value(&mut self, kind: Kind) -> Result<Option<Value>, Malformed> {
        match self.flag()? {
            None => return Ok(None),
            Some(false) => return Ok(Some(Value::Null)),
            Some(true) => {}
        }
        Ok(match kind {
            Kind::Boolean => self.flag()?.map(Value::Boolean),
            Kind::Integer => self.take().map(|bytes| Value::Integer(i64::from_le_bytes(bytes))),
            Kind::Real => {
                self.take().map(|bytes| Value::Real(f64::from_bits(u64::from_le_bytes(bytes))))
            }
            Kind::Id => self.take().map(|bytes| Value::Id(Uuid::from_bytes(bytes))),
            Kind::Bytes => self.run().map(|bytes| Value::Bytes(bytes.to_vec())),
            Kind::Text => match self.run() {
                Some(bytes) => Some(Value::Text(text(bytes)?)),
                None => None,
            },
        })
    }

    fn flag(&mut self) -> Result<Option<bool>, Malformed> {
        match self.take() {
            None => Ok(None),
            Some([0]) => Ok(Some(false)),
            Some([1]) => Ok(Some(true)),
            Some([other]) => Err(Malformed::Flag(other)),
        }
    }

    fn name(&mut self) -> Result<Option<String>, Malformed> {
        if let Some(len) = self.0.first_chunk().copied().map(u32::from_le_bytes)
            && len as usize > LONGEST_NAME
        {
            return Err(Malformed::TooMuch);
        }
        self.run().map(text).transpose()
    }

    fn run(&mut self) -> Option<&'bytes [u8]> {
        let len = u32::from_le_bytes(self.take()?);
        let (run, left) = self.0.split_at_checked(usize::try_from(len).ok()?)?;
        self.0 = left;
        Some(run)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, left) = self.0.split_first_chunk()?;
        self.0 = left;
        Some(*taken)
    }
}

fn text(bytes: &[u8]) -> Result<String, Malformed> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Malformed::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Vec<Item> {
        let column = |(position, kind): (usize, &Kind)| Column {
            name: format!("cột {position}"),
            kind: *kind,
        };
        let columns = Kind::ALL.iter().enumerate().map(column).collect();
        let table = Table { name: "camera".to_owned(), columns };
        let full = vec![
            Value::Boolean(true),
            Value::Integer(i64::MIN),
            Value::Real(21.028_511),
            Value::Text("Ngã Tư Sở".to_owned()),
            Value::Bytes(vec![0, 255, 0]),
            Value::Id(Uuid::from_bytes([7; 16])),
        ];
        let empty = vec![Value::Null; 6];
        let other = Table { name: "site".to_owned(), columns: Vec::new() };
        vec![
            Item::Table(table),
            Item::Row(full),
            Item::Row(empty),
            Item::Table(other),
            Item::Row(Vec::new()),
            Item::End(3),
        ]
    }

    fn written(items: &[Item]) -> Vec<u8> {
        let mut out = Vec::new();
        for item in items {
            match item {
                Item::Table(table) => write_table(table, &mut out),
                Item::Row(row) => write_row(row, &mut out),
                Item::End(rows) => write_end(*rows, &mut out),
            }
        }
        out
    }

    fn read<'pieces>(
        pieces: impl IntoIterator<Item = &'pieces [u8]>,
    ) -> Result<Vec<Item>, Malformed> {
        let (mut decoder, mut items) = (Decoder::default(), Vec::new());
        for piece in pieces {
            decoder.push(piece);
            while let Some(item) = decoder.next_item()? {
                items.push(item);
            }
        }
        decoder.finish()?;
        Ok(items)
    }

    #[test]
    fn rows_come_back_as_they_went_in_whatever_the_pieces() {
        let bytes = written(&items());
        for size in 1..=bytes.len() {
            assert_eq!(read(bytes.chunks(size)).unwrap(), items(), "pieces of {size}");
        }
    }

    #[test]
    fn rows_that_are_cut_off_anywhere_are_refused() {
        let bytes = written(&items());
        for len in 0..bytes.len() {
            assert_eq!(read([&bytes[..len]]), Err(Malformed::CutOff), "{len} bytes");
        }
        let more = [bytes.as_slice(), b"E"].concat();
        assert_eq!(read([more.as_slice()]), Err(Malformed::Behind));
    }

    #[test]
    fn what_is_no_row_is_refused_in_words() {
        let refused = |bytes: &[u8]| read([bytes]).unwrap_err().to_string();
        assert_eq!(refused(b"R"), "a row comes before its table");
        assert_eq!(refused(b"?"), "byte 0x3f begins neither table nor row");
        let mut short = items();
        short.remove(2);
        assert_eq!(refused(&written(&short)), "2 rows came where 3 were told");
        // A length that no memory has is waited for, not taken.
        assert_eq!(
            refused(b"T\xff\xff\xff\xff"),
            "a table has too long a name or too many columns"
        );
    }

    #[test]
    fn a_sum_knows_its_rows_in_whatever_order_and_no_others() {
        let sum = |rows: &[i64]| {
            let mut sum = Sum::default();
            rows.iter().for_each(|row| sum.add(&[Value::Integer(*row)]));
            sum
        };
        assert_eq!(sum(&[1, 2, 3]), sum(&[3, 1, 2]));
        assert_ne!(sum(&[1, 2, 3]), sum(&[1, 2, 4]));
        assert_ne!(sum(&[1, 2, 2]), sum(&[1, 2]));
    }
}
