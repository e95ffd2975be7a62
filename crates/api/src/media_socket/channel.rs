//! One channel of a socket, live or past, and what it was opened with.

use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::ws::Message;
use base::{CameraId, StreamId, WallTime};
use live::{Hub, Outlet, Viewer};
use recorder::Form;
use signin::MediaAction;

use super::message::{End, Event};
use super::past::{Past, Step};
use crate::view::View;
use crate::viewing::{self, Shared};

/// One channel.
pub(crate) struct Channel {
    pub(crate) camera: CameraId,
    /// What its token must allow, and the catalog.
    pub(crate) actions: &'static [MediaAction],
    /// Of which pictures.
    pub(crate) view: View,
    /// When its token ends.
    pub(crate) until: WallTime,
    pub(crate) source: Source,
    /// Where is noted what it shows.
    pub(crate) watched: Shared,
}

/// Where its media come from.
pub(crate) enum Source {
    /// Of the present; with what it is made of, where it is wanted in a form.
    Live(Viewer, Option<MadeOf>),
    Past(Past),
}

/// The stream that one in another form is made of.
pub(crate) struct MadeOf {
    pub(crate) hub: Hub,
    pub(crate) stream: StreamId,
    pub(crate) form: Form,
}

impl MadeOf {
    /// Returns the codec before the conversion, if there is one.
    fn codec(&self) -> Option<String> {
        let params = self.hub.params(self.stream)?;
        self.form.converts(&params).then(|| params.rfc6381())
    }
}

/// What a channel has for the browser.
pub(crate) enum Next {
    Send(Vec<Message>),
    End(End),
}

impl Channel {
    /// Leaves what comes live to an outlet, once all that was there has gone to it.
    pub(super) fn offer_to(&mut self, outlet: &Arc<dyn Outlet>) {
        if let Source::Live(viewer, _) = &mut self.source {
            viewer.offer_to(outlet);
        }
    }

    /// Returns what is next for the browser.
    pub(crate) fn poll_next(&mut self, number: u32, context: &mut Context<'_>) -> Poll<Next> {
        match &mut self.source {
            Source::Live(viewer, made_of) => {
                viewer.poll_next(context).map(|message| live(number, message, made_of.as_ref()))
            }
            Source::Past(past) => past.poll_next(context).map(|step| match step {
                Step::Send(messages, seen) => {
                    seen.into_iter().for_each(|span| viewing::lock(&self.watched).saw(span));
                    Next::Send(messages)
                }
                Step::End(end) => Next::End(end),
            }),
        }
    }
}

fn live(number: u32, message: live::Message, made_of: Option<&MadeOf>) -> Next {
    Next::Send(match message {
        live::Message::State(state) => vec![Event::state(number, state)],
        live::Message::Init { channel, codec, width, height, origin, bytes } => {
            let (codec, origin_us) = (codec.as_str(), origin.0);
            let before = made_of.and_then(MadeOf::codec);
            let converted_from = before.as_deref();
            let event = Event::Init { channel, codec, width, height, origin_us, converted_from };
            vec![event.message(), Message::Binary(bytes)]
        }
        // Who has caught up takes them as they lie (`outgoing`).
        live::Message::Media(head, frame) => vec![Message::Binary([head, frame].concat().into())],
        live::Message::Dropped { frames } => {
            vec![Event::Dropped { channel: number, frames }.message()]
        }
        // The camera was removed.
        live::Message::Closed => return Next::End(End::Error),
    })
}
