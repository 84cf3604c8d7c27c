//! What can be done at Google, and how it can end.

use crate::text_enum::text_enum;

text_enum! {
    /// One operation at Google.
    Operation {
        /// Makes an event or task.
        Insert => "insert",
        /// Changes an event or task, whole or in part.
        Update => "update",
        /// Removes an event or task.
        Delete => "delete",
        /// Reads one.
        Get => "get",
        /// Reads many.
        List => "list",
        /// Opens a push channel.
        Watch => "watch",
        /// Stops a push channel.
        Stop => "stop",
        /// Makes a calendar of ours.
        CreateCalendar => "create_calendar",
        /// Removes a calendar of ours.
        DeleteCalendar => "delete_calendar",
        /// Trades a consent's code for tokens.
        Exchange => "exchange",
        /// Renews the access token.
        Refresh => "refresh",
        /// Ends the grant.
        Revoke => "revoke",
    }
}

text_enum! {
    /// How an operation ended.
    Outcome {
        /// Google did it.
        Done => "done",
        /// Nothing was left to do.
        AlreadySo => "already_so",
        /// Google said no.
        Refused => "refused",
        /// No answer: it may have happened.
        Unknown => "unknown",
        /// Not tried, or told to come back later.
        PutOff => "put_off",
    }
}

impl Operation {
    /// Whether it changes nothing of the user's.
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::List | Self::Refresh)
    }

    /// Whether an admin can pause it: passes change something by it.
    pub const fn can_be_paused(self) -> bool {
        matches!(
            self,
            Self::Insert | Self::Update | Self::Delete | Self::CreateCalendar | Self::DeleteCalendar
        )
    }
}

impl Outcome {
    /// Whether an attempt that ended so is a sync error.
    pub const fn is_error(self) -> bool {
        !matches!(self, Self::Done | Self::AlreadySo)
    }
}
