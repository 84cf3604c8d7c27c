//! Users' connections. Token columns hold sealed values only; reading one opens it, and a value
//! that doesn't open is told apart from an absent one.

use std::collections::BTreeSet;

use calsync_core::integration::{CalendarChoice, GOOGLE, IntegrationState};
use calsync_core::item::ItemKind;
use calsync_core::reason::Reason;
use jiff::Timestamp;
use secrecy::SecretString;
use sqlx::FromRow;

use crate::db::{execute, fetch_all, fetch_optional};
use crate::secrets::{Keyring, Slot, Unreadable};
use crate::time::{micros, time};
use crate::{Result, Store, StoreError, Tx};

pub(crate) const TABLE: &str = "user_integrations";

/// How far the target calendar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarPhase {
    /// Nothing was asked of Google yet.
    Untold,
    /// A calendar may have been made: search before making another.
    Told,
    /// `target_calendar_id` is set.
    Ready,
}

impl CalendarPhase {
    const ALL: [Self; 3] = [Self::Untold, Self::Told, Self::Ready];

    const fn name(self) -> &'static str {
        match self {
            Self::Untold => "untold",
            Self::Told => "told",
            Self::Ready => "ready",
        }
    }
}

/// A connection, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    /// Our id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// `google`, or another one that is only listed.
    pub provider: String,
    /// Its stored state; `delayed` and `paused` are derived from it when it is shown.
    pub state: IntegrationState,
    /// Why it is in that state.
    pub reason: Option<Reason>,
    /// Raised with each change of its tokens.
    pub token_version: i64,
    /// When the access token must be renewed.
    pub expires_at: Option<Timestamp>,
    /// The Google account's stable id.
    pub account_sub: Option<String>,
    /// The Google account's address.
    pub account_email: Option<String>,
    /// Its Workspace domain.
    pub account_domain: Option<String>,
    /// What was granted.
    pub scopes: BTreeSet<String>,
    /// Which calendar was chosen.
    pub calendar_choice: CalendarChoice,
    /// How far that calendar is.
    pub calendar_phase: CalendarPhase,
    /// The calendar's id at Google.
    pub target_calendar_id: Option<String>,
    /// The calendar's name at Google.
    pub target_calendar_summary: Option<String>,
    /// Kinds that the user turned off.
    pub kinds_off: BTreeSet<ItemKind>,
    /// Raised by each new connection.
    pub epoch: i64,
    /// Failures of the whole integration in a row.
    pub failures: i64,
    /// When the present connection was made.
    pub connected_at: Option<Timestamp>,
    /// When an operation last succeeded.
    pub last_success_at: Option<Timestamp>,
    /// When an operation last failed.
    pub last_error_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct Row {
    id: String,
    user_id: String,
    provider: String,
    state: String,
    reason: Option<String>,
    token_version: i64,
    expires_at: Option<i64>,
    account_sub: Option<String>,
    account_email: Option<String>,
    account_domain: Option<String>,
    scopes: String,
    calendar_choice: String,
    calendar_phase: String,
    target_calendar_id: Option<String>,
    target_calendar_summary: Option<String>,
    kinds_off: String,
    epoch: i64,
    failures: i64,
    connected_at: Option<i64>,
    last_success_at: Option<i64>,
    last_error_at: Option<i64>,
}

macro_rules! columns {
    () => {
        "id, user_id, provider, state, reason, token_version, expires_at, account_sub, account_email,
         account_domain, scopes, calendar_choice, calendar_phase, target_calendar_id,
         target_calendar_summary, kinds_off, epoch, failures, connected_at, last_success_at, last_error_at"
    };
}

