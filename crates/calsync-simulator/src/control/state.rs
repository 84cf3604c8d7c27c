//! Everything there is, as one JSON document.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::ok;
use crate::app_state::AppState;
use crate::world::Account;
use crate::world::calendar::{Access, Calendar};
use crate::world::grants::{EndedGrant, Grant, Grants};

pub(super) async fn show(State(state): State<AppState>) -> Response {
    ok(snapshot(&state))
}

pub(crate) fn snapshot(state: &AppState) -> Value {
    let now = state.now();
    let world = state.world();
    json!({
        "now": now,
        "accounts": world.accounts.values().map(account).collect::<Vec<_>>(),
        "grants": world.grants.live().map(|(key, grant)| live_grant(key, grant)).collect::<Vec<_>>(),
        "ended_grants": ended_grants(&world.grants),
        "calendars": world.calendars.values().map(calendar).collect::<Vec<_>>(),
        "events": world.calendars.values().flat_map(events).collect::<Vec<_>>(),
        "tasks": [],
        "channels": [],
        "faults": world.faults.rules(),
        "requests": world.quota.requests,
        "quota_units": world.quota.units,
    })
}

fn account(account: &Account) -> Value {
    json!({
        "email": account.email,
        "name": account.name,
        "sub": account.sub,
        "hd": account.hd,
        "time_zone": account.time_zone,
        "calendars": account.list.iter().filter(|(_, entry)| !entry.deleted).map(|(id, _)| id).collect::<Vec<_>>(),
    })
}

fn live_grant((email, client_id): &(String, String), grant: &Grant) -> Value {
    json!({
        "email": email,
        "client_id": client_id,
        "scopes": grant.scopes,
        "access_token": grant.access_token,
        "refresh_token": grant.refresh_tokens.back(),
        "refresh_tokens": grant.refresh_tokens.len(),
        "issued_at": grant.issued_at,
        "last_used_at": grant.last_used_at,
    })
}

fn ended_grants(grants: &Grants) -> Vec<Value> {
    let shown = |ended: &EndedGrant| {
        json!({
            "email": ended.email,
            "client_id": ended.client_id,
            "cause": ended.cause,
            "ended_at": ended.ended_at,
            "issued_at": ended.issued_at,
            "last_used_at": ended.last_used_at,
            "refresh_tokens": ended.refresh_tokens,
        })
    };
    grants.ended.iter().map(shown).collect()
}

fn calendar(calendar: &Calendar) -> Value {
    let access: Map<String, Value> = calendar
        .access
        .iter()
        .filter_map(|(email, Access { role, .. })| role.map(|role| (email.clone(), json!(role))))
        .collect();
    json!({
        "id": calendar.id,
        "summary": calendar.summary,
        "description": calendar.description,
        "time_zone": calendar.time_zone,
        "account": calendar.data_owner,
        "made_by_client": calendar.made_by_client,
        "access": access,
    })
}

/// Each event as Google's resource, with the calendar and its owner beside; deleted ones too.
fn events(calendar: &Calendar) -> Vec<Value> {
    let shown = |event: &std::sync::Arc<crate::world::calendar::Event>| {
        let mut fields = event.resource.clone();
        fields.insert("calendar_id".to_owned(), json!(calendar.id));
        fields.insert("account".to_owned(), json!(calendar.data_owner));
        Value::Object(fields)
    };
    calendar.events.after(0).map(shown).collect()
}
