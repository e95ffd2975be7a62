//! What rights cost a whole city: lists, searches and a map's viewport asked for a
//! hundred times a second by many people, decisions in memory, and how soon a grant
//! counts. Over SQLite, and over PostgreSQL.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use audit::Entry;
use base::{CameraId, Day, GrantId, OrganisationId, SiteId, UserId, WallTime};
use catalog::{
    Action, Camera, CameraRow, Catalog, Class, NewCamera, NewOrganisation, NewSite, NewStream,
    NewUser, Particulars, Position, Purpose, Retention, Role, SealKey, Sight, SiteCategory,
    StreamRole,
};
use db::testutil::Postgres;
use db::{Durability, Pool};
use e2e::http::Person;
use e2e::program::{self, Program};
use serde_json::json;

const CAMERAS: usize = 40_210;
const ORGANISATIONS: usize = 571;
const SITES: usize = 8_000;
const PEOPLE: usize = 5_000;
const GRANTS: usize = 50_000;

/// How many ask in turn, and how often in all.
const ASKING: usize = 8;
const PER_SECOND: u64 = 100;

/// On what each camera stands.
const BASIS: &str = "Quyết định 319";

const PASSWORD: &str = "mưa rào Hà Nội 1954";
const HTTP: &str = "[http]\nlisten = \"127.0.0.1:0\"\n[rtsp]\nserve = false\n[sign_in]\nsecond_factor = \"nobody\"\n[store]\nreserve_bytes = 16777216\n";

/// What is asked for, and the path of each turn.
type Way = (&'static str, fn(u64) -> String);

/// The figures of one database.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// Which.
    pub(crate) database: &'static str,
    /// What was asked for, and how long each answer took from the moment it was due, in
    /// milliseconds.
    pub(crate) asked: Vec<(&'static str, Vec<f64>)>,
    /// From giving a right to its being used, in milliseconds.
    pub(crate) visible_ms: Vec<f64>,
    /// The table of all cameras: handed out, looked through, taken with each camera
    /// changed; in seconds.
    pub(crate) table_s: [f64; 3],
    /// The program's memory, in MiB, before that.
    pub(crate) mib: f64,
}

/// What decisions take in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decisions {
    /// Compiling what decisions are made of, in milliseconds.
    pub(crate) world_ms: f64,
    /// The rights of one person, the first time, in microseconds.
    pub(crate) rights_us: f64,
    /// One camera and action, in nanoseconds.
    pub(crate) decision_ns: f64,
}

/// Returns how long acts waited for their entry in the journal to be on disk, with so
/// many who act at once, in milliseconds.
pub(crate) fn commits() -> anyhow::Result<Vec<f64>> {
    const ACTS: usize = 500;
    let folder = tempfile::tempdir()?;
    let key = audit::RootKey::new(&[1; 32]);
    let now = WallTime(1_795_885_200_000_000);
    let journal = audit::Journal::open(folder.path(), audit::Disk::Real, key, now)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let acting = (0..ASKING).map(|_| {
            let journal = journal.clone();
            tokio::spawn(async move {
                let mut took = Vec::with_capacity(ACTS);
                for _ in 0..ACTS {
                    let mut entry = Entry::new(now, audit::Act::Live, audit::Outcome::Done);
                    entry.purpose = Some("va chạm lúc 14:05, ngã tư Tràng Thi".to_owned());
                    let began = Instant::now();
                    journal.note(entry).await?;
                    took.push(began.elapsed().as_secs_f64() * 1e3);
                }
                Ok::<_, audit::Error>(took)
            })
        });
        let mut all = Vec::new();
        for one in acting.collect::<Vec<_>>() {
            all.extend(one.await??);
        }
        Ok(all)
    })
}

