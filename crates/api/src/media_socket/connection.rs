//! The task that owns a socket.
//!
//! It reads its channels and sends what they have. Once a live one has nothing more it
//! leaves the socket itself with its stream (`outgoing`), where the camera's frames go
//! out on the thread that reads them, and the task sleeps.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::ops::Bound;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use audit::Act;
use axum::extract::ws::{CloseFrame, Message};
use base::{Span, WallTime};
use catalog::{Action, Camera, Wish};
use live::Outlet;
use signin::{MediaAction, MediaToken};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::beneath::Beneath;
use super::channel::{Channel, MadeOf, Next, Source};
use super::ear::{self, Word};
use super::message::{About, End, Event, Form, Op};
use super::outgoing::{Gone, Outgoing};
use super::past::Past;
use crate::app::State;
use crate::converted::Converted;
use crate::deed::{self, Deed};
use crate::error::{Kind, Refusal};
use crate::person::Person;
use crate::presence::Held;
use crate::right;
use crate::routes::{Role, moment};
use crate::view::View;
use crate::viewing::{self, Look, Looks, Shared, Viewing};

/// How many channels a socket may have: the largest wall, and the decks beside it.
const MOST_CHANNELS: usize = 128;

/// How many of them may be past: each holds a file open and reads ahead.
const MOST_PAST: usize = 32;

/// Past channels count from here; live ones have the stream's number, from 1.
const FIRST_PAST: u32 = 1 << 31;

/// How long a socket may take nothing.
const STUCK: Duration = Duration::from_secs(30);

/// How often the catalog is asked again though nothing changed: hours of the day end
/// rights, too.
const DECIDE: Duration = Duration::from_secs(4);

/// How many messages go out in one batch.
const BATCH: usize = 64;

/// How many bytes go out in one batch, or little more.
const BATCH_BYTES: usize = 1 << 20;

struct Connection {
    state: State,
    person: Person,
    out: Arc<Outgoing>,
    /// The same, as its live channels know it.
    outlet: Arc<dyn Outlet>,
    channels: Channels,
    /// Past channels opened so far.
    past: u32,
    looks: Looks,
    told: Instant,
    decided: Instant,
    /// What comes from the browser, and what else is to be known.
    words: mpsc::Receiver<Word>,
}

/// The channels, asked in turn.
#[derive(Default)]
struct Channels {
    open: BTreeMap<u32, Channel>,
    /// Which one spoke last.
    last: u32,
}

/// Why the task ends.
enum Over {
    /// The browser is gone, or takes nothing.
    Gone,
    /// The person may be here no longer.
    Revoked,
}

impl From<Gone> for Over {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// Serves a socket to its end.
pub(super) async fn run(state: State, person: Person, io: Beneath) {
    tracing::debug!(user = person.user.name, "a media socket was opened");
    let signed_in = Held::new(&state, person.sign_in.id);
    let out = Outgoing::new(io);
    let mut connection = Connection {
        words: ear::listen(&state, signed_in, out.incoming()).await,
        state,
        person,
        outlet: out.clone(),
        out,
        channels: Channels::default(),
        past: 0,
        looks: Looks::default(),
        told: Instant::now(),
        decided: Instant::now(),
    };
    if let Over::Revoked = connection.serve().await {
        connection.close_revoked().await;
    }
    tracing::debug!(user = connection.person.user.name, "a media socket was closed");
}

impl Channels {
    /// Tells what was seen of recordings so far: what plays through without a seek is
    /// told as well, however long.
    fn tell(&self) {
        for channel in self.open.values() {
            viewing::lock(&channel.watched).so_far();
        }
    }
}

impl Connection {
    async fn serve(&mut self) -> Over {
        loop {
            let done = tokio::select! {
                // What ends a right comes first, however much there is to be seen.
                biased;
                word = self.words.recv() => match word {
                    Some(Word::Said(text)) => self.hear(&text).await,
                    Some(Word::Changed) => {
                        self.looks.forget();
                        self.decide_again().await
                    }
                    Some(Word::Tick) => self.tick().await,
                    Some(Word::Revoked) => return Over::Revoked,
                    Some(Word::Gone) | None => return Over::Gone,
                },
                Gone = self.out.pumped() => return Over::Gone,
                batch = self.channels.next(&self.outlet) => self.send(batch).await,
            };
            if let Err(over) = done {
                return over;
            }
        }
    }

