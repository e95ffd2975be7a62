//! WHEP as the rest of the program sees it: an offer goes in, an answer and a
//! viewer come out. What viewers are sent, and by which thread, is `edge`'s.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use base::StreamId;
use media::Params;
use str0m::IceCreds;
use tokio::sync::{mpsc, oneshot};

use super::config::WhepConfig;
use super::edge::{Edge, Opened, Word};
use super::session::{Session, Setup};
use super::{End, Refused, addresses};
use crate::{Hub, Tapped};

/// The most viewers of a process.
const MOST_VIEWERS: usize = 4_000;

/// WHEP as the rest of the program sees it. Clones are the same.
#[derive(Clone)]
pub struct Whep {
    shared: Arc<Shared>,
}

/// What a viewer is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The stream of pictures.
    pub pictures: StreamId,
    /// A stream of Opus beside it, for who may hear.
    pub sound: Option<StreamId>,
}

/// An answered offer.
#[derive(Debug)]
pub struct Answered {
    /// The answer, as SDP.
    pub answer: String,
    /// Whether sound goes along: it was to, and the offer takes it.
    pub sound: bool,
    /// The viewer, from now on.
    pub watching: Watching,
}

/// One who watches. Dropping it ends that.
#[derive(Debug)]
pub struct Watching {
    number: u64,
    words: mpsc::UnboundedSender<Word>,
    ended: oneshot::Receiver<End>,
}

struct Shared {
    hub: Hub,
    config: WhepConfig,
    setup: Setup,
    bound: SocketAddr,
    words: mpsc::UnboundedSender<Word>,
    /// Viewers now.
    viewers: Arc<AtomicUsize>,
}

impl Whep {
    /// Takes the port and starts to serve.
    pub fn start(config: &WhepConfig, hub: Hub) -> io::Result<Self> {
        let setup = Setup::new().map_err(io::Error::other)?;
        let (words, heard) = mpsc::unbounded_channel();
        let viewers = Arc::new(AtomicUsize::new(0));
        let bound = Edge::start(config, hub.clone(), heard, viewers.clone())?;
        let config = config.clone();
        Ok(Self { shared: Arc::new(Shared { hub, config, setup, bound, words, viewers }) })
    }

    /// Returns the address and port that media go out by.
    pub fn address(&self) -> SocketAddr {
        self.shared.bound
    }

    /// Returns how many watch, or are about to.
    pub fn viewers(&self) -> usize {
        self.shared.viewers.load(Ordering::Relaxed)
    }

    /// Answers an offer. Whether this person may watch is for the caller to know.
    pub fn open(&self, offer: &str, watched: Watched) -> Result<Answered, Refused> {
        let shared = &self.shared;
        let place = Place::take(&shared.viewers)?;
        let (ufrag, pass) = (secret(8)?, secret(24)?);
        let credentials = IceCreds { ufrag: ufrag.clone(), pass };
        let candidates = addresses::reachable(&shared.config, shared.bound, &addresses::own());
        let now = Instant::now();
        let (session, answer) =
            Session::accept(offer, &shared.setup, credentials, &candidates, now)?;
        // Told at once where it is known already; else the session ends by it.
        if let Some(params) = known(&shared.hub, watched.pictures) {
            session.takes(&params).map_err(Refused::Unsupported)?;
        }
        let sound = watched.sound.is_some() && session.takes_sound();
        let (ended, over) = oneshot::channel();
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed) as u64;
        let opened = Opened { number, ufrag, session, watched, ended };
        shared.words.send(Word::Open(Box::new(opened))).map_err(|_| Refused::Over)?;
        place.keep();
        let words = shared.words.clone();
        Ok(Answered { answer, sound, watching: Watching { number, words, ended: over } })
    }

    /// Ends all sessions, tells their viewers, and closes the port.
    pub async fn stop(&self) {
        let (done, is_done) = oneshot::channel();
        if self.shared.words.send(Word::Stop(done)).is_ok() {
            // The thread drops the sender once it is through, or broke.
            let _ = is_done.await;
        }
    }
}

/// Sessions of this process so far.
static NUMBERS: AtomicUsize = AtomicUsize::new(1);

/// A viewer's place among [`MOST_VIEWERS`], given back unless it is kept.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(viewers: &'a AtomicUsize) -> Result<Self, Refused> {
        if viewers.fetch_add(1, Ordering::Relaxed) >= MOST_VIEWERS {
            viewers.fetch_sub(1, Ordering::Relaxed);
            return Err(Refused::Busy);
        }
        Ok(Self(viewers))
    }

    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns random letters (RFC 8839 §5.4: letters, digits, `+` and `/`).
fn secret(letters: usize) -> Result<String, Refused> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| Refused::Busy)?;
    Ok(bytes[..letters].iter().map(|byte| char::from(LETTERS[usize::from(byte & 63)])).collect())
}

impl Watching {
    /// Waits until it is over, and returns why. May be dropped while it waits.
    pub async fn ended(&mut self) -> End {
        (&mut self.ended).await.unwrap_or(End::Over)
    }

    /// Returns why it is over, if it is.
    pub fn is_over(&mut self) -> Option<End> {
        match self.ended.try_recv() {
            Ok(end) => Some(end),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(End::Over),
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // If the thread is no more, so is the session.
        let _ = self.words.send(Word::Close(self.number));
    }
}

/// Returns what a stream is known to be.
fn known(hub: &Hub, stream: StreamId) -> Option<Arc<Params>> {
    let (mut viewer, mut context) = (hub.subscribe(stream), Context::from_waker(Waker::noop()));
    loop {
        match viewer.poll_tapped(&mut context) {
            Poll::Ready(Tapped::Begin(params)) => return Some(params),
            Poll::Ready(Tapped::Closed) | Poll::Pending => return None,
            Poll::Ready(_) => {}
        }
    }
}
