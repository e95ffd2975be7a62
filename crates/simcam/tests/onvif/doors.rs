//! Who is let in, and how whoever is not is told.

use std::time::Duration;

use simcam::onvif::Scheme;

use crate::client::{
    Answer, Client, PASSWORD, PICTURE, USER, ask, ask_with_digest, ask_with_token, device,
    digest_proof, envelope, fresh, post, target, token, written,
};

const INFORMATION: &str = "<tds:GetDeviceInformation/>";
const TIME: &str = "<tds:GetSystemDateAndTime/>";
const PATH: &str = "/onvif/device_service";

fn challenge(answer: &Answer) -> String {
    answer.header("WWW-Authenticate").expect("a challenge").to_owned()
}

#[tokio::test]
async fn what_is_asked_before_a_password_is_open_and_nothing_else() {
    let device = device("generic", |_| ()).await;
    for body in [
        TIME,
        "<tds:GetServices/>",
        "<tds:GetCapabilities/>",
        "<tds:GetServiceCapabilities/>",
        "<tds:GetHostname/>",
        "<tr2:GetServiceCapabilities/>",
    ] {
        ask(&device, body).await.ok();
    }
    for body in [
        INFORMATION,
        "<tds:GetUsers/>",
        "<trt:GetProfiles/>",
        "<tr2:GetProfiles/>",
        "<tptz:GetNodes/>",
        "<tev:CreatePullPointSubscription/>",
        "<wsnt:Unsubscribe/>",
        "<tds:Unknown/>",
    ] {
        let refused = ask(&device, body).await;
        refused.refused(401, "ter:NotAuthorized");
        assert!(challenge(&refused).starts_with("Digest realm=\"simcam\", qop=\"auth\""));
    }
    device.change(|quirks| quirks.time_needs_auth = true);
    ask(&device, TIME).await.refused(401, "ter:NotAuthorized");
    ask_with_digest(&device, TIME).await.ok();
}

#[tokio::test]
async fn one_challenge_is_answered_many_times_and_a_count_once() {
    let device = device("hikvision", |_| ()).await;
    let text = envelope("", INFORMATION);
    let mut client = Client::connect(&device).await;
    let refused = client.request("POST", PATH, "", text.as_bytes()).await;
    let challenge = challenge(&refused);
    assert!(challenge.contains("realm=\"IP Camera(SIM00000042)\""), "{challenge}");
    for count in [1, 2, 3] {
        let proof = digest_proof(&challenge, "POST", PATH, count, PASSWORD);
        client.request("POST", PATH, &proof, text.as_bytes()).await.ok();
    }
    let again = digest_proof(&challenge, "POST", PATH, 3, PASSWORD);
    let stale = client.request("POST", PATH, &again, text.as_bytes()).await;
    assert_eq!(stale.status, 401);
    assert!(stale.header("WWW-Authenticate").unwrap().ends_with("stale=true"));
    device.advance(Duration::from_secs(3601));
    let late = digest_proof(&challenge, "POST", PATH, 4, PASSWORD);
    let stale = client.request("POST", PATH, &late, text.as_bytes()).await;
    assert!(stale.header("WWW-Authenticate").unwrap().ends_with("stale=true"));
    let schemes: Vec<_> = device.calls().iter().map(|one| (one.scheme, one.status)).collect();
    assert_eq!(schemes[0], (Scheme::None, 401));
    assert_eq!(schemes[1], (Scheme::Digest, 200));
}

#[tokio::test]
async fn a_token_counts_on_the_devices_clock_and_once() {
    let device = device("wrong-clock", |_| ()).await;
    ask_with_token(&device, INFORMATION).await.ok();
    let send = async |nonce: &[u8], created: &str, password: &str| {
        post(&device, PATH, "", &envelope(&token(nonce, created, password), INFORMATION)).await
    };
    let wrong = send(&fresh(), &written(&device), "Test-1235").await;
    wrong.refused(401, "ter:NotAuthorized");
    let nonce = fresh();
    send(&nonce, &written(&device), PASSWORD).await.ok();
    let again = send(&nonce, &written(&device), PASSWORD).await;
    again.refused(401, "ter:NotAuthorized");
    let machine = "2026-01-01T00:00:00Z";
    let untimely = send(&fresh(), machine, PASSWORD).await;
    untimely.refused(401, "ter:NotAuthorized");
    assert!(untimely.text("s:Text").contains("time check failed"), "{}", untimely.body());
}

#[tokio::test]
async fn a_device_may_know_one_way_alone() {
    let digest = device("generic", |quirks| quirks.digest_only = true).await;
    ask_with_digest(&digest, INFORMATION).await.ok();
    let refused = ask_with_token(&digest, INFORMATION).await;
    refused.refused(401, "ter:NotAuthorized");
    challenge(&refused);
    let by_token = device("generic", |quirks| quirks.token_only = true).await;
    ask_with_token(&by_token, INFORMATION).await.ok();
    let refused = ask(&by_token, INFORMATION).await;
    refused.refused(400, "ter:NotAuthorized");
    assert_eq!(refused.header("WWW-Authenticate"), None);
}

