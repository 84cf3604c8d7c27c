//! Sync errors as admins look for them: attempts that did not succeed, of one user or of all.
//!
//! Newest first, by keyset. A look reads a bounded number of errors: where filters let few pass, a
//! page may be short and still say where to go on.

use calsync_core::item::ItemKind;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use jiff::Timestamp;

use crate::db::fetch_optional;
use crate::query_builder::{Bind, FilteredQuery, fetch_filtered, like_contains};
use crate::rows::{readable, row};
use crate::time::{micros, time};
use crate::{Result, StoreError, Tx};

/// The most errors that one look reads.
const SCAN_LIMIT: i64 = 20_000;

/// Which errors; what is absent lets all pass.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this user.
    pub user_id: Option<String>,
    /// In this group.
    pub group_id: Option<String>,
    /// For this reason.
    pub reason: Option<Reason>,
    /// Of items of this kind.
    pub kind: Option<ItemKind>,
    /// Of this operation.
    pub operation: Option<Operation>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Not older.
    pub since: Option<Timestamp>,
    /// Older.
    pub until: Option<Timestamp>,
    /// With this in Google's message or word.
    pub text: Option<String>,
}

/// An attempt that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncError {
    /// Its id.
    pub id: String,
    /// When it ended.
    pub at: Timestamp,
    /// Whose connection.
    pub user_id: String,
    /// Which provider.
    pub provider: String,
    /// The item's kind, if one was concerned.
    pub kind: Option<String>,
    /// The item's id.
    pub item_id: Option<String>,
    /// What was tried.
    pub operation: Operation,
    /// How it ended.
    pub outcome: Outcome,
    /// The cause, from `core::reason`.
    pub reason: Reason,
    /// Google's status.
    pub http_status: Option<i64>,
    /// Google's own word for it.
    pub provider_reason: Option<String>,
    /// Google's message, verbatim.
    pub provider_message: Option<String>,
    /// Its group.
    pub group_id: Option<String>,
    /// The pass that it belongs to.
    pub trace_id: String,
}

/// Some errors, and the id before which to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The errors, newest first.
    pub errors: Vec<SyncError>,
    /// None: this was the end.
    pub next: Option<String>,
}

row! {
    struct Row {
        id: String,
        at: i64,
        user_id: String,
        provider: String,
        kind: Option<String>,
        item_id: Option<String>,
        operation: String,
        outcome: String,
        reason: Option<String>,
        http_status: Option<i64>,
        provider_reason: Option<String>,
        provider_message: Option<String>,
        group_id: Option<String>,
        trace_id: String,
    }
}

row! {
    struct ScanStats {
        scanned: i64,
        last_id: Option<String>,
        oldest: Option<i64>,
    }
}

macro_rules! columns {
    () => {
        "id, at, user_id, provider, kind, item_id, operation, outcome, reason, http_status,
         provider_reason, provider_message, group_id, trace_id"
    };
}

impl Row {
    fn read(self) -> Result<SyncError> {
        let corrupt = |column| StoreError::corrupt("calendar_sync_logs", column, self.id.clone());
        Ok(SyncError {
            operation: Operation::from_name(&self.operation).ok_or_else(|| corrupt("operation"))?,
            outcome: Outcome::from_name(&self.outcome).ok_or_else(|| corrupt("outcome"))?,
            reason: self.reason.as_deref().and_then(Reason::from_name).unwrap_or(Reason::Unknown),
            at: time(self.at),
            id: self.id,
            user_id: self.user_id,
            provider: self.provider,
            kind: self.kind,
            item_id: self.item_id,
            http_status: self.http_status,
            provider_reason: self.provider_reason,
            provider_message: self.provider_message,
            group_id: self.group_id,
            trace_id: self.trace_id,
        })
    }
}

/// What an index gives in order.
fn window(sql: &mut FilteredQuery, filter: &Filter, before: Option<&str>) {
    sql.plain(concat!(" FROM (SELECT ", columns!(), " FROM calendar_sync_logs WHERE group_id IS NOT NULL"));
    sql.text(" AND user_id = ?", filter.user_id.as_deref());
    sql.text(" AND group_id = ?", filter.group_id.as_deref());
    sql.text(" AND id < ?", before);
    sql.number(" ORDER BY id DESC LIMIT ?) AS scanned", Some(SCAN_LIMIT));
}

