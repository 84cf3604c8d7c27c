//! A failure that concerns the whole integration and not only the call that met it.

use calsync_core::reason::{Reaction, Reason};
use calsync_google::Failure;
use jiff::SignedDuration;

use crate::tokens::Access;

/// What concerns the whole integration.
pub(super) struct IntegrationFailure {
    pub(super) reason: Reason,
    pub(super) retry_after: Option<SignedDuration>,
    pub(super) reaction: IntegrationReaction,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum IntegrationReaction {
    /// No calls for a while.
    Pause,
    /// No calls until the user acts.
    Stop,
    /// The next pass renews the access token first.
    RenewToken,
}

impl IntegrationFailure {
    pub(super) fn of(failure: &Failure) -> Self {
        let reaction = match failure.reason.info().reaction {
            Reaction::StopIntegration => IntegrationReaction::Stop,
            _ => IntegrationReaction::Pause,
        };
        Self { reason: failure.reason, retry_after: failure.retry_after, reaction }
    }

    /// Google doesn't take the access token. Right after it was renewed that means that the grant
    /// is dead; else it is renewed once.
    pub(super) fn stale_token(access: &Access, failure: &Failure) -> Self {
        let reaction =
            if access.is_new { IntegrationReaction::Stop } else { IntegrationReaction::RenewToken };
        Self { reason: failure.reason, retry_after: None, reaction }
    }
}
