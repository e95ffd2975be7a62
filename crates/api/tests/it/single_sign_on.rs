//! Getting in by what another installation says, against a real one (npm's
//! `oidc-provider`, in `e2e/provider`): who is let in, as whom, and with what.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::common::{Answer, Browser, START, World, browser, world_believing};
use axum::http::StatusCode;
use catalog::Role;
use serde_json::{Value, json};
use signin::{AskedOf, ClaimedRole, Config, OidcConfig, Provider, code_now};

const ADDRESS: &str = "https://khue.test";
const SECRET: &str = "khue's secret + more there";

/// The provider, which ends with its standard input: with us.
struct Elsewhere {
    issuer: String,
    _child: Child,
}

impl Elsewhere {
    fn start() -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/provider");
        let installed = std::path::Path::new(folder).join("node_modules/oidc-provider");
        assert!(installed.exists(), "the provider is not installed: cd e2e/provider && npm ci");
        let redirect_uri = format!("{ADDRESS}/api/v1/session/oidc/callback");
        let mut child = Command::new("node")
            .arg(format!("{folder}/provider.mjs"))
            .arg(json!({"redirect_uri": redirect_uri, "client_secret": SECRET}).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut lines = said.lines().map_while(Result::ok);
        let issuer = lines.find_map(|line| Some(line.strip_prefix("listening ")?.to_owned()));
        std::thread::spawn(move || lines.for_each(drop));
        Self { issuer: issuer.unwrap(), _child: child }
    }

    fn config(&self) -> OidcConfig {
        serde_json::from_value(json!({
            "issuer": self.issuer, "client_id": "khue", "address": ADDRESS, "label": "Thành phố",
            "second_factor": ["otp"],
        }))
        .unwrap()
    }

    async fn world(&self, config: OidcConfig, asked_of: AskedOf) -> World {
        let provider = Provider::new(config, Some(SECRET.to_owned()), None).unwrap();
        let sign_in = Config { second_factor: asked_of, ..Config::default() };
        let world = world_believing(provider, sign_in).await;
        // The provider's clock is the machine's.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        world.pass(now - Duration::from_micros(u64::try_from(START.0).unwrap()));
        world
    }

    /// Proves oneself there; returns where the provider sends the browser.
    async fn proved(&self, url: String, name: &str) -> String {
        let mut url = format!("{url}&login_hint={name}");
        tokio::task::spawn_blocking(move || {
            let config = ureq::Agent::config_builder().max_redirects(0).build();
            let agent = ureq::Agent::new_with_config(config);
            while !url.starts_with(ADDRESS) {
                let answer = agent.get(&url).call().unwrap();
                let place = answer.headers()["location"].to_str().unwrap().to_owned();
                let base = url.parse::<axum::http::Uri>().unwrap();
                url = match place.starts_with('/') {
                    true => format!("http://{}{place}", base.authority().unwrap()),
                    false => place,
                };
            }
            url[ADDRESS.len()..].to_owned()
        })
        .await
        .unwrap()
    }

    /// What is true there of somebody from now on.
    async fn become_(&self, name: &str, what: Value) {
        let url = format!("{}/people/{name}", self.issuer);
        let sent = move || ureq::put(url).send(what.to_string()).unwrap();
        tokio::task::spawn_blocking(sent).await.unwrap();
    }

    /// Goes there and back; returns how it ended.
    async fn sign_in(&self, world: &World, name: &str) -> Answer {
        let begun = begin(world, &Browser::default(), "/api/v1/session/oidc").await;
        let back = self.proved(begun.0, name).await;
        world.get(&begun.1, &back).await
    }
}

