//! What has to be stored before a call is sent, so that a crash or a lost answer leaves no doubt about
//! whose doing it was, and nothing that a user typed is lost by it.

use jiff::Timestamp;

use super::{Address, EventState, Mapping, PlanStep, PreviousState, UserEdit};

/// A call that may be sent once it is stored that it may have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// An event is made here: Google will know us by its id.
    Insert(Address),
    /// The event is removed: a later tombstone may be ours.
    Delete,
    /// The event at the previous location is removed.
    DeletePrevious,
}

impl PlanStep {
    /// What has to be stored before this step is taken.
    pub fn intent(&self) -> Option<Intent> {
        match self {
            Self::Insert { address, .. } => Some(Intent::Insert(address.clone())),
            Self::Delete => Some(Intent::Delete),
            // After the look the event goes, in the same pass.
            Self::FetchPrevious | Self::DeletePrevious { .. } => Some(Intent::DeletePrevious),
            Self::Done(..) | Self::Fetch | Self::Update { .. } => None,
        }
    }

    /// What has to be stored too, since this step leaves nothing of it at Google.
    pub fn lost_edits(&self) -> impl Iterator<Item = &UserEdit> {
        self.user_edits().iter().filter(|user_edit| user_edit.is_lost())
    }

    /// What becomes of the user's edits with this step.
    pub fn user_edits(&self) -> &[UserEdit] {
        match self {
            Self::Insert { user_edits, .. }
            | Self::Update { user_edits, .. }
            | Self::DeletePrevious { user_edits, .. } => user_edits,
            Self::Done(..) | Self::Fetch | Self::FetchPrevious | Self::Delete => &[],
        }
    }
}

impl Mapping {
    /// A call is about to be sent, or may have been sent at `at`.
    pub fn on_intent(&mut self, intent: Intent, at: Timestamp) {
        match intent {
            Intent::Insert(address) => self.on_insert_sent(address),
            Intent::Delete => self.on_delete_sent(at),
            Intent::DeletePrevious => self.on_previous_delete_sent(),
        }
    }

    /// The calls that this mapping, as it is stored, says may have been sent.
    pub fn intents(&self) -> impl Iterator<Item = Intent> {
        let here = match &self.event_state {
            EventState::Unconfirmed { address, .. } => Some(Intent::Insert(address.clone())),
            EventState::Deleting { .. } => Some(Intent::Delete),
            _ => None,
        };
        let previous = self.previous.as_ref().map(|previous| &previous.state);
        let is_deleting = matches!(previous, Some(PreviousState::Deleting(_)));
        here.into_iter().chain(is_deleting.then_some(Intent::DeletePrevious))
    }
}
