//! A user goes over to another calendar.
//!
//! What changes here is the target alone, in one transaction that makes every item of the user due. The
//! passes then move item by item: each mapping knows where its event is, so a pass that is under way by the
//! old target settles nothing as if it were at the new one.

use calsync_core::integration::{CalendarChoice, IntegrationState};
use calsync_core::outcome::Operation;
use calsync_google::{Failure, GoogleClient, scopes};
use calsync_store::integrations::{self, Integration, NewTarget};
use calsync_store::mappings;
use secrecy::SecretString;

use crate::google::{AuthorizedClient, CallError};
use crate::ownership::is_our_own;
use crate::transaction::retrying_tx;
use crate::{Engine, EngineError};

/// The calendar that a user wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetChoice {
    /// One of our own: the one that we made before, if it is there still, else a new one.
    Own,
    /// One of theirs, by its id.
    Existing(String),
}

impl TargetChoice {
    /// From what forms and tries call it: `new`, or the calendar's id.
    pub fn parse(text: &str) -> Self {
        if text == CalendarChoice::New.name() { Self::Own } else { Self::Existing(text.to_owned()) }
    }

    /// What forms and tries call it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Own => CalendarChoice::New.name(),
            Self::Existing(calendar_id) => calendar_id,
        }
    }

    /// Which permissions it takes.
    pub const fn choice(&self) -> CalendarChoice {
        match self {
            Self::Own => CalendarChoice::New,
            Self::Existing(_) => CalendarChoice::Existing,
        }
    }
}

/// What came of the wish for another calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetargetResult {
    /// It is the target now, and everything moves there.
    Done,
    /// It was the target already.
    AlreadySo,
    /// Nobody is connected there.
    NotConnected,
    /// The account has no such calendar.
    NotFound,
    /// The account may not write to it.
    ReadOnly,
    /// The user has to consent again first: these permissions are missing.
    ScopeMissing(Vec<&'static str>),
    /// The account was asked for a lot of late; ask again in a minute.
    Busy,
    /// Google can't be asked, or the connection is broken.
    Failed(Failure),
}

/// Makes another calendar the target of a live connection, also of one that was stopped because its
/// calendar was gone or closed. A calendar of our own is found or made by the next pass.
///
/// Every item then moves: its event is made in the new calendar with everything that the user added to
/// it, and after that the old one is removed. A change of mind meanwhile is fine, back to the first
/// calendar too. What can't be removed from the old calendar is told once, in the log, as `left_behind`.
/// A calendar of ours that is left goes as a whole, once nothing of the user's is in it.
///
/// It is the user's own act, so it is not in the audit.
///
/// # Errors
/// If the store fails.
pub async fn change(
    engine: &Engine,
    integration_id: &str,
    choice: &TargetChoice,
) -> Result<RetargetResult, EngineError> {
    let mut tx = engine.store().read().await?;
    let integration = integrations::get(&mut tx, integration_id).await?;
    drop(tx);
    let Some(integration) = integration.filter(|one| one.state.is_live()) else {
        return Ok(RetargetResult::NotConnected);
    };
    let needed = scopes::needed(scopes::Choice { calendar: choice.choice(), google_tasks: false });
    let missing = scopes::missing(&needed, &integration.scopes);
    if !missing.is_empty() {
        return Ok(RetargetResult::ScopeMissing(missing));
    }
    match choice {
        TargetChoice::Own => to_own(engine, &integration).await,
        TargetChoice::Existing(calendar_id) => to_existing(engine, &integration, calendar_id).await,
    }
}

async fn to_own(engine: &Engine, integration: &Integration) -> Result<RetargetResult, EngineError> {
    if integration.calendar_choice == CalendarChoice::New
        && integration.state != IntegrationState::NeedsAction
    {
        return Ok(RetargetResult::AlreadySo);
    }
    store(engine, integration, NewTarget::ToBeMade).await
}

async fn to_existing(
    engine: &Engine,
    integration: &Integration,
    calendar_id: &str,
) -> Result<RetargetResult, EngineError> {
    let is_target = integration.target_calendar_id.as_deref() == Some(calendar_id);
    if is_target && integration.state == IntegrationState::Active {
        return Ok(RetargetResult::AlreadySo);
    }
    let get = |google: GoogleClient, token: SecretString| async move {
        google.get_calendar(&token, calendar_id).await
    };
    match AuthorizedClient::call_for_page(engine.google(), integration, Operation::Get, get).await {
        Err(CallError::PutOff { .. }) => Ok(RetargetResult::Busy),
        Err(CallError::Unauthorized(failure) | CallError::Failed(failure)) => {
            Ok(RetargetResult::Failed(failure))
        }
        Err(CallError::Engine(error)) => Err(error),
        Ok(None) => Ok(RetargetResult::NotFound),
        Ok(Some(calendar)) if !calendar.access_role.can_write() => Ok(RetargetResult::ReadOnly),
        // It may be about to be removed: the next pass looks whether it is there.
        Ok(Some(calendar)) if is_our_own(engine, integration, &calendar) => to_own(engine, integration).await,
        Ok(Some(calendar)) => {
            let (calendar_id, summary) = (calendar.id.as_str(), calendar.summary.as_str());
            store(engine, integration, NewTarget::Theirs { calendar_id, summary }).await
        }
    }
}

async fn store(
    engine: &Engine,
    integration: &Integration,
    target: NewTarget<'_>,
) -> Result<RetargetResult, EngineError> {
    let now = engine.now();
    let chosen_for = (integration.id.as_str(), integration.epoch);
    let is_changed = retrying_tx!(engine, |tx| {
        let is_changed = integrations::change_calendar(engine.store(), tx, chosen_for, target, now).await?;
        if is_changed {
            mappings::mark_all_due(tx, &integration.user_id, now).await?;
        }
        is_changed
    })?;
    engine.hint();
    Ok(if is_changed { RetargetResult::Done } else { RetargetResult::NotConnected })
}
