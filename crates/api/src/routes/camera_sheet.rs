//! Cameras as a table that people fill, and as one that they are given.
//!
//! A row with the number of a camera that whoever sends it configures changes that
//! camera; what the table has no column for stays as it is. No password leaves by a
//! table.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use audit::Act;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State as Given;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use base::{SiteId, fold};
use catalog::{
    Action, Camera, CameraChange, CameraRow, Class, Laid, LifeCycle, LinkKind, NewCamera,
    NewStream, NoticeSign, Particulars, ParticularsChange, Purpose, Retention, Secret, StreamRole,
    Tables,
};
use sheet::{Row, Sheet, Table, Value};

use super::camera_list::CamerasAsked;
use super::cameras::{StreamsAsked, differences};
use super::particulars::height_cm;
use crate::access;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Refusal};
use crate::extract::Asked;
use crate::person::{Person, Somebody};
use crate::table::{
    self, Bodies, Fault, Field, ImportAnswer, ImportAsked, Reading, Rows, called, named,
};

/// The columns: the field as the API calls it, which a table may use as well, and its
/// name in Vietnamese.
const COLUMNS: [Field; 28] = [
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

/// Hands out the cameras that this person may see, and that fit, as a workbook.
#[utoipa::path(get, path = "/cameras.xlsx", tag = "cameras", params(CamerasAsked),
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 400, body = ErrorForm)))]
pub(crate) async fn cameras_xlsx(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Asked(asked): Asked<CamerasAsked>,
) -> Result<Response, Refusal> {
    table::xlsx(&state, exported(&state, &person, asked).await?, "cameras.xlsx").await
}

/// The same as CSV.
#[utoipa::path(get, path = "/cameras.csv", tag = "cameras", params(CamerasAsked),
    responses((status = 200, content_type = "text/csv"), (status = 400, body = ErrorForm)))]
pub(crate) async fn cameras_csv(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Asked(asked): Asked<CamerasAsked>,
) -> Result<Response, Refusal> {
    Ok(table::csv(&exported(&state, &person, asked).await?, "cameras.csv"))
}

/// Takes the cameras of a table, XLSX, ODS or CSV, all or none. A row with the number of
/// a camera that this person configures changes it; any other adds one.
#[utoipa::path(post, path = "/cameras/import", tag = "cameras", params(ImportAsked),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ImportAnswer, description = "`faults` say why nothing was taken"),
        (status = 400, body = ErrorForm, description = "it is no table, or lacks a column"),
        (status = 403, body = ErrorForm), (status = 413, body = ErrorForm),
        (status = 503, body = ErrorForm, description = "`busy`: another table is being read")))]
