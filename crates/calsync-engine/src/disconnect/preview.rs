//! What a disconnect would do, before it is asked for. Nothing is called and nothing is written.

use std::collections::BTreeSet;

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_google::scopes;
use calsync_store::{integrations, mappings};

use crate::{Engine, EngineError};

/// What a disconnect would end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// Push channels that would be stopped.
    pub channels: i64,
    /// Items that may be in the user's calendar.
    pub items: i64,
    /// Changes that wait and would be dropped.
    pub waiting: i64,
    /// Granted scopes that sync has no use for: revoking ends them too.
    pub other_scopes: BTreeSet<String>,
}

/// Looks at what a disconnect would end; none if nothing is connected.
///
/// # Errors
/// If the store fails.
pub async fn preview(engine: &Engine, user_id: &str, provider: &str) -> Result<Option<Preview>, EngineError> {
    let mut tx = engine.store().read().await?;
    let theirs = integrations::of_user(&mut tx, user_id).await?;
    let live = theirs
        .into_iter()
        .find(|one| one.provider == provider && one.state != IntegrationState::Disconnected);
    let Some(integration) = live else { return Ok(None) };
    // What an earlier choice of calendar needed is sync's own too.
    let of_sync = [CalendarChoice::New, CalendarChoice::Existing]
        .map(|calendar| scopes::wanted(scopes::Choice { calendar, google_tasks: false }))
        .concat();
    let others = integration.scopes.iter().filter(|scope| !of_sync.contains(&scope.as_str()));
    Ok(Some(Preview {
        channels: 0,
        items: mappings::count_at_google(&mut tx, &integration.id).await?,
        waiting: integrations::counts(&mut tx, &integration.id).await?.waiting,
        other_scopes: others.cloned().collect(),
    }))
}
