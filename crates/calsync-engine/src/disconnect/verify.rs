//! Tries the old token until Google refuses it: revocation spreads slowly.

use calsync_core::disconnect::{StepName, StepOutcome};
use calsync_core::outcome::Operation;
use jiff::SignedDuration;

use super::run::{DisconnectRun, StepResult};
use super::tokens::is_over;
use crate::EngineError;

/// How long the old token may still be accepted.
const PATIENCE: SignedDuration = SignedDuration::from_secs(120);
/// Between two tries.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(10);

pub(super) async fn verify(run: &mut DisconnectRun<'_>) -> Result<StepResult, EngineError> {
    let now = run.now();
    let (revoked, since) = match run.saga.step(StepName::Revoke) {
        Some(step) => (step.outcome, step.at),
        None => (StepOutcome::Skipped, now),
    };
    if revoked == StepOutcome::Skipped {
        return Ok(StepResult::skipped("The grant was not revoked, so there is nothing to verify."));
    }
    let tokens = run.tokens().await?;
    let is_unreadable = tokens.are_unreadable();
    let Some(Ok(refresh_token)) = tokens.refresh.filter(|_| !is_unreadable) else {
        return Ok(StepResult::could_not("We hold no refresh token that can be read, so it can't be tried."));
    };
    run.before_a_call().await?;
    let answer = run.engine.google().refresh(&refresh_token).await;
    let waited_long = now.duration_since(since) >= PATIENCE;
    Ok(match answer {
        // What is wanted, so it is no attempt that failed.
        Err(failure) if is_over(&failure) => StepResult::done("Google refuses the old token."),
        Ok(_) if waited_long => StepResult::could_not("Google still accepted the old token after 2 minutes."),
        Err(failure) if waited_long => {
            run.journal.note(None, Operation::Refresh, Err(&failure));
            let why = failure.reason.info().admin_sentence;
            StepResult::could_not(format!("Whether Google still accepts the old token is not known. {why}"))
        }
        Ok(_) | Err(_) => run.wait(LOOK_AGAIN, false),
    })
}
