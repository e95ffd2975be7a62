//! What a request brings, and the one form in which it is refused.
//!
//! The framework's own extractors answer in words of their own; these answer in
//! the error form, with status and code of `error.rs`.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Json, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::{Kind, Refusal};

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

/// The part of the path in braces: one of our ids.
pub(crate) struct Id<T>(pub(crate) T);

/// What stands behind the question mark.
pub(crate) struct Asked<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(refused_body(&rejection)),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Id<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        // Whatever is no id is the id of nothing.
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| unknown_path())
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(asked)| Self(asked)).map_err(|rejection| {
            let words = rejection.body_text();
            let cause =
                words.rsplit_once("query string: ").map_or(words.as_str(), |(_, cause)| cause);
            Refusal::new(Kind::Invalid, format!("the query cannot be read: {cause}"))
        })
    }
}

/// What is not there.
pub(crate) fn unknown_path() -> Refusal {
    Refusal::not_found("page or thing")
}

fn refused_body(rejection: &JsonRejection) -> Refusal {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Refusal::new(Kind::TooLarge, "the body is larger than 64 KiB");
    }
    if let JsonRejection::MissingJsonContentType(_) = rejection {
        return Refusal::new(
            Kind::WrongMediaType,
            "the body is not said to be JSON; send content-type: application/json",
        );
    }
    let words = rejection.body_text();
    // "Failed to deserialize the JSON body into the target type: missing field …"
    let cause = words.split_once(": ").map_or(words.as_str(), |(_, cause)| cause);
    Refusal::new(Kind::Invalid, format!("the body cannot be read: {cause}"))
}
