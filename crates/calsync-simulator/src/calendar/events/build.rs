//! From a caller's fields to the event that is stored: what Google fills in, keeps and counts.
//!
//! Every event is made here, whichever method wrote it, so etag, `updated` and `sequence` move by one rule:
//! any write gives a new etag; `updated` rests when only reminders changed; `sequence` rises when the times,
//! the recurrence or the cancellation change.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::validate;
use crate::api_error::ApiError;
use crate::quirks::Quirks;
use crate::world::calendar::{Calendar, Event};
use crate::world::event_time::{self, stamp};
use crate::world::recurrence::Recurrence;

/// Who an event is, which no write changes.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) id: String,
    pub(super) ical_uid: String,
    /// The series and the original start, for an exception.
    pub(super) exception_of: Option<(String, Value)>,
}

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) email: &'a str,
    pub(super) now: Timestamp,
    /// What Google makes of it.
    pub(super) quirks: Quirks,
}

/// Fields that are the caller's, of those a resource has.
pub(super) fn callers_fields(event: &Event) -> Map<String, Value> {
    let mut fields = event.resource.clone();
    for read_only in ["created", "creator", "etag", "hangoutLink", "htmlLink", "kind", "updated"] {
        fields.remove(read_only);
    }
    fields
}

/// Makes the event that is written next. `previous` is what it replaces.
pub(super) fn build(
    calendar: &Calendar,
    mut fields: Map<String, Value>,
    identity: Identity,
    previous: Option<&Event>,
    writer: Writer<'_>,
) -> Result<Event, ApiError> {
    validate::check(&fields)?;
    let recurs = fields.get("recurrence").and_then(Value::as_array).is_some_and(|lines| !lines.is_empty());
    let cancelled = fields.get("status").and_then(Value::as_str) == Some("cancelled");
    let span = if cancelled && fields.get("start").is_none() {
        None
    } else {
        Some(event_time::normalise(&mut fields, &calendar.zone, recurs)?)
    };
    writer.quirks.shape(&mut fields);
    let recurrence = match (&span, recurs) {
        (Some(span), true) => Some(Recurrence::read(&fields, span, &calendar.zone)?),
        _ => None,
    };
    let asked_sequence = fields.remove("sequence").and_then(|number| number.as_i64());
    drop_defaults(&mut fields);
    fill(&mut fields, calendar, &identity, previous, writer);
    let sequence = sequence(&fields, previous, asked_sequence)?;
    fields.insert("sequence".to_owned(), json!(sequence));

    let updated = match previous {
        Some(previous) if only_reminders_differ(&fields, &previous.resource) => previous.updated,
        _ => writer.now,
    };
    fields.insert("updated".to_owned(), json!(stamp(updated)));
    let position = calendar.events.next_position();
    fields.insert("etag".to_owned(), json!(calendar.event_etag(position)));
    Ok(Event {
        id: identity.id,
        position,
        resource: fields,
        cancelled,
        span,
        updated,
        recurrence,
        series: identity.exception_of.map(|(series, _)| series),
    })
}

/// Google leaves out what has its default value.
fn drop_defaults(fields: &mut Map<String, Value>) {
    let defaults = [
        ("anyoneCanAddSelf", json!(false)),
        ("attendeesOmitted", json!(false)),
        ("guestsCanInviteOthers", json!(true)),
        ("guestsCanModify", json!(false)),
        ("guestsCanSeeOtherGuests", json!(true)),
        ("transparency", json!("opaque")),
        ("visibility", json!("default")),
    ];
    for (name, default) in defaults {
        if fields.get(name) == Some(&default) {
            fields.remove(name);
        }
    }
    fields.retain(|_, value| match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    });
}

fn fill(
    fields: &mut Map<String, Value>,
    calendar: &Calendar,
    identity: &Identity,
    previous: Option<&Event>,
    writer: Writer<'_>,
) {
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("kind", json!("calendar#event"));
    set("id", json!(identity.id));
    set("iCalUID", json!(identity.ical_uid));
    if let Some((series, original_start)) = &identity.exception_of {
        set("recurringEventId", json!(series));
        set("originalStartTime", original_start.clone());
    }
    let kept = |name: &str| previous.and_then(|event| event.resource.get(name)).cloned();
    set("created", kept("created").unwrap_or_else(|| json!(stamp(writer.now))));
    set("htmlLink", kept("htmlLink").unwrap_or_else(|| json!(html_link(&identity.id, &calendar.id))));
    set(
        "creator",
        kept("creator").unwrap_or_else(|| person(writer.email, None, calendar.id == writer.email)),
    );
    let organizer = kept("organizer").or_else(|| fields.get("organizer").cloned());
    let primary = calendar.data_owner.as_ref() == Some(&calendar.id);
    let owner_name = (!primary).then_some(calendar.summary.as_str());
    fields
        .insert("organizer".to_owned(), organizer.unwrap_or_else(|| person(&calendar.id, owner_name, true)));
    fields.entry("status").or_insert_with(|| json!("confirmed"));
    let event_type = kept("eventType");
    fields.entry("eventType").or_insert_with(|| event_type.unwrap_or_else(|| json!("default")));
    let reminders = fields.entry("reminders").or_insert_with(|| json!({"useDefault": true}));
    if let Some(reminders) = reminders.as_object_mut() {
        reminders.entry("useDefault").or_insert_with(|| json!(false));
    }
    for attendee in fields.get_mut("attendees").and_then(Value::as_array_mut).into_iter().flatten() {
        complete_attendee(attendee, &calendar.id);
    }
    answer_conference(fields, &identity.id);
}