pub(crate) async fn import_cameras(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Asked(asked): Asked<ImportAsked>,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<ImportAnswer>, Refusal> {
    if let Err(refusal) = access::adding(&person.user) {
        return Err(Deed::by(&state, &person, Act::Camera).refused(&state, refusal).await);
    }
    let (reader, user) = (state.clone(), person.user.clone());
    let read = move |sheet: &Sheet| rows(&reader, &user, sheet);
    let take = |rows, keep| state.catalog.take_cameras(rows, keep);
    let (answer, laid) = table::import(&state, &asked, bytes, read, take).await?;
    if laid.is_empty() {
        return Ok(Json(answer));
    }
    state.recorder.nudge();
    let deed = || Deed::by(&state, &person, Act::Camera);
    let added = laid.iter().filter_map(|one| match one {
        Laid::Added(camera) => Some(camera.number),
        Laid::Changed { .. } | Laid::Same(_) => None,
    });
    let added: BTreeSet<_> = added.collect();
    if let (Some(first), Some(last)) = (added.first(), added.last()) {
        let deed = deed().detail("change", "imported").detail("cameras", added.len());
        deed.detail("numbers", format!("{first}–{last}")).done(&state).await?;
    }
    let changed = laid.iter().filter_map(|one| match one {
        Laid::Changed { before, after } => Some((before, after)),
        Laid::Added(_) | Laid::Same(_) => None,
    });
    let changed = changed.map(|(before, after): (&Arc<Camera>, &Arc<Camera>)| {
        let deed = deed().with(after).detail("change", "imported");
        differences(before, after)
            .into_iter()
            .fold(deed, |deed, (field, change)| deed.detail(field, change))
    });
    table::note(&state, changed.collect()).await?;
    tracing::info!(user = person.user.name, ?answer, "took a table of cameras");
    Ok(Json(answer))
}

/// What the cells of a table may name.
struct Known {
    sites: HashMap<String, Vec<SiteId>>,
    bodies: Bodies,
    /// The cameras that whoever sends it configures, by their numbers.
    cameras: HashMap<u32, Arc<Camera>>,
}

/// Returns what the rows of a table say.
fn rows(state: &State, user: &catalog::User, sheet: &Sheet) -> Result<Rows<CameraRow>, Refusal> {
    let tables = state.catalog.tables();
    let (rights, now) = (state.catalog.rights(user.id), state.now());
    let configured = tables.cameras.values().filter(|camera| {
        let rights = rights.as_ref();
        rights.is_some_and(|rights| access::lists(rights, camera.id, Action::Configure, now))
    });
    let mut sites: HashMap<_, Vec<_>> = HashMap::new();
    for site in tables.sites.values() {
        sites.entry(fold(&site.name)).or_default().push(site.id);
    }
    let known = Known {
        sites,
        bodies: Bodies::of(&tables),
        cameras: configured.map(|camera| (camera.number, camera.clone())).collect(),
    };
    // Without their numbers all are new ones.
    let needed: &[_] = match sheet.column(&[COLUMNS[0].1, COLUMNS[0].0]) {
        Ok(_) => &[],
        Err(_) => &["name", "site", "url"],
    };
    let reading = Reading::new(sheet, &COLUMNS, needed)?;
    Ok(reading.rows(|reading, row| {
        let there =
            reading.whole(row, "number")?.and_then(|number: u32| known.cameras.get(&number));
        let class = reading.one_of(row, "class", &CLASSES, Class::as_str)?;
        let into = class.filter(|class| there.is_none_or(|there| there.class != *class));
        if let Some(class) = into {
            access::class(&state.catalog, user, class, now)
                .map_err(|refusal| Fault::of("class", refusal.message()))?;
        }
        match there {
            Some(there) => {
                let change = known.change(reading, row, there, class)?;
                Ok(CameraRow::Change(there.id, Box::new(change)))
            }
            None => {
                let class = class.unwrap_or_default();
                Ok(CameraRow::New(Box::new(known.camera(reading, row, class)?)))
            }
        }
    }))
}

impl Known {
    fn camera(&self, table: &Reading, row: &Row, class: Class) -> Result<NewCamera, Fault> {
        let user = table.text(row, "user")?;
        let password = table.text(row, "password")?;
        let stream = |role, url: String| NewStream {
            role,
            url,
            user: user.clone(),
            password: password.clone().map(Secret::new),
            facts: None,
        };
        let mut streams = vec![stream(StreamRole::Main, table.needed(row, "url")?)];
        let sub = table.text(row, "sub_url")?;
        streams.extend(sub.map(|url| stream(StreamRole::Sub, url)));
        let days = table.whole(row, "retention_days")?;
        let particulars = Particulars::default().changed(self.particulars(table, row)?);
        Ok(NewCamera {
            number: table.whole(row, "number")?,
            name: table.needed(row, "name")?,
            site: self.site(&table.needed(row, "site")?)?,
            make: table.text(row, "make")?,
            recording: table.yes(row, "recording")?.unwrap_or(false),
            retention: Retention {
                days: days.unwrap_or(Retention::default().days),
                ..Retention::default()
            },
            link: Default::default(),
            class,
            sound: false,
            particulars: particulars.map_err(|error| Fault::from(&error))?,
            streams,
        })
    }

    /// What of a camera that is there a row wants otherwise. A cell that is empty takes
    /// away what can be taken away, and leaves the rest.
    fn change(
        &self,
        table: &Reading,
        row: &Row,
        there: &Camera,
        class: Option<Class>,
    ) -> Result<CameraChange, Fault> {
        let url = table.text(row, "url")?;
        // Where no address stands, nothing is said of how the camera is reached: those
        // who do not configure it are given it so.
        let whether =
            |field, text: Option<String>| url.as_ref().and_then(|_| table.said(field, text));
        let sub_url = whether("sub_url", table.text(row, "sub_url")?);
        let user = whether("user", table.text(row, "user")?);
        let streams =
            StreamsAsked { sub_url, user, password: table.text(row, "password")?.map(Some), url };
        let site = table.text(row, "site")?.map(|name| self.site(&name)).transpose()?;
        let days = table.whole(row, "retention_days")?;
        Ok(CameraChange {
            number: None,
            name: table.text(row, "name")?,
            site,
            make: table.said("make", table.text(row, "make")?),
            recording: table.yes(row, "recording")?,
            retention: days.map(|days| Retention { days, ..there.retention }),
            link: None,
            class,
            sound: None,
            particulars: self.particulars(table, row)?,
            streams: streams.of(there),
        })
    }

    fn particulars(&self, table: &Reading, row: &Row) -> Result<ParticularsChange, Fault> {
        let body = |field| -> Result<_, Fault> {
            Ok(table.said(field, table.body(row, field, &self.bodies)?))
        };
        let purposes = table.texts(row, "purposes")?;
        let purpose = |word: &String| named(word, "purposes", &PURPOSES, Purpose::as_str);
        let purposes = purposes.iter().map(purpose).collect::<Result<BTreeSet<_>, _>>()?;
        let height = table.number(row, "height_m")?.map(height_cm).transpose();
        let height = height.map_err(|refusal| Fault::of("height_m", refusal.message()))?;
        let sign = table.one_of(row, "notice_sign", &SIGNS, |sign| sign)?;
        let reason = table.text(row, "notice_sign_reason")?;
        let link_kind = table.one_of(row, "link_kind", &LINK_KINDS, LinkKind::as_str)?;
        let since = table.day(row, "life_cycle_since")?;
        Ok(ParticularsChange {
            owner: body("owner")?,
            investor: body("investor")?,
            operator: body("operator")?,
            maintainer: body("maintainer")?,
            purposes: table.said("purposes", Some(purposes)).flatten(),
            legal_basis: table.said("legal_basis", table.text(row, "legal_basis")?),
            heading_deg: table.said("heading_deg", table.whole(row, "heading_deg")?),
            tilt_deg: table.said("tilt_deg", table.whole(row, "tilt_deg")?),
            height_cm: table.said("height_m", height),
            fov_deg: table.said("fov_deg", table.whole(row, "fov_deg")?),
            link_kind: table.said("link_kind", link_kind),
            life_cycle: table.one_of(row, "life_cycle", &LIFE_CYCLES, LifeCycle::as_str)?,
            life_cycle_since: table.said("life_cycle_since", since),
            notice_sign: table
                .said("notice_sign", sign.and_then(|sign| NoticeSign::of(sign, reason))),
        })
    }

    fn site(&self, name: &str) -> Result<SiteId, Fault> {
        match self.sites.get(&fold(name)).map_or(&[][..], |sites| sites) {
            [site] => Ok(*site),
            [] => Err(Fault::of("site", "there is no site of this name; add it first")),
            _ => Err(Fault::of("site", "several sites have this name; rename all but one")),
        }
    }
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
    let site = tables.sites.get(&camera.site);
    let body = |body| table::body(tables, body);
    let whole = |number: Option<f64>| table::number(number);
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
        table::text(site.map(|site| site.name.as_str())),
        table::text(camera.make.as_deref()),
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
        table::text(of.legal_basis.as_deref()),
        whole(of.pose.heading_deg.map(f64::from)),
        whole(of.pose.tilt_deg.map(f64::from)),
        whole(of.pose.height_cm.map(|height| f64::from(height) / 100.0)),
        whole(of.pose.fov_deg.map(f64::from)),
        table::text(of.link_kind.map(|kind| called(kind, &LINK_KINDS))),
        Value::text(called(of.life_cycle, &LIFE_CYCLES)),
        table::day(of.life_cycle_since),
        table::text(sign.map(|sign| called(sign.as_str(), &SIGNS))),
        table::text(sign.and_then(NoticeSign::reason)),
        table::day(camera.inherited_until),
        table::text(site.and_then(|site| site.ward.as_deref())),
    ]
}