/// Errors that pass `filter`, newest first, before the one with id `before`.
pub async fn list(tx: &mut Tx, filter: &Filter, before: Option<&str>, limit: i64) -> Result<Page> {
    let mut sql = FilteredQuery::new(concat!("SELECT ", columns!()));
    window(&mut sql, filter, before);
    sql.plain(" WHERE TRUE");
    sql.text(" AND reason = ?", filter.reason.map(Reason::name));
    sql.text(" AND kind = ?", filter.kind.map(ItemKind::name));
    sql.text(" AND operation = ?", filter.operation.map(Operation::name));
    sql.text(" AND outcome = ?", filter.outcome.map(Outcome::name));
    sql.number(" AND at >= ?", filter.since.map(micros));
    sql.number(" AND at < ?", filter.until.map(micros));
    if let Some(text) = &filter.text {
        let fragment = " AND (lower(provider_message) LIKE lower(?) ESCAPE '!'
             OR lower(provider_reason) LIKE lower(?) ESCAPE '!')";
        sql.with(fragment, Bind::Text(like_contains(text)));
    }
    // One more than asked tells whether the list goes on.
    sql.number(" ORDER BY id DESC LIMIT ?", Some(limit + 1));
    let mut rows = fetch_filtered!(tx, Row, sql)?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let next = if rows.len() > limit {
        rows.truncate(limit);
        rows.last().map(|row| row.id.clone())
    } else {
        scan_end(tx, filter, before).await?
    };
    Ok(Page { errors: readable(rows, Row::read)?, next })
}

/// Where a look ended that found less than was asked; none if nothing is behind it.
async fn scan_end(tx: &mut Tx, filter: &Filter, before: Option<&str>) -> Result<Option<String>> {
    let mut sql = FilteredQuery::new("SELECT COUNT(*) AS scanned, MIN(id) AS last_id, MIN(at) AS oldest");
    window(&mut sql, filter, before);
    let scan = fetch_filtered!(tx, ScanStats, sql)?.into_iter().next();
    let goes_on = |scan: &ScanStats| {
        let past = filter.since.zip(scan.oldest).is_some_and(|(since, oldest)| oldest < micros(since));
        scan.scanned >= SCAN_LIMIT && !past
    };
    Ok(scan.filter(goes_on).and_then(|scan| scan.last_id))
}

/// One error.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<SyncError>> {
    const SQL: &str =
        concat!("SELECT ", columns!(), " FROM calendar_sync_logs WHERE id = $1 AND group_id IS NOT NULL");
    fetch_optional!(tx, Row, SQL, id)?.map(Row::read).transpose()
}

row! {
    /// Errors with the same fingerprint, as far as the roll-up has counted them: some seconds behind.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Group {
        /// The fingerprint.
        pub id: String,
        /// The operation's name.
        pub operation: String,
        /// The reason's name.
        pub reason: String,
        /// `open`, `muted`, `resolved`, `regressed`.
        pub state: String,
        /// When the first one was, in microseconds.
        pub first_seen: i64,
        /// When the last one was, in microseconds.
        pub last_seen: i64,
        /// How many.
        pub errors: i64,
        /// How many users they concern.
        pub affected_users: i64,
    }
}

macro_rules! group_columns {
    () => {
        "SELECT g.id, g.operation, g.reason, g.state, g.first_seen, g.last_seen, g.errors, g.affected_users
         FROM error_groups g"
    };
}

/// Groups, those seen last first, before the one that was seen at `before` and has that id.
pub async fn groups(tx: &mut Tx, before: Option<(i64, String)>, limit: i64) -> Result<Vec<Group>> {
    let mut sql = FilteredQuery::new(concat!(group_columns!(), " WHERE TRUE"));
    if let Some((last_seen, id)) = before {
        sql.with(" AND (g.last_seen, g.id) < (?", Bind::Number(last_seen));
        sql.with(", ?)", Bind::Text(id));
    }
    sql.number(" ORDER BY g.last_seen DESC, g.id DESC LIMIT ?", Some(limit));
    Ok(fetch_filtered!(tx, Group, sql)?)
}

/// One group.
pub async fn group(tx: &mut Tx, id: &str) -> Result<Option<Group>> {
    const SQL: &str = concat!(group_columns!(), " WHERE g.id = $1");
    Ok(fetch_optional!(tx, Group, SQL, id)?)
}
