//! Single sign-on: another installation says who somebody is (OpenID Connect).
//!
//! ```text
//! browser          khue                                   provider
//!    ├─ begin ──────▶ state, nonce, PKCE; sealed cookie
//!    ◀── address ──┤
//!    ├───────────────────────────────────────────────────▶ proves themselves there
//!    ◀────────────────────────────────── code, state ─────┤
//!    ├─ callback ───▶ state is the cookie's?
//!    │                ├─ code, verifier, our secret ──────▶
//!    │                ◀──────────────────────── ID token ─┤
//!    │                signature, issuer, audience, nonce, times ──▶ Claimed
//! ```
//!
//! Nothing is kept between the two halves but what the browser brings back, which
//! we alone can read: whoever begins a thousand times takes no memory. Who of us
//! somebody is, and what they may, is not decided here: [`Claimed`] says what the
//! provider says.

use std::sync::Arc;
use std::time::Duration;

use base::{SignInId, WallTime};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded;

use crate::sign_in::{SignIns, sha256};
use crate::{new_secret, same};

mod config;
mod fetch;
mod id_token;

use config::reachable;
pub use config::{ClaimedRole, OidcConfig};
use fetch::Fetcher;
use id_token::{Asked, Fault};

/// How long somebody may take at the provider.
const WAITS: Duration = Duration::from_secs(10 * 60);

/// How long what a provider says of itself is believed.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// How soon its keys are asked for again where one is unknown.
const KEYS_AGAIN: Duration = Duration::from_secs(60);

/// The most values of the groups' claim that are looked at.
const MOST_GROUPS: usize = 1000;

/// What the sealed cookie is, so that nothing else that we seal passes for it.
const SEALED_AS: &[u8] = b"oidc";

/// A provider that may say who somebody is. Clones share what is known of it.
#[derive(Clone, Debug)]
pub struct Provider {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: OidcConfig,
    secret: Option<Hidden>,
    fetcher: Fetcher,
    known: Mutex<Option<Known>>,
}

/// Our secret at the provider; nothing shows it.
struct Hidden(String);

/// What a provider says of itself.
#[derive(Clone, Debug)]
struct Known {
    described: Described,
    keys: Vec<Jwk>,
    at: WallTime,
    /// When the keys were asked for once more, if they were.
    keys_again: Option<WallTime>,
}

/// Its description (OpenID Connect Discovery), as far as it matters.
#[derive(Clone, Debug, Deserialize)]
struct Described {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// What the browser keeps until it comes back; sealed, for us alone.
#[derive(Debug, Serialize, Deserialize)]
pub struct BegunOidc {
    state: String,
    nonce: String,
    verifier: String,
    at: WallTime,
    /// Whose sign-in is to be confirmed, if it is not to sign in.
    pub confirms: Option<SignInId>,
    /// Which sign-in of the browser's ends as this one opens.
    pub replaces: Option<SignInId>,
}

/// What comes back from the provider in the address.
#[derive(Clone, Copy, Debug)]
pub struct Returned<'a> {
    /// What is exchanged for the ID token.
    pub code: &'a str,
    /// What we had sent along.
    pub state: &'a str,
    /// Who says it is answering (RFC 9207), if it says.
    pub issuer: Option<&'a str>,
}

/// What the provider says of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Who says it.
    pub issuer: String,
    /// Whom the provider means; never anybody else later.
    pub subject: String,
    /// The name to sign in by.
    pub name: Option<String>,
    /// The name that others see.
    pub display_name: Option<String>,
    /// What they belong to there.
    pub groups: Vec<String>,
    /// Whether they proved themselves there by a second factor.
    pub second_factor: bool,
}

/// Why somebody was not let in by the provider.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The browser brings back nothing that we gave it, or too late.
    #[error("nothing was begun here with this browser, or it took too long; begin anew")]
    Stale,
    /// The provider does not answer, or not as one.
    #[error("the provider cannot be asked: {0}")]
    Unreachable(String),
    /// What the provider says is not believed.
    #[error("what the provider says does not hold: {0}")]
    Disbelieved(String),
}

impl Provider {
    /// Takes a provider on, with our secret there and the certificates (PEM) that
    /// sign its own. Nothing is asked of it yet: it may be away while we start.
    pub fn new(
        config: OidcConfig,
        secret: Option<String>,
        certificates: Option<&[u8]>,
    ) -> Result<Self, String> {
        config.check()?;
        let fetcher =
            Fetcher::new(certificates).map_err(|why| format!("certificate_file: {why}"))?;
        let (secret, known) = (secret.map(Hidden), Mutex::default());
        Ok(Self { inner: Arc::new(Inner { config, secret, fetcher, known }) })
    }

    /// Returns what is said of it in the configuration.
    pub fn config(&self) -> &OidcConfig {
        &self.inner.config
    }

