//! Disconnects: sagas whose every step is kept with its receipt before the next begins.
//!
//! One runs for an integration at a time. A worker claims it with a fence of its own and extends
//! its lease before each call, so that an overtaken worker writes nothing. What waits is `due_at`.

mod leftovers;
mod progress;
mod retention;
mod start;
mod wipe;

use std::collections::BTreeSet;

use calsync_core::disconnect::{RemoteItems, SagaState, StepName, StepOutcome};
use calsync_core::integration::CalendarChoice;
use jiff::Timestamp;

use crate::db::{fetch_all, fetch_optional};
use crate::integrations::Integration;
use crate::rows::row;
use crate::time::time;
use crate::{Result, StoreError, Tx};

pub use leftovers::{
    Reopened, count_leftovers, is_in_use, keep_leftovers, leftover_removed, leftovers, nothing_left,
    others_remove, reopen, settle_earlier, to_clean_up,
};
pub use progress::{Pause, count_removed, end_step, finish, pause};
pub use retention::forget;
pub use start::{NewDisconnect, RequestedBy, Start, start};
pub use wipe::wipe;

const TABLE: &str = "disconnects";

/// A disconnect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saga {
    /// Our id of it.
    pub id: String,
    /// What is disconnected.
    pub integration_id: String,
    /// The user's id at the platform.
    pub user_id: String,
    /// From whom.
    pub provider: String,
    /// What becomes of what was synced.
    pub remote_items: RemoteItems,
    /// How far it is.
    pub state: SagaState,
    /// Who wanted it.
    pub requested_by: RequestedBy,
    /// Why, in their words.
    pub note: Option<String>,
    /// Failures in a row of the step in hand.
    pub tries: i64,
    /// Items that were removed so far.
    pub removed: i64,
    /// When it is carried on.
    pub due_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The connection as it was.
    pub before: Before,
    /// The clean-up that carries it on, or did.
    pub clean_up_id: Option<String>,
    /// The steps that ended, in their order.
    pub steps: Vec<DisconnectStep>,
    /// Those of them that a clean-up takes again.
    pub open: BTreeSet<StepName>,
}

/// A connection as it was when its disconnect began; a later one may have taken its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// The Google account's stable id.
    pub account_sub: Option<String>,
    /// Its address.
    pub account_email: Option<String>,
    /// Which calendar was chosen.
    pub calendar_choice: CalendarChoice,
    /// Its id at Google.
    pub target_calendar_id: Option<String>,
    /// The connection's number.
    pub epoch: i64,
}

/// A step that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisconnectStep {
    /// The step.
    pub name: StepName,
    /// How it ended.
    pub outcome: StepOutcome,
    /// What happened, in a sentence or two for people, with counts and without secrets.
    pub receipt: String,
    /// When it happened, in UTC.
    pub at: Timestamp,
}

impl Saga {
    /// The step with this name, once it ended and is not to be taken again.
    pub fn step(&self, name: StepName) -> Option<&DisconnectStep> {
        self.steps.iter().find(|step| step.name == name && !self.open.contains(&name))
    }

    /// The step in hand; none after the last.
    pub fn next_step(&self) -> Option<StepName> {
        StepName::ALL.iter().copied().find(|name| self.step(*name).is_none())
    }

    /// The integration as it was when the disconnect began.
    pub fn as_it_was(&self, now: Integration) -> Integration {
        let Before { account_sub, account_email, calendar_choice, target_calendar_id, epoch } =
            self.before.clone();
        Integration { account_sub, account_email, calendar_choice, target_calendar_id, epoch, ..now }
    }
}

row! {
    struct Row {
        id: String,
        integration_id: String,
        user_id: String,
        provider: String,
        remote_items: String,
        state: String,
        requested_by: String,
        admin_id: Option<String>,
        note: Option<String>,
        tries: i64,
        removed: i64,
        due_at: i64,
        created_at: i64,
        ended_at: Option<i64>,
        account_sub: Option<String>,
        account_email: Option<String>,
        calendar_choice: String,
        target_calendar_id: Option<String>,
        epoch: i64,
        clean_up_id: Option<String>,
    }
}

