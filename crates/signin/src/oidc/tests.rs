//! What of a provider's answers is believed: a provider of the test's own, that lies
//! in one way at a time.

use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::config::tests::least;
use super::*;

const NOW: WallTime = WallTime(1_795_135_338_250_000);
const SECONDS: i64 = 1_795_135_338;
const SECRET: &str = "một bí mật";

/// A provider that answers as it is told to.
#[derive(Clone)]
struct Double {
    base: String,
    says: Arc<Mutex<Says>>,
}

struct Says {
    key: (String, EncodingKey, Value),
    /// Laid over what a good provider would claim; null takes away.
    claims: Value,
    header: Header,
    described: Value,
    info: Value,
    asked: Vec<String>,
}

fn key(kid: &str) -> (String, EncodingKey, Value) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let der = pair.to_pkcs8v1().unwrap();
    let public = pair.public_key().as_ref();
    let (x, y) = (URL_SAFE_NO_PAD.encode(&public[1..33]), URL_SAFE_NO_PAD.encode(&public[33..]));
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "use": "sig"});
    (kid.to_owned(), EncodingKey::from_ec_der(der.as_ref()), jwk)
}

impl Double {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::ES256) };
        let says = Says {
            key: key("one"),
            claims: json!({}),
            header,
            described: json!({}),
            info: json!({"sub": "s-1"}),
            asked: Vec::new(),
        };
        let double = Self { base, says: Arc::new(Mutex::new(says)) };
        let serving = double.clone();
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 8192];
                let mut length = 0;
                loop {
                    length += socket.read(&mut request[length..]).await.unwrap();
                    let text = String::from_utf8_lossy(&request[..length]).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let wanted = head.lines().find_map(|line| {
                        line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
                    });
                    if body.len() >= wanted.unwrap_or(0) {
                        break;
                    }
                }
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let answer = serving.answer(&request);
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer.len());
                socket.write_all((head + &answer).as_bytes()).await.unwrap();
            }
        });
        double
    }

    fn answer(&self, request: &str) -> String {
        let mut says = self.says.lock().unwrap();
        says.asked.push(request.to_owned());
        let path = request.split(' ').nth(1).unwrap();
        let answer = match path {
            "/.well-known/openid-configuration" => {
                let mut described = json!({
                    "issuer": self.base,
                    "authorization_endpoint": format!("{}/auth", self.base),
                    "token_endpoint": format!("{}/token", self.base),
                    "jwks_uri": format!("{}/keys", self.base),
                    "userinfo_endpoint": format!("{}/me", self.base),
                });
                lay_over(&mut described, &says.described);
                described
            }
            "/keys" => json!({"keys": [{"kty": "strange"}, says.key.2]}),
            "/me" => says.info.clone(),
            "/token" => {
                let mut claims = json!({
                    "iss": self.base, "aud": "khue", "sub": "s-1",
                    "exp": SECONDS + 300, "iat": SECONDS, "auth_time": SECONDS,
                    "preferred_username": "hong", "name": "Nguyễn Thị Hồng",
                    "groups": ["truc-ban"], "amr": ["pwd", "otp"],
                });
                lay_over(&mut claims, &says.claims);
                let token = jsonwebtoken::encode(&says.header, &claims, &says.key.1).unwrap();
                json!({"id_token": token, "access_token": "at", "token_type": "Bearer"})
            }
            other => panic!("{other}"),
        };
        answer.to_string()
    }

    fn provider(&self) -> Provider {
        let config = OidcConfig { second_factor: vec!["otp".to_owned()], ..least(&self.base) };
        Provider::new(config, Some(SECRET.to_owned()), None).unwrap()
    }

    /// Goes through all of it with what the provider says so changed.
    async fn claimed(&self, provider: &Provider, claims: Value) -> Result<Claimed, OidcError> {
        let (_, begun) = provider.begin(None, NOW).await?;
        self.says.lock().unwrap().claims = answering(&begun, claims);
        let state = begun.state.clone();
        let returned = Returned { code: "c", state: &state, issuer: None };
        provider.finish(&begun, returned, NOW).await
    }
}

/// The claims, with the nonce of what was begun unless they have another.
fn answering(begun: &BegunOidc, mut claims: Value) -> Value {
    let all = claims.as_object_mut().unwrap();
    all.entry("nonce").or_insert(begun.nonce.clone().into());
    claims
}

