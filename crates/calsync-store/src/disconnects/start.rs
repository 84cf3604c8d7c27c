//! The start of a disconnect: from this transaction on nothing is written for the integration.

use calsync_core::disconnect::RemoteItems;
use calsync_core::ids::new_id;
use jiff::Timestamp;
use serde_json::json;

use super::{Saga, get, running};
use crate::audit::{self, AuditRow};
use crate::db::{execute, fetch_optional};
use crate::dialect::live;
use crate::text::sanitize;
use crate::time::micros;
use crate::{Result, Store, StoreError, Tx};

/// Who wants a disconnect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedBy {
    /// The user.
    User,
    /// The platform.
    Platform,
    /// An admin.
    Admin {
        /// The admin's id.
        id: String,
    },
}

impl RequestedBy {
    /// `user`, `platform` or `admin`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Platform => "platform",
            Self::Admin { .. } => "admin",
        }
    }

    pub(super) fn read(name: &str, admin_id: Option<String>) -> Option<Self> {
        match (name, admin_id) {
            ("user", None) => Some(Self::User),
            ("platform", None) => Some(Self::Platform),
            ("admin", Some(id)) => Some(Self::Admin { id }),
            _ => None,
        }
    }

    fn admin_id(&self) -> Option<&str> {
        match self {
            Self::Admin { id } => Some(id),
            Self::User | Self::Platform => None,
        }
    }
}

/// A disconnect that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDisconnect<'a> {
    /// Whose integration.
    pub user_id: &'a str,
    /// With whom.
    pub provider: &'a str,
    /// What becomes of what was synced.
    pub remote_items: RemoteItems,
    /// Who wants it.
    pub requested_by: &'a RequestedBy,
    /// The admin's note, 3 to 500 characters.
    pub note: Option<&'a str>,
}

/// What came of the wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// It runs.
    Started(Saga),
    /// One ran already; it goes on as it was asked for.
    AlreadyRunning(Saga),
    /// There is nothing to disconnect.
    NothingConnected,
}

/// Starts a disconnect: the integration becomes `disconnecting` and its fence rises. What an admin
/// starts is in the audit of the same transaction.
pub async fn start(store: &Store, tx: &mut Tx, new: &NewDisconnect<'_>, now: Timestamp) -> Result<Start> {
    const FREEZE: &str = concat!(
        "UPDATE user_integrations SET state = 'disconnecting', reason = NULL, fence = fence + 1, updated_at = $3
         WHERE user_id = $1 AND provider = $2 AND ",
        live!(),
        " RETURNING id"
    );
    let frozen = fetch_optional!(tx, (String,), FREEZE, new.user_id, new.provider, micros(now))?;
    let Some((integration_id,)) = frozen else { return under_way(tx, new).await };
    let id = new_id(now, store.entropy());
    insert(tx, &id, &integration_id, new, now).await?;
    if let RequestedBy::Admin { id: admin_id } = new.requested_by {
        let row = AuditRow {
            id: new_id(now, store.entropy()),
            admin_id: admin_id.clone(),
            action: "integration.disconnect".into(),
            target_id: new.user_id.into(),
            note: new.note.map(str::to_owned),
            metadata: json!({
                "disconnect_id": id, "integration_id": integration_id, "provider": new.provider,
                "remote_items": new.remote_items.name(),
            }),
            created_at: now,
        };
        audit::record(tx, &row).await?;
    }
    let saga = get(tx, &id).await?.ok_or_else(|| StoreError::corrupt(super::TABLE, "id", id))?;
    Ok(Start::Started(saga))
}

async fn under_way(tx: &mut Tx, new: &NewDisconnect<'_>) -> Result<Start> {
    let there = fetch_optional!(
        tx,
        (String,),
        "SELECT id FROM user_integrations WHERE user_id = $1 AND provider = $2 AND state = 'disconnecting'",
        new.user_id,
        new.provider,
    )?;
    let Some((integration_id,)) = there else { return Ok(Start::NothingConnected) };
    let saga = running(tx, &integration_id).await?;
    Ok(saga.map_or(Start::NothingConnected, Start::AlreadyRunning))
}

async fn insert(
    tx: &mut Tx,
    id: &str,
    integration_id: &str,
    new: &NewDisconnect<'_>,
    now: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO disconnects (id, integration_id, user_id, provider, remote_items, state, requested_by,
             admin_id, note, tries, removed, due_at, lease_until, fence, created_at, account_sub, account_email,
             calendar_choice, target_calendar_id, epoch)
         SELECT $1, id, $3, $4, $5, 'running', $6, $7, $8, 0, 0, $9, 0, 0, $9, account_sub, account_email,
             calendar_choice, target_calendar_id, epoch
         FROM user_integrations WHERE id = $2",
        id,
        integration_id,
        new.user_id,
        new.provider,
        new.remote_items.name(),
        new.requested_by.name(),
        new.requested_by.admin_id(),
        new.note.map(|note| sanitize(note).collect::<String>()),
        micros(now),
    )?;
    Ok(())
}
