//! Google's copies of events, each in a row of its own: a mapping's row is written several times for each
//! change, and a copy only when Google showed another one.

use calsync_core::item::ItemKey;
use calsync_core::plan::{Address, Mapping};
use calsync_core::remote::RemoteEvent;

use crate::rows::{batches, execute_rows};
use crate::{Result, StoreError, Tx};

pub(super) const TABLE: &str = "remote_events";

/// A copy as it stands in its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredEvent {
    pub(super) google_id: String,
    /// JSON.
    pub(super) event: String,
}

/// What makes the rows of a mapping be as the mapping.
pub(super) struct Changes<'a> {
    item: &'a ItemKey,
    changed: Vec<StoredEvent>,
    gone: Vec<&'a str>,
}

impl<'a> Changes<'a> {
    /// From what is `stored` to what `mapping` knows.
    pub(super) fn new(item: &'a ItemKey, stored: &'a [StoredEvent], mapping: &Mapping) -> Result<Self> {
        let mut known = Vec::new();
        for (address, event) in events(mapping) {
            let event = serde_json::to_string(event)
                .map_err(|_| StoreError::corrupt(TABLE, "event", item.to_string()))?;
            known.push(StoredEvent { google_id: address.google_id.clone(), event });
        }
        let is_known = |one: &&StoredEvent| known.iter().any(|known| known.google_id == one.google_id);
        let gone = stored.iter().filter(|one| !is_known(one)).map(|one| one.google_id.as_str()).collect();
        known.retain(|one| !stored.contains(one));
        Ok(Self { item, changed: known, gone })
    }
}

fn events(mapping: &Mapping) -> impl Iterator<Item = (&Address, &RemoteEvent)> {
    let here = mapping.event_state.address().zip(mapping.event_state.copy());
    let previous = mapping.previous.as_ref();
    let previous = previous.and_then(|previous| Some((&previous.address, previous.copy()?)));
    here.into_iter().chain(previous).map(|(address, copy)| (address, &copy.event))
}

/// Stores `changes`. What didn't change isn't written.
pub(super) async fn store(tx: &mut Tx, integration_id: &str, changes: &[Changes<'_>]) -> Result<()> {
    let changed: Vec<_> =
        changes.iter().flat_map(|one| one.changed.iter().map(|event| (one.item, event))).collect();
    for batch in batches(&changed) {
        execute_rows!(
            tx,
            "INSERT INTO remote_events (integration_id, kind, item_id, google_id, event) ",
            batch,
            |row, (item, one)| {
                row.push_bind(integration_id).push_bind(item.kind.name()).push_bind(&item.id);
                row.push_bind(&one.google_id).push_bind(&one.event)
            },
            " ON CONFLICT (integration_id, kind, item_id, google_id) DO UPDATE SET event = excluded.event",
        )?;
    }
    let gone: Vec<_> = changes.iter().flat_map(|one| one.gone.iter().map(|id| (one.item, *id))).collect();
    for batch in batches(&gone) {
        execute_rows!(
            tx,
            "DELETE FROM remote_events WHERE (integration_id, kind, item_id, google_id) IN (",
            batch,
            |row, (item, google_id)| {
                row.push_bind(integration_id).push_bind(item.kind.name()).push_bind(&item.id);
                row.push_bind(*google_id)
            },
            ")",
        )?;
    }
    Ok(())
}