impl Row {
    fn read(self) -> Result<Integration> {
        let corrupt = |column| StoreError::corrupt(TABLE, column, self.id.clone());
        let state = IntegrationState::from_name(&self.state).ok_or_else(|| corrupt("state"))?;
        let reason = match &self.reason {
            Some(name) => Some(Reason::from_name(name).ok_or_else(|| corrupt("reason"))?),
            None => None,
        };
        let calendar_choice =
            CalendarChoice::from_name(&self.calendar_choice).ok_or_else(|| corrupt("calendar_choice"))?;
        let calendar_phase = CalendarPhase::ALL
            .into_iter()
            .find(|phase| phase.name() == self.calendar_phase)
            .ok_or_else(|| corrupt("calendar_phase"))?;
        Ok(Integration {
            state,
            reason,
            calendar_choice,
            calendar_phase,
            id: self.id,
            user_id: self.user_id,
            provider: self.provider,
            token_version: self.token_version,
            expires_at: self.expires_at.map(time),
            account_sub: self.account_sub,
            account_email: self.account_email,
            account_domain: self.account_domain,
            scopes: self.scopes.split_whitespace().map(str::to_owned).collect(),
            target_calendar_id: self.target_calendar_id,
            target_calendar_summary: self.target_calendar_summary,
            kinds_off: self.kinds_off.split_whitespace().filter_map(ItemKind::from_name).collect(),
            epoch: self.epoch,
            failures: self.failures,
            connected_at: self.connected_at.map(time),
            last_success_at: self.last_success_at.map(time),
            last_error_at: self.last_error_at.map(time),
        })
    }
}

/// Reads an integration by its id.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<Integration>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM user_integrations WHERE id = $1");
    fetch_optional!(tx, Row, SQL, id)?.map(Row::read).transpose()
}

/// All of a user's integrations, whatever their provider and state.
pub async fn of_user(tx: &mut Tx, user_id: &str) -> Result<Vec<Integration>> {
    const SQL: &str =
        concat!("SELECT ", columns!(), " FROM user_integrations WHERE user_id = $1 ORDER BY provider");
    fetch_all!(tx, Row, SQL, user_id)?.into_iter().map(Row::read).collect()
}

/// The tokens of a grant.
pub struct Grant<'a> {
    /// The access token.
    pub access_token: &'a SecretString,
    /// The refresh token; absent: the one that is stored stays.
    pub refresh_token: Option<&'a SecretString>,
    /// When the access token ends.
    pub expires_at: Timestamp,
}

/// A consent that was just given.
pub struct Connection<'a> {
    /// Whose it is.
    pub user_id: &'a str,
    /// Its tokens.
    pub grant: Grant<'a>,
    /// The Google account's stable id.
    pub account_sub: &'a str,
    /// Its address.
    pub account_email: &'a str,
    /// Its Workspace domain.
    pub account_domain: Option<&'a str>,
    /// What was granted.
    pub scopes: &'a BTreeSet<String>,
    /// Which calendar was chosen.
    pub calendar_choice: CalendarChoice,
}

/// Stores a new connection, or renews the user's. With the same Google account and choice the
/// calendar and the epoch stay, so that what is there is adopted and nothing doubled.
pub async fn connect(
    store: &Store,
    tx: &mut Tx,
    new: Connection<'_>,
    fresh_id: String,
    now: Timestamp,
) -> Result<Integration> {
    let before = of_user(tx, new.user_id).await?.into_iter().find(|one| one.provider == GOOGLE);
    let id = before.as_ref().map_or(fresh_id, |one| one.id.clone());
    let adopts = before.as_ref().is_some_and(|one| {
        one.account_sub.as_deref() == Some(new.account_sub)
            && one.calendar_choice == new.calendar_choice
            && one.calendar_phase == CalendarPhase::Ready
    });
    let epoch = before.as_ref().map_or(1, |one| if adopts { one.epoch } else { one.epoch + 1 });
    insert_or_renew(tx, &id, &new, epoch, adopts, now).await?;
    store_grant(store, tx, &id, new.user_id, &new.grant, now).await?;
    get(tx, &id).await?.ok_or_else(|| StoreError::corrupt(TABLE, "id", id))
}