    /// Returns where the browser goes, and what it is to bring back. To confirm who
    /// is signed in, they are asked to prove themselves there once more.
    pub async fn begin(
        &self,
        confirms: Option<SignInId>,
        now: WallTime,
    ) -> Result<(Url, BegunOidc), OidcError> {
        let described = self.known(now).await?.described;
        let (state, nonce, verifier) = (new_secret(), new_secret(), new_secret());
        let config = self.config();
        let mut url = endpoint("authorization_endpoint", &described.authorization_endpoint)?;
        let mut scope = vec!["openid"];
        scope.extend(config.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid"));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &config.client_id)
            .append_pair("redirect_uri", &config.redirect_uri())
            .append_pair("scope", &scope.join(" "))
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes())))
            .append_pair("code_challenge_method", "S256");
        if confirms.is_some() {
            url.query_pairs_mut().append_pair("prompt", "login").append_pair("max_age", "0");
        }
        Ok((url, BegunOidc { state, nonce, verifier, at: now, confirms, replaces: None }))
    }

    /// Exchanges what came back for what the provider says of whom.
    pub async fn finish(
        &self,
        begun: &BegunOidc,
        returned: Returned<'_>,
        now: WallTime,
    ) -> Result<Claimed, OidcError> {
        begun.answers(returned.state, now)?;
        let config = self.config();
        if returned.issuer.is_some_and(|issuer| issuer != config.issuer) {
            return Err(OidcError::Disbelieved("another provider answers".to_owned()));
        }
        let described = self.known(now).await?.described;
        let tokens = self.exchange(&described, begun, returned.code).await?;
        let said = self.verified(&tokens.id_token, &begun.nonce, now).await?;
        if begun.confirms.is_some() {
            // Somebody who proved themselves there an hour ago may sit elsewhere by now.
            let proved = said.get("auth_time").and_then(Value::as_f64).map(|at| at as i64);
            let began = begun.at.0.div_euclid(1_000_000);
            if proved.is_none_or(|proved| proved < began - 60) {
                let why = "they did not prove themselves anew (auth_time)".to_owned();
                return Err(OidcError::Disbelieved(why));
            }
        }
        let more = self.more(&described, &said, tokens.access_token.as_deref()).await?;
        Ok(self.claimed(&said, &more))
    }

    /// Returns what is known of the provider, asked for anew once in an hour.
    async fn known(&self, now: WallTime) -> Result<Known, OidcError> {
        let mut known = self.inner.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| is_within(known.at, FRESH, now)) {
            return Ok(known.clone());
        }
        let issuer = &self.config().issuer;
        let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let place = endpoint("issuer", &place)?;
        let bytes = self.inner.fetcher.get(&place, None).await.map_err(OidcError::Unreachable)?;
        let described: Described = serde_json::from_slice(&bytes).map_err(|error| {
            OidcError::Unreachable(format!("its description cannot be read: {error}"))
        })?;
        if described.issuer != *issuer {
            let words = format!("it calls itself {:?}; write that as issuer", described.issuer);
            return Err(OidcError::Unreachable(words));
        }
        let keys = self.keys(&described).await?;
        let fresh = Known { described, keys, at: now, keys_again: None };
        *known = Some(fresh.clone());
        Ok(fresh)
    }

    async fn keys(&self, described: &Described) -> Result<Vec<Jwk>, OidcError> {
        let place = endpoint("jwks_uri", &described.jwks_uri)?;
        let bytes = self.inner.fetcher.get(&place, None).await.map_err(OidcError::Unreachable)?;
        id_token::keys(&bytes).map_err(OidcError::Unreachable)
    }

    /// Returns what an ID token says; a key that is new there is fetched.
    async fn verified(
        &self,
        token: &str,
        nonce: &str,
        now: WallTime,
    ) -> Result<Map<String, Value>, OidcError> {
        let known = self.known(now).await?;
        let config = self.config();
        let asked = Asked { issuer: &config.issuer, client_id: &config.client_id, nonce };
        let why = match id_token::verified(token, &known.keys, asked, now) {
            Ok(said) => return Ok(said),
            Err(Fault::Wrong(why)) => return Err(OidcError::Disbelieved(why)),
            Err(Fault::UnknownKey) => "it is signed by a key that the provider does not publish",
        };
        let unknown = || OidcError::Disbelieved(why.to_owned());
        if known.keys_again.is_some_and(|again| is_within(again, KEYS_AGAIN, now)) {
            return Err(unknown());
        }
        let keys = self.keys(&known.described).await?;
        if let Some(known) = self.inner.known.lock().await.as_mut() {
            (known.keys, known.keys_again) = (keys.clone(), Some(now));
        }
        id_token::verified(token, &keys, asked, now).map_err(|fault| match fault {
            Fault::Wrong(why) => OidcError::Disbelieved(why),
            Fault::UnknownKey => unknown(),
        })
    }

    async fn exchange(
        &self,
        described: &Described,
        begun: &BegunOidc,
        code: &str,
    ) -> Result<Tokens, OidcError> {
        let (form, authorization) = self.asking_for(described, begun, code);
        let place = endpoint("token_endpoint", &described.token_endpoint)?;
        let answer = self.inner.fetcher.post(&place, form, authorization).await;
        let bytes = answer.map_err(OidcError::Unreachable)?;
        // What stands in it is not for a log.
        serde_json::from_slice(&bytes).map_err(|_| {
            OidcError::Unreachable("its answer to the code holds no ID token".to_owned())
        })
    }

    /// The form that asks for tokens, and the header that proves who sends it.
    fn asking_for(
        &self,
        described: &Described,
        begun: &BegunOidc,
        code: &str,
    ) -> (String, Option<String>) {
        let config = self.config();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &config.redirect_uri())
            .append_pair("code_verifier", &begun.verifier);
        let mut authorization = None;
        match &self.inner.secret {
            None => drop(form.append_pair("client_id", &config.client_id)),
            Some(Hidden(secret)) if described.takes_basic() => {
                let coded = |text: &str| {
                    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
                };
                let both = format!("{}:{}", coded(&config.client_id), coded(secret));
                authorization = Some(format!("Basic {}", STANDARD.encode(both)));
            }
            Some(Hidden(secret)) => {
                form.append_pair("client_id", &config.client_id)
                    .append_pair("client_secret", secret);
            }
        }
        (form.finish(), authorization)
    }

    /// Returns what the provider tells of somebody beside the ID token, where that
    /// does not have all that is asked for.
    async fn more(
        &self,
        described: &Described,
        said: &Map<String, Value>,
        access_token: Option<&str>,
    ) -> Result<Map<String, Value>, OidcError> {
        let config = self.config();
        let wanted = [&config.name_claim, &config.groups_claim];
        let has_all = wanted.into_iter().all(|claim| said.contains_key(claim));
        let place = described.userinfo_endpoint.as_deref();
        let (false, Some(place), Some(access_token)) = (has_all, place, access_token) else {
            return Ok(Map::new());
        };
        let place = endpoint("userinfo_endpoint", place)?;
        let answer = self.inner.fetcher.get(&place, Some(access_token)).await;
        let bytes = answer.map_err(OidcError::Unreachable)?;
        let more: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|error| {
            OidcError::Unreachable(format!("what it tells of people cannot be read: {error}"))
        })?;
        if more.get("sub") != said.get("sub") {
            return Err(OidcError::Disbelieved("it tells of somebody else".to_owned()));
        }
        Ok(more)
    }

    fn claimed(&self, said: &Map<String, Value>, more: &Map<String, Value>) -> Claimed {
        let config = self.config();
        let claim = |name: &str| said.get(name).or_else(|| more.get(name));
        let text = |name: &str| {
            let text = claim(name)?.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        // By what they proved themselves is the signed token's alone to say.
        let proofs = [said.get("amr"), said.get("acr")].into_iter().flatten().flat_map(texts);
        let second_factor = proofs.into_iter().any(|proof| config.second_factor.contains(&proof));
        Claimed {
            issuer: config.issuer.clone(),
            subject: text("sub").unwrap_or_default(),
            name: text(&config.name_claim),
            display_name: text(&config.display_name_claim),
            groups: claim(&config.groups_claim).map(texts).unwrap_or_default(),
            second_factor,
        }
    }
}

