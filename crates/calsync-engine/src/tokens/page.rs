//! Calls for somebody who waits at a page: they wait for a refresh that is under way, and what they
//! learn of the grant counts as if a pass had learned it.

use std::time::Duration;

use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::{Reaction, Reason};
use calsync_google::{Failure, GoogleClient};
use calsync_store::integrations::{self, Integration, StopCause};
use secrecy::SecretString;

use super::{Access, AccessError, OPERATION, access, local_failure};
use crate::journal::Journal;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// Between two looks at a refresh of somebody else's.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Looks after which a refresh takes longer than a call may.
const LOOKS_MAX: usize = 120;

/// Calls Google for `integration`, with a token that is renewed once if Google doesn't take it. What
/// only the user can mend stops the integration, if the tokens that met it are still its tokens.
pub(crate) async fn call<T, Answer: Future<Output = Result<T, Failure>>>(
    engine: &Engine,
    integration: &Integration,
    operation: Operation,
    ask: impl Fn(GoogleClient, SecretString) -> Answer,
) -> Result<Result<T, Failure>, EngineError> {
    let mut tried = false;
    loop {
        let access = match wait_for_access(engine, &integration.id).await? {
            Ok(access) => access,
            Err((version, failure)) => {
                return failed(engine, integration, OPERATION, version, failure).await;
            }
        };
        match ask(engine.google().clone(), access.token).await {
            Ok(answer) => return Ok(Ok(answer)),
            Err(failure) if failure.is_stale_token() && !access.is_new && !tried => {
                tried = true;
                retrying_tx!(engine, |tx| {
                    integrations::expire_access(tx, &integration.id, access.version).await?;
                })?;
            }
            Err(failure) => return failed(engine, integration, operation, access.version, failure).await,
        }
    }
}

/// A token, or why there is none and the version of the tokens that give none.
async fn wait_for_access(engine: &Engine, id: &str) -> Result<Result<Access, (i64, Failure)>, EngineError> {
    let mut look = tokio::time::interval(LOOK_AGAIN);
    let mut version = 0;
    for _ in 0..LOOKS_MAX {
        look.tick().await;
        let mut tx = engine.store().read().await?;
        let integration = integrations::get(&mut tx, id).await?;
        let tokens = integrations::tokens(&mut tx, engine.store().keyring(), id).await?;
        drop(tx);
        let Some(integration) = integration else {
            return Ok(Err((version, local_failure(Outcome::Refused, Reason::NotConnected))));
        };
        version = tokens.as_ref().map_or(version, |tokens| tokens.version);
        match access(engine, &integration, tokens).await? {
            Ok(access) => return Ok(Ok(access)),
            Err(AccessError::Failed(failure)) => return Ok(Err((version, failure))),
            Err(AccessError::Busy) => {}
        }
    }
    Ok(Err((version, local_failure(Outcome::PutOff, Reason::GoogleSlow))))
}

async fn failed<T>(
    engine: &Engine,
    integration: &Integration,
    operation: Operation,
    token_version: i64,
    failure: Failure,
) -> Result<Result<T, Failure>, EngineError> {
    let mut journal = Journal::new(engine, integration);
    journal.note(None, operation, Err(&failure));
    retrying_tx!(engine, |tx| {
        if failure.reason.info().reaction == Reaction::StopIntegration {
            let calendar_id = integration.target_calendar_id.as_deref();
            let cause = StopCause { reason: failure.reason, token_version, calendar_id };
            integrations::needs_action(engine.store(), tx, &integration.id, cause, engine.now()).await?;
        }
        journal.store(tx).await?;
    })?;
    Ok(Err(failure))
}
