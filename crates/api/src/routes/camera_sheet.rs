//! Cameras as a table that people fill, and as one that they are given.
//!
//! ```text
//! file ──sheet──▶ rows ──▶ NewCamera …  ──catalog──▶ all of them, or of each why not
//! find_cameras ──▶ rows ──sheet──▶ XLSX, CSV         with the same columns
//! ```
//!
//! A table is taken whole or not at all, so that it can be mended and sent again. No
//! password leaves by a table.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use audit::Act;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State as Given;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base::{Day, OrganisationId, SiteId, fold};
use catalog::{
    Action, Camera, Class, LifeCycle, LinkKind, NewCamera, NewStream, NoticeSign, Particulars,
    Pose, Purpose, Retention, Secret, StreamRole, Tables,
};
use serde::{Deserialize, Serialize};
use sheet::{Cell, Column, Delimiter, Limits, NoColumn, Row, Sheet, Table, Value};
use utoipa::{IntoParams, ToSchema};

use super::camera_list::CamerasAsked;
use super::particulars::height_cm;
use crate::access;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::Asked;
use crate::person::{Person, Somebody};

/// The most bytes of a table.
pub(crate) const LARGEST: usize = 32 << 20;

/// How many rows are told of that cannot be taken.
const MOST_TOLD: usize = 500;

/// The columns: the field as the API calls it, which a table may use as well, and its
/// name in Vietnamese.
const COLUMNS: [(&str, &str); 28] = [
    ("number", "Số"),
    ("name", "Tên"),
    ("site", "Địa điểm"),
    ("make", "Hãng"),
    ("url", "Địa chỉ luồng chính"),
    ("sub_url", "Địa chỉ luồng phụ"),
    ("user", "Tên đăng nhập"),
    ("password", "Mật khẩu"),
    ("recording", "Ghi hình"),
    ("retention_days", "Số ngày lưu"),
    ("class", "Loại bảo vệ"),
    ("owner", "Chủ quản"),
    ("investor", "Chủ đầu tư"),
    ("operator", "Đơn vị vận hành"),
    ("maintainer", "Đơn vị bảo trì"),
    ("purposes", "Mục đích"),
    ("legal_basis", "Căn cứ pháp lý"),
    ("heading_deg", "Hướng nhìn (độ)"),
    ("tilt_deg", "Góc nghiêng (độ)"),
    ("height_m", "Chiều cao (m)"),
    ("fov_deg", "Góc quan sát (độ)"),
    ("link_kind", "Loại đường truyền"),
    ("life_cycle", "Tình trạng sử dụng"),
    ("life_cycle_since", "Từ ngày"),
    ("notice_sign", "Biển thông báo"),
    ("notice_sign_reason", "Lý do không cần biển"),
    ("inherited_until", "Hạn bổ sung hồ sơ"),
    ("ward", "Phường, xã"),
];

const PURPOSES: [(Purpose, &str); 8] = [
    (Purpose::Traffic, "Giao thông"),
    (Purpose::Defence, "Quốc phòng"),
    (Purpose::SecurityOrder, "An ninh trật tự"),
    (Purpose::SocialSafety, "An toàn xã hội"),
    (Purpose::AdminViolation, "Xử lý vi phạm hành chính"),
    (Purpose::UrbanOrder, "Trật tự đô thị"),
    (Purpose::Environment, "Môi trường"),
    (Purpose::Infrastructure, "Hạ tầng"),
];

const LINK_KINDS: [(LinkKind, &str); 5] = [
    (LinkKind::DedicatedFiber, "Cáp quang dùng riêng"),
    (LinkKind::LeasedLine, "Kênh thuê riêng"),
    (LinkKind::Internet, "Internet"),
    (LinkKind::Wireless, "Không dây"),
    (LinkKind::Lan, "Mạng nội bộ"),
];

const LIFE_CYCLES: [(LifeCycle, &str); 5] = [
    (LifeCycle::Planned, "Dự kiến"),
    (LifeCycle::Installed, "Đã lắp"),
    (LifeCycle::InService, "Đang dùng"),
    (LifeCycle::OutOfService, "Ngừng dùng"),
    (LifeCycle::Retired, "Đã thanh lý"),
];

const CLASSES: [(Class, &str); 2] = [(Class::Ordinary, "Thường"), (Class::Defence, "Quốc phòng")];

