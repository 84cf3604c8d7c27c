//! Links by which the platform sends a user to connect.

use calsync_store::connect::{self, Link};
use jiff::{SignedDuration, Timestamp};

use super::secret_text;
use crate::{Engine, EngineError};

/// How long a link is good unless asked otherwise.
pub const LINK_LIFETIME_DEFAULT: SignedDuration = SignedDuration::from_secs(900);
/// The longest that a link can be good: a week.
pub const LINK_LIFETIME_MAX: SignedDuration = SignedDuration::from_secs(604_800);

/// A link that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLink {
    /// Its address; whoever has it can connect as the user.
    pub url: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Makes a link for `user_id` that is good for `lifetime`.
///
/// # Errors
/// If the store fails.
pub async fn create_link(
    engine: &Engine,
    user_id: &str,
    return_url: Option<String>,
    lifetime: SignedDuration,
) -> Result<NewLink, EngineError> {
    let now = engine.now();
    let token = secret_text(engine);
    let expires_at = now.saturating_add(lifetime.min(LINK_LIFETIME_MAX)).unwrap_or(now);
    let link = Link { user_id: user_id.to_owned(), return_url, expires_at, used: false };
    let mut tx = engine.store().begin().await?;
    connect::create_link(&mut tx, &token, &link, now).await?;
    tx.commit().await?;
    Ok(NewLink { url: format!("{}/connect/{token}", engine.settings().public_url), expires_at })
}

/// Uses a link up for the pages on which its user sees and changes their connection; none if it was
/// used before or is too old.
///
/// # Errors
/// If the store fails.
pub async fn use_link(engine: &Engine, token: &str) -> Result<Option<Link>, EngineError> {
    let mut tx = engine.store().begin().await?;
    let link = connect::find_link(&mut tx, token).await?;
    let is_used = connect::use_link(&mut tx, token, engine.now()).await?;
    tx.commit().await?;
    Ok(link.filter(|_| is_used))
}
