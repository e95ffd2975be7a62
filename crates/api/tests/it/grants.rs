//! Rights are given, explained, agreed to and revoked; what is of defence is not
//! there for whoever was not given it by name.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use crate::common::{self, Browser, World, world};
use audit::Act;
use base::UserId;
use catalog::{NewUser, Role, Subject, Terms};
use serde_json::{Value, json};

/// Somebody new, signed in, whom nothing was given.
async fn somebody(world: &World, name: &str, role: Role) -> (UserId, Browser) {
    let user =
        NewUser { name: name.to_owned(), display_name: name.to_owned(), role, organisation: None };
    let id = world.catalog.add_user(user).await.unwrap().id;
    (id, world.sign_in(id, name).await)
}

fn terms(person: UserId, scope: Value, actions: &[&str]) -> Value {
    json!({
        "subject": {"kind": "person", "id": person},
        "scope": scope,
        "actions": actions,
        "basis": "Quyết định 12/QĐ-CA",
    })
}

/// A refusal to compare with.
fn refusal(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.to_owned(), message.to_owned())
}

async fn numbers(world: &World, browser: &Browser) -> Vec<u64> {
    let tree = world.ask(browser, "GET", "/api/v1/tree", Value::Null).await.json();
    let cameras = tree["cameras"].as_array().unwrap();
    cameras.iter().map(|camera| camera["number"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn nothing_is_seen_before_it_is_given_and_after_it_was_revoked() {
    let world = world().await;
    let camera = world.camera("Cổng").await;
    world.camera("Sân").await;
    let (admin, (id, browser)) =
        (world.admin().await, somebody(&world, "moi", Role::Operator).await);
    assert_eq!(numbers(&world, &browser).await, [] as [u64; 0]);
    let tree = world.ask(&browser, "GET", "/api/v1/tree", Value::Null).await.json();
    assert_eq!(tree["sites"], json!([]));

    let these = terms(id, json!({"kind": "cameras", "id": [camera.id]}), &["live"]);
    let given = world.ask(&admin, "POST", "/api/v1/grants", these).await;
    assert_eq!(given.status, 201, "{given:?}");
    let grant = given.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(numbers(&world, &browser).await, [u64::from(camera.number)]);
    let tree = world.ask(&browser, "GET", "/api/v1/tree", Value::Null).await.json();
    assert_eq!(
        tree["cameras"][0]["may"],
        json!({"live": true, "playback": false, "export": false, "sound": false,
            "override": false, "share": false, "configure": false})
    );
    world.token(&browser, camera.id, "live").await;
    let back = json!({"camera": camera.id, "actions": ["playback"], "purpose": "kiểm tra", "case": "12/2026"});
    let refused = world.ask(&browser, "POST", "/api/v1/media-tokens", back).await;
    assert_eq!(
        refused.refusal(),
        refusal(403, "forbidden", "no grant that is in force now gives this")
    );

    let revoked =
        world.ask(&admin, "DELETE", &format!("/api/v1/grants/{grant}"), Value::Null).await;
    assert_eq!(revoked.status, 204);
    assert_eq!(numbers(&world, &browser).await, [] as [u64; 0]);
    let path = format!("/api/v1/cameras/{}", camera.id);
    let gone = world.ask(&browser, "GET", &path, Value::Null).await.whole();
    let nowhere = format!("/api/v1/cameras/{}", base::CameraId::new());
    assert_eq!(gone, world.ask(&browser, "GET", &nowhere, Value::Null).await.whole());

    let acts: Vec<_> =
        world.entries().await.into_iter().filter(|entry| entry.act == Act::Grant).collect();
    let changes: Vec<_> = acts.iter().map(|entry| entry.details["change"].as_str()).collect();
    assert_eq!(changes, ["given", "revoked"]);
    assert_eq!(acts[0].details["basis"], "Quyết định 12/QĐ-CA");
}

#[tokio::test]
async fn rights_come_by_a_group_and_go_with_it() {
    let world = world().await;
    let camera = world.camera("Cổng").await;
    let (admin, (id, browser)) =
        (world.admin().await, somebody(&world, "moi", Role::Operator).await);
    let group = json!({"name": "Ca sáng", "members": [id]});
    let group = world.ask(&admin, "POST", "/api/v1/groups", group).await;
    assert_eq!(group.status, 201, "{group:?}");
    let group = group.json()["id"].clone();
    let all = json!({"subject": {"kind": "group", "id": group}, "scope": {"kind": "all"},
        "actions": ["live"], "basis": "Phân công ca"});
    assert_eq!(world.ask(&admin, "POST", "/api/v1/grants", all).await.status, 201);
    assert_eq!(numbers(&world, &browser).await, [u64::from(camera.number)]);

    let path = format!("/api/v1/groups/{}", group.as_str().unwrap());
    let left = world.ask(&admin, "PATCH", &path, json!({"members": []})).await;
    assert_eq!(left.json()["members"], json!([]));
    assert_eq!(numbers(&world, &browser).await, [] as [u64; 0]);
    world.ask(&admin, "PATCH", &path, json!({"members": [id]})).await;
    assert_eq!(world.ask(&admin, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(numbers(&world, &browser).await, [] as [u64; 0]);
    let grants = world.ask(&admin, "GET", "/api/v1/grants", Value::Null).await.json();
    assert!(!grants.to_string().contains("Phân công ca"), "{grants}");
}

#[tokio::test]
async fn what_was_given_is_told_page_by_page_the_latest_first_and_found_by_words() {
    let world = world().await;
    let admin = world.admin().await;
    let (hong, theirs) = somebody(&world, "hongha", Role::Operator).await;
    for basis in ["QĐ 1", "QĐ 2", "Phân công trực đêm"] {
        let mut body = terms(hong, json!({"kind": "all"}), &["live"]);
        body["basis"] = json!(basis);
        assert_eq!(world.ask(&admin, "POST", "/api/v1/grants", body).await.status, 201);
    }
    let guarded = json!({"subject": {"kind": "person", "id": hong}, "scope": {"kind": "all"},
        "class": "defence", "actions": ["live"], "basis": "QĐ 3"});
    assert_eq!(world.ask(&admin, "POST", "/api/v1/grants", guarded).await.status, 201);
    let told = async |by: &Browser, query: &str| {
        let page = world.get(by, &format!("/api/v1/grants?{query}")).await.json();
        let rows = page["grants"].as_array().unwrap().iter();
        let bases = rows.map(|row| row["terms"]["basis"].as_str().unwrap().to_owned());
        let next = page["next"].as_str().map(str::to_owned);
        (bases.collect::<Vec<_>>(), page["total"].as_u64().unwrap(), next)
    };
    let said = |bases: &[&str], total, next| {
        (bases.iter().map(|&basis| basis.to_owned()).collect::<Vec<_>>(), total, next)
    };
    let night = "Phân công trực đêm";
    let (bases, total, next) = told(&admin, "most=2").await;
    assert_eq!((bases, total), (vec!["QĐ 3".to_owned(), night.to_owned()], 5));
    // What is revoked meanwhile shifts nothing; what is given comes before.
    let second = format!("most=2&next={}", next.unwrap());
    let (bases, _, next) = told(&admin, &second).await;
    assert_eq!(bases, ["QĐ 2", "QĐ 1"]);
    let third = format!("most=2&next={}", next.unwrap());
    assert_eq!(told(&admin, &third).await, said(&["kiểm thử"], 5, None));
    assert_eq!(told(&admin, "q=truc%20dem").await, said(&[night], 1, None));
    let hers = said(&["QĐ 3", night, "QĐ 2", "QĐ 1"], 4, None);
    assert_eq!(told(&admin, "q=hongha").await, hers);
    assert_eq!(told(&admin, "pending=true").await, said(&["QĐ 3"], 1, None));
    // Whoever gives nothing is told what reaches them, and not what waits for a yes.
    assert_eq!(told(&theirs, "").await, said(&[night, "QĐ 2", "QĐ 1"], 3, None));
    let wrong = world.get(&admin, "/api/v1/grants?most=x").await.refusal();
    assert_eq!((wrong.0, wrong.1.as_str()), (400, "invalid"));
}

#[tokio::test]
async fn what_cannot_be_granted_is_refused_in_words() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let all = json!({"kind": "all"});
    let mut asked = terms(world.operator, all.clone(), &["live"]);
    let path = "/api/v1/grants";
    let refused = world.ask(&operator, "POST", path, asked.clone()).await.refusal();
    assert_eq!(refused, refusal(403, "forbidden", "grants are given by administrators"));
    asked["hours"] = json!("lúc nào cũng được");
    let (status, code, message) = world.ask(&admin, "POST", path, asked).await.refusal();
    assert_eq!((status, code.as_str()), (400, "invalid"));
    assert!(message.contains("write them as 1-5 07:00-17:30"), "{message}");
    let nobody = terms(UserId::new(), all.clone(), &["live"]);
    assert_eq!(world.ask(&admin, "POST", path, nobody).await.refusal().0, 404);
    let nothing = terms(world.operator, all, &[]);
    let refused = world.ask(&admin, "POST", path, nothing).await.refusal();
    assert_eq!(refused, refusal(400, "invalid", "a grant gives at least one action"));
}

#[tokio::test]
async fn the_defence_class_takes_two_administrators_and_a_grant_that_names_it() {
    let world = world().await;
    let camera = world.camera("Cổng doanh trại").await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let (keeper_id, keeper) = somebody(&world, "quanly", Role::Operator).await;
    let path = format!("/api/v1/cameras/{}", camera.id);
    // Nobody puts a camera there before somebody may configure what is there.
    let defence = json!({"class": "defence"});
    let refused = world.ask(&admin, "PATCH", &path, defence.clone()).await.refusal();
    assert_eq!(refused, refusal(403, "forbidden", "the defence class takes a grant that names it"));

    let mut keeps = terms(keeper_id, json!({"kind": "all"}), &["configure", "live"]);
    let ordinary = world.ask(&admin, "POST", "/api/v1/grants", keeps.clone()).await;
    assert_eq!(ordinary.status, 201);
    keeps["class"] = json!("defence");
    let given = world.ask(&admin, "POST", "/api/v1/grants", keeps).await.json();
    assert_eq!(given["pending"], true);
    assert_eq!(world.ask(&keeper, "PATCH", &path, defence.clone()).await.status, 403);
    let agreement = format!("/api/v1/grants/{}/agreement", given["id"].as_str().unwrap());
    let own = world.ask(&admin, "POST", &agreement, Value::Null).await.refusal();
    assert_eq!(own, refusal(409, "taken", "somebody else agrees to what you gave"));
    let (_, second) = somebody(&world, "quantri2", Role::Administrator).await;
    let agreed = world.ask(&second, "POST", &agreement, Value::Null).await;
    assert_eq!(agreed.json()["pending"], false, "{agreed:?}");

    let moved = world.ask(&keeper, "PATCH", &path, defence).await;
    assert_eq!(moved.status, 200, "{moved:?}");
    assert_eq!(
        (moved.json()["class"].as_str(), moved.json()["number"].as_u64()),
        (Some("defence"), Some(9_000_000))
    );
    // From now on it is not there, for administrators and for whoever had it before.
    let nowhere = format!("/api/v1/cameras/{}", base::CameraId::new());
    for browser in [&admin, &operator] {
        for method in ["GET", "DELETE"] {
            let it = world.ask(browser, method, &path, Value::Null).await.whole();
            let none = world.ask(browser, method, &nowhere, Value::Null).await.whole();
            assert_eq!(it, none);
        }
        assert_eq!(numbers(&world, browser).await, [] as [u64; 0]);
        let status = world.ask(browser, "GET", "/api/v1/status", Value::Null).await.json();
        assert_eq!(status["cameras"], json!({"recording": 0, "connecting": 0, "faulty": 0}));
    }
    let asked = format!("/api/v1/explanations?person={keeper_id}&action=live&camera=");
    let why = world.ask(&admin, "GET", &format!("{asked}{}", camera.id), Value::Null).await.whole();
    let none = format!("{asked}{}", base::CameraId::new());
    assert_eq!(why, world.ask(&admin, "GET", &none, Value::Null).await.whole());
    // The number that is taken gives nothing away: it is none of the ordinary class.
    let taken = json!({"name": "Khác", "site": world.site, "url": "rtsp://10.0.0.9/a", "number": 9_000_000});
    let refused = world.ask(&admin, "POST", "/api/v1/cameras", taken).await.refusal();
    assert_eq!(refused, refusal(400, "invalid", "a camera's number is from 1 to 8999999"));
    assert_eq!(numbers(&world, &keeper).await, [9_000_000]);
    world.token(&keeper, camera.id, "live").await;
}

#[tokio::test]
async fn an_explanation_says_how_each_grant_stands() {
    let world = world().await;
    let camera = world.camera("Cổng").await;
    let admin = world.admin().await;
    let night = Terms {
        hours: Some("1-7 22:00-23:00".parse().unwrap()),
        basis: "Trực đêm".to_owned(),
        ..Terms::usual(Subject::User(world.auditor))
    };
    world.catalog.give(night, None, common::START).await.unwrap();
    let ask = async |person: UserId, action: &str| {
        let path =
            format!("/api/v1/explanations?person={person}&camera={}&action={action}", camera.id);
        world.ask(&admin, "GET", &path, Value::Null).await.json()
    };
    let told = ask(world.operator, "live").await;
    assert_eq!((&told["allowed"], &told["denied"]), (&json!(true), &Value::Null));
    let standings = |told: &Value| -> Vec<String> {
        let grants = told["grants"].as_array().unwrap();
        grants.iter().map(|one| one["standing"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(standings(&told), ["allows", "other_subject"]);
    let told = ask(world.operator, "configure").await;
    assert_eq!(
        (told["allowed"].as_bool(), standings(&told)[0].as_str()),
        (Some(false), "other_action")
    );
    let told = ask(world.auditor, "see").await;
    assert_eq!((told["allowed"].as_bool(), standings(&told)[1].as_str()), (Some(false), "role"));
    assert_eq!(told["denied"], "auditors read the audit and hold no video");
}

#[tokio::test]
async fn an_explanation_is_also_about_how_fine_and_how_old_and_tells_what_the_rules_ask() {
    let world = world().await;
    let camera = world.camera("Cổng").await;
    let admin = world.admin().await;
    for grant in world.catalog.tables().grants.keys() {
        world.catalog.revoke(*grant).await.unwrap();
    }
    let bounded = Terms {
        most_lines: Some(720),
        playback_days: Some(7),
        basis: "Xem lại trong tuần".to_owned(),
        ..Terms::usual(Subject::User(world.operator))
    };
    world.catalog.give(bounded, None, common::START).await.unwrap();
    let ask = async |more: String| {
        let asked = format!("/api/v1/explanations?person={}&camera={}", world.operator, camera.id);
        world.ask(&admin, "GET", &format!("{asked}&action={more}"), Value::Null).await.json()
    };
    let day = 24 * 3_600_000_000;
    let ago = |days: i64| world.now().0 - days * day;
    for (asked, standing) in [
        ("playback".to_owned(), "allows"),
        (format!("playback&from_us={}&lines=720", ago(6)), "allows"),
        (format!("playback&from_us={}", ago(8)), "too_old"),
        ("live&lines=1080".to_owned(), "too_fine"),
        // How old does not matter to what is live.
        (format!("live&from_us={}", ago(8)), "allows"),
        (format!("export&from_us={}&lines=1080", ago(8)), "too_fine"),
    ] {
        let told = ask(asked.clone()).await;
        assert_eq!(told["grants"][0]["standing"], standing, "{asked}");
        assert_eq!(told["allowed"], standing == "allows", "{asked}");
    }
    let rules = async |action: &str| ask(action.to_owned()).await["rules"].clone();
    let told = |case: Value, approval: Value| json!({"version": 1, "case_after_hours": case, "approval_after_minutes": approval});
    assert_eq!(rules("live").await, told(Value::Null, Value::Null));
    assert_eq!(rules("playback").await, told(json!(24), Value::Null));
    assert_eq!(rules("sound").await, told(json!(0), Value::Null));
    assert_eq!(rules("export").await, told(json!(0), json!(60)));
    assert_eq!(ask("playback&from_us=-5".to_owned()).await["field"], "from_us");
}