/// Returns where the browser is sent, and what it keeps.
async fn begin(world: &World, by: &Browser, path: &str) -> (String, Browser) {
    let begun = world.ask(by, "POST", path, Value::Null).await;
    assert_eq!(begun.status, 200, "{begun:?}");
    let cookie = begun.header("set-cookie");
    assert!(cookie.starts_with("__Host-khue-oidc="), "{cookie}");
    for needed in ["; Path=/;", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(needed), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    (begun.json()["url"].as_str().unwrap().to_owned(), Browser { cookie, csrf: String::new() })
}

/// Where the client is led.
fn led(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
    answer.header("location")
}

/// The browser of somebody who came back and was let in.
async fn entered(world: &World, answer: &Answer) -> Browser {
    assert_eq!(led(answer), "/", "{answer:?}");
    let set = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let mut cookies = set.filter_map(|cookie| cookie.split(';').next());
    let cookie = cookies.find(|cookie| cookie.starts_with("__Host-khue=")).unwrap();
    let came = Browser { cookie: cookie.to_owned(), csrf: String::new() };
    let session = world.get(&came, "/api/v1/session").await;
    Browser { csrf: session.json()["csrf"].as_str().unwrap().to_owned(), ..came }
}

async fn user(world: &World, browser: &Browser) -> Value {
    world.get(browser, "/api/v1/session").await.json()["user"].clone()
}

fn groups(world: &World) -> BTreeMap<String, usize> {
    let tables = world.catalog.tables();
    tables.groups.values().map(|group| (group.name.clone(), group.members.len())).collect()
}

#[tokio::test]
async fn who_is_here_comes_in_by_the_provider_and_is_known_by_what_never_changes_there() {
    let elsewhere = Elsewhere::start();
    let world = elsewhere.world(elsewhere.config(), AskedOf::Nobody).await;
    let ways = world.get(&Browser::default(), "/api/v1/session/ways").await.json();
    assert_eq!(ways, json!({"oidc": "Thành phố", "passkey": true}));
    // Whoever is not here is not let in, whatever the provider says.
    assert_eq!(led(&elsewhere.sign_in(&world, "hong").await), "/?sso=unknown_person");
    let new = |name: &str| catalog::NewUser {
        name: name.to_owned(),
        display_name: name.to_owned(),
        role: Role::Operator,
        organisation: None,
    };
    let hong = world.catalog.add_user(new("hong")).await.unwrap();
    let came = elsewhere.sign_in(&world, "hong").await;
    let browser = entered(&world, &came).await;
    let session = user(&world, &browser).await;
    assert_eq!((&session["id"], &session["way"]), (&json!(hong.id), &json!("provider")));
    assert_eq!(
        (&session["has_password"], &session["must_choose_password"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(world.get(&browser, "/api/v1/tree").await.status, 200);

    // Renamed there, it is still the same person; who takes the name is not.
    elsewhere.become_("hong", json!({"username": "hong.nt"})).await;
    entered(&world, &elsewhere.sign_in(&world, "hong").await).await;
    elsewhere.become_("khach", json!({"username": "hong"})).await;
    assert_eq!(led(&elsewhere.sign_in(&world, "khach").await), "/?sso=another_person");
    // Unless an administrator takes it away, which ends what was open.
    let admin = world.admin().await;
    let path = format!("/api/v1/people/{}/single-sign-on", hong.id);
    assert_eq!(world.ask(&admin, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(world.ask(&admin, "DELETE", &path, Value::Null).await.status, 404);
    assert_eq!(world.get(&browser, "/api/v1/session").await.status, 401);
    entered(&world, &elsewhere.sign_in(&world, "khach").await).await;

    // Who was removed here is somebody new.
    world.catalog.remove_user(hong.id).await.unwrap();
    world.sign_ins.forget(hong.id).await.unwrap();
    assert_eq!(led(&elsewhere.sign_in(&world, "khach").await), "/?sso=unknown_person");
    let entries = world.entries().await;
    let told: Vec<_> = entries
        .iter()
        .filter(|entry| entry.details.get("way").is_some_and(|way| way == "provider"))
        .map(|entry| entry.details.get("why").map_or("", String::as_str))
        .collect();
    assert_eq!(told, ["unknown_person", "", "", "another_person", "", "unknown_person"]);
    let text = format!("{entries:?}");
    assert!(!text.contains(SECRET) && !text.contains("code="), "{text}");
}

#[tokio::test]
async fn what_comes_back_without_what_was_given_or_twice_opens_nothing() {
    let elsewhere = Elsewhere::start();
    let world = elsewhere.world(elsewhere.config(), AskedOf::Nobody).await;
    elsewhere.become_("hong", json!({"username": "truc"})).await;
    let (url, kept) = begin(&world, &Browser::default(), "/api/v1/session/oidc").await;
    let back = elsewhere.proved(url, "hong").await;
    // Another browser, with nothing or with what it began itself.
    assert_eq!(led(&world.get(&Browser::default(), &back).await), "/?sso=stale");
    let (_, others) = begin(&world, &Browser::default(), "/api/v1/session/oidc").await;
    assert_eq!(led(&world.get(&others, &back).await), "/?sso=stale");
    // The right one, and once.
    let came = world.get(&kept, &back).await;
    entered(&world, &came).await;
    let gone =
        came.headers.get_all("set-cookie").iter().any(|cookie| {
            cookie.to_str().unwrap().starts_with("__Host-khue-oidc=; Path=/; Max-Age=0")
        });
    assert!(gone, "{came:?}");
    assert_eq!(led(&world.get(&kept, &back).await), "/?sso=unreachable");
    // Too late, refused there, and nonsense.
    let (url, kept) = begin(&world, &Browser::default(), "/api/v1/session/oidc").await;
    let refused = elsewhere.proved(url, "nobody").await;
    assert_eq!(led(&world.get(&kept, &refused).await), "/?sso=refused");
    let callback = "/api/v1/session/oidc/callback";
    assert_eq!(led(&world.get(&kept, callback).await), "/?sso=stale");
    assert_eq!(led(&world.get(&kept, &format!("{callback}?code=x&state=y")).await), "/?sso=stale");
    world.pass(Duration::from_secs(601));
    assert_eq!(led(&world.get(&kept, &refused).await), "/?sso=stale");
    // A page of another site begins nothing.
    let request = axum::http::Request::post("/api/v1/session/oidc")
        .header("host", "khue.test")
        .header("origin", "https://evil.example");
    let answer = world.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(answer.refusal().1, "forged");
}

#[tokio::test]
async fn who_is_named_by_a_group_is_added_and_groups_and_roles_follow_the_claims() {
    let elsewhere = Elsewhere::start();
    let config = OidcConfig {
        make_people: true,
        groups: [("truc-ban".to_owned(), "Trực ban".to_owned())].into(),
        roles: [("kiem-tra".to_owned(), ClaimedRole::Auditor)].into(),
        ..elsewhere.config()
    };
    let world = elsewhere.world(config, AskedOf::Administrators).await;
    world.catalog.add_group("Trực ban", [world.operator].into()).await.unwrap();
    world.catalog.add_group("Khác", [].into()).await.unwrap();
    assert_eq!(led(&elsewhere.sign_in(&world, "khach").await), "/?sso=no_group");

    let hong = entered(&world, &elsewhere.sign_in(&world, "hong").await).await;
    let session = user(&world, &hong).await;
    assert_eq!((&session["name"], &session["role"]), (&json!("hong"), &json!("operator")));
    assert_eq!(session["display_name"], "Nguyễn Thị Hồng");
    assert_eq!(groups(&world), [("Khác".to_owned(), 0), ("Trực ban".to_owned(), 2)].into());
    // Nothing but what the group was given: no grant of their own.
    let id = world.catalog.user_by_name("hong").unwrap().id;
    let own = catalog::Subject::User(id);
    assert!(world.catalog.tables().grants.values().all(|grant| grant.terms.subject != own));

    elsewhere.become_("hong", json!({"groups": ["kiem-tra", "khac"]})).await;
    let again = entered(&world, &elsewhere.sign_in(&world, "hong").await).await;
    assert_eq!(user(&world, &again).await["role"], "auditor");
    assert_eq!(groups(&world)["Trực ban"], 1);
    elsewhere.become_("hong", json!({"groups": []})).await;
    let again = entered(&world, &elsewhere.sign_in(&world, "hong").await).await;
    assert_eq!(user(&world, &again).await["role"], "operator");
    let changes: Vec<_> = world
        .entries()
        .await
        .into_iter()
        .filter(|entry| entry.details.get("by").is_some_and(|by| by == "provider"))
        .map(|entry| (entry.act.as_str(), entry.details["change"].clone()))
        .collect();
    let expected = [
        ("user", "added"),
        ("user", "single sign-on bound"),
        ("group", "joined"),
        ("group", "left"),
        ("user", "changed"),
        ("user", "changed"),
    ];
    assert_eq!(changes, expected.map(|(act, change)| (act, change.to_owned())));
}

#[tokio::test]
async fn administrators_come_by_the_provider_only_where_that_is_said() {
    let elsewhere = Elsewhere::start();
    let world = elsewhere.world(elsewhere.config(), AskedOf::Administrators).await;
    assert_eq!(led(&elsewhere.sign_in(&world, "quantri").await), "/?sso=administrator");
    // Nor does who was bound before they became one.
    elsewhere.become_("lan", json!({"username": "truc"})).await;
    entered(&world, &elsewhere.sign_in(&world, "lan").await).await;
    world.set_role(world.operator, Role::Administrator).await;
    assert_eq!(led(&elsewhere.sign_in(&world, "lan").await), "/?sso=administrator");

    let config = OidcConfig {
        make_people: true,
        administrators: true,
        roles: [("quan-tri".to_owned(), ClaimedRole::Administrator)].into(),
        ..elsewhere.config()
    };
    let world = elsewhere.world(config, AskedOf::Administrators).await;
    elsewhere.become_("quantri", json!({"username": "le.quan"})).await;
    let came = entered(&world, &elsewhere.sign_in(&world, "quantri").await).await;
    let session = user(&world, &came).await;
    assert_eq!(
        (&session["role"], &session["second_factor"]),
        (&json!("administrator"), &json!("set"))
    );
    assert_eq!(world.get(&came, "/api/v1/people").await.status, 200);
    // Without a second factor there, one of ours is asked for, and then taken.
    elsewhere.become_("quantri", json!({"amr": ["pwd"]})).await;
    let came = entered(&world, &elsewhere.sign_in(&world, "quantri").await).await;
    assert_eq!(user(&world, &came).await["second_factor"], "required");
    assert_eq!(world.get(&came, "/api/v1/people").await.refusal().1, "must_set_second_factor");
    let path = "/api/v1/session/second-factor/totp";
    let new = world.ask(&came, "POST", path, Value::Null).await.json();
    let secret = new["secret"].as_str().unwrap().to_owned();
    let code = json!({"code": code_now(&secret, world.now()).unwrap()});
    assert_eq!(world.ask(&came, "PUT", path, code).await.status, 200);
    assert_eq!(world.get(&came, "/api/v1/people").await.status, 200);
    let asked = entered(&world, &elsewhere.sign_in(&world, "quantri").await).await;
    assert_eq!(user(&world, &asked).await["second_factor"], "asked");
    world.pass(Duration::from_secs(31));
    let code = json!({"code": code_now(&secret, world.now()).unwrap()});
    let proved = world.ask(&asked, "POST", "/api/v1/session/second-factor", code).await;
    let whole = browser(&proved);
    assert_eq!(user(&world, &whole).await["way"], "provider");
    assert_eq!(world.get(&whole, "/api/v1/people").await.status, 200);
    // Who is one there no longer is one here no longer, but for the last.
    elsewhere.become_("quantri", json!({"groups": [], "amr": ["otp"]})).await;
    let came = entered(&world, &elsewhere.sign_in(&world, "quantri").await).await;
    assert_eq!(user(&world, &came).await["role"], "operator");
    assert_eq!(world.get(&came, "/api/v1/people").await.refusal().1, "forbidden");
}

#[tokio::test]
async fn who_came_by_the_provider_confirms_there_that_it_is_them_still() {
    let elsewhere = Elsewhere::start();
    let world = elsewhere.world(elsewhere.config(), AskedOf::Nobody).await;
    elsewhere.become_("hong", json!({"username": "truc"})).await;
    let hong = entered(&world, &elsewhere.sign_in(&world, "hong").await).await;
    // Not by waiting: the provider's clock goes on by itself.
    let sign_in = world.sign_ins.devices(world.operator, world.now()).await.unwrap()[0].id;
    let confirmed = async || {
        let open = world.sign_ins.look(sign_in, world.now()).await.unwrap().unwrap();
        open.confirmed
    };
    let before = confirmed().await;
    world.pass(Duration::from_secs(5));
    let path = "/api/v1/session/confirm/oidc";
    let (url, kept) = begin(&world, &hong, path).await;
    let back = elsewhere.proved(url, "lan").await;
    assert_eq!(led(&world.get(&kept, &back).await), "/?sso=unknown_person");
    assert_eq!(confirmed().await, before);
    let (url, kept) = begin(&world, &hong, path).await;
    let back = elsewhere.proved(url, "hong").await;
    assert_eq!(led(&world.get(&kept, &back).await), "/?sso=confirmed");
    assert!(confirmed().await > before);
}
