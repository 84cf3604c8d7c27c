//! A user as an admin finds them: who, and how their connection is.

use calsync_core::integration::IntegrationState;
use calsync_core::reason::Reason;
use calsync_store::admins::Role;
use calsync_store::user_search::Found;
use jiff::Timestamp;
use serde::Serialize;

/// A user. Without a connection the state is `disconnected`.
#[derive(Serialize)]
pub struct AdminUserView {
    pub user_id: String,
    pub email: Option<String>,
    pub name: Option<String>,
    pub state: IntegrationState,
    pub reason: Option<Reason>,
    pub last_success_at: Option<Timestamp>,
    pub last_error_at: Option<Timestamp>,
}

impl AdminUserView {
    /// As an admin of `role` sees them.
    pub fn new(user: Found, role: Role) -> Self {
        let time = |micros| Timestamp::from_microsecond(micros).unwrap_or_default();
        let state = user.shown_state().unwrap_or(IntegrationState::Disconnected);
        let stored = user.reason.as_deref().and_then(Reason::from_name);
        let reason = match state {
            IntegrationState::Paused => Some(Reason::Paused),
            IntegrationState::Disconnected => Some(stored.unwrap_or(Reason::NotConnected)),
            _ => stored,
        };
        Self {
            state,
            reason,
            email: user.email.map(|email| shown_email(&email, role)),
            user_id: user.user_id,
            name: user.name,
            last_success_at: user.last_success_at.map(time),
            last_error_at: user.last_error_at.map(time),
        }
    }
}

/// A mail address as `role` may see it: who only looks sees its first letter and its domain.
pub fn shown_email(email: &str, role: Role) -> String {
    if role >= Role::Support {
        return email.to_owned();
    }
    let first: String = email.chars().take(1).filter(|c| *c != '@').collect();
    let domain = email.rsplit_once('@').map(|(_, domain)| domain).unwrap_or_default();
    format!("{first}•••@{domain}")
}