fn person(email: &str, name: Option<&str>, is_self: bool) -> Value {
    let mut person = json!({"email": email});
    if let Some(name) = name {
        person["displayName"] = json!(name);
    }
    if is_self {
        person["self"] = json!(true);
    }
    person
}

fn complete_attendee(attendee: &mut Value, calendar_id: &str) {
    let Some(fields) = attendee.as_object_mut() else { return };
    fields.entry("responseStatus").or_insert_with(|| json!("needsAction"));
    if fields.get("email").and_then(Value::as_str) == Some(calendar_id) {
        fields.insert("self".to_owned(), json!(true));
        fields.insert("organizer".to_owned(), json!(true));
    }
}

/// A `createRequest` becomes a conference at once; Google takes a moment for the same.
fn answer_conference(fields: &mut Map<String, Value>, id: &str) {
    if let Some(conference) = fields.get_mut("conferenceData").and_then(Value::as_object_mut)
        && let Some(request) = conference.get_mut("createRequest").and_then(Value::as_object_mut)
        && !request.contains_key("status")
    {
        request.insert("status".to_owned(), json!({"statusCode": "success"}));
        let short: String = id.chars().chain("abcdefghij".chars()).take(10).collect();
        let code = format!("{}-{}-{}", &short[..3], &short[3..7], &short[7..]);
        let link = format!("https://meet.google.com/{code}");
        conference.insert("conferenceId".to_owned(), json!(code));
        conference.insert("entryPoints".to_owned(), json!([{"entryPointType": "video", "uri": link}]));
        let solution = json!({"key": {"type": "hangoutsMeet"}, "name": "Google Meet"});
        conference.insert("conferenceSolution".to_owned(), solution);
    }
    let link =
        fields.get("conferenceData").and_then(|conference| conference["entryPoints"][0]["uri"].as_str());
    if let Some(link) = link.map(str::to_owned) {
        fields.insert("hangoutLink".to_owned(), json!(link));
    }
}

fn html_link(id: &str, calendar_id: &str) -> String {
    let eid = STANDARD_NO_PAD.encode(format!("{id} {calendar_id}"));
    format!("https://www.google.com/calendar/event?eid={eid}")
}

/// A sequence below the stored one is refused: the caller has an old copy.
fn sequence(
    fields: &Map<String, Value>,
    previous: Option<&Event>,
    asked: Option<i64>,
) -> Result<i64, ApiError> {
    let Some(previous) = previous else { return Ok(asked.unwrap_or(0).max(0)) };
    let current = previous.sequence();
    let asked = asked.unwrap_or(current);
    if asked < current {
        return Err(ApiError::invalid(
            "Invalid sequence value. The specified sequence number is below the current sequence number of the \
             resource. Re-fetch the resource and use its sequence number on the following request.",
        ));
    }
    let moved = ["start", "end", "recurrence", "status"]
        .iter()
        .any(|name| fields.get(*name) != previous.resource.get(*name));
    Ok(if moved { asked + i64::from(asked == current) } else { asked })
}

fn only_reminders_differ(new: &Map<String, Value>, old: &Map<String, Value>) -> bool {
    let ignored = ["etag", "updated", "reminders"];
    let rest = |fields: &Map<String, Value>| {
        fields
            .iter()
            .filter(|(name, _)| !ignored.contains(&name.as_str()))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect()
    };
    let (new_rest, old_rest): (Map<String, Value>, Map<String, Value>) = (rest(new), rest(old));
    new.get("reminders") != old.get("reminders") && new_rest == old_rest
}

/// The identity of a stored event.
pub(super) fn identity_of(event: &Event) -> Identity {
    let original_start = event.resource.get("originalStartTime").cloned().unwrap_or_default();
    Identity {
        id: event.id.clone(),
        ical_uid: event.text("iCalUID").unwrap_or_default().to_owned(),
        exception_of: event.series.clone().map(|series| (series, original_start)),
    }
}

/// Gives a cancelled event the times of what it was, where its caller left them out.
pub(super) fn carry_times(fields: &mut Map<String, Value>, previous: &Event) {
    for name in ["start", "end"] {
        if let Some(value) = previous.resource.get(name) {
            fields.entry(name).or_insert_with(|| value.clone());
        }
    }
}
