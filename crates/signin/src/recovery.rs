//! Codes on paper for whoever has lost the phone: ten, each good once.
//!
//! ```text
//! 7KMQ-XF3D-9TRA     12 of 30 letters and digits: 58 bits
//! kept               HMAC-SHA-256( a key that is in no table, code ), gone once used
//! ```
//!
//! Few enough bits that a plain hash could be searched by whoever has the tables;
//! so what is kept is keyed.

use aws_lc_rs::hmac;
use base::{UserId, WallTime};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::Error;
use crate::keys::Keys;
use crate::one_time::{letters, typed};
use crate::rows::recovery_code::{ActiveModel, Column, Entity};

/// How many are made at a time.
pub const RECOVERY_CODES: usize = 10;

const LENGTH: usize = 12;

/// Makes new ones in place of those there are, and returns them: they are told
/// once.
pub(crate) async fn make<C: ConnectionTrait>(
    user: UserId,
    keys: &Keys,
    now: WallTime,
    rows: &C,
) -> Result<Vec<String>, Error> {
    forget(user, rows).await?;
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| letters(LENGTH)).collect();
    let kept = codes.iter().map(|code| ActiveModel {
        kept: Set(keyed(user, code, keys)),
        user: Set(user.0),
        made_us: Set(now.0),
    });
    Entity::insert_many(kept).exec_without_returning(rows).await?;
    Ok(codes.iter().map(|code| grouped(code)).collect())
}

/// Uses one up; of two at once, one is too late.
pub(crate) async fn spend<C: ConnectionTrait>(
    user: UserId,
    code: &str,
    keys: &Keys,
    rows: &C,
) -> Result<bool, Error> {
    let code = typed(code);
    if code.len() != LENGTH {
        return Ok(false);
    }
    let gone = Entity::delete_by_id(keyed(user, &code, keys)).exec(rows).await?;
    Ok(gone.rows_affected == 1)
}

/// Returns how many are left.
pub(crate) async fn left<C: ConnectionTrait>(user: UserId, rows: &C) -> Result<u64, Error> {
    Ok(Entity::find().filter(Column::User.eq(user.0)).count(rows).await?)
}

/// Takes all of them away.
pub(crate) async fn forget<C: ConnectionTrait>(user: UserId, rows: &C) -> Result<(), Error> {
    Entity::delete_many().filter(Column::User.eq(user.0)).exec(rows).await?;
    Ok(())
}

fn keyed(user: UserId, code: &str, keys: &Keys) -> Vec<u8> {
    let text = [user.0.as_bytes().as_slice(), code.as_bytes()].concat();
    hmac::sign(&keys.recovery, &text).as_ref().to_vec()
}

fn grouped(code: &str) -> String {
    let groups: Vec<&str> = (0..LENGTH).step_by(4).map(|at| &code[at..at + 4]).collect();
    groups.join("-")
}
