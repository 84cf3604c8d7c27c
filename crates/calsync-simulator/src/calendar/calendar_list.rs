//! `calendarList`: the calendars that an account sees.
//!
//! Entries are listed in the order of their last change, so paging and sync tokens resume by position.

use serde_json::{Map, Value, json};

use super::colors;
use super::tokens::{Cursor, PageToken, SyncToken, parameters_hash};
use super::{Context, Payload, Reply};
use crate::api_error::ApiError;
use crate::world::calendar::{Calendar, Role};
use crate::world::{Account, ListEntry};

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 250;

pub(super) fn get(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let (calendar, role) = context.calendar()?;
    let account = account(context)?;
    let entry = account.list.get(&calendar.id).ok_or_else(ApiError::not_found)?;
    Ok(Reply::json(Value::Object(resource(account, entry, calendar, role))))
}

pub(super) fn list(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let query = &context.call.query;
    let parameters =
        parameters_hash(query, &["pageToken", "syncToken", "maxResults", "fields", "prettyPrint", "alt"]);
    let least_role = query.word(
        "minAccessRole",
        &["freeBusyReader", "owner", "reader", "writer", "writerWithoutPrivateAccess"],
    )?;
    let sync = query.get("syncToken").map(SyncToken::decode).transpose()?;
    if let Some(token) = &sync {
        if least_role.is_some() {
            return Err(ApiError::invalid_parameter(
                "syncToken",
                "Sync token cannot be used with minAccessRole.",
            ));
        }
        token.check(0, parameters, context.now)?;
    }
    let show_deleted = query.flag("showDeleted")?.unwrap_or(false) || sync.is_some();
    let page_size = query.number("maxResults", 1, PAGE_MAX)?.unwrap_or(PAGE_DEFAULT);
    let account = account(context)?;
    let newest = account.list.values().map(|entry| entry.position).max().unwrap_or(0);
    let resumed = PageToken::of(query, parameters)?;
    let sync_from = resumed.as_ref().map_or(newest, |page| page.sync_from);
    let after = match resumed {
        Some(PageToken { cursor: Cursor::Position(position, _), .. }) => position,
        _ => sync.map_or(0, |token| token.position),
    };

    let mut changed: Vec<(&String, &ListEntry)> = account
        .list
        .iter()
        .filter(|(_, entry)| entry.position > after && (show_deleted || !entry.deleted))
        .collect();
    changed.sort_by_key(|(_, entry)| entry.position);
    let more = changed.len() > page_size;
    changed.truncate(page_size);

    let items: Vec<Value> =
        changed.iter().filter_map(|(id, entry)| shown(context, account, id, entry, least_role)).collect();
    let last = changed.last().map_or(after, |(_, entry)| entry.position);
    let mut page = json!({"kind": "calendar#calendarList", "etag": format!("\"p{last}\""), "items": items});
    if more {
        page["nextPageToken"] =
            json!(PageToken { cursor: Cursor::Position(last, 0), sync_from, parameters }.encode());
    } else {
        let issued_second = context.now.as_second();
        page["nextSyncToken"] =
            json!(SyncToken { position: sync_from, epoch: 0, issued_second, parameters }.encode());
    }
    Ok(Reply { etag: page["etag"].as_str().map(str::to_owned), payload: Payload::Json(page) })
}

/// The entry as the list shows it; `None` where the filter hides it.
fn shown(
    context: &Context<'_>,
    account: &Account,
    id: &str,
    entry: &ListEntry,
    least: Option<&str>,
) -> Option<Value> {
    if entry.deleted {
        return Some(json!({
            "kind": "calendar#calendarListEntry", "etag": format!("\"{}\"", entry.position), "id": id, "deleted": true,
        }));
    }
    let calendar = context.world.calendars.get(id)?;
    let role = calendar.role_of(&account.email)?;
    let least: Option<Role> = least.and_then(|name| serde_json::from_value(json!(name)).ok());
    (least.is_none_or(|least| role >= least)).then(|| Value::Object(resource(account, entry, calendar, role)))
}

fn account<'a>(context: &'a Context<'_>) -> Result<&'a Account, ApiError> {
    context.world.accounts.get(&context.caller.email).ok_or_else(ApiError::unauthenticated)
}

fn resource(account: &Account, entry: &ListEntry, calendar: &Calendar, role: Role) -> Map<String, Value> {
    let primary = calendar.is_primary_of(&account.email);
    let (background, foreground) = colors::of_calendar(entry.color_id);
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("kind", json!("calendar#calendarListEntry"));
    set("etag", json!(format!("\"{}\"", 1_600_000_000_000_000 + entry.position)));
    set("id", json!(calendar.id));
    set("summary", json!(calendar.summary));
    set("timeZone", json!(calendar.time_zone));
    set("colorId", json!(entry.color_id));
    set("backgroundColor", json!(background));
    set("foregroundColor", json!(foreground));
    set("selected", json!(true));
    set("accessRole", json!(role.name()));
    set("defaultReminders", if primary { json!([{"method": "popup", "minutes": 10}]) } else { json!([]) });
    set("conferenceProperties", json!({"allowedConferenceSolutionTypes": ["hangoutsMeet"]}));
    if let Some(description) = &calendar.description {
        set("description", json!(description));
    }
    if let Some(location) = &calendar.location {
        set("location", json!(location));
    }
    if primary {
        set("primary", json!(true));
    } else if let Some(owner) = &calendar.data_owner {
        set("dataOwner", json!(owner));
    }
    fields
}
