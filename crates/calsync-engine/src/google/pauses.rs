//! Pauses of the whole deployment: what Google answers tells when one begins, and a probe when it is over. Which
//! failures concern everybody is said by [`calsync_core::pause`]; a claim reads what is stored
//! ([`calsync_store::pauses`]).

use calsync_core::outcome::Operation;
use calsync_core::pause::{PROBE_EVERY, PauseScope, first_probe_after, is_outage};
use calsync_core::reason::Reason;
use calsync_google::Failure;
use calsync_store::Tx;
use calsync_store::pauses::{self, NewPause, Pause};
use jiff::SignedDuration;

use super::Google;
use crate::EngineError;

/// What the answers to one caller say of Google as a whole.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Observed {
    /// It answers calls, be it with a refusal.
    answers: bool,
    /// It takes our OAuth client.
    takes_client: bool,
    outage: Option<Reason>,
    /// What it names as the deployment's, and how long nobody tries again.
    named: Option<(PauseScope, Reason, SignedDuration)>,
}

impl Observed {
    /// Takes note of an answer.
    pub(super) fn add(&mut self, operation: Operation, answer: Result<(), &Failure>) {
        let failure = answer.err();
        let named = failure.and_then(|failure| PauseScope::named_by(failure.reason));
        match failure {
            Some(failure) if is_outage(failure.reason) => self.outage = Some(failure.reason),
            Some(failure) if named.is_some() => {
                let wait = first_probe_after(failure.reason, failure.retry_after);
                self.named = named.map(|scope| (scope, failure.reason, wait));
            }
            _ if operation == Operation::Refresh => self.takes_client = true,
            _ => self.answers = true,
        }
    }
}

impl Google {
    /// Begins the pause that follows from what a connection's calls met, and ends those that its probe found to
    /// be over.
    pub(super) async fn store_pauses(
        &self,
        tx: &mut Tx,
        (connection_id, is_probe): (&str, bool),
        observed: Observed,
    ) -> Result<(), EngineError> {
        let now = self.now();
        if is_probe {
            self.end_pauses(tx, observed).await?;
        }
        let begins = |scope, reason, wait| NewPause {
            scope,
            key: "",
            reason,
            probe_at: now.saturating_add(wait).unwrap_or(now),
            until: None,
        };
        if let Some((scope, reason, wait)) = observed.named {
            tracing::error!(
                scope = scope.name(),
                reason = reason.name(),
                "paused: Google refuses the deployment"
            );
            pauses::begin(tx, &self.new_id(), begins(scope, reason, wait), now).await?;
        }
        let failed = observed.outage.filter(|_| !observed.answers);
        if failed.is_none() && !observed.answers {
            return Ok(());
        }
        let is_everybody = self.outage_window().note(connection_id, now, failed.is_some());
        if let Some(reason) = failed.filter(|_| is_everybody || is_probe) {
            tracing::warn!(reason = reason.name(), "paused: Google fails for everybody");
            pauses::begin(tx, &self.new_id(), begins(PauseScope::Api, reason, PROBE_EVERY), now).await?;
        }
        Ok(())
    }

    async fn end_pauses(&self, tx: &mut Tx, observed: Observed) -> Result<(), EngineError> {
        let is_over = |pause: &Pause| match pause.scope {
            PauseScope::Api => observed.answers || observed.named.is_some(),
            PauseScope::Project => observed.answers,
            PauseScope::Client => observed.takes_client && pause.reason != Reason::GrantInDoubt,
            // Who renews a token ends it, or an admin does.
            PauseScope::Domain | PauseScope::Everything | PauseScope::User | PauseScope::Operation => false,
        };
        for pause in pauses::all(tx).await?.iter().filter(|pause| is_over(pause)) {
            if pauses::end(tx, pause).await? {
                tracing::info!(scope = pause.scope.name(), "the pause is over");
                self.outage_window().clear();
            }
        }
        Ok(())
    }
}