/// Makes a city and asks for it for so long in each way.
pub(crate) fn measure(window: Duration) -> anyhow::Result<(Decisions, Vec<Figures>)> {
    let folder = tempfile::tempdir()?;
    let config = program::configure(folder.path(), HTTP)?;
    let mut khue = serve(&config)?;
    let data = folder.path().join("data");
    let mut first = Person::reach(&khue.address()?, &data)?;
    first.sign_in_first("quantri", &khue.password("quantri")?, PASSWORD)?;
    let operator = khue.password("trucban")?;
    first.sign_in_first("trucban", &operator, PASSWORD)?;
    anyhow::ensure!(khue.stop()?.success(), "it stops");
    let runtime = tokio::runtime::Runtime::new()?;
    let decisions = runtime.block_on(fill(&data))?;
    let mut figures = vec![ask("SQLite", &config, &data, window)?];
    let running = Postgres::running();
    let database = running.database();
    let copied = Command::new(program::khue())
        .args(["db", "copy", "--to", &database, "--config"])
        .arg(&config)
        .output()?;
    anyhow::ensure!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    let text = std::fs::read_to_string(&config)?;
    std::fs::write(&config, format!("{text}[database]\nurl = {database:?}\n"))?;
    figures.push(ask("PostgreSQL", &config, &data, window)?);
    Ok((decisions, figures))
}

fn serve(config: &Path) -> anyhow::Result<Program> {
    Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])
}

/// Fills the database with a city; returns what decisions on it take.
async fn fill(data: &Path) -> anyhow::Result<Decisions> {
    let pool = Pool::open_sqlite(&data.join("khue.sqlite"), Durability::Cache).await?;
    let today = Day::of(WallTime(1_795_885_200_000_000));
    let catalog = Catalog::open(pool.clone(), SealKey::new(&[0; 32]), today).await?;
    // The program laid those of the city at its first start; some have ended.
    let tables = catalog.tables();
    let living = tables.organisations.values().filter(|body| body.valid_until.is_none());
    let mut bodies: Vec<OrganisationId> = living.map(|body| body.id).collect();
    drop(tables);
    while bodies.len() < ORGANISATIONS {
        let name = format!("Tổ dân phố {}", bodies.len());
        let parent = bodies[bodies.len() % 100];
        let new = NewOrganisation::named(&name, Some(parent));
        bodies.push(catalog.add_organisation(new).await?.id);
    }
    let mut people: Vec<UserId> = catalog.tables().users.keys().copied().collect();
    while people.len() < PEOPLE {
        let name = format!("canbo{}", people.len());
        let organisation = Some(bodies[people.len() % bodies.len()]);
        let new = NewUser { display_name: name.clone(), name, role: Role::Operator, organisation };
        people.push(catalog.add_user(new).await?.id);
    }
    let mut sites: Vec<SiteId> = Vec::new();
    while sites.len() < SITES {
        let at = sites.len();
        let new = NewSite {
            name: format!("Nút giao {at} đường Láng"),
            organisation: bodies[at % bodies.len()],
            category: SiteCategory::Junction,
            ward: None,
            address: Some(format!("{at} phố Huế")),
            position: Some(Position {
                lat_udeg: 20_900_000 + (at % 200) as i32 * 2_000,
                lon_udeg: 105_600_000 + (at / 200) as i32 * 8_000,
            }),
        };
        sites.push(catalog.add_site(new).await?.id);
    }
    let new = |at: usize| CameraRow::New(Box::new(camera(at, sites[at % sites.len()])));
    let laid = catalog.take_cameras((0..CAMERAS).map(new).collect(), true).await?;
    let cameras = laid.into_iter().map(|one| one.map(|laid| laid.after().clone()));
    let cameras: Vec<Arc<Camera>> = cameras.collect::<Result<_, _>>()?;
    drop(catalog);
    grants(&pool, &people, &bodies, &sites, &cameras).await?;
    pool.close().await?;
    let pool = Pool::open_sqlite(&data.join("khue.sqlite"), Durability::Cache).await?;
    let catalog = Catalog::open(pool.clone(), SealKey::new(&[0; 32]), today).await?;
    let decisions = decide(&catalog, &people, &cameras);
    pool.close().await?;
    Ok(decisions)
}

