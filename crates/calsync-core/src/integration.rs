//! A user's connection to a provider.

use crate::reason::Reason;
use crate::text_enum::text_enum;

text_enum! {
    /// The state of an integration as users and admins see it.
    IntegrationState {
        /// Consented; its calendar is not chosen or made yet.
        Connecting => "connecting",
        /// Works.
        Active => "active",
        /// A change waits longer than the promise of 5 minutes.
        Delayed => "delayed",
        /// The user has to do something.
        NeedsAction => "needs_action",
        /// An admin stopped writes.
        Paused => "paused",
        /// A disconnect is under way.
        Disconnecting => "disconnecting",
        /// Over; its secrets are wiped.
        Disconnected => "disconnected",
    }
}

impl IntegrationState {
    /// Whether the connection stands, be it well or waiting for its user.
    pub const fn is_live(self) -> bool {
        !matches!(self, Self::Disconnecting | Self::Disconnected)
    }

    /// Whether it is shown as paused while an admin's pause covers it. One that needs its user needs them all the same.
    pub const fn is_held_by_pause(self) -> bool {
        matches!(self, Self::Connecting | Self::Active)
    }
}

text_enum! {
    /// Which calendar the user chose to sync to.
    CalendarChoice {
        /// A calendar that we make: the default.
        New => "new",
        /// One of theirs.
        Existing => "existing",
    }
}

text_enum! {
    /// How a try to connect ended, as the platform's page is told.
    ConnectOutcome {
        /// There is a connection.
        Connected => "connected",
        /// The user said no at Google.
        Denied => "denied",
        /// The user agreed to less than is needed.
        Partial => "partial",
        /// Anything else.
        Failed => "failed",
    }
}

impl ConnectOutcome {
    /// The outcome of a try that ended with `reason`, or without one.
    pub const fn of(reason: Option<Reason>) -> Self {
        match reason {
            None => Self::Connected,
            Some(Reason::ConsentDenied) => Self::Denied,
            Some(Reason::ConsentPartial) => Self::Partial,
            Some(_) => Self::Failed,
        }
    }
}

/// The one provider that calsync syncs with itself.
pub const GOOGLE: &str = "google";

/// Longest wait of a change before its integration counts as `delayed`, in minutes.
pub const FRESHNESS_PROMISE_MINUTES: i64 = 5;
