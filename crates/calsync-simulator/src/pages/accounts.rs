//! `/`: the accounts of this Google.

use askama::Template;
use axum::extract::State;
use bytes::Bytes;
use http::StatusCode;

use super::account_path;
use crate::answer::Answer;
use crate::app_state::AppState;
use crate::query::Query;
use crate::world::NewAccount;

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage {
    accounts: Vec<AccountRow>,
}

struct AccountRow {
    href: String,
    email: String,
    name: String,
    calendars: usize,
    events: usize,
}

pub(super) async fn list(State(state): State<AppState>) -> Answer {
    let world = state.world();
    let accounts = world.accounts.values().map(|account| {
        let ids = account.list.iter().filter(|(_, entry)| !entry.deleted).map(|(id, _)| id);
        let calendars: Vec<_> = ids.filter_map(|id| world.calendars.get(id)).collect();
        AccountRow {
            href: account_path(&account.email),
            email: account.email.clone(),
            name: account.name.clone(),
            calendars: calendars.len(),
            events: calendars.iter().map(|calendar| calendar.events.live_count()).sum(),
        }
    });
    Answer::page(StatusCode::OK, &AccountsPage { accounts: accounts.collect() })
}

pub(super) async fn add(State(state): State<AppState>, body: Bytes) -> Answer {
    let form = Query::parse(&body);
    let Some(email) = form.get("email").filter(|email| email.contains('@')) else {
        return Answer::empty(StatusCode::BAD_REQUEST);
    };
    let time_zone = form.get("time_zone").map(str::to_owned);
    state.add_account(NewAccount { time_zone, ..NewAccount::of(email) });
    Answer::redirect(StatusCode::SEE_OTHER, &account_path(&email.to_lowercase()))
}
