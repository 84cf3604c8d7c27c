//! An integration as it is shown: its state with what can only be known at the moment of looking,
//! a sentence, the next step, and never a token.

use std::collections::BTreeSet;

use calsync_core::integration::{CalendarChoice, FRESHNESS_PROMISE_MINUTES, IntegrationState};
use calsync_core::reason::{Actor, Reason};
use calsync_store::integrations::{self, CalendarPhase, Integration};
use calsync_store::{StoreError, Tx};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Audience;
use super::next_step::{NextStep, sentence};

/// An integration.
#[derive(Serialize)]
pub(crate) struct IntegrationShape {
    pub(crate) provider: String,
    pub(crate) state: IntegrationState,
    pub(crate) reason: Option<Reason>,
    pub(crate) sentence: &'static str,
    pub(crate) next_step: NextStep,
    pub(crate) account_email: Option<String>,
    pub(crate) target_calendar: Option<TargetCalendar>,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) token_renews_at: Option<Timestamp>,
    pub(crate) connected_at: Option<Timestamp>,
    pub(crate) last_success_at: Option<Timestamp>,
    pub(crate) last_error_at: Option<Timestamp>,
    pub(crate) counts: Counts,
    pub(crate) channel: Channel,
    pub(crate) incident_id: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct TargetCalendar {
    pub(crate) id: String,
    pub(crate) summary: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Counts {
    pub(crate) synced: i64,
    pub(crate) waiting: i64,
    pub(crate) parked: i64,
    pub(crate) held: i64,
}

impl TargetCalendar {
    /// Its name, or its id where Google gives none.
    pub(crate) fn name(self) -> String {
        self.summary.filter(|summary| !summary.is_empty()).unwrap_or(self.id)
    }
}

/// The push channel; there are none yet.
#[derive(Serialize)]
pub(crate) struct Channel {
    pub(crate) state: &'static str,
    pub(crate) expires_at: Option<Timestamp>,
}

/// All of a user's integrations.
///
/// # Errors
/// If the store fails.
pub(crate) async fn of_user(
    tx: &mut Tx,
    user_id: &str,
    audience: Audience,
    now: Timestamp,
) -> Result<Vec<IntegrationShape>, StoreError> {
    let mut shapes = Vec::new();
    for integration in integrations::of_user(tx, user_id).await? {
        let counts = integrations::counts(tx, &integration.id).await?;
        shapes.push(IntegrationShape::new(integration, counts, audience, now));
    }
    Ok(shapes)
}

impl IntegrationShape {
    fn new(one: Integration, counts: integrations::Counts, audience: Audience, now: Timestamp) -> Self {
        let state = shown_state(&one, &counts, now);
        let reason = one.reason.or((state == IntegrationState::Disconnected).then_some(Reason::NotConnected));
        let (sentence, next_step) = match reason {
            Some(reason) => (sentence(reason, audience), NextStep::for_reason(reason, audience)),
            None => plain_words(state, &one, audience),
        };
        let calendar = |id| TargetCalendar { id, summary: one.target_calendar_summary };
        Self {
            provider: one.provider,
            state,
            reason,
            sentence,
            next_step,
            account_email: one.account_email.filter(|email| !email.is_empty()),
            target_calendar: one.target_calendar_id.map(calendar),
            scopes: one.scopes,
            token_renews_at: one.expires_at.filter(|_| state != IntegrationState::Disconnected),
            connected_at: one.connected_at,
            last_success_at: one.last_success_at,
            last_error_at: one.last_error_at,
            counts: Counts {
                synced: counts.synced,
                waiting: counts.waiting,
                parked: counts.parked,
                held: counts.held,
            },
            channel: Channel { state: "off", expires_at: None },
            incident_id: None,
        }
    }
}

/// The stored state, or `delayed` where a change waits longer than promised.
fn shown_state(one: &Integration, counts: &integrations::Counts, now: Timestamp) -> IntegrationState {
    let promise = SignedDuration::from_mins(FRESHNESS_PROMISE_MINUTES);
    let latest = now.saturating_sub(promise).unwrap_or(now).as_microsecond();
    let waits_long = counts.oldest_waiting_at.is_some_and(|since| since < latest);
    match one.state {
        IntegrationState::Active if waits_long => IntegrationState::Delayed,
        state => state,
    }
}

/// A state without a reason, in words.
fn plain_words(state: IntegrationState, one: &Integration, audience: Audience) -> (&'static str, NextStep) {
    let chooses =
        one.calendar_choice == CalendarChoice::Existing && one.calendar_phase == CalendarPhase::Untold;
    match state {
        IntegrationState::Connecting if chooses => (
            "Connected; which calendar to use is not chosen yet.",
            NextStep::of(Actor::User, "Choose a calendar.", Some("choose-calendar")),
        ),
        IntegrationState::Connecting => ("Connected; the calendar is being made.", NextStep::none()),
        IntegrationState::Active => ("Google Calendar is connected.", NextStep::none()),
        IntegrationState::Delayed => (
            "Google Calendar is connected, but a change has been waiting for more than 5 minutes.",
            NextStep::of(Actor::Nobody, "Nothing to do: it is tried again.", None),
        ),
        IntegrationState::Paused => {
            (sentence(Reason::Paused, audience), NextStep::for_reason(Reason::Paused, audience))
        }
        IntegrationState::Disconnecting => ("Google Calendar is being disconnected.", NextStep::none()),
        IntegrationState::NeedsAction | IntegrationState::Disconnected => {
            (sentence(Reason::Unknown, audience), NextStep::for_reason(Reason::Unknown, audience))
        }
    }
}