    /// Does what is due by now.
    async fn tick(&mut self) -> Result<(), Over> {
        if self.out.waits() > STUCK {
            return Err(self.stuck());
        }
        if self.told.elapsed() >= viewing::TELL {
            self.told = Instant::now();
            self.looks.forget_old(self.state.now());
            self.channels.tell();
        }
        self.expire().await?;
        if self.decided.elapsed() >= DECIDE {
            self.decided = Instant::now();
            return self.decide_again().await;
        }
        Ok(())
    }

    /// Does what a browser asks.
    async fn hear(&mut self, text: &str) -> Result<(), Over> {
        let op = match Op::read(text) {
            Ok(op) => op,
            Err(refusal) => return self.send([Event::refused(About::Nothing, &refusal)]).await,
        };
        let answer = match op {
            Op::Live { reference, token, role, form } => {
                let opened = self.open_live(&token, role, form).await;
                opened_or_refused(&reference, opened)
            }
            Op::Past { reference, token, role, form, from_us, credit } => {
                let opened = self.open_past(&token, role, form, from_us, credit).await;
                opened_or_refused(&reference, opened)
            }
            Op::Credit { channel, fragments } => {
                if let Some(Source::Past(past)) = self.channels.source(channel) {
                    past.credit(fragments);
                }
                // One that has ended a moment ago is paid for in vain.
                return Ok(());
            }
            Op::Renew { channel, token } => match self.renew(channel, &token) {
                Ok(()) => return Ok(()),
                Err(refusal) => Event::refused(About::Channel(channel), &refusal),
            },
            Op::Stop { channel } => match self.channels.open.remove(&channel) {
                Some(_) => Event::End { channel, reason: End::Stopped }.message(),
                None => return Ok(()),
            },
            Op::Ping { sent } => Event::Pong { sent, now_us: self.state.now().0 }.message(),
        };
        self.send([answer]).await
    }

    async fn open_live(
        &mut self,
        token: &str,
        role: Role,
        form: Option<Form>,
    ) -> Result<u32, Refusal> {
        let (actions, view) = (needed(MediaAction::Live, role), View::live(role));
        let (token, camera) = self.admit_noted(token, actions, Act::Live).await?;
        let stream = role.stream(&camera)?;
        self.shows_noted(&token, actions, view, Act::Live).await?;
        let form = form.map(|form| form.of(role)).transpose()?;
        let viewer = match form {
            Some(form) => self.state.converter.subscribe(stream, form)?,
            None => self.state.hub.subscribe(stream),
        };
        let channel = viewer.channel();
        if !self.channels.open.contains_key(&channel) {
            self.room(MOST_CHANNELS, |_| true)?;
        }
        let deed = self.deed(Act::Live).with(&camera).for_case(&token);
        let deed = self.allowed(deed, &token, Action::Live).detail("role", role.as_str());
        let deed = deed.detail("way", "mse");
        deed.clone().done(&self.state).await?;
        let watched = Viewing::live(&self.state.audit, &self.state.clock, &deed);
        tracing::info!(user = self.person.user.name, camera = camera.number, role = ?role, "live opened");
        // A stream is one channel of a socket; asked for again, it begins again.
        let made_of = form.map(|form| MadeOf { hub: self.state.hub.clone(), stream, form });
        let source = Source::Live(viewer, made_of);
        self.open(channel, actions, view, &token, source, Arc::new(Mutex::new(watched)));
        Ok(channel)
    }

    async fn open_past(
        &mut self,
        token: &str,
        role: Role,
        form: Option<Form>,
        from_us: i64,
        credit: u32,
    ) -> Result<u32, Refusal> {
        let actions = needed(MediaAction::Playback, role);
        let (token, camera) = self.admit_noted(token, actions, Act::Playback).await?;
        let (stream, from) = (role.stream(&camera)?, moment("from_us", from_us)?);
        if token.window.is_some_and(|window| !window.contains(from)) {
            let words = "the media token does not open this moment; ask for one that does";
            return Err(Refusal::invalid("from_us", words));
        }
        let deed = self.deed(Act::Playback).with(&camera).for_case(&token);
        deed::case(&self.state, deed, Wish::Playback(from), token.case.as_deref()).await?;
        let view = View::past(role, from, self.state.now());
        self.shows_noted(&token, actions, view, Act::Playback).await?;
        self.room(MOST_CHANNELS, |_| true)?;
        self.room(MOST_PAST, |channel| matches!(channel.source, Source::Past(_)))?;
        let watched = self.look(&token, &camera, role, from).await?;
        self.past += 1;
        let channel = FIRST_PAST | self.past;
        tracing::info!(
            user = self.person.user.name, camera = camera.number, role = ?role, %from,
            purpose = token.purpose.as_deref().unwrap_or_default(), "playback opened"
        );
        let reader = self.state.store.read(stream, from);
        let window: Option<Span> = token.window;
        let form = form.map(|form| form.of(role)).transpose()?;
        let converted =
            form.map(|form| Converted::new(self.state.converter.decoder().clone(), form));
        let source = Source::Past(Past::open(channel, reader, converted, window, credit));
        self.open(channel, actions, view, &token, source, watched);
        Ok(channel)
    }

