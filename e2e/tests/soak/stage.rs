//! What all clients share: the program, who they are, and when it is over.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use e2e::city;
use e2e::http::Person;
use e2e::program::Program;
use e2e::wait::until;
use e2e::ways;
use serde_json::{Value, json};
use simcam::{Server, StreamRole};

use crate::cast::{Cast, Eye, Kind};
use crate::tally::Tally;

/// What the operator chose.
pub(crate) const CHOSEN: &str = "mưa rào Hà Nội 1954";

/// All of time, as a query.
pub(crate) const ALWAYS: &str = "from_us=0&to_us=9000000000000000";

/// A running program with its cameras, and somebody who may watch them.
pub(crate) struct Stage {
    pub(crate) address: String,
    pub(crate) ca: Vec<u8>,
    pub(crate) operator: Person,
    pub(crate) cameras: Vec<Eye>,
    pub(crate) tally: Tally,
    session_s: RangeInclusive<u64>,
    look_back_s: u64,
    /// From when on all cameras are recorded.
    since: Instant,
    over: AtomicBool,
}

impl Stage {
    /// Adds the cameras to a program that was just started, and waits until all of
    /// them are recorded.
    pub(crate) fn set(
        khue: &mut Program,
        data: &Path,
        cast: &Cast,
        server: &Server,
    ) -> anyhow::Result<Self> {
        let address = khue.address()?;
        let ca = std::fs::read(data.join("tls/ca.pem"))?;
        let mut administrator = Person::trusting(&address, &ca)?;
        administrator.sign_in_first("quantri", &khue.password("quantri")?, CHOSEN)?;
        add(&administrator, cast, server)?;
        let mut operator = Person::trusting(&address, &ca)?;
        operator.sign_in_first("trucban", &khue.password("trucban")?, CHOSEN)?;
        let cameras = until("all cameras to be recorded", || all_recorded(&operator, cast))
            .with_context(|| format!("{:?}", operator.ask("GET", "tree", None)))?;
        let (tally, over) = (Tally::default(), AtomicBool::new(false));
        let (session_s, look_back_s, since) = (1..=1, 1, Instant::now());
        Ok(Self { address, ca, operator, cameras, tally, session_s, look_back_s, since, over })
    }

    /// Says how long sessions play, and how far back anybody looks.
    pub(crate) fn playing(self, session_s: RangeInclusive<u64>, look_back_s: u64) -> Self {
        Self { session_s, look_back_s, ..self }
    }

    /// Lets clients begin no other session.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Sleeps, unless it is over before.
    pub(crate) fn rest(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.is_over() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(100).min(time));
        }
    }

    /// Returns how many seconds a session shall play.
    pub(crate) fn session_s(&self, dice: &mut Dice) -> u64 {
        dice.within(self.session_s.clone())
    }

    /// Returns how far back somebody may look, in seconds: all is recorded since then.
    pub(crate) fn look_back_s(&self) -> u64 {
        self.look_back_s.min(self.since.elapsed().as_secs())
    }

    /// Returns one of the cameras that have something.
    pub(crate) fn camera(&self, dice: &mut Dice, has: impl Fn(&Eye) -> bool) -> &Eye {
        // Half of the sessions go to a few: the first ones, and what is odd in some way.
        let all = dice.within(0..=1) == 1;
        let of_few = |(number, eye): &(usize, &Eye)| all || *number < 10 || eye.is_odd();
        let fit: Vec<&Eye> = self
            .cameras
            .iter()
            .enumerate()
            .filter(of_few)
            .map(|(_, eye)| eye)
            .filter(|eye| has(eye))
            .collect();
        fit[dice.within(0..=fit.len() as u64 - 1) as usize]
    }

    /// Asks for a media token.
    pub(crate) fn token(&self, eye: &Eye, actions: &[&str]) -> anyhow::Result<String> {
        ways::token(&self.operator, &eye.id, actions)
    }
}

/// Adds all cameras but the first, which is there.
fn add(administrator: &Person, cast: &Cast, server: &Server) -> anyhow::Result<()> {
    let site = administrator.ask("GET", "tree", None)?.ok()?["cameras"][0]["site"].clone();
    for (name, kind, sound) in cast.iter().skip(1) {
        // One has less room than the ceiling gives it: some three minutes.
        let bytes = (name == "cam1" && kind == Kind::Scene).then_some(48_000_000);
        let body = json!({
            "name": name, "site": site, "sound": sound.is_some(), "retention_bytes": bytes,
            "url": server.url(name, StreamRole::Main), "sub_url": server.url(name, StreamRole::Sub),
            "user": city::CREDENTIALS.0, "password": city::CREDENTIALS.1,
            "particulars": {"purposes": ["traffic"], "legal_basis": city::LEGAL_BASIS},
        });
        administrator.ask("POST", "cameras", Some(body))?.ok()?;
    }
    Ok(())
}

/// Returns the cameras as they are in `cast`, once each of them is recorded with all
/// its streams.
fn all_recorded(operator: &Person, cast: &Cast) -> anyhow::Result<Option<Vec<Eye>>> {
    let tree = operator.ask("GET", "tree", None)?.ok()?;
    let rows = tree["cameras"].as_array().context("a tree has cameras")?;
    let mut cameras = Vec::new();
    for (name, kind, sound) in cast.iter() {
        let Some(row) = rows.iter().find(|row| row["name"] == name) else { return Ok(None) };
        if row["state"]["kind"] != "recording" {
            return Ok(None);
        }
        let mut eye = Eye {
            name: name.to_owned(),
            id: text(&row["id"])?,
            kind,
            sound,
            streams: Default::default(),
        };
        for stream in row["streams"].as_array().context("a camera has streams")? {
            eye.streams.insert(text(&stream["role"])?, text(&stream["id"])?.parse()?);
        }
        for role in eye.roles() {
            let path = format!("cameras/{}/timeline?role={role}&{ALWAYS}", eye.id);
            let timeline = operator.ask("GET", &path, None)?.ok()?;
            if timeline["first_us"].is_null() {
                return Ok(None);
            }
        }
        cameras.push(eye);
    }
    Ok(Some(cameras))
}

pub(crate) fn text(value: &Value) -> anyhow::Result<String> {
    value.as_str().map(str::to_owned).with_context(|| format!("{value} is no text"))
}

/// Returns the wall clock in microseconds.
pub(crate) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_micros() as i64
}

/// A row of numbers that is the same in each run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: &str) -> Self {
        Self(seed.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    pub(crate) fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        range.start() + (self.0 >> 33) % (range.end() - range.start() + 1)
    }
}
