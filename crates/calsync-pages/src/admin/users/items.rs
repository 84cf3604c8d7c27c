//! `GET /admin/users/{user_id}/items`: each item, or those in one state, and where it stands. Titles are masked: kind,
//! start and link are enough to match a ticket.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use calsync_core::cursor;
use calsync_core::item::{ItemBody, ItemKey, ItemKind, Schedule};
use calsync_core::sync_state::SyncState;
use calsync_http::admin_auth::SignedInAdmin;
use calsync_http::app_state::AppState;
use calsync_http::input::{Query, UserIdParam};
use calsync_http::problem::Problem;
use calsync_http::views::Audience;
use calsync_http::views::item::{ItemView, SyncView};
use calsync_store::items::{self, StoredItem};
use calsync_store::mappings;
use http::StatusCode;

use super::Head;
use crate::admin::display::{RelativeTime, State as Shown};
use crate::admin::{Shell, render, with_query};

/// Items on a page.
const SHOWN: i64 = 50;

#[derive(Template)]
#[template(path = "console/items.html")]
struct Page<'a> {
    shell: Shell<'a>,
    head: Head,
    items: Vec<Row>,
    /// The choices of the state filter: value, word, whether it is chosen.
    states: Vec<(&'static str, &'static str, bool)>,
    is_filtered: bool,
    next: Option<String>,
}

struct Row {
    kind: &'static str,
    item_id: String,
    when: String,
    link: Option<String>,
    state: Shown,
    sentence: &'static str,
    synced: Option<RelativeTime>,
}

pub(crate) async fn handler(
    State(app): State<AppState>,
    admin: SignedInAdmin,
    UserIdParam(user_id): UserIdParam,
    mut query: Query,
) -> Result<Response, Problem> {
    let state = query.take_as("state", "is not a state of an item", SyncState::from_name);
    let state_name = state.map(SyncState::name);
    let list = format!("console items of {user_id} {state_name:?}");
    let after = query.take_as("cursor", "is not a cursor of this list", |text| {
        let (kind, id) = cursor::read::<(String, String)>(&list, text)?;
        ItemKind::from_name(&kind).map(|kind| ItemKey { kind, id })
    });
    query.end()?;
    let mut tx = app.engine.store().read().await?;
    let head = Head::of(&mut tx, &user_id, &admin, "items").await?;
    let search = items::Search { user_id: &user_id, kind: None, state, with_removals: true };
    let found = items::of_user(&mut tx, search, after.as_ref(), SHOWN).await?;
    let last = found.last().filter(|_| found.len() as i64 == SHOWN);
    let next = last.and_then(|item| cursor::write(&list, (item.key.kind.name(), &item.key.id)));
    let next = next.map(|cursor| {
        with_query(&format!("{}/items", head.href), &[("state", state_name), ("cursor", Some(&cursor))])
    });
    let mut rows = Vec::new();
    for item in found {
        rows.push(row(&mut tx, item, &user_id, app.engine.now()).await?);
    }
    let page = Page {
        shell: Shell::new(&app, &admin, "users"),
        head,
        items: rows,
        states: states(state),
        is_filtered: state.is_some(),
        next,
    };
    Ok(render(StatusCode::OK, &page))
}

async fn row(
    tx: &mut calsync_store::Tx,
    item: StoredItem,
    user_id: &str,
    now: jiff::Timestamp,
) -> Result<Row, Problem> {
    let mappings = mappings::of_item(tx, item.key.kind, &item.key.id).await?;
    let kind = item.key.kind.name();
    let when = item.body.as_ref().map_or_else(|| "can't be read".to_owned(), when);
    let link = item.body.as_ref().and_then(link);
    let item_id = item.key.id.clone();
    let view = ItemView::new(item.key, item.body, mappings, Audience::admin_of);
    let sync = view.sync.into_iter().find(|sync| sync.user_id == user_id);
    let state = sync.as_ref().map_or(SyncState::NotConnected, |sync| sync.state);
    let sentence = sync.as_ref().map_or("", SyncView::sentence);
    let synced = sync.and_then(|sync| sync.last_synced_at()).map(|at| RelativeTime::new(at, now));
    Ok(Row { kind, item_id, when, link, state: shown(state), sentence, synced })
}

/// When it is, on one line.
fn when(body: &ItemBody) -> String {
    let time = |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    match body.schedule {
        Schedule::Between { starts_at: at, .. } | Schedule::At { due_at: at, .. } => time(at),
        Schedule::On(date) => date.to_string(),
    }
}

/// The platform's own link, if it may be followed.
fn link(body: &ItemBody) -> Option<String> {
    let is_web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
    body.url.clone().or_else(|| body.meeting_url.clone()).filter(is_web)
}

fn states(chosen: Option<SyncState>) -> Vec<(&'static str, &'static str, bool)> {
    let of = |state: SyncState| (state.name(), shown(state).word, Some(state) == chosen);
    let any = ("", "Any state", chosen.is_none());
    std::iter::once(any).chain(SyncState::ALL.iter().copied().map(of)).collect()
}

const fn shown(state: SyncState) -> Shown {
    let (tone, word) = match state {
        SyncState::Synced => ("good", "Synced"),
        SyncState::Waiting => ("mute", "Waiting"),
        SyncState::Parked => ("bad", "Parked"),
        SyncState::Held => ("warn", "Held"),
        SyncState::RemovedByUser => ("mute", "Removed by the user"),
        SyncState::Removed => ("mute", "Removed"),
        SyncState::NotSent => ("mute", "Not sent"),
        SyncState::NotConnected => ("mute", "Not connected"),
    };
    Shown { tone, word }
}
