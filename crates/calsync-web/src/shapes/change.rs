//! A change as the platform is told of it. Of a connection that needs its user it says, in their
//! language, what happened and the way back.

use calsync_core::change::{Change, ChangeOutcome};
use calsync_core::item::ItemKind;
use calsync_core::reason::Reason;
use calsync_engine::Settings;
use calsync_store::changes::PlacedChange;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::Audience;
use super::next_step::{NextStep, sentence};
use crate::cursor;

const LIST: &str = "changes";

/// A change.
#[derive(Serialize)]
pub(crate) struct ChangeShape {
    pub(crate) cursor: Option<String>,
    id: String,
    at: Timestamp,
    kind: Option<ItemKind>,
    item_id: Option<String>,
    user_id: String,
    change: Change,
    outcome: ChangeOutcome,
    before: Value,
    after: Value,
}

impl ChangeShape {
    /// `one`, which concerns a user of this `locale`.
    pub(crate) fn new(one: PlacedChange, locale: Option<&str>, settings: &Settings) -> Self {
        let mut after = one.after;
        if one.change == Change::NeedsReconnect {
            add_way_back(&mut after, Audience::user(locale), settings);
        }
        let (kind, item_id) = one.item.map_or((None, None), |item| (Some(item.kind), Some(item.id)));
        Self {
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
        }
    }

    /// The position that a cursor of this list stands for.
    pub(crate) fn position(cursor: &str) -> Option<i64> {
        cursor::read(LIST, cursor)
    }
}

/// Adds what the user is to be told. A link of ours is a secret that is kept as a hash and ends soon,
/// so there is the platform's own page, or its call for a link.
fn add_way_back(after: &mut Value, audience: Audience, settings: &Settings) {
    let Some(reason) = after["reason"].as_str().and_then(Reason::from_name) else { return };
    after["sentence"] = json!(sentence(reason, audience));
    after["next_step"] = json!(NextStep::for_reason(reason, audience));
    after["connect_url"] = json!(settings.connect_url);
}