fn camera(at: usize, site: SiteId) -> NewCamera {
    NewCamera {
        number: None,
        name: format!("Camera {at} hướng {}", ["Bắc", "Nam", "Đông", "Tây"][at % 4]),
        site,
        make: Some(["Hikvision", "Dahua", "Axis"][at % 3].to_owned()),
        // Nothing is there to be recorded: what is measured is who may see what.
        recording: false,
        retention: Retention::default(),
        link: Default::default(),
        class: if at.is_multiple_of(100) { Class::Defence } else { Class::Ordinary },
        sound: false,
        particulars: Particulars {
            purposes: BTreeSet::from([Purpose::ALL[at % Purpose::ALL.len()]]),
            legal_basis: Some(BASIS.to_owned()),
            ..Particulars::default()
        },
        streams: vec![NewStream {
            role: StreamRole::Main,
            url: format!("rtsp://10.{}.{}.{}/main", at >> 16, at >> 8 & 255, at & 255),
            user: None,
            password: None,
            facts: None,
        }],
    }
}

/// Writes the grants as rows: to people and bodies, for bodies, sites, a few cameras
/// and purposes, with hours and ends among them.
async fn grants(
    pool: &Pool,
    people: &[UserId],
    bodies: &[OrganisationId],
    sites: &[SiteId],
    cameras: &[Arc<Camera>],
) -> anyhow::Result<()> {
    let hex = |id: uuid::Uuid| format!("X'{}'", id.simple());
    let mut rows = Vec::new();
    for at in 0..GRANTS {
        let (subject, subject_id) = match at % 10 {
            0 => ("organisation", bodies[at / 10 % bodies.len()].0),
            _ => ("user", people[at % people.len()].0),
        };
        let (scope, ids) = match at % 4 {
            0 => ("organisation", bodies[at % bodies.len()].to_string()),
            1 => ("site", sites[at % sites.len()].to_string()),
            2 => {
                let some = (0..20).map(|more| cameras[(at * 7 + more) % cameras.len()].id);
                ("cameras", some.map(|id| id.to_string()).collect::<Vec<_>>().join(" "))
            }
            _ => ("organisation", bodies[at / 4 % bodies.len()].to_string()),
        };
        let purposes = if at % 5 == 0 { "traffic" } else { "" };
        let hours = if at % 7 == 0 { "'1-5 07:00-17:30'" } else { "NULL" };
        let until = if at % 11 == 0 { "4000000000000000" } else { "NULL" };
        rows.push(format!(
            "({}, '{subject}', {}, '{scope}', '{ids}', 'ordinary', 'live playback', 5, {until}, {hours}, \
             'Quyết định', 0, '{purposes}', 'office')",
            hex(GrantId::new().0),
            hex(subject_id),
        ));
    }
    for some in rows.chunks(500) {
        let statement = format!(
            "INSERT INTO access_grant (id, subject, subject_id, scope, scope_ids, class, actions, \
             ptz_priority, until_us, hours, basis, given_at_us, purposes, origin) VALUES {}",
            some.join(", ")
        );
        db::testutil::run(pool, &statement).await;
    }
    Ok(())
}

fn decide(catalog: &Catalog, people: &[UserId], cameras: &[Arc<Camera>]) -> Decisions {
    let now = WallTime(1_795_885_200_000_000);
    let began = Instant::now();
    let world = catalog.world();
    let world_ms = began.elapsed().as_secs_f64() * 1e3;
    let tables = catalog.tables();
    let asking: Vec<_> = people.iter().rev().take(100).collect();
    let began = Instant::now();
    let rights: Vec<_> = asking.iter().map(|id| world.rights(&tables.users[id])).collect();
    let rights_us = began.elapsed().as_secs_f64() * 1e6 / rights.len() as f64;
    let sight = Sight { lines: Some(1080), from: now };
    let (mut asked, mut allowed) = (0u32, 0u32);
    let began = Instant::now();
    for (at, rights) in rights.iter().enumerate() {
        for camera in cameras.iter().skip(at).step_by(40) {
            let may = rights.shows(camera.id, Action::Playback, sight, now).is_allowed();
            allowed += u32::from(may);
            asked += 1;
        }
    }
    let decision_ns = began.elapsed().as_secs_f64() * 1e9 / f64::from(asked);
    eprintln!("{asked} decisions, {allowed} allowed");
    Decisions { world_ms, rights_us, decision_ns }
}

