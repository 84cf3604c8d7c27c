//! What a run met: a suite that never met these proves little.

use std::ops::AddAssign;

use crate::transport::Peer;

/// What a run, or many, met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Answers lost after their effect.
    pub lost_answers: usize,
    /// Calls to Google's OAuth that went wrong.
    pub oauth_faults: usize,
    /// Crashes with calls under way.
    pub crashes: usize,
    /// Disconnects that came to their end.
    pub disconnects: usize,
    /// Clean-ups of what a disconnect had left.
    pub clean_ups: usize,
    /// Changes of calendar.
    pub moves: usize,
    /// Titles and times that users changed.
    pub field_edits: usize,
    /// Users who took our access away in Google.
    pub revocations: usize,
    /// Users who were deleted and forgotten.
    pub deletions: usize,
    /// Pauses that admins began.
    pub pauses: usize,
    /// Deliveries that reached the webhook.
    pub deliveries: usize,
    /// Calls that had to wait for a permit.
    pub permit_waits: usize,
}

impl Reached {
    /// A call was answered, or not.
    pub(crate) fn count(&mut self, peer: Peer, is_lost: bool, is_bad: bool) {
        self.lost_answers += usize::from(is_lost);
        self.oauth_faults += usize::from(is_bad && peer == Peer::OAuth);
    }

    /// Each number with its name.
    pub fn each(&mut self) -> [(&'static str, &mut usize); 12] {
        [
            ("lost answers", &mut self.lost_answers),
            ("faults at OAuth", &mut self.oauth_faults),
            ("crashes with calls under way", &mut self.crashes),
            ("disconnects", &mut self.disconnects),
            ("clean-ups", &mut self.clean_ups),
            ("changes of calendar", &mut self.moves),
            ("titles and times that users changed", &mut self.field_edits),
            ("revocations", &mut self.revocations),
            ("deleted users", &mut self.deletions),
            ("pauses by admins", &mut self.pauses),
            ("deliveries", &mut self.deliveries),
            ("waits for a permit", &mut self.permit_waits),
        ]
    }
}

impl AddAssign for Reached {
    fn add_assign(&mut self, mut other: Self) {
        for ((_, sum), (_, one)) in self.each().into_iter().zip(other.each()) {
            *sum += *one;
        }
    }
}