async fn insert_or_renew(
    tx: &mut Tx,
    id: &str,
    new: &Connection<'_>,
    epoch: i64,
    adopts: bool,
    now: Timestamp,
) -> Result<()> {
    let scopes = new.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    // What isn't adopted is forgotten here: the pairs start from nothing under the new epoch.
    let (phase, state) = if adopts { ("ready", "active") } else { ("untold", "connecting") };
    if !adopts {
        execute!(tx, "DELETE FROM sync_mappings WHERE integration_id = $1", id)?;
    }
    execute!(
        tx,
        "INSERT INTO user_integrations (id, user_id, provider, state, token_version, account_sub, account_email,
             account_domain, scopes, calendar_choice, calendar_phase, kinds_off, epoch, wake_seq, seen_seq, due_at,
             not_before, failures, lease_until, fence, connected_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, '', $11, 1, 0, $12, 0, 0, 0, 0, $12, $12, $12)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = NULL, account_sub = excluded.account_sub,
             account_email = excluded.account_email, account_domain = excluded.account_domain,
             scopes = excluded.scopes, calendar_choice = excluded.calendar_choice,
             calendar_phase = excluded.calendar_phase,
             target_calendar_id = CASE WHEN excluded.calendar_phase = 'ready'
                 THEN user_integrations.target_calendar_id END,
             target_calendar_summary = CASE WHEN excluded.calendar_phase = 'ready'
                 THEN user_integrations.target_calendar_summary END,
             epoch = excluded.epoch, wake_seq = user_integrations.wake_seq + 1, due_at = excluded.due_at,
             not_before = 0, failures = 0, fence = user_integrations.fence + 1,
             connected_at = excluded.connected_at, updated_at = excluded.updated_at",
        id,
        new.user_id,
        GOOGLE,
        state,
        new.account_sub,
        new.account_email,
        new.account_domain,
        scopes,
        new.calendar_choice.name(),
        phase,
        epoch,
        micros(now),
    )?;
    Ok(())
}

fn slot<'a>(column: &'static str, row: &'a str, user_id: &'a str) -> Slot<'a> {
    Slot { table: TABLE, column, row, user_id }
}

async fn store_grant(
    store: &Store,
    tx: &mut Tx,
    id: &str,
    user_id: &str,
    grant: &Grant<'_>,
    now: Timestamp,
) -> Result<()> {
    let seal = |column, secret| {
        let sealed = store.keyring().seal(slot(column, id, user_id), secret, store.entropy());
        sealed.ok_or_else(|| StoreError::Unusable("a secret could not be sealed".into()))
    };
    let access = seal("access_token", grant.access_token)?;
    let refresh = grant.refresh_token.map(|token| seal("refresh_token", token)).transpose()?;
    execute!(
        tx,
        "UPDATE user_integrations SET access_token = $2, refresh_token = COALESCE($3, refresh_token),
             expires_at = $4, token_version = token_version + 1, refresh_claimed_until = NULL, updated_at = $5
         WHERE id = $1",
        id,
        access,
        refresh,
        micros(grant.expires_at),
        micros(now),
    )?;
    Ok(())
}

/// An integration's tokens as they are stored: each may be absent, or unreadable.
pub struct Tokens {
    /// The access token.
    pub access: Option<std::result::Result<SecretString, Unreadable>>,
    /// The refresh token.
    pub refresh: Option<std::result::Result<SecretString, Unreadable>>,
    /// When the access token ends.
    pub expires_at: Option<Timestamp>,
    /// Raised with each change.
    pub version: i64,
}

#[derive(FromRow)]
struct TokenRow {
    user_id: String,
    access_token: Option<Vec<u8>>,
    refresh_token: Option<Vec<u8>>,
    expires_at: Option<i64>,
    token_version: i64,
}

/// Opens an integration's tokens.
pub async fn tokens(tx: &mut Tx, keyring: &Keyring, id: &str) -> Result<Option<Tokens>> {
    let row = fetch_optional!(
        tx,
        TokenRow,
        "SELECT user_id, access_token, refresh_token, expires_at, token_version FROM user_integrations WHERE id = $1",
        id
    )?;
    let Some(row) = row else { return Ok(None) };
    let open = |column, sealed: &Option<Vec<u8>>| {
        sealed.as_ref().map(|sealed| keyring.open(slot(column, id, &row.user_id), sealed))
    };
    Ok(Some(Tokens {
        access: open("access_token", &row.access_token),
        refresh: open("refresh_token", &row.refresh_token),
        expires_at: row.expires_at.map(time),
        version: row.token_version,
    }))
}

/// Claims the refresh of the tokens at `version` until `until`; false if somebody else has it, the
/// tokens changed, or the state wants no grant any more.
pub async fn claim_refresh(
    tx: &mut Tx,
    id: &str,
    version: i64,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let claimed = execute!(
        tx,
        "UPDATE user_integrations SET refresh_claimed_until = $3
         WHERE id = $1 AND token_version = $2 AND state IN ('active', 'connecting', 'needs_action')
           AND (refresh_claimed_until IS NULL OR refresh_claimed_until <= $4)",
        id,
        version,
        micros(until),
        micros(now),
    )?;
    Ok(claimed == 1)
}

