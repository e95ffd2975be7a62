//! The words on the socket. Text in, values out and back; no socket here.

use axum::extract::ws::{Message, Utf8Bytes};
use base::WallTime;
use live::StateKind;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::error::Refusal;
use crate::routes::Role;

/// What a browser asks.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Op {
    /// Open a live channel of the token's camera.
    Live {
        #[serde(rename = "ref")]
        reference: String,
        token: String,
        role: Role,
        /// What it is wanted as, converted if it is not that already.
        #[serde(default)]
        form: Option<Form>,
    },
    /// Open a past channel of it.
    Past {
        #[serde(rename = "ref")]
        reference: String,
        token: String,
        role: Role,
        #[serde(default)]
        form: Option<Form>,
        from_us: i64,
        credit: u32,
    },
    /// Let more fragments of a past channel come.
    Credit { channel: u32, fragments: u32 },
    /// A fresh token for a channel.
    Renew { channel: u32, token: String },
    /// Close a channel.
    Stop { channel: u32 },
    /// Measure the way, and the server's clock.
    Ping { sent: Number },
}

/// What media may be asked for as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// Pictures that every browser plays.
    H264,
    /// Sound that every browser plays.
    Aac,
}

impl Form {
    /// Returns the form of a stream of this role, if it can be asked for as that.
    pub(crate) fn of(self, role: Role) -> Result<recorder::Form, Refusal> {
        match (self, role) {
            (Self::H264, Role::Main | Role::Sub) => Ok(recorder::Form::H264),
            (Self::Aac, Role::Sound) => Ok(recorder::Form::Aac),
            (Self::H264, Role::Sound) => {
                Err(Refusal::invalid("form", "sound can be asked for as \"aac\" alone"))
            }
            (Self::Aac, _) => {
                Err(Refusal::invalid("form", "pictures can be asked for as \"h264\" alone"))
            }
        }
    }
}

/// What a browser is told.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Event<'a> {
    Opened {
        #[serde(rename = "ref")]
        reference: &'a str,
        channel: u32,
    },
    Init {
        channel: u32,
        codec: &'a str,
        width: u32,
        height: u32,
        origin_us: i64,
        /// What it was made of, where it was converted.
        converted_from: Option<&'a str>,
    },
    State {
        channel: u32,
        state: &'static str,
        since_us: i64,
        reason: Option<&'static str>,
    },
    Gap {
        channel: u32,
        from_us: i64,
        to_us: i64,
        reason: &'static str,
    },
    Dropped {
        channel: u32,
        frames: u64,
    },
    End {
        channel: u32,
        reason: End,
    },
    Refused {
        #[serde(rename = "ref")]
        reference: Option<&'a str>,
        channel: Option<u32>,
        code: &'static str,
        message: &'a str,
    },
    Pong {
        sent: Number,
        now_us: i64,
    },
}

/// Why a channel is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// The past has reached the present.
    CaughtUp,
    /// It was asked for, or what the token opens is over.
    Stopped,
    /// The token's time is over.
    Expired,
    /// It is allowed no longer.
    Revoked,
    /// The camera is no more, or the disk failed.
    Error,
    /// It cannot be converted: `no_worker`, `busy`, `unsupported`, `worker`.
    #[serde(untagged)]
    Unconverted(&'static str),
}

/// What an op was about, to say what was refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum About<'a> {
    Nothing,
    Reference(&'a str),
    Channel(u32),
}

impl Op {
    /// Reads an op.
    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        serde_json::from_str(text).map_err(|error| {
            Refusal::new(
                crate::error::Kind::Invalid,
                format!("the message cannot be read: {error}"),
            )
        })
    }
}

