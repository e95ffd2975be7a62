//! Who asks: from the cookie of a request to a person, or a refusal.
//!
//! ```text
//! cookie ──▶ sign-in ──▶ user                              AtTheDoor   the password was right
//!                          ├─ a code, where one is asked ▶ Person      signed in
//!                          ├─ a password is chosen, and
//!                          │  a second factor if need be ▶ Somebody    may ask for things
//!                          └─ proved within 5 minutes ───▶ Confirmed   may do what cannot be undone
//! ```
//!
//! A program comes by an API token in place of a cookie, and gets as far as Somebody
//! where the token's scopes have the path.
//!
//! An unsafe request must carry the CSRF value of its sign-in, and whatever says
//! which page it comes from must say that it comes from ours.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use audit::Act;
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use catalog::{Role, User};
use signin::{API_TOKEN_PREFIX, Device, SignIn, Way};

use crate::app::State;
use crate::deed::Deed;
use crate::error::{Kind, Refusal};
use crate::routes::api_tokens::scope_of;

/// The name of the sign-in's cookie. The prefix makes browsers refuse one that
/// another host or an unsafe page has set.
pub(crate) const COOKIE: &str = "__Host-khue";

/// The header that carries the CSRF value.
pub(crate) const CSRF: &str = "x-khue-csrf";

/// Says that nobody touches the page that asks, so that its sign-in ends as if it
/// had not asked.
pub(crate) const UNATTENDED: &str = "x-khue-unattended";

/// Whoever is signed in, also before a password of their own is chosen.
pub(crate) struct Person {
    pub(crate) sign_in: SignIn,
    pub(crate) user: User,
    /// The name of the API token, where it is a program that asks for this person.
    pub(crate) token: Option<String>,
    /// Where the request came from.
    pub(crate) address: IpAddr,
}

/// Whoever typed the right password, and may still owe a code.
pub(crate) struct AtTheDoor(pub(crate) Person);

/// Whoever is signed in, has a password of their own and the second factor that is
/// asked of them.
pub(crate) struct Somebody(pub(crate) Person);

/// The same, who proved who they are a short while ago.
pub(crate) struct Confirmed(pub(crate) Person);

/// Where a request came from.
pub(crate) struct Address(pub(crate) IpAddr);

impl Person {
    /// Refuses whoever must choose a password first.
    pub(crate) fn has_chosen(&self) -> Result<(), Refusal> {
        if self.sign_in.must_choose_password {
            let words = "choose a password of your own first: PUT /api/v1/session/password";
            return Err(Refusal::new(Kind::MustChoosePassword, words));
        }
        Ok(())
    }

    /// Whether a second factor is asked of this person.
    pub(crate) fn needs_second_factor(&self, state: &State) -> bool {
        state.sign_ins.config().asks(self.user.role == Role::Administrator)
    }

    /// Refuses whoever may do nothing yet but get in.
    pub(crate) fn is_in(&self, state: &State) -> Result<(), Refusal> {
        if self.sign_in.asked {
            let words = "a code is asked for first: POST /api/v1/session/second-factor";
            return Err(Refusal::new(Kind::SecondFactorAsked, words));
        }
        self.has_chosen()?;
        if self.needs_second_factor(state) && !self.sign_in.has_second_factor {
            let words = "set up a second factor first: POST /api/v1/session/second-factor/totp";
            return Err(Refusal::new(Kind::MustSetSecondFactor, words));
        }
        Ok(())
    }

    /// Refuses whoever came by the envelope for emergencies: that leaves nothing behind
    /// by which one gets in later.
    pub(crate) fn is_themselves(&self) -> Result<(), Refusal> {
        match self.sign_in.way {
            Way::Sealed => {
                let words = "the account of the envelope has nothing of its own; add a person, or \
                             give one a new password";
                Err(Refusal::new(Kind::Forbidden, words))
            }
            _ => Ok(()),
        }
    }

    /// Refuses whoever did not prove who they are for a while.
    pub(crate) fn is_confirmed(&self, state: &State) -> Result<(), Refusal> {
        if self.sign_in.is_confirmed(state.now()) {
            return Ok(());
        }
        let words = "confirm that it is you first: POST /api/v1/session/confirm";
        Err(Refusal::new(Kind::ConfirmItIsYou, words))
    }
}

impl FromRequestParts<State> for AtTheDoor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let address = Address::of(parts);
        let person = find(&parts.headers, address, state).await?.ok_or_else(signed_out)?;
        if !is_safe(&parts.method) {
            same_origin(&parts.headers, &parts.uri)?;
            let value = parts.headers.get(CSRF).and_then(|value| value.to_str().ok());
            if !value.is_some_and(|value| state.sign_ins.csrf_holds(person.sign_in.id, value)) {
                let words = format!(
                    "the header {CSRF} does not carry the value that GET /api/v1/session gives"
                );
                return Err(Refusal::new(Kind::Forged, words));
            }
        }
        Ok(Self(person))
    }
}

impl FromRequestParts<State> for Person {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let AtTheDoor(person) = AtTheDoor::from_request_parts(parts, state).await?;
        match person.sign_in.asked {
            true => person.is_in(state).map(|()| person),
            false => Ok(person),
        }
    }
}

impl FromRequestParts<State> for Somebody {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let person = match api_token(&parts.headers) {
            Some(token) => by_token(token, parts, state).await?,
            None => AtTheDoor::from_request_parts(parts, state).await?.0,
        };
        person.is_in(state)?;
        Ok(Self(person))
    }
}

