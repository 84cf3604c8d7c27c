//! A connection as a card: the sentence first, then the facts. Never a token.

mod summary;

use calsync_core::integration::{GOOGLE, IntegrationState};
use calsync_http::views::admin_user::shown_email;
use calsync_http::views::integration::IntegrationView;
use calsync_store::admins::Role;
use calsync_store::sync_errors::SyncError;
use jiff::Timestamp;

use crate::admin::display::{RelativeTime, State, provider};
use crate::admin::{segment, user_href};
use summary::ConnectionSummary;

/// A connection's card.
pub(super) struct Card {
    pub(super) provider: String,
    pub(super) is_synced_by_us: bool,
    pub(super) is_connected: bool,
    pub(super) state: State,
    pub(super) tone: &'static str,
    pub(super) sentence: String,
    pub(super) since: Option<RelativeTime>,
    pub(super) evidence: Option<String>,
    pub(super) next_step: &'static str,
    pub(super) next_who: &'static str,
    pub(super) button: Option<Button>,
    pub(super) account: Option<String>,
    /// Other users who connected the same account, with their pages.
    pub(super) same_account: Vec<(String, String)>,
    pub(super) calendar: Option<String>,
    pub(super) may_do: String,
    pub(super) renews: Option<RelativeTime>,
    pub(super) connected: Option<RelativeTime>,
    pub(super) last_success: Option<RelativeTime>,
    pub(super) last_error: Option<RelativeTime>,
    pub(super) synced: i64,
    pub(super) waiting: i64,
    pub(super) parked: i64,
    pub(super) held: i64,
    pub(super) channel: &'static str,
    pub(super) disconnect_href: Option<String>,
}

/// The next step, as far as it is one click of an admin's.
pub(super) struct Button {
    pub(super) label: &'static str,
    pub(super) href: String,
}

impl Card {
    /// The card of `one`; `newest` is its user's newest error.
    pub(super) fn new(
        one: IntegrationView,
        newest: Option<&SyncError>,
        user_id: &str,
        role: Role,
        now: Timestamp,
    ) -> Self {
        let ago = |at: Timestamp| RelativeTime::new(at, now);
        let state = State::of_connection(one.state, one.last_success_at, one.last_error_at);
        let summary = ConnectionSummary::new(&one, state, newest);
        let is_connected = one.state.is_live();
        let path = || format!("{}/integrations/{}/disconnect", user_href(user_id), segment(&one.provider));
        let disconnect_href = (role >= Role::Support && is_connected).then(path);
        Self {
            since: summary.since.map(ago),
            button: button(&one, user_id, role, disconnect_href.as_deref()),
            tone: summary.tone,
            state,
            is_connected,
            is_synced_by_us: one.provider == GOOGLE,
            sentence: summary.sentence,
            evidence: summary.evidence,
            next_step: summary.next_step,
            next_who: summary.next_who,
            account: one.account_email.as_deref().map(|email| shown_email(email, role)),
            same_account: one
                .same_account_users
                .unwrap_or_default()
                .into_iter()
                .map(|user_id| (user_href(&user_id), user_id))
                .collect(),
            calendar: one.target_calendar.map(|calendar| calendar.name().to_owned()),
            may_do: may_do(one.scopes.iter().map(String::as_str)),
            renews: one.token_renews_at.map(ago),
            connected: one.connected_at.map(ago),
            last_success: one.last_success_at.map(ago),
            last_error: one.last_error_at.map(ago),
            synced: one.counts.synced,
            waiting: one.counts.waiting,
            parked: one.counts.parked,
            held: one.counts.held,
            channel: one.channel.state,
            disconnect_href,
            provider: provider(&one.provider),
        }
    }
}

fn button(one: &IntegrationView, user_id: &str, role: Role, disconnect_href: Option<&str>) -> Option<Button> {
    if one.state == IntegrationState::Active && one.counts.parked > 0 {
        return Some(Button { label: "See the items", href: format!("{}/items", user_href(user_id)) });
    }
    if one.next_step.action() == Some("force-disconnect") {
        return disconnect_href.map(|href| Button { label: "Force disconnect…", href: href.to_owned() });
    }
    let is_for_user = one.next_step.is_for_user() && one.provider == GOOGLE && role >= Role::Support;
    is_for_user.then(|| Button { label: "Send a link…", href: "#reconnect-note".to_owned() })
}

/// Scopes in a few words each.
pub(super) fn may_do<'a>(scopes: impl Iterator<Item = &'a str>) -> String {
    let messages = scopes.filter_map(|scope| match scope.rsplit('/').next().unwrap_or(scope) {
        "calendar" => Some("all calendars"),
        "calendar.app.created" => Some("its own calendar"),
        "calendar.events" => Some("events"),
        "calendar.events.owned" => Some("events of own calendars"),
        "calendar.calendarlist.readonly" => Some("calendar list"),
        "tasks" => Some("tasks"),
        "email" | "userinfo.email" | "openid" | "profile" | "userinfo.profile" => None,
        other => Some(other),
    });
    messages.collect::<Vec<_>>().join(", ")
}