fn ask(
    database: &'static str,
    config: &Path,
    data: &Path,
    window: Duration,
) -> anyhow::Result<Figures> {
    let mut khue = serve(config)?;
    let address = khue.address()?;
    let sign_in = |name: &str| -> anyhow::Result<Person> {
        let mut person = Person::reach(&address, data)?;
        person.sign_in(name, PASSWORD)?;
        Ok(person)
    };
    let admin = sign_in("quantri")?;
    let officers: Vec<_> = (0..ASKING).map(|_| sign_in("trucban")).collect::<Result<_, _>>()?;
    let ways: [Way; 5] = [
        ("a page of the list", |turn| format!("/api/v1/cameras?most=100&next={}", turn % 40_000)),
        ("a search", |turn| {
            let words = ["duong lang", "nut giao 77", "bac axis", "pho hue dong"];
            format!("/api/v1/cameras?q={}", words[turn as usize % 4].replace(' ', "%20"))
        }),
        ("a search in an area", |turn| {
            format!("/api/v1/cameras?q=camera%20{}&purpose=traffic", turn % 90)
        }),
        ("a page of grants", |turn| format!("/api/v1/grants?most=200&q={}", turn % 40)),
        ("a map's viewport", |turn| {
            let (south, west) =
                (20.9 + (turn % 30) as f64 / 100.0, 105.6 + (turn % 20) as f64 / 100.0);
            let (north, east) = (south + 0.03, west + 0.03);
            format!("/api/v1/cameras?area={south},{west},{north},{east}&most=500")
        }),
    ];
    let mut asked = Vec::new();
    for (what, path) in ways {
        asked.push((what, open_loop(&officers, path, window)?));
    }
    let visible_ms = (0..10).map(|_| visible(&admin, data)).collect::<Result<_, _>>()?;
    let status = std::fs::read_to_string(format!("/proc/{}/status", khue.pid()))?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().split(' ').next());
    let mib = kib.and_then(|kib| kib.parse::<f64>().ok()).context("VmRSS")? / 1024.0;
    let table_s = table(&admin, database)?;
    anyhow::ensure!(khue.stop()?.success(), "it stops");
    Ok(Figures { database, asked, visible_ms, table_s, mib })
}

/// Takes out the table of all cameras and brings it back: only to be looked through,
/// then with another basis for each. Returns how many seconds each took.
fn table(admin: &Person, database: &str) -> anyhow::Result<[f64; 3]> {
    let timed = |method: &str, path: &str, body: Option<String>| -> anyhow::Result<(f64, String)> {
        let headers = [("content-type", "application/octet-stream")];
        let began = Instant::now();
        let mut answer = admin.request(method, path, &headers, body)?;
        let bytes = answer.body_mut().with_config().limit(1 << 28).read_to_vec()?;
        let took = began.elapsed().as_secs_f64();
        let text = String::from_utf8(bytes)?;
        anyhow::ensure!(answer.status() == 200, "{text}");
        Ok((took, text))
    };
    let came = |answer: &str, changed: usize, kept: bool| -> anyhow::Result<()> {
        let answer: serde_json::Value = serde_json::from_str(answer)?;
        let as_told = answer["changed"] == changed && answer["kept"] == kept;
        anyhow::ensure!(as_told && answer["refused"] == 0, "{answer}");
        Ok(())
    };
    let (out, table) = timed("GET", "/api/v1/cameras.csv", None)?;
    let import = "/api/v1/cameras/import";
    let (through, answer) = timed("POST", &format!("{import}?dry_run=true"), Some(table.clone()))?;
    came(&answer, 0, false)?;
    let other = table.replace(BASIS, &format!("{BASIS} {database}"));
    let (taken, answer) = timed("POST", import, Some(other))?;
    // Those of defence are not in it.
    let rows = table.lines().count() - 1;
    anyhow::ensure!(rows > CAMERAS * 9 / 10, "{rows} rows");
    came(&answer, rows, true)?;
    Ok([out, through, taken])
}

