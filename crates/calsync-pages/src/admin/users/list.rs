//! `GET /admin/users`: the one search box, and the users that it finds.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_core::cursor;
use calsync_core::integration::IntegrationState;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::filters;
use calsync_http::input::Query;
use calsync_http::problem::Problem;
use calsync_http::views::admin_user::AdminUserView;
use calsync_store::user_search;
use http::StatusCode;

use crate::admin::display::{RelativeTime, State as Shown, short};
use crate::admin::{Shell, render, user_href, with_query};

/// Users on a page.
const SHOWN: i64 = 50;

#[derive(Template)]
#[template(path = "console/users.html")]
struct Page<'a> {
    shell: Shell<'a>,
    users: Vec<Row>,
    states: Vec<(&'static str, &'static str, bool)>,
    is_filtered: bool,
    next: Option<String>,
}

struct Row {
    href: String,
    name: String,
    email: String,
    user_id: String,
    state: Shown,
    why: Option<String>,
    last_success: Option<RelativeTime>,
    last_error: Option<RelativeTime>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    mut query: Query,
) -> Result<Response, Problem> {
    let (q, state) = (query.peek("q"), query.peek("state"));
    let reason = query.peek("reason");
    let filter = filters::users(&mut query, admin.role);
    let after: Option<String> = query.cursor(filters::USERS);
    query.end()?;
    let now = app.engine.now();
    let mut tx = app.engine.store().read().await?;
    let found = user_search::find(&mut tx, &filter, after.as_deref(), SHOWN, now).await?;
    let next = found.next.and_then(|next| cursor::write(filters::USERS, next));
    let link = |cursor: &str| {
        let pairs = [("q", q.as_deref()), ("state", state.as_deref()), ("reason", reason.as_deref())];
        with_query("/admin/users", &[pairs[0], pairs[1], pairs[2], ("cursor", Some(cursor))])
    };
    let mut shell = Shell::new(&app, &admin, "users");
    shell.search = q.clone().unwrap_or_default();
    let users = found.users.into_iter().map(|user| row(AdminUserView::new(user, admin.role), now)).collect();
    let page = Page {
        shell,
        users,
        states: states(state.as_deref()),
        is_filtered: q.is_some() || state.is_some() || reason.is_some(),
        next: next.as_deref().map(link),
    };
    Ok(render(StatusCode::OK, &page))
}

fn row(user: AdminUserView, now: jiff::Timestamp) -> Row {
    let ago = |at| RelativeTime::new(at, now);
    Row {
        href: user_href(&user.user_id),
        name: user.name.unwrap_or_default(),
        email: user.email.unwrap_or_default(),
        state: Shown::of_connection(user.state, user.last_success_at, user.last_error_at),
        why: user.reason.filter(|_| user.state != IntegrationState::Disconnected).map(short),
        last_success: user.last_success_at.map(ago),
        last_error: user.last_error_at.map(ago),
        user_id: user.user_id,
    }
}

/// The choices of the state filter: value, word, whether it is chosen.
fn states(chosen: Option<&str>) -> Vec<(&'static str, &'static str, bool)> {
    // The API calls both one who is connected no more and one who never was `disconnected`.
    let chosen = chosen.map_or("", |chosen| if chosen == "disconnected" { "not_connected" } else { chosen });
    let all = [
        ("", "Any state"),
        ("active", "Connected"),
        ("delayed", "Delayed"),
        ("needs_action", "Needs the user"),
        ("connecting", "Connecting"),
        ("paused", "Paused"),
        ("disconnecting", "Disconnecting"),
        ("not_connected", "Not connected"),
    ];
    all.into_iter().map(|(value, word)| (value, word, chosen == value)).collect()
}
