//! What the pauses that stand leave to be claimed.

use calsync_core::grant::RENEW_BEFORE_END_MAX;
use calsync_core::outcome::Operation;
use calsync_core::pause::PauseScope;
use jiff::Timestamp;

use super::{Pause, Row, pauses, take_probe};
use crate::db::{execute, fetch_all};
use crate::rows::readable;
use crate::time::micros;
use crate::{Result, Tx};

/// The ends of access tokens: from the first on and before the second.
pub(crate) type TokensEnd = (i64, i64);

const ANY: TokensEnd = (0, i64::MAX);

/// What the pauses that stand leave to be claimed. Where no token can be renewed, connections whose token is
/// good for a while go on. Users and domains that an admin paused are told by their connections.
pub(crate) struct Paused {
    /// Of everybody.
    pauses: Vec<Pause>,
    operations: Vec<Operation>,
    /// A token that ends from then on needs no renewal.
    renewed_from: i64,
}

impl Paused {
    pub(crate) async fn read(tx: &mut Tx, now: Timestamp) -> Result<Self> {
        const SQL: &str = pauses!("WHERE scope NOT IN ('user', 'domain') ORDER BY scope, key");
        let renewed_from = now.saturating_add(RENEW_BEFORE_END_MAX).unwrap_or(now);
        let mut pauses = readable(fetch_all!(tx, Row, SQL)?, Row::read)?;
        let operation = |pause: &Pause| match pause.scope {
            PauseScope::Operation => Operation::from_name(&pause.key),
            _ => None,
        };
        let operations = pauses.iter().filter_map(operation).collect();
        pauses.retain(|pause| pause.scope.is_everybodys() && pause.stands(now));
        Ok(Self { pauses, operations, renewed_from: micros(renewed_from) })
    }

    /// The operations that an admin paused.
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Whether nobody is claimed, nor tries whether that is over.
    pub(crate) fn stops_everything(&self) -> bool {
        self.pauses.iter().any(|pause| pause.scope == PauseScope::Everything)
    }

    /// Whom no pause covers, if there may be any.
    pub(crate) fn free(&self) -> Option<TokensEnd> {
        if self.pauses.is_empty() {
            return Some(ANY);
        }
        (!self.stops_calls()).then_some((self.renewed_from, i64::MAX))
    }

    /// Whom a pause covers, if there may be any.
    pub(crate) fn covered(&self) -> Option<TokensEnd> {
        if self.pauses.is_empty() || self.stops_everything() {
            return None;
        }
        Some(if self.stops_calls() { ANY } else { (0, self.renewed_from) })
    }

    /// Whether no call may be made, but one to try whether that is over.
    pub(crate) fn stops_calls(&self) -> bool {
        self.pauses.iter().any(|pause| pause.scope.stops_calls())
    }

    /// When somebody may try next: where several pauses stand, one call tries all of them.
    pub(crate) fn probe_at(&self) -> Timestamp {
        self.pauses.iter().filter_map(|pause| pause.probe_at).max().unwrap_or_default()
    }

    /// Takes the try that is due, and puts the next one off. False: it isn't due, or somebody else has it.
    pub(crate) async fn take_probe(&self, tx: &mut Tx, now: Timestamp) -> Result<bool> {
        if self.probe_at() > now {
            return Ok(false);
        }
        for pause in &self.pauses {
            if !take_probe(tx, pause, now).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Gives a try back that nobody could make: nothing is due.
    pub(crate) async fn return_probe(&self, tx: &mut Tx) -> Result<()> {
        for pause in &self.pauses {
            execute!(
                tx,
                "UPDATE pauses SET probe_at = $2 WHERE id = $1",
                &pause.id,
                pause.probe_at.map(micros)
            )?;
        }
        Ok(())
    }
}