    /// Returns where is noted what is seen of a recording, once its opening has an
    /// entry: seeks of the next minutes go without one of their own.
    async fn look(
        &mut self,
        token: &MediaToken,
        camera: &Camera,
        role: Role,
        from: WallTime,
    ) -> Result<Shared, Refusal> {
        let (purpose, case) = (token.purpose.clone(), token.case.clone());
        let look = Look { camera: camera.id, role, purpose, case };
        if let Some(watched) = self.looks.again(&look, self.state.now()) {
            return Ok(watched);
        }
        let deed = self.deed(Act::Playback).with(camera).for_case(token);
        let deed = self.allowed(deed, token, Action::Playback);
        let deed = deed.detail("role", role.as_str()).detail("from", from);
        deed.clone().done(&self.state).await?;
        let watched = Viewing::past(&self.state, &deed);
        Ok(self.looks.opened(look, watched, self.state.now()))
    }

    fn renew(&mut self, channel: u32, token: &str) -> Result<(), Refusal> {
        let there = self.channels.open.get(&channel);
        let there = there.ok_or_else(|| Refusal::not_found("channel"))?;
        let (camera, actions) = (there.camera, there.actions);
        let (token, _) = self.admit(token, actions)?;
        if token.camera != camera {
            return Err(right::other_camera());
        }
        if let Some(there) = self.channels.open.get_mut(&channel) {
            there.until = there.until.max(token.until);
        }
        Ok(())
    }

    /// Returns what a token opens, if it is this person's and the catalog agrees still.
    fn admit(
        &self,
        token: &str,
        actions: &[MediaAction],
    ) -> Result<(MediaToken, Arc<Camera>), Refusal> {
        right::admit(&self.state, &self.person.user, self.person.sign_in.id, token, actions)
    }

    /// The same, and whoever tried in vain has an entry.
    async fn admit_noted(
        &self,
        token: &str,
        actions: &[MediaAction],
        act: Act,
    ) -> Result<(MediaToken, Arc<Camera>), Refusal> {
        match self.admit(token, actions) {
            Ok(admitted) => Ok(admitted),
            Err(refusal) => Err(self.deed(act).refused(&self.state, refusal).await),
        }
    }

    /// Refuses pictures that are not shown; whoever tried in vain has an entry.
    async fn shows_noted(
        &self,
        token: &MediaToken,
        actions: &[MediaAction],
        view: View,
        act: Act,
    ) -> Result<(), Refusal> {
        match right::shows(&self.state, &self.person.user, token, actions, view) {
            Ok(()) => Ok(()),
            Err(refusal) => {
                let deed = self.deed(act).with_id("camera", token.camera.0);
                Err(deed.refused(&self.state, refusal).await)
            }
        }
    }

    fn allowed(&self, deed: Deed, token: &MediaToken, action: Action) -> Deed {
        let (catalog, now) = (&self.state.catalog, self.state.now());
        deed.allowed(catalog, &self.person.user, token.camera, action, now)
    }

    fn deed(&self, act: Act) -> Deed {
        Deed::by(&self.state, &self.person, act)
    }

    fn room(&self, most: usize, of: impl Fn(&Channel) -> bool) -> Result<(), Refusal> {
        if self.channels.open.values().filter(|channel| of(channel)).count() < most {
            return Ok(());
        }
        let words = format!("a socket has {most} such channels at most; stop one first");
        Err(Refusal::new(Kind::Busy, words))
    }

    fn open(
        &mut self,
        number: u32,
        actions: &'static [MediaAction],
        view: View,
        token: &MediaToken,
        source: Source,
        watched: Shared,
    ) {
        let (camera, until) = (token.camera, token.until);
        let channel = Channel { camera, actions, view, until, source, watched };
        self.channels.open.insert(number, channel);
    }

    /// Ends the channels whose token is over.
    async fn expire(&mut self) -> Result<(), Over> {
        let now: WallTime = self.state.now();
        self.end(End::Expired, |channel| now >= channel.until).await
    }

