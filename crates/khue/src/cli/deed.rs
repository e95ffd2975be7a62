//! What a command does, told to the audit.
//!
//! A command runs beside a server, which alone writes the journal, or while none does;
//! so it leaves a slip (`audit::slip`), before it does what lets somebody in or see,
//! and behind the commit of what it changes.

use audit::{Act, Entry, Object, Outcome};
use uuid::Uuid;

use crate::app::now;
use crate::home::Home;

/// An act of this command.
pub(crate) struct Deed(Entry);

impl Deed {
    /// An act, and what of it is another act in words: `sealed`, `added`.
    pub(crate) fn new(act: Act, change: &str) -> Self {
        let deed = Self(Entry::new(now(), act, Outcome::Done));
        // The account of the machine: whose it is, its administrator knows.
        let said = |name| std::env::var(name).ok().filter(|name| !name.is_empty());
        let account = said("SUDO_USER").or_else(|| said("LOGNAME")).or_else(|| said("USER"));
        let uid = rustix::process::getuid().as_raw().to_string();
        let deed = deed.detail("change", change).detail("by", "command").detail("uid", uid);
        account.iter().fold(deed, |deed, account| deed.detail("account", account))
    }

    /// With this.
    pub(crate) fn with(mut self, kind: &str, id: Uuid, name: &str) -> Self {
        self.0.object = Some(Object { kind: kind.to_owned(), id, name: name.to_owned() });
        self
    }

    /// And this is to be said of it.
    pub(crate) fn detail(mut self, name: &str, value: impl ToString) -> Self {
        self.0.details.insert(name.to_owned(), value.to_string());
        self
    }

    /// Leaves it for the server; it lasts when this returns.
    pub(crate) fn leave(self, home: &Home) -> anyhow::Result<()> {
        Ok(audit::slip::leave(&home.slips(), self.0)?)
    }
}
