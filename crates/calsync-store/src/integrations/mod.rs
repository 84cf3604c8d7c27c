//! Users' connections, as they are read. Connecting, tokens and the calendar are in files of their
//! own.

mod connect;
mod grants;
mod notify;
mod target_calendar;
mod tokens;

use std::collections::BTreeSet;

use calsync_core::integration::{CalendarChoice, GOOGLE, IntegrationState};
use calsync_core::item::ItemKind;
use calsync_core::reason::Reason;
use calsync_core::zone;
use jiff::Timestamp;

use crate::db::{fetch_all, fetch_optional};
use crate::dialect::covers;
use crate::rows::{or_else, row};
use crate::secrets::Keyring;
use crate::time::time;
use crate::{Result, StoreError, Tx};

pub use connect::{Connection, connect};
pub use grants::{OtherGrant, dead_grant, domain, idle, others};
pub use target_calendar::{
    NewTarget, StopCause, calendar_ready, calendar_requested, change_calendar, needs_action, turn_off,
};
pub use tokens::{Grant, RefreshedBy, Tokens, claim_refresh, finish_refresh, release_refresh, tokens};

pub(crate) use grants::forget_count;
pub(crate) use notify::record_change;

use tokens::TokenRow;

pub(crate) const TABLE: &str = "user_integrations";

/// A connection, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    /// Our id.
    pub id: String,
    /// The user's id at the platform.
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
    /// The calendar's id at Google; none: it is not chosen yet, or not made.
    pub target_calendar_id: Option<String>,
    /// The calendar's name at Google.
    pub target_calendar_summary: Option<String>,
    /// Why the calendar can't be written to any more.
    pub target_calendar_closed: Option<Reason>,
    /// Whether a calendar that we made was left for another one, and may have to be removed.
    pub leaves_own_calendar: bool,
    /// Kinds that the user turned off.
    pub disabled_kinds: BTreeSet<ItemKind>,
    /// Raised by each new connection.
    pub epoch: i64,
    /// Failures of the whole integration in a row.
    pub failures: i64,
    /// Since when it needs its user, while it does.
    pub needs_action_at: Option<Timestamp>,
    /// When the present connection was made.
    pub connected_at: Option<Timestamp>,
    /// When an operation last succeeded.
    pub last_success_at: Option<Timestamp>,
    /// When an operation last failed.
    pub last_error_at: Option<Timestamp>,
}

impl Integration {
    /// Whether it is a live connection to Google, be it stopped or not.
    pub fn is_live_at_google(&self) -> bool {
        self.provider == GOOGLE && self.state.is_live()
    }

    /// Whether its calendar is gone, or closed to us.
    pub const fn lost_its_calendar(&self) -> bool {
        self.target_calendar_closed.is_some()
    }

    /// The target calendar, if Google doesn't show it and it was not ours.
    pub(crate) fn out_of_sight(&self) -> Option<&str> {
        let is_theirs = self.calendar_choice == CalendarChoice::Existing;
        let is_lost = is_theirs && self.target_calendar_closed == Some(Reason::CalendarGone);
        self.target_calendar_id.as_deref().filter(|_| is_lost)
    }
}

row! {
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
        target_calendar_id: Option<String>,
        target_calendar_summary: Option<String>,
        target_calendar_closed: Option<String>,
        leaves_own_calendar: bool,
        disabled_kinds: String,
        epoch: i64,
        failures: i64,
        needs_action_at: Option<i64>,
        connected_at: Option<i64>,
        last_success_at: Option<i64>,
        last_error_at: Option<i64>,
    }
}

/// What is read of integrations `g`, and from where.
macro_rules! columns {
    () => {
        "g.id, g.user_id, g.provider, g.state, g.reason, g.token_version, g.expires_at, g.account_sub, g.account_email,
         g.account_domain, g.scopes, g.calendar_choice, g.target_calendar_id, t.summary AS target_calendar_summary,
         t.closed_reason AS target_calendar_closed,
         EXISTS (SELECT 1 FROM calendars o WHERE o.integration_id = g.id AND o.epoch = g.epoch AND o.is_ours
             AND NOT o.stays AND o.calendar_id <> COALESCE(g.target_calendar_id, '')) AS leaves_own_calendar,
         g.disabled_kinds, g.epoch, g.failures, g.needs_action_at, g.connected_at, g.last_success_at, g.last_error_at"
    };
}
macro_rules! integrations {
    () => {
        " FROM user_integrations g LEFT JOIN calendars t ON t.integration_id = g.id AND t.epoch = g.epoch
              AND t.calendar_id = g.target_calendar_id "
    };
}

