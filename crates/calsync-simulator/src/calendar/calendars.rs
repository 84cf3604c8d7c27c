//! `calendars`: the metadata of a calendar, its making and its deletion.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::call::Body;
use super::{Context, Reply};
use crate::api_error::ApiError;
use crate::world::calendar::{Calendar, Role};

pub(super) fn get(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let (calendar, _) = context.calendar()?;
    Ok(Reply::json(resource(calendar)))
}

pub(super) fn insert(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let body = context.call.body()?;
    let changes = Changes::read(body)?;
    let Some(Some(summary)) = changes.summary.clone() else {
        return Err(ApiError::required("Missing title."));
    };
    let (email, client) = (context.caller.email.clone(), context.caller.client_id.clone());
    let id = context.world.add_calendar(&email, None, &summary, Role::Owner, Some(&client), context.now);
    write(context, &id, changes)
}

pub(super) fn patch(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let id = context.owned_calendar_id()?;
    let changes = Changes::read(context.call.body()?)?;
    check_version(context)?;
    let reply = write(context, &id, changes)?;
    context.world.touch_lists_of(&id);
    Ok(reply)
}

pub(super) fn update(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let id = context.owned_calendar_id()?;
    let changes = Changes::read(context.call.body()?)?;
    check_version(context)?;
    let Some(Some(_)) = changes.summary else { return Err(ApiError::required("Missing title.")) };
    // What an update doesn't name, it clears; a calendar can't be without its zone.
    let absent_cleared = Changes {
        description: Some(changes.description.flatten()),
        location: Some(changes.location.flatten()),
        ..changes
    };
    let reply = write(context, &id, absent_cleared)?;
    context.world.touch_lists_of(&id);
    Ok(reply)
}

pub(super) fn delete(context: &mut Context<'_>) -> Result<Reply, ApiError> {
    let id = context.owned_calendar_id()?;
    check_version(context)?;
    // A primary calendar can only be cleared.
    if context.world.accounts.contains_key(&id) {
        return Err(ApiError::forbidden());
    }
    context.world.delete_calendar(&id);
    Ok(Reply::nothing())
}

fn check_version(context: &Context<'_>) -> Result<(), ApiError> {
    let (calendar, _) = context.calendar()?;
    context.check_if_match(&calendar.etag())
}

fn write(context: &mut Context<'_>, id: &str, changes: Changes) -> Result<Reply, ApiError> {
    let now = context.now;
    let calendar = context.world.calendar_to_change(id).ok_or_else(ApiError::not_found)?;
    if let Some(Some(summary)) = changes.summary {
        calendar.summary = summary;
    }
    if let Some(description) = changes.description {
        calendar.description = description;
    }
    if let Some(location) = changes.location {
        calendar.location = location;
    }
    if let Some(Some((name, zone))) = changes.time_zone {
        calendar.time_zone = name;
        calendar.zone = zone;
    }
    calendar.revision += 1;
    calendar.updated = now;
    Ok(Reply::json(resource(calendar)))
}

/// The fields of a body: absent, cleared (`Some(None)`) or set.
#[derive(Debug)]
struct Changes {
    summary: Option<Option<String>>,
    description: Option<Option<String>>,
    location: Option<Option<String>>,
    time_zone: Option<Option<(String, TimeZone)>>,
}

impl Changes {
    fn read(body: &Body) -> Result<Self, ApiError> {
        let time_zone = match text(body, "timeZone")? {
            Some(Some(name)) => match TimeZone::get(&name) {
                Ok(zone) => Some(Some((name, zone))),
                Err(_) => return Err(ApiError::invalid("Invalid time zone.")),
            },
            _ => None,
        };
        Ok(Self {
            summary: text(body, "summary")?,
            description: text(body, "description")?,
            location: text(body, "location")?,
            time_zone,
        })
    }
}

fn text(body: &Body, name: &str) -> Result<Option<Option<String>>, ApiError> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(Value::String(text)) if text.is_empty() => Ok(Some(None)),
        Some(Value::String(text)) => Ok(Some(Some(text.clone()))),
        Some(other) => {
            Err(ApiError::invalid(format!("Invalid value at 'calendar.{name}' (TYPE_STRING), {other}")))
        }
    }
}

fn resource(calendar: &Calendar) -> Value {
    let mut resource = json!({
        "kind": "calendar#calendar",
        "etag": calendar.etag(),
        "id": calendar.id,
        "summary": calendar.summary,
        "timeZone": calendar.time_zone,
        "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
    });
    if let Some(description) = &calendar.description {
        resource["description"] = json!(description);
    }
    if let Some(location) = &calendar.location {
        resource["location"] = json!(location);
    }
    if let Some(owner) = calendar.data_owner.as_ref().filter(|owner| **owner != calendar.id) {
        resource["dataOwner"] = json!(owner);
    }
    resource
}