row! {
    struct StepRow {
        name: String,
        outcome: String,
        receipt: String,
        at: i64,
        is_open: bool,
    }
}

macro_rules! columns {
    () => {
        "id, integration_id, user_id, provider, remote_items, state, requested_by, admin_id, note, tries,
         removed, due_at, created_at, ended_at, account_sub, account_email, calendar_choice, target_calendar_id,
         epoch, clean_up_id"
    };
}

impl Row {
    async fn read(self, tx: &mut Tx) -> Result<Saga> {
        let corrupt = |column| StoreError::corrupt(TABLE, column, self.id.clone());
        let (steps, open) = steps(tx, &self.id).await?;
        Ok(Saga {
            before: Before {
                calendar_choice: CalendarChoice::from_name(&self.calendar_choice)
                    .ok_or_else(|| corrupt("calendar_choice"))?,
                account_sub: self.account_sub,
                account_email: self.account_email,
                target_calendar_id: self.target_calendar_id,
                epoch: self.epoch,
            },
            remote_items: RemoteItems::from_name(&self.remote_items)
                .ok_or_else(|| corrupt("remote_items"))?,
            state: SagaState::from_name(&self.state).ok_or_else(|| corrupt("state"))?,
            requested_by: RequestedBy::read(&self.requested_by, self.admin_id.clone())
                .ok_or_else(|| corrupt("requested_by"))?,
            id: self.id,
            integration_id: self.integration_id,
            user_id: self.user_id,
            provider: self.provider,
            note: self.note,
            tries: self.tries,
            removed: self.removed,
            due_at: time(self.due_at),
            created_at: time(self.created_at),
            ended_at: self.ended_at.map(time),
            clean_up_id: self.clean_up_id,
            steps,
            open,
        })
    }
}

async fn steps(tx: &mut Tx, id: &str) -> Result<(Vec<DisconnectStep>, BTreeSet<StepName>)> {
    let rows = fetch_all!(
        tx,
        StepRow,
        "SELECT name, outcome, receipt, at, is_open FROM disconnect_steps WHERE disconnect_id = $1",
        id,
    )?;
    let corrupt = |column| StoreError::corrupt("disconnect_steps", column, id);
    let mut open = BTreeSet::new();
    let mut steps = Vec::new();
    for row in rows {
        // A step that can't be read is taken again: each may be.
        let Some(name) = StepName::from_name(&row.name) else {
            corrupt("name").log();
            continue;
        };
        let Some(outcome) = StepOutcome::from_name(&row.outcome) else {
            corrupt("outcome").log();
            continue;
        };
        steps.push(DisconnectStep { name, outcome, receipt: row.receipt, at: time(row.at) });
        if row.is_open {
            open.insert(name);
        }
    }
    steps.sort_by_key(|step| step.name);
    Ok((steps, open))
}

/// Reads a disconnect.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<Saga>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM disconnects WHERE id = $1");
    match fetch_optional!(tx, Row, SQL, id)? {
        Some(row) => Ok(Some(row.read(tx).await?)),
        None => Ok(None),
    }
}

/// The running disconnect of an integration; that of its latest connection, if an earlier one is
/// being cleaned up beside it.
pub async fn running(tx: &mut Tx, integration_id: &str) -> Result<Option<Saga>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM disconnects WHERE integration_id = $1 AND state = 'running' ORDER BY epoch DESC LIMIT 1"
    );
    match fetch_optional!(tx, Row, SQL, integration_id)? {
        Some(row) => Ok(Some(row.read(tx).await?)),
        None => Ok(None),
    }
}

/// A user's disconnects, newest first.
pub async fn of_user(tx: &mut Tx, user_id: &str, limit: i64) -> Result<Vec<Saga>> {
    const SQL: &str =
        concat!("SELECT ", columns!(), " FROM disconnects WHERE user_id = $1 ORDER BY id DESC LIMIT $2");
    let mut sagas = Vec::new();
    for row in fetch_all!(tx, Row, SQL, user_id, limit)? {
        match row.read(tx).await {
            Ok(saga) => sagas.push(saga),
            Err(error @ StoreError::Corrupt { .. }) => error.log(),
            Err(error) => return Err(error),
        }
    }
    Ok(sagas)
}