    /// Asks the catalog again for each channel: it has changed.
    async fn decide_again(&mut self) -> Result<(), Over> {
        let Some(user) = self.state.catalog.user(self.person.user.id) else {
            return Err(Over::Revoked);
        };
        self.person.user = user;
        let (state, user) = (self.state.clone(), self.person.user.clone());
        let denied = move |channel: &Channel| {
            right::may_view(&state, &user, channel.camera, channel.actions, channel.view).is_err()
        };
        self.end(End::Revoked, denied).await
    }

    async fn end(&mut self, reason: End, which: impl Fn(&Channel) -> bool) -> Result<(), Over> {
        let over = self.channels.open.extract_if(.., |_, channel| which(channel));
        let numbers: Vec<u32> = over.map(|(number, _)| number).collect();
        if numbers.is_empty() {
            return Ok(());
        }
        let ends = numbers.into_iter().map(|channel| Event::End { channel, reason }.message());
        self.send(ends.collect::<Vec<_>>()).await
    }

    async fn send(&mut self, messages: impl IntoIterator<Item = Message>) -> Result<(), Over> {
        self.out.put(messages);
        match timeout(STUCK, self.out.flushed()).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(self.stuck()),
        }
    }

    fn stuck(&self) -> Over {
        tracing::info!(user = self.person.user.name, "a media socket took nothing for 30 s");
        Over::Gone
    }

    /// Says farewell to who may be here no longer.
    async fn close_revoked(&mut self) {
        if self.end(End::Revoked, |_| true).await.is_err() {
            return;
        }
        // 1008: the policy does not allow it (RFC 6455 §7.4.1).
        let close = CloseFrame { code: 1008, reason: "revoked".into() };
        if self.send([Message::Close(Some(close))]).await.is_err() {
            tracing::debug!("a revoked socket was gone already");
        }
    }
}

impl Channels {
    /// Waits until a channel has something that `outlet` does not take by itself; returns
    /// that and what others have ready, up to a batch. May be dropped; nothing is lost.
    ///
    /// To be asked for when what was returned before has gone to the outlet.
    async fn next(&mut self, outlet: &Arc<dyn Outlet>) -> Vec<Message> {
        poll_fn(|context| {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while batch.len() < BATCH && bytes < BATCH_BYTES {
                let Poll::Ready((channel, next)) = self.poll_next(context) else { break };
                let more = self.messages(channel, next);
                bytes += len(&more);
                batch.extend(more);
            }
            if !batch.is_empty() {
                return Poll::Ready(batch);
            }
            self.open.values_mut().for_each(|channel| channel.offer_to(outlet));
            Poll::Pending
        })
        .await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<(u32, Next)> {
        let after = (Bound::Excluded(self.last), Bound::Unbounded);
        let upto = (Bound::Unbounded, Bound::Included(self.last));
        for range in [after, upto] {
            for (&number, channel) in self.open.range_mut(range) {
                if let Poll::Ready(next) = channel.poll_next(number, context) {
                    self.last = number;
                    return Poll::Ready((number, next));
                }
            }
        }
        Poll::Pending
    }

    /// Returns the messages for the browser; a channel that ended is let go.
    fn messages(&mut self, channel: u32, next: Next) -> Vec<Message> {
        match next {
            Next::Send(messages) => messages,
            Next::End(reason) => {
                self.open.remove(&channel);
                vec![Event::End { channel, reason }.message()]
            }
        }
    }

    fn source(&mut self, channel: u32) -> Option<&mut Source> {
        self.open.get_mut(&channel).map(|channel| &mut channel.source)
    }
}

fn len(messages: &[Message]) -> usize {
    let lengths = messages.iter().map(|message| match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) => bytes.len(),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) => 0,
    });
    lengths.sum()
}

fn opened_or_refused(reference: &str, opened: Result<u32, Refusal>) -> Message {
    match opened {
        Ok(channel) => Event::Opened { reference, channel }.message(),
        Err(refusal) => Event::refused(About::Reference(reference), &refusal),
    }
}

/// Returns what a channel of this role needs beside the act itself.
fn needed(act: MediaAction, role: Role) -> &'static [MediaAction] {
    match (act, role) {
        (MediaAction::Playback, Role::Sound) => &[MediaAction::Playback, MediaAction::Sound],
        (MediaAction::Playback, _) => &[MediaAction::Playback],
        (_, Role::Sound) => &[MediaAction::Live, MediaAction::Sound],
        (_, _) => &[MediaAction::Live],
    }
}
