//! Tries the old token until Google refuses it: revocation spreads slowly.

use calsync_core::disconnect::{StepName, StepOutcome};
use calsync_core::outcome::{Operation, Outcome};
use calsync_google::GoogleClient;
use jiff::SignedDuration;
use secrecy::SecretString;

use super::run::{DisconnectRun, StepResult};
use crate::EngineError;
use crate::google::{CallError, is_over};

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
    let tokens = run.google.stored_tokens().await?.filter(|tokens| !tokens.are_unreadable());
    let Some(Ok(refresh_token)) = tokens.and_then(|tokens| tokens.refresh) else {
        return Ok(StepResult::could_not("We hold no refresh token that can be read, so it can't be tried."));
    };
    let waited_long = now.duration_since(since) >= PATIENCE;
    Ok(match try_token(run, &refresh_token).await {
        Ok(Tried::Refused) => StepResult::done("Google refuses the old token."),
        Ok(Tried::Accepted) if waited_long => {
            StepResult::could_not("Google still accepted the old token after 2 minutes.")
        }
        Err(CallError::Failed(failure)) if waited_long => {
            let why = failure.reason.info().admin_sentence;
            StepResult::could_not(format!("Whether Google still accepts the old token is not known. {why}"))
        }
        Err(CallError::Engine(error)) => return Err(error),
        Ok(Tried::Accepted) | Err(_) => run.wait(LOOK_AGAIN),
    })
}

/// What Google does with the old token.
enum Tried {
    Accepted,
    Refused,
}

async fn try_token(run: &mut DisconnectRun<'_>, refresh_token: &SecretString) -> Result<Tried, CallError> {
    run.before_a_call().await?;
    let ask = |google: GoogleClient| async move { google.refresh(refresh_token).await };
    let tried = match run.google.send_to_oauth(Operation::Refresh, ask).await {
        Ok(_) => Ok(Tried::Accepted),
        // What is wanted, so it is no attempt that failed.
        Err(CallError::Failed(failure)) if is_over(failure.reason) => Ok(Tried::Refused),
        Err(error) => Err(error),
    };
    run.google.note(None, Operation::Refresh, tried.as_ref().map(|_| Outcome::Done));
    tried
}
