//! Which calendars a consent is for: the one that its user wants, and the one that is in use.

use calsync_core::integration::CalendarChoice;
use calsync_google::scopes;
use calsync_store::Tx;
use calsync_store::integrations::{self, CalendarState, Integration};

use crate::EngineError;

/// A calendar that is in use stays in use when its user connects again, whatever they want: what is in it
/// would be left behind. It is changed in the settings, or with the consent if the next one is named.
#[derive(Clone, Copy)]
pub(super) struct ConsentChoices {
    wanted: CalendarChoice,
    in_use: Option<CalendarChoice>,
}

impl ConsentChoices {
    pub(super) async fn of(tx: &mut Tx, user_id: &str, wanted: CalendarChoice) -> Result<Self, EngineError> {
        let live = integrations::of_user(tx, user_id).await?.into_iter().find(Integration::is_live_at_google);
        Ok(Self::with(live.as_ref(), wanted))
    }

    pub(super) fn with(live: Option<&Integration>, wanted: CalendarChoice) -> Self {
        let is_in_use =
            |live: &&Integration| live.calendar_state == CalendarState::Ready && !live.lost_its_calendar();
        Self { wanted, in_use: live.filter(is_in_use).map(|live| live.calendar_choice) }
    }

    /// What the connection goes on with.
    pub(super) fn kept(self) -> CalendarChoice {
        self.in_use.unwrap_or(self.wanted)
    }

    /// What the user is asked for: enough for both, so that everything can move from one to the other.
    pub(super) fn wanted_scopes(self) -> Vec<&'static str> {
        self.scopes(scopes::wanted, self.kept())
    }

    /// What sync can't do without; who `leaves` the calendar in use at once doesn't need it any more.
    pub(super) fn needed_scopes(self, leaves: bool) -> Vec<&'static str> {
        self.scopes(scopes::needed, if leaves { self.wanted } else { self.kept() })
    }

    fn scopes(
        self,
        of: impl Fn(scopes::Choice) -> Vec<&'static str>,
        other: CalendarChoice,
    ) -> Vec<&'static str> {
        let of = |calendar| of(scopes::Choice { calendar, google_tasks: false });
        let mut scopes = of(self.wanted);
        let more: Vec<_> = of(other).into_iter().filter(|scope| !scopes.contains(scope)).collect();
        scopes.extend(more);
        scopes
    }
}