impl FromRequestParts<State> for Confirmed {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let Somebody(person) = Somebody::from_request_parts(parts, state).await?;
        person.is_confirmed(state)?;
        Ok(Self(person))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Self::of(parts)))
    }
}

impl Address {
    /// Returns where a request came from. Without a peer, as when a router is called
    /// in a test, it is nobody's address.
    pub(crate) fn of(parts: &Parts) -> IpAddr {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical())
    }
}

/// Returns whom the cookie belongs to, if it still opens anything; what, is for the
/// caller to ask.
pub(crate) async fn find(
    headers: &HeaderMap,
    address: IpAddr,
    state: &State,
) -> Result<Option<Person>, Refusal> {
    let Some(cookie) = cookie(headers, COOKIE) else { return Ok(None) };
    let (now, is_somebody) = (state.now(), !headers.contains_key(UNATTENDED));
    let Some(sign_in) = state.sign_ins.find(cookie, is_somebody, now).await? else {
        return Ok(None);
    };
    let Some(user) = state.catalog.user(sign_in.user) else { return Ok(None) };
    let is_sealed = sign_in.way == Way::Sealed;
    if !is_sealed
        && now >= sign_in.seen.plus(state.sign_ins.config().idle(user.role == Role::Administrator))
    {
        state.sign_ins.sign_out(sign_in.id).await?;
        return Ok(None);
    }
    Ok(Some(Person { sign_in, user, token: None, address }))
}

/// Returns the API token that a request sends. No browser sends one by itself, so
/// there is nothing to be forged by another page.
fn api_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let is_one = scheme.eq_ignore_ascii_case("bearer") && token.starts_with(API_TOKEN_PREFIX);
    is_one.then_some(token)
}

/// Returns whom a program asks for, if its token opens this path.
async fn by_token(token: &str, parts: &Parts, state: &State) -> Result<Person, Refusal> {
    let address = Address::of(parts);
    let found = state.sign_ins.find_api_token(token, state.now()).await?;
    let found = found.and_then(|(token, sign_in)| {
        state.catalog.user(token.user).map(|user| (token, sign_in, user))
    });
    let Some((token, sign_in, user)) = found else {
        let words = "the API token is unknown, has expired or was revoked";
        return Err(Refusal::new(Kind::SignedOut, words));
    };
    let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let person = Person { sign_in, user, token: Some(token.name), address };
    let words = match scope_of(&parts.method, path) {
        Some(scope) if token.scopes.contains(&scope) => return Ok(person),
        Some(scope) => format!("the API token has no scope {}", scope.as_str()),
        None => "no API token opens this; a person signs in for it".to_owned(),
    };
    let refusal = Refusal::new(Kind::Forbidden, words);
    Err(Deed::by(state, &person, Act::ApiToken).refused(state, refusal).await)
}

/// Returns what is known of the browser that asks.
pub(crate) fn device(headers: &HeaderMap, address: IpAddr) -> Device<'_> {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    Device { address, agent: agent.unwrap_or_default() }
}

/// Returns the value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

/// Refuses what a browser says comes from another page. What says nothing is no
/// browser, and nobody's cookie is on its way with it by mistake.
pub(crate) fn same_origin(headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
    let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let host = text(header::HOST).or_else(|| uri.authority().map(|authority| authority.as_str()));
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let same = match (origin, host) {
        (Some((scheme, origin)), Some(host)) => {
            let default = if scheme == "https" { ":443" } else { ":80" };
            let bare = |host: &str| host.strip_suffix(default).unwrap_or(host).to_ascii_lowercase();
            bare(origin) == bare(host)
        }
        _ => false,
    };
    if same {
        return Ok(());
    }
    Err(Refusal::new(Kind::Forged, "the request comes from a page of another site"))
}

fn signed_out() -> Refusal {
    Refusal::new(Kind::SignedOut, "nobody is signed in")
}

/// Whether a request changes nothing, so that it needs no CSRF value.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect::<Vec<(header::HeaderName, header::HeaderValue)>>()
            .into_iter()
            .fold(HeaderMap::new(), |mut map, (name, value)| {
                map.append(name, value);
                map
            })
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers =
            headers(&[("cookie", "a=1; __Host-khueX=2"), ("cookie", "b=3;__Host-khue=xyz==; c")]);
        assert_eq!(cookie(&headers, COOKIE), Some("xyz=="));
        assert_eq!(cookie(&headers, "c"), None);
    }

    #[test]
    fn only_our_own_pages_may_ask() {
        let allowed = |pairs: &[(&'static str, &'static str)]| {
            same_origin(&headers(pairs), &Uri::from_static("/")).is_ok()
        };
        assert!(allowed(&[("host", "khue.local")]));
        assert!(allowed(&[("host", "khue.local"), ("origin", "https://khue.local")]));
        assert!(allowed(&[("host", "KHUE.local:443"), ("origin", "https://khue.local")]));
        assert!(allowed(&[("host", "localhost:8080"), ("origin", "http://localhost:8080")]));
        assert!(!allowed(&[("host", "khue.local"), ("origin", "https://evil.example")]));
        assert!(!allowed(&[("host", "khue.local"), ("origin", "https://khue.local.evil.example")]));
        assert!(!allowed(&[("host", "khue.local"), ("origin", "https://khue.local:8443")]));
        assert!(!allowed(&[("host", "khue.local"), ("origin", "null")]));
        assert!(!allowed(&[("origin", "https://khue.local")]));
        let by_uri = same_origin(
            &headers(&[("origin", "https://khue.local")]),
            &Uri::from_static("https://khue.local/api"),
        );
        assert!(by_uri.is_ok());
    }
}
