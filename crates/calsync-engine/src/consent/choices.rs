//! Which calendars a consent is for: the one that its user wants, the one that is in use, and those that are left
//! and not empty yet.

use calsync_core::integration::CalendarChoice;
use calsync_google::scopes;
use calsync_store::Tx;
use calsync_store::calendars::{self, Calendar};
use calsync_store::integrations::{self, Integration};

use crate::EngineError;

/// A calendar that is in use stays in use when its user connects again, whatever they want: what is in it
/// would be left behind. It is changed in the settings, or with the consent if the next one is named.
pub(super) struct ConsentChoices {
    wanted: CalendarChoice,
    in_use: Option<CalendarChoice>,
    /// The kinds of those in which something of ours may stand: a move that a dead grant interrupts goes on
    /// with the next one, which has to reach what is not moved yet.
    filled: Vec<CalendarChoice>,
}

impl ConsentChoices {
    pub(super) async fn of(tx: &mut Tx, user_id: &str, wanted: CalendarChoice) -> Result<Self, EngineError> {
        let live = integrations::of_user(tx, user_id).await?.into_iter().find(Integration::is_live_at_google);
        Self::with(tx, live.as_ref(), wanted).await
    }

    pub(super) async fn with(
        tx: &mut Tx,
        live: Option<&Integration>,
        wanted: CalendarChoice,
    ) -> Result<Self, EngineError> {
        let Some(live) = live else { return Ok(Self { wanted, in_use: None, filled: Vec::new() }) };
        let is_in_use = live.target_calendar_id.is_some() && !live.lost_its_calendar();
        let in_use = is_in_use.then_some(live.calendar_choice);
        let calendars = calendars::of_connection(tx, (&live.id, live.epoch)).await?;
        let filled = calendars.iter().filter(|one| one.is_in_use()).map(Calendar::choice).collect();
        Ok(Self { wanted, in_use, filled })
    }

    /// What the connection goes on with.
    pub(super) fn kept(&self) -> CalendarChoice {
        self.in_use.unwrap_or(self.wanted)
    }

    /// What the user is asked for: enough for all, so that everything can move from one to the other.
    pub(super) fn wanted_scopes(&self) -> Vec<&'static str> {
        let choices = [self.wanted, self.kept()].into_iter().chain(self.filled.iter().copied());
        of_all(scopes::wanted, choices)
    }

    /// What sync can't do without; who `leaves` the calendar in use at once doesn't need it any more.
    pub(super) fn needed_scopes(&self, leaves: bool) -> Vec<&'static str> {
        let other = if leaves { self.wanted } else { self.kept() };
        of_all(scopes::needed, [self.wanted, other])
    }
}

/// The scopes of all `choices`, each once.
pub(super) fn of_all(
    scopes_of: impl Fn(scopes::Choice) -> Vec<&'static str>,
    choices: impl IntoIterator<Item = CalendarChoice>,
) -> Vec<&'static str> {
    let mut scopes = Vec::new();
    let of = |calendar| scopes_of(scopes::Choice { calendar, google_tasks: false });
    for scope in choices.into_iter().flat_map(of) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}