impl Row {
    /// What can't be read stands for what does no harm: the user is asked to act, and no calendar is taken
    /// for one of ours. A new consent stores all of it anew.
    fn read(self) -> Integration {
        let corrupt = |column| StoreError::corrupt(TABLE, column, self.id.clone());
        let state = IntegrationState::from_name(&self.state);
        let reason = match (&self.reason, state) {
            (_, None) => Some(Reason::ServiceFault),
            (Some(name), _) => Some(or_else(Reason::from_name(name), corrupt("reason"), Reason::Unknown)),
            (None, _) => None,
        };
        let choice = CalendarChoice::from_name(&self.calendar_choice);
        let closed = |name: &String| {
            let corrupt = StoreError::corrupt("calendars", "closed_reason", self.id.clone());
            or_else(Reason::from_name(name), corrupt, Reason::CalendarReadOnly)
        };
        Integration {
            state: stored_state(&self.state, &self.id),
            reason,
            calendar_choice: or_else(choice, corrupt("calendar_choice"), CalendarChoice::Existing),
            target_calendar_closed: self.target_calendar_closed.as_ref().map(closed),
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
            leaves_own_calendar: self.leaves_own_calendar,
            disabled_kinds: self.disabled_kinds.split_whitespace().filter_map(ItemKind::from_name).collect(),
            epoch: self.epoch,
            failures: self.failures,
            needs_action_at: self.needs_action_at.map(time),
            connected_at: self.connected_at.map(time),
            last_success_at: self.last_success_at.map(time),
            last_error_at: self.last_error_at.map(time),
        }
    }
}

/// The state called `name`; one that can't be read waits for its user. `id` tells in the log whose it is.
pub(crate) fn stored_state(name: &str, id: &str) -> IntegrationState {
    let corrupt = StoreError::corrupt(TABLE, "state", id);
    or_else(IntegrationState::from_name(name), corrupt, IntegrationState::NeedsAction)
}

/// Reads an integration by its id.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<Integration>> {
    const SQL: &str = concat!("SELECT ", columns!(), integrations!(), "WHERE g.id = $1");
    Ok(fetch_optional!(tx, Row, SQL, id)?.map(Row::read))
}

/// An integration with all that a pass over it needs to know first.
pub struct IntegrationWithTokens {
    /// The integration.
    pub integration: Integration,
    /// Its tokens.
    pub tokens: Tokens,
    /// The IANA zone of its user, if it is one.
    pub user_time_zone: Option<String>,
    /// Whether an admin paused its user or domain: a pass that was claimed all the same stores that.
    pub is_paused: bool,
}

row! {
    struct LoadedRow {
        time_zone: Option<String>,
        is_paused: bool,
        ..
        integration: Row,
        tokens: TokenRow,
    }
}

/// Reads an integration with its tokens and its user's zone.
pub async fn load(tx: &mut Tx, keyring: &Keyring, id: &str) -> Result<Option<IntegrationWithTokens>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        ", g.access_token, g.refresh_token, g.refresh_due_at, u.time_zone, EXISTS (SELECT 1 FROM pauses WHERE ",
        covers!("g"),
        ") AS is_paused",
        integrations!(),
        "LEFT JOIN users u ON u.user_id = g.user_id WHERE g.id = $1"
    );
    let Some(row) = fetch_optional!(tx, LoadedRow, SQL, id)? else { return Ok(None) };
    Ok(Some(IntegrationWithTokens {
        tokens: row.tokens.open(keyring, id),
        integration: row.integration.read(),
        user_time_zone: row.time_zone.as_deref().and_then(zone::primary),
        is_paused: row.is_paused,
    }))
}

/// All of a user's integrations, whatever their provider and state.
pub async fn of_user(tx: &mut Tx, user_id: &str) -> Result<Vec<Integration>> {
    const SQL: &str =
        concat!("SELECT ", columns!(), integrations!(), "WHERE g.user_id = $1 ORDER BY g.provider");
    Ok(fetch_all!(tx, Row, SQL, user_id)?.into_iter().map(Row::read).collect())
}

/// The integrations that hold one account of a provider, whatever their state: more than one user
/// can connect the same.
pub async fn of_account(tx: &mut Tx, provider: &str, account_sub: &str) -> Result<Vec<Integration>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        integrations!(),
        "WHERE g.account_sub = $1 AND g.provider = $2 ORDER BY g.id LIMIT 1000"
    );
    Ok(fetch_all!(tx, Row, SQL, account_sub, provider)?.into_iter().map(Row::read).collect())
}

row! {
    /// How many of an integration's mappings are in a state.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
}

/// Counts an integration's mappings.
pub async fn counts(tx: &mut Tx, id: &str) -> Result<Counts> {
    let counts = fetch_optional!(
        tx,
        Counts,
        "SELECT CAST(COALESCE(SUM(CASE WHEN sync_state = 'synced' THEN 1 ELSE 0 END), 0) AS BIGINT) AS synced,
                CAST(COALESCE(SUM(CASE WHEN sync_state = 'waiting' THEN 1 ELSE 0 END), 0) AS BIGINT) AS waiting,
                CAST(COALESCE(SUM(CASE WHEN sync_state = 'parked' THEN 1 ELSE 0 END), 0) AS BIGINT) AS parked,
                CAST(COALESCE(SUM(CASE WHEN sync_state = 'held' THEN 1 ELSE 0 END), 0) AS BIGINT) AS held,
                MIN(CASE WHEN sync_state = 'waiting' THEN updated_at END) AS oldest_waiting_at
         FROM sync_mappings WHERE integration_id = $1",
        id,
    )?;
    Ok(counts.unwrap_or_default())
}
