//! Deletes users: their connections are disconnected and cleaned up as at any other leave, then
//! they are forgotten. Meanwhile nothing is stored for them.
//!
//! What is left to do stands in the user's row and is found again after a crash. A disconnect that
//! ends with leftovers doesn't keep a user from being forgotten: who wants those removed asks for
//! the clean-up first.

use calsync_core::disconnect::RemoteItems;
use calsync_store::disconnects::{self, NewDisconnect, RequestedBy};
use calsync_store::integrations;
use calsync_store::user_deletions::{self, UserDeletion};

use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// Items that one transaction forgets.
const BATCH: i64 = 200;
/// Batches that are forgotten at once, before others get their turn.
const BATCHES_AT_ONCE: usize = 10;
/// Users that are looked at in a round.
const USERS_AT_ONCE: i64 = 20;

/// Begins to delete a user; one who isn't there is deleted already. Whoever has no connection is
/// forgotten at once.
///
/// # Errors
/// If the store fails.
pub async fn delete_user(engine: &Engine, user_id: &str) -> Result<(), EngineError> {
    let now = engine.now();
    let is_known = retrying_tx!(engine, |tx| {
        let is_known = user_deletions::start(tx, user_id, now).await?;
        if is_known {
            for integration in integrations::of_user(tx, user_id).await? {
                let new = NewDisconnect {
                    user_id,
                    provider: &integration.provider,
                    remote_items: RemoteItems::Remove,
                    requested_by: &RequestedBy::Platform,
                    note: None,
                };
                disconnects::start(engine.store(), tx, &new, now).await?;
            }
        }
        is_known
    })?;
    if !is_known {
        return Ok(());
    }
    engine.hint_disconnects();
    forget_ready(engine, Some(user_id)).await?;
    Ok(())
}

/// Forgets users whose connections have ended, all or this one, a bounded part of each; whether
/// there was any.
///
/// # Errors
/// If the store fails.
pub async fn forget_ready(engine: &Engine, user_id: Option<&str>) -> Result<bool, EngineError> {
    let ready = list_ready(engine, user_id).await?;
    for deletion in &ready {
        forget(engine, deletion).await?;
    }
    Ok(!ready.is_empty())
}

async fn list_ready(engine: &Engine, user_id: Option<&str>) -> Result<Vec<UserDeletion>, EngineError> {
    let mut tx = engine.store().read().await?;
    Ok(user_deletions::list_ready(&mut tx, user_id, USERS_AT_ONCE).await?)
}

/// Forgets a user, or a part if they have much.
async fn forget(engine: &Engine, deletion: &UserDeletion) -> Result<(), EngineError> {
    for _ in 0..BATCHES_AT_ONCE {
        let is_over = retrying_tx!(engine, |tx| match user_deletions::lock(tx, deletion).await? {
            true if user_deletions::forget_items(tx, deletion, BATCH).await? == 0 => {
                user_deletions::forget_user(tx, deletion).await?;
                true
            }
            is_held => !is_held,
        })?;
        if is_over {
            return Ok(());
        }
    }
    Ok(())
}

/// Forgets all users whose connections have ended. One who can't be forgotten doesn't keep the others.
///
/// # Errors
/// If the store fails, for any of them.
pub(crate) async fn round(engine: &Engine) -> Result<(), EngineError> {
    let mut failed = None;
    loop {
        let ready = list_ready(engine, None).await?;
        let mut worked = false;
        for deletion in &ready {
            match forget(engine, deletion).await {
                Ok(()) => worked = true,
                Err(error) => failed = Some(error),
            }
        }
        if !worked {
            return failed.map_or(Ok(()), Err);
        }
    }
}
