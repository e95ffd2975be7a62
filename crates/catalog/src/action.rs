//! What somebody may want to do with a camera, and sets of it.

/// What somebody wants to do with a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Know that it exists: its name, its place, its state.
    See,
    /// Watch it now.
    Live,
    /// Look back.
    Playback,
    /// Take footage out, or ask for it to be held.
    Export,
    /// Turn it, zoom it.
    Ptz,
    /// Listen, to what may be watched.
    Sound,
    /// Change or remove it.
    Configure,
    /// Give rights to it to others.
    Share,
    /// Plan with it.
    Plan,
    /// Review what was detected on it.
    Review,
    /// Open, in an emergency and for minutes, what was not given.
    Override,
}

/// Some actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Actions(u16);

impl Action {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::See,
        Self::Live,
        Self::Playback,
        Self::Export,
        Self::Ptz,
        Self::Sound,
        Self::Configure,
        Self::Share,
        Self::Plan,
        Self::Review,
        Self::Override,
    ];

    /// Those that show or steer a picture, or come to that. Who administers holds
    /// none of them.
    pub const VIDEO: [Self; 7] = [
        Self::Live,
        Self::Playback,
        Self::Export,
        Self::Ptz,
        Self::Sound,
        Self::Review,
        Self::Override,
    ];

    /// What is opened in an emergency.
    pub const EMERGENCY: [Self; 3] = [Self::Live, Self::Playback, Self::Ptz];

    /// Returns the word that rows and the API use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::See => "see",
            Self::Live => "live",
            Self::Playback => "playback",
            Self::Export => "export",
            Self::Ptz => "ptz",
            Self::Sound => "sound",
            Self::Configure => "configure",
            Self::Share => "share",
            Self::Plan => "plan",
            Self::Review => "review",
            Self::Override => "override",
        }
    }

    /// Reads the word that [`Action::as_str`] writes.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

impl Actions {
    /// Returns whether `action` is among them.
    pub fn contains(self, action: Action) -> bool {
        self.0 & bit(action) != 0
    }

    /// Returns those that are among both.
    pub(crate) fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Yields them in the order of [`Action::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.into_iter().filter(move |&action| self.contains(action))
    }

    /// Reads words with spaces between; `None` if one is no action.
    pub fn of(words: &str) -> Option<Self> {
        words.split_whitespace().map(Action::of).collect()
    }

    /// Returns their words with spaces between.
    pub fn words(self) -> String {
        self.iter().map(Action::as_str).collect::<Vec<_>>().join(" ")
    }
}

impl FromIterator<Action> for Actions {
    fn from_iter<T: IntoIterator<Item = Action>>(actions: T) -> Self {
        Self(actions.into_iter().fold(0, |bits, action| bits | bit(action)))
    }
}

fn bit(action: Action) -> u16 {
    1 << action as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_actions_reads_back_from_its_words() {
        for bits in 0..1 << Action::ALL.len() {
            let actions = Actions(bits);
            assert_eq!(Actions::of(&actions.words()), Some(actions));
            assert_eq!(actions.iter().collect::<Actions>(), actions);
            assert_eq!(actions.is_empty(), bits == 0);
        }
        assert_eq!(Actions::of("live everything"), None);
    }
}
