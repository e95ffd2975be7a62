//! What people say is kept, told to whoever watches, and refused in words.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use catalog::{
    Camera, CameraChange, Catalog, Error, Facts, NewCamera, NewOrganisation, NewSite, NewStream,
    NewUser, Particulars, PasswordChange, Purpose, Retention, Role, SealKey, Secret, StreamChange,
    StreamRole, UserChange,
};
use db::testutil::{Fresh, Kind};

struct World {
    rows: Fresh,
    catalog: Catalog,
    site: base::SiteId,
}

const KEY: [u8; 32] = [5; 32];

async fn open(rows: &Fresh, key: [u8; 32]) -> Result<Catalog, Error> {
    let today = "2026-11-29".parse().unwrap();
    Catalog::open(rows.open().await, SealKey::new(&key), today).await
}

async fn world() -> World {
    let rows = Fresh::new(Kind::of(module_path!()));
    let catalog = open(&rows, KEY).await.unwrap();
    let city = NewOrganisation::named("Công an thành phố", None);
    let city = catalog.add_organisation(city).await.unwrap();
    let ward = NewOrganisation::named("Phường Cửa Nam", Some(city.id));
    let ward = catalog.add_organisation(ward).await.unwrap();
    let site = NewSite::named("Ngã tư Tràng Thi", ward.id);
    let site = catalog.add_site(site).await.unwrap().id;
    World { rows, catalog, site }
}

fn stream(role: StreamRole, url: &str) -> NewStream {
    NewStream {
        role,
        url: url.to_owned(),
        user: Some("admin".to_owned()),
        password: Some(Secret::new("mật khẩu")),
        facts: None,
    }
}

impl World {
    fn camera(&self, name: &str) -> NewCamera {
        NewCamera {
            number: None,
            name: name.to_owned(),
            site: self.site,
            make: Some("Hikvision".to_owned()),
            recording: true,
            retention: Retention { days: 30, bytes: Some(1 << 34) },
            link: Default::default(),
            class: Default::default(),
            sound: false,
            particulars: Particulars {
                purposes: [Purpose::Traffic].into(),
                legal_basis: Some("319/QĐ-UBND, 19/1/2024, UBND Thành phố".to_owned()),
                ..Particulars::default()
            },
            streams: vec![
                stream(StreamRole::Sub, "rtsp://10.0.0.1/sub"),
                stream(StreamRole::Main, "rtsp://10.0.0.1/main"),
            ],
        }
    }

    async fn add(&self, name: &str) -> std::sync::Arc<Camera> {
        self.catalog.add_camera(self.camera(name)).await.unwrap()
    }
}

fn words<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn what_was_said_is_there_after_a_new_start() {
    let world = world().await;
    let camera = world.add("Cột đèn số 3").await;
    let user = NewUser {
        name: "Hong".to_owned(),
        display_name: "Nguyễn Thị Hồng".to_owned(),
        role: Role::Operator,
        organisation: None,
    };
    let user = world.catalog.add_user(user).await.unwrap();
    let facts = Facts { codec: "avc1.640028".to_owned(), width: 1920, height: 1080 };
    world.catalog.note_facts(camera.streams[0].id, facts.clone()).await.unwrap();
    let before = world.catalog.tables();

    let after = open(&world.rows, KEY).await.unwrap();
    assert_eq!(after.tables().cameras, before.cameras);
    assert_eq!(after.tables().sites, before.sites);
    assert_eq!(after.tables().organisations, before.organisations);
    assert_eq!(after.user_by_name("HONG"), Some(user));
    let camera = after.camera(camera.id).unwrap();
    assert_eq!(camera.stream(StreamRole::Main).unwrap().facts, Some(facts));
    assert_eq!(camera.streams[0].role, StreamRole::Main);
}

#[tokio::test]
async fn the_recorder_is_told_what_to_record_and_when_that_changed() {
    let world = world().await;
    let mut changes = world.catalog.changes();
    let camera = world.add("Cổng").await;
    assert!(changes.has_changed().unwrap());
    changes.borrow_and_update();

    let intended = world.catalog.intended_streams();
    assert_eq!(intended.len(), 2);
    let main = intended.iter().find(|intent| intent.role == StreamRole::Main).unwrap();
    assert_eq!((main.camera, main.stream), (camera.id, camera.streams[0].id));
    assert_eq!(main.url.as_str(), "rtsp://10.0.0.1/main");
    assert_eq!(main.user.as_deref(), Some("admin"));
    assert_eq!(main.password.as_ref().unwrap().expose(), "mật khẩu");
    assert_eq!(camera.retention, Retention { days: 30, bytes: Some(1 << 34) });

    let off = CameraChange { recording: Some(false), ..CameraChange::default() };
    world.catalog.change_camera(camera.id, off).await.unwrap();
    assert!(changes.has_changed().unwrap());
    assert_eq!(world.catalog.intended_streams(), []);
}

