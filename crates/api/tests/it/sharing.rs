//! Rights that go from hand to hand and from body to body, rules that ask for more,
//! and what waits for somebody else: over HTTP, with what the audit says of it.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeMap;
use std::time::Duration;

use crate::common::{Browser, Heard, START, World, frames, world};
use audit::{Act, Outcome};
use base::{CameraId, OrganisationId, UserId};
use catalog::{
    Action, CameraChange, Class, Facts, NewOrganisation, NewUser, Role, Scope, Subject, Terms,
    UserChange,
};
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

impl World {
    async fn person(&self, name: &str, works_for: Option<OrganisationId>) -> (UserId, Browser) {
        let user = NewUser {
            name: name.to_owned(),
            display_name: name.to_owned(),
            role: Role::Operator,
            organisation: works_for,
        };
        let id = self.catalog.add_user(user).await.unwrap().id;
        (id, self.sign_in(id, name).await)
    }

    async fn signatory(&self, name: &str, of: OrganisationId) -> Browser {
        let (id, browser) = self.person(name, Some(of)).await;
        let signs = UserChange { signatory: Some(true), ..UserChange::default() };
        self.catalog.change_user(id, signs).await.unwrap();
        browser
    }

    async fn give(&self, terms: Terms) {
        self.catalog.give(terms, None, self.now()).await.unwrap();
    }

    /// A camera with ten seconds of both streams, and what they turned out to carry.
    async fn recorded(&self, name: &str) -> CameraId {
        let camera = self.camera(name).await;
        for (stream, height) in camera.streams.iter().zip([1080, 360]) {
            self.record(stream.id, &frames(START, 250)).await;
            let facts = Facts { codec: "h264".to_owned(), width: height * 16 / 9, height };
            self.catalog.note_facts(stream.id, facts).await.unwrap();
        }
        camera.id
    }

    /// By which word an act was refused, and by which version of the rules; of the last.
    async fn refused(&self, act: Act) -> (String, String) {
        let entries = self.entries().await;
        let last = entries.into_iter().rev().find_map(|entry| match entry.outcome {
            Outcome::Refused(word) if entry.act == act => Some((word, entry.details)),
            _ => None,
        });
        let (word, details) = last.unwrap_or_else(|| panic!("no refusal of {act:?}"));
        (word, details["policy"].clone())
    }

    /// What the audit says of an act with a change, of the last such.
    async fn said(&self, act: Act, done: bool) -> (BTreeMap<String, String>, Option<String>) {
        let entries = self.entries().await;
        let mut of = entries.into_iter().rev();
        let entry = of.find(|entry| entry.act == act && (entry.outcome == Outcome::Done) == done);
        let entry = entry.unwrap_or_else(|| panic!("no entry of {act:?}"));
        (entry.details, entry.purpose)
    }
}

fn terms(user: UserId, actions: &[Action]) -> Terms {
    Terms {
        actions: actions.iter().copied().collect(),
        basis: "kiểm thử".to_owned(),
        ..Terms::usual(Subject::User(user))
    }
}

fn seconds(from: i64, to: i64) -> (i64, i64) {
    (START.0 + from * 1_000_000, START.0 + to * 1_000_000)
}

