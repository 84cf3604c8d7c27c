//! `GET /connect/attempts/{attempt_id}`: how a try to connect ended, in plain words and with a way
//! out. A page of its own, so that loading it again does nothing. Who came back while their old
//! connection was still being ended waits here for that end.

mod messages;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_core::integration::{CalendarChoice, ConnectOutcome, IntegrationState};
use calsync_core::reason::Reason;
use calsync_engine::consent::scopes;
use calsync_http::app_state::AppState;
use calsync_http::input::{NoQuery, PathParams};
use calsync_http::problem::{Kind, Problem, sanitize};
use calsync_http::return_url;
use calsync_store::consent::{Attempt, attempt};
use calsync_store::integrations::Integration;
use http::StatusCode;

use super::waiting;
use crate::messages::Messages;
use crate::shell::{Shell, render_for_user};
use crate::user_visit::UserVisit;

#[derive(Template)]
#[template(path = "attempt.html")]
struct Page<'a> {
    shell: Shell<'a>,
    messages: Messages,
    title: String,
    tone: &'static str,
    sentence: String,
    explanation: String,
    /// The boxes that were left unticked, as Google calls them, with what each is for.
    missing: Vec<(&'static str, String)>,
    /// The account that is connected and the one that came back, where they differ.
    other: Option<Other>,
    attempt: Attempt,
    /// Whether a calendar of its own would do with less.
    offers_new: bool,
    back: Option<String>,
}

struct Other {
    connected: String,
    came_back: String,
    /// Whether the connection works as it is, so that keeping it needs nothing.
    works: bool,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    PathParams(attempt_id): PathParams<String>,
    _: NoQuery,
    visit: UserVisit,
) -> Result<Response, Problem> {
    let mut tx = app.engine.store().read().await?;
    let found = attempt(&mut tx, &sanitize(&attempt_id), &visit.user.user_id).await?;
    drop(tx);
    let ended = found.and_then(|one| Some((one.reason.as_deref().and_then(Reason::from_name)?, one)));
    let (reason, attempt) =
        ended.ok_or_else(|| Problem::new(Kind::NotFound).in_language(visit.messages.0))?;
    let connected = visit.connection(&app).await?;
    let is_ending = connected.as_ref().is_some_and(|one| one.state == IntegrationState::Disconnecting);
    if reason == Reason::WaitingTurn && is_ending {
        return Ok(waiting::page(&app, visit.messages));
    }
    let page = page(&app, visit, reason, attempt, connected);
    Ok(render_for_user(&app, StatusCode::OK, &page))
}

fn page(
    app: &AppState,
    visit: UserVisit,
    reason: Reason,
    attempt: Attempt,
    connected: Option<Integration>,
) -> Page<'_> {
    let messages = visit.messages;
    let platform = &app.engine.settings().platform_name;
    let boxes = attempt.missing_scopes.split_whitespace().filter_map(|scope| a_box(scope, messages));
    let missing: Vec<_> = boxes.filter(|_| reason == Reason::ConsentPartial).collect();
    let account = |email: Option<String>| email.filter(|email| !email.is_empty());
    let other = (reason == Reason::OtherAccount).then(|| Other {
        works: connected.as_ref().is_some_and(|one| one.state == IntegrationState::Active),
        connected: account(connected.and_then(|one| one.account_email))
            .unwrap_or_else(|| messages.the_account_of_before()),
        came_back: account(attempt.account_email.clone()).unwrap_or_else(|| messages.the_account_of_now()),
    });
    let outcome = ConnectOutcome::of(Some(reason)).name();
    Page {
        shell: Shell::new(app, messages),
        messages,
        title: if other.is_some() { messages.which_account() } else { messages.not_connected_title() },
        tone: match reason {
            Reason::OtherAccount => "warn",
            Reason::WaitingTurn => "mute",
            _ => "bad",
        },
        sentence: sentence(reason, messages),
        explanation: explanation(reason, messages, platform),
        offers_new: !missing.is_empty() && attempt.calendar_choice == CalendarChoice::Existing.name(),
        missing,
        other,
        attempt,
        back: visit.return_url.map(|url| return_url::with_outcome(&url, outcome, Some(reason.name()))),
    }
}

/// What happened. Where the table of reasons says that we keep trying, this doesn't: the user does.
fn sentence(reason: Reason, messages: Messages) -> String {
    match reason {
        Reason::GoogleUnavailable
        | Reason::GoogleSlow
        | Reason::Network
        | Reason::AnswerGarbled
        | Reason::ProjectQuota
        | Reason::DailyLimit
        | Reason::UserRate => messages.google_was_down(),
        Reason::WaitingTurn => messages.old_one_has_ended(),
        Reason::ConsentDenied | Reason::ConsentPartial | Reason::OrgBlocksApp | Reason::OtherAccount => {
            reason.to_user(messages.0).to_owned()
        }
        _ => messages.could_not_finish(),
    }
}

fn explanation(reason: Reason, messages: Messages, platform: &str) -> String {
    match reason {
        Reason::ConsentDenied => messages.connect_if_you_like(),
        Reason::ConsentPartial => messages.boxes_are_needed(),
        Reason::OrgBlocksApp => messages.ask_the_administrator(platform),
        Reason::OtherAccount => messages.nothing_changed_so_far(),
        Reason::WaitingTurn => messages.nothing_is_lost(),
        _ => messages.nothing_was_connected(),
    }
}

/// A box of Google's consent page: its text there, in English as Google writes it, and what it is for.
fn a_box(scope: &str, messages: Messages) -> Option<(&'static str, String)> {
    match scope {
        scopes::APP_CALENDARS => Some((
            "Make secondary Google calendars, and see, create, change, and delete events on them",
            messages.for_its_own_calendar(),
        )),
        scopes::EVENTS => Some(("View and edit events on all your calendars", messages.for_your_events())),
        scopes::CALENDAR_LIST => {
            Some(("See the list of Google calendars you’re subscribed to", messages.for_your_list()))
        }
        _ => None,
    }
}