const SIGNS: [(&str, &str); 3] = [("yes", "Có"), ("no", "Không"), ("exempt", "Không cần")];

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
    /// How many cameras were added: all, or none.
    added: usize,
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

/// Hands out the cameras that this person may see, and that fit, as a workbook.
#[utoipa::path(get, path = "/cameras.xlsx", tag = "cameras", params(CamerasAsked),
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 400, body = ErrorForm)))]
pub(crate) async fn cameras_xlsx(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Asked(asked): Asked<CamerasAsked>,
) -> Result<Response, Refusal> {
    let table = exported(&state, &person, asked).await?;
    let now = state.now();
    let written = tokio::task::spawn_blocking(move || sheet::write_xlsx(&table, now)).await;
    let bytes = written.map_err(Refusal::broken)?.map_err(Refusal::broken)?;
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(file(bytes, kind, "cameras.xlsx"))
}

/// The same as CSV.
#[utoipa::path(get, path = "/cameras.csv", tag = "cameras", params(CamerasAsked),
    responses((status = 200, content_type = "text/csv"), (status = 400, body = ErrorForm)))]
pub(crate) async fn cameras_csv(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Asked(asked): Asked<CamerasAsked>,
) -> Result<Response, Refusal> {
    let table = exported(&state, &person, asked).await?;
    let bytes = sheet::write_csv(&table, Delimiter::Comma);
    Ok(file(bytes, "text/csv; charset=utf-8", "cameras.csv"))
}

/// Adds the cameras of a table, XLSX, ODS or CSV, all or none.
#[utoipa::path(post, path = "/cameras/import", tag = "cameras", params(ImportAsked),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ImportAnswer, description = "`faults` say why nothing was added"),
        (status = 400, body = ErrorForm, description = "it is no table, or lacks a column"),
        (status = 403, body = ErrorForm), (status = 413, body = ErrorForm),
        (status = 503, body = ErrorForm, description = "`busy`: another table is being read")))]
pub(crate) async fn import_cameras(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Asked(asked): Asked<ImportAsked>,
    bytes: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<ImportAnswer>, Refusal> {
    if let Err(refusal) = access::adding(&person.user) {
        return Err(Deed::by(&state, &person, Act::Camera).refused(&state, refusal).await);
    }
    let bytes = bytes
        .map_err(|_| Refusal::new(Kind::TooLarge, "the file has more than 32 MiB; split it"))?;
    let Ok(_permit) = state.imports.try_acquire() else {
        return Err(Refusal::new(Kind::Busy, "another table is being read; try again"));
    };
    let tables = state.catalog.tables();
    let read = move || {
        let limits =
            Limits { bytes: LARGEST, columns: 128, characters: 2_000, ..Limits::default() };
        let sheet = sheet::read(&bytes, &limits)
            .map_err(|error| Refusal::new(Kind::Invalid, error.to_string()))?;
        Import::new(&sheet, &tables).map(|import| import.rows())
    };
    let read = tokio::task::spawn_blocking(read).await.map_err(Refusal::broken)??;
    let Rows { columns, rows } = read;
    let mut faults = Vec::new();
    let (mut numbers, mut cameras) = (Vec::new(), Vec::new());
    let count = rows.len();
    for (row, camera) in rows {
        let allowed = |camera: NewCamera| {
            access::class(&state.catalog, &person.user, camera.class, state.now())
                .map_err(|refusal| Fault::of("class", refusal.message()))?;
            Ok(camera)
        };
        match camera.and_then(allowed) {
            Ok(camera) => {
                numbers.push(row);
                cameras.push(camera);
            }
            Err(fault) => faults.push(fault.told(row, &columns)),
        }
    }
    let keep = faults.is_empty() && !asked.dry_run.unwrap_or(false);
    let outcomes = state.catalog.add_cameras(cameras, keep).await?;
    for (row, outcome) in numbers.into_iter().zip(&outcomes) {
        match outcome {
            Ok(_) => {}
            Err(catalog::Error::Database(_)) => return Err(Refusal::broken("an import failed")),
            Err(error) => faults.push(Fault::from(error).told(row, &columns)),
        }
    }
    let added = if keep && faults.is_empty() { outcomes.len() } else { 0 };
    if added > 0 {
        state.recorder.nudge();
        let deed = Deed::by(&state, &person, Act::Camera).detail("change", "imported");
        let numbers: Vec<_> = outcomes.iter().flatten().map(|camera| camera.number).collect();
        let first = numbers.iter().min().copied().unwrap_or_default();
        let last = numbers.iter().max().copied().unwrap_or_default();
        let deed = deed.detail("cameras", added).detail("numbers", format!("{first}–{last}"));
        deed.done(&state).await?;
        tracing::info!(user = person.user.name, added, "imported cameras");
    }
    faults.sort_by_key(|fault| fault.row);
    let refused = faults.iter().map(|fault| fault.row).collect::<BTreeSet<_>>().len();
    faults.truncate(MOST_TOLD);
    Ok(Json(ImportAnswer { rows: count, added, refused, faults }))
}

/// Where each field stands in a table.
type Columns = HashMap<&'static str, Column>;

/// Rows by their number, each a camera or why not.
struct Rows {
    columns: Columns,
    rows: Vec<(u32, Result<NewCamera, Fault>)>,
}

/// What is wrong with a row.
struct Fault {
    field: Option<&'static str>,
    /// The cell, where the words do not name it themselves.
    message: String,
}

/// A table, and what its cells may name.
struct Import<'a> {
    sheet: &'a Sheet,
    columns: Columns,
    sites: HashMap<String, Vec<SiteId>>,
    organisations: HashMap<String, Vec<OrganisationId>>,
}