#[tokio::test]
async fn a_right_to_share_gives_what_it_has_and_takes_it_all_back() {
    let world = world().await;
    let camera = world.recorded("Cổng").await;
    let other = world.camera("Kho").await.id;
    let (lan_id, lan) = world.person("lan", None).await;
    let (mai_id, mai) = world.person("mai", None).await;
    let whole = Terms {
        scope: Scope::Cameras([camera].into()),
        ..terms(lan_id, &[Action::Live, Action::Share])
    };
    world.give(whole).await;
    let given = world.get(&lan, "/api/v1/grants").await.json();
    let given = given["grants"].as_array().unwrap().clone();
    let [own] = &given[..] else { panic!("{given:?}") };
    assert_eq!((&own["origin"], &own["may_revoke"]), (&json!("office"), &json!(false)));
    let share = |out_of: &Value, actions: Value| {
        json!({
            "subject": {"kind": "person", "id": mai_id}, "scope": {"kind": "all"},
            "actions": actions, "out_of": out_of, "basis": "phân công ca"
        })
    };
    let give = async |by: &Browser, body| world.ask(by, "POST", "/api/v1/grants", body).await;
    let more = give(&lan, share(&own["id"], json!(["playback"]))).await.refusal();
    assert_eq!((more.0, more.2.as_str()), (400, "the grant does not give playback to share"));
    assert_eq!(give(&lan, share(&Value::Null, json!(["live"]))).await.status, 403);
    assert_eq!(give(&mai, share(&own["id"], json!(["live"]))).await.status, 403, "not hers");
    let shared = give(&lan, share(&own["id"], json!(["live"]))).await;
    assert_eq!(shared.status, 201, "{shared:?}");
    let shared = shared.json();
    assert_eq!((&shared["origin"], &shared["may_revoke"]), (&json!("grant"), &json!(true)));
    let sees = async |camera: CameraId| {
        world.get(&mai, &format!("/api/v1/cameras/{camera}")).await.status.as_u16()
    };
    assert_eq!((sees(camera).await, sees(other).await), (200, 404));
    world.token(&mai, camera, "live").await;
    let path = format!("/api/v1/grants/{}", shared["id"].as_str().unwrap());
    assert_eq!(world.ask(&mai, "DELETE", &path, Value::Null).await.status, 403);
    assert_eq!(world.ask(&lan, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(sees(camera).await, 404);
    let (details, _) = world.said(Act::Grant, true).await;
    assert_eq!((&*details["change"], &*details["origin"]), ("revoked", "grant"));
}

#[tokio::test]
async fn what_is_too_fine_or_too_long_ago_is_shown_by_no_way() {
    let world = world().await;
    let camera = world.recorded("Cổng").await;
    let (ward_id, ward) = world.person("phuong", None).await;
    let bounded = Terms {
        most_lines: Some(720),
        playback_days: Some(7),
        ..terms(ward_id, &[Action::Live, Action::Playback, Action::Export])
    };
    world.give(bounded).await;
    let mut socket = world.socket(&ward).await;
    let live = world.token(&ward, camera, "live").await;
    let mut open = async |op: Value| {
        socket.say(op).await;
        loop {
            match socket.hear().await {
                Heard::Event(event) if event["ref"] == "a" => return event["code"].clone(),
                Heard::Closed(code) => panic!("closed: {code:?}"),
                Heard::Event(_) | Heard::Piece { .. } => {}
            }
        }
    };
    let live = |role: &str| json!({"op": "live", "ref": "a", "token": live, "role": role});
    assert_eq!(open(live("main")).await, "forbidden", "1080 lines");
    assert_eq!(open(live("sub")).await, Value::Null, "360 lines");
    let past = world.token(&ward, camera, "playback").await;
    let op = |role: &str, token: &str| {
        json!({
            "op": "past", "ref": "a", "token": token, "role": role, "from_us": START.0, "credit": 4
        })
    };
    assert_eq!(open(op("main", &past)).await, "forbidden");
    assert_eq!(open(op("sub", &past)).await, Value::Null);
    let export = |role: &str| {
        let (from, to) = seconds(0, 2);
        json!({
            "camera": camera, "role": role, "from_us": from, "to_us": to,
            "purpose": "vụ 12", "case": "12/2026",
        })
    };
    let make = async |role| world.ask(&ward, "POST", "/api/v1/exports", export(role)).await;
    assert_eq!(make("main").await.refusal().1, "forbidden");
    let made = make("sub").await;
    assert_eq!(made.status, 201, "{made:?}");
    let refused = world.said(Act::Export, false).await.0;
    assert_eq!(refused["policy"], "1", "{refused:?}");

    world.pass(8 * DAY);
    let ward = world.sign_in(ward_id, "phuong").await;
    let (from, to) = seconds(0, 5);
    let asked = json!({
        "camera": camera, "actions": ["playback"], "purpose": "vụ 12", "case": "12/2026",
        "from_us": from, "to_us": to,
    });
    let refused = world.ask(&ward, "POST", "/api/v1/media-tokens", asked).await.refusal();
    assert_eq!((refused.0, refused.1.as_str()), (403, "forbidden"));
    let past = world.token(&ward, camera, "playback").await;
    let mut socket = world.socket(&ward).await;
    socket.say(op("sub", &past)).await;
    let Heard::Event(event) = socket.hear().await else { panic!() };
    let words = event["message"].as_str().unwrap();
    assert!(words.contains("does not open this moment"), "{event}");
}

#[tokio::test]
async fn an_agreement_lends_and_its_use_stands_in_the_audit_with_its_number() {
    let world = world().await;
    let camera = world.recorded("Cổng").await;
    let city = world.catalog.tables().organisations.values().next().unwrap().id;
    let ward = NewOrganisation::named("UBND phường Cửa Nam", None);
    let ward = world.catalog.add_organisation(ward).await.unwrap().id;
    let head = world.signatory("truongphong", city).await;
    let chair = world.signatory("chutich", ward).await;
    let (_, officer) = world.person("canbo", Some(ward)).await;
    let body = json!({
        "number": "01/TTPH", "document": "Công văn 12", "purpose": "trật tự đô thị",
        "owner": city, "recipient": ward, "scope": {"kind": "all"},
        "actions": ["live", "playback"], "until_us": world.now().plus(30 * DAY).0,
    });
    let draft =
        async |by: &Browser| world.ask(by, "POST", "/api/v1/agreements", body.clone()).await;
    assert_eq!(draft(&officer).await.status, 403);
    let drafted = draft(&chair).await;
    assert_eq!(drafted.status, 201, "{drafted:?}");
    let id = drafted.json()["id"].as_str().unwrap().to_owned();
    let sign = async |by: &Browser| {
        world.ask(by, "POST", &format!("/api/v1/agreements/{id}/signature"), Value::Null).await
    };
    assert_eq!(sign(&officer).await.status, 404, "who signs for neither side is not told of it");
    assert_eq!(sign(&chair).await.json()["state"], "draft");
    let sees =
        async || world.get(&officer, &format!("/api/v1/cameras/{camera}")).await.status.as_u16();
    assert_eq!(sees().await, 404);
    let listed = world.get(&head, "/api/v1/agreements").await.json();
    assert_eq!(listed["agreements"][0]["may_sign"], true);
    assert_eq!(sign(&head).await.json()["state"], "in_force");
    assert_eq!(sees().await, 200);

    let token = world.token(&officer, camera, "playback").await;
    let mut socket = world.socket(&officer).await;
    let op = json!({
        "op": "past", "ref": "a", "token": token, "role": "sub", "from_us": START.0, "credit": 4
    });
    socket.say(op).await;
    let Heard::Event(event) = socket.hear().await else { panic!() };
    assert_eq!(event["code"], Value::Null, "{event}");
    let (details, purpose) = world.said(Act::Playback, true).await;
    assert_eq!((&*details["agreement"], &*details["lent_for"]), ("01/TTPH", "trật tự đô thị"));
    assert_eq!((&*details["case"], &*details["policy"]), ("12/2026", "1"));
    assert_eq!(purpose.as_deref(), Some("kiểm tra"));

    let path = format!("/api/v1/agreements/{id}/end");
    let ended = world.ask(&chair, "POST", &path, json!({"reason": "hết nhu cầu"})).await;
    assert_eq!(ended.json()["state"], "ended");
    assert_eq!(sees().await, 404);
    loop {
        match socket.hear().await {
            Heard::Event(event) if event["type"] == "end" => {
                break assert_eq!(event["reason"], "revoked", "{event}");
            }
            Heard::Closed(code) => panic!("closed: {code:?}"),
            Heard::Event(_) | Heard::Piece { .. } => {}
        }
    }
    let (details, _) = world.said(Act::Agreement, true).await;
    assert_eq!((&*details["change"], &*details["reason"]), ("ended", "hết nhu cầu"));
}

#[tokio::test]
async fn the_rules_ask_for_a_case_and_each_decision_names_their_version() {
    let world = world().await;
    let (operator, camera) = (world.operator().await, world.recorded("Cổng").await);
    let (from, to) = seconds(0, 2);
    let export = json!({
        "camera": camera, "role": "main", "from_us": from, "to_us": to, "purpose": "vụ 12",
    });
    let make = async |by: &Browser| world.ask(by, "POST", "/api/v1/exports", export.clone()).await;
    let refused = make(&operator).await;
    assert_eq!(refused.refusal().1, "case_asked");
    assert_eq!(refused.json()["field"], "case");
    let by = |word: &str, version: &str| (word.to_owned(), version.to_owned());
    assert_eq!(world.refused(Act::Export).await, by("case_asked", "1"));
    let admin = world.admin().await;
    let rules = |from: i64| {
        json!({
            "from_us": from, "basis": "QĐ 7", "case_after_hours": 1, "case_for_export": false,
            "case_for_sound": true, "approve_ordinary": false, "approve_defence": true,
            "approve_longer_minutes": 60, "approval_hours": 24, "emergency_minutes": 30,
            "review_hours": 24,
        })
    };
    let lay =
        async |by: &Browser, from| world.ask(by, "POST", "/api/v1/policies", rules(from)).await;
    assert_eq!(lay(&operator, 0).await.status, 403);
    assert_eq!(lay(&admin, world.now().plus(HOUR / 2).0).await.json()["version"], 2);
    assert_eq!(make(&operator).await.refusal().1, "case_asked", "its time has not come");
    world.pass(HOUR / 2);
    let operator = world.operator().await;
    assert_eq!(make(&operator).await.status, 201);
    assert_eq!(world.said(Act::Export, true).await.0["policy"], "2");
    // Sound is sound, also where it goes out beside pictures.
    let mut heard = export.clone();
    heard["sound"] = json!(true);
    let heard = world.ask(&operator, "POST", "/api/v1/exports", heard).await;
    assert_eq!(heard.refusal().1, "case_asked");
    assert_eq!(world.refused(Act::Export).await, by("case_asked", "2"));
    let told = world.get(&operator, "/api/v1/policies").await.json();
    assert_eq!((&told["holds"], &told["versions"][1]["version"]), (&json!(2), &json!(1)));

    // What is older than the rules say is opened for a case, and not without.
    world.pass(2 * HOUR);
    let operator = world.operator().await;
    let token = json!({"camera": camera, "actions": ["playback"], "purpose": "vụ 12"});
    let token = world.ask(&operator, "POST", "/api/v1/media-tokens", token).await.json();
    let op = json!({
        "op": "past", "ref": "a", "token": token["token"], "role": "sub", "from_us": START.0,
        "credit": 4,
    });
    let mut socket = world.socket(&operator).await;
    socket.say(op).await;
    let Heard::Event(event) = socket.hear().await else { panic!() };
    assert_eq!(event["code"], "case_asked");
    assert_eq!(world.refused(Act::Playback).await, by("case_asked", "2"));
}

#[tokio::test]
async fn an_export_of_defence_waits_for_a_second_person() {
    let world = world().await;
    let camera = world.recorded("Kho Bạch Mai").await;
    let change = CameraChange { class: Some(Class::Defence), ..CameraChange::default() };
    world.catalog.change_camera(camera, change).await.unwrap();
    let mut browsers = Vec::new();
    for name in ["an", "binh"] {
        let (id, browser) = world.person(name, None).await;
        let by_name = Terms { class: Class::Defence, ..terms(id, &[Action::Export]) };
        let given = world.catalog.give(by_name, Some(world.admin), world.now()).await.unwrap();
        world.catalog.agree(given.id, world.auditor).await.unwrap();
        browsers.push(browser);
    }
    let [an, binh] = &browsers[..] else { panic!() };
    let (from, to) = seconds(0, 4);
    let wish = json!({
        "camera": camera, "from_us": from, "to_us": to, "purpose": "vụ 12", "case": "12/2026",
    });
    let make = async |approval: Value, to: i64| {
        let body = json!({
            "camera": camera, "role": "main", "from_us": from, "to_us": to, "purpose": "vụ 12",
            "case": "12/2026", "approval": approval,
        });
        world.ask(an, "POST", "/api/v1/exports", body).await
    };
    assert_eq!(make(Value::Null, to).await.refusal().1, "approval_asked");
    assert_eq!(world.refused(Act::Export).await.0, "approval_asked");
    let asked = world.ask(an, "POST", "/api/v1/approvals", wish).await;
    assert_eq!(asked.status, 201, "{asked:?}");
    let id = asked.json()["id"].clone();
    assert_eq!(make(id.clone(), to).await.refusal().1, "approval_asked", "nobody answered");
    let operator = world.operator().await;
    let path = format!("/api/v1/approvals/{}/answer", id.as_str().unwrap());
    let answer = async |by: &Browser, approved: bool| {
        let body = json!({"approved": approved, "note": "đúng thẩm quyền"});
        world.ask(by, "POST", &path, body).await
    };
    assert_eq!(answer(&operator, true).await.refusal().0, 404, "of a camera that is not there");
    assert_eq!(world.get(&operator, "/api/v1/approvals").await.json()["approvals"], json!([]));
    assert_eq!(answer(an, true).await.refusal().1, "taken");
    let listed = world.get(binh, "/api/v1/approvals").await.json();
    assert_eq!(listed["approvals"][0]["may_answer"], true);
    assert_eq!(answer(binh, true).await.json()["state"], "approved");
    assert_eq!(answer(binh, false).await.refusal().1, "taken", "once");
    let made = make(id.clone(), to).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(world.said(Act::Export, true).await.0["approval"], id.as_str().unwrap());
    let longer = make(id.clone(), seconds(0, 5).1).await;
    assert_eq!(longer.refusal().1, "approval_asked", "more than was asked for");
    world.pass(DAY);
    let an = world.sign_in(world.catalog.user_by_name("an").unwrap().id, "an").await;
    let listed = world.get(&an, "/api/v1/approvals").await.json();
    assert_eq!(listed["approvals"][0]["state"], "over");
}

#[tokio::test]
async fn in_an_emergency_the_glass_is_broken_for_minutes_and_somebody_looks_at_it() {
    let world = world().await;
    let (camera, closed) = (world.recorded("Cổng").await, world.recorded("Ga").await);
    let (duty_id, duty) = world.person("tructhanhpho", None).await;
    let may =
        Terms { scope: Scope::Cameras([camera].into()), ..terms(duty_id, &[Action::Override]) };
    world.give(may).await;
    let open = async |camera: CameraId| {
        let body = json!({"cameras": [camera], "reason": "cháy ở chợ Hôm"});
        world.ask(&duty, "POST", "/api/v1/emergencies", body).await
    };
    let token = json!({"camera": camera, "actions": ["live"]});
    let watches = async || {
        world.ask(&duty, "POST", "/api/v1/media-tokens", token.clone()).await.status.as_u16()
    };
    assert_eq!(watches().await, 403);
    assert_eq!(open(closed).await.refusal().0, 404, "not given, not there");
    let opened = open(camera).await;
    assert_eq!(opened.status, 201, "{opened:?}");
    let (details, purpose) = world.said(Act::Emergency, true).await;
    assert_eq!((&*details["change"], purpose.as_deref()), ("opened", Some("cháy ở chợ Hôm")));
    assert_eq!(watches().await, 200);
    world.pass(Duration::from_secs(31 * 60));
    assert_eq!(watches().await, 403);

    // It is reviewed, or nothing more is opened.
    world.pass(DAY);
    let duty = world.sign_in(duty_id, "tructhanhpho").await;
    let again = json!({"cameras": [camera], "reason": "lại cháy"});
    let again = async || world.ask(&duty, "POST", "/api/v1/emergencies", again.clone()).await;
    assert_eq!(again().await.refusal().1, "review_due");
    let (details, _) = world.said(Act::Emergency, false).await;
    assert!(details.contains_key("policy"), "{details:?}");
    let path = format!("/api/v1/emergencies/{}/review", opened.json()["id"].as_str().unwrap());
    let review = json!({"justified": true, "note": "đã đối chiếu với nhật ký 114"});
    assert_eq!(world.ask(&duty, "POST", &path, review.clone()).await.status, 403);
    let admin = world.admin().await;
    let listed = world.get(&admin, "/api/v1/emergencies").await.json();
    assert_eq!(listed["emergencies"][0]["may_review"], true);
    let reviewed = world.ask(&admin, "POST", &path, review.clone()).await;
    assert_eq!(reviewed.json()["review"]["justified"], true);
    assert_eq!(world.ask(&admin, "POST", &path, review).await.refusal().1, "taken");
    assert_eq!(again().await.status, 201);
}

#[tokio::test]
async fn a_written_request_is_decided_by_another_handed_over_with_its_hash_and_received() {
    let world = world().await;
    let camera = world.recorded("Cổng").await;
    let operator = world.operator().await;
    let (head_id, head) = world.person("chuquan", None).await;
    world.give(terms(head_id, &[Action::Share])).await;
    let (from, to) = seconds(0, 5);
    let body = json!({
        "letter": {
            "number": "88/VKS", "dated_us": START.0, "agency": "Viện kiểm sát",
            "legal_basis": "Điều 88 BLTTHS", "purpose": "vụ 12", "cameras": [camera],
            "from_us": from, "to_us": to,
        },
        "due_us": world.now().plus(2 * DAY).0,
    });
    let registered = world.ask(&operator, "POST", "/api/v1/data-requests", body).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    let id = registered.json()["id"].clone();
    let path = |what: &str| format!("/api/v1/data-requests/{}/{what}", id.as_str().unwrap());
    let export = async |to: i64| {
        let body = json!({
            "camera": camera, "role": "main", "from_us": from, "to_us": to, "purpose": "vụ 12",
            "case": "88/VKS", "data_request": id,
        });
        world.ask(&operator, "POST", "/api/v1/exports", body).await
    };
    assert_eq!(export(to).await.json()["field"], "data_request", "nobody approved it");
    let decide = async |by: &Browser| {
        world.ask(by, "POST", &path("decision"), json!({"approved": true})).await
    };
    assert_eq!(decide(&operator).await.status, 403, "who registered it");
    assert_eq!(decide(&head).await.json()["state"], "approved");
    assert_eq!(decide(&head).await.refusal().1, "taken");
    assert_eq!(export(seconds(0, 6).1).await.json()["field"], "data_request", "more than asked");
    let receive = async || {
        let by = json!({"received_by": "ông An, VKSND thành phố"});
        world.ask(&operator, "POST", &path("receipt"), by).await
    };
    assert_eq!(receive().await.refusal().1, "taken", "nothing was handed over");
    let made = export(to).await;
    assert_eq!(made.status, 201, "{made:?}");
    let request = axum::http::Request::get(made.json()["url"].as_str().unwrap())
        .header("cookie", made.header("set-cookie").split(';').next().unwrap());
    let film = world.send(request.body(axum::body::Body::empty()).unwrap()).await;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &film.bytes);
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(made.json()["sha256"], hash.as_str());
    let received = receive().await.json();
    assert_eq!(received["state"], "received");
    assert_eq!(received["copies"][0]["sha256"], hash.as_str());
    let (details, _) = world.said(Act::DataRequest, true).await;
    assert_eq!((&*details["change"], &*details["agency"]), ("received", "Viện kiểm sát"));
    let bare = world.person("trong", None).await.1;
    assert_eq!(world.get(&bare, "/api/v1/data-requests").await.json()["data_requests"], json!([]));
    assert_eq!(
        world.ask(&bare, "POST", &path("decision"), json!({"approved": true})).await.status,
        404
    );
}
