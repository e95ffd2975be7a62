//! Sites as a table that people fill, and as one that they are given.
//!
//! A row with the name and the organisation of a site changes it; what the table has no
//! column for stays as it is.

use audit::Act;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State as Given;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use catalog::{Laid, Position, Site, SiteCategory, SiteRow, Tables};
use sheet::{Row, Sheet, Table, Value};

use super::sites::{admit, told};
use super::tree::Places;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Refusal};
use crate::extract::Asked;
use crate::person::{Person, Somebody};
use crate::table::{self, Bodies, Fault, Field, ImportAnswer, ImportAsked, Reading, Rows, called};

const COLUMNS: [Field; 7] = [
    ("name", "Tên"),
    ("organisation", "Đơn vị"),
    ("category", "Loại nơi"),
    ("ward", "Phường, xã"),
    ("address", "Địa chỉ"),
    ("latitude", "Vĩ độ"),
    ("longitude", "Kinh độ"),
];

const CATEGORIES: [(SiteCategory, &str); 17] = [
    (SiteCategory::NationalSecurityTarget, "Mục tiêu quan trọng về an ninh quốc gia"),
    (SiteCategory::SymbolicWork, "Công trình biểu tượng"),
    (SiteCategory::HistoricRelic, "Di tích lịch sử"),
    (SiteCategory::ScenicSite, "Danh lam thắng cảnh"),
    (SiteCategory::Junction, "Nút giao thông"),
    (SiteCategory::TrafficRoute, "Tuyến giao thông"),
    (SiteCategory::PublicPlace, "Nơi công cộng"),
    (SiteCategory::Entertainment, "Nơi vui chơi, giải trí"),
    (SiteCategory::RailwayStation, "Nhà ga"),
    (SiteCategory::BusStation, "Bến xe"),
    (SiteCategory::Airport, "Sân bay"),
    (SiteCategory::Market, "Chợ"),
    (SiteCategory::Supermarket, "Siêu thị, trung tâm thương mại"),
    (SiteCategory::Hotel, "Khách sạn"),
    (SiteCategory::IndustrialZone, "Khu công nghiệp"),
    (SiteCategory::Bank, "Ngân hàng"),
    (SiteCategory::Other, "Nơi khác"),
];

/// Hands out the sites that this person may know of as a workbook.
#[utoipa::path(get, path = "/sites.xlsx", tag = "places",
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))]
pub(crate) async fn sites_xlsx(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Response, Refusal> {
    table::xlsx(&state, exported(&state, &person).await?, "sites.xlsx").await
}

/// The same as CSV.
#[utoipa::path(get, path = "/sites.csv", tag = "places",
    responses((status = 200, content_type = "text/csv")))]
pub(crate) async fn sites_csv(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Response, Refusal> {
    Ok(table::csv(&exported(&state, &person).await?, "sites.csv"))
}

/// Takes the sites of a table, XLSX, ODS or CSV, all or none. A row with the name and the
/// organisation of a site changes it; any other adds one.
#[utoipa::path(post, path = "/sites/import", tag = "places", params(ImportAsked),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ImportAnswer, description = "`faults` say why nothing was taken"),
        (status = 400, body = ErrorForm, description = "it is no table, or lacks a column"),
        (status = 403, body = ErrorForm), (status = 413, body = ErrorForm),
        (status = 503, body = ErrorForm, description = "`busy`: another table is being read")))]
pub(crate) async fn import_sites(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Asked(asked): Asked<ImportAsked>,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<ImportAnswer>, Refusal> {
    admit(&state, &person).await?;
    let bodies = Bodies::of(&state.catalog.tables());
    let read = move |sheet: &Sheet| rows(sheet, &bodies);
    let take = |rows, keep| state.catalog.take_sites(rows, keep);
    let (answer, laid) = table::import(&state, &asked, bytes, read, take).await?;
    let deed = |one: &Site| {
        let deed = Deed::by(&state, &person, Act::Site).with_named("site", one.id.0, &one.name);
        deed.detail("change", "imported")
    };
    let deeds = laid.iter().filter_map(|one| match one {
        Laid::Added(added) => Some(deed(added)),
        Laid::Changed { before, after } => Some(deed(after).changes(told(before), told(after))),
        Laid::Same(_) => None,
    });
    table::note(&state, deeds.collect()).await?;
    if !laid.is_empty() {
        tracing::info!(user = person.user.name, ?answer, "took a table of sites");
    }
    Ok(Json(answer))
}

/// Returns what the rows of a table say.
fn rows(sheet: &Sheet, bodies: &Bodies) -> Result<Rows<SiteRow>, Refusal> {
    let reading = Reading::new(sheet, &COLUMNS, &["name", "organisation"])?;
    Ok(reading.rows(|table, row| site(table, row, bodies)))
}

fn site(table: &Reading, row: &Row, bodies: &Bodies) -> Result<SiteRow, Fault> {
    let place = (table.number(row, "latitude")?, table.number(row, "longitude")?);
    let position = match place {
        (Some(latitude), Some(longitude)) => {
            let position = Position::of(latitude, longitude);
            Some(position.map_err(|error| Fault::from(&error))?)
        }
        (None, None) => None,
        (None, Some(_)) => {
            return Err(Fault::of("latitude", "latitude and longitude go together"));
        }
        (Some(_), None) => {
            return Err(Fault::of("longitude", "latitude and longitude go together"));
        }
    };
    Ok(SiteRow {
        name: table.needed(row, "name")?,
        organisation: bodies.one("organisation", &table.needed(row, "organisation")?)?,
        category: table.one_of(row, "category", &CATEGORIES, SiteCategory::as_str)?,
        ward: table.said("ward", table.text(row, "ward")?),
        address: table.said("address", table.text(row, "address")?),
        position: table.said("latitude", position),
    })
}

/// Returns the table of what this person may know of, once that they take it is noted.
async fn exported(state: &State, person: &Person) -> Result<Table, Refusal> {
    let tables = state.catalog.tables();
    let places = Places::of(state, &tables, &person.user);
    let mut known: Vec<_> = tables.sites.values().filter(|site| places.has_site(site.id)).collect();
    known.sort_by_cached_key(|site| base::sort_key(&site.name));
    let deed = Deed::by(state, person, Act::Site).detail("change", "exported");
    deed.detail("sites", known.len()).done(state).await?;
    Ok(Table {
        name: "Địa điểm".to_owned(),
        columns: COLUMNS.iter().map(|(_, name)| (*name).to_owned()).collect(),
        rows: known.into_iter().map(|site| line(site, &tables)).collect(),
    })
}

/// Returns a site's row, in order of the columns.
fn line(of: &Site, tables: &Tables) -> Vec<Value> {
    vec![
        Value::text(&of.name),
        table::body(tables, Some(of.organisation)),
        Value::text(called(of.category, &CATEGORIES)),
        table::text(of.ward.as_deref()),
        table::text(of.address.as_deref()),
        table::number(of.position.map(Position::latitude)),
        table::number(of.position.map(Position::longitude)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_has_a_name_of_its_own() {
        let categories: Vec<_> = CATEGORIES.iter().map(|(category, _)| *category).collect();
        assert!(SiteCategory::ALL.iter().all(|category| categories.contains(category)));
        let mut names: Vec<_> = CATEGORIES.iter().map(|(_, name)| base::fold(name)).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), CATEGORIES.len());
    }
}
