//! How a user's connection is, as their pages say it: a sentence from the closed list, the next
//! step, and a tone that an icon and a word carry beside the colour.

use calsync_core::integration::{GOOGLE, IntegrationState};
use calsync_engine::{Engine, EngineError};
use calsync_http::views::Audience;
use calsync_http::views::integration::{self, IntegrationView};
use calsync_store::Tx;
use calsync_store::users::User;

use crate::messages::Messages;

/// A connection to Google, as its user sees it.
pub(in crate::connect) struct Status {
    pub(in crate::connect) shown: IntegrationView,
    messages: Messages,
}

impl Status {
    /// How the user's connection is; none if there never was one.
    pub(in crate::connect) async fn of(
        engine: &Engine,
        tx: &mut Tx,
        user: &User,
        messages: Messages,
    ) -> Result<Option<Self>, EngineError> {
        let theirs = integration::of_user(engine, tx, &user.user_id, Audience::User(messages.0)).await?;
        let google = theirs.into_iter().find(|one| one.provider == GOOGLE);
        Ok(google.map(|shown| Self { shown, messages }))
    }

    /// Whether there is no connection any more.
    pub(in crate::connect) fn is_over(&self) -> bool {
        self.shown.state == IntegrationState::Disconnected
    }

    /// Whether one is being ended.
    pub(in crate::connect) fn is_ending(&self) -> bool {
        self.shown.state == IntegrationState::Disconnecting
    }

    /// Whether something is written to Google.
    pub(in crate::connect) fn is_active(&self) -> bool {
        matches!(self.shown.state, IntegrationState::Active | IntegrationState::Delayed)
    }

    /// Entries that are stopped until something changes.
    pub(in crate::connect) fn stopped(&self) -> i64 {
        self.shown.counts.parked + self.shown.counts.held
    }

    /// For the colour.
    pub(in crate::connect) fn tone(&self) -> &'static str {
        match self.shown.state {
            IntegrationState::Active => "good",
            IntegrationState::Delayed => "warn",
            IntegrationState::NeedsAction => "bad",
            IntegrationState::Connecting
            | IntegrationState::Paused
            | IntegrationState::Disconnecting
            | IntegrationState::Disconnected => "mute",
        }
    }

    /// In a word.
    pub(in crate::connect) fn word(&self) -> String {
        match self.shown.state {
            IntegrationState::Active => self.messages.state_active(),
            IntegrationState::Delayed => self.messages.state_delayed(),
            IntegrationState::NeedsAction => self.messages.state_needs_action(),
            IntegrationState::Connecting => self.messages.state_connecting(),
            IntegrationState::Paused => self.messages.state_paused(),
            IntegrationState::Disconnecting => self.messages.state_disconnecting(),
            IntegrationState::Disconnected => self.messages.state_disconnected(),
        }
    }

    /// What the user does next, if it is theirs to do.
    pub(in crate::connect) fn next_step(&self) -> Option<&str> {
        let step = &self.shown.next_step;
        (!step.text().is_empty() && self.shown.state != IntegrationState::Active).then(|| step.text())
    }

    /// Whether connecting again mends it.
    pub(in crate::connect) fn wants_consent(&self) -> bool {
        matches!(self.shown.next_step.action(), Some("reconnect" | "connect"))
    }

    /// Whether a calendar is to be chosen: there is none yet, or it is gone or closed.
    pub(in crate::connect) fn wants_calendar(&self) -> bool {
        self.shown.next_step.action() == Some("choose-calendar")
    }
}
