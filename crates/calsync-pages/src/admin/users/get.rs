//! `GET /admin/users/{user_id}`: is the calendar connected, is it healthy, what failed?

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{NoQuery, UserIdParam};
use calsync_http::problem::Problem;
use calsync_http::views::{Audience, integration};
use calsync_store::admins::Role;
use calsync_store::consent::{ReconnectLink, newest_reconnect_link};
use calsync_store::sync_errors::{self, Filter};
use http::StatusCode;
use jiff::Timestamp;

use super::Head;
use super::connection_card::Card;
use crate::admin::display::{self, RelativeTime};
use crate::admin::errors::Row;
use crate::admin::{NOTE_REQUIRED, Shell, render};

/// Sync errors on the page; the rest is behind a link.
const ERRORS_SHOWN: i64 = 8;

#[derive(Template)]
#[template(path = "console/user.html")]
struct Page<'a> {
    shell: Shell<'a>,
    head: Head,
    cards: Vec<Card>,
    errors: Vec<Row>,
    reconnect: Option<Reconnect<'a>>,
}

/// The form that makes a reconnect link.
struct Reconnect<'a> {
    form_token: &'a str,
    note: &'a str,
    refusal: Option<&'static str>,
    last: Option<LastLink>,
}

/// How the link fares that was made last.
struct LastLink {
    made: RelativeTime,
    made_by: String,
    state: display::State,
    since: Option<RelativeTime>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    UserIdParam(user_id): UserIdParam,
    _: NoQuery,
) -> Result<Response, Problem> {
    page(&app, &admin, &user_id, None).await
}

/// The page; a note that was refused is still there to be mended.
pub(super) async fn page(
    app: &AppState,
    admin: &SignedInAdmin,
    user_id: &str,
    refused_note: Option<&str>,
) -> Result<Response, Problem> {
    let now = app.engine.now();
    let mut tx = app.engine.store().read().await?;
    let head = Head::of(&mut tx, user_id, admin, "connections").await?;
    let connections = integration::of_user(&app.engine, &mut tx, user_id, Audience::Admin).await?;
    let filter = Filter { user_id: Some(user_id.to_owned()), ..Filter::default() };
    let errors = sync_errors::list(&mut tx, &filter, None, ERRORS_SHOWN).await?.errors;
    let reconnect = Reconnect {
        form_token: admin.form_token(),
        note: refused_note.unwrap_or_default(),
        refusal: refused_note.map(|_| NOTE_REQUIRED),
        last: newest_reconnect_link(&mut tx, user_id).await?.map(|link| LastLink::new(link, now)),
    };
    let card = |one| Card::new(one, errors.first(), user_id, admin.role, now);
    let page = Page {
        shell: Shell::new(app, admin, "users"),
        reconnect: (admin.role >= Role::Support).then_some(reconnect),
        cards: connections.into_iter().map(card).collect(),
        errors: errors.into_iter().map(|error| Row::new(error, now)).collect(),
        head,
    };
    let status = if refused_note.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(render(status, &page))
}

impl LastLink {
    fn new(link: ReconnectLink, now: Timestamp) -> Self {
        let (tone, word, since) = match (link.used_at, link.opened_at) {
            (Some(at), _) => ("good", "used", Some(at)),
            _ if link.expires_at <= now => ("warn", "too old", Some(link.expires_at)),
            (None, Some(at)) => ("mute", "opened, not used", Some(at)),
            (None, None) => ("mute", "not opened yet", None),
        };
        Self {
            made: RelativeTime::new(link.created_at, now),
            made_by: link.made_by,
            state: display::State { tone, word },
            since: since.map(|at| RelativeTime::new(at, now)),
        }
    }
}
