//! What is asked of whoever looks back, takes out, listens or breaks the glass; in
//! versions, each from a day on.
//!
//! > A version is never changed. What was decided names the version it was decided
//! > by.

use base::{UserId, WallTime};
use sea_orm::EntityTrait;

use crate::{Action, Catalog, Class, Error, Tables, error, rows};

/// One version of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its number: 1, 2 …
    pub version: u32,
    /// What it says.
    pub terms: PolicyTerms,
    /// Who laid it down; nobody, if the installation did.
    pub by: Option<UserId>,
    /// When.
    pub at: WallTime,
}

/// What a version says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyTerms {
    /// From when on.
    pub from: WallTime,
    /// The document that it stands on.
    pub basis: String,
    /// Whoever plays footage older than this says which case it is for, in hours; 0
    /// asks always.
    pub case_after_hours: u32,
    /// Whether whoever takes footage out says which case it is for.
    pub case_for_export: bool,
    /// Whether whoever listens says which case it is for.
    pub case_for_sound: bool,
    /// Whether each export of an ordinary camera waits for a second person.
    pub approve_ordinary: bool,
    /// Whether each export of a camera of defence does.
    pub approve_defence: bool,
    /// Exports longer than this wait for a second person, whatever the class, in
    /// minutes.
    pub approve_longer_minutes: u32,
    /// How long a second person's yes holds, in hours.
    pub approval_hours: u32,
    /// How long what was opened in an emergency stays open, in minutes.
    pub emergency_minutes: u32,
    /// Within how many hours somebody else reviews it.
    pub review_hours: u32,
}

/// What footage is wanted for, as far as the rules ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To play what begins then.
    Playback(WallTime),
    /// To take it out.
    Export,
    /// To listen.
    Sound,
}

impl PolicyTerms {
    /// Returns what holds where nobody said otherwise.
    pub fn first() -> Self {
        Self {
            from: WallTime(0),
            basis: "Mặc định khi cài đặt".to_owned(),
            case_after_hours: 24,
            case_for_export: true,
            case_for_sound: true,
            approve_ordinary: false,
            approve_defence: true,
            approve_longer_minutes: 60,
            approval_hours: 24,
            emergency_minutes: 30,
            review_hours: 24,
        }
    }

    /// Returns whether a case number is asked for.
    pub fn asks_case(&self, wish: Wish, now: WallTime) -> bool {
        match wish {
            Wish::Playback(from) => {
                let hours = i64::from(self.case_after_hours);
                hours == 0 || now.micros_since(from) > hours * 3_600_000_000
            }
            Wish::Export => self.case_for_export,
            Wish::Sound => self.case_for_sound,
        }
    }

    /// Returns from how many hours back a case is asked for by whoever does this: 0 where
    /// it always is, nothing where it never is.
    pub fn case_after_hours(&self, action: Action) -> Option<u32> {
        match action {
            Action::Playback => Some(self.case_after_hours),
            Action::Export => self.case_for_export.then_some(0),
            Action::Sound => self.case_for_sound.then_some(0),
            _ => None,
        }
    }

    /// Returns from how many minutes on an export from a camera of a class waits for a
    /// second person: 0 where each does.
    pub fn approval_after_minutes(&self, class: Class) -> u32 {
        match self.asks_approval(class, 0) {
            true => 0,
            false => self.approve_longer_minutes,
        }
    }

    /// Returns whether an export of so many minutes waits for a second person.
    pub fn asks_approval(&self, class: Class, micros: u64) -> bool {
        let of_class = match class {
            Class::Ordinary => self.approve_ordinary,
            Class::Defence => self.approve_defence,
        };
        of_class || micros > u64::from(self.approve_longer_minutes) * 60_000_000
    }

    fn checked(mut self) -> Result<Self, Error> {
        self.basis = error::name("basis", &self.basis)?;
        let within =
            |field, value: u32, most: u32, least: u32| match (least..=most).contains(&value) {
                true => Ok(()),
                false => Err(Error::invalid(field, format!("{field} is from {least} to {most}"))),
            };
        within("case_after_hours", self.case_after_hours, 24 * 3_650, 0)?;
        within("approve_longer_minutes", self.approve_longer_minutes, 24 * 60, 1)?;
        within("approval_hours", self.approval_hours, 24 * 30, 1)?;
        within("emergency_minutes", self.emergency_minutes, 8 * 60, 1)?;
        within("review_hours", self.review_hours, 24 * 14, 1)?;
        Ok(self)
    }
}

impl Catalog {
    /// Lays down another version, from a moment on that has not passed.
    pub async fn lay_down_policy(
        &self,
        terms: PolicyTerms,
        by: UserId,
        at: WallTime,
    ) -> Result<Policy, Error> {
        let mut terms = terms.checked()?;
        // What was decided until now was decided by what held until now.
        terms.from = terms.from.max(at);
        let mut change = self.begin().await?;
        let version = change.tables.policies.keys().next_back().map_or(1, |last| last + 1);
        let policy = Policy { version, terms, by: Some(by), at };
        let row = rows::policy::ActiveModel::from(&policy);
        rows::policy::Entity::insert(row).exec_without_returning(&change.rows).await?;
        change.tables.policies.insert(version, policy.clone());
        change.same_rights = true;
        change.commit().await?;
        Ok(policy)
    }
}

impl Tables {
    /// Returns the version that holds at a moment: of those whose time has come, that
    /// whose came last.
    pub fn policy(&self, now: WallTime) -> Policy {
        let come = self.policies.values().filter(|policy| policy.terms.from <= now);
        let holds = come.max_by_key(|policy| (policy.terms.from, policy.version)).cloned();
        // Before there was a table, or with another program's hand in it.
        holds.unwrap_or_else(|| Policy {
            version: 0,
            terms: PolicyTerms::first(),
            by: None,
            at: WallTime(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(version: u32, from: i64) -> (u32, Policy) {
        let terms = PolicyTerms { from: WallTime(from), ..PolicyTerms::first() };
        (version, Policy { version, terms, by: None, at: WallTime(0) })
    }

    #[test]
    fn the_version_that_holds_is_that_whose_time_came_last() {
        let policies = [version(1, 0), version(2, 100), version(3, 50), version(4, 50)].into();
        let tables = Tables { policies, ..Tables::default() };
        let holds = |now| tables.policy(WallTime(now)).version;
        assert_eq!((holds(0), holds(49), holds(50), holds(100)), (1, 1, 4, 2));
        assert_eq!(Tables::default().policy(WallTime(5)).version, 0);
    }

    #[test]
    fn a_case_is_asked_for_by_age_and_an_approval_by_class_and_length() {
        let now = WallTime(1_000 * 3_600_000_000);
        let hours = |ago: i64| WallTime(now.0 - ago * 3_600_000_000);
        let terms = PolicyTerms::first();
        assert!(!terms.asks_case(Wish::Playback(hours(24)), now));
        assert!(terms.asks_case(Wish::Playback(hours(25)), now));
        let always = PolicyTerms { case_after_hours: 0, ..PolicyTerms::first() };
        assert!(always.asks_case(Wish::Playback(now), now));
        assert!(terms.asks_case(Wish::Export, now) && terms.asks_case(Wish::Sound, now));
        let minutes = |count: u64| count * 60_000_000;
        assert!(!terms.asks_approval(Class::Ordinary, minutes(60)));
        assert!(terms.asks_approval(Class::Ordinary, minutes(61)));
        assert!(terms.asks_approval(Class::Defence, minutes(1)));
    }
}
