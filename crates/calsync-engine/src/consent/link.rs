//! Links by which the platform, or an admin, sends a user to connect.

use calsync_store::changes::SequencedChange;
use calsync_store::consent::{self, Link, MadeBy};
use calsync_store::{Tx, changes, users};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

use super::round_trip::secret_text;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// How long a link is good unless asked otherwise.
pub const LINK_LIFETIME_DEFAULT: SignedDuration = SignedDuration::from_secs(900);
/// The longest that a link can be good: a week.
pub const LINK_LIFETIME_MAX: SignedDuration = SignedDuration::from_secs(604_800);

/// How long an admin's link is good: it goes by mail, and mail waits.
const RECONNECT_LINK_LIFETIME: SignedDuration = LINK_LIFETIME_MAX;

/// A link that was just made.
#[derive(Clone)]
pub struct NewLink {
    /// Its address; whoever has it can connect as the user.
    pub url: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Makes a link for `user_id` that is good for `lifetime`; none if there is no such user, or they
/// are being deleted.
///
/// # Errors
/// If the store fails.
pub async fn create_link(
    engine: &Engine,
    user_id: &str,
    return_url: Option<String>,
    lifetime: SignedDuration,
) -> Result<Option<NewLink>, EngineError> {
    let now = engine.now();
    let (new, token, link) = made(engine, user_id, return_url, lifetime);
    let is_made = retrying_tx!(engine, |tx| {
        let stays = users::lock_active(tx, user_id).await?.is_some();
        if stays {
            consent::create_link(tx, &token, &link, now).await?;
        }
        stays
    })?;
    Ok(is_made.then_some(new))
}

/// The link by which the user of `change` connects again. It is made when it is first needed, and kept
/// with the change: whoever reads it again, by the feed or by the webhook, is told the same one as long
/// as it is good. None if there is no such user any more, or they are being deleted.
pub(crate) async fn link_of_change(
    engine: &Engine,
    change: &SequencedChange,
) -> Result<Option<String>, EngineError> {
    let mut tx = engine.store().read().await?;
    if let Some(url) = kept(engine, &mut tx, change).await? {
        return Ok(Some(url));
    }
    drop(tx);
    let mut tx = engine.store().begin().await?;
    // Of two who read at once, the other one makes it.
    if users::lock_active(&mut tx, &change.user_id).await?.is_none() {
        return Ok(None);
    }
    if let Some(url) = kept(engine, &mut tx, change).await? {
        return Ok(Some(url));
    }
    let (new, token, link) = made(engine, &change.user_id, None, LINK_LIFETIME_MAX);
    consent::create_link(&mut tx, &token, &link, engine.now()).await?;
    changes::keep_link_token(engine.store(), &mut tx, change, &token.into()).await?;
    tx.commit().await?;
    Ok(Some(new.url))
}

/// The link that is kept with `change`, if it is good.
async fn kept(engine: &Engine, tx: &mut Tx, change: &SequencedChange) -> Result<Option<String>, EngineError> {
    let token = changes::link_token(tx, engine.store().keyring(), change).await?;
    let Some(token) = token else { return Ok(None) };
    let link = consent::find_link(tx, token.expose_secret()).await?;
    let good = link.filter(|link| !link.used && link.expires_at > engine.now());
    Ok(good.map(|_| url(engine, token.expose_secret())))
}

fn url(engine: &Engine, token: &str) -> String {
    format!("{}/connect/{token}", engine.settings().public_url)
}

/// Makes a link that an admin sends to `user_id`, together with its row in the audit; none if there
/// is no such user, or they are being deleted.
///
/// # Errors
/// If the store fails.
pub async fn create_reconnect_link(
    engine: &Engine,
    user_id: &str,
    admin_id: &str,
    note: &str,
) -> Result<Option<NewLink>, EngineError> {
    let now = engine.now();
    let (new, token, link) = made(engine, user_id, None, RECONNECT_LINK_LIFETIME);
    let audit_id = engine.new_id();
    let is_made = retrying_tx!(engine, |tx| {
        let stays = users::lock_active(tx, user_id).await?.is_some();
        if stays {
            let by = MadeBy { admin_id, note, audit_id: &audit_id };
            consent::create_reconnect_link(tx, &token, &link, by, now).await?;
        }
        stays
    })?;
    Ok(is_made.then_some(new))
}

/// A new link: its address, its token, and what is to be stored of it.
fn made(
    engine: &Engine,
    user_id: &str,
    return_url: Option<String>,
    lifetime: SignedDuration,
) -> (NewLink, String, Link) {
    let now = engine.now();
    let token = secret_text(engine);
    let expires_at = now.saturating_add(lifetime.min(LINK_LIFETIME_MAX)).unwrap_or(now);
    let url = url(engine, &token);
    let link = Link { user_id: user_id.to_owned(), return_url, expires_at, used: false };
    (NewLink { url, expires_at }, token, link)
}

/// Uses a link up for the pages on which its user sees and changes their connection; none if it was
/// used before or is too old.
///
/// # Errors
/// If the store fails.
pub async fn use_link(engine: &Engine, token: &str) -> Result<Option<Link>, EngineError> {
    retrying_tx!(engine, |tx| {
        let link = consent::find_link(tx, token).await?;
        let is_used = consent::use_link(tx, token, engine.now()).await?;
        link.filter(|_| is_used)
    })
}
