//! The one form in which the API refuses, and the one table of kinds.
//!
//! ```json
//! {"code": "locked_out", "message": "too many wrong attempts; try again in 5 s", "retry_after_s": 5}
//! ```
//!
//! A client chooses its words by `code`; `message` is for whoever reads a log or
//! writes a program. What went wrong inside is logged here and not told.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ingest::FaultKind;
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) kind: Kind,
    message: String,
    field: Option<&'static str>,
    retry_after_s: Option<u64>,
}

/// The form of every refusal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorForm {
    /// What is wrong, for programs.
    code: &'static str,
    /// What is wrong, in words.
    message: String,
    /// The field it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    /// When to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
}

/// The kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Invalid,
    WrongPassword,
    WeakPassword,
    SignedOut,
    WrongSignIn,
    MustChoosePassword,
    SecondFactorAsked,
    MustSetSecondFactor,
    ConfirmItIsYou,
    /// The rules ask for the number of a case.
    CaseAsked,
    /// The rules ask for a second person's yes.
    ApprovalAsked,
    /// Something of theirs is to be reviewed first.
    ReviewDue,
    WrongCode,
    WrongPasskey,
    Forbidden,
    Forged,
    NotFound,
    MethodNotAllowed,
    Unsupported,
    Taken,
    InUse,
    TooLarge,
    WrongMediaType,
    Camera(FaultKind),
    Device(onvif::FaultKind),
    LockedOut,
    Expired,
    NothingRecorded,
    /// As [`Kind::NothingRecorded`], where one moment was asked for.
    NothingAt,
    Unreadable,
    Busy,
    NoWorker,
    Broken,
}

impl Kind {
    /// The table.
    pub(crate) fn row(self) -> (StatusCode, &'static str) {
        match self {
            Self::Invalid => (StatusCode::BAD_REQUEST, "invalid"),
            Self::WrongPassword => (StatusCode::BAD_REQUEST, "wrong_password"),
            Self::WeakPassword => (StatusCode::BAD_REQUEST, "weak_password"),
            Self::SignedOut => (StatusCode::UNAUTHORIZED, "signed_out"),
            Self::WrongSignIn => (StatusCode::UNAUTHORIZED, "wrong_sign_in"),
            Self::MustChoosePassword => (StatusCode::FORBIDDEN, "must_choose_password"),
            Self::SecondFactorAsked => (StatusCode::FORBIDDEN, "second_factor_asked"),
            Self::MustSetSecondFactor => (StatusCode::FORBIDDEN, "must_set_second_factor"),
            Self::ConfirmItIsYou => (StatusCode::FORBIDDEN, "confirm_it_is_you"),
            Self::CaseAsked => (StatusCode::BAD_REQUEST, "case_asked"),
            Self::ApprovalAsked => (StatusCode::FORBIDDEN, "approval_asked"),
            Self::ReviewDue => (StatusCode::FORBIDDEN, "review_due"),
            Self::WrongCode => (StatusCode::BAD_REQUEST, "wrong_code"),
            Self::WrongPasskey => (StatusCode::BAD_REQUEST, "wrong_passkey"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Self::Forged => (StatusCode::FORBIDDEN, "forged"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Unsupported => (StatusCode::NOT_ACCEPTABLE, "unsupported"),
            Self::Taken => (StatusCode::CONFLICT, "taken"),
            Self::InUse => (StatusCode::CONFLICT, "in_use"),
            Self::NothingRecorded => (StatusCode::CONFLICT, "nothing_recorded"),
            Self::NothingAt => (StatusCode::NOT_FOUND, "nothing_recorded"),
            Self::Unreadable => (StatusCode::CONFLICT, "unreadable"),
            Self::Expired => (StatusCode::GONE, "expired"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::WrongMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong_media_type"),
            Self::Camera(fault) => (StatusCode::UNPROCESSABLE_ENTITY, fault.as_str()),
            Self::Device(fault) => (StatusCode::UNPROCESSABLE_ENTITY, fault.as_str()),
            Self::LockedOut => (StatusCode::TOO_MANY_REQUESTS, "locked_out"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::NoWorker => (StatusCode::SERVICE_UNAVAILABLE, "no_worker"),
            Self::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "broken"),
        }
    }
}

impl Refusal {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), field: None, retry_after_s: None }
    }

