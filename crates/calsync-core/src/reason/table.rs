//! The one table of reasons. Google's part follows its guide "Handle API errors".

use super::Reason;
use super::info::{
    Actor, BlastRadius, NextStep, Reaction, ReasonInfo, by_hand, nobody, operator, support, user,
};

macro_rules! info {
    ($reach:ident, $reaction:ident, $admin:literal, $next:expr) => {
        const {
            &ReasonInfo {
                blast_radius: BlastRadius::$reach,
                reaction: Reaction::$reaction,
                admin_sentence: $admin,
                next_step: $next,
            }
        }
    };
}

pub(super) const fn info(reason: Reason) -> &'static ReasonInfo {
    match reason {
        Reason::GrantRevoked
        | Reason::GrantExpired
        | Reason::GrantUnknown
        | Reason::GrantInDoubt
        | Reason::ScopeMissing
        | Reason::ClientInvalid
        | Reason::TokenUnreadable => access(reason),
        Reason::ApiDisabled
        | Reason::ProjectQuota
        | Reason::DailyLimit
        | Reason::UserRate
        | Reason::UserQuota => limits(reason),
        Reason::CalendarGone
        | Reason::CalendarReadOnly
        | Reason::LeftBehind
        | Reason::NoProgress
        | Reason::ItemRefused
        | Reason::ItemGone
        | Reason::Conflict
        | Reason::SyncTokenExpired
        | Reason::ChannelLost => calendar(reason),
        Reason::GoogleUnavailable
        | Reason::GoogleSlow
        | Reason::Network
        | Reason::AnswerGarbled
        | Reason::ServiceFault => transient(reason),
        Reason::HeldForApproval | Reason::Paused | Reason::WaitingTurn => blocked(reason),
        Reason::NotConnected
        | Reason::NeverReceived
        | Reason::RefusedByUs
        | Reason::NotAddressed
        | Reason::KindOff
        | Reason::TooOld
        | Reason::RemovedByUser
        | Reason::Cancelled => item(reason),
        Reason::ConsentDenied
        | Reason::ConsentPartial
        | Reason::OrgBlocksApp
        | Reason::LinkExpired
        | Reason::OtherAccount => consent(reason),
        Reason::Unknown => unknown(),
    }
}

/// The grant and what opens it.
const fn access(reason: Reason) -> &'static ReasonInfo {
    match reason {
        Reason::GrantRevoked => info!(
            Domain,
            StopIntegration,
            "The user or their administrator ended our access at Google.",
            user("Connect Google Calendar again.", "reconnect")
        ),
        Reason::GrantExpired => info!(
            Domain,
            StopIntegration,
            "Google let our access lapse.",
            user("Connect Google Calendar again.", "reconnect")
        ),
        Reason::GrantInDoubt => info!(
            Client,
            PauseIntegration,
            "Google refuses the grants of many users at once; nobody is asked to connect again unless that lasts for 20 minutes.",
            nobody("Nothing to do: it is tried again every minute.")
        ),
        Reason::ScopeMissing => info!(
            User,
            StopIntegration,
            "The user's consent lacks a permission that sync needs.",
            user("Connect again and tick every box.", "reconnect")
        ),
        Reason::ClientInvalid => info!(
            Client,
            PauseDeployment,
            "Google refuses our Google app's id or secret; no user is at fault.",
            operator("Check google.client_id and google.client_secret against the Google Cloud console.")
        ),
        Reason::TokenUnreadable => info!(
            User,
            StopIntegration,
            "The stored token can't be opened: it is damaged, or its key is missing.",
            support("Force a disconnect; the user can connect again at once.", "force-disconnect")
        ),
        _ => info!(
            Domain,
            StopIntegration,
            "Google answers invalid_grant and leaves no hint why the access ended.",
            user("Connect Google Calendar again.", "reconnect")
        ),
    }
}

/// Quotas and switches of the Google Cloud project and of accounts.
const fn limits(reason: Reason) -> &'static ReasonInfo {
    match reason {
        Reason::ApiDisabled => info!(
            Project,
            PauseDeployment,
            "The Google Calendar API is off in our Google Cloud project.",
            operator("Turn the API on in the Google Cloud console.")
        ),
        Reason::DailyLimit => info!(
            Project,
            PauseDeployment,
            "Our Google Cloud project has used up its quota of the day.",
            operator("Raise the daily quota, or wait until midnight Pacific time.")
        ),
        Reason::UserRate => info!(
            User,
            PauseIntegration,
            "Google slows this user's calls down; they continue by themselves.",
            nobody("Nothing to do: it continues within a minute.")
        ),
        Reason::UserQuota => info!(
            User,
            PauseIntegration,
            "The account passed Google's calendar use limits; writes are refused for hours.",
            nobody("Nothing to do: it is tried again every hour.")
        ),
        _ => info!(
            Project,
            PauseDeployment,
            "Our Google Cloud project has used up its quota of the minute.",
            nobody("Nothing to do: it continues within a minute.")
        ),
    }
}

