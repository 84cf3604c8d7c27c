//! The clean-up of what a disconnect left because its grant was dead: the user consents once more,
//! and the disconnect goes on from there with that consent's grant: it removes what was left, ends
//! the grant, and keeps nothing.
//!
//! A link is used up when its form is sent, and only the browser that sent it can finish. Nothing
//! is removed with another Google account, nor once a new connection has taken over what was left.

mod begin;
mod finish;

pub use begin::{CleanUpStart, begin};
pub(super) use finish::finish;

use calsync_google::scopes;
use calsync_store::calendars::{self, Calendar};
use calsync_store::clean_ups::{self, CleanUp};
use calsync_store::disconnects::{self, Saga};
use calsync_store::{Tx, users};
use jiff::SignedDuration;

use crate::consent::choices::of_all;
use crate::consent::round_trip::secret_text;
use crate::consent::{LINK_LIFETIME_MAX, NewLink};
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// Makes a link by which `user_id` can clean up; none if nothing is left of their disconnects, or
/// they are not there.
///
/// # Errors
/// If the store fails.
pub async fn create_link(
    engine: &Engine,
    user_id: &str,
    lifetime: SignedDuration,
) -> Result<Option<NewLink>, EngineError> {
    let now = engine.now();
    let token = secret_text(engine);
    let expires_at = now.saturating_add(lifetime.min(LINK_LIFETIME_MAX)).unwrap_or(now);
    let is_made = retrying_tx!(engine, |tx| {
        if users::lock_active(tx, user_id).await?.is_none() {
            return Ok(false);
        }
        let Some(saga) = disconnects::to_clean_up(tx, user_id).await? else { return Ok(false) };
        let new = CleanUp {
            id: engine.new_id(),
            disconnect_id: saga.id,
            user_id: user_id.to_owned(),
            expires_at,
            is_begun: false,
            ended_at: None,
            reason: None,
        };
        clean_ups::create(tx, &new, &token, now).await?;
        true
    })?;
    Ok(is_made
        .then(|| NewLink { url: format!("{}/clean-up/{token}", engine.settings().public_url), expires_at }))
}

/// What the consent has to permit: what the calendar that was chosen needs, and every other in which something is left.
async fn needed_scopes(tx: &mut Tx, saga: &Saga) -> Result<Vec<&'static str>, EngineError> {
    let of = (saga.integration_id.as_str(), saga.before.epoch);
    let calendars = calendars::of_disconnect(tx, of, &saga.id).await?;
    let left = calendars.iter().filter(|one| one.is_ours || one.has_items).map(Calendar::choice);
    Ok(of_all(scopes::wanted, std::iter::once(saga.before.calendar_choice).chain(left)))
}

/// A clean-up as its user sees it.
pub struct Status {
    /// The clean-up.
    pub clean_up: CleanUp,
    /// The disconnect that it carries on.
    pub saga: Saga,
    /// Whether a new connection took over what was left.
    pub is_in_use: bool,
}

/// The clean-up that `browser` began.
///
/// # Errors
/// If the store fails.
pub async fn status(engine: &Engine, browser: &str) -> Result<Option<Status>, EngineError> {
    let mut tx = engine.store().read().await?;
    let Some(clean_up) = clean_ups::of_browser(&mut tx, browser).await? else { return Ok(None) };
    let Some(saga) = disconnects::get(&mut tx, &clean_up.disconnect_id).await? else { return Ok(None) };
    let is_in_use = disconnects::is_in_use(&mut tx, &saga.id).await?;
    Ok(Some(Status { clean_up, saga, is_in_use }))
}