/// Stores refreshed tokens where the version is unchanged and the state still wants a grant;
/// false: nothing was written.
pub async fn finish_refresh(
    store: &Store,
    tx: &mut Tx,
    id: &str,
    version: i64,
    grant: &Grant<'_>,
    now: Timestamp,
) -> Result<bool> {
    let unchanged = fetch_optional!(
        tx,
        (String,),
        "UPDATE user_integrations SET updated_at = $3
         WHERE id = $1 AND token_version = $2 AND state IN ('active', 'connecting', 'needs_action')
         RETURNING user_id",
        id,
        version,
        micros(now),
    )?;
    let Some((user_id,)) = unchanged else { return Ok(false) };
    store_grant(store, tx, id, &user_id, grant, now).await?;
    Ok(true)
}

/// Lets others refresh, after a refresh that failed.
pub async fn release_refresh(tx: &mut Tx, id: &str, version: i64) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET refresh_claimed_until = NULL WHERE id = $1 AND token_version = $2",
        id,
        version,
    )?;
    Ok(())
}

/// How many of an integration's pairs are in a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct Counts {
    /// Google has what the platform wants.
    pub synced: i64,
    /// In the queue.
    pub waiting: i64,
    /// Stopped until something changes.
    pub parked: i64,
    /// Waiting for an approval.
    pub held: i64,
    /// When the change that waits longest became due, in microseconds.
    pub oldest_waiting_at: Option<i64>,
}

/// Counts an integration's pairs.
pub async fn counts(tx: &mut Tx, id: &str) -> Result<Counts> {
    let counts = fetch_optional!(
        tx,
        Counts,
        "SELECT CAST(COALESCE(SUM(CASE WHEN wanted_revision = settled_revision AND sync_state = 'synced'
                    THEN 1 ELSE 0 END), 0) AS BIGINT) AS synced,
                CAST(COALESCE(SUM(CASE WHEN wanted_revision <> settled_revision THEN 1 ELSE 0 END), 0) AS BIGINT)
                    AS waiting,
                CAST(COALESCE(SUM(CASE WHEN wanted_revision = settled_revision AND sync_state = 'parked'
                    THEN 1 ELSE 0 END), 0) AS BIGINT) AS parked,
                CAST(COALESCE(SUM(CASE WHEN wanted_revision = settled_revision AND sync_state = 'held'
                    THEN 1 ELSE 0 END), 0) AS BIGINT) AS held,
                MIN(CASE WHEN wanted_revision <> settled_revision THEN updated_at END) AS oldest_waiting_at
         FROM sync_mappings WHERE integration_id = $1",
        id,
    )?;
    Ok(counts.unwrap_or_default())
}

/// A calendar may be made now: told before it is asked.
pub async fn calendar_told(tx: &mut Tx, id: &str, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET calendar_phase = 'told', updated_at = $2 WHERE id = $1",
        id,
        micros(now),
    )?;
    Ok(())
}

/// The target calendar is known: the integration is active and due.
pub async fn calendar_ready(
    tx: &mut Tx,
    id: &str,
    calendar_id: &str,
    summary: &str,
    now: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET calendar_phase = 'ready', target_calendar_id = $2,
             target_calendar_summary = $3, state = 'active', reason = NULL, wake_seq = wake_seq + 1,
             due_at = $4, updated_at = $4
         WHERE id = $1 AND state = 'connecting'",
        id,
        calendar_id,
        summary,
        micros(now),
    )?;
    Ok(())
}

/// Google doesn't take the access token of `version` any more: the next pass renews it.
pub async fn expire_access(tx: &mut Tx, id: &str, version: i64) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET expires_at = 0 WHERE id = $1 AND token_version = $2",
        id,
        version,
    )?;
    Ok(())
}

/// Stops an integration until its user acts.
pub async fn needs_action(tx: &mut Tx, id: &str, reason: Reason, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE user_integrations SET state = 'needs_action', reason = $2, last_error_at = $3, updated_at = $3
         WHERE id = $1 AND state IN ('active', 'connecting')",
        id,
        reason.name(),
        micros(now),
    )?;
    Ok(())
}