fn lay_over(under: &mut Value, over: &Value) {
    for (name, value) in over.as_object().unwrap() {
        under.as_object_mut().unwrap().insert(name.clone(), value.clone());
    }
    under.as_object_mut().unwrap().retain(|_, value| !value.is_null());
}

#[tokio::test]
async fn what_a_provider_says_of_somebody_is_read_and_our_secret_goes_to_it_alone() {
    let double = Double::start().await;
    let provider = double.provider();
    let (url, begun) = provider.begin(None, NOW).await.unwrap();
    let pairs: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(pairs["redirect_uri"], "https://camera.example.vn/api/v1/session/oidc/callback");
    assert_eq!(
        (pairs["scope"].as_str(), pairs["code_challenge_method"].as_str()),
        ("openid profile", "S256")
    );
    assert_eq!(pairs["code_challenge"], URL_SAFE_NO_PAD.encode(sha256(begun.verifier.as_bytes())));
    assert!(!url.as_str().contains(&begun.verifier));
    assert!(!pairs.contains_key("prompt"));

    let claimed = double.claimed(&provider, json!({})).await.unwrap();
    let expected = Claimed {
        issuer: double.base.clone(),
        subject: "s-1".to_owned(),
        name: Some("hong".to_owned()),
        display_name: Some("Nguyễn Thị Hồng".to_owned()),
        groups: vec!["truc-ban".to_owned()],
        second_factor: true,
    };
    assert_eq!(claimed, expected);
    let asked = double.says.lock().unwrap().asked.join("\n");
    let basic = STANDARD.encode("khue:m%E1%BB%99t+b%C3%AD+m%E1%BA%ADt");
    assert_eq!(asked.to_lowercase().matches("authorization:").count(), 1);
    assert!(asked.contains(&format!("Basic {basic}")), "{asked}");
    assert_eq!(asked.matches("GET /keys").count(), 1, "what is known is not asked for again");
    assert!(!format!("{provider:?}").contains(SECRET));
}

#[tokio::test]
async fn an_id_token_that_is_wrong_in_any_one_way_opens_nothing() {
    let double = Double::start().await;
    let provider = double.provider();
    for (claims, expected) in [
        (json!({"nonce": "another"}), "answers another question"),
        (json!({"nonce": null}), "answers another question"),
        (json!({"aud": "other"}), "InvalidAudience"),
        (json!({"aud": null}), "Missing required claim: aud"),
        (json!({"aud": ["khue", "other"]}), "made for another program"),
        (json!({"aud": ["khue", "other"], "azp": "other"}), "made for another program"),
        (json!({"azp": "other"}), "made for another program"),
        (json!({"iss": "https://other"}), "InvalidIssuer"),
        (json!({"iss": [double.base, "https://other"]}), "issuer is another"),
        (json!({"exp": SECONDS - 60}), "it is over"),
        (json!({"exp": null}), "it is over"),
        (json!({"iat": SECONDS + 61}), "from the future"),
        (json!({"iat": null}), "from the future"),
        (json!({"nbf": SECONDS + 61}), "from the future"),
        (json!({"sub": null}), "Missing required claim: sub"),
        (json!({"sub": ""}), "does not say of whom"),
    ] {
        let words = double.claimed(&provider, claims.clone()).await.unwrap_err().to_string();
        assert!(words.contains(expected), "{claims}: {words}");
    }
    let both = json!({"aud": ["khue", "other"], "azp": "khue", "exp": SECONDS - 59});
    assert!(double.claimed(&provider, both).await.is_ok());
}

#[tokio::test]
async fn a_token_signed_by_nobody_by_our_secret_or_by_another_key_opens_nothing() {
    let double = Double::start().await;
    let provider = double.provider();
    provider.begin(None, NOW).await.unwrap();
    // Another key under the name of the provider's.
    double.says.lock().unwrap().key = key("one");
    let words = double.claimed(&provider, json!({})).await.unwrap_err().to_string();
    assert!(words.contains("InvalidSignature"), "{words}");
    // By a secret that both could know.
    double.says.lock().unwrap().key.1 = EncodingKey::from_secret(SECRET.as_bytes()).unwrap();
    double.says.lock().unwrap().header.alg = Algorithm::HS256;
    let words = double.claimed(&provider, json!({})).await.unwrap_err().to_string();
    assert!(words.contains("HS256, which is not taken"), "{words}");
    // By nobody.
    let (_, begun) = provider.begin(None, NOW).await.unwrap();
    let part = |text: Value| URL_SAFE_NO_PAD.encode(text.to_string());
    let none = [part(json!({"alg": "none"})), part(json!({"nonce": begun.nonce}))].join(".") + ".";
    assert!(provider.verified(&none, &begun.nonce, NOW).await.is_err());
    // By a new key of the provider, which is fetched; and not at each try.
    {
        let mut says = double.says.lock().unwrap();
        (says.key, says.header.alg) = (key("two"), Algorithm::ES256);
        says.header.kid = Some("two".to_owned());
        says.asked.clear();
    }
    assert!(double.claimed(&provider, json!({})).await.is_ok());
    double.says.lock().unwrap().header.kid = Some("three".to_owned());
    for _ in 0..3 {
        let words = double.claimed(&provider, json!({})).await.unwrap_err().to_string();
        assert!(words.contains("does not publish"), "{words}");
    }
    let asked = double.says.lock().unwrap().asked.join("\n");
    assert_eq!(asked.matches("GET /keys").count(), 1, "{asked}");
}

