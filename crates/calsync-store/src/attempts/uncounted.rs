//! What the roll-up is still to count: added with the attempts themselves, and to no row that another
//! transaction writes.

use std::collections::BTreeMap;

use calsync_core::item::ItemKind;
use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::Reason;
use jiff::Timestamp;

use super::{Attempt, kept};
use crate::rows::{batches, execute_rows};
use crate::time::micros;
use crate::{Result, Tx};

/// The microseconds of an hour.
const HOUR: i64 = 3_600_000_000;

/// When the hour of a time began.
pub(super) const fn hour(at: i64) -> i64 {
    at - at.rem_euclid(HOUR)
}

/// What attempts share that are counted together.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Sort<'a> {
    hour: i64,
    user_id: &'a str,
    operation: Operation,
    outcome: Outcome,
    reason: Option<Reason>,
    group_id: Option<String>,
}

struct Uncounted<'a> {
    first: &'a Attempt,
    attempts: i64,
    first_at: Timestamp,
    last_at: Timestamp,
}

/// Adds what `attempts`, all of one transaction, come to.
pub(super) async fn add(tx: &mut Tx, attempts: &[Attempt]) -> Result<()> {
    let mut sorts: BTreeMap<Sort<'_>, Uncounted<'_>> = BTreeMap::new();
    for attempt in attempts {
        let sort = Sort {
            hour: hour(micros(attempt.at)),
            user_id: &attempt.user_id,
            operation: attempt.operation,
            outcome: attempt.outcome,
            reason: attempt.reason,
            group_id: attempt.group_id(),
        };
        let none = Uncounted { first: attempt, attempts: 0, first_at: attempt.at, last_at: attempt.at };
        let uncounted = sorts.entry(sort).or_insert(none);
        uncounted.attempts += 1;
        uncounted.first_at = uncounted.first_at.min(attempt.at);
        uncounted.last_at = uncounted.last_at.max(attempt.at);
    }
    let sorts: Vec<_> = sorts.into_iter().collect();
    for batch in batches(&sorts) {
        execute_rows!(
            tx,
            "INSERT INTO uncounted_attempts (id, user_id, kind, operation, outcome, reason, http_status,
                 provider_reason, group_id, attempts, first_at, last_at) ",
            batch,
            |row, (sort, uncounted)| {
                let first = uncounted.first;
                row.push_bind(&first.id).push_bind(sort.user_id);
                row.push_bind(first.item.as_ref().map(|item| ItemKind::name(item.kind)));
                row.push_bind(sort.operation.name()).push_bind(sort.outcome.name());
                row.push_bind(sort.reason.map(Reason::name)).push_bind(first.http_status.map(i64::from));
                row.push_bind(kept(first.provider_reason.as_deref(), usize::MAX)).push_bind(&sort.group_id);
                row.push_bind(uncounted.attempts);
                row.push_bind(micros(uncounted.first_at)).push_bind(micros(uncounted.last_at))
            },
            "",
        )?;
    }
    Ok(())
}
