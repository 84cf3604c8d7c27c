//! A change as the platform reads it, the same in the feed and in the webhook. Of a connection that
//! needs its user it says, in their language, what happened and the way back.

use calsync_core::change::{Change, ChangeOutcome};
use calsync_core::cursor;
use calsync_core::integration::IntegrationState;
use calsync_core::item::ItemKind;
use calsync_core::language::Language;
use calsync_core::reason::Reason;
use calsync_store::changes::SequencedChange;
use calsync_store::{integrations, users};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::consent::link_of_change;
use crate::{Engine, EngineError};

/// The list that a change's cursor is a place in.
const LIST: &str = "changes";

/// A change. It is not to be printed: there may be a link in it.
#[derive(Serialize)]
pub struct ChangePayload {
    /// From here on the feed tells what came later.
    pub cursor: Option<String>,
    /// Its id.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// The item's kind; none: the user's connection.
    pub kind: Option<ItemKind>,
    /// The item's id; none: the user's connection.
    pub item_id: Option<String>,
    /// Whom it concerns.
    pub user_id: String,
    /// What changed.
    pub change: Change,
    /// What became of it.
    pub outcome: ChangeOutcome,
    /// How it was.
    pub before: Value,
    /// How it is.
    pub after: Value,
}

/// The position that a change's cursor stands for.
pub fn cursor_position(cursor: &str) -> Option<i64> {
    cursor::read(LIST, cursor)
}

/// `one` as the platform reads it now.
pub(super) async fn build(engine: &Engine, one: SequencedChange) -> Result<ChangePayload, EngineError> {
    let mut after = one.after.clone();
    if one.change == Change::NeedsReconnect {
        add_way_back(engine, &one, &mut after).await?;
    }
    let (kind, item_id) = one.item.map_or((None, None), |item| (Some(item.kind), Some(item.id)));
    Ok(ChangePayload {
        cursor: cursor::write(LIST, one.position),
        id: one.id,
        at: one.at,
        kind,
        item_id,
        user_id: one.user_id,
        change: one.change,
        outcome: one.outcome,
        before: one.before,
        after,
    })
}

/// Adds what the user is to be told, and where they connect again.
async fn add_way_back(engine: &Engine, one: &SequencedChange, after: &mut Value) -> Result<(), EngineError> {
    let Some(reason) = after["reason"].as_str().and_then(Reason::from_name) else { return Ok(()) };
    let mut tx = engine.store().read().await?;
    let user = users::get(&mut tx, &one.user_id).await?;
    let connections = integrations::of_user(&mut tx, &one.user_id).await?;
    drop(tx);
    let language = Language::of_locale(user.and_then(|user| user.locale).as_deref());
    after["sentence"] = json!(reason.to_user(language));
    after["next_step"] = json!(reason.step_of_user(language));
    let waits_for_user = connections.iter().any(|connection| {
        after["provider"] == connection.provider.as_str() && connection.state == IntegrationState::NeedsAction
    });
    after["connect_url"] = json!(match &engine.settings().connect_url {
        Some(url) => Some(url.clone()),
        None if waits_for_user => link_of_change(engine, one).await?,
        None => None,
    });
    Ok(())
}
