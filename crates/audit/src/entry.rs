//! One act: who did what with what, when, from where, why, and how it ended.
//!
//! An entry is written once and read for years, also by programs of other
//! agencies: its words are a closed set, and a field that says nothing is left out.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base::{SignInId, UserId, WallTime};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most bytes of a text that somebody typed; the rest is cut off.
pub const MOST_TEXT: usize = 1_000;

/// One act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was done, by the server's clock.
    #[serde(rename = "at_us")]
    pub at: WallTime,
    /// What was done.
    pub act: Act,
    /// How it ended.
    pub outcome: Outcome,
    /// Who did it; nobody for what the installation does by itself, and for
    /// whoever did not prove who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<Who>,
    /// Where the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<IpAddr>,
    /// What it was done with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
    /// Why, in the person's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// What else there is to say of this act, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

/// What can be done that is worth an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// The journal was opened: the program was started.
    Start,
    /// Entries that were there are not there any more.
    Damage,
    /// Somebody proved who they are, or did not.
    SignIn,
    /// Somebody ended their sign-in.
    SignOut,
    /// A password was chosen.
    Password,
    /// A second factor was set up, or taken away.
    SecondFactor,
    /// Somebody who is signed in proved once more who they are.
    Confirm,
    /// Sign-ins were looked at by somebody else, or ended from elsewhere.
    Device,
    /// Live pictures were opened.
    Live,
    /// Recorded pictures were opened.
    Playback,
    /// What was seen of pictures that were opened: how long, or which moments.
    Watched,
    /// Footage was taken out.
    Export,
    /// Footage is held, or held no longer.
    Hold,
    /// A name and password for a program that watches was made or revoked.
    StreamSecret,
    /// A token for a program that asks was made, revoked, or asked for what it may not.
    ApiToken,
    /// A camera was added, changed or removed.
    Camera,
    /// An organisation was added, renamed, moved or ended.
    Organisation,
    /// A site was added or changed.
    Site,
    /// A person was added, changed or removed.
    User,
    /// A group of people was added, changed or removed.
    Group,
    /// A right was given, agreed to or revoked.
    Grant,
    /// A set of permissions was added, changed or removed.
    PermissionSet,
    /// An agreement was drawn up, signed or ended.
    Agreement,
    /// Rules were laid down.
    Policy,
    /// Footage was asked for that waits for a second person, or they answered.
    Approval,
    /// Cameras were opened in an emergency, or that was reviewed.
    Emergency,
    /// The envelope for emergencies was sealed, opened, or that was reviewed.
    BreakGlass,
    /// A written request by another agency was registered, decided or handed over.
    DataRequest,
    /// The journal was looked into, or days of it were let go of.
    Audit,
    /// All but recordings was written into a file, brought back or moved.
    Backup,
}

impl Act {
    /// All there are.
    pub const ALL: [Self; 30] = [
        Self::Start,
        Self::Damage,
        Self::SignIn,
        Self::SignOut,
        Self::Password,
        Self::SecondFactor,
        Self::Confirm,
        Self::Device,
        Self::Live,
        Self::Playback,
        Self::Watched,
        Self::Export,
        Self::Hold,
        Self::StreamSecret,
        Self::ApiToken,
        Self::Camera,
        Self::Organisation,
        Self::Site,
        Self::User,
        Self::Group,
        Self::Grant,
        Self::PermissionSet,
        Self::Agreement,
        Self::Policy,
        Self::Approval,
        Self::Emergency,
        Self::BreakGlass,
        Self::DataRequest,
        Self::Audit,
        Self::Backup,
    ];

    /// Returns the word by which it stands in an entry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Damage => "damage",
            Self::SignIn => "sign_in",
            Self::SignOut => "sign_out",
            Self::Password => "password",
            Self::SecondFactor => "second_factor",
            Self::Confirm => "confirm",
            Self::Device => "device",
            Self::Live => "live",
            Self::Playback => "playback",
            Self::Watched => "watched",
            Self::Export => "export",
            Self::Hold => "hold",
            Self::StreamSecret => "stream_secret",
            Self::ApiToken => "api_token",
            Self::Camera => "camera",
            Self::Organisation => "organisation",
            Self::Site => "site",
            Self::User => "user",
            Self::Group => "group",
            Self::Grant => "grant",
            Self::PermissionSet => "permission_set",
            Self::Agreement => "agreement",
            Self::Policy => "policy",
            Self::Approval => "approval",
            Self::Emergency => "emergency",
            Self::BreakGlass => "break_glass",
            Self::DataRequest => "data_request",
            Self::Audit => "audit",
            Self::Backup => "backup",
        }
    }
}

/// How an act ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done, or begun.
    Done,
    /// It was not, and why: the code that the person was told.
    Refused(String),
}

/// A person as they were known then: names change, entries do not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The person.
    pub user: UserId,
    /// What they sign in by.
    pub name: String,
    /// By which of their sign-ins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignInId>,
}

/// A thing as it was known then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The word for its kind, as the API has it: `camera`, `user`.
    pub kind: String,
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
}

impl Entry {
    /// Returns an entry that says no more than this.
    pub fn new(at: WallTime, act: Act, outcome: Outcome) -> Self {
        let details = BTreeMap::new();
        Self { at, act, outcome, who: None, from: None, object: None, purpose: None, details }
    }

    /// Cuts what is longer than an entry may be: nobody fills the disk by a purpose.
    pub(crate) fn bounded(mut self) -> Self {
        let texts = self.purpose.iter_mut().chain(self.details.values_mut());
        let names = self.who.iter_mut().map(|who| &mut who.name);
        let objects = self.object.iter_mut().map(|object| &mut object.name);
        for text in texts.chain(names).chain(objects) {
            text.truncate(text.floor_char_boundary(MOST_TEXT));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_is_left_out_and_the_rest_reads_back() {
        let mut entry = Entry::new(WallTime(5), Act::SignIn, Outcome::Refused("wrong".to_owned()));
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(text, r#"{"at_us":5,"act":"sign_in","outcome":{"refused":"wrong"}}"#);
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
        entry.from = Some("2001:db8::1".parse().unwrap());
        entry.purpose = Some("va chạm lúc 14:05".to_owned());
        entry.object =
            Some(Object { kind: "camera".to_owned(), id: Uuid::nil(), name: "Cổng".to_owned() });
        entry.details.insert("số vụ".to_owned(), "12/2026".to_owned());
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
    }

    #[test]
    fn an_act_is_called_what_it_is_written_as() {
        for act in Act::ALL {
            assert_eq!(serde_json::to_value(act).unwrap(), act.as_str());
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        let mut entry = Entry::new(WallTime(5), Act::Playback, Outcome::Done);
        entry.purpose = Some("ế".repeat(1000));
        entry.details.insert("a".to_owned(), "b".repeat(5000));
        let entry = entry.bounded();
        assert_eq!(entry.purpose.unwrap(), "ế".repeat(333));
        assert_eq!(entry.details["a"].len(), MOST_TEXT);
    }
}
