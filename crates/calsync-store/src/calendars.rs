//! Calendars: a row for each that a connection uses or has used. Which of them is the target stands with the
//! integration; whether one holds anything, in the mappings, or in the list of what its disconnect left.
//!
//! Rows of earlier connections stay as long as a clean-up may need them.

use calsync_core::integration::CalendarChoice;
use calsync_core::reason::Reason;
use jiff::Timestamp;

use crate::db::{execute, fetch_all};
use crate::rows::row;
use crate::time::micros;
use crate::{Result, Tx};

/// A connection: its integration and epoch.
pub type OfConnection<'a> = (&'a str, i64);

/// A calendar that a connection uses or has used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Its id at Google; none: one of ours that Google may have made, and whose id we have not heard.
    pub id: Option<String>,
    /// Whether we made it.
    pub is_ours: bool,
    /// Whether it was left, and is not removed.
    pub stays: bool,
    /// Whether an event of ours may stand in it.
    pub has_items: bool,
}

impl Calendar {
    /// Whether something of ours is still to be moved out of it, or it is to go itself.
    pub const fn is_in_use(&self) -> bool {
        self.has_items || (self.is_ours && !self.stays)
    }

    /// The choice by which it came into use.
    pub const fn choice(&self) -> CalendarChoice {
        if self.is_ours { CalendarChoice::New } else { CalendarChoice::Existing }
    }
}

row! {
    struct Row {
        calendar_id: String,
        is_ours: bool,
        stays: bool,
        has_items: bool,
    }
}

impl From<Row> for Calendar {
    fn from(row: Row) -> Self {
        let id = Some(row.calendar_id).filter(|id| !id.is_empty());
        Self { id, is_ours: row.is_ours, stays: row.stays, has_items: row.has_items }
    }
}

/// Whether a mapping tells of an event in the calendar `c`.
macro_rules! has_mappings {
    () => {
        "EXISTS (SELECT 1 FROM sync_mappings m WHERE m.integration_id = c.integration_id
             AND (m.calendar_id = c.calendar_id OR m.previous_calendar_id = c.calendar_id))"
    };
}

/// The calendars of a connection, with what `$has_items` tells of them.
macro_rules! select {
    ($has_items:expr) => {
        concat!(
            "SELECT c.calendar_id, c.is_ours, c.stays, ",
            $has_items,
            " AS has_items FROM calendars c WHERE c.integration_id = $1 AND c.epoch = $2 ORDER BY c.calendar_id"
        )
    };
}

/// The calendars of the present connection of an integration.
pub async fn of_connection(tx: &mut Tx, (id, epoch): OfConnection<'_>) -> Result<Vec<Calendar>> {
    const SQL: &str = select!(has_mappings!());
    Ok(fetch_all!(tx, Row, SQL, id, epoch)?.into_iter().map(Calendar::from).collect())
}

/// The calendars of a connection that the disconnect `disconnect_id` ended, by what that left in them.
pub async fn of_disconnect(
    tx: &mut Tx,
    (id, epoch): OfConnection<'_>,
    disconnect_id: &str,
) -> Result<Vec<Calendar>> {
    const SQL: &str =
        select!("c.calendar_id IN (SELECT calendar_id FROM disconnect_leftovers WHERE disconnect_id = $3)");
    Ok(fetch_all!(tx, Row, SQL, id, epoch, disconnect_id)?.into_iter().map(Calendar::from).collect())
}

/// Keeps a calendar that is the target from now on, open and to be used, whatever it was before.
pub(crate) async fn keep_target(
    tx: &mut Tx,
    (id, epoch): OfConnection<'_>,
    calendar_id: &str,
    is_ours: bool,
    summary: &str,
) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO calendars (integration_id, epoch, calendar_id, is_ours, summary) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (integration_id, epoch, calendar_id) DO UPDATE SET is_ours = excluded.is_ours, stays = FALSE,
             summary = excluded.summary, closed_reason = NULL, closed_at = NULL",
        id,
        epoch,
        calendar_id,
        is_ours,
        summary,
    )?;
    Ok(())
}

/// Google said of a calendar that we can't write to it any more.
pub(crate) async fn closed(
    tx: &mut Tx,
    (id, epoch): OfConnection<'_>,
    calendar_id: &str,
    reason: Reason,
    now: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        "UPDATE calendars SET closed_reason = $4, closed_at = $5
         WHERE integration_id = $1 AND epoch = $2 AND calendar_id = $3",
        id,
        epoch,
        calendar_id,
        reason.name(),
        micros(now),
    )?;
    Ok(())
}

/// One of ours that was left stays at Google, also one that nobody knew of. Under the lease of a pass, like the next.
pub async fn stays(tx: &mut Tx, (id, epoch): OfConnection<'_>, calendar_id: Option<&str>) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO calendars (integration_id, epoch, calendar_id, is_ours, stays) VALUES ($1, $2, $3, TRUE, TRUE)
         ON CONFLICT (integration_id, epoch, calendar_id) DO UPDATE SET is_ours = TRUE, stays = TRUE",
        id,
        epoch,
        calendar_id.unwrap_or_default(),
    )?;
    Ok(())
}

/// One of ours is gone from Google, or never was there.
pub async fn gone(tx: &mut Tx, (id, epoch): OfConnection<'_>, calendar_id: Option<&str>) -> Result<()> {
    execute!(
        tx,
        "DELETE FROM calendars WHERE integration_id = $1 AND epoch = $2 AND calendar_id = $3",
        id,
        epoch,
        calendar_id.unwrap_or_default(),
    )?;
    Ok(())
}

/// Nothing of a connection is left at Google.
pub(crate) async fn all_gone(tx: &mut Tx, (id, epoch): OfConnection<'_>) -> Result<()> {
    execute!(tx, "DELETE FROM calendars WHERE integration_id = $1 AND epoch = $2", id, epoch)?;
    Ok(())
}

/// Which calendars nobody cleans up any more: those of earlier connections without a disconnect that left anything.
macro_rules! forgotten {
    () => {
        "epoch < (SELECT g.epoch FROM user_integrations g WHERE g.id = calendars.integration_id)
             AND NOT EXISTS (SELECT 1 FROM disconnects d WHERE d.integration_id = calendars.integration_id
                 AND d.epoch = calendars.epoch AND d.state <> 'done')"
    };
}
pub(crate) use forgotten;

/// Forgets those calendars of an integration that nobody cleans up any more.
pub(crate) async fn forget(tx: &mut Tx, id: &str) -> Result<()> {
    const SQL: &str = concat!("DELETE FROM calendars WHERE integration_id = $1 AND ", forgotten!());
    execute!(tx, SQL, id)?;
    Ok(())
}
