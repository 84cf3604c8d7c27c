//! An admin's pauses. A user's and a domain's are kept with their connections as well (`is_paused`), so that a claim
//! meets none of them: whoever begins or ends such a pause, or connects while it stands, stores that.
//!
//! Locks keep the two together: connections first, in the order of their users, then the pause. A consent that meets
//! a pause just as it begins may miss it; the first pass over the connection finds that
//! ([`crate::integrations::IntegrationWithTokens`]) and stores it.

use calsync_core::ids::new_id;
use calsync_core::pause::{PauseScope, PauseTarget};
use calsync_core::reason::Reason;
use jiff::Timestamp;
use serde_json::json;

use super::{Pause, Row, end, pauses};
use crate::audit::{self, AuditRow};
use crate::db::{execute, fetch_all, fetch_optional};
use crate::dialect::{covers, lock_domain, lock_pauses, lock_user};
use crate::rows::readable;
use crate::text::sanitize;
use crate::time::micros;
use crate::{Result, Store, StoreError, Tx, users};

/// Stores whether a pause covers connections.
macro_rules! update_is_paused {
    ($which:literal) => {
        concat!(
            "UPDATE user_integrations SET is_paused = NOT is_paused WHERE ",
            $which,
            " = $1 AND is_paused <> EXISTS (SELECT 1 FROM pauses WHERE ",
            covers!("user_integrations"),
            ")"
        )
    };
}

/// A pause that an admin wants.
#[derive(Clone, Copy, Debug)]
pub struct NewPauseByAdmin<'a> {
    /// What it covers.
    pub target: &'a PauseTarget,
    /// The admin's id, or the name of an API key.
    pub admin_id: &'a str,
    /// Why, 3 to 500 characters.
    pub note: &'a str,
}

/// What came of the wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It stands from now on.
    Now(Pause),
    /// One of the same target stood already; it stays as it was begun.
    Before(Pause),
    /// There is no such user, or they are being deleted.
    UnknownUser,
}

/// Begins an admin's pause, with its row in the audit.
pub async fn begin_by_admin(
    store: &Store,
    tx: &mut Tx,
    new: NewPauseByAdmin<'_>,
    now: Timestamp,
) -> Result<Begun> {
    let (scope, key, id) = (new.target.scope(), new.target.key(), new_id(now, store.entropy()));
    if scope == PauseScope::User && users::lock_active(tx, key).await?.is_none() {
        return Ok(Begun::UnknownUser);
    }
    lock_connections(tx, scope, key).await?;
    let begun = execute!(
        tx,
        "INSERT INTO pauses (id, scope, key, reason, began_at, admin_id, note) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (scope, key) WHERE admin_id IS NOT NULL DO NOTHING",
        &id,
        scope.name(),
        key,
        Reason::Paused.name(),
        micros(now),
        new.admin_id,
        sanitize(new.note).collect::<String>(),
    )?;
    let stored = of_target(tx, new.target).await?;
    let pause = stored.ok_or_else(|| StoreError::corrupt("pauses", "key", key))?;
    if begun == 0 {
        return Ok(Begun::Before(pause));
    }
    update_connections(tx, scope, key).await?;
    record(store, tx, "pause.start", &pause, (new.admin_id, new.note), now).await?;
    Ok(Begun::Now(pause))
}

/// Ends a pause, with a row in the audit that says who did, and why; also one that followed from Google's answers.
/// None: there is no such pause any more.
pub async fn end_by_admin(
    store: &Store,
    tx: &mut Tx,
    id: &str,
    by: (&str, &str),
    now: Timestamp,
) -> Result<Option<Pause>> {
    const SQL: &str = pauses!("WHERE id = $1");
    let Some(row) = fetch_optional!(tx, Row, SQL, id)? else { return Ok(None) };
    let pause = row.read()?;
    if pause.by.is_some() {
        lock_connections(tx, pause.scope, &pause.key).await?;
    }
    if !end(tx, &pause).await? {
        return Ok(None);
    }
    update_connections(tx, pause.scope, &pause.key).await?;
    record(store, tx, "pause.end", &pause, by, now).await?;
    Ok(Some(pause))
}

/// The admins' pauses that concern a connection of `user_id`, whose account is of `domain`; those of an operation too.
pub async fn of_connection(tx: &mut Tx, user_id: &str, domain: Option<&str>) -> Result<Vec<Pause>> {
    const SQL: &str = pauses!(
        "WHERE admin_id IS NOT NULL AND (scope IN ('everything', 'operation')
             OR (scope = 'user' AND key = $1) OR (scope = 'domain' AND key = $2))
         ORDER BY began_at, id"
    );
    readable(fetch_all!(tx, Row, SQL, user_id, domain)?, Row::read)
}

/// The admin's pause of `target`, if one stands.
pub async fn of_target(tx: &mut Tx, target: &PauseTarget) -> Result<Option<Pause>> {
    const SQL: &str = pauses!("WHERE scope = $1 AND key = $2 AND admin_id IS NOT NULL");
    let row = fetch_optional!(tx, Row, SQL, target.scope().name(), target.key())?;
    row.map(Row::read).transpose()
}

/// Stores whether an admin's pause covers a connection, which is locked.
pub(crate) async fn update_is_paused(tx: &mut Tx, integration_id: &str) -> Result<()> {
    // What is found doesn't end before this transaction does.
    let lock = lock_pauses(tx.dialect());
    fetch_all!(tx, (String,), lock, integration_id)?;
    execute!(tx, update_is_paused!("id"), integration_id)?;
    Ok(())
}

async fn lock_connections(tx: &mut Tx, scope: PauseScope, key: &str) -> Result<()> {
    let sql = match scope {
        PauseScope::User => lock_user(tx.dialect()),
        PauseScope::Domain => lock_domain(tx.dialect()),
        _ => return Ok(()),
    };
    fetch_all!(tx, (String,), sql, key)?;
    Ok(())
}

async fn update_connections(tx: &mut Tx, scope: PauseScope, key: &str) -> Result<()> {
    let sql = match scope {
        PauseScope::User => update_is_paused!("user_id"),
        PauseScope::Domain => update_is_paused!("account_domain"),
        _ => return Ok(()),
    };
    execute!(tx, sql, key)?;
    Ok(())
}

async fn record(
    store: &Store,
    tx: &mut Tx,
    action: &str,
    pause: &Pause,
    (admin_id, note): (&str, &str),
    now: Timestamp,
) -> Result<()> {
    let target = if pause.key.is_empty() { pause.scope.name() } else { pause.key.as_str() };
    let row = AuditRow {
        id: new_id(now, store.entropy()),
        admin_id: admin_id.to_owned(),
        action: action.to_owned(),
        target_id: target.to_owned(),
        note: Some(note.to_owned()),
        metadata: json!({"pause_id": pause.id, "scope": pause.scope.name(), "reason": pause.reason.name()}),
        created_at: now,
    };
    audit::record(tx, &row).await
}
