//! Tables that people fill, and those that they are given: what those of cameras,
//! organisations and sites have in common.
//!
//! ```text
//! file ──sheet──▶ Reading ──▶ rows of a noun ──catalog──▶ all of them, or of each why not
//! nouns ──▶ Table ──sheet──▶ XLSX, CSV             with the same columns
//! ```
//!
//! > A table is taken whole or not at all, so that it can be mended and sent again.
//!
//! Does not belong here: which columns a noun has, and what stands in them (its routes).

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base::{Day, OrganisationId, fold};
use catalog::{Laid, Tables};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use sheet::{Cell, Column, Delimiter, Limits, NoColumn, Row, Sheet, Table, Value};
use utoipa::{IntoParams, ToSchema};

use crate::app::State;
use crate::deed::Deed;
use crate::error::{Kind, Refusal};

/// The most bytes of a table.
pub(crate) const LARGEST: usize = 32 << 20;

/// How many faults are told.
const MOST_TOLD: usize = 500;

/// How many entries of the audit are written at once: they share the journal's commits.
const NOTED_AT_ONCE: usize = 64;

/// What an XLSX file is to HTTP.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A field as the API calls it, which a table may use as well, and its name in
/// Vietnamese.
pub(crate) type Field = (&'static str, &'static str);

/// How a table is taken.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportAsked {
    /// Whether it is only looked through and nothing of it kept.
    dry_run: Option<bool>,
}

/// What came of a table.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportAnswer {
    /// How many rows it has.
    rows: usize,
    /// How many of them say something that is not there yet.
    added: usize,
    /// How many are about something that is there, and would make it another. The
    /// others are as it is.
    changed: usize,
    /// Whether all of that was done; otherwise nothing was.
    kept: bool,
    /// How many rows cannot be taken.
    refused: usize,
    /// The first 500 of what is wrong.
    faults: Vec<ImportFault>,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportFault {
    /// Its number, as a spreadsheet shows it.
    row: u32,
    /// The cell, as `C17`, where it is one.
    cell: Option<String>,
    /// The field that the cell is for.
    field: Option<&'static str>,
    /// What is wrong and what to write.
    message: String,
}

/// What is wrong with a row, before it is known which.
pub(crate) struct Fault {
    field: Option<&'static str>,
    /// The cell, where the words do not name it themselves.
    message: String,
}

/// Rows by their number, each what it says or why not.
pub(crate) struct Rows<T> {
    columns: HashMap<&'static str, Column>,
    rows: Vec<(u32, Result<T, Fault>)>,
}

/// A table whose columns are known.
pub(crate) struct Reading<'a> {
    sheet: &'a Sheet,
    columns: HashMap<&'static str, Column>,
}

/// Organisations by their codes and names, folded.
pub(crate) struct Bodies(HashMap<String, Vec<OrganisationId>>);

/// Has the rows of a table taken: all, or none. Returns what came of it, and, if it was
/// taken, of each row.
pub(crate) async fn import<Of, Done, Taking>(
    state: &State,
    asked: &ImportAsked,
    bytes: Result<Bytes, BytesRejection>,
    read: impl FnOnce(&Sheet) -> Result<Rows<Of>, Refusal> + Send + 'static,
    take: impl FnOnce(Vec<Of>, bool) -> Taking,
) -> Result<(ImportAnswer, Vec<Laid<Done>>), Refusal>
where
    Of: Send + 'static,
    Taking: Future<Output = Result<Vec<Result<Laid<Done>, catalog::Error>>, catalog::Error>>,
{
    let bytes = bytes
        .map_err(|_| Refusal::new(Kind::TooLarge, "the file has more than 32 MiB; split it"))?;
    let Ok(_permit) = state.imports.try_acquire() else {
        return Err(Refusal::new(Kind::Busy, "another table is being read; try again"));
    };
    let read = move || {
        let limits =
            Limits { bytes: LARGEST, columns: 128, characters: 2_000, ..Limits::default() };
        let sheet = sheet::read(&bytes, &limits)
            .map_err(|error| Refusal::new(Kind::Invalid, error.to_string()))?;
        read(&sheet)
    };
    let read = tokio::task::spawn_blocking(read).await.map_err(Refusal::broken)??;
    let Rows { columns, rows } = read;
    let (mut faults, mut numbers, mut good) = (Vec::new(), Vec::new(), Vec::new());
    let count = rows.len();
    for (row, of) in rows {
        match of {
            Ok(of) => {
                numbers.push(row);
                good.push(of);
            }
            Err(fault) => faults.push(fault.told(row, &columns)),
        }
    }
    let keep = faults.is_empty() && !asked.is_dry();
    let mut laid = Vec::new();
    for (row, outcome) in numbers.into_iter().zip(take(good, keep).await?) {
        match outcome {
            Ok(one) => laid.push(one),
            Err(catalog::Error::Database(_)) => return Err(Refusal::broken("an import failed")),
            Err(error) => faults.push(Fault::from(&error).told(row, &columns)),
        }
    }
    let kept = keep && faults.is_empty();
    faults.sort_by_key(|fault| fault.row);
    let refused = faults.iter().map(|fault| fault.row).collect::<BTreeSet<_>>().len();
    faults.truncate(MOST_TOLD);
    let added = laid.iter().filter(|one| matches!(one, Laid::Added(_))).count();
    let changed = laid.iter().filter(|one| matches!(one, Laid::Changed { .. })).count();
    let answer = ImportAnswer { rows: count, added, changed, kept, refused, faults };
    Ok((answer, if kept { laid } else { Vec::new() }))
}