impl Event<'_> {
    /// Writes it as a message.
    pub(crate) fn message(&self) -> Message {
        // Strings and numbers only: nothing in it could fail to be written.
        let text = serde_json::to_string(self).unwrap_or_default();
        Message::Text(Utf8Bytes::from(text))
    }

    /// Says that an op was refused.
    pub(crate) fn refused(about: About<'_>, refusal: &Refusal) -> Message {
        let (reference, channel) = match about {
            About::Nothing => (None, None),
            About::Reference(reference) => (Some(reference), None),
            About::Channel(channel) => (None, Some(channel)),
        };
        let (code, message) = (refusal.code(), refusal.message());
        Event::Refused { reference, channel, code, message }.message()
    }

    /// Says how a live stream is.
    pub(crate) fn state(channel: u32, state: live::State) -> Message {
        let WallTime(since_us) = state.since;
        let reason = state.reason;
        let state = match state.kind {
            StateKind::Connecting => "connecting",
            StateKind::Live => "live",
            StateKind::NoData => "no_data",
        };
        Event::State { channel, state, since_us, reason }.message()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_op_of_the_contract_is_read() {
        let read = |text| Op::read(text).unwrap();
        assert_eq!(
            read(r#"{"op":"live","ref":"a1","token":"T","role":"main"}"#),
            Op::Live { reference: "a1".into(), token: "T".into(), role: Role::Main, form: None }
        );
        assert_eq!(
            read(r#"{"op":"live","ref":"a1","token":"T","role":"sound","form":"aac"}"#),
            Op::Live {
                reference: "a1".into(),
                token: "T".into(),
                role: Role::Sound,
                form: Some(Form::Aac)
            }
        );
        assert_eq!(
            read(r#"{"op":"past","ref":"a2","token":"T","role":"sub","from_us":7,"credit":3}"#),
            Op::Past {
                reference: "a2".into(),
                token: "T".into(),
                role: Role::Sub,
                form: None,
                from_us: 7,
                credit: 3
            }
        );
        assert_eq!(
            read(r#"{"op":"credit","channel":4294967295,"fragments":4}"#),
            Op::Credit { channel: u32::MAX, fragments: 4 }
        );
        assert_eq!(
            read(r#"{"op":"renew","channel":1,"token":"T"}"#),
            Op::Renew { channel: 1, token: "T".into() }
        );
        assert_eq!(read(r#"{"op":"stop","channel":1}"#), Op::Stop { channel: 1 });
        assert!(matches!(read(r#"{"op":"ping","sent":1.5e15}"#), Op::Ping { .. }));
    }

    #[test]
    fn pictures_are_asked_for_as_pictures_and_sound_as_sound() {
        assert_eq!(Form::H264.of(Role::Sub).ok(), Some(recorder::Form::H264));
        assert_eq!(Form::Aac.of(Role::Sound).ok(), Some(recorder::Form::Aac));
        assert_eq!(Form::Aac.of(Role::Main).unwrap_err().code(), "invalid");
        assert_eq!(Form::H264.of(Role::Sound).unwrap_err().code(), "invalid");
    }

    #[test]
    fn what_is_none_is_refused_with_what_is_wrong() {
        let refused = |text| Op::read(text).unwrap_err();
        assert_eq!(refused("{").code(), "invalid");
        let words = refused(r#"{"op":"fly"}"#).message().to_owned();
        assert!(words.starts_with("the message cannot be read: unknown variant `fly`"), "{words}");
        let words = refused(r#"{"op":"stop","channel":-1}"#).message().to_owned();
        assert!(words.contains("expected u32"), "{words}");
    }

    #[test]
    fn events_are_written_as_the_contract_has_them() {
        let text = |event: Event<'_>| match event.message() {
            Message::Text(text) => text.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            text(Event::Opened { reference: "a1", channel: 3 }),
            r#"{"type":"opened","ref":"a1","channel":3}"#
        );
        assert_eq!(
            text(Event::End { channel: 3, reason: End::CaughtUp }),
            r#"{"type":"end","channel":3,"reason":"caught_up"}"#
        );
        assert_eq!(
            text(Event::State { channel: 3, state: "no_data", since_us: 5, reason: None }),
            r#"{"type":"state","channel":3,"state":"no_data","since_us":5,"reason":null}"#
        );
    }
}
