//! Disconnects: sagas whose every step is kept with its receipt before the next begins.
//!
//! One runs for an integration at a time. A worker claims it with a fence of its own and extends
//! its lease before each call, so that an overtaken worker writes nothing. What waits is `due_at`.

mod lease;
mod start;
mod wipe;

use calsync_core::disconnect::{RemoteItems, SagaState, StepName, StepOutcome};
use jiff::Timestamp;
use sqlx::FromRow;

use crate::db::{fetch_all, fetch_optional};
use crate::time::time;
use crate::{Result, StoreError, Tx};

pub use lease::{
    Pause, SagaLease, claim, count_removed, end_step, extend, finish, free_all, next_due, pause,
};
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
    /// Whose it is.
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
    /// The steps that ended, in their order.
    pub steps: Vec<Step>,
}

/// A step that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub name: StepName,
    /// How.
    pub outcome: StepOutcome,
    /// What happened, in a sentence or two for people, with counts and without secrets.
    pub receipt: String,
    /// When.
    pub at: Timestamp,
}

impl Saga {
    /// The step with this name, once it ended.
    pub fn step(&self, name: StepName) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// The step in hand; none after the last.
    pub fn next_step(&self) -> Option<StepName> {
        StepName::ALL.iter().copied().find(|name| self.step(*name).is_none())
    }
}

#[derive(FromRow)]
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
}

#[derive(FromRow)]
struct StepRow {
    name: String,
    outcome: String,
    receipt: String,
    at: i64,
}

macro_rules! columns {
    () => {
        "id, integration_id, user_id, provider, remote_items, state, requested_by, admin_id, note, tries,
         removed, due_at, created_at, ended_at"
    };
}

impl Row {
    async fn read(self, tx: &mut Tx) -> Result<Saga> {
        let corrupt = |column| StoreError::corrupt(TABLE, column, self.id.clone());
        let steps = steps(tx, &self.id).await?;
        Ok(Saga {
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
            steps,
        })
    }
}

async fn steps(tx: &mut Tx, id: &str) -> Result<Vec<Step>> {
    let rows = fetch_all!(
        tx,
        StepRow,
        "SELECT name, outcome, receipt, at FROM disconnect_steps WHERE disconnect_id = $1",
        id,
    )?;
    let corrupt = |column| StoreError::corrupt("disconnect_steps", column, id);
    let read = |row: StepRow| {
        Ok(Step {
            name: StepName::from_name(&row.name).ok_or_else(|| corrupt("name"))?,
            outcome: StepOutcome::from_name(&row.outcome).ok_or_else(|| corrupt("outcome"))?,
            receipt: row.receipt,
            at: time(row.at),
        })
    };
    let mut steps: Vec<Step> = rows.into_iter().map(read).collect::<Result<_>>()?;
    steps.sort_by_key(|step| step.name);
    Ok(steps)
}

/// Reads a disconnect.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<Saga>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM disconnects WHERE id = $1");
    match fetch_optional!(tx, Row, SQL, id)? {
        Some(row) => Ok(Some(row.read(tx).await?)),
        None => Ok(None),
    }
}

/// The running disconnect of an integration.
pub async fn running(tx: &mut Tx, integration_id: &str) -> Result<Option<Saga>> {
    const SQL: &str =
        concat!("SELECT ", columns!(), " FROM disconnects WHERE integration_id = $1 AND state = 'running'");
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
        sagas.push(row.read(tx).await?);
    }
    Ok(sagas)
}
