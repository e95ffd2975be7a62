//! What a provider says of somebody: whether it was the provider who said it, to us,
//! now, and in answer to what we asked. Pure: keys and the time come in.

use base::WallTime;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

/// How far a provider's clock may be off, in seconds.
const OFF: i64 = 60;

/// What it may be signed by. None of those where one key both signs and verifies,
/// which whoever fetches the public keys could sign by.
const SIGNED_BY: [Algorithm; 8] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What was asked, and of whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
}

/// Why it is not believed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is signed by a key that is not among these: there may be newer ones.
    UnknownKey,
    /// It says something else than it should.
    Wrong(String),
}

/// Reads the keys of a provider; those that we cannot use are passed over.
pub(crate) fn keys(bytes: &[u8]) -> Result<Vec<Jwk>, String> {
    let set: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let keys = set["keys"].as_array().ok_or("the provider's keys are no list")?;
    let usable = keys.iter().filter_map(|key| serde_json::from_value(key.clone()).ok());
    Ok(usable
        .filter(|key: &Jwk| {
            matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature))
        })
        .collect())
}

/// Returns what an ID token says, if all of it holds (OpenID Connect Core, 3.1.3.7).
pub(crate) fn verified(
    token: &str,
    keys: &[Jwk],
    asked: Asked<'_>,
    now: WallTime,
) -> Result<Map<String, Value>, Fault> {
    let wrong = |why: &str| Fault::Wrong(why.to_owned());
    let header = jsonwebtoken::decode_header(token).map_err(|error| wrong(&error.to_string()))?;
    if !SIGNED_BY.contains(&header.alg) {
        return Err(Fault::Wrong(format!("it is signed by {:?}, which is not taken", header.alg)));
    }
    let key = match &header.kid {
        Some(kid) => keys.iter().find(|key| key.common.key_id.as_ref() == Some(kid)),
        // With one key there is nothing to be named.
        None if keys.len() == 1 => keys.first(),
        None => None,
    };
    let key = key.ok_or(Fault::UnknownKey)?;
    let key = DecodingKey::from_jwk(key).map_err(|error| wrong(&error.to_string()))?;
    let mut validation = Validation::new(header.alg);
    // By the time that comes in, below.
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["iss", "aud", "sub"]);
    validation.set_issuer(&[asked.issuer]);
    validation.set_audience(&[asked.client_id]);
    let data = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation);
    let claims = data.map_err(|error| wrong(&error.to_string()))?.claims;

    // The library takes a list of issuers; of one provider there is one.
    if claims.get("iss").and_then(Value::as_str) != Some(asked.issuer) {
        return Err(wrong("its issuer is another"));
    }
    let seconds = now.0.div_euclid(1_000_000);
    let moment = |name: &str| claims.get(name).and_then(Value::as_f64).map(|at| at as i64);
    if moment("exp").is_none_or(|end| seconds >= end + OFF) {
        return Err(wrong("it is over; if the clocks differ, set them right"));
    }
    if moment("iat").is_none_or(|made| made > seconds + OFF)
        || moment("nbf").is_some_and(|from| from > seconds + OFF)
    {
        return Err(wrong("it is from the future; set the clocks right"));
    }
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if !text("nonce").is_some_and(|nonce| crate::same(nonce, asked.nonce)) {
        return Err(wrong("it answers another question"));
    }
    let for_many = claims.get("aud").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
    let party = text("azp");
    if (for_many && party.is_none()) || party.is_some_and(|party| party != asked.client_id) {
        return Err(wrong("it was made for another program"));
    }
    if text("sub").is_none_or(|subject| subject.is_empty() || subject.len() > 255) {
        return Err(wrong("it does not say of whom it speaks"));
    }
    Ok(claims)
}