impl Fault {
    fn of(field: &'static str, message: impl Into<String>) -> Self {
        Self { field: Some(field), message: message.into() }
    }

    fn told(self, row: u32, columns: &Columns) -> ImportFault {
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

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self { field: None, message: refusal.message().to_owned() }
    }
}

impl<'a> Import<'a> {
    fn new(sheet: &'a Sheet, tables: &Tables) -> Result<Self, Refusal> {
        let mut columns = Columns::new();
        for (field, name) in COLUMNS {
            match sheet.column(&[name, field]) {
                Ok(column) => drop(columns.insert(field, column)),
                Err(NoColumn::Missing { .. }) if !["name", "site", "url"].contains(&field) => {}
                Err(error) => return Err(Refusal::new(Kind::Invalid, error.to_string())),
            }
        }
        let mut sites: HashMap<_, Vec<_>> = HashMap::new();
        for site in tables.sites.values() {
            sites.entry(fold(&site.name)).or_default().push(site.id);
        }
        let mut organisations: HashMap<_, Vec<_>> = HashMap::new();
        for one in tables.organisations.values() {
            let names = one.code.iter().chain([&one.name]).map(|name| fold(name));
            for name in names.collect::<BTreeSet<_>>() {
                organisations.entry(name).or_default().push(one.id);
            }
        }
        Ok(Self { sheet, columns, sites, organisations })
    }

    fn rows(self) -> Rows {
        let rows = self.sheet.rows.iter().map(|row| (row.number, self.camera(row))).collect();
        Rows { rows, columns: self.columns }
    }

    fn camera(&self, row: &Row) -> Result<NewCamera, Fault> {
        let user = self.text(row, "user")?;
        let password = self.text(row, "password")?;
        let stream = |role, url: String| NewStream {
            role,
            url,
            user: user.clone(),
            password: password.clone().map(Secret::new),
            facts: None,
        };
        let mut streams = vec![stream(StreamRole::Main, self.needed(row, "url")?)];
        let sub = self.text(row, "sub_url")?;
        streams.extend(sub.map(|url| stream(StreamRole::Sub, url)));
        let site = self.needed(row, "site")?;
        let site = match self.sites.get(&fold(&site)).map_or(&[][..], |sites| sites) {
            [site] => *site,
            [] => return Err(Fault::of("site", "there is no site of this name; add it first")),
            _ => {
                return Err(Fault::of("site", "several sites have this name; rename all but one"));
            }
        };
        let days = self.whole(row, "retention_days")?;
        let recording = self.cell(row, "recording").map(|cell| cell.bool());
        let recording = recording.transpose().map_err(|error| unfit("recording", &error))?;
        Ok(NewCamera {
            number: self.whole(row, "number")?,
            name: self.needed(row, "name")?,
            site,
            make: self.text(row, "make")?,
            recording: recording.unwrap_or(false),
            retention: Retention {
                days: days.unwrap_or(Retention::default().days),
                ..Retention::default()
            },
            link: Default::default(),
            class: self.one_of(row, "class", &CLASSES, Class::as_str)?.unwrap_or_default(),
            sound: false,
            particulars: self.particulars(row)?,
            streams,
        })
    }

