//! An integration as it is shown: its state with what can only be known at the moment of looking,
//! a sentence, the next step, and never a token.

use std::collections::BTreeSet;

use calsync_core::grant::{Cause, DeadGrant};
use calsync_core::integration::{CalendarChoice, FRESHNESS_PROMISE_MINUTES, IntegrationState};
use calsync_core::language::Text;
use calsync_core::pause::PauseScope;
use calsync_core::reason::{Actor, Reason};
use calsync_engine::google::dead_grant;
use calsync_engine::{Engine, EngineError};
use calsync_store::integrations::{self, Integration};
use calsync_store::pauses::{self, Pause};
use calsync_store::{StoreError, Tx};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Audience;
use super::next_step::{NextStep, sentence};

/// An integration.
#[derive(Serialize)]
pub struct IntegrationView {
    pub provider: String,
    pub state: IntegrationState,
    pub reason: Option<Reason>,
    /// Why the grant likely ended, while it is over.
    pub cause: Option<Cause>,
    /// What shows it, for admins.
    pub evidence: Option<String>,
    pub sentence: &'static str,
    pub next_step: NextStep,
    pub account_email: Option<String>,
    pub target_calendar: Option<TargetCalendar>,
    pub scopes: BTreeSet<String>,
    pub token_renews_at: Option<Timestamp>,
    pub connected_at: Option<Timestamp>,
    pub last_success_at: Option<Timestamp>,
    pub last_error_at: Option<Timestamp>,
    pub counts: Counts,
    pub channel: Channel,
    pub incident_id: Option<String>,
    /// Since when an admin's pause holds it.
    pub paused_since: Option<Timestamp>,
    /// Other users who connected the same account; for admins alone.
    pub same_account_users: Option<Vec<String>>,
    /// Since when the oldest change waits; for the console.
    #[serde(skip)]
    pub waiting_since: Option<Timestamp>,
}

#[derive(Serialize)]
pub struct TargetCalendar {
    pub id: String,
    pub summary: Option<String>,
}

#[derive(Serialize)]
pub struct Counts {
    pub synced: i64,
    pub waiting: i64,
    pub parked: i64,
    pub held: i64,
}

impl TargetCalendar {
    /// Its name, or its id where Google gives none.
    pub fn name(&self) -> &str {
        self.summary.as_deref().filter(|summary| !summary.is_empty()).unwrap_or(&self.id)
    }
}

/// The push channel; there are none yet.
#[derive(Serialize)]
pub struct Channel {
    pub state: &'static str,
    pub expires_at: Option<Timestamp>,
}

/// All of a user's integrations.
///
/// # Errors
/// If the store fails.
pub async fn of_user(
    engine: &Engine,
    tx: &mut Tx,
    user_id: &str,
    audience: Audience,
) -> Result<Vec<IntegrationView>, EngineError> {
    let mut shapes = Vec::new();
    for integration in integrations::of_user(tx, user_id).await? {
        let counts = integrations::counts(tx, &integration.id).await?;
        let others = match audience {
            Audience::Admin => Some(others_with_its_account(tx, &integration).await?),
            Audience::User(_) => None,
        };
        let dead = dead_grant(engine.google(), tx, &integration).await?;
        let pauses =
            pauses::of_connection(tx, &integration.user_id, integration.account_domain.as_deref()).await?;
        let paused_since = paused_since(&pauses, integration.state);
        let view = IntegrationView::new(integration, counts, (dead, paused_since), audience, engine.now());
        shapes.push(IntegrationView { same_account_users: others, ..view });
    }
    Ok(shapes)
}

async fn others_with_its_account(tx: &mut Tx, one: &Integration) -> Result<Vec<String>, StoreError> {
    let Some(account_sub) = &one.account_sub else { return Ok(Vec::new()) };
    let holders = integrations::of_account(tx, &one.provider, account_sub).await?;
    let is_other = |other: &Integration| other.id != one.id && other.state != IntegrationState::Disconnected;
    Ok(holders.into_iter().filter(is_other).map(|other| other.user_id).collect())
}

/// Since when the first of `pauses` holds a connection in this state. One that needs its user needs them all the same.
fn paused_since(pauses: &[Pause], state: IntegrationState) -> Option<Timestamp> {
    let holds = |pause: &&Pause| match state {
        held if held.is_held_by_pause() => pause.scope != PauseScope::Operation,
        IntegrationState::Disconnecting => pause.scope == PauseScope::Everything,
        _ => false,
    };
    pauses.iter().find(holds).map(|pause| pause.began_at)
}

