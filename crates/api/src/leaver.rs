//! Whoever leaves, and comes back: what ends at once, and what does not come back.

use catalog::User;

use crate::app::State;
use crate::deed::Deed;
use crate::error::Refusal;

/// Lets nobody in as this person: they are signed out everywhere, and what they let
/// programs ask and watch by is revoked. What they hold stays, for when they return.
pub(crate) async fn suspend(state: &State, user: &User, deed: Deed) -> Result<(), Refusal> {
    let was = state.sign_ins.is_suspended(user.id).await?;
    // First the entry: where this breaks off, whoever asks again goes on with it.
    if !was {
        deed.detail("change", "suspended").done(state).await?;
    }
    state.sign_ins.suspend(user.id, state.now()).await?;
    if !was {
        tracing::info!(user = user.name, "suspended");
    }
    Ok(())
}

/// Lets them in again. Sign-ins, tokens and stream secrets do not come back.
pub(crate) async fn restore(state: &State, user: &User, deed: Deed) -> Result<(), Refusal> {
    if !state.sign_ins.is_suspended(user.id).await? {
        return Ok(());
    }
    // First the entry: nobody is let in without one.
    deed.detail("change", "restored").done(state).await?;
    state.sign_ins.restore(user.id).await?;
    tracing::info!(user = user.name, "restored");
    Ok(())
}