/// The calendar and what is in it.
const fn calendar(reason: Reason) -> &'static ReasonInfo {
    match reason {
        Reason::CalendarGone => info!(
            Calendar,
            StopIntegration,
            "The target calendar does not exist any more, or is not shared with this account any more.",
            user("Choose another calendar.", "choose-calendar")
        ),
        Reason::CalendarReadOnly => info!(
            Calendar,
            StopIntegration,
            "Google refuses writes to the target calendar: it is read-only for this account.",
            user("Choose a calendar that you may change.", "choose-calendar")
        ),
        Reason::LeftBehind => info!(
            Calendar,
            Park,
            "The item moved to another calendar, and Google refuses to remove it from the one before; it is not tried again.",
            by_hand("Have the user remove it there by hand, or disconnect once we may write there again.")
        ),
        Reason::NoProgress => info!(
            Item,
            Park,
            "Google takes our writes to this event and keeps something else; it is not written again until the item changes.",
            support("Look at the event in Google: somebody else may be its organizer.", "trace")
        ),
        Reason::ItemRefused => info!(
            Item,
            Park,
            "Google refuses this item as it is; trying again won't help until it changes.",
            support("Read Google's message, and have the item changed in the platform.", "trace")
        ),
        Reason::ItemGone => info!(
            Item,
            Mend,
            "The event is gone at Google.",
            nobody("Nothing to do: the next pass looks and decides.")
        ),
        Reason::SyncTokenExpired => info!(
            Calendar,
            Mend,
            "Google's sync token ran out; the calendar is read again in full.",
            nobody("Nothing to do: a full read follows.")
        ),
        Reason::ChannelLost => info!(
            Calendar,
            Mend,
            "Google's push channel died; regular reads stand in until a new one is open.",
            nobody("Nothing to do: a new channel is opened.")
        ),
        _ => info!(
            Item,
            Mend,
            "The event changed at Google between our read and our write; it is merged and written again.",
            nobody("Nothing to do: both changes are merged.")
        ),
    }
}

/// Transient failures: retried with backoff.
const fn transient(reason: Reason) -> &'static ReasonInfo {
    match reason {
        Reason::GoogleSlow => info!(
            Google,
            Backoff,
            "Google did not answer in time; the call may have worked, so the next try looks first.",
            nobody("Nothing to do: it is tried again.")
        ),
        Reason::Network => info!(
            Service,
            Backoff,
            "The connection to Google failed or broke.",
            operator("If it lasts, check the service's way out to the internet.")
        ),
        Reason::AnswerGarbled => info!(
            Google,
            Backoff,
            "Google's answer was cut short or was not what its documents say.",
            nobody("Nothing to do: the next try looks first.")
        ),
        Reason::ServiceFault => info!(
            Service,
            Backoff,
            "calsync itself failed; the log has the details under this trace id.",
            operator("Read the log at this trace id.")
        ),
        _ => info!(
            Google,
            Backoff,
            "Google answers with server errors.",
            nobody("Nothing to do: it is tried again.")
        ),
    }
}

/// What waits by our own rules.
const fn blocked(reason: Reason) -> &'static ReasonInfo {
    match reason {
        Reason::HeldForApproval => info!(
            User,
            None,
            "A breaker holds this batch until an admin approves or discards it.",
            NextStep { text: "Look at the held batch.", who: Actor::Operator, action: Some("approve") }
        ),
        Reason::Paused => info!(
            Service,
            None,
            "An admin paused writes to Google.",
            NextStep { text: "End the pause.", who: Actor::Operator, action: Some("resume") }
        ),
        _ => info!(
            Service,
            None,
            "Waits for its turn within the quota.",
            nobody("Nothing to do: it is next in line soon.")
        ),
    }
}

/// Why an item is not in a calendar though nothing failed.
const fn item(reason: Reason) -> &'static ReasonInfo {
    match reason {
        Reason::NeverReceived => info!(
            Item,
            None,
            "The platform never sent this item.",
            operator("Look at the platform's sender.")
        ),
        Reason::RefusedByUs => info!(
            Item,
            None,
            "The platform sent this item in a form that we refused.",
            operator("Read the refusal's field errors and have the platform send it again.")
        ),
        Reason::NotAddressed => info!(
            Item,
            None,
            "The item exists, but this user is not among its users.",
            nobody("Nothing to do, unless the platform should have named this user.")
        ),
        Reason::KindOff => info!(
            User,
            None,
            "The user turned this kind off in their settings.",
            user("Turn it on in the settings.", "save")
        ),
        Reason::TooOld => info!(
            Item,
            None,
            "The item ended before the time from which items are sent (sync.past_days).",
            nobody("Nothing to do.")
        ),
        Reason::RemovedByUser => info!(
            Item,
            None,
            "The user removed the event in Google; it stays away until it is restored.",
            support("Restore it, if the user wants it back.", "restore")
        ),
        Reason::Cancelled => {
            info!(Item, None, "The platform cancelled or removed the item.", nobody("Nothing to do."))
        }
        _ => info!(
            User,
            None,
            "This user has not connected Google Calendar.",
            user("Connect Google Calendar.", "connect")
        ),
    }
}

/// How a try to connect can fail.
const fn consent(reason: Reason) -> &'static ReasonInfo {
    match reason {
        Reason::ConsentPartial => info!(
            User,
            None,
            "The user left a box unticked at Google's consent.",
            user("Connect again and tick every box.", "reconnect")
        ),
        Reason::OrgBlocksApp => info!(
            Domain,
            None,
            "The Workspace administrator blocks our Google app.",
            user("Ask your administrator to allow the app.", "reconnect")
        ),
        Reason::LinkExpired => info!(
            User,
            None,
            "The connect link was used already or is too old.",
            user("Ask for a new link.", "reconnect")
        ),
        Reason::OtherAccount => info!(
            User,
            None,
            "The user came back with another Google account than the one connected.",
            user("Choose which account to use.", "reconnect")
        ),
        _ => {
            info!(User, None, "The user denied the consent.", user("Connect again, if you like.", "connect"))
        }
    }
}

const fn unknown() -> &'static ReasonInfo {
    info!(
        Google,
        Backoff,
        "Google answered something that calsync doesn't know; its words are kept as they were.",
        operator("Read Google's own words in the error group, and report them.")
    )
}