/// Returns once the entries of all that a table did are on disk.
pub(crate) async fn note(state: &State, deeds: Vec<Deed>) -> Result<(), Refusal> {
    let noting = stream::iter(deeds.into_iter().map(|deed| deed.done(state)));
    noting.buffered(NOTED_AT_ONCE).try_collect().await
}

/// Returns a table as a workbook.
pub(crate) async fn xlsx(state: &State, table: Table, file: &str) -> Result<Response, Refusal> {
    let now = state.now();
    let written = tokio::task::spawn_blocking(move || sheet::write_xlsx(&table, now)).await;
    let bytes = written.map_err(Refusal::broken)?.map_err(Refusal::broken)?;
    Ok(attached(bytes, XLSX, file))
}

/// Returns a table as CSV.
pub(crate) fn csv(table: &Table, file: &str) -> Response {
    attached(sheet::write_csv(table, Delimiter::Comma), "text/csv; charset=utf-8", file)
}

fn attached(bytes: Vec<u8>, kind: &'static str, file: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, bytes).into_response()
}

impl ImportAsked {
    /// Returns whether nothing of the table is to be kept.
    pub(crate) fn is_dry(&self) -> bool {
        self.dry_run.unwrap_or(false)
    }
}

impl Fault {
    pub(crate) fn of(field: &'static str, message: impl Into<String>) -> Self {
        Self { field: Some(field), message: message.into() }
    }

    fn unfit(field: &'static str, error: &sheet::Unfit) -> Self {
        Self::of(field, error.to_string())
    }

    fn told(self, row: u32, columns: &HashMap<&'static str, Column>) -> ImportFault {
        let column = self.field.and_then(|field| columns.get(field));
        let place = |column: &Column| {
            sheet::Place { row: row.saturating_sub(1), column: column.0 }.to_string()
        };
        ImportFault { row, cell: column.map(place), field: self.field, message: self.message }
    }
}

impl From<&catalog::Error> for Fault {
    fn from(error: &catalog::Error) -> Self {
        let field = match error {
            catalog::Error::Invalid { field, .. }
            | catalog::Error::Taken { field, .. }
            | catalog::Error::InUse { field, .. } => Some(*field),
            _ => None,
        };
        Self { field, message: error.to_string() }
    }
}

impl<'a> Reading<'a> {
    /// Finds the columns of these fields, of which `needed` have to be there.
    pub(crate) fn new(
        sheet: &'a Sheet,
        fields: &[Field],
        needed: &[&str],
    ) -> Result<Self, Refusal> {
        let mut columns = HashMap::new();
        for &(field, name) in fields {
            match sheet.column(&[name, field]) {
                Ok(column) => drop(columns.insert(field, column)),
                Err(NoColumn::Missing { .. }) if !needed.contains(&field) => {}
                Err(error) => return Err(Refusal::new(Kind::Invalid, error.to_string())),
            }
        }
        Ok(Self { sheet, columns })
    }

    /// Returns what each row says.
    pub(crate) fn rows<T>(self, of: impl Fn(&Self, &Row) -> Result<T, Fault>) -> Rows<T> {
        let rows = self.sheet.rows.iter().map(|row| (row.number, of(&self, row))).collect();
        Rows { rows, columns: self.columns }
    }

    /// Tells what a cell takes away from what there is no column for, which stays.
    pub(crate) fn said<T>(&self, field: &str, value: Option<T>) -> Option<Option<T>> {
        self.columns.contains_key(field).then_some(value)
    }

    /// Returns a text that has to be there.
    pub(crate) fn needed(&self, row: &Row, field: &'static str) -> Result<String, Fault> {
        let Some(column) = self.columns.get(field) else {
            let words = format!("the table has no column {field}; what is not there yet needs it");
            return Err(Fault::of(field, words));
        };
        let text = row.cell(*column).text().map(Cow::into_owned);
        text.map_err(|error| Fault::unfit(field, &error))
    }

    /// Returns a text, if there is one.
    pub(crate) fn text(&self, row: &Row, field: &'static str) -> Result<Option<String>, Fault> {
        self.read(row, field, |cell| cell.text().map(Cow::into_owned))
    }

