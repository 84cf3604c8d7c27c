//! The types of an event's fields, and what of a body is taken over.
//!
//! Unknown and read-only fields are dropped, as Google drops them; a wrong type is a 400 that names
//! the field. Source: the schema `Event` of the discovery document.

use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::calendar::Call;
use crate::query::Query;

/// The type of a field.
enum Shape {
    Text,
    Flag,
    Whole,
    /// A map of texts by free keys.
    Texts,
    List(&'static Shape),
    Fields(&'static [(&'static str, Shape)]),
    /// An object that is kept as it came.
    Any,
}

use Shape::{Any, Fields, Flag, List, Text, Texts, Whole};

const DATE_TIME: Shape = Fields(&[("date", Text), ("dateTime", Text), ("timeZone", Text)]);

const ATTENDEE: Shape = Fields(&[
    ("additionalGuests", Whole),
    ("comment", Text),
    ("displayName", Text),
    ("email", Text),
    ("id", Text),
    ("optional", Flag),
    ("resource", Flag),
    ("responseStatus", Text),
]);

const ATTACHMENT: Shape =
    Fields(&[("fileId", Text), ("fileUrl", Text), ("iconLink", Text), ("mimeType", Text), ("title", Text)]);

const CONFERENCE: Shape = Fields(&[
    ("conferenceId", Text),
    ("conferenceSolution", Any),
    ("createRequest", Fields(&[("conferenceSolutionKey", Fields(&[("type", Text)])), ("requestId", Text)])),
    ("entryPoints", List(&Any)),
    ("notes", Text),
    ("parameters", Any),
    ("signature", Text),
]);

const PERSON: Shape = Fields(&[("displayName", Text), ("email", Text), ("id", Text)]);

/// Fields that a caller may set, in any method that writes.
const EVENT: &[(&str, Shape)] = &[
    ("anyoneCanAddSelf", Flag),
    ("attachments", List(&ATTACHMENT)),
    ("attendees", List(&ATTENDEE)),
    ("attendeesOmitted", Flag),
    ("birthdayProperties", Any),
    ("colorId", Text),
    ("conferenceData", CONFERENCE),
    ("description", Text),
    ("end", DATE_TIME),
    ("eventLabelId", Text),
    ("eventType", Text),
    ("extendedProperties", Fields(&[("private", Texts), ("shared", Texts)])),
    ("focusTimeProperties", Any),
    ("gadget", Any),
    ("guestsCanInviteOthers", Flag),
    ("guestsCanModify", Flag),
    ("guestsCanSeeOtherGuests", Flag),
    ("iCalUID", Text),
    ("id", Text),
    ("location", Text),
    ("organizer", PERSON),
    ("originalStartTime", DATE_TIME),
    ("outOfOfficeProperties", Any),
    ("recurrence", List(&Text)),
    ("recurringEventId", Text),
    (
        "reminders",
        Fields(&[
            ("overrides", List(&Fields(&[("method", Text), ("minutes", Whole)]))),
            ("useDefault", Flag),
        ]),
    ),
    ("sequence", Whole),
    ("source", Fields(&[("title", Text), ("url", Text)])),
    ("start", DATE_TIME),
    ("status", Text),
    ("summary", Text),
    ("transparency", Text),
    ("visibility", Text),
    ("workingLocationProperties", Any),
];

/// The body of a call that replaces: nulls are as good as absent.
pub(super) fn whole(call: &Call) -> Result<Map<String, Value>, ApiError> {
    let mut fields = taken_over(call)?;
    drop_nulls(&mut fields);
    Ok(fields)
}

/// The body of a call that patches: nulls stay and clear.
pub(super) fn changes(call: &Call) -> Result<Map<String, Value>, ApiError> {
    taken_over(call)
}

fn taken_over(call: &Call) -> Result<Map<String, Value>, ApiError> {
    let mut fields = typed_fields(call.body()?, EVENT, "event")?;
    let query = &call.query;
    // Fields that only callers who know of them may write.
    keep_only_when(&mut fields, "conferenceData", version(query, "conferenceDataVersion")? == 1);
    keep_only_when(&mut fields, "eventLabelId", version(query, "eventLabelVersion")? == 1);
    keep_only_when(&mut fields, "attachments", query.flag("supportsAttachments")?.unwrap_or(false));
    query.word("sendUpdates", &["all", "externalOnly", "none"])?;
    query.flag("sendNotifications")?;
    Ok(fields)
}

