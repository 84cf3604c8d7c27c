//! An item as it is shown: the body, and for each of its users where it stands.

use calsync_core::item::{ItemBody, ItemKey, ItemKind};
use calsync_core::language::Text;
use calsync_core::reason::Reason;
use calsync_core::sync_state::SyncState;
use calsync_store::items::StoredItem;
use calsync_store::mappings::{self, MappingStatus};
use calsync_store::{StoreError, Tx};
use jiff::Timestamp;
use serde::Serialize;

use super::Audience;
use super::next_step::sentence;

/// An item.
#[derive(Serialize)]
pub struct ItemView {
    kind: ItemKind,
    item_id: String,
    /// None where what is stored of it can't be read any more.
    #[serde(flatten)]
    body: Option<ItemBody>,
    /// For each user, in the order of their ids.
    pub sync: Vec<SyncView>,
}

/// Where an item stands for one user.
#[derive(Serialize)]
pub struct SyncView {
    /// The user.
    pub user_id: String,
    /// The state.
    pub state: SyncState,
    reason: Option<Reason>,
    sentence: &'static str,
    remote: Option<Remote>,
    last_synced_at: Option<Timestamp>,
    verified_at: Option<Timestamp>,
}

/// The copy at Google.
#[derive(Serialize)]
struct Remote {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    calendar_id: Option<String>,
    etag: Option<String>,
    html_link: Option<String>,
}

impl ItemView {
    /// Reads where `item` stands.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn load(
        tx: &mut Tx,
        item: StoredItem,
        audience_of: fn(&MappingStatus) -> Audience,
    ) -> Result<Self, StoreError> {
        let mappings = mappings::of_item(tx, item.key.kind, &item.key.id).await?;
        Ok(Self::new(item.key, item.body, mappings, audience_of))
    }

    /// An item and its mappings.
    pub fn new(
        key: ItemKey,
        body: Option<ItemBody>,
        mappings: Vec<MappingStatus>,
        audience_of: fn(&MappingStatus) -> Audience,
    ) -> Self {
        let sync =
            mappings.into_iter().map(|mapping| SyncView::new(audience_of(&mapping), mapping)).collect();
        Self { kind: key.kind, item_id: key.id, body, sync }
    }
}

impl SyncView {
    /// Why it is so, in words.
    pub const fn sentence(&self) -> &'static str {
        self.sentence
    }

    /// When both sides last agreed.
    pub const fn last_synced_at(&self) -> Option<Timestamp> {
        self.last_synced_at
    }

    fn new(audience: Audience, mapping: MappingStatus) -> Self {
        let (calendar_id, etag, html_link) = (mapping.calendar_id, mapping.etag, mapping.html_link);
        Self {
            user_id: mapping.user_id,
            state: mapping.state,
            reason: mapping.reason,
            sentence: state_sentence(mapping.state, mapping.reason, audience),
            remote: mapping.google_id.map(|id| Remote { kind: "event", id, calendar_id, etag, html_link }),
            last_synced_at: mapping.last_synced_at,
            verified_at: mapping.verified_at,
        }
    }
}

/// The reason's sentence; without a reason, the state in words.
const fn state_sentence(state: SyncState, reason: Option<Reason>, audience: Audience) -> &'static str {
    if let Some(reason) = reason {
        return sentence(reason, audience);
    }
    let text = match state {
        SyncState::NotConnected => return sentence(Reason::NotConnected, audience),
        SyncState::Held => return sentence(Reason::HeldForApproval, audience),
        SyncState::RemovedByUser => return sentence(Reason::RemovedByUser, audience),
        SyncState::Waiting => Text::new(
            "In the queue: it will be in Google Calendar soon.",
            "順番を待っています。まもなく Google カレンダーに反映されます。",
            "순서를 기다리고 있습니다. 곧 Google 캘린더에 반영됩니다.",
        ),
        SyncState::Synced => Text::new(
            "It is in Google Calendar.",
            "Google カレンダーに反映されています。",
            "Google 캘린더에 반영되어 있습니다.",
        ),
        SyncState::Parked => Text::new(
            "Stopped until something changes.",
            "内容が変わるまで停止しています。",
            "내용이 바뀔 때까지 중단되어 있습니다.",
        ),
        SyncState::Removed => Text::new(
            "It was taken off Google Calendar.",
            "Google カレンダーから取り除かれました。",
            "Google 캘린더에서 제거되었습니다.",
        ),
        SyncState::NotSent => Text::new(
            "A rule keeps it out of Google Calendar.",
            "設定により、Google カレンダーには送られません。",
            "설정에 따라 Google 캘린더로 보내지 않습니다.",
        ),
    };
    text.to(audience.language())
}