/// Asks so many times a second, whether answers came or not; returns how long each
/// took from the moment at which it was due.
fn open_loop(
    people: &[Person],
    path: fn(u64) -> String,
    window: Duration,
) -> anyhow::Result<Vec<f64>> {
    let took = Mutex::new(Vec::new());
    let began = Instant::now();
    let apart = Duration::from_secs_f64(people.len() as f64 / PER_SECOND as f64);
    thread::scope(|scope| {
        let asking: Vec<_> = people
            .iter()
            .enumerate()
            .map(|(who, person)| {
                let took = &took;
                scope.spawn(move || -> anyhow::Result<()> {
                    let first = Duration::from_secs_f64(who as f64 / PER_SECOND as f64);
                    for turn in 0.. {
                        let due = began + first + apart * turn;
                        if due > began + window {
                            break;
                        }
                        thread::sleep(due.saturating_duration_since(Instant::now()));
                        let path = path(u64::from(turn) * 8 + who as u64);
                        let mut answer = person.request("GET", &path, &[], None)?;
                        let bytes = answer.body_mut().with_config().limit(1 << 28).read_to_vec()?;
                        anyhow::ensure!(
                            answer.status() == 200,
                            "{}",
                            String::from_utf8_lossy(&bytes)
                        );
                        let ms = due.elapsed().as_secs_f64() * 1e3;
                        took.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(ms);
                    }
                    Ok(())
                })
            })
            .collect();
        for one in asking {
            one.join().map_err(|_| anyhow::anyhow!("whoever asked broke off"))??;
        }
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(took.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Gives somebody who has nothing one camera; returns how long it took until they saw
/// it, from before the right was given.
fn visible(admin: &Person, data: &Path) -> anyhow::Result<f64> {
    let name = format!("moi{}", uuid::Uuid::now_v7().simple());
    let body = json!({ "name": name, "display_name": name, "role": "operator" });
    let added = admin.ask("POST", "people", Some(body))?.ok()?;
    let id = added["person"]["id"].as_str().context("an id")?.to_owned();
    let given = admin.ask("GET", &format!("grants?q={name}"), None)?.ok()?;
    let usual = given["grants"].as_array().context("grants")?.iter();
    let usual = usual.filter(|grant| grant["terms"]["subject"]["id"] == id.as_str());
    for grant in usual {
        let path = format!("grants/{}", grant["id"].as_str().context("an id")?);
        admin.ask("DELETE", &path, None)?.ok()?;
    }
    let mut person = Person::reach(admin.address(), data)?;
    let one_time = added["one_time_password"].as_str().context("a password")?;
    person.sign_in_first(&name, one_time, PASSWORD)?;
    let page = admin.ask("GET", "cameras?most=1&class=ordinary", None)?.ok()?;
    let camera: CameraId = page["cameras"][0]["id"].as_str().context("an id")?.parse()?;
    let path = format!("cameras/{camera}");
    anyhow::ensure!(person.ask("GET", &path, None)?.status == 404, "it is not seen yet");
    let body = json!({
        "subject": { "kind": "person", "id": id }, "scope": { "kind": "cameras", "id": [camera] },
        "actions": ["live"], "basis": "đo",
    });
    let began = Instant::now();
    admin.ask("POST", "grants", Some(body))?.ok()?;
    while person.ask("GET", &path, None)?.status != 200 {}
    Ok(began.elapsed().as_secs_f64() * 1e3)
}