impl Described {
    /// Whether our secret is sent in a header; so it is where nothing is said.
    fn takes_basic(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_ref();
        methods.is_none_or(|all| all.iter().any(|method| method == "client_secret_basic"))
    }
}

impl BegunOidc {
    /// Refuses what is not the answer to this, or comes too late.
    pub fn answers(&self, state: &str, now: WallTime) -> Result<(), OidcError> {
        match same(&self.state, state) && is_within(self.at, WAITS, now) {
            true => Ok(()),
            false => Err(OidcError::Stale),
        }
    }
}

impl SignIns {
    /// Seals what the browser keeps while somebody is at the provider.
    pub fn seal_oidc(&self, begun: &BegunOidc) -> String {
        let text = serde_json::to_vec(begun).expect("plain data can be written");
        URL_SAFE_NO_PAD.encode(self.inner.keys.seal_as(SEALED_AS, &text))
    }

    /// Opens what [`SignIns::seal_oidc`] sealed.
    pub fn unseal_oidc(&self, sealed: &str) -> Option<BegunOidc> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        serde_json::from_slice(&self.inner.keys.unseal_as(SEALED_AS, &sealed)?).ok()
    }
}

/// What the provider gives for a code.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden")
    }
}

/// Returns an address that the provider names, if nobody on the way can change what
/// comes from there.
fn endpoint(name: &str, text: &str) -> Result<Url, OidcError> {
    reachable(name, text).map_err(OidcError::Unreachable)
}

/// Returns a claim that is one text or a list of them.
fn texts(claim: &Value) -> Vec<String> {
    match claim {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => {
            let all = all.iter().filter_map(Value::as_str).take(MOST_GROUPS);
            all.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn is_within(from: WallTime, lasts: Duration, now: WallTime) -> bool {
    // A clock that was set back makes nothing last longer.
    now >= from.minus(Duration::from_secs(60)) && now < from.plus(lasts)
}

#[cfg(test)]
mod tests;
