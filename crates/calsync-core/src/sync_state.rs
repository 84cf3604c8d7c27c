//! The state of one item in one user's calendar, in the platform's words.

use crate::text_enum::text_enum;

text_enum! {
    /// The state of one item for one user.
    SyncState {
        /// The user has no connection.
        NotConnected => "not_connected",
        /// In the queue.
        Waiting => "waiting",
        /// Google has what the platform wants.
        Synced => "synced",
        /// Stopped until something changes.
        Parked => "parked",
        /// Waits for an approval.
        Held => "held",
        /// The user took it off their calendar.
        RemovedByUser => "removed_by_user",
        /// We took it off.
        Removed => "removed",
        /// A rule keeps it out: its kind is off, or it is too old.
        NotSent => "not_sent",
    }
}

impl SyncState {
    /// Whether nothing is left to do for what is wanted: it is at Google, or is not to be there.
    pub const fn is_settled(self) -> bool {
        match self {
            Self::Synced | Self::RemovedByUser | Self::Removed | Self::NotSent => true,
            Self::NotConnected | Self::Waiting | Self::Parked | Self::Held => false,
        }
    }
}
