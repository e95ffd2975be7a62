//! How all people stand to getting in, asked for at once: a city has thousands.

use std::collections::HashMap;

use base::UserId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::Error;
use crate::rows::{credential, provided, suspended};
use crate::sign_in::{KIND_CHOSEN, SignIns};

/// How people stand to getting in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// They chose a password of their own.
    pub has_password: bool,
    /// Another installation may say that somebody is them.
    pub is_provided: bool,
    /// Nobody is let in as them.
    pub is_suspended: bool,
}

impl SignIns {
    /// Returns how people stand, of whom anything is known here.
    pub async fn standings(&self) -> Result<HashMap<UserId, Standing>, Error> {
        let rows = self.inner.pool.read();
        let mut all: HashMap<UserId, Standing> = HashMap::new();
        let chosen = credential::Entity::find().filter(credential::Column::Kind.eq(KIND_CHOSEN));
        let chosen = chosen.select_only().column(credential::Column::User);
        for user in chosen.into_tuple::<Uuid>().all(rows).await? {
            all.entry(UserId(user)).or_default().has_password = true;
        }
        let provided = provided::Entity::find().select_only().column(provided::Column::User);
        for user in provided.into_tuple::<Uuid>().all(rows).await? {
            all.entry(UserId(user)).or_default().is_provided = true;
        }
        for row in suspended::Entity::find().all(rows).await? {
            all.entry(UserId(row.user)).or_default().is_suspended = true;
        }
        Ok(all)
    }
}