impl IntegrationView {
    fn new(
        one: Integration,
        counts: integrations::Counts,
        (dead, paused_since): (Option<DeadGrant>, Option<Timestamp>),
        audience: Audience,
        now: Timestamp,
    ) -> Self {
        let state = match paused_since {
            Some(_) if one.state.is_held_by_pause() => IntegrationState::Paused,
            _ => shown_state(&one, &counts, now),
        };
        let cause = dead.as_ref().map(DeadGrant::cause);
        let stored = paused_since.map(|_| Reason::Paused).or(one.reason);
        let reason = stored.or((state == IntegrationState::Disconnected).then_some(Reason::NotConnected));
        let (sentence, next_step) = match (cause, reason) {
            (Some(cause), _) if cause != Cause::Unknown => of_cause(cause, audience),
            (_, Some(reason)) => of_reason(reason, audience),
            (_, None) => plain_words(state, &one, audience),
        };
        let calendar = |id| TargetCalendar { id, summary: one.target_calendar_summary };
        Self {
            provider: one.provider,
            state,
            reason,
            cause,
            evidence: dead.filter(|_| audience == Audience::Admin).and_then(|dead| dead.evidence()),
            sentence,
            next_step,
            account_email: one.account_email.filter(|email| !email.is_empty()),
            target_calendar: one.target_calendar_id.map(calendar),
            scopes: one.scopes,
            token_renews_at: one.expires_at.filter(|_| renews_itself(state)),
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
            paused_since,
            same_account_users: None,
            waiting_since: counts.oldest_waiting_at.and_then(|at| Timestamp::from_microsecond(at).ok()),
        }
    }
}

/// Whether we go on renewing its hourly token.
const fn renews_itself(state: IntegrationState) -> bool {
    match state {
        IntegrationState::Connecting
        | IntegrationState::Active
        | IntegrationState::Delayed
        | IntegrationState::Paused => true,
        IntegrationState::NeedsAction | IntegrationState::Disconnecting | IntegrationState::Disconnected => {
            false
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
    let chooses = one.calendar_choice == CalendarChoice::Existing && one.target_calendar_id.is_none();
    let text = match state {
        IntegrationState::Connecting if chooses => {
            let step = CHOOSE.to(audience.language());
            let step = NextStep::of(Actor::User, step, Some("choose-calendar"));
            return (NOT_CHOSEN.to(audience.language()), step);
        }
        IntegrationState::Connecting => BEING_MADE,
        IntegrationState::Active => CONNECTED,
        IntegrationState::Delayed => {
            let step = NextStep::for_reason(Reason::WaitingTurn, audience);
            return (DELAYED.to(audience.language()), step);
        }
        IntegrationState::Paused => return of_reason(Reason::Paused, audience),
        IntegrationState::Disconnecting => DISCONNECTING,
        IntegrationState::NeedsAction | IntegrationState::Disconnected => {
            return of_reason(Reason::Unknown, audience);
        }
    };
    (text.to(audience.language()), NextStep::none(audience))
}

const fn of_cause(cause: Cause, audience: Audience) -> (&'static str, NextStep) {
    let step = cause.next_step();
    match audience {
        Audience::User(language) => {
            let text = cause.next_step_of_user(language);
            (cause.to_user(language), NextStep::of(Actor::User, text, step.action))
        }
        Audience::Admin => (cause.admin_sentence(), NextStep::of(step.who, step.text, step.action)),
    }
}

const fn of_reason(reason: Reason, audience: Audience) -> (&'static str, NextStep) {
    (sentence(reason, audience), NextStep::for_reason(reason, audience))
}

const NOT_CHOSEN: Text = Text::new(
    "Connected; which calendar to use is not chosen yet.",
    "接続済みですが、使用するカレンダーがまだ選ばれていません。",
    "연결되었지만 사용할 캘린더를 아직 선택하지 않았습니다.",
);
const CHOOSE: Text =
    Text::new("Choose a calendar.", "カレンダーを選んでください。", "캘린더를 선택해 주세요.");
const BEING_MADE: Text = Text::new(
    "Connected; the calendar is being made.",
    "接続済みです。カレンダーを作成しています。",
    "연결되었습니다. 캘린더를 만들고 있습니다.",
);
const CONNECTED: Text = Text::new(
    "Google Calendar is connected.",
    "Google カレンダーに接続されています。",
    "Google 캘린더가 연결되어 있습니다.",
);
const DELAYED: Text = Text::new(
    "Google Calendar is connected, but a change has been waiting for more than 5 minutes.",
    "Google カレンダーに接続されていますが、5 分以上反映を待っている変更があります。",
    "Google 캘린더가 연결되어 있지만, 5분 넘게 반영을 기다리는 변경이 있습니다.",
);
const DISCONNECTING: Text = Text::new(
    "Google Calendar is being disconnected.",
    "Google カレンダーの接続を解除しています。",
    "Google 캘린더 연결을 해제하고 있습니다.",
);
