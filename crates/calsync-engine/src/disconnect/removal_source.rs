//! What may be in the calendars still, as our rows tell. A disconnect knows it from the mappings; a clean-up from the
//! list that its disconnect left, since the mappings may be a later connection's by then.

use calsync_store::calendars::{self, Calendar};
use calsync_store::disconnects::{self, Saga};
use calsync_store::mappings::{self, RemoteItem};
use calsync_store::{Store, Tx};

use crate::EngineError;

/// The rows that tell it.
pub(super) struct RemovalSource {
    store: Store,
    integration_id: String,
    epoch: i64,
    /// The disconnect whose list it is; none: the mappings.
    leftovers_of: Option<String>,
}

impl RemovalSource {
    pub(super) fn of(store: &Store, saga: &Saga) -> Self {
        let leftovers_of = saga.clean_up_id.as_ref().map(|_| saga.id.clone());
        let (integration_id, epoch) = (saga.integration_id.clone(), saga.before.epoch);
        Self { store: store.clone(), integration_id, epoch, leftovers_of }
    }

    /// The calendars of the connection.
    pub(super) async fn calendars(&self) -> Result<Vec<Calendar>, EngineError> {
        let of = (self.integration_id.as_str(), self.epoch);
        let mut tx = self.store.read().await?;
        Ok(match &self.leftovers_of {
            Some(id) => calendars::of_disconnect(&mut tx, of, id).await?,
            None => calendars::of_connection(&mut tx, of).await?,
        })
    }

    /// The items of one calendar, after `after`.
    pub(super) async fn items(
        &self,
        calendar_id: &str,
        after: Option<&RemoteItem>,
        limit: i64,
    ) -> Result<Vec<RemoteItem>, EngineError> {
        let mut tx = self.store.read().await?;
        Ok(match &self.leftovers_of {
            Some(id) => disconnects::leftovers(&mut tx, id, Some(calendar_id), after, limit).await?,
            None => mappings::at_google(&mut tx, &self.integration_id, calendar_id, after, limit).await?,
        })
    }

    /// How many that are.
    pub(super) async fn count(&self, calendar_id: &str) -> Result<i64, EngineError> {
        let mut tx = self.store.read().await?;
        Ok(match &self.leftovers_of {
            Some(id) => disconnects::count_leftovers(&mut tx, id, Some(calendar_id)).await?,
            None => mappings::count_in_calendar(&mut tx, &self.integration_id, calendar_id).await?,
        })
    }

    /// Stores that an event is gone.
    pub(super) async fn removed(&self, tx: &mut Tx, google_id: &str) -> Result<(), EngineError> {
        mappings::mark_deleted(tx, &self.integration_id, google_id).await?;
        if let Some(id) = &self.leftovers_of {
            disconnects::leftover_removed(tx, id, google_id).await?;
        }
        Ok(())
    }
}