    /// Returns the texts of a cell that holds several, after commas or semicolons.
    pub(crate) fn texts(&self, row: &Row, field: &'static str) -> Result<Vec<String>, Fault> {
        let text = self.text(row, field)?.unwrap_or_default();
        let words = text.split([',', ';']).map(str::trim).filter(|word| !word.is_empty());
        Ok(words.map(str::to_owned).collect())
    }

    /// Returns a whole number, if there is one.
    pub(crate) fn whole<T: TryFrom<i64>>(
        &self,
        row: &Row,
        field: &'static str,
    ) -> Result<Option<T>, Fault> {
        let Some(number) = self.read(row, field, Cell::integer)? else { return Ok(None) };
        let fits = T::try_from(number);
        fits.map(Some).map_err(|_| Fault::of(field, format!("{number} is out of range")))
    }

    /// Returns a number, if there is one.
    pub(crate) fn number(&self, row: &Row, field: &'static str) -> Result<Option<f64>, Fault> {
        self.read(row, field, Cell::number)
    }

    /// Returns a day, if there is one.
    pub(crate) fn day(&self, row: &Row, field: &'static str) -> Result<Option<Day>, Fault> {
        self.read(row, field, Cell::date)
    }

    /// Returns a yes or no, if there is one.
    pub(crate) fn yes(&self, row: &Row, field: &'static str) -> Result<Option<bool>, Fault> {
        self.read(row, field, Cell::bool)
    }

    /// Returns which of some things a cell names, if it does.
    pub(crate) fn one_of<T: Copy>(
        &self,
        row: &Row,
        field: &'static str,
        all: &[(T, &'static str)],
        word: fn(T) -> &'static str,
    ) -> Result<Option<T>, Fault> {
        self.text(row, field)?.map(|text| named(&text, field, all, word)).transpose()
    }

    /// Returns which organisation a cell names, if it does.
    pub(crate) fn body(
        &self,
        row: &Row,
        field: &'static str,
        bodies: &Bodies,
    ) -> Result<Option<OrganisationId>, Fault> {
        self.text(row, field)?.map(|name| bodies.one(field, &name)).transpose()
    }

    fn read<'row, T>(
        &self,
        row: &'row Row,
        field: &'static str,
        read: impl FnOnce(Cell<'row>) -> Result<T, sheet::Unfit>,
    ) -> Result<Option<T>, Fault> {
        let Some(cell) = self.columns.get(field).and_then(|column| row.cell(*column).filled())
        else {
            return Ok(None);
        };
        read(cell).map(Some).map_err(|error| Fault::unfit(field, &error))
    }
}

impl Bodies {
    pub(crate) fn of(tables: &Tables) -> Self {
        let mut all: HashMap<_, Vec<_>> = HashMap::new();
        for one in tables.organisations.values() {
            let names = one.code.iter().chain([&one.name]).map(|name| fold(name));
            for name in names.collect::<BTreeSet<_>>() {
                all.entry(name).or_default().push(one.id);
            }
        }
        Self(all)
    }

    /// Returns the one of this code or name.
    pub(crate) fn one(&self, field: &'static str, name: &str) -> Result<OrganisationId, Fault> {
        match self.0.get(&fold(name)).map_or(&[][..], |all| all) {
            [one] => Ok(*one),
            [] => {
                let words = "no organisation has this code or name; write one that has";
                Err(Fault::of(field, words))
            }
            _ => Err(Fault::of(field, "several organisations have this name; write its code")),
        }
    }
}

/// Returns which of some things a text names, by its word or in Vietnamese.
pub(crate) fn named<T: Copy>(
    text: &str,
    field: &'static str,
    all: &[(T, &'static str)],
    word: fn(T) -> &'static str,
) -> Result<T, Fault> {
    let folded = fold(text);
    let is_it = |(one, name): &&(T, &'static str)| word(*one) == folded || fold(name) == folded;
    all.iter().find(is_it).map(|(one, _)| *one).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|(_, name)| *name).collect();
        Fault::of(field, format!("{text:?} is none of {}", names.join("; ")))
    })
}

/// Returns what a table calls one of some things.
pub(crate) fn called<T: PartialEq>(one: T, all: &[(T, &'static str)]) -> &'static str {
    all.iter().find(|(other, _)| *other == one).map_or("", |(_, name)| *name)
}

/// Returns a cell with a text, or an empty one.
pub(crate) fn text(text: Option<&str>) -> Value {
    Value::text(text.unwrap_or_default())
}

/// Returns a cell with a day, or an empty one.
pub(crate) fn day(day: Option<Day>) -> Value {
    day.map_or(Value::Empty, Value::Date)
}

/// Returns a cell with a number, or an empty one.
pub(crate) fn number(number: Option<f64>) -> Value {
    number.map_or(Value::Empty, Value::Number)
}

/// Returns a cell that names an organisation: by its code, or, without one, its name.
pub(crate) fn body(tables: &Tables, body: Option<OrganisationId>) -> Value {
    let one = body.and_then(|body| tables.organisations.get(&body));
    text(one.map(|one| one.code.as_deref().unwrap_or(&one.name)))
}
