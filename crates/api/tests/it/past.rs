//! Looking back over HTTP: the timeline, exports, holds.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::time::Duration;

use crate::common::{Answer, Browser, START, World, frames, world};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

const SECOND: i64 = 1_000_000;

/// A camera with ten seconds recorded, a hole of ten, and ten more.
async fn recorded(world: &World) -> base::CameraId {
    let camera = world.camera("Cổng").await;
    let stream = camera.streams[0].id;
    world.record(stream, &frames(START, 250)).await;
    world.record(stream, &frames(START.plus(Duration::from_secs(20)), 250)).await;
    camera.id
}

async fn export(world: &World, browser: &Browser, body: Value) -> Answer {
    world.ask(browser, "POST", "/api/v1/exports", body).await
}

#[tokio::test]
async fn the_timeline_tells_runs_and_why_there_is_a_hole() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = recorded(&world).await;
    let path = format!(
        "/api/v1/cameras/{camera}/timeline?role=main&from_us={}&to_us={}",
        START.0 + SECOND,
        START.0 + 25 * SECOND
    );
    let timeline = world.get(&operator, &path).await.json();
    let run = |from: i64, to: i64| json!({"from_us": START.0 + from * SECOND, "to_us": START.0 + to * SECOND});
    assert_eq!(timeline["runs"], json!([run(1, 10), run(20, 25)]));
    let mut gap = run(10, 20);
    gap["reason"] = json!("stopped");
    assert_eq!(timeline["gaps"], json!([gap]));
    assert_eq!(timeline["deleted"], json!([]));
    assert_eq!(timeline["first_us"], START.0);
    assert_eq!(timeline["last_us"], START.0 + 30 * SECOND);
    assert_eq!(timeline["synced_us"], START.0 + 30 * SECOND);

    let sub = world.get(&operator, &path.replace("main", "sub")).await.json();
    assert_eq!((&sub["runs"], &sub["first_us"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn several_timelines_come_in_one_answer_without_those_that_one_may_not_see() {
    let world = world().await;
    let operator = world.operator().await;
    let (one, other) = (recorded(&world).await, recorded(&world).await);
    let guarded = world.camera("Kho").await.id;
    let change =
        catalog::CameraChange { class: Some(catalog::Class::Defence), ..Default::default() };
    world.catalog.change_camera(guarded, change).await.unwrap();
    let query = format!("role=main&from_us={}&to_us={}", START.0, START.0 + 30 * SECOND);
    let path = format!("/api/v1/timelines?cameras={one},{guarded},{other},{one}&{query}");
    let answer = world.get(&operator, &path).await.json();
    let of = async |camera| {
        let path = format!("/api/v1/cameras/{camera}/timeline?{query}");
        world.get(&operator, &path).await.json()
    };
    let timelines = json!({one.to_string(): of(one).await, other.to_string(): of(other).await});
    assert_eq!(timelines[one.to_string()]["runs"].as_array().unwrap().len(), 2);
    assert_eq!(answer, json!({"timelines": timelines}));
    // What was tried has its entry.
    let last = world.entries().await.pop().unwrap();
    assert_eq!(last.object.map(|object| object.id), Some(guarded.0));
    assert_eq!(last.outcome, audit::Outcome::Refused("not_found".to_owned()));

    let refusal = async |cameras: &str| {
        let path = format!("/api/v1/timelines?cameras={cameras}&{query}");
        let (status, code, message) = world.get(&operator, &path).await.refusal();
        assert_eq!((status, code.as_str()), (400, "invalid"));
        message
    };
    assert_eq!(refusal("12").await, "\"12\" is no camera's id");
    assert_eq!(refusal("").await, "\"\" is no camera's id");
    let many: Vec<_> = (0..257).map(|_| base::CameraId::new().to_string()).collect();
    let words = "257 cameras are too many at once; ask for 256";
    assert_eq!(refusal(&many.join(",")).await, words);
}

#[tokio::test]
async fn an_export_is_made_once_and_fetched_whole_or_in_parts() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = recorded(&world).await;
    let made = export(
        &world,
        &operator,
        json!({
            "camera": camera, "role": "main", "purpose": "hồ sơ 12", "case": "12/2026",
            "from_us": START.0 + SECOND, "to_us": START.0 + 3 * SECOND,
        }),
    )
    .await;
    assert_eq!(made.status, 201, "{made:?}");
    let answer = made.json();
    assert_eq!(answer["frames"], 50);
    assert_eq!(answer["from_us"], START.0 + SECOND);
    assert_eq!(answer["name"], "camera-1-20261120T004219Z.mp4");
    let url = answer["url"].as_str().unwrap();
    let cookie = made.header("set-cookie");
    assert!(cookie.starts_with("__Secure-khue-export="), "{cookie}");
    let path = url.rsplit_once('/').unwrap().0;
    assert!(cookie.contains(&format!("; Path={path}/; ")), "{cookie}");
    assert!(cookie.ends_with("; Secure; HttpOnly; SameSite=Strict"));
    let cookie = cookie.split(';').next().unwrap();

    let fetch = async |url: &str, cookie: &str, range: Option<&str>| {
        // As a browser asks; a film is never compressed, or ranges would not fit.
        let mut request =
            Request::get(url).header("cookie", cookie).header("accept-encoding", "gzip, br");
        if let Some(range) = range {
            request = request.header("range", range);
        }
        world.send(request.body(Body::empty()).unwrap()).await
    };
    let whole = fetch(url, cookie, None).await;
    assert_eq!((whole.status.as_u16(), whole.header("content-type")), (200, "video/mp4"));
    assert_eq!(whole.bytes.len() as u64, answer["size_bytes"].as_u64().unwrap());
    assert_eq!(whole.header("content-length"), whole.bytes.len().to_string());
    assert_eq!(&whole.bytes[4..8], b"ftyp");
    let name = "attachment; filename=\"camera-1-20261120T004219Z.mp4\"";
    assert_eq!(whole.header("content-disposition"), name);

    let len = whole.bytes.len();
    for (range, expected) in [
        ("bytes=0-99".to_owned(), 0..100),
        (format!("bytes={}-", len - 10), len - 10..len),
        ("bytes=-7".to_owned(), len - 7..len),
        ("bytes=700-5000000".to_owned(), 700..len),
    ] {
        let part = fetch(url, cookie, Some(&range)).await;
        assert_eq!(part.status, 206, "{range}");
        let told = format!("bytes {}-{}/{len}", expected.start, expected.end - 1);
        assert_eq!(part.header("content-range"), told);
        assert_eq!(part.bytes, whole.bytes.slice(expected), "{range}");
    }
    let outside = fetch(url, cookie, Some(&format!("bytes={len}-"))).await;
    assert_eq!(outside.status, 416);
    assert_eq!(outside.header("content-range"), format!("bytes */{len}"));
    assert_eq!(outside.refusal().2, "the range lies outside the file");

    // Nothing else opens it: no cookie, another's, another name, a way around.
    let other = "__Secure-khue-export=AAAA";
    let elsewhere = url.replace("camera-1-", "camera-2-");
    for (url, cookie) in [
        (url, ""),
        (url, other),
        (url, operator.cookie.as_str()),
        (&elsewhere, cookie),
        (&format!("{path}/..%2f..%2fetc%2fpasswd"), cookie),
    ] {
        let refused = fetch(url, cookie, None).await.refusal();
        assert_eq!((refused.0, refused.1.as_str()), (404, "not_found"), "{url}");
    }

    // It goes with the sign-in that made it, and with time.
    world.pass(Duration::from_secs(30 * 60));
    assert_eq!(fetch(url, cookie, None).await.status, 404);
}

#[tokio::test]
async fn an_export_is_gone_with_the_sign_in_that_made_it() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = recorded(&world).await;
    let body = json!({
        "camera": camera, "role": "main", "purpose": "x", "case": "12/2026",
        "from_us": START.0, "to_us": START.0 + SECOND,
    });
    let made = export(&world, &operator, body).await;
    let cookie = made.header("set-cookie").split(';').next().unwrap().to_owned();
    let answer = made.json();
    let fetch = async || {
        let request = Request::get(answer["url"].as_str().unwrap()).header("cookie", &cookie);
        world.send(request.body(Body::empty()).unwrap()).await.status
    };
    assert_eq!(fetch().await, 200);
    world.ask(&operator, "DELETE", "/api/v1/session", Value::Null).await;
    assert_eq!(fetch().await, 404);
}

#[tokio::test]
async fn an_export_says_where_the_picture_stands() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = recorded(&world).await;
    let body = json!({
        "camera": camera, "role": "main", "purpose": "x", "case": "12/2026",
        "from_us": START.0 + 9 * SECOND, "to_us": START.0 + 21 * SECOND,
    });
    let gaps = export(&world, &operator, body).await.json()["gaps"].clone();
    let gap = json!({
        "from_us": START.0 + 10 * SECOND, "to_us": START.0 + 20 * SECOND, "reason": "stopped",
    });
    assert_eq!(gaps, json!([gap]));
}

