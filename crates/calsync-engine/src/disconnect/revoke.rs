//! Ends the grant at Google. That ends every scope of our client for the account, so it is left to
//! the last connection that holds the account.

use calsync_core::integration::GOOGLE;
use calsync_core::outcome::{Operation, Outcome};
use calsync_google::{GoogleClient, Revoked};
use calsync_store::disconnects;
use calsync_store::integrations;
use jiff::SignedDuration;
use secrecy::SecretString;

use super::run::{AfterError, DisconnectRun, StepResult};
use crate::EngineError;
use crate::google::CallError;

/// How often we look whether another disconnect still needs the grant.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// Who else uses the grant.
enum GrantUsers {
    Nobody,
    /// Another connection.
    Connected,
    /// A connection that is being disconnected, whose items are not removed yet.
    Removing,
}

pub(super) async fn revoke(run: &mut DisconnectRun<'_>) -> Result<StepResult, EngineError> {
    if run.saga.provider != GOOGLE {
        return Ok(StepResult::skipped("calsync has no grant of its own at this provider."));
    }
    if !run.engine.settings().revoke {
        return Ok(StepResult::skipped(
            "google.revoke is set to never: the user can end the grant at Google.",
        ));
    }
    match grant_users(run).await? {
        GrantUsers::Nobody => {}
        GrantUsers::Connected => {
            return Ok(StepResult::skipped(
                "Another connection uses the same Google account, and revoking would end it too.",
            ));
        }
        GrantUsers::Removing => return Ok(run.wait(LOOK_AGAIN)),
    }
    let mut held = held_tokens(run).await?.into_iter();
    let Some(first) = held.next() else {
        return Ok(StepResult::could_not(
            "We hold no token that can be read; only the user can end the grant.",
        ));
    };
    let mut answer = revoke_token(run, first).await;
    for token in held {
        if matches!(answer, Ok(Revoked::AlreadySo)) {
            answer = revoke_token(run, token).await;
        }
    }
    Ok(match answer {
        Ok(Revoked::Done) => StepResult::done("Google ended the grant."),
        Ok(Revoked::AlreadySo) => StepResult::already_so("Google says that the grant was over before."),
        Err(error) => match run.after_error(error)? {
            AfterError::Waits(pause) => StepResult::Waits(pause),
            AfterError::Ends(failure) => {
                let why = failure.reason.info().admin_sentence;
                StepResult::could_not(format!("Google did not end the grant. {why}"))
            }
        },
    })
}

/// The tokens that can end the grant. The refresh token may be of an earlier grant than the access token: Google gives
/// one at the first consent only.
async fn held_tokens(run: &DisconnectRun<'_>) -> Result<Vec<SecretString>, EngineError> {
    let tokens = run.google.stored_tokens().await?;
    let Some(tokens) = tokens.filter(|tokens| !tokens.are_unreadable()) else { return Ok(Vec::new()) };
    let lives = tokens.expires_at.is_some_and(|end| end > run.now());
    let held = tokens.refresh.into_iter().chain(tokens.access.filter(|_| lives));
    Ok(held.filter_map(Result::ok).collect())
}

/// Ends the grant that `token` is of.
async fn revoke_token(run: &mut DisconnectRun<'_>, token: SecretString) -> Result<Revoked, CallError> {
    run.before_a_call().await?;
    let ask = |google: GoogleClient| async move { google.revoke(&token).await };
    let answer = run.google.send_to_oauth(Operation::Revoke, ask).await;
    let outcome = answer.as_ref().map(|revoked| match revoked {
        Revoked::Done => Outcome::Done,
        Revoked::AlreadySo => Outcome::AlreadySo,
    });
    run.google.note(None, Operation::Revoke, outcome);
    answer
}

async fn grant_users(run: &DisconnectRun<'_>) -> Result<GrantUsers, EngineError> {
    let Some(account) = &run.integration.account_sub else { return Ok(GrantUsers::Nobody) };
    let mut tx = run.engine.store().read().await?;
    let sharing = integrations::of_account(&mut tx, GOOGLE, account).await?;
    if sharing.iter().any(|other| other.state.is_live()) {
        return Ok(GrantUsers::Connected);
    }
    let removes = disconnects::others_remove(&mut tx, &run.saga).await?;
    Ok(if removes { GrantUsers::Removing } else { GrantUsers::Nobody })
}
