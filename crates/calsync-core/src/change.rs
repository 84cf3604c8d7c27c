//! What the platform is told of: what users changed in Google, and how their connections fare. So far
//! only connections are told of: changes of items come with the way back from Google (FR-009).

use crate::text_enum::text_enum;

text_enum! {
    /// What changed.
    Change {
        /// A user completed an item.
        Completed => "completed",
        /// A user took a completion back.
        Reopened => "reopened",
        /// A user moved an item.
        Rescheduled => "rescheduled",
        /// A user edited an item.
        Edited => "edited",
        /// A user took an item off their calendar.
        Removed => "removed",
        /// An item is back on a user's calendar.
        Restored => "restored",
        /// A connection stopped until its user acts.
        NeedsReconnect => "needs_reconnect",
        /// A connection works.
        Connected => "connected",
        /// A connection is over.
        Disconnected => "disconnected",
    }
}

text_enum! {
    /// What became of a change.
    ChangeOutcome {
        /// It stands.
        Accepted => "accepted",
        /// A rule undid it.
        Undone => "undone",
    }
}

impl Change {
    /// Its type as a webhook: `item.` or `integration.` and the name.
    pub fn webhook_type(self) -> String {
        let about = match self {
            Self::NeedsReconnect | Self::Connected | Self::Disconnected => "integration",
            Self::Completed
            | Self::Reopened
            | Self::Rescheduled
            | Self::Edited
            | Self::Removed
            | Self::Restored => "item",
        };
        format!("{about}.{}", self.name())
    }
}