fn version(query: &Query, name: &'static str) -> Result<usize, ApiError> {
    Ok(query.number(name, 0, 1)?.unwrap_or(0))
}

fn keep_only_when(fields: &mut Map<String, Value>, name: &str, kept: bool) {
    if !kept {
        fields.remove(name);
    }
}

fn typed_fields(
    fields: &Map<String, Value>,
    shapes: &[(&str, Shape)],
    path: &str,
) -> Result<Map<String, Value>, ApiError> {
    let mut kept = Map::new();
    for (name, value) in fields {
        if let Ok(at) = shapes.binary_search_by(|(known, _)| (*known).cmp(name.as_str())) {
            kept.insert(name.clone(), typed(value, &shapes[at].1, path, name)?);
        }
    }
    Ok(kept)
}

fn typed(value: &Value, shape: &Shape, path: &str, name: &str) -> Result<Value, ApiError> {
    let wrong = |kind: &str| ApiError::invalid(format!("Invalid value at '{path}.{name}' ({kind}), {value}"));
    match (shape, value) {
        (_, Value::Null) | (Text, Value::String(_)) | (Flag, Value::Bool(_)) | (Any, Value::Object(_)) => {
            Ok(value.clone())
        }
        (Whole, Value::Number(number)) if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) => {
            Ok(value.clone())
        }
        (Texts, Value::Object(texts)) if texts.values().all(|text| text.is_string() || text.is_null()) => {
            Ok(value.clone())
        }
        (List(item_shape), Value::Array(items)) => {
            let items: Result<Vec<Value>, ApiError> =
                items.iter().map(|item| typed(item, item_shape, path, name)).collect();
            Ok(Value::Array(items?))
        }
        (Fields(shapes), Value::Object(fields)) => {
            Ok(Value::Object(typed_fields(fields, shapes, &format!("{path}.{name}"))?))
        }
        (Text, _) => Err(wrong("TYPE_STRING")),
        (Flag, _) => Err(wrong("TYPE_BOOL")),
        (Whole, _) => Err(wrong("TYPE_INT32")),
        (List(_), _) => Err(wrong("LIST")),
        (Texts | Fields(_) | Any, _) => Err(wrong("TYPE_MESSAGE")),
    }
}

/// Removes nulls, at any depth of objects.
pub(super) fn drop_nulls(fields: &mut Map<String, Value>) {
    fields.retain(|_, value| !value.is_null());
    for value in fields.values_mut() {
        if let Value::Object(below) = value {
            drop_nulls(below);
        }
    }
}

/// Merges a patch: objects by key, everything else as a whole, null removes (RFC 7396).
pub(super) fn merge(fields: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, change) in patch {
        match (fields.get_mut(&name), change) {
            (_, Value::Null) => {
                fields.remove(&name);
            }
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, Value::Object(mut new)) => {
                drop_nulls(&mut new);
                fields.insert(name, Value::Object(new));
            }
            (_, new) => {
                fields.insert(name, new);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_tables_are_sorted_for_their_search() {
        fn check(shape: &Shape) {
            match shape {
                Fields(fields) => {
                    assert!(fields.is_sorted_by_key(|(name, _)| *name));
                    fields.iter().for_each(|(_, below)| check(below));
                }
                List(item) => check(item),
                _ => {}
            }
        }
        assert!(EVENT.is_sorted_by_key(|(name, _)| *name));
        EVENT.iter().for_each(|(_, shape)| check(shape));
    }

    #[test]
    fn wrong_types_are_named_and_unknown_fields_dropped() {
        let body = json!({"summary": 5}).as_object().cloned().unwrap();
        let error = typed_fields(&body, EVENT, "event").unwrap_err().body();
        assert_eq!(error["error"]["message"], "Invalid value at 'event.summary' (TYPE_STRING), 5");
        let body = json!({"start": {"date": "2031-03-01", "x": 1}, "y": 2, "etag": "e"})
            .as_object()
            .cloned()
            .unwrap();
        let kept = typed_fields(&body, EVENT, "event").unwrap();
        assert_eq!(Value::Object(kept), json!({"start": {"date": "2031-03-01"}}));
    }
}
