//! Users as admins look for them: by id, mail address or name, by the state of their connection.
//!
//! In the order of ids, by keyset. A look reads a bounded number of users: where few are found, a
//! page may be short and still say where to go on.

use calsync_core::integration::{FRESHNESS_PROMISE_MINUTES, IntegrationState};
use calsync_core::reason::Reason;
use jiff::{SignedDuration, Timestamp};

use crate::integrations::stored_state;
use crate::query_builder::{Bind, FilteredQuery, fetch_filtered, like_contains};
use crate::rows::row;
use crate::time::micros;
use crate::{Result, Tx};

/// The most users that one look reads.
const SCAN_LIMIT: i64 = 20_000;

/// Which state a user's connection is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// There is none.
    NotConnected,
    /// In this one.
    In(IntegrationState),
}

/// Which users; what is absent lets all pass.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The id or mail address, or a part of the name, id or address.
    pub text: Option<String>,
    /// Whether mail addresses are found by a part of them: else one could spell them out.
    pub finds_part_of_email: bool,
    /// By the state of the connection.
    pub state: Option<Wanted>,
    /// By its reason.
    pub reason: Option<Reason>,
}

row! {
    /// A user with their Google connection.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Found {
        /// The platform's id.
        pub user_id: String,
        /// The mail address.
        pub email: Option<String>,
        /// The name.
        pub name: Option<String>,
        /// The stored state's name.
        pub state: Option<String>,
        /// The reason's name.
        pub reason: Option<String>,
        /// Whether an admin paused the user, their domain or everything.
        pub is_paused: bool,
        /// Whether a change waits longer than promised.
        pub is_late: bool,
        /// When an operation last succeeded, in microseconds.
        pub last_success_at: Option<i64>,
        /// When one last failed, in microseconds.
        pub last_error_at: Option<i64>,
    }
}

impl Found {
    /// The state to show; none: not connected.
    pub fn shown_state(&self) -> Option<IntegrationState> {
        let stored = stored_state(self.state.as_deref()?, &self.user_id);
        Some(match stored {
            held if held.is_held_by_pause() && self.is_paused => IntegrationState::Paused,
            IntegrationState::Active if self.is_late => IntegrationState::Delayed,
            stored => stored,
        })
    }
}

/// Some users, and the id after which to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The users, by id.
    pub users: Vec<Found>,
    /// None: this was the end.
    pub next: Option<String>,
}

row! {
    struct ScanStats {
        scanned: i64,
        last_id: Option<String>,
    }
}

fn window(sql: &mut FilteredQuery, after: Option<&str>) {
    sql.plain(" FROM (SELECT user_id, email, name FROM users WHERE TRUE");
    sql.text(" AND user_id > ?", after);
    sql.number(" ORDER BY user_id LIMIT ?) AS u", Some(SCAN_LIMIT));
}

macro_rules! is_late {
    () => {
        "EXISTS (SELECT 1 FROM sync_mappings m WHERE m.integration_id = g.id
            AND m.sync_state = 'waiting' AND m.updated_at < ?)"
    };
}

macro_rules! is_paused {
    () => {
        "(g.is_paused OR EXISTS (SELECT 1 FROM pauses WHERE scope = 'everything'))"
    };
}

fn selected(late_before: i64) -> FilteredQuery {
    let mut sql = FilteredQuery::new(concat!(
        "SELECT u.user_id, u.email, u.name, g.state, g.reason, COALESCE(",
        is_paused!(),
        ", FALSE) AS is_paused"
    ));
    sql.with(concat!(", ", is_late!(), " AS is_late"), Bind::Number(late_before));
    sql.plain(", g.last_success_at, g.last_error_at");
    sql
}

