//! Who came into a group and who left it, told to the audit: by this people gain and
//! lose what the group holds.

use std::collections::BTreeSet;

use base::UserId;
use catalog::{Group, Tables};

use crate::app::State;
use crate::deed::Deed;
use crate::error::Refusal;

/// How many bytes of names stand in one entry: its texts are bounded, and no name is
/// to be cut.
const MOST: usize = 900;

/// Notes a change of a group, in as many entries as its names need. `deed` says who and
/// which group.
pub(crate) async fn note(
    state: &State,
    deed: Deed,
    (before, after): (&BTreeSet<UserId>, &BTreeSet<UserId>),
) -> Result<(), Refusal> {
    let tables = state.catalog.tables();
    let joined =
        lists(&tables, after.difference(before)).into_iter().map(|names| ("joined", names));
    let left = lists(&tables, before.difference(after)).into_iter().map(|names| ("left", names));
    let parts: Vec<_> = joined.chain(left).collect();
    let deed = deed.detail("members", after.len());
    if parts.is_empty() {
        return deed.done(state).await;
    }
    for (word, names) in parts {
        deed.clone().detail(word, names).done(state).await?;
    }
    Ok(())
}

/// Notes a group that was changed, where it was.
pub(crate) async fn note_change(
    state: &State,
    deed: Deed,
    before: &Group,
    after: &Group,
) -> Result<(), Refusal> {
    if before == after {
        return Ok(());
    }
    let deed = match before.name == after.name {
        true => deed,
        false => deed.detail("name", format!("{} → {}", before.name, after.name)),
    };
    note(state, deed, (&before.members, &after.members)).await
}

/// Returns people's names, by which they sign in, in lists that are not too long.
fn lists<'a>(tables: &Tables, people: impl Iterator<Item = &'a UserId>) -> Vec<String> {
    let mut lists: Vec<String> = Vec::new();
    for id in people {
        let known = tables.users.get(id);
        let name = known.map_or_else(|| id.to_string(), |user| user.name.clone());
        match lists.last_mut().filter(|list| list.len() + name.len() < MOST) {
            Some(list) => {
                list.push(' ');
                list.push_str(&name);
            }
            None => lists.push(name),
        }
    }
    lists
}