#[tokio::test]
async fn a_role_that_stays_keeps_its_stream_and_its_password() {
    let world = world().await;
    let before = world.add("Cổng").await;
    let change = |url: &str, password| StreamChange {
        role: StreamRole::Main,
        url: url.to_owned(),
        user: Some("root".to_owned()),
        password,
    };
    let streams = vec![change("rtsp://10.0.0.1/other", PasswordChange::Keep)];
    let wanted = CameraChange { streams: Some(streams), ..CameraChange::default() };
    let after = world.catalog.change_camera(before.id, wanted).await.unwrap();
    assert_eq!(after.streams.len(), 1);
    assert_eq!(after.streams[0].id, before.streams[0].id);
    assert_eq!(after.streams[0].password, Some(Secret::new("mật khẩu")));
    assert_eq!(after.streams[0].user.as_deref(), Some("root"));

    // A password nobody can read must not be sent where somebody chooses.
    let streams = vec![change("rtsp://thief.example/other", PasswordChange::Keep)];
    let wanted = CameraChange { streams: Some(streams), ..CameraChange::default() };
    let refused = words(world.catalog.change_camera(before.id, wanted).await);
    assert_eq!(refused, "the address names another host; enter the password again");
    let streams = vec![change("rtsp://10.0.0.9/", PasswordChange::Set(Some(Secret::new("mới"))))];
    let wanted = CameraChange { streams: Some(streams), ..CameraChange::default() };
    let moved = world.catalog.change_camera(before.id, wanted).await.unwrap();
    assert_eq!(moved.streams[0].password, Some(Secret::new("mới")));
}

#[tokio::test]
async fn numbers_count_up_and_no_two_cameras_share_one() {
    let world = world().await;
    assert_eq!(world.add("một").await.number, 1);
    let seven = NewCamera { number: Some(7), ..world.camera("bảy") };
    world.catalog.add_camera(seven.clone()).await.unwrap();
    let eight = world.add("tám").await;
    assert_eq!(eight.number, 8);
    let refused = words(world.catalog.add_camera(seven).await);
    assert_eq!(refused, "camera \"bảy\" has the number 7 already");
    let own = CameraChange { number: Some(8), ..CameraChange::default() };
    assert_eq!(world.catalog.change_camera(eight.id, own).await.unwrap().number, 8);
    let none = CameraChange { number: Some(0), ..CameraChange::default() };
    let refused = words(world.catalog.change_camera(eight.id, none).await);
    assert_eq!(refused, "a camera's number is from 1 to 8999999");
    let last = NewCamera { number: Some(8_999_999), ..world.camera("cuối") };
    world.catalog.add_camera(last).await.unwrap();
    assert_eq!(world.add("hai").await.number, 2);
}

#[tokio::test]
async fn a_refused_change_leaves_rows_and_copy_as_they_were() {
    let world = world().await;
    let camera = world.add("Cổng").await;
    let version = *world.catalog.changes().borrow();
    let wanted = CameraChange {
        name: Some("tên mới".to_owned()),
        streams: Some(Vec::new()),
        ..CameraChange::default()
    };
    let refused = words(world.catalog.change_camera(camera.id, wanted).await);
    assert_eq!(refused, "a camera needs at least one stream");
    let nowhere = NewCamera { site: base::SiteId::new(), ..world.camera("x") };
    assert_eq!(words(world.catalog.add_camera(nowhere).await), "there is no such site");
    let absent = world.catalog.remove_camera(base::CameraId::new()).await;
    assert_eq!(words(absent), "there is no such camera");
    assert_eq!(world.catalog.camera(camera.id), Some(camera));
    assert_eq!(*world.catalog.changes().borrow(), version);
    let again = open(&world.rows, KEY).await.unwrap();
    assert_eq!(again.tables().cameras, world.catalog.tables().cameras);
}