    fn particulars(&self, row: &Row) -> Result<Particulars, Fault> {
        let height = self.cell(row, "height_m").map(|cell| cell.number()).transpose();
        let height = height.map_err(|error| unfit("height_m", &error))?.map(height_cm);
        let since = self.cell(row, "life_cycle_since").map(|cell| cell.date()).transpose();
        let sign = self.one_of(row, "notice_sign", &SIGNS, |sign| sign)?;
        let reason = self.text(row, "notice_sign_reason")?;
        let life_cycle = self.one_of(row, "life_cycle", &LIFE_CYCLES, LifeCycle::as_str)?;
        Ok(Particulars {
            owner: self.organisation(row, "owner")?,
            investor: self.organisation(row, "investor")?,
            operator: self.organisation(row, "operator")?,
            maintainer: self.organisation(row, "maintainer")?,
            purposes: self.purposes(row)?,
            legal_basis: self.text(row, "legal_basis")?,
            pose: Pose {
                heading_deg: self.whole(row, "heading_deg")?,
                tilt_deg: self.whole(row, "tilt_deg")?,
                height_cm: height
                    .transpose()
                    .map_err(|refusal| Fault::of("height_m", refusal.message()))?,
                fov_deg: self.whole(row, "fov_deg")?,
            },
            link_kind: self.one_of(row, "link_kind", &LINK_KINDS, LinkKind::as_str)?,
            life_cycle: life_cycle.unwrap_or(LifeCycle::InService),
            life_cycle_since: since.map_err(|error| unfit("life_cycle_since", &error))?,
            notice_sign: sign.and_then(|sign| NoticeSign::of(sign, reason)),
        })
    }

    fn purposes(&self, row: &Row) -> Result<BTreeSet<Purpose>, Fault> {
        let text = self.text(row, "purposes")?.unwrap_or_default();
        let words = text.split([',', ';']).map(str::trim).filter(|word| !word.is_empty());
        let purpose = |word| named(word, "purposes", &PURPOSES, Purpose::as_str);
        words.map(purpose).collect()
    }

    fn organisation(
        &self,
        row: &Row,
        field: &'static str,
    ) -> Result<Option<OrganisationId>, Fault> {
        let Some(name) = self.text(row, field)? else { return Ok(None) };
        match self.organisations.get(&fold(&name)).map_or(&[][..], |all| all) {
            [one] => Ok(Some(*one)),
            [] => {
                let words = "no organisation has this code or name; write one that has";
                Err(Fault::of(field, words))
            }
            _ => Err(Fault::of(field, "several organisations have this name; write its code")),
        }
    }