fn matching(sql: &mut FilteredQuery, filter: &Filter, late_before: i64) {
    sql.plain(" LEFT JOIN user_integrations g ON g.user_id = u.user_id AND g.provider = 'google' WHERE TRUE");
    if let Some(text) = &filter.text {
        let pattern = || Bind::Text(like_contains(text));
        sql.with(" AND (u.email = ? OR u.user_id = ?", Bind::Text(text.clone()));
        let parts = " OR lower(u.name) LIKE lower(?) ESCAPE '!' OR lower(u.user_id) LIKE lower(?) ESCAPE '!'";
        sql.with(parts, pattern());
        if filter.finds_part_of_email {
            sql.with(" OR lower(u.email) LIKE lower(?) ESCAPE '!'", pattern());
        }
        sql.plain(")");
    }
    match filter.state {
        None => {}
        Some(Wanted::NotConnected) => sql.plain(" AND (g.state IS NULL OR g.state = 'disconnected')"),
        Some(Wanted::In(IntegrationState::Paused)) => {
            sql.plain(concat!(" AND g.state IN ('active', 'connecting') AND ", is_paused!()));
        }
        Some(Wanted::In(IntegrationState::Connecting)) => {
            sql.plain(concat!(" AND g.state = 'connecting' AND NOT ", is_paused!()));
        }
        Some(Wanted::In(IntegrationState::Delayed)) => {
            const DELAYED: &str =
                concat!(" AND g.state = 'active' AND NOT ", is_paused!(), " AND ", is_late!());
            sql.with(DELAYED, Bind::Number(late_before));
        }
        Some(Wanted::In(IntegrationState::Active)) => {
            const ACTIVE: &str =
                concat!(" AND g.state = 'active' AND NOT ", is_paused!(), " AND NOT ", is_late!());
            sql.with(ACTIVE, Bind::Number(late_before));
        }
        Some(Wanted::In(state)) => sql.with(" AND g.state = ?", Bind::Text(state.name().to_owned())),
    }
    sql.text(" AND g.reason = ?", filter.reason.map(Reason::name));
}

/// Users that pass `filter`, after the one with id `after`. On the first page, the user whose id or
/// mail address is the text stands first, wherever they are.
pub async fn find(
    tx: &mut Tx,
    filter: &Filter,
    after: Option<&str>,
    limit: i64,
    now: Timestamp,
) -> Result<Page> {
    let promise = SignedDuration::from_mins(FRESHNESS_PROMISE_MINUTES);
    let late_before = micros(now.saturating_sub(promise).unwrap_or(now));
    let mut sql = selected(late_before);
    window(&mut sql, after);
    matching(&mut sql, filter, late_before);
    // One more than asked tells whether the list goes on.
    sql.number(" ORDER BY u.user_id LIMIT ?", Some(limit + 1));
    let mut users = fetch_filtered!(tx, Found, sql)?;
    let most = usize::try_from(limit).unwrap_or_default();
    let next = if users.len() > most {
        users.truncate(most);
        users.last().map(|user| user.user_id.clone())
    } else {
        scan_end(tx, after).await?
    };
    if after.is_none() && next.is_some() {
        let exact = exactly(tx, filter, late_before).await?;
        users.retain(|user| !exact.contains(user));
        users.splice(0..0, exact);
    }
    Ok(Page { users, next })
}

/// The users whose id or mail address is the text, found by index.
async fn exactly(tx: &mut Tx, filter: &Filter, late_before: i64) -> Result<Vec<Found>> {
    let Some(text) = &filter.text else { return Ok(Vec::new()) };
    let mut sql = selected(late_before);
    let named = " FROM (SELECT user_id, email, name FROM users WHERE user_id = ? OR email = ? LIMIT 50) AS u";
    sql.with(named, Bind::Text(text.clone()));
    matching(&mut sql, filter, late_before);
    sql.plain(" ORDER BY u.user_id LIMIT 50");
    Ok(fetch_filtered!(tx, Found, sql)?)
}

async fn scan_end(tx: &mut Tx, after: Option<&str>) -> Result<Option<String>> {
    let mut sql = FilteredQuery::new("SELECT COUNT(*) AS scanned, MAX(user_id) AS last_id");
    window(&mut sql, after);
    let scan = fetch_filtered!(tx, ScanStats, sql)?.into_iter().next();
    Ok(scan.filter(|scan| scan.scanned >= SCAN_LIMIT).and_then(|scan| scan.last_id))
}