#[tokio::test]
async fn what_the_token_leaves_out_is_asked_for_and_is_of_the_same_person() {
    let double = Double::start().await;
    let provider = double.provider();
    let out = json!({"preferred_username": null, "groups": null, "amr": null});
    double.says.lock().unwrap().info =
        json!({"sub": "s-1", "preferred_username": "lan", "groups": "truc-ban", "amr": ["otp"]});
    let claimed = double.claimed(&provider, out.clone()).await.unwrap();
    assert_eq!((claimed.name.as_deref(), claimed.groups.len()), (Some("lan"), 1));
    assert!(!claimed.second_factor, "that is the signed token's alone to say");
    double.says.lock().unwrap().info = json!({"sub": "s-2", "preferred_username": "quantri"});
    let words = double.claimed(&provider, out).await.unwrap_err().to_string();
    assert!(words.contains("tells of somebody else"), "{words}");
}

#[tokio::test]
async fn what_comes_back_is_the_answer_to_what_was_begun_and_in_time() {
    let double = Double::start().await;
    let provider = double.provider();
    let (_, begun) = provider.begin(None, NOW).await.unwrap();
    let state = begun.state.clone();
    let back = |state, issuer| Returned { code: "c", state, issuer };
    let late = NOW.plus(WAITS);
    for (returned, now) in [(back("x", None), NOW), (back(&state, None), late)] {
        let fault = provider.finish(&begun, returned, now).await.unwrap_err();
        assert!(matches!(fault, OidcError::Stale), "{fault}");
    }
    let other = provider.finish(&begun, back(&state, Some("https://other")), NOW).await;
    assert!(other.unwrap_err().to_string().contains("another provider answers"));
    assert!(!double.says.lock().unwrap().asked.join("").contains("/token"));
}

#[tokio::test]
async fn to_confirm_one_proves_oneself_there_anew() {
    let double = Double::start().await;
    let provider = double.provider();
    let (url, begun) = provider.begin(Some(SignInId::new()), NOW).await.unwrap();
    assert!(url.as_str().contains("prompt=login") && url.as_str().contains("max_age=0"));
    let state = begun.state.clone();
    let finish = async |claims: Value| {
        double.says.lock().unwrap().claims = answering(&begun, claims);
        let returned = Returned { code: "c", state: &state, issuer: None };
        provider.finish(&begun, returned, NOW).await
    };
    for old in [json!({"auth_time": SECONDS - 3600}), json!({"auth_time": null})] {
        let words = finish(old).await.unwrap_err().to_string();
        assert!(words.contains("did not prove themselves anew"), "{words}");
    }
    assert!(finish(json!({})).await.is_ok());
}

#[tokio::test]
async fn a_provider_that_is_another_or_leads_out_of_https_is_refused() {
    for (described, expected) in [
        (json!({"issuer": "https://other"}), "calls itself \"https://other\""),
        (json!({"jwks_uri": "http://id.example.vn/keys"}), "is not https://"),
        (json!({"authorization_endpoint": "http://id.example.vn/"}), "is not https://"),
        (json!({"token_endpoint": null}), "missing field `token_endpoint`"),
    ] {
        let double = Double::start().await;
        double.says.lock().unwrap().described = described;
        let words = double.provider().begin(None, NOW).await.unwrap_err().to_string();
        assert!(words.contains(expected), "{words}");
    }
    let away = Provider::new(least("http://127.0.0.1:9"), None, None).unwrap();
    let words = away.begin(None, NOW).await.unwrap_err().to_string();
    assert!(words.contains("127.0.0.1:9") && words.contains("cannot connect"), "{words}");
}
