//! Records changes of a connection for the platform, in the transaction that makes them.

use calsync_core::change::{Change, ChangeOutcome};
use calsync_core::integration::IntegrationState;
use calsync_core::reason::Reason;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{TABLE, get};
use crate::changes::{self, NewChange};
use crate::{Result, Store, StoreError, Tx};

/// Records that the integration changed from the state `before` to what it is now.
pub(crate) async fn record_change(
    store: &Store,
    tx: &mut Tx,
    id: &str,
    before: IntegrationState,
    change: Change,
    now: Timestamp,
) -> Result<()> {
    let one = get(tx, id).await?.ok_or_else(|| StoreError::corrupt(TABLE, "id", id))?;
    let new = NewChange {
        user_id: &one.user_id,
        item: None,
        change,
        outcome: ChangeOutcome::Accepted,
        before: connection(&one.provider, before, None),
        after: connection(&one.provider, one.state, one.reason),
    };
    changes::record(store, tx, &new, now).await
}

fn connection(provider: &str, state: IntegrationState, reason: Option<Reason>) -> Value {
    json!({"provider": provider, "state": state.name(), "reason": reason.map(Reason::name)})
}