    fn one_of<T: Copy>(
        &self,
        row: &Row,
        field: &'static str,
        all: &[(T, &'static str)],
        word: fn(T) -> &'static str,
    ) -> Result<Option<T>, Fault> {
        self.text(row, field)?.map(|text| named(&text, field, all, word)).transpose()
    }

    fn whole<T: TryFrom<i64>>(&self, row: &Row, field: &'static str) -> Result<Option<T>, Fault> {
        let Some(cell) = self.cell(row, field) else { return Ok(None) };
        let number = cell.integer().map_err(|error| unfit(field, &error))?;
        let fits = T::try_from(number);
        fits.map(Some).map_err(|_| Fault::of(field, format!("{number} is out of range")))
    }

    fn needed(&self, row: &Row, field: &'static str) -> Result<String, Fault> {
        let column = self.columns.get(field).copied().unwrap_or(Column(0));
        let text = row.cell(column).text().map(Cow::into_owned);
        text.map_err(|error| unfit(field, &error))
    }

    fn text(&self, row: &Row, field: &'static str) -> Result<Option<String>, Fault> {
        let text = self.cell(row, field).map(|cell| cell.text().map(Cow::into_owned));
        text.transpose().map_err(|error| unfit(field, &error))
    }

    /// Returns the cell of a field, if something stands in it.
    fn cell<'row>(&self, row: &'row Row, field: &'static str) -> Option<Cell<'row>> {
        row.cell(*self.columns.get(field)?).filled()
    }
}

fn unfit(field: &'static str, error: &sheet::Unfit) -> Fault {
    Fault::of(field, error.to_string())
}

/// Returns which of some things a text names, by its word or in Vietnamese.
fn named<T: Copy>(
    text: &str,
    field: &'static str,
    all: &[(T, &'static str)],
    word: fn(T) -> &'static str,
) -> Result<T, Fault> {
    let folded = fold(text);
    let is_it = |(one, name): &&(T, &'static str)| word(*one) == folded || fold(name) == folded;
    all.iter().find(is_it).map(|(one, _)| *one).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|(_, name)| *name).collect();
        Fault::of(field, format!("{text:?} is none of {}", names.join(", ")))
    })
}

/// Returns the table of the cameras that fit, once that somebody takes it is noted.
async fn exported(state: &State, person: &Person, asked: CamerasAsked) -> Result<Table, Refusal> {
    let (user, now) = (person.user.id, state.now());
    let found = state.catalog.find_cameras(user, &asked.filter()?, now);
    let deed = Deed::by(state, person, Act::Camera).detail("change", "exported");
    deed.detail("cameras", found.total()).done(state).await?;
    let tables = state.catalog.tables();
    let rights = state.catalog.rights(user);
    let rows = found.from(0).map(|camera| {
        let configures = rights
            .as_ref()
            .is_some_and(|rights| access::lists(rights, camera.id, Action::Configure, now));
        line(camera, &tables, configures)
    });
    let is_kept = |field: &str| field != "password";
    let columns = COLUMNS.iter().filter(|(field, _)| is_kept(field));
    Ok(Table {
        name: "Camera".to_owned(),
        columns: columns.map(|(_, name)| (*name).to_owned()).collect(),
        rows: rows.collect(),
    })
}

/// Returns a camera's row, in order of the columns but for the password.
fn line(camera: &Camera, tables: &Tables, configures: bool) -> Vec<Value> {
    let of = &camera.particulars;
    let text = |text: Option<&str>| Value::text(text.unwrap_or_default());
    let number = |number: Option<f64>| number.map_or(Value::Empty, Value::Number);
    let date = |day: Option<Day>| day.map_or(Value::Empty, Value::Date);
    let site = tables.sites.get(&camera.site);
    let body = |body: Option<OrganisationId>| {
        let one = body.and_then(|body| tables.organisations.get(&body));
        text(one.map(|one| one.code.as_deref().unwrap_or(&one.name)))
    };
    let reached = |text: Option<String>| match text {
        Some(text) if configures => Value::text(&text),
        _ => Value::Empty,
    };
    let url = |role| reached(camera.stream(role).map(|stream| stream.url.to_string()));
    let user = camera.streams.first().and_then(|stream| stream.user.clone());
    let purposes: Vec<_> = of.purposes.iter().map(|one| called(*one, &PURPOSES)).collect();
    let sign = of.notice_sign.as_ref();
    vec![
        Value::Number(f64::from(camera.number)),
        Value::text(&camera.name),
        text(site.map(|site| site.name.as_str())),
        text(camera.make.as_deref()),
        url(StreamRole::Main),
        url(StreamRole::Sub),
        reached(user),
        Value::text(if camera.recording { "Có" } else { "Không" }),
        Value::Number(f64::from(camera.retention.days)),
        Value::text(called(camera.class, &CLASSES)),
        body(of.owner),
        body(of.investor),
        body(of.operator),
        body(of.maintainer),
        Value::text(&purposes.join(", ")),
        text(of.legal_basis.as_deref()),
        number(of.pose.heading_deg.map(f64::from)),
        number(of.pose.tilt_deg.map(f64::from)),
        number(of.pose.height_cm.map(|height| f64::from(height) / 100.0)),
        number(of.pose.fov_deg.map(f64::from)),
        text(of.link_kind.map(|kind| called(kind, &LINK_KINDS))),
        Value::text(called(of.life_cycle, &LIFE_CYCLES)),
        date(of.life_cycle_since),
        text(sign.map(|sign| called(sign.as_str(), &SIGNS))),
        text(sign.and_then(NoticeSign::reason)),
        date(camera.inherited_until),
        text(site.and_then(|site| site.ward.as_deref())),
    ]
}

fn called<T: PartialEq>(one: T, all: &[(T, &'static str)]) -> &'static str {
    all.iter().find(|(other, _)| *other == one).map_or("", |(_, name)| *name)
}

fn file(bytes: Vec<u8>, kind: &'static str, name: &'static str) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, bytes).into_response()
}