#[tokio::test]
async fn an_export_of_nothing_or_of_too_much_is_refused_in_words() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = recorded(&world).await;
    let good = json!({
        "camera": camera, "role": "main", "purpose": "x", "case": "12/2026",
        "from_us": START.0, "to_us": START.0 + SECOND,
    });
    for (field, value, status, code, words) in [
        (
            "to_us",
            json!(START.0 + 86_401 * SECOND),
            400,
            "invalid",
            "the span is longer than 24 hours",
        ),
        ("purpose", json!(" "), 400, "invalid", "looking back needs a purpose; say what it is for"),
        ("role", json!("sub"), 409, "nothing_recorded", "nothing is recorded between"),
        ("role", json!("sound"), 400, "invalid", "sound is taken out beside pictures"),
        (
            "role",
            json!("both"),
            400,
            "invalid",
            "the body cannot be read: role: unknown variant `both`",
        ),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let refused = export(&world, &operator, body).await.refusal();
        assert_eq!((refused.0, refused.1.as_str()), (status, code));
        assert!(refused.2.starts_with(words), "{}", refused.2);
    }
}

#[tokio::test]
async fn a_hold_is_placed_listed_and_released() {
    let world = world().await;
    let (operator, admin) = (world.operator().await, world.admin().await);
    let camera = world.camera("Cổng").await.id;
    let body = json!({"camera": camera, "from_us": 10, "to_us": 20, "reason": " va chạm "});
    let placed = world.ask(&operator, "POST", "/api/v1/holds", body).await;
    assert_eq!(placed.status, 201, "{placed:?}");
    let hold = placed.json();
    let expected = json!({
        "id": hold["id"], "camera": camera, "from_us": 10, "to_us": 20, "reason": "va chạm",
        "by": "truc (hiển thị)", "made_us": world.now().0,
    });
    assert_eq!(hold, expected);
    assert_eq!(world.get(&operator, "/api/v1/holds").await.json(), json!({"holds": [hold]}));
    assert_eq!(world.get(&admin, "/api/v1/holds").await.json(), json!({"holds": []}));

    let path = format!("/api/v1/holds/{}", hold["id"].as_str().unwrap());
    assert_eq!(world.ask(&admin, "DELETE", &path, Value::Null).await.refusal().1, "forbidden");
    assert_eq!(world.ask(&operator, "DELETE", &path, Value::Null).await.status, 204);
    let refused = world.ask(&operator, "DELETE", &path, Value::Null).await.refusal();
    assert_eq!((refused.0, refused.2.as_str()), (404, "there is no such hold"));
    assert_eq!(world.get(&operator, "/api/v1/holds").await.json(), json!({"holds": []}));

    for (field, value, words) in [
        ("reason", json!(" "), "reason is empty; say in words what it is"),
        ("to_us", json!(10), "the span is empty; to_us must be after from_us"),
        ("to_us", json!(9_000_000_000_000_000_i64), "the span is longer than 31 days"),
    ] {
        let mut body = json!({"camera": camera, "from_us": 10, "to_us": 20, "reason": "x"});
        body[field] = value;
        let refused = world.ask(&operator, "POST", "/api/v1/holds", body).await;
        assert_eq!(refused.json()["field"], field);
        assert!(refused.refusal().2.starts_with(words), "{:?}", refused.refusal());
    }
}
