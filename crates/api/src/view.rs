//! What of a camera somebody wants to see or take out, and what the rules ask of
//! whoever wants it: a purpose, a case.
//!
//! What a grant shows is `catalog`'s; here a stream and a moment are made into what
//! it is asked by.

use std::time::Duration;

use base::WallTime;
use catalog::{Camera, Sight, StreamRole, Wish};

use crate::app::State;
use crate::error::{Kind, Refusal};
use crate::routes::Role;

/// The most characters of a case's number.
const MOST_CASE: usize = 100;

/// Pictures of a camera, or its sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// Which; none for sound.
    picture: Option<StreamRole>,
    /// How long ago they were made when they were asked for. What plays on is as old
    /// for as long as it plays.
    age: Duration,
}

impl View {
    /// What is there now.
    pub(crate) fn live(role: Role) -> Self {
        let picture = match role {
            Role::Main => Some(StreamRole::Main),
            Role::Sub => Some(StreamRole::Sub),
            Role::Sound => None,
        };
        Self { picture, age: Duration::ZERO }
    }

    /// What was there at a moment.
    pub(crate) fn past(role: Role, from: WallTime, now: WallTime) -> Self {
        let age = u64::try_from(now.micros_since(from)).unwrap_or(0);
        Self { age: Duration::from_micros(age), ..Self::live(role) }
    }

    /// Returns what a grant is asked by.
    pub(crate) fn sight(self, camera: &Camera, now: WallTime) -> Sight {
        let facts = |role| camera.stream(role).and_then(|stream| stream.facts.as_ref());
        let lines = match self.picture {
            Some(role) => facts(role).map(|facts| facts.height),
            None => Some(0),
        };
        Sight { lines, from: now.minus(self.age) }
    }
}

/// Returns the case that something is for, if it was said; a refusal, if the rules
/// ask for one and it was not.
pub(crate) fn case(
    state: &State,
    wish: Wish,
    case: Option<&str>,
) -> Result<Option<String>, Refusal> {
    let (said, now) = (said_case(case)?, state.now());
    if said.is_none() && state.catalog.tables().policy(now).terms.asks_case(wish, now) {
        let words = "the rules ask for the number of the case that this is for";
        return Err(Refusal::new(Kind::CaseAsked, words).about("case"));
    }
    Ok(said)
}

/// Returns the case that was said, if one was.
pub(crate) fn said_case(case: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(said) = case.map(str::trim).filter(|case| !case.is_empty()) else { return Ok(None) };
    if said.chars().count() > MOST_CASE || said.chars().any(char::is_control) {
        let words = format!("a case's number has {MOST_CASE} characters at most, all to be seen");
        return Err(Refusal::invalid("case", words));
    }
    Ok(Some(said.to_owned()))
}
