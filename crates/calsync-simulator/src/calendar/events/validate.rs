//! What the values of an event's fields must be, beyond their types.
//!
//! Source: the descriptions in the discovery document, and Google's guides on reminders,
//! extended properties and conferences.

use http::Uri;
use serde_json::{Map, Value};

use crate::api_error::ApiError;

/// Reminders beside or instead of the calendar's own.
const REMINDERS_MAX: usize = 5;
/// Four weeks.
const REMINDER_MINUTES_MAX: i64 = 40_320;
const PROPERTY_KEY_CHARACTERS_MAX: usize = 44;
const PROPERTY_VALUE_CHARACTERS_MAX: usize = 1_024;
const ATTACHMENTS_MAX: usize = 25;
const ID_CHARACTERS_MIN: usize = 5;
const ID_CHARACTERS_MAX: usize = 1_024;

pub(super) fn check(fields: &Map<String, Value>) -> Result<(), ApiError> {
    one_of(fields, "status", &["confirmed", "tentative", "cancelled"])?;
    one_of(fields, "transparency", &["opaque", "transparent"])?;
    one_of(fields, "visibility", &["default", "public", "private", "confidential"])?;
    one_of(
        fields,
        "eventType",
        &["birthday", "default", "focusTime", "fromGmail", "outOfOffice", "workingLocation"],
    )?;
    check_color(fields)?;
    check_source(fields)?;
    check_reminders(fields)?;
    check_properties(fields)?;
    check_attendees(fields)?;
    check_attachments(fields)
}

/// Ids that a caller chooses: base32hex, 5 to 1,024 characters.
pub(super) fn check_id(id: &str) -> Result<(), ApiError> {
    let good = (ID_CHARACTERS_MIN..=ID_CHARACTERS_MAX).contains(&id.len())
        && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'v'));
    if good { Ok(()) } else { Err(ApiError::invalid("Invalid resource id value.")) }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

fn list<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    fields.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn one_of(fields: &Map<String, Value>, name: &str, allowed: &[&str]) -> Result<(), ApiError> {
    match text(fields, name) {
        Some(word) if !allowed.contains(&word) => {
            Err(ApiError::invalid(format!("Invalid value for: {word} is not a valid value")))
        }
        _ => Ok(()),
    }
}

fn check_color(fields: &Map<String, Value>) -> Result<(), ApiError> {
    match text(fields, "colorId") {
        None | Some("") => Ok(()),
        Some(id)
            if id
                .parse::<u8>()
                .is_ok_and(|number| (1..=11).contains(&number) && number.to_string() == id) =>
        {
            Ok(())
        }
        Some(_) => Err(ApiError::invalid("Invalid color id.")),
    }
}

fn check_source(fields: &Map<String, Value>) -> Result<(), ApiError> {
    let Some(source) = fields.get("source").and_then(Value::as_object) else { return Ok(()) };
    let url = text(source, "url").and_then(|url| url.parse::<Uri>().ok());
    match url.as_ref().and_then(Uri::scheme_str) {
        Some("http" | "https") => Ok(()),
        _ => Err(ApiError::invalid("Invalid source URL.")),
    }
}

fn check_reminders(fields: &Map<String, Value>) -> Result<(), ApiError> {
    let Some(reminders) = fields.get("reminders").and_then(Value::as_object) else { return Ok(()) };
    let overrides = list(reminders, "overrides");
    if reminders.get("useDefault") == Some(&Value::Bool(true)) && !overrides.is_empty() {
        return Err(ApiError::calendar_rule(
            "cannotUseDefaultRemindersAndSpecifyOverride",
            "Cannot specify both default reminders and overrides at the same time.",
        ));
    }
    if overrides.len() > REMINDERS_MAX {
        return Err(ApiError::invalid("Too many reminders."));
    }
    for reminder in overrides {
        let method = reminder.get("method").and_then(Value::as_str);
        let minutes = reminder.get("minutes").and_then(Value::as_i64);
        match (method, minutes) {
            (None, _) | (_, None) => return Err(ApiError::required("Missing reminder method or minutes.")),
            (Some("email" | "popup"), Some(0..=REMINDER_MINUTES_MAX)) => {}
            (Some("email" | "popup"), _) => return Err(ApiError::invalid("Invalid reminder minutes.")),
            _ => return Err(ApiError::invalid("Invalid reminder method.")),
        }
    }
    Ok(())
}

fn check_properties(fields: &Map<String, Value>) -> Result<(), ApiError> {
    let Some(properties) = fields.get("extendedProperties").and_then(Value::as_object) else { return Ok(()) };
    for (key, value) in properties.values().filter_map(Value::as_object).flatten() {
        let value = value.as_str().unwrap_or_default();
        if key.chars().count() > PROPERTY_KEY_CHARACTERS_MAX
            || value.chars().count() > PROPERTY_VALUE_CHARACTERS_MAX
        {
            return Err(ApiError::invalid(format!("Invalid extended property: {key} is too long.")));
        }
    }
    Ok(())
}

fn check_attendees(fields: &Map<String, Value>) -> Result<(), ApiError> {
    for attendee in list(fields, "attendees") {
        let email = attendee.get("email").and_then(Value::as_str).unwrap_or_default();
        if email.is_empty() {
            return Err(ApiError::required("Missing attendee email."));
        }
        if !email.contains('@') || email.contains(char::is_whitespace) {
            return Err(ApiError::invalid("Invalid attendee email."));
        }
        let response = attendee.get("responseStatus").and_then(Value::as_str).unwrap_or("needsAction");
        if !["needsAction", "declined", "tentative", "accepted"].contains(&response) {
            return Err(ApiError::invalid("Invalid response status."));
        }
    }
    Ok(())
}

fn check_attachments(fields: &Map<String, Value>) -> Result<(), ApiError> {
    let attachments = list(fields, "attachments");
    if attachments.len() > ATTACHMENTS_MAX {
        return Err(ApiError::invalid("Too many attachments."));
    }
    let without_url =
        |attachment: &Value| attachment.get("fileUrl").and_then(Value::as_str).is_none_or(str::is_empty);
    if attachments.iter().any(without_url) {
        return Err(ApiError::required("Missing attachment file URL."));
    }
    Ok(())
}
