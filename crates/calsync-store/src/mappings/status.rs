//! Mappings as they are shown to people.

use calsync_core::item::ItemKind;
use calsync_core::reason::Reason;
use calsync_core::remote::RemoteEvent;
use calsync_core::sync_state::SyncState;
use jiff::Timestamp;

use super::TABLE;
use crate::db::fetch_all;
use crate::items::{shown_state, with_mappings};
use crate::rows::{or_else, row};
use crate::time::time;
use crate::{Result, StoreError, Tx};

/// A mapping as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingStatus {
    /// The user.
    pub user_id: String,
    /// Their language, as BCP 47.
    pub locale: Option<String>,
    /// The state.
    pub state: SyncState,
    /// The cause, from `core::reason`.
    pub reason: Option<Reason>,
    /// Google's id, once there is one.
    pub google_id: Option<String>,
    /// The calendar.
    pub calendar_id: Option<String>,
    /// Google's version.
    pub etag: Option<String>,
    /// Its address for people.
    pub html_link: Option<String>,
    /// When both sides last agreed.
    pub last_synced_at: Option<Timestamp>,
    /// When Google's copy was last seen.
    pub verified_at: Option<Timestamp>,
}

row! {
    struct ShownRow {
        user_id: String,
        locale: Option<String>,
        state: String,
        reason: Option<String>,
        google_id: Option<String>,
        calendar_id: Option<String>,
        etag: Option<String>,
        remote: Option<String>,
        last_synced_at: Option<i64>,
        verified_at: Option<i64>,
    }
}

impl ShownRow {
    fn read(self) -> MappingStatus {
        let corrupt = StoreError::corrupt(TABLE, "sync_state", self.user_id.clone());
        let state = or_else(SyncState::from_name(&self.state), corrupt, SyncState::Parked);
        let remote: Option<RemoteEvent> =
            self.remote.as_deref().and_then(|remote| serde_json::from_str(remote).ok());
        let reason = self.reason.as_deref().and_then(Reason::from_name);
        MappingStatus {
            user_id: self.user_id,
            locale: self.locale,
            reason: reason.or((state == SyncState::NotConnected).then_some(Reason::NotConnected)),
            state,
            html_link: remote.as_ref().and_then(|event| event.html_link().map(str::to_owned)),
            google_id: self.google_id.filter(|_| remote.is_some()),
            calendar_id: self.calendar_id,
            etag: self.etag,
            last_synced_at: self.last_synced_at.map(time),
            verified_at: self.verified_at.map(time),
        }
    }
}

/// The mappings of one item, one for each of its users. What waits for a connection that has stopped waits
/// for that, and says its reason.
pub async fn of_item(tx: &mut Tx, kind: ItemKind, item_id: &str) -> Result<Vec<MappingStatus>> {
    const SQL: &str = concat!(
        "SELECT u.user_id, p.locale, ",
        shown_state!(),
        " AS state, CASE WHEN m.sync_state = 'waiting' AND g.state = 'needs_action'
                         THEN g.reason ELSE m.reason END AS reason, m.google_id, COALESCE(m.calendar_id, g.target_calendar_id) AS calendar_id,
                m.etag, r.event AS remote, m.last_synced_at, m.verified_at
         FROM item_users u LEFT JOIN users p ON p.user_id = u.user_id ",
        with_mappings!(),
        " LEFT JOIN remote_events r ON r.integration_id = m.integration_id AND r.kind = m.kind
              AND r.item_id = m.item_id AND r.google_id = m.google_id
          WHERE u.kind = $1 AND u.item_id = $2 ORDER BY u.user_id"
    );
    let rows = fetch_all!(tx, ShownRow, SQL, kind.name(), item_id)?;
    Ok(rows.into_iter().map(ShownRow::read).collect())
}