#[tokio::test]
async fn a_camera_that_is_removed_takes_its_streams_along() {
    let world = world().await;
    let camera = world.add("Cổng").await;
    world.catalog.remove_camera(camera.id).await.unwrap();
    assert_eq!(world.catalog.camera(camera.id), None);
    assert_eq!(world.catalog.intended_streams(), []);
    let again = open(&world.rows, KEY).await.unwrap();
    assert!(again.tables().cameras.is_empty());
    let facts = Facts { codec: "avc1".to_owned(), width: 1, height: 1 };
    let noted = world.catalog.note_facts(camera.streams[0].id, facts).await;
    assert_eq!(words(noted), "there is no such stream");
}

#[tokio::test]
async fn two_people_cannot_sign_in_by_one_name() {
    let world = world().await;
    let user = |name: &str| NewUser {
        name: name.to_owned(),
        display_name: "Ai đó".to_owned(),
        role: Role::Operator,
        organisation: None,
    };
    let first = world.catalog.add_user(user("hong")).await.unwrap();
    let refused = words(world.catalog.add_user(user("Hong")).await);
    assert_eq!(refused, "somebody signs in by the name hong already");
    let wanted = UserChange {
        role: Some(Role::Administrator),
        display_name: Some(" Ai khác ".to_owned()),
        ..UserChange::default()
    };
    let changed = world.catalog.change_user(first.id, wanted).await.unwrap();
    assert_eq!((changed.role, changed.display_name.as_str()), (Role::Administrator, "Ai khác"));
    let same = world.catalog.change_user(first.id, UserChange::default()).await.unwrap();
    assert_eq!(same, changed);
    let nameless = UserChange { display_name: Some(" ".to_owned()), ..UserChange::default() };
    let refused = words(world.catalog.change_user(first.id, nameless).await);
    assert_eq!(refused, "display_name is empty; give it at least one character");
    let again = open(&world.rows, KEY).await.unwrap();
    assert_eq!(again.user(first.id), Some(changed));
    world.catalog.remove_user(first.id).await.unwrap();
    assert_eq!(world.catalog.user_by_name("hong"), None);
    assert_eq!(words(world.catalog.remove_user(first.id).await), "there is no such user");
}

#[tokio::test]
async fn facts_that_are_no_news_wake_nobody() {
    let world = world().await;
    let camera = world.add("Cổng").await;
    let facts = Facts { codec: "avc1.640028".to_owned(), width: 1920, height: 1080 };
    world.catalog.note_facts(camera.streams[0].id, facts.clone()).await.unwrap();
    let version = *world.catalog.changes().borrow();
    world.catalog.note_facts(camera.streams[0].id, facts).await.unwrap();
    assert_eq!(*world.catalog.changes().borrow(), version);
}

#[tokio::test]
async fn the_file_gives_no_password_away_and_another_key_opens_none() {
    let world = world().await;
    let camera = world.add("Cổng").await;
    let secret = "mật khẩu".as_bytes();
    let bytes = world.rows.bytes().await;
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(holds("Cổng".as_bytes()) && !holds(secret));
    assert!(!format!("{camera:?}").contains("mật khẩu"));
    let refused = words(open(&world.rows, [6; 32]).await);
    assert!(refused.contains("cannot be unsealed; was the installation's key replaced?"));
}

#[tokio::test]
async fn changes_at_once_are_all_kept() {
    let world = world().await;
    let adding = (0..20).map(|number| {
        let (catalog, camera) = (world.catalog.clone(), world.camera(&format!("cam {number}")));
        tokio::spawn(async move { catalog.add_camera(camera).await.unwrap().number })
    });
    let mut numbers = Vec::new();
    for added in adding.collect::<Vec<_>>() {
        numbers.push(added.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    let again = open(&world.rows, KEY).await.unwrap();
    assert_eq!(again.tables().cameras, world.catalog.tables().cameras);
}

#[tokio::test]
async fn what_another_process_adds_is_taken_up_and_told() {
    let world = world().await;
    let other = open(&world.rows, KEY).await.unwrap();
    world.catalog.refresh().await.unwrap();
    let mut changes = world.catalog.changes();
    changes.mark_unchanged();
    world.catalog.refresh().await.unwrap();
    assert!(!changes.has_changed().unwrap(), "nothing was written");
    let camera = other.add_camera(world.camera("Cổng chính")).await.unwrap();
    assert_eq!(world.catalog.camera(camera.id), None);
    world.catalog.refresh().await.unwrap();
    assert!(changes.has_changed().unwrap());
    assert_eq!(world.catalog.camera(camera.id), Some(camera));
}
