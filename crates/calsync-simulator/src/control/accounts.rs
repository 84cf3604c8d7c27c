//! Accounts, their calendars' access, tokens to act as them, and the end of their grants.

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::{RevokeCause, ok, read, refused, unknown_account};
use crate::app_state::AppState;
use crate::oauth::scopes;
use crate::world::NewAccount;
use crate::world::calendar::Role;

/// The client in whose name control tokens act.
const CONTROL_CLIENT: &str = "control";

pub(super) async fn add(State(state): State<AppState>, body: Bytes) -> Response {
    let account: NewAccount = match read(&body) {
        Ok(account) => account,
        Err(complaint) => return refused(StatusCode::BAD_REQUEST, &complaint),
    };
    if !account.email.contains('@') {
        return refused(StatusCode::BAD_REQUEST, "email must be an address");
    }
    let email = account.email.trim().to_lowercase();
    state.add_account(account);
    let world = state.world();
    let Some(account) = world.accounts.get(&email) else { return unknown_account(&email) };
    let calendars: Vec<&String> = account.list.keys().collect();
    let body = json!({
        "email": email, "sub": account.sub, "name": account.name, "hd": account.hd, "calendars": calendars,
    });
    (StatusCode::CREATED, axum::Json(body)).into_response()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarChange {
    /// Absent: nothing changes. Null: the access is taken away.
    #[serde(default, deserialize_with = "present")]
    access_role: Option<Option<Role>>,
}

fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<Role>>, D::Error> {
    Option::deserialize(value).map(Some)
}

pub(super) async fn change_calendar(
    State(state): State<AppState>,
    Path((email, id)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let change: CalendarChange = match read(&body) {
        Ok(change) => change,
        Err(complaint) => return refused(StatusCode::BAD_REQUEST, &complaint),
    };
    let email = email.to_lowercase();
    let id = if id == "primary" { email.clone() } else { id };
    let mut world = state.world();
    if !world.accounts.contains_key(&email) {
        return unknown_account(&email);
    }
    if !world.calendars.contains_key(&id) {
        return refused(StatusCode::NOT_FOUND, &format!("there is no calendar {id}"));
    }
    if let Some(role) = change.access_role {
        world.give_access(&email, &id, role);
    }
    let role = world.calendars.get(&id).and_then(|calendar| calendar.role_of(&email));
    ok(json!({"id": id, "access_role": role}))
}

pub(super) async fn token(State(state): State<AppState>, Path(email): Path<String>) -> Response {
    match mint_token(&state, &email) {
        Some(token) => ok(json!({"access_token": token})),
        None => unknown_account(&email),
    }
}

/// A token with every scope that doesn't expire; no grant of the account's is touched.
pub(crate) fn mint_token(state: &AppState, email: &str) -> Option<String> {
    let email = email.to_lowercase();
    let mut guard = state.world();
    let world = &mut *guard;
    world.accounts.get(&email)?;
    Some(world.grants.mint(&email, CONTROL_CLIENT, scopes::everything(), None, &mut world.random))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    #[serde(default)]
    cause: RevokeCause,
}

pub(super) async fn revoke(
    State(state): State<AppState>,
    Path(email): Path<String>,
    body: Bytes,
) -> Response {
    let revocation: Revocation = match read(&body) {
        Ok(revocation) => revocation,
        Err(complaint) => return refused(StatusCode::BAD_REQUEST, &complaint),
    };
    if !state.world().accounts.contains_key(&email.to_lowercase()) {
        return unknown_account(&email);
    }
    ok(json!({"revoked": end_grants(&state, &email, revocation.cause)}))
}

/// Ends the grants of an account to every client; whether there was one.
pub(crate) fn end_grants(state: &AppState, email: &str, cause: RevokeCause) -> bool {
    let email = email.to_lowercase();
    let now = state.now();
    let mut world = state.world();
    let clients = world.grants.clients_of(&email);
    for client in &clients {
        world.grants.end(&email, client, cause.name(), now);
    }
    !clients.is_empty()
}