#[tokio::test]
async fn a_refusal_may_be_a_page_or_a_bad_request() {
    let device = device("generic", |quirks| quirks.html_401 = true).await;
    let page = ask(&device, INFORMATION).await;
    assert_eq!((page.status, page.header("Content-Type")), (401, Some("text/html")));
    ask_with_digest(&device, INFORMATION).await.ok();
    device.change(|quirks| {
        quirks.html_401 = false;
        quirks.auth_400 = true;
    });
    ask(&device, INFORMATION).await.refused(400, "ter:NotAuthorized");
}

#[tokio::test]
async fn who_guesses_is_locked_out_even_with_the_right_password() {
    let device = device("generic", |quirks| quirks.lockout_after = Some(3)).await;
    let text = envelope("", INFORMATION);
    let challenge = challenge(&ask(&device, INFORMATION).await);
    for count in 1..=3 {
        let proof = digest_proof(&challenge, "POST", PATH, count, "guess");
        assert_eq!(post(&device, PATH, &proof, &text).await.status, 401);
    }
    let right = async |count| {
        let proof = digest_proof(&challenge, "POST", PATH, count, PASSWORD);
        post(&device, PATH, &proof, &text).await
    };
    right(4).await.refused(403, "ter:NotAuthorized");
    ask_with_token(&device, INFORMATION).await.refused(403, "ter:NotAuthorized");
    ask(&device, TIME).await.ok();
    device.advance(Duration::from_secs(301));
    right(5).await.ok();
}

#[tokio::test]
async fn users_have_levels() {
    let device = device("generic", |_| ()).await;
    let user = |operation: &str, level: &str| {
        format!(
            "<tds:{operation}><tds:User><tt:Username>{USER}</tt:Username>\
             <tt:Password>{PASSWORD}</tt:Password><tt:UserLevel>{level}</tt:UserLevel></tds:User>\
             </tds:{operation}>"
        )
    };
    let new = user("CreateUsers", "Operator");
    ask_with_digest(&device, &new).await.refused(400, "ter:UsernameClash");
    ask_with_digest(&device, &new.replace(USER, "vms")).await.ok();
    let told = ask_with_digest(&device, "<tds:GetUsers/>").await;
    assert_eq!(told.all("tt:Username"), [USER, "vms"]);
    assert_eq!(told.all("tt:UserLevel"), ["Administrator", "Operator"]);
    assert!(!told.ok().contains(PASSWORD));
    let nobody = user("SetUser", "User").replace(USER, "nobody");
    ask_with_digest(&device, &nobody).await.refused(400, "ter:UsernameMissing");
    ask_with_digest(&device, &user("SetUser", "King")).await.refused(400, "ter:InvalidArgVal");
    ask_with_digest(&device, &user("SetUser", "Operator")).await.ok();
    ask_with_digest(&device, INFORMATION).await.ok();
    ask_with_digest(&device, "<tptz:GetNodes/>").await.ok();
    let prohibited = ask_with_digest(&device, "<tds:SystemReboot/>").await;
    prohibited.refused(400, "ter:OperationProhibited");
    assert_eq!(device.reboots(), 0);
}

#[tokio::test]
async fn a_snapshot_asks_for_a_password_in_the_devices_way() {
    let device = device("axis", |_| ()).await;
    let told = ask_with_digest(
        &device,
        "<tr2:GetSnapshotUri><tr2:ProfileToken>profile_ 1 main</tr2:ProfileToken>\
         </tr2:GetSnapshotUri>",
    )
    .await;
    told.ok();
    let url = told.text("tr2:Uri");
    let path = target(&url);
    assert!(path.contains("profile_%201%20main"), "{path}");
    let get = async |headers: &str| {
        Client::connect(&device).await.request("GET", path, headers, b"").await
    };
    let refused = get("").await;
    assert_eq!(refused.status, 401);
    let picture = get(&digest_proof(&challenge(&refused), "GET", path, 1, PASSWORD)).await;
    assert_eq!((picture.status, &picture.bytes[..]), (200, PICTURE));
    assert_eq!(picture.header("Content-Type"), Some("image/jpeg"));
    device.change(|quirks| quirks.snapshot_basic_only = true);
    let refused = get("").await;
    assert!(challenge(&refused).starts_with("Basic "));
    // admin:Test-1234
    let picture = get("Authorization: Basic YWRtaW46VGVzdC0xMjM0\r\n").await;
    assert_eq!(picture.status, 200);
    device.change(|quirks| quirks.snapshot_missing = true);
    assert_eq!(get("Authorization: Basic YWRtaW46VGVzdC0xMjM0\r\n").await.status, 404);
}
