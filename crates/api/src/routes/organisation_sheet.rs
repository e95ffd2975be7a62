//! Organisations as a table that people fill, and as one that they are given.
//!
//! A row with the code of an organisation changes it; one without a code is about the
//! organisation of that name and unit. What the table has no column for stays as it is.

use audit::Act;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State as Given;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use catalog::{Laid, Organisation, OrganisationKind, OrganisationRow, Tables};
use sheet::{Row, Sheet, Table, Value};

use super::organisations::{admit, told};
use super::tree::Places;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Refusal};
use crate::extract::Asked;
use crate::person::{Person, Somebody};
use crate::table::{self, Fault, Field, ImportAnswer, ImportAsked, Reading, called};

const COLUMNS: [Field; 8] = [
    ("code", "Mã"),
    ("name", "Tên"),
    ("name_en", "Tên tiếng Anh"),
    ("kind", "Loại"),
    ("parent", "Thuộc đơn vị"),
    ("valid_from", "Ngày đầu"),
    ("valid_until", "Ngày cuối"),
    ("successors", "Đơn vị kế tiếp"),
];

const KINDS: [(OrganisationKind, &str); 12] = [
    (OrganisationKind::Committee, "UBND, ban chỉ đạo cấp Thành phố"),
    (OrganisationKind::Department, "Sở, ban, ngành"),
    (OrganisationKind::Police, "Công an cấp Thành phố"),
    (OrganisationKind::PoliceDivision, "Phòng, đội nghiệp vụ Công an"),
    (OrganisationKind::WardCommittee, "UBND phường, xã"),
    (OrganisationKind::WardPolice, "Công an phường, xã"),
    (OrganisationKind::Military, "Quân đội, cảnh vệ"),
    (OrganisationKind::Partner, "Cơ quan phối hợp"),
    (OrganisationKind::Enterprise, "Doanh nghiệp"),
    (OrganisationKind::Household, "Hộ gia đình"),
    (OrganisationKind::District, "Quận, huyện trước 1/7/2025"),
    (OrganisationKind::Other, "Đơn vị khác"),
];

/// Hands out the organisations that this person may know of as a workbook.
#[utoipa::path(get, path = "/organisations.xlsx", tag = "places",
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))]
pub(crate) async fn organisations_xlsx(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Response, Refusal> {
    table::xlsx(&state, exported(&state, &person).await?, "organisations.xlsx").await
}

/// The same as CSV.
#[utoipa::path(get, path = "/organisations.csv", tag = "places",
    responses((status = 200, content_type = "text/csv")))]
pub(crate) async fn organisations_csv(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Response, Refusal> {
    Ok(table::csv(&exported(&state, &person).await?, "organisations.csv"))
}

/// Takes the organisations of a table, XLSX, ODS or CSV, all or none. A row with the code
/// of an organisation changes it; any other adds one, unless there is one of that name,
/// without a code, in the same place. What moves changes what grants to organisations
/// give.
#[utoipa::path(post, path = "/organisations/import", tag = "places", params(ImportAsked),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ImportAnswer, description = "`faults` say why nothing was taken"),
        (status = 400, body = ErrorForm, description = "it is no table, or lacks a column"),
        (status = 403, body = ErrorForm, description = "`forbidden`, `confirm_it_is_you`"),
        (status = 413, body = ErrorForm),
        (status = 503, body = ErrorForm, description = "`busy`: another table is being read")))]
pub(crate) async fn import_organisations(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Asked(asked): Asked<ImportAsked>,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<ImportAnswer>, Refusal> {
    admit(&state, &person).await?;
    if !asked.is_dry() {
        person.is_confirmed(&state)?;
    }
    let take = |rows, keep| state.catalog.take_organisations(rows, keep);
    let (answer, laid) = table::import(&state, &asked, bytes, rows, take).await?;
    let deed = |one: &Organisation| {
        let deed = Deed::by(&state, &person, Act::Organisation);
        deed.with_named("organisation", one.id.0, &one.name).detail("change", "imported")
    };
    let deeds = laid.iter().filter_map(|one| match one {
        Laid::Added(added) => Some(deed(added)),
        Laid::Changed { before, after } => Some(deed(after).changes(told(before), told(after))),
        Laid::Same(_) => None,
    });
    table::note(&state, deeds.collect()).await?;
    if !laid.is_empty() {
        tracing::info!(user = person.user.name, ?answer, "took a table of organisations");
    }
    Ok(Json(answer))
}

/// Returns what the rows of a table say.
fn rows(sheet: &Sheet) -> Result<table::Rows<OrganisationRow>, Refusal> {
    Ok(Reading::new(sheet, &COLUMNS, &["name"])?.rows(organisation))
}

fn organisation(table: &Reading, row: &Row) -> Result<OrganisationRow, Fault> {
    Ok(OrganisationRow {
        code: table.text(row, "code")?,
        name: table.needed(row, "name")?,
        kind: table.one_of(row, "kind", &KINDS, OrganisationKind::as_str)?,
        name_en: table.said("name_en", table.text(row, "name_en")?),
        parent: table.said("parent", table.text(row, "parent")?),
        valid_from: table.said("valid_from", table.day(row, "valid_from")?),
        valid_until: table.said("valid_until", table.day(row, "valid_until")?),
        successors: table.said("successors", Some(table.texts(row, "successors")?)).flatten(),
    })
}

/// Returns the table of what this person may know of, once that they take it is noted.
async fn exported(state: &State, person: &Person) -> Result<Table, Refusal> {
    let tables = state.catalog.tables();
    let places = Places::of(state, &tables, &person.user);
    let known = tables.organisations.values().filter(|one| places.has_organisation(one.id));
    let mut known: Vec<_> = known.collect();
    known.sort_by_cached_key(|one| base::sort_key(&one.name));
    let deed = Deed::by(state, person, Act::Organisation).detail("change", "exported");
    deed.detail("organisations", known.len()).done(state).await?;
    Ok(Table {
        name: "Đơn vị".to_owned(),
        columns: COLUMNS.iter().map(|(_, name)| (*name).to_owned()).collect(),
        rows: known.into_iter().map(|one| line(one, &tables, &places)).collect(),
    })
}

/// Returns an organisation's row, in order of the columns.
fn line(of: &Organisation, tables: &Tables, places: &Places) -> Vec<Value> {
    let successors = of.successors.iter().filter(|id| places.has_organisation(**id));
    let successors = successors.filter_map(|id| tables.organisations.get(id));
    let mut successors: Vec<_> =
        successors.map(|one| one.code.as_deref().unwrap_or(&one.name)).collect();
    successors.sort_unstable();
    vec![
        table::text(of.code.as_deref()),
        Value::text(&of.name),
        table::text(of.name_en.as_deref()),
        Value::text(called(of.kind, &KINDS)),
        table::body(tables, of.parent.filter(|parent| places.has_organisation(*parent))),
        table::day(of.valid_from),
        table::day(of.valid_until),
        Value::text(&successors.join(", ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let kinds: Vec<_> = KINDS.iter().map(|(kind, _)| *kind).collect();
        assert!(OrganisationKind::ALL.iter().all(|kind| kinds.contains(kind)));
        let mut names: Vec<_> = KINDS.iter().map(|(_, name)| base::fold(name)).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
    }
}