    /// A value that cannot be taken, with the field it stands in.
    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self { field: Some(field), ..Self::new(Kind::Invalid, message) }
    }

    /// There is no such thing, or this person may not know that there is.
    pub(crate) fn not_found(what: &'static str) -> Self {
        Self::new(Kind::NotFound, format!("there is no such {what}"))
    }

    /// The same, with the field it is about.
    pub(crate) fn about(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }

    /// Something failed that is not the asker's doing; it is logged here.
    pub(crate) fn broken(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(Kind::Broken, "the server failed; its log says how")
    }

    pub(crate) fn code(&self) -> &'static str {
        self.kind.row().1
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code) = self.kind.row();
        let Self { message, field, retry_after_s, .. } = self;
        let form = ErrorForm { code, message, field, retry_after_s };
        let mut response = (status, Json(form)).into_response();
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<catalog::Error> for Refusal {
    fn from(error: catalog::Error) -> Self {
        let message = error.to_string();
        match error {
            catalog::Error::Invalid { field, .. } => Self::invalid(field, message),
            catalog::Error::Taken { field, .. } => {
                Self { field: Some(field), ..Self::new(Kind::Taken, message) }
            }
            catalog::Error::InUse { field, .. } => Self::new(Kind::InUse, message).about(field),
            catalog::Error::NotFound(_) => Self::new(Kind::NotFound, message),
            catalog::Error::Unseal { .. }
            | catalog::Error::Broken { .. }
            | catalog::Error::Database(_) => Self::broken(message),
        }
    }
}

impl From<signin::Error> for Refusal {
    fn from(error: signin::Error) -> Self {
        let message = error.to_string();
        match error {
            signin::Error::WrongSignIn => Self::new(Kind::WrongSignIn, message),
            signin::Error::LockedOut { retry_after } => Self {
                retry_after_s: Some(retry_after.as_secs()),
                ..Self::new(Kind::LockedOut, message)
            },
            signin::Error::WrongCurrent => {
                Self { field: Some("current"), ..Self::new(Kind::WrongPassword, message) }
            }
            signin::Error::WrongCode => Self::new(Kind::WrongCode, message).about("code"),
            signin::Error::Passkey(_) => Self::new(Kind::WrongPasskey, message),
            signin::Error::TooLate => Self::new(Kind::Expired, message),
            signin::Error::Weak(_) => {
                Self { field: Some("new"), ..Self::new(Kind::WeakPassword, message) }
            }
            signin::Error::Hash(_) | signin::Error::Breached(_) | signin::Error::Database(_) => {
                Self::broken(message)
            }
        }
    }
}

impl From<casework::Error> for Refusal {
    fn from(error: casework::Error) -> Self {
        let message = error.to_string();
        match error {
            casework::Error::Invalid { field, .. } => Self::invalid(field, message),
            casework::Error::NotFound(_) => Self::new(Kind::NotFound, message),
            casework::Error::Taken(_) => Self::new(Kind::Taken, message),
            casework::Error::Broken(_)
            | casework::Error::BrokenRow(..)
            | casework::Error::Database(_) => Self::broken(message),
        }
    }
}

impl From<recorder::Error> for Refusal {
    fn from(error: recorder::Error) -> Self {
        Self::broken(error)
    }
}

impl From<decode::Error> for Refusal {
    fn from(error: decode::Error) -> Self {
        match error {
            decode::Error::NotInstalled { .. } => {
                let words = "khue-decode is not installed on the server, so pictures and sound \
                             cannot be converted there; install it beside khue";
                Self::new(Kind::NoWorker, words)
            }
            decode::Error::Busy { .. } => Self::new(Kind::Busy, error.to_string()),
            decode::Error::Refused { .. } => Self::new(Kind::Unsupported, error.to_string()),
            decode::Error::Crashed { .. } | decode::Error::TimedOut { .. } => Self::broken(error),
        }
    }
}

impl From<signin::TokenFault> for Refusal {
    fn from(fault: signin::TokenFault) -> Self {
        let kind = match fault {
            signin::TokenFault::Forged => Kind::Forged,
            signin::TokenFault::Expired => Kind::Expired,
        };
        Self::new(kind, fault.to_string())
    }
}

impl From<ingest::Fault> for Refusal {
    fn from(fault: ingest::Fault) -> Self {
        let field = match fault.kind {
            FaultKind::WrongCredentials => "password",
            _ => "url",
        };
        Self { field: Some(field), ..Self::new(Kind::Camera(fault.kind), fault.to_string()) }
    }
}

impl From<onvif::Fault> for Refusal {
    fn from(fault: onvif::Fault) -> Self {
        let field = match fault.kind {
            onvif::FaultKind::WrongCredentials => "password",
            _ => "url",
        };
        Self { field: Some(field), ..Self::new(Kind::Device(fault.kind), fault.to_string()) }
    }
}

impl From<store::StoreError> for Refusal {
    fn from(error: store::StoreError) -> Self {
        match error {
            store::StoreError::NothingRecorded { .. } => {
                Self::new(Kind::NothingRecorded, error.to_string())
            }
            // Which file it is, is for the log and not for the browser.
            store::StoreError::Unreadable { .. } => {
                tracing::error!(%error, "a recording cannot be read");
                let words = "a part of this recording cannot be read; choose a span without it";
                Self::new(Kind::Unreadable, words)
            }
            _ => Self::broken(error),
        }
    }
}
