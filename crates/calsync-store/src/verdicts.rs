//! Whom a reason strikes, among those who tried at all: what tells one user's trouble from everybody's.

use calsync_core::ids::first_id_at;
use calsync_core::reason::Reason;
use jiff::Timestamp;

use crate::db::fetch_optional;
use crate::rows::row;
use crate::time::micros;
use crate::{Result, Tx};

row! {
    /// How many connections of those that tried met a reason.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Spread {
        /// Those whose last success or error is in the window.
        pub attempting: i64,
        /// Those that met the reason in it.
        pub affected: i64,
    }
}

/// How widely `reason` was met since `since`: by everybody.
pub async fn spread(tx: &mut Tx, reason: Reason, since: Timestamp) -> Result<Spread> {
    let spread = fetch_optional!(
        tx,
        Spread,
        "SELECT (SELECT COUNT(*) FROM user_integrations WHERE last_attempt_at >= $2) AS attempting,
                (SELECT COUNT(DISTINCT integration_id) FROM calendar_sync_logs
                 WHERE group_id IS NOT NULL AND id >= $1 AND reason = $3) AS affected",
        first_id_at(since),
        micros(since),
        reason.name(),
    )?;
    Ok(spread.unwrap_or_default())
}

/// How widely `reason` was met since `since` by the accounts of a Workspace domain.
pub async fn spread_in_domain(tx: &mut Tx, domain: &str, reason: Reason, since: Timestamp) -> Result<Spread> {
    let spread = fetch_optional!(
        tx,
        Spread,
        "SELECT (SELECT COUNT(*) FROM user_integrations
                 WHERE account_domain = $4 AND last_attempt_at >= $2) AS attempting,
                (SELECT COUNT(DISTINCT l.integration_id) FROM calendar_sync_logs l
                 JOIN user_integrations g ON g.id = l.integration_id
                 WHERE l.group_id IS NOT NULL AND l.id >= $1 AND l.reason = $3 AND g.account_domain = $4) AS affected",
        first_id_at(since),
        micros(since),
        reason.name(),
        domain,
    )?;
    Ok(spread.unwrap_or_default())
}
