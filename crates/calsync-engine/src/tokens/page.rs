//! Calls for somebody who waits at a page: they wait for a refresh that is under way, and what they
//! learn of the grant counts as if a pass had learned it.

use std::time::Duration;

use calsync_core::outcome::{Operation, Outcome};
use calsync_core::reason::{Reaction, Reason};
use calsync_google::{Failure, GoogleClient};
use calsync_store::integrations::{self, Integration};
use secrecy::SecretString;

use super::{Access, NoAccess, OPERATION, access, unasked};
use crate::journal::Journal;
use crate::{Engine, EngineError};

/// Between two looks at a refresh of somebody else's.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Looks after which a refresh takes longer than a call may.
const LOOKS_MAX: usize = 120;

/// Calls Google for `integration`, with a token that is renewed once if Google doesn't take it. What
/// only the user can mend stops the integration.
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
            Err(failure) => return failed(engine, integration, OPERATION, failure).await,
        };
        match ask(engine.google().clone(), access.token).await {
            Ok(answer) => return Ok(Ok(answer)),
            Err(failure) if failure.is_stale_token() && !access.is_new && !tried => {
                tried = true;
                let mut tx = engine.store().begin().await?;
                integrations::expire_access(&mut tx, &integration.id, access.version).await?;
                tx.commit().await?;
            }
            Err(failure) => return failed(engine, integration, operation, failure).await,
        }
    }
}

async fn wait_for_access(engine: &Engine, id: &str) -> Result<Result<Access, Failure>, EngineError> {
    let mut look = tokio::time::interval(LOOK_AGAIN);
    for _ in 0..LOOKS_MAX {
        look.tick().await;
        let mut tx = engine.store().read().await?;
        let integration = integrations::get(&mut tx, id).await?;
        let tokens = integrations::tokens(&mut tx, engine.store().keyring(), id).await?;
        drop(tx);
        let Some(integration) = integration else {
            return Ok(Err(unasked(Outcome::Refused, Reason::NotConnected)));
        };
        match access(engine, &integration, tokens).await? {
            Ok(access) => return Ok(Ok(access)),
            Err(NoAccess::Failed(failure)) => return Ok(Err(failure)),
            Err(NoAccess::Busy) => {}
        }
    }
    Ok(Err(unasked(Outcome::PutOff, Reason::GoogleSlow)))
}

async fn failed<T>(
    engine: &Engine,
    integration: &Integration,
    operation: Operation,
    failure: Failure,
) -> Result<Result<T, Failure>, EngineError> {
    let mut journal = Journal::new(engine, integration);
    journal.note(None, operation, Err(&failure));
    let mut tx = engine.store().begin().await?;
    journal.store(&mut tx).await?;
    if failure.reason.entry().reaction == Reaction::StopIntegration {
        let (store, now) = (engine.store(), engine.now());
        let calendar_id = integration.target_calendar_id.as_deref();
        let (id, reason) = (&integration.id, failure.reason);
        integrations::needs_action(store, &mut tx, id, reason, calendar_id, now).await?;
    }
    tx.commit().await?;
    Ok(Err(failure))
}
